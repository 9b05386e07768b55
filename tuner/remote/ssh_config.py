"""How OpenSSH's client reads ssh_config: blocks, Include, Match, and the first value wins."""

from __future__ import annotations

import glob
import re
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tuner.errors import ConnectError
from tuner.remote.me import expand, login

_DEPTH = 16  # OpenSSH's own limit on nested Include (readconf.c, READCONF_MAX_DEPTH)
_LINE = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+|$)(.*)")
_LISTS = frozenset({"identityfile", "certificatefile", "localforward", "remoteforward", "sendenv"})
_SPECIAL = frozenset("'\"\\#")
_QUOTED = r"""\"(?:\\[\"'\\]|[^\"])*(?:\"|$)|'(?:\\[\"'\\]|[^'])*(?:'|$)|\\[\"'\\ ]"""
_PIECE = re.compile(_QUOTED)
_ARGUMENT = re.compile(rf"(?:{_QUOTED}|[^ \t\"'])+")
_CRITERION = re.compile(r'"([^"]*)"|(\S+)')
_SYSTEM = Path("/etc/ssh")
_EXEC_TIMEOUT = 30.0  # seconds for one Match exec command


@cache
def glob_pattern(pattern: str, *, cased: bool = False) -> re.Pattern[str]:
    """Return the regular expression of an OpenSSH pattern: ``*`` and ``?``, no brackets."""
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text, re.DOTALL if cased else re.DOTALL | re.IGNORECASE)


