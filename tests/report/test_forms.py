"""The text that people read and the JSON that machines read."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from datetime import date
from importlib import resources
from io import StringIO
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from bench.fleet import fleet
from tests.report.samples import FORMATS, hostile_report, render
from tuner.compare.baseline import Use
from tuner.policy.policy import Confidence, Severity
from tuner.policy.waiver import Waiver
from tuner.report._report import Failure, HostReport, Report
from tuner.report.as_json import render_json
from tuner.report.as_jsonl import render_jsonl
from tuner.report.boot import HostBoot, print_boot
from tuner.report.plans import HostPlan, Shown, print_plans
from tuner.report.text import print_arrival, print_report
from tuner.rules._finding import Finding, Fix, Kind, NextBoot, Origin, Skipped, Verdict, Waived
from tuner.snapshot.snapshot import Missing
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

HOSTILE = "\x1b[31m[bold]x\u202e\x07"

RECYCLE = Finding(
    rule="tw-recycle",
    kind=Kind.MYTH,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    message="It drops SYNs of clients behind one address.",
    key=Key("net.ipv4.tcp_tw_recycle"),
    live=Value(("1",)),
    wanted="0",
    next_boot=NextBoot(Origin.FILE, Value(("1",)), "/etc/sysctl.d/99-old.conf", 3),
    path="/etc/sysctl.d/99-old.conf",
    line=3,
    fix=Fix("0", safe=True),
)
HOSTILE_FINDING = Finding(
    rule="drift",
    kind=Kind.POLICY,
    severity=Severity.WARNING,
    confidence=Confidence.POSSIBLE,
    message=f"says {HOSTILE}",
    key=Key(f"net.{HOSTILE}"),
    live=Value((HOSTILE,)),
    next_boot=NextBoot(Origin.UNKNOWN),
    path=f"/etc/sysctl.d/{HOSTILE}.conf",
    line=1,
)
DENIED = Finding(
    rule="removed-key",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    message="m",
    key=Key("net.x"),
    live=Missing.DENIED,
    next_boot=NextBoot(Origin.UNSET),
)
WAIVER = Waiver(rule="drift", reason="agreed", owner="netops", until=date(2030, 1, 1))
REPORT = Report(
    hosts=(
        HostReport("web1", ("public-server",), ("web",), "6.1.0", "Debian", Verdict((RECYCLE,))),
        HostReport("web2", ("public-server",), ("web",), "6.1.0", "Debian", Verdict((RECYCLE,))),
        HostReport(f"h{HOSTILE}", ("base",), (), HOSTILE, HOSTILE, Verdict((HOSTILE_FINDING,))),
        HostReport(
            "w",
            ("base",),
            verdict=Verdict(
                (DENIED,),
                (Waived(HOSTILE_FINDING, WAIVER),),
                (Skipped("a", "files", "ask as root"),),
            ),
        ),
        HostReport("ok", ("base",), verdict=Verdict()),
        HostReport("gone", failure=Failure("connect", f"refused {HOSTILE}", "is sshd running?")),
    ),
    version="0.1.0",
    started="2030-01-01T00:00:00Z",
    finished="2030-01-01T00:00:01Z",
)


def text(report: Report = REPORT, width: int = 100, **options: Any) -> str:
    console = Console(file=StringIO(), width=width, highlight=False, **options)
    print_report(report, console)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(output, str)
    return output


def test_a_finding_tells_all_that_a_person_needs() -> None:
    output = text()
    assert output.startswith("web1, web2 (2 hosts)  public-server  1 error")
    for part in (
        "net.ipv4.tcp_tw_recycle",
        "live 1 · wanted 0 · next boot 1 · /etc/sysctl.d/99-old.conf:3",
        "It drops SYNs of clients behind one address.",
        "tuner explain tw-recycle",
    ):
        assert output.count(part) == 1, part


def test_the_recap_keeps_the_four_outcomes_apart() -> None:
    last = text().rstrip().splitlines()
    assert "6 hosts: 1 clean, 4 with findings, 0 could not be judged, 1 unreachable" in last, last
    assert "1 of those with findings was not judged by every rule" in last
    assert any(line.split() == ["gone", ":", "unreachable"] for line in last)
    assert any(
        line.split() == ["w", ":", "error=0", "warning=0", "note=1", "waived=1", "unknown=1"]
        for line in last
    )


def test_waived_and_unjudged_stay_visible() -> None:
    output = text()
    assert "agreed (netops, until 2030-01-01)" in output
    assert "  unknown could not see files; not judged: a\n          ask as root\n" in output
    assert "is sshd running?" in output


def test_much_that_could_not_be_seen_is_cut_short() -> None:
    skipped = tuple(Skipped(f"rule{number}", f"key{number}") for number in range(30))
    output = text(Report((HostReport("h", verdict=Verdict((), (), skipped)),), "0", "", ""))
    assert output.count("could not see") == 6
    assert "could not see 25 more things; 25 more rules not judged" in output
    assert "unknown=30" in output


def test_the_recap_s_columns_stay_in_line() -> None:
    hosts = [
        HostReport(name, ("base",), verdict=Verdict()) for name in ("alphas", "betas", "gammas")
    ]
    odd = HostReport("z", verdict=Verdict((), (), (Skipped("r", "files"),)))
    for width, shown in (
        (80, "alphas, betas, … (3 hosts)"),
        (100, "alphas, betas, gammas (3 hosts)"),
    ):
        output = text(Report((*hosts, odd), "0", "", ""), width=width)
        lines = [line for line in output.splitlines() if " : error" in line]
        assert shown in lines[0]
        assert len({line.index(" : ") for line in lines}) == 1
        assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [20, 40, 100, 300])
def test_no_host_can_reach_the_terminal(width: int) -> None:
    output = text(width=width)
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "\u202e" not in output
    assert "\\x1b" in output.replace("\n", "").replace(" ", "")
    assert "[bold]" in output.replace("\n", "").replace(" ", "")


def test_colours_only_where_the_terminal_has_them() -> None:
    assert "\x1b[" in text(force_terminal=True, color_system="standard")
    assert "\x1b[" not in text()


def test_arrivals_are_a_line_a_finding() -> None:
    console = Console(file=StringIO(), width=100, highlight=False)
    for host in REPORT.hosts:
        print_arrival(host, console)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "web1: error tw-recycle net.ipv4.tcp_tw_recycle 1" in output
    assert "ok: clean" in output
    assert "\x1b" not in output


def document(report: Report = REPORT) -> Any:
    return json.loads("".join(render_json(report, exit_code=3)))


def schema(name: str = "report-1") -> Any:
    source = resources.files("tuner.report") / "schema" / f"{name}.json"
    return json.loads(source.read_text())


def test_the_json_keeps_to_the_shipped_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    validator.validate(document())
    validator.validate(document(Report((), "0", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z")))


def test_the_schema_refuses_what_it_does_not_know() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    wrong = document()
    wrong["hosts"][0]["findings"][0]["severity"] = "fatal"
    assert not validator.is_valid(wrong)
    more = document()
    more["hosts"][0]["surprise"] = 1
    assert not validator.is_valid(more)


def test_json_says_what_the_text_says() -> None:
    found = document()
    first = found["hosts"][0]["findings"][0]
    assert (first["live"], first["live_state"], first["file"], first["line"]) == (
        "1",
        "value",
        "/etc/sysctl.d/99-old.conf",
        3,
    )
    assert found["hosts"][3]["findings"][0]["live_state"] == "denied"
    assert found["totals"] == {
        "hosts": 6,
        "clean": 1,
        "findings": 4,
        "unjudged": 0,
        "unreachable": 1,
        "severities": {"error": 2, "warning": 1, "note": 1},
    }
    assert found["groups"][0]["hosts"] in (["gone"], ["web1", "web2"])
    assert found["hosts"][5]["error"]["kind"] == "connect"


@pytest.mark.parametrize("report", [REPORT, hostile_report(), fleet(40)])
def test_every_line_keeps_to_the_shipped_schema(report: Report) -> None:
    validator = jsonschema.Draft202012Validator(schema("report-lines-1"))
    validator.check_schema(schema("report-lines-1"))
    lines = [json.loads(line) for line in render_jsonl(report, exit_code=3)]
    assert [line["type"] for line in lines] == ["host"] * len(report.hosts) + ["summary"]
    for line in lines:
        validator.validate(line)
    jsonschema.Draft202012Validator(schema()).validate(document(report))


def test_the_two_schemas_describe_the_same_things() -> None:
    assert schema()["$defs"] == schema("report-lines-1")["$defs"]
    host, summary = schema("report-lines-1")["oneOf"]
    assert host["$ref"] == schema()["properties"]["hosts"]["items"]["$ref"]
    for name, about in summary["properties"].items():
        assert name == "type" or about == schema()["properties"][name]


def test_lines_say_what_the_json_says() -> None:
    whole = document()
    *hosts, summary = (json.loads(line) for line in render_jsonl(REPORT, exit_code=3))
    for line, host in zip(hosts, whole["hosts"], strict=True):
        keys = whole["key_tables"].get(host["keys"])
        assert line == {"type": "host", **host, "keys": keys}
    assert summary["groups"] == whole["groups"]
    assert summary["totals"] == whole["totals"]


def test_groups_have_their_hosts_and_their_command() -> None:
    groups = {tuple(group["hosts"]): group for group in document()["groups"]}
    assert groups["web1", "web2"]["command"] == "tuner plan --limit web"
    assert groups["ok",]["command"] is None
    assert "tuner plan --limit web  # group 8382a472f33d" in text(width=30)


def test_measures_are_in_the_json() -> None:
    (host, *_) = document(fleet(1))["hosts"]
    assert host["gauges"]["usable_ports"] == 28232
    assert host["gauges"]["conntrack"]["max"] == 262_144
    assert len(host["gauges"]["destinations"]) == 3


def test_json_is_plain_ascii() -> None:
    "".join(render_json(REPORT, exit_code=0)).encode("ascii")


def test_known_findings_are_shown_in_a_line_and_hosts_that_have_only_those_too() -> None:
    known = replace(RECYCLE, rule="lowers-default", key=Key("net.core.somaxconn"))
    host = HostReport("web9", ("base",), verdict=Verdict(known=(known, RECYCLE)))
    output = text(replace(REPORT, hosts=(host,), baseline=Use("known.yml", 2)))
    assert output.startswith(
        "web9  base  2 known\n"
        "  known   lowers-default net.core.somaxconn, tw-recycle net.ipv4.tcp_tw_recycle\n"
    )
    assert "2 findings are known, by known.yml" in output


COMMAND = "ssh-keyscan -p 2222 10.0.0.1 >> /srv/a-long-way/" + "x" * 1500 + "/known_hosts"


@pytest.mark.parametrize("width", [20, 100])
def test_a_command_in_a_hint_stays_whole_and_on_one_line(width: int) -> None:
    hint = f"compare the fingerprint on the host, then: {COMMAND}"
    failure = Failure("host-key", "web1: the host key is not on record", hint)
    report = Report((HostReport("web1", failure=failure),), "0", "", "")
    assert f"          {hint}" in text(report, width=width).splitlines()
    console = Console(file=StringIO(), width=width, highlight=False)
    with console.capture() as capture:
        print_plans([HostPlan("web1", failure=failure)], console, Shown())
        print_boot(HostBoot("web1", failure=failure), console)
    assert capture.get().count(COMMAND) == 2
    for form in FORMATS:
        if form != "prometheus":
            whole = html.unescape(render(form, report).replace("\\>", ">"))
            assert COMMAND in whole.replace("\\u003e", ">"), form
