from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

OWN = "expect: {{net.ipv4.{}: {{{}, why: because, sources: s, severity: error}}}}"
GIB = 1 << 30


def own(key: str, relation: str, value: str | Missing | None, **more: Any) -> dict[str, Any]:
    live = {} if value is None else {key: value}
    return {"profile": OWN.format(key, relation), "live": live, **more}


def finds(key: str) -> list[tuple[str, str, str]]:
    return [("error", key, "because (own:1)")]


CASES: dict[str, dict[str, Any]] = {
    "exactly": own("tcp_sack", "exactly: 1", "0", finds=finds("tcp_sack")),
    "exactly so": own("tcp_sack", "exactly: 1", "1"),
    # A naive auditor compares text; the kernel prints tabs.
    "tabs": own("ip_local_port_range", 'exactly: "10000 65535"', "10000\t65535"),
    "at least": own("tcp_retries2", "at_least: 8", "5", finds=finds("tcp_retries2")),
    # A naive auditor knows equality only; a better value is no drift.
    "more than at least": own("tcp_retries2", "at_least: 8", "15"),
    "at most": own("tcp_retries2", "at_most: 8", "9", finds=finds("tcp_retries2")),
    "between": own("tcp_retries2", "between: [8, 15]", "16", finds=finds("tcp_retries2")),
    "one of": own("tcp_timestamps", "one_of: [1, 2]", "0", finds=finds("tcp_timestamps")),
    "vector": own("tcp_rmem", "at_least: [null, null, 6291456]", "4096\t131072\t6291456"),
    "vector, third too small": own(
        "tcp_rmem",
        "at_least: [null, null, 6291456]",
        "4096 131072 4194304",
        finds=finds("tcp_rmem"),
    ),
    "default": own("tcp_tw_reuse", "default: true", "2", kernel="4.18.0"),
    "the default of an older kernel": own("tcp_tw_reuse", "default: true", "0", kernel="4.17.0"),
    "not the default": own(
        "tcp_tw_reuse", "default: true", "1", kernel="4.18.0", finds=finds("tcp_tw_reuse")
    ),
    "default not known": own(
        "tcp_max_tw_buckets", "default: true", "65536", skips="tcp_max_tw_buckets"
    ),
    "for each GiB": own(
        "tcp_max_tw_buckets",
        "at_least: 8192, per_gib: true",
        "65536",
        memory=16 * GIB,
        finds=finds("tcp_max_tw_buckets"),
    ),
    "for each GiB, memory unknown": own(
        "tcp_max_tw_buckets", "at_least: 8192, per_gib: true", "65536", skips="tcp_max_tw_buckets"
    ),
    "absent": own("tcp_sack", "exactly: 1", None),
    "absent and required": own(
        "tcp_sack",
        "exactly: 1, required: true",
        None,
        finds=[("error", "tcp_sack", "The kernel has no such key here. because")],
    ),
    "unreadable": own("tcp_sack", "exactly: 1", Missing.DENIED, skips="tcp_sack (denied)"),
    "one unreadable does not hide the others": {
        "live": {
            "tcp_abort_on_overflow": Missing.DENIED,
            "tcp_sack": "0",
            "tcp_window_scaling": Missing.DENIED,
        },
        "finds": [("warning", "tcp_sack", "(base:")],
        "skips": "tcp_abort_on_overflow (denied), net.ipv4.tcp_window_scaling (denied)",
    },
    "a gateway without conntrack": {
        "roles": ("nat-gateway",),
        "live": {"ip_forward": "1"},
        "finds": [("warning", "net.netfilter.nf_conntrack_max", "has no such key here")],
    },
}


def test_the_fix_is_the_nearest_value_that_complies(judge: Callable[..., Any]) -> None:
    case = {
        "live": {"ip_local_port_range": "32768\t60999"},
        "roles": ("client-heavy",),
        "finds": [("warning", "ip_local_port_range", "a hundred times slower")],
    }
    finding = judge("drift", case).findings[0]
    assert finding.fix.value == "20000 60999"
    assert not finding.fix.safe
    assert finding.wanted == "first between 1024 and 20000 and second between 60999 and 65535"


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("drift", case)
