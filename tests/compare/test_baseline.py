"""Known findings: what is known, what is new all the same, and what is gone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.compare.baseline import Entry, Gone, Use, found, parse_baseline, print_baseline
from tuner.errors import ReportError
from tuner.inventory.host import Host
from tuner.inventory.scope import Scopes
from tuner.policy.policy import Confidence, Severity
from tuner.policy.waiver import Waiver
from tuner.report._report import fold
from tuner.rules._finding import Finding, Kind, Skipped, Verdict, Waived
from tuner.sysctl.key import Key

HOSTS = [Host(f"web{n}", groups=("web",), roles=("public-server",)) for n in (1, 2, 3)]
SACK = "net.ipv4.tcp_sack"
TEXT = """\
version: 1
findings:
- rule: drift
  key: net.ipv4.tcp_sack
  severity: warning
  hosts: [web]
"""


def finding(rule: str = "drift", key: str | None = SACK, **more: object) -> Finding:
    made: dict[str, object] = {
        "severity": Severity.WARNING,
        "message": "why",
        "path": "/etc/sysctl.d/1.conf",
        "line": 3,
    }
    return Finding(
        rule=rule,
        kind=Kind.POLICY,
        confidence=Confidence.LIKELY,
        key=None if key is None else Key(key),
        **(made | more),  # type: ignore[arg-type]
    )


def split(text: str, verdict: Verdict) -> Verdict:
    baseline = parse_baseline(text)
    baseline.bind(Scopes(HOSTS))
    return baseline.split("web1", verdict)


def use(text: str, verdicts: Mapping[str, Verdict | None], *, whole: bool = True) -> Use:
    baseline = parse_baseline(text, file="known.yml")
    baseline.bind(Scopes(HOSTS))
    done = {
        name: None if verdict is None else baseline.split(name, verdict)
        for name, verdict in verdicts.items()
    }
    return baseline.use(done, whole=whole)


@pytest.mark.parametrize(
    ("given", "known"),
    [
        (finding(), True),
        (finding(line=99, message="other words"), True),
        (finding(path="/etc/sysctl.d/2.conf"), True),
        (finding(severity=Severity.NOTE), True),
        (finding(severity=Severity.ERROR), False),
        (finding(key="net.ipv4.tcp_ecn"), False),
        (finding(key=None), False),
        (finding(rule="boot-drift"), False),
    ],
)
def test_a_fingerprint_is_rule_key_and_no_worse(given: Finding, *, known: bool) -> None:
    done = split(TEXT, Verdict((given,)))
    assert (done.known, done.findings) == (((given,), ()) if known else ((), (given,)))


def test_one_more_of_the_same_is_new() -> None:
    one, two = finding(), finding(path="/etc/sysctl.d/2.conf")
    done = split(TEXT, Verdict((one, two)))
    assert (done.known, done.findings) == ((one,), (two,))
    twice = split(TEXT.replace("  hosts", "  times: 2\n  hosts"), Verdict((one, two)))
    assert twice.known == (one, two)


def test_other_hosts_know_nothing() -> None:
    baseline = parse_baseline(TEXT.replace("[web]", "web2"))
    baseline.bind(Scopes(HOSTS))
    verdict = Verdict((finding(),))
    assert baseline.split("web1", verdict) is verdict
    assert baseline.split("web2", verdict).known


def test_an_expired_waiver_is_never_known() -> None:
    text = TEXT.replace("rule: drift", "rule: expired-waiver")
    ended = finding("expired-waiver")
    assert split(text, Verdict((ended,))).findings == (ended,)
    assert found({"web1": Verdict((ended,))}) == []


def test_what_no_longer_occurs_is_gone() -> None:
    clean, bad = Verdict(), Verdict((finding(),))
    assert use(TEXT, {"web1": bad, "web2": clean, "web3": clean}) == Use(
        "known.yml", 1, (Gone("drift", SACK, Severity.WARNING, ("web2", "web3")),)
    )


@pytest.mark.parametrize(
    "verdict",
    [
        None,
        Verdict(skipped=(Skipped("drift", "files"),)),
        Verdict(
            waived=(
                Waived(finding(), Waiver(rule="drift", reason="r", owner="o", until="2030-01-01")),
            )
        ),
        Verdict((finding(severity=Severity.ERROR),)),
    ],
    ids=["not judged", "rule blind", "waived", "worse"],
)
def test_what_may_still_be_there_is_not_gone(verdict: Verdict | None) -> None:
    text = TEXT.replace("[web]", "web1")
    assert use(text, {"web1": verdict}).gone == ()


def test_hosts_that_are_no_more_are_gone_from_a_whole_run_only() -> None:
    text = TEXT.replace("[web]", "[web1, old7]")
    bad = {"web1": Verdict((finding(),))}
    assert use(text, bad).gone == (Gone("drift", SACK, Severity.WARNING, ("old7",)),)
    assert use(text, bad, whole=False).gone == ()


def test_what_is_written_is_what_is_read() -> None:
    many = Verdict((finding(), finding(path="/x"), finding("tw-recycle", None)))
    verdicts = {
        "web1": many,
        "web2": Verdict((finding(),)),
        "web3": Verdict((finding(),)),
        "x": None,
    }
    entries = found(verdicts)
    text = "".join(print_baseline(entries, fold))
    assert list(parse_baseline(text).entries) == entries
    assert text == "".join(print_baseline(found(verdicts), fold))
    assert [(it.rule, it.times, it.hosts) for it in entries] == [
        ("drift", 1, ("web2", "web3")),
        ("drift", 2, ("web1",)),
        ("tw-recycle", 1, ("web1",)),
    ]
    for name, verdict in verdicts.items():
        baseline = parse_baseline(text)
        baseline.bind(Scopes([Host(name)]))
        if verdict is not None:
            assert baseline.split(name, verdict).findings == ()


def test_an_empty_baseline_is_one() -> None:
    assert parse_baseline("".join(print_baseline([], fold))).entries == ()


def test_ranges_are_written_and_understood() -> None:
    names = [f"web{n:02d}.example.com" for n in range(1, 41)]
    text = "".join(print_baseline(found({name: Verdict((finding(),)) for name in names}), fold))
    assert text.count("\n  - ") == 2  # as reports fold them: web[01:09] and web[10:40]
    baseline = parse_baseline(text)
    baseline.bind(Scopes([Host(name) for name in names]))
    assert all(baseline.split(name, Verdict((finding(),))).known for name in names)


def test_a_run_keeps_entries_that_it_could_say_nothing_about() -> None:
    baseline = parse_baseline(TEXT.replace("[web]", "[web1, web2, far9]"))
    baseline.bind(Scopes(HOSTS))
    kept = list(baseline.unjudged({"web1": Verdict(), "web2": None, "web3": Verdict()}))
    assert [entry.hosts for entry in kept] == [("far9", "web2")]
    merged = found({"web3": Verdict((finding(),))}, kept)
    assert [entry.hosts for entry in merged] == [("web3", "far9", "web2")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1", "version: 2", "known.yml:1:1: a baseline of version 2"),
        ("version: 1\n", "", "'version' is missing"),
        ("severity: warning", "severity: bad", "known.yml:5:3: findings.0.severity: 'bad' is not"),
        ("rule: drift", "rlue: drift", "known.yml:3:3: there is no field 'rlue'"),
        ("hosts: [web]", "hosts: []", "known.yml:6:3: findings.0.hosts"),
        ("hosts: [web]", "hosts: ['web[1:']", "known.yml:6:11: 'web[1:' holds a bracket"),
        ("hosts: [web]", "times: 0\n  hosts: [web]", "findings.0.times"),
        (TEXT, "<html>", "this file is '<html>', not a mapping"),
    ],
)
def test_what_is_no_baseline_is_placed(old: str, new: str, said: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(ReportError) as caught:
        parse_baseline(TEXT.replace(old, new), file="known.yml").bind(Scopes(HOSTS))
    assert said in str(caught.value)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
)
def test_any_name_survives_writing(key: str, host: str) -> None:
    entry = Entry(rule="drift", key=key, severity=Severity.NOTE, hosts=(host,))
    text = "".join(print_baseline([entry], list))
    assert parse_baseline(text).entries == (entry,)
