"""What is asked once for many hosts is what each of them would have been told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tuner.rules._ask import ask
from tuner.rules._check import registry
from tuner.snapshot.snapshot import Snapshot
from tuner.snapshot.system import Loader
from tuner.sysctl.version import parse_version

FILES = {
    "/etc/sysctl.conf": "net.ipv4.tcp_syncookies = 3\n; old\nnet.ipv4.conf.*.rp_filter = 1\n",
    "/etc/sysctl.d/60-a.conf": "net.ipv4.ip_forward = 2\nnet.ipv4.tcp_mem = 1 2\n[x]\na\n",
}
OF_FILES = [rule for rule in registry().values() if rule.sees_files_only]
Build = Callable[[dict[str, Any]], Snapshot]
Policies = Callable[[dict[str, Any]], Any]


def test_each_host_is_told_what_its_files_say(snapshot: Build, policy: Policies) -> None:
    host = snapshot({"files": FILES, "live": {"ip_forward": "1"}})
    wishes = policy({})
    assert len(OF_FILES) > 25
    told = {said.rule.id: said.findings for said in ask(OF_FILES, host, wishes)}
    direct = {rule.id: tuple(rule.check(host, wishes)) for rule in OF_FILES}
    assert told == {name: findings for name, findings in direct.items() if findings}
    assert len(told) > 3


def test_hosts_with_the_same_files_are_asked_once(snapshot: Build, policy: Policies) -> None:
    one, other = (snapshot({"files": FILES, "live": {"ip_forward": live}}) for live in ("0", "1"))
    first, second = (list(ask(OF_FILES, host, policy({}))) for host in (one, other))
    assert first
    assert all(mine is its for mine, its in zip(first, second, strict=True))


def test_whatever_such_a_rule_may_show_tells_hosts_apart(snapshot: Build, policy: Policies) -> None:
    host = snapshot({"files": FILES, "kernel": "6.1.0-13-amd64"})
    usual = list(ask(OF_FILES, host, policy({})))
    loaders = replace(host.system, loaders=(Loader("systemd-sysctl", "262"),))
    for other in (
        replace(host, kernel=parse_version("6.1.0-99-cloud")),
        replace(host, kernel=parse_version("4.4.0")),
        replace(host, system=loaders),
        replace(host, files=(host.files or ())[:1]),
    ):
        told = list(ask(OF_FILES, other, policy({})))
        assert all(said not in map(id, usual) for said in map(id, told))
        direct = {rule.id: tuple(rule.check(other, policy({}))) for rule in OF_FILES}
        assert {said.rule.id: said.findings for said in told} == {
            name: findings for name, findings in direct.items() if findings
        }
