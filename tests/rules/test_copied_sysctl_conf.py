from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from tuner.policy.waiver import Waiver

FILE = "/etc/sysctl.d/99-tuning.conf"
LINES = """\
net.ipv4.tcp_tw_recycle = 1
net.ipv4.tcp_fin_timeout = 1
net.ipv4.tcp_timestamps = 0
net.ipv4.tcp_syn_retries = 1
net.ipv4.tcp_max_orphans = 3276800
net.core.netdev_max_backlog = 262144
net.core.rmem_default = 8388608
"""
OURS = """\
net.ipv4.tcp_tw_reuse = 1
net.ipv4.tcp_fin_timeout = 15
net.ipv4.tcp_synack_retries = 2
net.ipv4.tcp_max_syn_backlog = 65536
"""

CASES: dict[str, dict[str, Any]] = {
    "copied, and nobody minds": {"files": {FILE: LINES}},
    # A naive auditor calls any four of them a copy; these were chosen.
    "naive: a few": {"files": {FILE: OURS}},
    "no files": {"files": None},
}


def test_it_gathers_what_the_others_say(judge_all: Callable[..., Any]) -> None:
    live = {
        "tcp_fin_timeout": "1",
        "tcp_timestamps": "0",
        "tcp_syn_retries": "1",
        "tcp_max_orphans": "3276800",
        "net.core.netdev_max_backlog": "262144",
        "net.core.rmem_default": "8388608",
    }
    verdict = judge_all({"live": live, "files": {FILE: LINES}, "totals": {}})
    (finding,) = verdict.findings
    assert (finding.rule, finding.path, finding.line) == ("copied-sysctl-conf", FILE, 1)
    assert str(finding.severity) == "warning"
    parts = {part.rule for part in finding.parts}
    assert {
        "tw-recycle",
        "timestamps-off",
        "handshake-retries-low",
        "socket-default-large",
    } <= parts
    assert "tcp_timestamps (timestamps-off)" in finding.message
    assert [one.rule for one in verdict.single] == [part.rule for part in finding.parts]


def test_what_breaks_something_remains(judge_all: Callable[..., Any]) -> None:
    live = {
        "tcp_tw_recycle": "1",
        "tcp_fin_timeout": "1",
        "tcp_timestamps": "0",
        "tcp_syn_retries": "1",
    }
    live |= {"net.core.rmem_default": "8388608"}
    verdict = judge_all({"kernel": "4.4.0", "live": live, "files": {FILE: LINES}})
    assert [finding.rule for finding in verdict.findings] == ["tw-recycle", "copied-sysctl-conf"]


def test_a_waived_part_is_no_part(judge_all: Callable[..., Any], snapshot: Any) -> None:
    live = {"tcp_fin_timeout": "1", "tcp_timestamps": "0", "tcp_syn_retries": "1"}
    live |= {"net.core.rmem_default": "8388608"}
    case = {"live": live, "files": {FILE: LINES}}
    waivers = [Waiver(rule="timestamps-off", reason="r", owner="o", until=date(2030, 1, 1))]
    verdict = judge_all(case, waivers=waivers)
    assert [waived.finding.rule for waived in verdict.waived] == ["timestamps-off"]
    assert "timestamps-off" not in {part.rule for part in verdict.findings[0].parts}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("copied-sysctl-conf", case)
