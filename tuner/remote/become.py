"""sudo: the command that asks as another user, and what its refusals mean."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from tuner.errors import BecomeError
from tuner.inventory.host import Become
from tuner.quoting import quotable

_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,-]+")
_OWN_FLAGS = frozenset({"-n", "--non-interactive", "-S", "--stdin", "-k", "--reset-timestamp"})

PLAIN = "exec sh -s"
"""The command without sudo; every login shell understands it, fish and csh too."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run on the host, and the marks by which its stages are told.

    With a password the command is a small gate: it says ``ready``, and becomes the shell that
    reads the script only at ``go``. So the password cannot be run as a command, nor a line of the
    script be taken for a password, whether sudo wants one or not.
    """

    text: str
    user: str = ""  # whom sudo makes us; empty: no sudo
    login: str = ""  # who asks it to
    password: str | None = None
    prompt: bytes = b""
    ready: bytes = b""
    go: bytes = b""


def make_command(become: Become | None, login: str) -> Command:
    """Return the command for a host.

    Args:
        become: the host's settings; None for none.
        login: the user we log in as; nothing is done to become the same user.

    Raises:
        BecomeError: the settings cannot be put into a command that every shell reads alike.
    """
    if become is None or (become.user == login and not become.flags):
        return Command(PLAIN)
    flags = " ".join(_quote(flag) for flag in become.flags if flag not in _OWN_FLAGS)
    flags = f" {flags}" if flags else ""
    if become.user != "root":
        flags += f" -u {_quote(become.user)}"
    # sudo's refusals are told apart by their words, so they have to be the English ones
    sudo = f"exec env LC_ALL=C LANGUAGE=C {_quote(become.exe)}{flags}"
    if become.password is None:
        return Command(f"{sudo} -n sh -s", user=become.user, login=login)
    nonce = secrets.token_hex(8)
    gate = (
        f"echo READY-{nonce}; "
        f'while IFS= read -r l; do [ "$l" = GO-{nonce} ] && exec sh -s; done; exit 1'
    )
    return Command(
        f"{sudo} -S -p PASSWORD-{nonce}: sh -c '{gate}'",
        user=become.user,
        login=login,
        password=become.password.get_secret_value(),
        prompt=f"PASSWORD-{nonce}:".encode(),
        ready=f"READY-{nonce}\n".encode(),
        go=f"GO-{nonce}\n".encode(),
    )


def refusal(command: Command, stderr: bytes, *, where: str) -> BecomeError | None:
    """Return what sudo's words mean, None if they are no refusal."""
    text = stderr.replace(command.prompt, b"") if command.prompt else stderr
    words = text.decode("utf-8", "replace")
    who = command.user
    for pattern, message, hint in _REFUSALS:
        if re.search(pattern, words, re.MULTILINE):
            return BecomeError(
                f"{where}: {message.format(user=who)}",
                hint=hint.format(login=quotable(command.login)),
            )
    said = re.search(r"^sudo: (.*)$", words, re.MULTILINE)
    if said:
        return BecomeError(
            f"{where}: sudo refused: {quotable(said[1])}", hint="see sudoers on the host"
        )
    return None


def wrong_password(command: Command, *, where: str) -> BecomeError:
    """Return the error for a password that sudo did not take."""
    return BecomeError(
        f"{where}: sudo refused the password for {command.user}",
        hint="give the right one by --ask-become-pass, or set ansible_become_password",
    )


_REFUSALS = (
    (
        r"a password is required|no password was provided",
        "sudo needs a password to become {user}, and none was given",
        "--ask-become-pass, or allow it without one (NOPASSWD) in sudoers",
    ),
    (
        r"sorry, you must have a tty|no tty present",
        "sudo wants a terminal (requiretty in sudoers)",
        "put 'Defaults:{login} !requiretty' into sudoers there (visudo)",
    ),
    (
        r"is not in the sudoers file",
        "the login user is not in sudoers, so it cannot become {user}",
        "log in as another user, or add a rule to sudoers",
    ),
    (
        r"is not allowed to (execute|run)",
        "sudoers does not let the login user run sh as {user}",
        "allow it in sudoers, or set tuner's become user to one that is allowed",
    ),
    (r"incorrect password attempt|Sorry, try again", "sudo refused the password for {user}", ""),
    (r"unknown user|unknown uid", "sudo knows no user {user}", ""),
    (
        r"account validation failure|account or password is expired|password expired",
        "sudo refused: the login user's account or password has expired",
        "",
    ),
    (
        r"(?i)sudo.*not found|unknown command:? .*sudo|sudo.*No such file or directory",
        "there is no sudo",
        "log in as the user itself, or set ansible_become: false",
    ),
    (
        r"effective uid is not 0|must be (owned by uid 0|setuid root)|no new privileges",
        "sudo cannot work there: it is not setuid root",
        "",
    ),
)


def _quote(word: str) -> str:
    """Return the word as sh, fish and csh all read it.

    Raises:
        BecomeError: no such form exists.
    """
    if _PLAIN.fullmatch(word):
        return word
    if word and word.isprintable() and not set(word) & set("'\\!"):
        return f"'{word}'"
    raise BecomeError(
        f"sudo cannot be given {word!r} in a form that every login shell reads alike",
        hint="use letters, digits, dots, dashes and underscores",
    )
