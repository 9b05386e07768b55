"""Handshakes and closing connections lose their firewall entry too early.

What it flags
    On a nat-gateway, or a host that forwards: nf_conntrack timeouts below 30 s for syn_sent, 20 s
    for syn_recv, 60 s for fin_wait and close_wait, 20 s for last_ack, 5 s for close, or below 120 s
    for UDP streams.

Why it is wrong
    These time connections that are not established: slow handshakes, half-closed ones that still
    transfer, last acknowledgements that are repeated. Lowered to seconds, packets of living
    connections become invalid and are dropped, or leave with an untranslated address. The entries
    are few; the table is filled by other things.

Instead
    The defaults: 120, 60, 120, 60, 30, 10 and 120.

Applies to
    Hosts that forward. On others such entries matter to nobody else.
    nf_conntrack_udp_timeout_stream of 180, the default up to Linux 4.20, is not flagged;
    nf_conntrack_tcp_timeout_time_wait has nat-quarantine-short.

Evidence
    RFC 5382 REQ-5 (transitory 4 minutes), RFC 4787 REQ-5; kubernetes issue 32551 (close_wait 60).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import gt

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._hosts import forwards, is_gateway
from tuner.rules._in_force import default_of, in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_PREFIX = "net.netfilter.nf_conntrack_"
_LEAST = {
    "tcp_timeout_syn_sent": (30, "handshakes whose answer is slow"),
    "tcp_timeout_syn_recv": (20, "handshakes whose last packet is slow"),
    "tcp_timeout_fin_wait": (60, "connections that one end has closed and the other still uses"),
    "tcp_timeout_close_wait": (60, "connections that one end has closed and the other still uses"),
    "tcp_timeout_last_ack": (20, "closes whose last acknowledgement is repeated"),
    "tcp_timeout_close": (5, "resets that are repeated"),
    "udp_timeout_stream": (120, "UDP streams with a pause"),
}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each timeout that is too short."""
    if snapshot.value(Key(f"{_PREFIX}count")) is None:
        return
    if not is_gateway(policy) and not forwards(snapshot):
        return
    for name, (least, what) in _LEAST.items():
        key = Key(_PREFIX + name)
        found = in_force(snapshot, policy, key, partial(gt, least))
        default = default_of(snapshot, key)
        if found is None or default is None:
            continue
        yield RULE.finding(
            f"{found.lead}{found.number} s cut off {what}: their packets then count as invalid.",
            key=key,
            wanted=f"{default}, the kernel's default",
            fix=Fix(str(default), safe=True),
        )


RULE = Rule(
    id="conntrack-timeouts-short",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "RFC 5382 REQ-5",
        "RFC 4787 REQ-5",
        "linux v6.18 net/netfilter/nf_conntrack_proto_tcp.c tcp_timeouts",
    ),
    doc=__doc__,
    check=check,
)
