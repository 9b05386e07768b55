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
    "on, 4.10, which has a clock for each connection itself": {
        "kernel": "4.10.1",
        "live": {KEY: "1"},
        "facts": {"nat": "no"},
        "finds": [("error", KEY, "two hosts like this one refuse each other, with or without NAT")],
    },
    "on, 4.10, NAT unknown: says what it turns on": {
        "kernel": "4.10.1",
        "live": {KEY: "1"},
        "finds": [("error", KEY, "the inventory does not say whether there is one")],
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


def test_each_kernel_and_each_topology_gets_its_own_true_sentence(
    judge_all: Callable[..., Any],
) -> None:
    said = {
        (kernel, nat): next(
            finding.message
            for finding in judge_all(
                {"kernel": kernel, "live": {KEY: "1"}, "facts": {"nat": nat}}
            ).findings
            if finding.rule == "tw-recycle"
        )
        for kernel in ("2.6.32", "3.10.0-1160.el7", "4.4.0", "4.10.1", "4.11.0")
        for nat in ("yes", "no", "unknown")
    }
    for (kernel, nat), sentence in said.items():
        # 3.17 began to refuse SYNs without timestamps; 4.10 alone gave each connection its clock.
        assert ("or none" in sentence) is (kernel[0] == "4"), (kernel, nat)
        assert ("two hosts like this one" in sentence) is (kernel == "4.10.1"), (kernel, nat)
        assert ("inventory does not say" in sentence) is (nat == "unknown"), (kernel, nat)
        assert ("behind this host's NAT" in sentence) is (nat == "yes"), (kernel, nat)
        assert ("without NAT that still hits" in sentence) is (nat == "no"), (kernel, nat)
