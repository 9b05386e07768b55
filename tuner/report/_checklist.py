"""The words of a checklist, for every form that it is told in. Nothing here is escaped yet."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuner.checklist.answer import Answer, By, Standing
from tuner.checklist.checklist import Checklist, Group, HostAnswers, Section
from tuner.checklist.item import Form, Item
from tuner.checklist.ticket import PlannedHost, risks
from tuner.report._report import fold

MARKS = {
    Standing.ANSWERED: "[x]",
    Standing.AGAINST: "[!]",
    Standing.OPEN: "[ ]",
    Standing.EXPIRED: "[ ]",
    Standing.CONTRADICTED: "[ ]",
    Standing.UNSEEN: "[?]",
    Standing.WAITING: "[.]",
    Standing.MOOT: "[-]",
}
LEGEND = (
    "[x] answered  [!] answered, and against  [ ] open  [?] could not be seen  "
    "[.] turns on another question  [-] not asked"
)
SIGNATURES = ("Requested by", "Reviewed by", "Approved by", "Carried out by", "Verified by")
_BY = {By.HOST: "the host", By.INVENTORY: "the inventory"}
_NAMES = 6


def title(checklist: Checklist) -> str:
    """Return the document's name."""
    return "Change ticket" if checklist.ticket else "Pre-deployment checklist"


def origin(checklist: Checklist) -> str:
    """Return what the document is about, when it was made, and by what."""
    roles = len(checklist.sections)
    parts = [
        checklist.inventory,
        plural(len(checklist.hosts), "host"),
        f"{roles} sets of roles" if roles > 1 else "",
        f"made {checklist.made} by tuner {checklist.version}",
    ]
    return " · ".join(part for part in parts if part)


def outcome(checklist: Checklist) -> str:
    """Return in one sentence whether the deployment may go on."""
    if checklist.interrupted:
        return "INTERRUPTED: not every host was asked."
    counts = checklist.counts
    left = [
        (counts[Standing.AGAINST], "answer is against", "answers are against"),
        (sum(counts[it] for it in Standing if it.open), "question is open", "questions are open"),
    ]
    parts = [f"{number} {one if number == 1 else more}" for number, one, more in left if number]
    unseen = sum(bool(host.failure) for host in checklist.hosts)
    if unseen:
        parts.append(f"{plural(unseen, 'host')} could not be asked")
    if checklist.unchecked:
        number = len(checklist.unchecked)
        parts.append(f"{plural(number, 'host')} of the plan left out")
    waiting = counts[Standing.WAITING]
    if waiting:
        parts.append(f"{waiting} more {'turns' if waiting == 1 else 'turn'} on these")
    if checklist.ticket and checklist.ticket.unplanned:
        parts.append(f"{plural(len(checklist.ticket.unplanned), 'host')} without a plan")
    if counts[Standing.UNSEEN]:
        parts.append(f"{plural(counts[Standing.UNSEEN], 'answer')} could not be seen")
    if parts:
        return f"NOT READY: {', '.join(parts)}."
    return "READY: every question is answered, and no answer is against."


def totals(checklist: Checklist) -> str:
    """Return how many questions stand where."""
    counts = checklist.counts
    number = sum(counts.values())
    shown = ", ".join(f"{counts[it]} {it}" for it in Standing if counts[it])
    return f"{plural(number, 'question')}: {shown or 'none'}"


def said(answer: Answer) -> str:
    """Return the answer and who gave it, or why there is none."""
    match answer.standing:
        case Standing.OPEN:
            return f"open: {answer.because}"
        case Standing.MOOT:
            return f"not asked: {answer.because}"
        case Standing.WAITING:
            return f"waits: {answer.because}"
    if answer.by is None:
        return answer.because
    text = f"{answer.answer}, says {_BY.get(answer.by, answer.who)}"
    if answer.by is By.PERSON:
        text += f" ({answer.when}, until {answer.until})"
    match answer.standing:
        case Standing.EXPIRED:
            return f"expired: {text.replace(', says ', ', said ', 1)}"
        case Standing.CONTRADICTED:
            return f"contradicted: {text.replace(', says ', ', said ', 1)}; but {answer.because}"
        case Standing.AGAINST if answer.because:
            return f"{text}; but {answer.because}"
    return text


