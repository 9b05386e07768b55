"""The checklist as Markdown and as a page, from the templates of those names.

Whatever a host or a person wrote is cleaned and escaped, in one place for each form.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from tuner.checklist.answer import Standing
from tuner.checklist.checklist import Checklist
from tuner.report import _checklist as words
from tuner.report._spans import cell, code, plain, prose

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
        checklist, template, autoescape=False, code=code, cell=cell, prose=prose, plain=plain
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def render_checklist_page(checklist: Checklist, template: str) -> str:
    """Return the checklist as one HTML file that needs no network and runs no script."""
    return _render(checklist, template, autoescape=True, text=plain)


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
