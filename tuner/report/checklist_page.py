"""The checklist as Markdown and as a page, from the templates of those names.

Whatever a host or a person wrote is cleaned and escaped here, in one place for each form: in
Markdown it stands in a code span, where it can neither open a tag nor mention anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from tuner.checklist.answer import Standing
from tuner.checklist.checklist import Checklist
from tuner.report import _checklist as words
from tuner.report._clean import clean

_LONGEST = 2000
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")
_MARKS = {
    Standing.AGAINST: " **against**",
    Standing.OPEN: " *open*",
    Standing.EXPIRED: " *expired*",
    Standing.CONTRADICTED: " *contradicted*",
    Standing.UNSEEN: " *unseen*",
    Standing.ANSWERED: "",
    Standing.WAITING: " *waits*",
    Standing.MOOT: " *not asked*",
}


def render_checklist_markdown(checklist: Checklist, template: str) -> str:
    """Return the checklist as GitHub-flavoured Markdown."""
    text = _render(
        checklist, template, autoescape=False, code=_code, cell=_cell, prose=_prose, plain=_text
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def render_checklist_page(checklist: Checklist, template: str) -> str:
    """Return the checklist as one HTML file that needs no network and runs no script."""
    return _render(checklist, template, autoescape=True, text=_text)


def _render(
    checklist: Checklist, template: str, *, autoescape: bool, **more: Callable[[str], str]
) -> str:
    environment = SandboxedEnvironment(
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.from_string(template).render(
        list=checklist,
        words=words,
        marks=_MARKS,
        ready=words.outcome(checklist).startswith("READY"),
        **more,
    )


def _text(given: str) -> str:
    return clean(str(given), longest=_LONGEST)


def _code(given: str) -> str:
    """Return a code span; its fence is longer than any run of backticks within."""
    text = _text(given).strip()
    if not text:
        return ""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if longest else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _cell(given: str) -> str:
    """Return a code span for a table, where a bar ends the cell even within code."""
    return _code(given).replace("|", "\\|")


def _prose(given: str) -> str:
    """Return text of an item with what Markdown would read made literal."""
    return _SPECIAL.sub(r"\\\1", _text(given))