def matches(patterns: Sequence[str], name: str, *, cased: bool = False) -> bool:
    """Return whether the name matches a pattern and none of the negated ones (``!``)."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if glob_pattern(pattern[1:], cased=cased).fullmatch(name):
                return False
        elif not found and glob_pattern(pattern, cased=cased).fullmatch(name):
            found = True
    return found


def words(text: str) -> list[str]:
    """Split arguments as OpenSSH does (misc.c, argv_split).

    Quotes of either kind keep blanks and may begin within a word, a backslash stands before a
    quote, a blank or another one, and ``#`` starts a comment where a word would start.
    """
    if not set(text) & _SPECIAL:
        return text.split()
    result = []
    for match in _ARGUMENT.finditer(text):
        if match[0].startswith("#"):
            break
        result.append(_PIECE.sub(_unquote, match[0]))
    return result


def _unquote(piece: re.Match[str]) -> str:
    """Return what a quoted part, or an escaped character, stands for."""
    text = piece[0]
    if text[0] == "\\":
        return text[1]
    inner = text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
    return re.sub(r"\\(['\"\\])", r"\1", inner)


@dataclass(frozen=True, slots=True)
class _Test:
    """One Host line, or one criterion of a Match line."""

    kind: str  # "Host", or a Match keyword in small letters
    patterns: tuple[str, ...] = ()
    negated: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class _Block:
    """Settings under the same conditions; all tests must pass."""

    tests: tuple[_Test, ...]
    settings: list[tuple[str, str]]


class SshConfig:
    """What some files of ssh_config say, read once."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._blocks: list[_Block] = []
        for path in paths:
            self._read(path, (), 0, _SYSTEM if path.parent == _SYSTEM else _user_folder())
        self._final = any(test.kind == "final" for b in self._blocks for test in b.tests)
        self._named: dict[str, list[int]] = {}
        self._general: list[int] = []
        for index, block in enumerate(self._blocks):
            first = block.tests[0] if block.tests else None
            if (
                first is not None
                and first.kind == "Host"
                and not any(set(pattern) & set("*?!") for pattern in first.patterns)
            ):
                for pattern in set(first.patterns):
                    self._named.setdefault(pattern, []).append(index)
            else:
                self._general.append(index)

    def lookup(self, name: str, given: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return option name in lower case → values for a host as the user named it.

        Args:
            name: the name on the command line or in the inventory.
            given: values that win over the files, such as the inventory's user.

        Raises:
            ConnectError: a Match exec command cannot be run.
        """
        options = {key: list(value) for key, value in given.items()}
        self._apply(name, name, options, given, final=False)
        if self._final:
            # OpenSSH then reads everything again, by the name that it has arrived at (ssh.c).
            address = _address(name, options).lower()
            options["hostname"] = [address]
            self._apply(address, name, options, given, final=True)
        return options

    def _apply(
        self,
        host: str,
        name: str,
        options: dict[str, list[str]],
        given: Mapping[str, list[str]],
        *,
        final: bool,
    ) -> None:
        """Add what the blocks for a host say; ``name`` is how the user called it."""
        for index in sorted([*self._named.get(host, ()), *self._general]):
            block = self._blocks[index]
            if all(self._passes(test, host, name, options, final=final) for test in block.tests):
                for key, value in block.settings:
                    if key in _LISTS:
                        if key not in given and value not in options.get(key, ()):
                            options.setdefault(key, []).append(value)
                    else:
                        options.setdefault(key, [value])

    def _passes(
        self,
        test: _Test,
        host: str,
        name: str,
        options: Mapping[str, list[str]],
        *,
        final: bool,
    ) -> bool:
        match test.kind:
            case "Host":
                passed = matches(test.patterns, host, cased=True)
            case "originalhost":
                passed = matches(test.patterns, name)
            case "host":
                passed = matches(test.patterns, _address(host, options))
            case "user":
                passed = matches(test.patterns, (options.get("user") or [login()])[0], cased=True)
            case "localuser":
                passed = matches(test.patterns, login(), cased=True)
            case "final" | "canonical":  # the latter differs only where names are rewritten
                passed = final
            case "exec":
                command = fill(
                    test.patterns[0],
                    name=name,
                    address=_address(host, options),
                    port=options.get("port", ["22"])[0],
                    user=(options.get("user") or [login()])[0],
                )
                passed = _succeeds(command, test.place)
            case _:
                passed = test.kind == "all"
        return passed is not test.negated

    def _read(self, path: Path, outer: tuple[_Test, ...], depth: int, home: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConnectError(
                f"cannot read {path}: {error.strerror}", hint="check the path and its permissions"
            ) from None
        block = _Block(outer, [])
        self._blocks.append(block)
        for number, line in enumerate(text.splitlines(), start=1):
            place = f"{path}:{number}"
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            match = _LINE.fullmatch(line.rstrip())
            if match is None:
                raise ConnectError(
                    f"{place}: not a line of ssh_config: {line.strip()[:80]!r}",
                    hint="mend it; `ssh -G HOST` reads the same file",
                )
            key, rest = match[1].lower(), match[2]
            if key == "host":
                test = _Test("Host", tuple(words(rest)), place=place)
                block = _Block((*outer, test), [])
                self._blocks.append(block)
            elif key == "match":
                block = _Block((*outer, *_criteria(rest, place)), [])
                self._blocks.append(block)
            elif key == "include":
                if depth >= _DEPTH:
                    raise ConnectError(
                        f"{place}: Include is nested too deeply",
                        hint=f"does a file include itself? ssh too reads {_DEPTH} levels at most",
                    )
                for pattern in words(rest):
                    found = expand(pattern)
                    for each in sorted(glob.glob(str(home / found))):  # noqa: PTH207 - absolute patterns
                        self._read(Path(each), block.tests, depth + 1, home)
                block = _Block(block.tests, [])
                self._blocks.append(block)
            elif key in {"proxycommand", "remotecommand", "localcommand"}:
                block.settings.append((key, rest))
            else:
                block.settings.append((key, " ".join(words(rest))))


def _user_folder() -> Path:
    """Return where relative names in a user's files lead, files of -F included (readconf.c)."""
    return expand("~/.ssh")


def _criteria(rest: str, place: str) -> list[_Test]:
    """Return the tests of a Match line.

    Raises:
        ConnectError: a criterion that is unknown or lacks its argument.
    """
    tests = []
    # a Match line knows double quotes alone (misc.c, strdelim)
    tokens = [match[2] or match[1] for match in _CRITERION.finditer(rest.partition(" #")[0])]
    while tokens:
        word = tokens.pop(0)
        negated = word.startswith("!")
        kind = word.lstrip("!").lower()
        if kind in {"all", "canonical", "final"}:
            tests.append(_Test(kind, (), negated, place))
        elif kind in {"host", "originalhost", "user", "localuser", "exec"} and tokens:
            argument = tokens.pop(0)
            patterns = (argument,) if kind == "exec" else tuple(argument.split(","))
            tests.append(_Test(kind, patterns, negated, place))
        else:
            raise ConnectError(
                f"{place}: tuner does not understand Match {word}",
                hint="give a file without it by --ssh-config FILE",
            )
    return tests


def _address(host: str, options: Mapping[str, list[str]]) -> str:
    """Return the address that HostName makes of a host's name, as far as it is known."""
    return options.get("hostname", [host])[0].replace("%h", host).replace("%%", "%")


def _succeeds(command: str, place: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S602 - ssh_config(5) says: by the user's shell
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_EXEC_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConnectError(
            f"{place}: Match exec failed: {type(error).__name__}",
            hint="try the command of that line by hand",
        ) from None
    return done.returncode == 0


def fill(text: str, *, name: str, address: str, port: str, user: str) -> str:
    """Return the text with the tokens of ssh_config(5) filled in: %h %n %p %r %u %d %L %l %%."""
    if "%" not in text:
        return text
    tokens: dict[str, Callable[[], str]] = {
        "h": lambda: address,
        "n": lambda: name,
        "k": lambda: name,
        "p": lambda: port,
        "r": lambda: user,
        "u": login,
        "d": lambda: str(expand("~")),
        "L": lambda: socket.gethostname().split(".")[0],
        "l": socket.gethostname,
        "%": lambda: "%",
    }
    return re.sub(
        "%(.)", lambda match: tokens[match[1]]() if match[1] in tokens else match[0], text
    )
