"""TCP Fast Open is switched on and nobody uses it.

What it flags
    tcp_fastopen with the server's bit (2) where no connection came or went by it since boot: a
    note. A bit that leaves out the cookie (4, 512) or that switches it on for every listener
    (1024): a warning.

Why it is wrong
    Data in the SYN needs both programs: the client must send by MSG_FASTOPEN or
    TCP_FASTOPEN_CONNECT, the server must set TCP_FASTOPEN on its listener. 3 makes neither do so.
    Some middleboxes drop such SYNs. Without the cookie a forged address gets an answer to its data.

Instead
    1, the default: clients may, where a program asks for it.

Applies to
    Kernels since 3.13 that count TCPFastOpen*. A host that does use it is not flagged.

Evidence
    The counters TCPFastOpen* in /proc/net/netstat; linux tcp_try_fastopen().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import growth
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.ipv4.tcp_fastopen")
_SERVER, _BARE, _EVERY = 0x2, 0x4 | 0x200, 0x400
_USED = ("TcpExt.TCPFastOpenActive", "TcpExt.TCPFastOpenPassive", "TcpExt.TCPFastOpenCookieReqd")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where fast open is on and unused, or on without cookies."""
    found = in_force(
        snapshot, policy, KEY, lambda number: bool(number & (_SERVER | _BARE | _EVERY))
    )
    if found is None:
        return
    if found.number & (_BARE | _EVERY):
        effect = (
            "makes every listener take data in the SYN, which its program may not expect"
            if found.number & _EVERY
            else "takes or sends data in the SYN without a cookie, for any forged address"
        )
        yield RULE.finding(
            f"{found.lead}{found.number:#x} {effect}.",
            key=KEY,
            wanted="1, or 3 where programs use it",
            severity=Severity.WARNING,
            fix=Fix("1", safe=True),
        )
    elif found.live and not growth(snapshot, *_USED).total:
        yield RULE.finding(
            f"{found.number} lets listeners use TCP Fast Open, and no connection has used it since "
            "boot: programs must ask for it on both ends.",
            key=KEY,
            wanted="1, the kernel's default",
            fix=Fix("1", safe=True),
        )


RULE = Rule(
    id="fastopen-unused",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 7413",
        "linux v6.18 net/ipv4/tcp_fastopen.c tcp_try_fastopen",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_fastopen",
    ),
    doc=__doc__,
    check=check,
)
