"""What moved between two reports, as a comment or a ticket: nothing where nothing moved."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.compare.difference import Difference, Moved
from tuner.report import _difference as words
from tuner.report._spans import cell, code, prose


def render_difference_markdown(difference: Difference) -> str:
    """Return GitHub-flavoured Markdown, empty where nothing moved."""
    if difference.empty:
        return ""
    return "\n".join(_lines(difference)) + "\n"


def _lines(difference: Difference) -> Iterator[str]:
    old, new = difference.old, difference.new
    yield f"**{words.totals(difference)}**"
    yield ""
    yield f"{code(old.file)} ({code(old.started)}) → {code(new.file)} ({code(new.started)})"
    causes = difference.causes()
    for moved in Moved:
        mine = [cause for cause in causes if cause.moved is moved]
        if not mine:
            continue
        yield ""
        yield f"### {words.TITLES[moved]}"
        yield ""
        yield "| severity | key | rule | file | hosts | |"
        yield "|---|---|---|---|---|---|"
        for cause in mine:
            parts = (
                cause.severity if cause.status == "open" else f"{cause.severity} ({cause.status})",
                cell(cause.key or ""),
                cell(cause.rule),
                cell(cause.file),
                cell(words.fold_names(cause.hosts)),
                cell(words.details(cause)),
            )
            yield f"| {' | '.join(parts)} |"
    whole = list(words.hosts(difference))
    if whole:
        yield ""
        yield "### Hosts"
        yield ""
        for what, who in whole:
            yield f"- {prose(what)}: {code(who)}"