def choices(item: Item) -> str:
    """Return what may be answered, in words."""
    words = list(item.answers)
    match item.form:
        case Form.SECONDS:
            words.insert(0, "a number of seconds")
        case Form.PORTS:
            words.insert(0, "TCP ports")
        case Form.TEXT:
            words.insert(0, "a few words, such as a name")
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def command(item: Item, group: Group, section: Section, checklist: Checklist) -> str:
    """Return the command with which a person answers."""
    everyone = len(group.hosts) == len(section.hosts)
    scope = (
        f"role={section.roles[0]}"
        if everyone and section.roles and len(section.roles) == 1
        else ",".join(fold(group.hosts))
    )
    words = [
        *("tuner", "checklist", checklist.inventory or "INVENTORY", "--attest", item.id),
        *("--scope", scope),
    ]
    return f"{shlex.join(words)} --answer ANSWER --who NAME --until YYYY-MM-DD"


def machines(section: Section) -> list[tuple[str, str]]:
    """Return kernel and system of a section's hosts, with who has them."""
    alike: dict[str, list[str]] = {}
    for host in section.hosts:
        alike.setdefault(machine(host), []).append(host.name)
    return [(everyone(hosts), what) for what, hosts in alike.items()]


def machine(host: HostAnswers) -> str:
    """Return what a host runs, or why that is not known."""
    if host.failure:
        return f"could not be asked: {host.failure}"
    return " · ".join(
        part for part in (f"Linux {host.kernel}" if host.kernel else "", host.os) if part
    )


def names(hosts: Sequence[str], *, most: int = _NAMES) -> str:
    """Return the hosts in few words."""
    folded = fold(hosts)
    shown = ", ".join(folded[:most]) + (", …" if len(folded) > most else "")
    return f"{shown} ({len(hosts)} hosts)" if len(hosts) > 1 else shown


def everyone(hosts: Sequence[str]) -> str:
    """Return all the hosts, in ranges where that is possible."""
    return ", ".join(fold(hosts))


@dataclass(frozen=True, slots=True)
class Part:
    """Hosts that the plan changes alike."""

    hosts: tuple[str, ...]
    machine: str
    plan: PlannedHost
    risks: tuple[str, ...]


def parts(checklist: Checklist) -> list[Part]:
    """Return what the plan does, hosts that it changes alike together; those it leaves last."""
    if checklist.ticket is None:
        return []
    known = {host.name: host for host in checklist.hosts}
    alike: dict[tuple[PlannedHost, str, tuple[str, ...]], list[str]] = {}
    for name, plan in checklist.ticket.hosts.items():
        host = known.get(name)
        what = machine(host) if host else "not checked here"
        dangers = tuple(dict.fromkeys(risks(plan, kernel=host.kernel if host else "")))
        like = plan.model_copy(update={"host": "", "policy": ""})
        alike.setdefault((like, what, dangers), []).append(name)
    found = []
    for (like, what, dangers), hosts in alike.items():
        found.append(Part(tuple(hosts), what, like, dangers))
    return sorted(found, key=lambda part: (part.plan.empty, part.hosts[0]))


def commands(checklist: Checklist) -> list[tuple[str, str]]:
    """Return how the change is carried out, undone and verified."""
    if checklist.ticket is None:
        return []
    changed = [name for name, plan in checklist.ticket.hosts.items() if not plan.empty]
    inventory = checklist.inventory or "INVENTORY"
    limit = ",".join(changed)
    return [
        ("Carry out", shlex.join(["tuner", "apply", checklist.ticket.file])),
        ("Undo", shlex.join(["tuner", "rollback", inventory, "--limit", limit])),
        ("Verify", shlex.join(["tuner", "audit", inventory, "--limit", limit])),
    ]


def change(before: str | None, after: str) -> str:
    """Return a value before and after, in few words."""
    return f"{'none' if before is None else before or 'empty'} → {after or 'empty'}"


def plural(number: int, noun: str) -> str:
    """Return the number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def every(groups: Iterable[Group]) -> tuple[str, ...]:
    """Return all hosts of some groups."""
    return tuple(name for group in groups for name in group.hosts)
