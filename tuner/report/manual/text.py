"""Pages on a terminal: the same Markdown, by rich, without what only a browser needs."""

from __future__ import annotations

from typing import ClassVar

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement, TableElement
from rich.table import Table
from rich.text import Text

_WIDEST = 100
_SHORT = 11  # columns of a cell that is never folded


class _Heading(Heading):
    """A heading at the left margin; rich would centre it in a frame."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        self.text.stylize("bold")
        if self.tag != "h1":
            yield Text("")
        yield self.text


class _Table(TableElement):
    """A table with a line under its head; one without a head is names and what is known of them."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = self.header.row.cells if self.header and self.header.row else []
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body else []
        named = any(cell.content.plain for cell in head)
        table = Table(
            box=box.SIMPLE_HEAD if named else None,
            show_header=named,
            pad_edge=False,
            show_edge=False,
            header_style="bold",
            padding=(0, 2, 0, 0),
        )
        for number, cell in enumerate(head):
            longest = max((row[number].cell_len for row in rows), default=0)
            name = number == 0 and longest <= options.max_width // 2
            table.add_column(
                cell.content.copy(), no_wrap=name or longest <= _SHORT, overflow="fold"
            )
        for row in rows:
            if not named:
                row[0].stylize("bold")
            table.add_row(*row)
        yield table


class Page(Markdown):
    """A page of the manual."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "table_open": _Table,
    }


def print_page(text: str, console: Console) -> None:
    """Print Markdown as plain as the console is; no line ends in blanks."""
    width = min(console.width, _WIDEST)
    page = Page(text, hyperlinks=False, code_theme="bw")
    lines = console.render_lines(page, console.options.update(width=width), pad=False)
    for segments in lines:
        line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
        line.rstrip()
        console.print(line, no_wrap=True, crop=False)
