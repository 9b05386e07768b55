"""What a host's problems mean to people, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterable

from tuner.apply.answer import Answer, Problem
from tuner.apply.job import Job
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key, key_from_path

_MOST = 8  # problems told in one message


def explain(job: Job, problems: Iterable[Problem]) -> tuple[str, str]:
    """Return one sentence on all problems, and what to do about the first that has a remedy."""
    told = [tell(job, problem) for problem in problems]
    sentences = list(dict.fromkeys(sentence for sentence, _ in told))
    more = len(sentences) - _MOST
    shown = "; ".join(sentences[:_MOST]) + (f"; and {more} more" if more > 0 else "")
    return shown, next((hint for _, hint in told if hint), "")


def tell(job: Job, problem: Problem) -> tuple[str, str]:
    """Return what one problem is, and what to do about it."""
    first = problem.about[0] if problem.about else ""
    rest = " ".join(problem.about[1:])
    match problem.code:
        case "root":
            return (
                f"changing settings needs root, and the login is {first or 'another user'}",
                "log in as root, or let tuner use sudo: --become, or ansible_become: true",
            )
        case "tool":
            return f"the host has no {first}", f"install {first} there"
        case "timer":
            return (
                f"the host's own timer cannot be started: {' '.join(problem.about)}",
                "tuner changes nothing that it cannot have put back",
            )
        case "ip":
            return (
                "without ip(8) the addresses that net.ipv6.conf may take away cannot be put back",
                "install iproute2 there",
            )
        case "folder":
            return f"{first} cannot be written to: {rest}", _immutable(first, rest)
        case "link":
            return (
                f"{first} is a symbolic link, and tuner replaces regular files only",
                "change what it points to, or remove it",
            )
        case "kind":
            return f"{first} is no regular file", "move it away"
        case "file":
            return f"{first} cannot be replaced: {rest}", _immutable(first, rest)
        case "mounted":
            return f"{first} is a mount of its own and cannot be replaced", "unmount it"
        case "source":
            return f"{first}, which was kept, is not what it was", "put it back by hand"
        case "guard":
            return (
                f"{first} files with settings cannot change as one without systemd",
                "apply in two runs: without --edit-others first",
            )
        case "locked":
            who = " ".join(problem.about[2:])
            return (
                f"another tuner is at work there: {who}, since {first} s (change {_second(rest)})",
                "wait for it; tuner status tells how far it is",
            )
        case "keep":
            return f"what is there cannot be kept: {' '.join(problem.about)}", _space(rest or first)
        case "stage":
            return f"{first} cannot be laid out: {rest or 'it differs'}", _space(rest)
        case "place":
            return f"{first} cannot be put into place: {rest}", _immutable(first, rest)
        case "full":
            return f"{first} takes no file", "free some space there"
        case "late":
            return "the host's own timer had already taken over", "try a longer --revert-in"
        case _:
            return _of_keys(job, problem)


def _of_keys(job: Job, problem: Problem) -> tuple[str, str]:
    about = problem.about
    first = about[0] if about else ""
    rest = " ".join(about[1:])
    match problem.code:
        case "absent":
            key = key_from_path(first)
            return f"{key} does not exist there", _why_absent(key)
        case "locked-key":
            key = key_from_path(first)
            return f"{key} cannot be written: {rest}", _why_locked(key)
        case "refused":
            key = key_from_path(first)
            value = next((write.after for write in job.writes if write.path == first), "")
            return f"{key}: the kernel refused {value!r} ({rest})", f"tuner explain {key}"
        case "differs":
            key = key_from_path(first)
            value = next((write.expect for write in job.writes if write.path == first), "")
            return f"{key}: {value!r} was written, and the kernel shows {rest!r}", ""
        case "moved" if first == "value" and rest:
            path, _, now = rest.partition(" ")
            return f"{key_from_path(path)} is now {now!r}, not what the plan saw", _AGAIN
        case "moved":
            what = {"kernel": "the kernel is now", "new": "new since the plan:"}
            return f"{what.get(first, 'changed since the plan:')} {rest}", _AGAIN
        case _:
            return f"{problem.code} {' '.join(about)}".strip(), ""


_AGAIN = "make the plan again"


def stuck(answer: Answer) -> str:
    """Return what could not be put back."""
    return "; ".join(answer.stuck[:_MOST])


def _second(text: str) -> str:
    return text.partition(" ")[0]


def _space(why: str) -> str:
    if "No space" in why or "quota" in why:
        return "free some space there"
    if "Read-only" in why:
        return "the file system is mounted read-only; tuner render prints the file for other ways"
    return ""


def _immutable(path: str, why: str) -> str:
    if "not permitted" in why:
        return f"is it immutable? lsattr -d {path}"
    return _space(why)


def _why_absent(key: Key) -> str:
    parameter = describe(key)
    if parameter is None:
        return ""
    if parameter.module:
        return f"its module {parameter.module} is not loaded"
    if parameter.netns is not None and parameter.netns.child == "absent":
        return "only the first network namespace has it: change it on the machine, not in here"
    return ""


def _why_locked(key: Key) -> str:
    parameter = describe(key)
    if parameter is not None and parameter.netns is not None:
        if parameter.netns.child == "read-only":
            return "only the first network namespace may write it: change it on the machine"
        if parameter.netns.child == "shared":
            return "it is the whole machine's: change it there, not in a container"
    return "is /proc/sys mounted read-only there, as in a container?"
