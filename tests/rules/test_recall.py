"""What is recalled for a host is what it would have been told itself."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.rules.conftest import Case, build, policy_of, shipped
from tuner.errors import Unreadable
from tuner.policy.policy import Policy
from tuner.policy.resolve import resolve
from tuner.rules import _check, _recall
from tuner.rules._check import check, registry
from tuner.rules._recall import Recall, RecallAll
from tuner.rules._state import _key_states, key_states
from tuner.snapshot.facts import Facts
from tuner.snapshot.snapshot import Counters, Missing, Snapshot, Source
from tuner.snapshot.system import Loader
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key
from tuner.sysctl.version import parse_version

FIN, TS = Key("net.ipv4.tcp_fin_timeout"), Key("net.ipv4.tcp_timestamps")
GONE = Key("net.ipv4.tcp_tw_recycle")
POLICY = Policy((), frozenset(), {}, {})
HOST = Snapshot(
    "one",
    parse_version("6.1.0-13-amd64"),
    live={FIN: "60", TS: "1"},
    files=(Entry("/etc/sysctl.d/1.conf", content=b"net.ipv4.tcp_fin_timeout = 30\n"),),
    counters=Counters({"TcpExt.TW": 1}, {}, 0.5),
)


@dataclass
class Counted:
    """A work that counts how often it is done."""

    work: Callable[[Snapshot], Any]
    times: int = 0
    hosts: list[str] = field(default_factory=list)

    def __call__(self, snapshot: Snapshot, policy: Policy) -> Any:
        self.times += 1
        return self.work(snapshot)


LOOKS: dict[str, tuple[Callable[[Snapshot], Any], dict[str, Any]]] = {
    "a value": (lambda it: it.reading(FIN), {"live": {FIN: "61", TS: "1"}}),
    "a number": (lambda it: it.number(TS), {"live": {FIN: "60", TS: "0"}}),
    "a key that comes": (lambda it: it.reading(GONE), {"live": {**HOST.live, GONE: "0"}}),
    "a key that goes": (lambda it: it.reading(FIN), {"live": {TS: "1"}}),
    "the text of a reason": (lambda it: it.reading(FIN), {"live": {FIN: Missing.DENIED, TS: "1"}}),
    "whether it is there": (lambda it: GONE in it.live, {"live": {**HOST.live, GONE: "0"}}),
    "the keys": (lambda it: sorted(it.live), {"live": {**HOST.live, GONE: "0"}}),
    "how many": (lambda it: len(it.live), {"live": {**HOST.live, GONE: "0"}}),
    "all values": (lambda it: dict(it.live), {"live": {FIN: "60", TS: "2"}}),
    "the kernel": (lambda it: it.kernel, {"kernel": parse_version("6.1.1")}),
    "its name": (lambda it: str(it.kernel), {"kernel": parse_version("6.1.0-14-amd64")}),
    "memory": (lambda it: it.system.memory, {"system": replace(HOST.system, memory=1 << 30)}),
    "loaders": (
        lambda it: it.system.loaders,
        {"system": replace(HOST.system, loaders=(Loader("procps", "4.0.2"),))},
    ),
    "programs": (
        lambda it: it.programs,
        {"system": replace(HOST.system, loaders=(Loader("busybox", "1.35"),), init="busybox")},
    ),
    "interfaces": (
        lambda it: it.interfaces,
        {"live": {**HOST.live, Key("net.ipv4.conf.eth0.rp_filter"): "0"}},
    ),
    "files": (lambda it: it.files, {"files": ()}),
    "boot": (lambda it: it.boot, {"files": ()}),
    "boot, demanded": (lambda it: it.require_boot(), {"cmdline": "sysctl.net.core.somaxconn=1"}),
    "facts": (lambda it: it.facts, {"facts": Facts(nat="yes")}),
    "source": (lambda it: it.source, {"source": Source.SYSCTL_A}),
    "loadable": (lambda it: it.loadable, {"loadable": frozenset({"nf_conntrack"})}),
    "a copy": (lambda it: replace(it, cmdline="x").fixed, {"fixed": frozenset({FIN})}),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_that_would_show_something_else_is_made(name: str) -> None:
    look, change = LOOKS[name]
    work = Counted(look)
    recall = Recall(work)
    other = replace(HOST, **change)
    for host in (HOST, other, HOST, other):
        assert recall(host, POLICY) == look(host)
    expected = 4 if name == "a copy" else 2  # a copy takes the counters along
    assert work.times == expected


@pytest.mark.parametrize("name", LOOKS)
def test_a_host_that_shows_the_same_is_not_asked(name: str) -> None:
    work = Counted(LOOKS[name][0])
    recall = Recall(work)
    first = recall(HOST, POLICY)
    other = replace(
        HOST, host="two", taken="2026-01-01T00:00:00Z", counters=Counters({"TcpExt.TW": 2}, {}, 1)
    )
    vars(other)["boot"] = HOST.boot
    assert recall(other, POLICY) == first
    assert work.times == (2 if name == "a copy" else 1)


def test_what_was_not_looked_at_makes_no_difference() -> None:
    work = Counted(lambda it: it.number(TS))
    recall = Recall(work)
    recall(HOST, POLICY)
    other = replace(
        HOST,
        live={FIN: "5", TS: "1", GONE: "1"},
        files=None,
        kernel=parse_version("3.10.0"),
        system=replace(HOST.system, memory=5),
    )
    assert recall(other, POLICY) == 1
    assert work.times == 1


@pytest.mark.parametrize(
    "look",
    [
        lambda it: it.require_counters().totals["TcpExt.TW"],
        lambda it: it.counters,
        lambda it: it.sockets,
        lambda it: it.host,
        lambda it: it.taken,
        lambda it: it.system.uptime,
        lambda it: (it.number(TS), it.host),
    ],
)
def test_what_no_two_hosts_share_is_asked_each_time(look: Callable[[Snapshot], Any]) -> None:
    work = Counted(look)
    recall = Recall(work)
    for number in range(5):
        counters = Counters({"TcpExt.TW": number}, {}, 0.5)
        host = replace(HOST, host=f"h{number}", taken=f"{number}", counters=counters)
        host = replace(host, system=replace(host.system, uptime=float(number)))
        assert recall(host, POLICY) == look(host)
    assert work.times == 5
    assert len(recall._shelf._kept[id(POLICY)]) == 1  # it is known by then that it has to be asked


def test_policies_are_told_apart() -> None:
    work = Counted(lambda it: it.number(TS))
    recall = Recall(work)
    policies = [Policy((str(n),), frozenset(), {}, {}) for n in range(200)]
    for policy in policies:
        recall(HOST, policy)
    assert work.times >= 33
    assert len(recall._shelf._kept) <= 64


def test_errors_are_not_kept() -> None:
    def fail(snapshot: Snapshot) -> None:
        snapshot.number(FIN)
        raise Unreadable("no")

    work = Counted(fail)
    recall = Recall(work)
    for _ in range(2):
        with pytest.raises(Unreadable):
            recall(HOST, POLICY)
    assert work.times == 2


def test_a_work_that_differs_on_every_host_is_left_alone() -> None:
    watched: list[bool] = []

    def read(snapshot: Snapshot) -> Any:
        watched.append(type(snapshot) is not Snapshot)
        return snapshot.reading(FIN)

    recall = Recall(Counted(read))
    for number in range(100):
        host = replace(HOST, live={FIN: str(number)})
        assert recall(host, POLICY) == host.reading(FIN)
    assert watched.count(True) <= 40
    assert watched[-20:] == [False] * 20


def test_large_files_are_not_kept() -> None:
    large = replace(HOST, files=(Entry("/etc/sysctl.d/1.conf", content=b"#" * (1 << 19)),))
    work = Counted(lambda it: it.number(TS))
    recall = Recall(work)
    assert (recall(large, POLICY), recall(large, POLICY)) == (1, 1)
    assert work.times == 2


# --- many works at once


def test_a_host_that_is_alike_in_all_works_is_asked_only_what_no_two_hosts_share() -> None:
    works = [
        Counted(lambda it: it.number(TS)),
        Counted(lambda it: it.counters),
        Counted(lambda it: it.kernel),
    ]
    recall = RecallAll(works)
    for number in range(4):
        host = replace(HOST, live={TS: "1", GONE: str(number)}, counters=Counters({}, {}, number))
        assert recall(host, POLICY) == [1, host.counters, HOST.kernel]
    assert [work.times for work in works] == [1, 4, 1]
    other = replace(HOST, live={TS: "0"})
    assert recall(other, POLICY) == [0, HOST.counters, HOST.kernel]
    assert [work.times for work in works] == [2, 5, 1]


@pytest.mark.parametrize("name", LOOKS)
def test_of_many_works_too_a_look_that_would_show_something_else_is_made(name: str) -> None:
    looks = [LOOKS[name][0], *(look for look, _ in LOOKS.values())]
    recall = RecallAll([Counted(look) for look in looks])
    other = replace(HOST, **LOOKS[name][1])
    for host in (HOST, other, HOST, other):
        assert recall(host, POLICY) == [look(host) for look in looks]


def test_a_host_without_keys_does_not_stand_for_one_that_has_some() -> None:
    recall = RecallAll([lambda it, _: sorted(it.live)])
    assert recall(replace(HOST, live={}), POLICY) == [[]]
    assert recall(HOST, POLICY) == [[FIN, TS]]


def test_a_host_that_is_not_kept_does_not_stand_for_others() -> None:
    large = replace(HOST, files=(Entry("/etc/sysctl.d/1.conf", content=b"#" * (1 << 19)),))
    work = Counted(lambda it: it.number(TS))
    recall = RecallAll([work])
    for host in (large, HOST, HOST, HOST):
        assert recall(host, POLICY) == [1]
    assert work.times == 2


# --- all rules, over the hosts of all their cases


def cases() -> Iterator[Case]:
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        if "\nCASES" in path.read_text(encoding="utf-8"):
            spec = importlib.util.spec_from_file_location(f"cases_{path.stem}", path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            known: Any = module.CASES
            if isinstance(known, dict):
                yield from (case for case in known.values() if "finds" in case or "live" in case)


BASE = ("base",)


@cache
def roles_of(case_roles: tuple[str, ...]) -> Policy:
    return resolve(shipped(), case_roles)


def test_every_rule_says_of_every_host_what_it_says_of_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_recall, "_PATIENCE", 1 << 30)  # all is tried to be recalled
    monkeypatch.setattr(_check, "_RECALLS", {})
    rules = tuple(registry().values())
    states = Recall(_key_states)
    hosts = [
        (build(case), policy_of(case) if "profile" in case else roles_of(case.get("roles", BASE)))
        for case in cases()
    ]
    assert len(hosts) > 600
    random.Random(3).shuffle(hosts)  # noqa: S311 - the same order each time
    recalled = [(states(host, policy), check(host, policy, rules)) for host, policy in hosts]
    monkeypatch.setattr(_recall, "_LARGEST", -1)  # nothing is
    monkeypatch.setattr(_recall._Shelf, "find", lambda *_: None)
    alone = [(key_states(host, policy), check(host, policy, rules)) for host, policy in hosts]
    assert recalled == alone
