"""What holds for every rule, and for all of them together."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tuner.rules
from tuner.rules._check import check, registry
from tuner.rules._finding import Kind
from tuner.snapshot.snapshot import Flow, Listener, Sockets

FOLDER = Path(tuner.rules.__file__).parent
FILES = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("_"))
SECTIONS = ("What it flags", "Why it is wrong", "Instead", "Applies to", "Evidence")


def test_the_registry_lists_the_folder() -> None:
    assert [rule.replace("-", "_") for rule in registry()] == [path.stem for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_rule_has_page_sources_and_tests(path: Path) -> None:
    rule = registry()[path.stem.replace("_", "-")]
    headings = re.findall(r"^(\S.*)$", rule.doc.strip(), re.MULTILINE)
    assert headings[0].endswith(".")
    assert tuple(headings[1:]) == SECTIONS
    for section in SECTIONS:
        body = rule.doc.partition(f"\n{section}\n")[2]
        assert re.match(r" {4}\S", body), f"{section} is empty"
    assert rule.title[0].isupper() or rule.title.startswith(("tcp_", "nf_", "ip_", "net."))
    assert rule.sources
    tests = Path(__file__).with_name(f"test_{path.stem}.py").read_text(encoding="utf-8")
    assert f'"{rule.id}"' in tests
    assert "CASES" in tests
    assert "naive" in tests.lower(), "lacks a case where a naive auditor would fire and we do not"


def hosts(count: int) -> list[dict[str, Any]]:
    """Hosts with many things wrong at once, some of them on purpose in conflict with their files."""
    draw = random.Random(1)  # noqa: S311 - the same hosts in every run
    settings = {
        "tcp_fin_timeout": ("60", "15", "90", "1"),
        "tcp_tw_reuse": ("0", "1", "2"),
        "tcp_timestamps": ("0", "1", "2"),
        "tcp_max_tw_buckets": ("5000", "-1", "131072", "9000000"),
        "tcp_rfc1337": ("0", "1"),
        "ip_local_port_range": ("32768 60999", "1024 65535", "50000 60999"),
        "tcp_sack": ("0", "1"),
        "tcp_syncookies": ("0", "1", "2"),
        "net.core.somaxconn": ("128", "4096"),
        "ip_forward": ("0", "1"),
        "net.netfilter.nf_conntrack_tcp_timeout_time_wait": ("30", "60", "120"),
        "net.netfilter.nf_conntrack_max": ("1024", "262144"),
    }
    roles = ("base", "client-heavy", "public-server", "internal-server", "nat-gateway")
    made = []
    for _ in range(count):
        live = {name: draw.choice(values) for name, values in settings.items()}
        old = draw.random() < 0.3
        if old:
            live["tcp_tw_recycle"] = draw.choice("01")
        lines = ["# shorten TIME_WAIT", f"net.ipv4.tcp_fin_timeout = {draw.choice(('15', '90'))}"]
        lines += ["net.ipv4.tcp_tw_recycle = 1", "net.ipv4.tcp_abc = 1"]
        for name, values in settings.items():
            key = name if name.startswith("net.") else f"net.ipv4.{name}"
            if draw.random() < 0.4:
                lines += ["", f"{key} = {draw.choice(values)}"]
        made.append(
            {
                "kernel": "4.4.0" if old else "6.1.0",
                "live": live,
                "files": {"/etc/sysctl.d/60-all.conf": "\n".join(lines)},
                "roles": tuple(draw.sample(roles, draw.randint(1, 2))),
                "facts": {"nat": draw.choice(("yes", "no", "unknown"))},
                "memory": 8 << 30,
                "totals": {"TcpExt.TCPTimeWaitOverflow": draw.choice((0, 7))},
                "sockets": Sockets(
                    {"TIME-WAIT": 5},
                    (Listener("192.0.2.1", 5432),),
                    (Flow("TIME-WAIT", "192.0.2.1", 5432, "", 0, 5),),
                ),
            }
        )
    return made


def test_no_two_rules_fire_on_one_cause(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    rules = registry().values()
    fired: Counter[str] = Counter()
    for case in hosts(300):
        verdict = check(snapshot(case), policy(case), rules)
        judged: dict[str, Any] = {}
        for finding in verdict.findings:
            fired[finding.rule] += 1
            if finding.kind in {Kind.POLICY, Kind.MYTH, Kind.HAZARD} and finding.key:
                other = judged.setdefault(finding.key, finding)
                assert other.rule == finding.rule, f"{other}\n{finding}"
        for finding in verdict.findings:
            if finding.rule == "boot-drift" and finding.key in judged:
                assert judged[finding.key].severity < finding.severity
    ours = {rule.id for rule in rules if rule.kind is not Kind.PRESSURE}
    assert {"drift", "boot-drift", "removed-key", "tw-recycle", "tw-buckets-low"} <= ours
    assert all(fired[rule] for rule in ("drift", "boot-drift", "tw-recycle", "tw-buckets-low"))
