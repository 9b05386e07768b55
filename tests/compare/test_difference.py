"""What moved between two reports, told apart by how and by whom."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuner.compare.difference import Difference, Moved, compare
from tuner.compare.past import PastReport, open_report, read_report
from tuner.errors import ReportError
from tuner.policy.policy import Severity

FINDING = {
    "rule": "drift",
    "kind": "policy",
    "severity": "warning",
    "confidence": "likely",
    "message": "why",
    "key": "net.core.somaxconn",
    "live": "128",
    "live_state": "value",
    "wanted": "at least 4096",
    "next_boot": {"origin": "file", "value": "128", "file": "/etc/a.conf", "line": 3},
    "file": "/etc/a.conf",
    "line": 3,
    "fix": None,
}
WAIVER = {"reason": "r", "owner": "o", "until": "2030-01-01"}


def finding(**more: Any) -> dict[str, Any]:
    return FINDING | more


def waived(**more: Any) -> dict[str, Any]:
    return finding(**more) | {"waiver": WAIVER}


def host(name: str, *findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "roles": ["base"],
        "groups": [],
        "outcome": "findings" if findings else "clean",
        "kernel": "6.1.0",
        "os": None,
        "keys": "aa",
        "findings": list(findings),
        "known": [],
        "waived": [],
        "unjudged": [],
        "error": None,
        **more,
    }


def down(name: str, message: str = "refused") -> dict[str, Any]:
    error = {"kind": "connect", "message": message, "hint": None}
    return host(name, outcome="unreachable", keys=None, error=error)


def document(*hosts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "tool": {"name": "tuner", "version": "0"},
        "started": "2030-01-01T00:00:00Z",
        "hosts": list(hosts),
        **more,
    }


def report(*hosts: dict[str, Any]) -> PastReport:
    return read_report(io.StringIO(json.dumps(document(*hosts))), file="r.json")


def differ(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Difference:
    return compare(report(*old), report(*new))


def moves(difference: Difference, name: str = "a") -> list[tuple[Moved, tuple[str, ...], bool]]:
    return [(move.moved, move.how, move.counts) for move in difference.moves.get(name, ())]


A, F, C = Moved.APPEARED, Moved.FIXED, Moved.CHANGED
Moves = list[tuple[Moved, tuple[str, ...], bool]]

PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any], Moves]] = {
    "nothing": (host("a", finding()), host("a", finding()), []),
    "a line shifts": (host("a", finding()), host("a", finding(line=9, message="other")), []),
    "appeared": (host("a"), host("a", finding()), [(A, (), True)]),
    "fixed": (host("a", finding()), host("a"), [(F, (), False)]),
    "live": (
        host("a", finding()),
        host("a", finding(live="256")),
        [(C, ("live 128 → 256",), False)],
    ),
    "another file decides": (
        host("a", finding()),
        host("a", finding(file="/etc/b.conf")),
        [(C, ("file /etc/a.conf → /etc/b.conf",), False)],
    ),
    "worse": (
        host("a", finding(severity="note")),
        host("a", finding(severity="error")),
        [(C, ("severity note → error",), True)],
    ),
    "better": (
        host("a", finding(severity="error")),
        host("a", finding(severity="note")),
        [(C, ("severity error → note",), False)],
    ),
    "one more of the same": (
        host("a", finding()),
        host("a", finding(), finding(file="/etc/b.conf")),
        [(A, (), True)],
    ),
    "one of two is fixed": (
        host("a", finding(), finding(file="/etc/b.conf")),
        host("a", finding(file="/etc/b.conf")),
        [(F, (), False)],
    ),
    "now waived": (
        host("a", finding()),
        host("a", waived=[waived()]),
        [(C, ("now waived",), False)],
    ),
    "no longer waived": (
        host("a", waived=[waived()]),
        host("a", finding()),
        [(A, ("was waived",), True)],
    ),
    "still waived": (host("a", waived=[waived()]), host("a", waived=[waived()]), []),
    "now known": (host("a", finding()), host("a", known=[finding()]), [(C, ("now known",), False)]),
    "no longer known": (
        host("a", known=[finding()]),
        host("a", finding()),
        [(A, ("was known",), True)],
    ),
    "new and known": (host("a"), host("a", known=[finding()]), [(A, (), False)]),
    "unseen now": (
        host("a", finding()),
        host("a", unjudged=[{"rule": "drift", "reason": "files"}]),
        [],
    ),
    "unseen before": (
        host("a", unjudged=[{"rule": "drift", "reason": "files"}]),
        host("a", finding()),
        [(A, (), True)],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), PAIRS.values(), ids=PAIRS)
def test_one_host(old: dict[str, Any], new: dict[str, Any], expected: Moves) -> None:
    difference = differ([old], [new])
    assert moves(difference) == expected
    assert difference.fails(Severity.WARNING) is any(counts for _, _, counts in expected)
    assert difference.incomplete is bool(new["unjudged"])
    assert compare(difference.new, difference.new).empty


def test_hosts_that_came_went_and_were_lost_are_told_apart() -> None:
    difference = differ(
        [
            host("stays", finding()),
            host("goes", finding()),
            host("lost"),
            down("back"),
            down("off"),
        ],
        [
            host("stays", finding()),
            down("lost", "lost refused"),
            host("back", finding()),
            down("off", "still off"),
            host("comes", finding()),
        ],
    )
    assert (difference.came, difference.went) == (("comes",), ("goes",))
    assert (dict(difference.lost), difference.back) == (
        {"lost": "connect: lost refused"},
        ("back",),
    )
    assert list(difference.moves) == ["back", "comes"]
    assert difference.incomplete
    assert difference.fails(Severity.WARNING)
    assert not difference.fails(Severity.ERROR)
    assert not difference.fails(None)


def test_a_host_that_stays_away_says_nothing_every_night() -> None:
    assert differ([down("a")], [down("a", "another reason")]).empty


def test_rules_that_went_blind() -> None:
    blind = [{"rule": "drift", "reason": "files"}]
    difference = differ(
        [host("a", finding()), host("b")], [host("a", unjudged=blind), host("b", unjudged=blind)]
    )
    assert dict(difference.blind) == {"drift": ("a", "b")}
    assert difference.moves == {}
    assert difference.incomplete
    assert not differ([host("a", unjudged=blind)], [host("a", unjudged=blind)]).incomplete


def test_causes_gather_hosts_by_rule_key_and_file() -> None:
    difference = differ(
        [host("a"), host("b"), host("c"), host("d", finding(severity="error"))],
        [
            host("a", finding(live="1")),
            host("b", finding(live="2", line=7)),
            host("c", finding(file="/etc/b.conf")),
            host("d"),
        ],
    )
    causes = difference.causes()
    assert [(it.moved, it.hosts, it.file) for it in causes] == [
        (A, ("a", "b"), "/etc/a.conf"),
        (A, ("c",), "/etc/b.conf"),
        (F, ("d",), "/etc/a.conf"),
    ]
    assert [difference.count(moved) for moved in Moved] == [3, 1, 0]


BROKEN: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda d: d.update(schema_version=2), "schema_version is 2; this tuner reads 1"),
    (lambda d: d.pop("schema_version"), "it has no schema_version"),
    (lambda d: d.pop("hosts"), "it has no hosts"),
    (lambda d: d.update(hosts={}), "here should be '['"),
    (lambda d: d["hosts"].append(3), "hosts[1]: input should be"),
    (lambda d: d["hosts"][0].pop("findings"), "hosts[0].findings: field required"),
    (
        lambda d: d["hosts"][0]["findings"][0].update(severity="fatal"),
        "hosts[0].findings[0].severity: input should be 'note', 'warning' or 'error'",
    ),
    (lambda d: d["hosts"][0]["findings"][0].update(line="3"), "hosts[0].findings[0].line"),
    (lambda d: d["hosts"].append(d["hosts"][0]), "hosts[1].name: 'a' is there twice"),
]


@pytest.mark.parametrize(("change", "said"), BROKEN)
def test_what_is_no_report_is_placed(change: Callable[[Any], object], said: str) -> None:
    made = document(host("a", finding()))
    change(made)
    text = json.dumps(made, indent=1)
    with pytest.raises(ReportError) as caught:
        read_report(io.StringIO(text), file="r.json")
    assert str(caught.value).startswith("r.json:")
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "r.json:1:1: not JSON: here should be '{'"),
        ("[]", "r.json:1:1: not JSON: here should be '{'"),
        ('{\n "a" 1}', "r.json:2:6: not JSON: here should be ':'"),
        ('{"a": 1', "r.json:1:8: not JSON: it ends too early"),
        ('{"a": [1, 2', "r.json:1:12: not JSON: it ends too early"),
        ('{"a": 1,}', "r.json:1:9: not JSON: here should be a name in quotes"),
        ('{"a": 1 "b": 2}', "r.json:1:9: not JSON: a comma is missing"),
        ('{"a": nope}', "r.json:1:7: not JSON: expecting value"),
        ('{"a": 1} x', "r.json:1:10: not JSON: something follows the object"),
        ('{"hosts": [\n\n{"a": }]}', "r.json:3:7: not JSON: expecting value"),
        ('{"a": ' + "[" * 100_000, "not JSON: nested too deeply"),
        ('{"a": ' + "9" * 10_000 + "}", "not JSON: exceeds the limit"),
        ("{}", "r.json: no report of tuner: it has no schema_version"),
    ],
)
def test_damaged_json_is_placed(text: str, said: str) -> None:
    with pytest.raises(ReportError) as caught:
        read_report(io.StringIO(text), file="r.json")
    assert said in str(caught.value).replace("Exceeds", "exceeds")


def test_bytes_that_are_no_text_and_files_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ReportError, match=r"r\.json: not UTF-8"):
        open_report(path)
    with pytest.raises(ReportError, match="No such file"):
        open_report(tmp_path / "gone.json")


@pytest.mark.parametrize("form", [{}, {"indent": 2}, {"sort_keys": True, "separators": (",", ":")}])
@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_any_layout_and_any_chunks_read_the_same(
    form: dict[str, Any], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.compare.stream._CHUNK", chunk)
    hosts = [host("a", finding()), down("b"), host("c", waived=[waived()])]
    text = json.dumps(document(*hosts, totals={"hosts": 3}, n=1234567890123), **form)
    assert read_report(io.StringIO(text), file="r.json") == report(*hosts)


def test_a_large_report_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    number = 2000
    with path.open("w") as stream:
        stream.write('{"schema_version": 1, "started": "x", "hosts": [')
        for count in range(number):
            row = json.dumps(host(f"h{count}", *(finding(key=f"net.x{n}") for n in range(20))))
            stream.write(("," if count else "") + "\n" + row)
        stream.write("]}")
    assert path.stat().st_size > 12 << 20
    tracemalloc.start()
    read = open_report(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(read.hosts) == number
    assert peak < 4 << 20
    assert compare(read, read).empty
