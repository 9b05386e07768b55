"""What holds for every rule, and for all of them together."""

from __future__ import annotations

import random
import re
import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import tuner.rules
from tuner.policy.resolve import load_profiles, resolve
from tuner.rules._check import check, registry
from tuner.rules._finding import Kind, Verdict
from tuner.snapshot.dump import parse_dump
from tuner.snapshot.snapshot import Flow, Listener, Sockets

FOLDER = Path(tuner.rules.__file__).parent
FILES = sorted(
    (path for path in FOLDER.rglob("*.py") if not path.name.startswith("_")),
    key=lambda path: path.stem,
)
SECTIONS = ("What it flags", "Why it is wrong", "Instead", "Applies to", "Evidence")
# A file and its release, a commit, a standard, or a rule that only passes them on; a manual page
# alone has no release.
SOURCE = re.compile(
    r"linux v\d+\.\d+ \S+/\S+|linux@[0-9a-f]{12}$|RFC \d+|CVE-\d|busybox \d"
    r"|systemd (v|NEWS v)\d|procps-ng \d|the sources (that|of) "
)
JUDGING = {Kind.POLICY, Kind.MYTH, Kind.HAZARD, Kind.PRESSURE}
CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_registry_lists_the_folder() -> None:
    assert sorted(rule.replace("-", "_") for rule in registry()) == [path.stem for path in FILES]


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
    assert any(SOURCE.match(source) for source in rule.sources), rule.sources
    place = Path(__file__).parent / path.relative_to(FOLDER).with_name(f"test_{path.stem}.py")
    tests = place.read_text(encoding="utf-8")
    assert f'"{rule.id}"' in tests
    assert "CASES" in tests
    assert "naive" in tests.lower(), "lacks a case where a naive auditor would fire and we do not"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_rule_is_short_and_its_name_is_its_pattern(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 250
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", path.stem)
    assert len(registry()[path.stem.replace("_", "-")].title) <= 90


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
        "net.netfilter.nf_conntrack_buckets": ("1024", "262144"),
        "net.netfilter.nf_conntrack_count": ("0", "950"),
        "tcp_rmem": ("4096 131072 6291456", "4096 1048576 6291456", "4096 87380 4194304"),
        "tcp_mem": ("92544 123392 185088", "94500000 915000000 927000000", "1 2 3", "9 8 7"),
        "tcp_keepalive_time": ("7200", "5"),
        "tcp_max_orphans": ("16", "32768", "3276800"),
        "fs.file-max": ("9223372036854775807", "65535"),
        "fs.file-nr": ("100 0 65535", "65000 0 65535"),
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


@cache
def cases() -> list[tuple[str, dict[str, Any]]]:
    """Every case of every rule's test: hosts with one thing wrong, and hosts with none."""
    found = []
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.stem.replace("test_", "", 1) in {rule.stem for rule in FILES}:
            known: dict[str, dict[str, Any]] = runpy.run_path(str(path))["CASES"]
            found += [(f"{path.stem}: {name}", case) for name, case in known.items()]
    return found


def rivals(verdict: Verdict) -> Iterator[str]:
    """What two rules say of one key, where either would have been enough."""
    judged: dict[str, Any] = {}
    for finding in verdict.single:
        if finding.kind in JUDGING and finding.key:
            other = judged.setdefault(finding.key, finding)
            # A wish stays beside a finding that has no cure for it.
            if other.rule != finding.rule and (other.fix or finding.kind is not Kind.POLICY):
                yield f"{finding.key}: {other.rule} and {finding.rule}"
    for finding in verdict.single:
        if finding.rule == "boot-drift" and finding.key in judged:
            assert judged[finding.key].severity < finding.severity


def test_no_two_rules_fire_on_one_cause(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    rules = registry().values()
    fired: Counter[str] = Counter()
    for case in hosts(300):
        verdict = check(snapshot(case), policy(case), rules)
        fired.update(finding.rule for finding in verdict.single)
        assert list(rivals(verdict)) == []
        for finding in verdict.single:
            silent = set(registry()[finding.rule].not_for)
            assert not policy(case).lineage & silent, "the rule names the roles it is not for"
    ours = {rule.id for rule in rules if rule.kind is not Kind.PRESSURE}
    assert {"drift", "boot-drift", "removed-key", "tw-recycle", "tw-buckets-low"} <= ours
    assert all(fired[rule] for rule in ("drift", "boot-drift", "tw-recycle", "tw-buckets-low"))


def test_no_two_rules_fire_on_one_cause_of_any_rule_s_case(
    snapshot: Callable[..., Any], policy: Callable[..., Any]
) -> None:
    rules = registry().values()
    fired: Counter[str] = Counter()
    for name, case in cases():
        verdict = check(snapshot(case), policy(case), rules)
        fired.update(finding.rule for finding in verdict.single)
        assert list(rivals(verdict)) == [], name
    assert len(cases()) > 400
    assert {rule.id for rule in rules if not rule.files} - set(fired) == {
        "copied-sysctl-conf",  # it sums up
        "expired-waiver",  # it judges waivers, which no snapshot has
    }


def test_no_two_rules_fire_on_one_cause_of_a_real_host() -> None:
    profiles = load_profiles([CHECKOUT / "profiles"])
    dumps = sorted((CHECKOUT / "tests" / "readme").glob("*.dump"))
    assert len(dumps) >= 8
    for path in dumps:
        for roles in (("base",), ("public-server",), ("client-heavy",), ("nat-gateway",)):
            snapshot = parse_dump(path.read_bytes())
            verdict = check(snapshot, resolve(profiles, roles), registry().values())
            assert list(rivals(verdict)) == [], (path.name, roles)
