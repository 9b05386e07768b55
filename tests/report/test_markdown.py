"""Markdown: fits a comment, folds, says what it cut, and no host writes markup into it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from bench.fleet import fleet
from tests.report.samples import HOSTILE, empty_report, hostile_report, render
from tests.report.test_forms import RECYCLE, REPORT
from tuner.cli.exits import Exit
from tuner.report._report import HostReport, Report
from tuner.report.markdown import LARGEST
from tuner.rules._finding import Verdict
from tuner.sysctl.value import Value

OURS = {
    *("h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "em"),
    *("ul", "li", "details", "summary", "b", "br"),
}


class Page(HTMLParser):
    """What a browser would make of the rendered comment."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(MarkdownIt("commonmark").enable("table").render(text))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))


def many(number: int) -> Report:
    """Return a report of so many hosts no two of which are alike."""
    hosts = tuple(
        HostReport(
            f"host{n:05d}",
            ("base",),
            verdict=Verdict((replace(RECYCLE, live=Value((f"v{n}",))),)),
        )
        for n in range(number)
    )
    return replace(REPORT, hosts=hosts)


@pytest.mark.parametrize(
    "report", [REPORT, hostile_report(), empty_report(), fleet(10_000), many(3000)]
)
def test_it_fits_a_comment(report: Report) -> None:
    text = render("markdown", report)
    assert len(text.encode()) <= LARGEST < 65_536
    assert text.count("<details>") == text.count("</details>")


def test_what_does_not_fit_is_counted() -> None:
    text = render("markdown", many(3000))
    shown = text.count("<details>")
    assert 50 < shown < 3000
    assert f"**Cut here:** {3000 - shown:,} groups more, of {3000 - shown:,} hosts" in text
    assert "**Cut here:**" not in render("markdown", REPORT)


def test_a_reader_sees_headline_causes_and_groups() -> None:
    text = render("markdown", REPORT, Exit.INCOMPLETE)
    page = Page(text)
    said = "".join(data for _, data in page.texts)
    assert page.open == []
    assert "tuner: findings on 4 of 6 hosts, 1 of 6 hosts not judged" in said
    assert "exit code 3" in said
    assert page.tags.count("table") == 1
    assert ("code", "/etc/sysctl.d/99-old.conf:3") in page.texts
    assert ("b", "web1, web2 (2 hosts)") in page.texts
    assert ("code", "tuner plan --limit web\n") in page.texts
    assert "agreed (netops, until 2030-01-01)" in said


def test_known_findings_and_idle_waivers_are_told() -> None:
    text = render("markdown", hostile_report())
    assert "7 findings are known, by " in text
    assert "1 known finding no longer occurs." in text
    assert "covers nothing on" in text
    assert text.count("- known ") == len(HOSTILE)


def test_a_clean_fleet_is_one_line() -> None:
    text = render("markdown", replace(REPORT, hosts=(HostReport("ok", verdict=Verdict()),)))
    assert text.startswith("### tuner: 1 host, all clean\n")
    assert len(text.splitlines()) <= 5


def test_no_host_writes_markup() -> None:
    page = Page(render("markdown", hostile_report()))
    assert set(page.tags) <= OURS
    assert page.open == []
    said = "".join(data for _, data in page.texts)
    for piece in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:"):
        assert piece in said


def test_nothing_outside_of_code_mentions_or_links() -> None:
    page = Page(render("markdown", hostile_report()))
    prose = [data for tag, data in page.texts if tag != "code"]
    assert any("octocat" in data for data in prose)
    for data in prose:
        assert not re.search(r"@[A-Za-z0-9]", data), data
        assert not re.search(r"#\d|GH-\d|https?://|www\.", data), data


def test_a_table_has_as_many_cells_as_columns() -> None:
    report = hostile_report()
    page = Page(render("markdown", report))
    causes = [cause for cause in report.causes if cause.waiver is None and not cause.known]
    assert page.tags.count("td") == 5 * len(causes)
    assert HOSTILE[3] in "".join(data for _, data in page.texts)
