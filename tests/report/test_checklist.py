"""The checklist in every form: golden files, hostile text, and what a reader finds in it.

``TUNER_REFRESH=1 pytest tests/report/test_checklist.py`` writes the golden files anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from tuner.checklist.answer import Answer, By, Standing
from tuner.checklist.checklist import Checklist, HostAnswers, sections
from tuner.checklist.item import FindOut, Form, Item
from tuner.checklist.ticket import PlannedHost, Ticket
from tuner.report._checklist import outcome
from tuner.report.checklist_json import render_checklist_json
from tuner.report.checklist_page import render_checklist_markdown, render_checklist_page
from tuner.report.checklist_text import print_checklist

CHECKOUT = Path(__file__).resolve().parents[2]
GOLDEN = CHECKOUT / "tests" / "golden" / "checklist"
TEMPLATES = CHECKOUT / "templates"
HOSTILE = "\x1b[31m[bold]x\u202e\x07 <script>alert(1)</script> `|*_@all\n# no {{ 7*7 }} --> ]]>"
KIM: dict[str, Any] = {
    "by": By.PERSON,
    "who": "Kim",
    "when": date(2030, 1, 1),
    "until": date(2030, 12, 31),
}


def item(name: str, concern: str = "The path", **more: Any) -> Item:
    made: dict[str, Any] = {
        "id": name,
        "concern": concern,
        "roles": ("base",),
        "question": f"Is {name} right?",
        "answers": ("yes", "no"),
        "against": ("no",),
        "instead": "Mend it.",
        "find_out": (FindOut(how="Look.", run="ss -Hltn '( sport = :PORT )'"),),
        "why": "It matters.",
        "sources": ("RFC 9293",),
    }
    return Item(**(made | more))


ITEMS = (
    item("settings", "The host"),
    item("boot", "The host", find_out=(), host={"rules": ("drift",)}),
    item("nat"),
    item("quarantine"),
    item("firewall", form=Form.SECONDS, answers=("never",), against=()),
    item("linger", "The service"),
    item("owner", "The service", form=Form.TEXT, answers=(), against=()),
    item("reuse", "The service"),
)


def answers(**changed: Answer) -> tuple[Answer, ...]:
    made = {
        "settings": Answer("settings", Standing.ANSWERED, "yes", By.HOST),
        "boot": Answer("boot", Standing.ANSWERED, "yes", By.HOST),
        "nat": Answer("nat", Standing.ANSWERED, "no", By.INVENTORY),
        "quarantine": Answer("quarantine", Standing.MOOT, because="nat is no"),
        "linger": Answer("linger", Standing.ANSWERED, "yes", note="seen in staging", **KIM),
    }
    return tuple((made | changed).values())


OPEN = {
    "settings": Answer(
        "settings",
        Standing.AGAINST,
        "no",
        By.HOST,
        evidence=("warning drift · net.core.somaxconn · live 128 · /etc/a.conf:3",),
    ),
    "boot": Answer("boot", Standing.UNSEEN, because="could not see sysctl.d files"),
    "nat": Answer("nat", Standing.OPEN, because="nobody has answered"),
    "quarantine": Answer("quarantine", Standing.WAITING, because="it turns on nat"),
    "firewall": Answer(
        "firewall", Standing.AGAINST, "350", because="the first probe comes after 7200 s", **KIM
    ),
    "linger": Answer(
        "linger",
        Standing.EXPIRED,
        "yes",
        because="the answer was to be believed until 2030-12-31",
        **KIM,
    ),
    "owner": Answer("owner", Standing.OPEN, because="nobody has answered"),
    "reuse": Answer(
        "reuse",
        Standing.CONTRADICTED,
        "yes",
        because="nothing listens on port 443",
        evidence=("nothing listens",),
        **KIM,
    ),
}


def host(name: str, role: str = "public-server", **more: Any) -> HostAnswers:
    made: dict[str, Any] = {
        "kernel": "6.1.0",
        "os": "Debian GNU/Linux 12 (bookworm)",
        "answers": answers(),
    }
    return HostAnswers(name, (role,), **(made | more))


def checklist(*hosts: HostAnswers, **more: Any) -> Checklist:
    return Checklist(
        sections=sections(hosts, ITEMS),
        version="0.1.0",
        made="2031-01-01T00:00:00Z",
        inventory="inventory.yml",
        **more,
    )


CHANGE = {
    "key": "net.core.somaxconn",
    "after": "4096",
    "because": ["drift"],
    "live_before": "128",
    "boot_before": None,
    "why": "It caps the backlog.",
    "safe": False,
}
PLANNED = {
    "host": "web1",
    "roles": ["public-server"],
    "changes": [CHANGE],
    "files": [
        {"path": "/etc/sysctl.d/95-tuner.conf", "before": None, "after": "x"},
        {"path": "/etc/sysctl.d/50-old.conf", "before": "x", "after": None, "foreign": True},
    ],
    "left": [{"key": None, "rule": "tw-recycle", "reason": "a foreign line"}],
    "cannot_win": [{"key": "net.x", "rule": "drift", "reason": "docker writes it"}],
    "seen": {"kernel": "6.0.0"},
}


def ticket(*hosts: dict[str, Any], digest: str = "4b7f0c9be1") -> Ticket:
    plans = [PlannedHost.model_validate(it) for it in hosts]
    unplanned = {f"no{digest[-1]}": HOSTILE if digest == HOSTILE else "refused"}
    return Ticket("plan.json", digest, {plan.host: plan for plan in plans}, unplanned)


READY = checklist(*(host(f"web{n}") for n in range(1, 5)))
MIXED = checklist(
    host("web1", answers=answers(**OPEN)),
    host("web2"),
    host("web3"),
    host("db1", "internal-server"),
    host("db2", "internal-server", kernel="", os="", failure="refused", answers=()),
)
CHANGE_TICKET = checklist(
    host("web1"),
    host("web2"),
    ticket=ticket(PLANNED, {**PLANNED, "host": "web2"}, {"host": "web3"}),
    unchecked=("web9",),
)
EVIL: dict[str, Any] = {
    "kernel": HOSTILE,
    "os": HOSTILE,
    "answers": answers(
        settings=Answer("settings", Standing.AGAINST, "no", By.HOST, evidence=(HOSTILE,)),
        linger=Answer(
            "linger",
            Standing.CONTRADICTED,
            HOSTILE,
            note=HOSTILE,
            because=HOSTILE,
            **(KIM | {"who": HOSTILE}),
        ),
    ),
}
HOSTILE_LIST = checklist(
    host(HOSTILE, **EVIL),
    host(f"down{HOSTILE}", failure=HOSTILE, kernel="", os="", answers=()),
    ticket=ticket(
        {
            **PLANNED,
            "host": HOSTILE,
            "roles": [HOSTILE],
            "changes": [{**CHANGE, "key": HOSTILE, "after": HOSTILE, "why": HOSTILE}],
            "files": [{"path": HOSTILE, "before": HOSTILE, "after": "x"}],
            "left": [{"key": HOSTILE, "rule": HOSTILE, "reason": HOSTILE}],
        },
        digest=HOSTILE,
    ),
    unchecked=(HOSTILE,),
)
LISTS = {"ready": READY, "mixed": MIXED, "ticket": CHANGE_TICKET, "hostile": HOSTILE_LIST}


def text(given: Checklist, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width, highlight=False)
    print_checklist(given, console)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(output, str)
    return output


def markdown(given: Checklist) -> str:
    return render_checklist_markdown(given, (TEMPLATES / "checklist.md.j2").read_text())


def page(given: Checklist) -> str:
    return render_checklist_page(given, (TEMPLATES / "checklist.html.j2").read_text())


def document(given: Checklist) -> str:
    return render_checklist_json(given, exit_code=1)


FORMS: dict[str, Callable[[Checklist], str]] = {
    "txt": text,
    "md": markdown,
    "html": page,
    "json": document,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", LISTS)
def test_golden(name: str, form: str) -> None:
    made = FORMS[form](LISTS[name])
    path = GOLDEN / f"{name}.{form}"
    if os.environ.get("TUNER_REFRESH"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")
    assert made == FORMS[form](LISTS[name])


def test_the_outcome_says_what_is_missing() -> None:
    assert outcome(READY) == "READY: every question is answered, and no answer is against."
    assert READY.settled
    assert not READY.incomplete
    assert outcome(MIXED) == (
        "NOT READY: 2 answers are against, 4 questions are open, 1 host could not be asked, "
        "1 more turns on these, 1 answer could not be seen."
    )
    assert MIXED.incomplete
    assert not MIXED.settled
    assert "1 host of the plan left out" in outcome(CHANGE_TICKET)
    assert CHANGE_TICKET.incomplete
    assert outcome(checklist(host("a"), interrupted=True)).startswith("INTERRUPTED")


@pytest.mark.parametrize("width", [20, 60, 100, 200])
def test_the_text_is_plain_whatever_a_host_says(width: int) -> None:
    output = text(HOSTILE_LIST, width)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", output)
    assert "\\x1b[31m[bold]" in re.sub(r"\s+", "", output)


def test_what_is_left_comes_first_and_only_what_can_be_done_now() -> None:
    output = text(MIXED)
    todo = output.partition("LEFT TO DO")[2].partition("INTERNAL-SERVER")[0]
    marks = re.findall(r"^  (\[.\]) (\w+)", todo, re.MULTILINE)
    assert marks == [
        ("[!]", "settings"),
        ("[!]", "firewall"),
        ("[ ]", "reuse"),
        ("[ ]", "linger"),
        ("[ ]", "nat"),
        ("[ ]", "owner"),
        ("[?]", "boot"),
    ]
    assert "quarantine" not in todo


def test_every_open_question_has_its_why_how_and_command() -> None:
    output = text(checklist(host("web1", answers=answers(nat=OPEN["nat"])), host("web2")))
    block = output.partition("[ ] nat: Is nat right?")[2].partition("[-]")[0]
    for part in (
        "web1: open: nobody has answered",
        "Why       It matters.",
        "Find out  Look.",
        "$ ss -Hltn '( sport = :PORT )'",
        "Answers   yes or no",
        "$ tuner checklist inventory.yml --attest nat --scope web1 --answer ANSWER",
        "Sources   RFC 9293",
        "web2: no, says the inventory",
    ):
        assert part in block, part


def test_a_ticket_has_all_that_a_change_board_asks_for() -> None:
    for form in (text, markdown, page):
        output = re.sub(r"[\\`*]|<[^>]*>", "", form(CHANGE_TICKET))
        output = output.replace("&gt;", ">").replace("&#39;", "'")
        for part in (
            "4b7f0c9be1",
            "tuner apply plan.json",
            "tuner rollback inventory.yml --limit web1,web2",
            "tuner audit inventory.yml --limit web1,web2",
            "web1, web2",
            "Linux 6.1.0",
            "128 → 4096",
            "none → 4096",
            "/etc/sysctl.d/95-tuner.conf",
            "remove /etc/sysctl.d/50-old.conf",
            "left as it is: tw-recycle: a foreign line",
            "the change may cut connections or lose traffic",
            "the plan cannot decide it: docker writes it",
            "the plan was made for kernel 6.0.0, and the host runs 6.1.0: plan again",
            "The plan also changes web9, which this checklist leaves out.",
            "not checked here",
            "No plan could be made for no1: refused",
            "Approved by",
        ):
            assert part.lower() in output.lower(), (form.__name__, part)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(given: Checklist) -> Page:
    reader = Page()
    reader.feed(page(given))
    return reader


def test_a_hostile_host_opens_no_tag_in_the_page() -> None:
    evil, tame = parsed(HOSTILE_LIST), parsed(CHANGE_TICKET)
    assert "script" not in evil.tags
    assert set(evil.tags) <= set(tame.tags) | set(parsed(MIXED).tags)
    assert not {name for name in evil.attributes if name.startswith("on")}
    assert "<script>alert(1)</script>" in evil.text
    assert "{{ 7*7 }}" in evil.text
    assert "\x1b" not in page(HOSTILE_LIST)


def test_the_page_is_one_file_that_asks_nobody() -> None:
    for given in LISTS.values():
        found = page(given)
        assert not re.search(r"\bsrc=|@import|url\(", found)
        reader = parsed(given)
        assert all(link.startswith("#") for link in reader.links)
        assert {link[1:] for link in reader.links} <= set(reader.ids)
        assert len(reader.ids) == len(set(reader.ids))


def test_a_hostile_host_opens_nothing_in_markdown() -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown(HOSTILE_LIST))
    html = [
        token.content
        for block in tokens
        for token in (block, *(block.children or []))
        if token.type in {"html_block", "html_inline"}
    ]
    assert all(re.fullmatch(r"\s*</?details>(<summary>[^<]*</summary>)?\s*", it) for it in html), (
        html
    )
    headings = [
        tokens[number + 1].content
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    assert not any(title.startswith("no ") for title in headings)
    assert not re.search(r"^[^`]*@all", markdown(HOSTILE_LIST), re.MULTILINE)


def test_markdown_tables_keep_their_columns() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(HOSTILE_LIST))
    rows: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append(0)
        elif token.type in {"td_open", "th_open"}:
            rows[-1] += 1
    assert set(rows) == {2, 3, 4}


@pytest.mark.parametrize("name", LISTS)
def test_the_json_keeps_to_its_schema(name: str) -> None:
    source = resources.files("tuner.report") / "schema" / "checklist-1.json"
    validator = jsonschema.Draft202012Validator(json.loads(source.read_text()))
    made = document(LISTS[name])
    validator.validate(json.loads(made))
    assert made.isascii()
    assert json.loads(made)["ready"] is (name == "ready")


@pytest.mark.skipif(not shutil.which("chromium"), reason="no browser")
def test_a_real_browser_shows_the_hostile_page_and_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(page(HOSTILE_LIST), encoding="utf-8")
    done = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    reader = Page()
    reader.feed(done.stdout)
    assert "script" not in reader.tags
    assert "<script>alert(1)</script>" in reader.text
    assert "Sign-off" in reader.text
