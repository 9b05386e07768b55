"""The text of tuner's drop-in: a template filled in, and proof that it says what was meant."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

import tuner
from tuner.errors import TemplateError
from tuner.plan.own import MARKER, has_marker
from tuner.plan.spelling import spell
from tuner.sysctl.files import parse_file
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_DEFAULT_FILE = "sysctl.conf.j2"
_WIDTH = 98
_SYNTAX = "see templates/README.md for what a template may say"
_SEE = "templates/README.md tells what a template is given"
_LARGEST = 1 << 20
_SHORT = 12
_VARIABLES = "marker, roles, policy, version, settings, notes"


@dataclass(frozen=True, slots=True)
class Line:
    """One setting of the file. ``because``: the rules that ask for it; ``why``: one sentence."""

    key: Key
    value: Value
    because: tuple[str, ...] = ()
    why: str = ""

    @property
    def name(self) -> str:
        """The key as the file spells it."""
        return spell(self.key)

    @property
    def text(self) -> str:
        """The setting's own line."""
        return f"{self.name} = {self.value}"

    @property
    def comment(self) -> tuple[str, ...]:
        """Why the line is there, as comment lines."""
        rules = ", ".join(self.because)
        return comment(f"{rules}: {self.why}" if rules else self.why)


@dataclass(frozen=True, slots=True)
class Header:
    """What the head of the file says. ``policy`` is the digest of the resolved policy."""

    roles: tuple[str, ...]
    policy: str
    notes: tuple[str, ...] = ()  # more sentences, such as what a role wants and no file can say


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which a template cannot make endless numbers and texts either."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator != "%" or not isinstance(left, int):
            raise jinja2.exceptions.SecurityError(f"the operator {operator}")
        return super().call_binop(context, operator, left, right)


def plain(text: str) -> str:
    """Return the text as one line without anything that a file or a terminal could act on."""
    printable = "".join(
        character if character.isprintable() and unicodedata.category(character) != "Cf" else " "
        for character in text
    )
    return " ".join(printable.split()).rstrip("\\").rstrip()


def comment(text: str) -> tuple[str, ...]:
    """Return the text as lines that every loader takes for comments.

    None ends with a backslash, at which busybox would go on in the next line.
    """
    lines = textwrap.wrap(plain(text), _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return tuple(f"# {line} ." if line.endswith("\\") else f"# {line}" for line in lines)


def render(lines: Sequence[Line], header: Header, template: str, *, file: str = "") -> str:
    """Return the file's text. The same arguments give the same text.

    Args:
        lines: the settings, in the order in which they are to be written.
        header: what stands above them.
        template: a Jinja template; ``templates/README.md`` names its variables.
        file: the template's name, for errors.

    Raises:
        TemplateError: the template is wrong, or its text says something else than the lines.
    """
    file = file or _DEFAULT_FILE
    text = _filled(lines, header, template, file)
    _check(text, lines, file)
    return text


def _filled(lines: Sequence[Line], header: Header, template: str, file: str) -> str:
    if len(template) > _LARGEST:
        raise TemplateError(
            f"the template is larger than {_LARGEST} bytes", file=file, hint="shorten it"
        )
    try:
        return _compiled(template, file).render(
            marker=MARKER,
            roles=header.roles,
            policy=header.policy[:_SHORT],
            version=tuner.__version__,
            settings=tuple(lines),
            notes=header.notes,
        )
    except jinja2.TemplateSyntaxError as error:
        message = f"not a template: {error.message}"
        raise TemplateError(message, file=file, line=error.lineno, hint=_SYNTAX) from None
    except jinja2.UndefinedError as error:
        raise TemplateError(
            error.message or "something is undefined",
            file=file,
            line=_line_of(error, file),
            hint=f"a template has {_VARIABLES}; see templates/README.md",
        ) from None
    except jinja2.TemplateError as error:
        message = f"the template asks for what it may not have: {error.message}".rstrip(".")
        raise TemplateError(message, file=file, line=_line_of(error, file), hint=_SEE) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"the template fails: {error}"
        raise TemplateError(message, file=file, line=_line_of(error, file), hint=_SEE) from None
    except (MemoryError, OverflowError, RecursionError):
        raise TemplateError("the template never comes to an end", file=file, hint=_SEE) from None


@lru_cache(maxsize=8)
def _compiled(template: str, file: str) -> jinja2.Template:
    """Return the template ready for use; a fleet's hosts share one."""
    environment = _Sandbox(
        loader=jinja2.FunctionLoader(lambda name: (template, file, None) if name == file else None),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["comment"] = lambda text: "\n".join(comment(str(text)))
    return environment.get_template(file)


def _line_of(error: BaseException, file: str) -> int:
    """Return the line of the template that was at work, 0 where it cannot be told."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _check(text: str, lines: Sequence[Line], file: str) -> None:
    """Refuse a text that the loaders could read in different ways, or that says something else.

    The rules come from what was measured: ``;`` ends a unit with an error on systemd 262, what
    follows a value belongs to it, busybox joins lines at a backslash, a byte order mark becomes
    part of the first key.
    """
    if not has_marker(text):
        raise TemplateError(
            f'no line of the text begins with "{MARKER}", by which tuner knows its file',
            file=file,
            hint="put {{ marker }} at the beginning of a line near the top",
        )
    if not text.endswith("\n"):
        raise TemplateError(
            "the text does not end with a new line", file=file, hint="end the template with one"
        )
    meant = {line.text for line in lines}
    for number, line in enumerate(text.split("\n"), start=1):
        problem = _problem(line, meant)
        if problem:
            raise TemplateError(
                f"line {number} of the text {problem}: {plain(line)[:80]!r}",
                file=file,
                hint="a line is empty, a comment (# at its beginning), or a setting's own text",
            )
    said = [(it.key, it.value) for it in parse_file(file, text.encode()).settings]
    expected = [(line.key, str(line.value)) for line in lines]
    if said != expected:
        wrong = next(
            (one for one, other in zip(expected, said, strict=False) if one != other),
            (expected or [(Key("nothing"), "")])[min(len(said), len(expected) - 1)],
        )
        raise TemplateError(
            f"the text has {len(said)} settings, not the plan's {len(expected)} in their order; "
            f"the first that differs is {wrong[0]}",
            file=file,
            hint="print {{ setting.text }} once for each of settings",
        )


def _problem(line: str, meant: set[str]) -> str:
    """Return what is wrong with one line of the text, empty for nothing."""
    if line.endswith("\\"):
        return "ends with a backslash, at which busybox goes on in the next line"
    if any(not character.isprintable() for character in line):
        return "holds a control character"
    if line and not line.startswith("#") and line not in meant:
        return "is no setting of the plan"
    return ""


def says(content: bytes) -> tuple[tuple[Key, tuple[str, ...] | None], ...]:
    """Return what a file says, white space and comments aside."""
    return tuple(
        (it.key, None if it.value is None else tuple(it.value.split()))
        for it in parse_file("", content).settings
    )
