from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.snapshot.snapshot import Missing

KEY = "tcp_tw_recycle"
FILE = "/etc/sysctl.d/90-web.conf"
LINE = {FILE: "net.ipv4.tcp_tw_recycle = 1\n"}

CASES: dict[str, dict[str, Any]] = {
    "on, NAT unknown": {
        "kernel": "3.10.0-1160.el7",
        "live": {KEY: "1"},
        "finds": [("error", KEY, "every second client behind one NAT")],
    },
    "on, behind NAT": {
        "kernel": "4.9.0",
        "live": {KEY: "1"},
        "facts": {"nat": "yes"},
        "finds": [("error", KEY, "share an address but no clock")],
    },
    "on, no NAT: still wrong": {
        "kernel": "4.4.0",
        "live": {KEY: "1"},
        "facts": {"nat": "no"},
        "finds": [("error", KEY, "without NAT that still hits")],
    },
    "on, 4.10": {
        "kernel": "4.10.1",
        "live": {KEY: "1"},
        "facts": {"nat": "no"},
        "finds": [("error", KEY, "clock of its own from Linux 4.10 on")],
    },
    "on, behind an L7 balancer": {
        "kernel": "4.9.0",
        "live": {KEY: "1"},
        "facts": {"balancer": "l7", "nat": "no"},
        "finds": [("error", KEY, "one address is not one clock")],
    },
    "on, an address hash in front of a NAT": {
        "kernel": "4.9.0",
        "live": {KEY: "1"},
        "facts": {"balancer": "l4", "spread": "ip-hash", "nat": "yes"},
        "finds": [("error", KEY, "the balancer's address hash sends here")],
    },
    "on, and it was felt": {
        "kernel": "4.9.0",
        "live": {KEY: "1"},
        "totals": {"TcpExt.PAWSPassive": 1234},
        "finds": [("error", KEY, "refused 1,234 SYNs")],
    },
    "off": {"kernel": "4.9.0", "live": {KEY: "0"}, "files": {FILE: "net.ipv4.tcp_tw_recycle=0"}},
    "off now, on at the next boot": {
        "kernel": "4.9.0",
        "live": {KEY: "0"},
        "files": LINE,
        "finds": [("error", KEY, "The next boot switches it on")],
    },
    "gone, and nothing says it": {"kernel": "6.1.0"},
    "gone, dead line": {
        "kernel": "6.1.0",
        "files": LINE,
        "finds": [("warning", KEY, "`sysctl -p` on its file exit with 1")],
    },
    "gone, dead line that says off": {
        "files": {FILE: "net.ipv4.tcp_tw_recycle = 0"},
        "finds": [("note", KEY, "the line does nothing")],
    },
    # A naive auditor sees the text in the file; boot never reads this one.
    "gone, line in a shadowed file": {
        "files": {FILE: "", FILE.replace("/etc", "/usr/lib"): "net.ipv4.tcp_tw_recycle = 1"},
    },
    "gone, line commented out": {"files": {FILE: "# net.ipv4.tcp_tw_recycle = 1"}},
    "gone, no files to look at": {"files": None, "skips": "sysctl.d files"},
    "gone, one file unreadable": {
        "files": LINE,
        "unreadable": ("/etc/sysctl.d/99-secret.conf",),
        "finds": [("warning", KEY, "")],
        "skips": "99-secret.conf",
    },
    "unreadable": {"live": {KEY: Missing.DENIED}, "skips": KEY},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("tw-recycle", case)


def test_a_minus_sign_keeps_sysctl_quiet(judge: Callable[..., Any]) -> None:
    case = {
        "files": {FILE: "-net.ipv4.tcp_tw_recycle = 1"},
        "finds": [("warning", KEY, "the line does nothing.")],
    }
    finding = judge("tw-recycle", case).findings[0]
    assert (finding.path, finding.line, finding.fix) == (FILE, 1, None)
    assert "exit" not in finding.message
