"""A switch for a special case is set for everybody.

What it flags
    A line that boot reads and that changes tcp_stdurg, tcp_workaround_signed_windows,
    tcp_retrans_collapse, tcp_thin_linear_timeouts, tcp_frto, busy_poll, busy_read,
    rps_sock_flow_entries, ip_dynaddr, ip_autobind_reuse or ip_nonlocal_bind from the kernel's
    default.

Why it is wrong
    Each has one case it was made for: peers of the last century, a dial-up line, a network card
    whose driver polls, an address that moves between hosts. Elsewhere it does nothing, or trades
    processor time, correctness or an error message for nothing. They travel from file to file
    because nobody remembers why they were set.

Instead
    The default; where the case is yours, a comment that says so, or a waiver.

Applies to
    Every kernel that has the key. ip_nonlocal_bind is left alone where the file names VRRP,
    keepalived, HAProxy or a virtual address.

Evidence
    linux ip-sysctl.rst and admin-guide/sysctl/net.rst on each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import default_of
from tuner.rules._rule import Rule
from tuner.rules._values import agrees, endorsed
from tuner.rules._words import says
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key

_CASES = {
    "net.ipv4.tcp_stdurg": "it reads the urgent pointer as RFC 793 says, which no peer does",
    "net.ipv4.tcp_workaround_signed_windows": "it is for peers with signed windows",
    "net.ipv4.tcp_retrans_collapse": "it is for printers that choke on larger retransmissions",
    "net.ipv4.tcp_thin_linear_timeouts": "it is for streams with under four packets under way",
    "net.ipv4.tcp_frto": "off it takes delays for losses, which costs wireless paths most",
    "net.core.busy_poll": "it burns a processor in poll() and needs a driver that supports it",
    "net.core.busy_read": "it burns a processor in read() and needs a driver that supports it",
    "net.core.rps_sock_flow_entries": "it does nothing until each queue's rps_flow_cnt is set too",
    "net.ipv4.ip_dynaddr": "it is for dial-up lines whose address changes while they are dialled",
    "net.ipv4.ip_autobind_reuse": "two sockets may then share a port and collide later",
    "net.ipv4.ip_nonlocal_bind": (
        "it lets programs bind addresses that this host does not have, which is for addresses "
        "that move between hosts and hides mistakes elsewhere"
    ),
}
_MOVING = Key("net.ipv4.ip_nonlocal_bind")
_MOVES = (
    r"vrrp|keepalived|haproxy|\bvip\b|virtual|float|failover|corosync|pacemaker|tproxy|transparent"
)


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for every such line that decides its key."""
    if snapshot.boot is None:
        return
    for key, reason in _CASES.items():
        decision = snapshot.boot.decisions.get(Key(key))
        if decision is None or snapshot.reading(Key(key)) is Missing.ABSENT:
            continue
        default = default_of(snapshot, Key(key))
        if default is None:
            continue
        if agrees(Key(key), decision.value, default) or endorsed(snapshot, policy, Key(key)):
            continue
        if key == _MOVING and says(_MOVES, _told(snapshot, decision.setting)):
            continue
        yield RULE.finding(
            f"{key.rpartition('.')[2]} is set to {decision.value} for every case, and {reason}.",
            key=Key(key),
            wanted=f"{default}, the kernel's default",
            fix=Fix(str(default), safe=True),
        )


def _told(snapshot: Snapshot, line: Setting) -> str:
    """Return what the file's name and its comments say of its purpose."""
    lines = snapshot.boot.settings if snapshot.boot is not None else ()
    notes = (other.note for other in lines if other.path == line.path)
    return " ".join((line.path, *notes))


RULE = Rule(
    id="niche-switch",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    sources=(
        "linux v6.18 Documentation/networking/ip-sysctl.rst",
        "linux v6.18 Documentation/admin-guide/sysctl/net.rst",
    ),
    doc=__doc__,
    check=check,
)
