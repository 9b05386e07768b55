"""TCP timestamps are off.

What it flags
    tcp_timestamps=0, now or after the next boot. Where the line's comment gives a reason (security,
    NAT, speed), the finding answers it.

Why it is wrong
    Timestamps are what lets a receiver tell an old duplicate from new data (PAWS). Without them
    tcp_tw_reuse does nothing; a SYN that meets a TIME_WAIT entry is accepted or not by the chance
    of its sequence number; and a connection made by a SYN cookie has neither window scaling nor
    SACK. The reason once given, that they reveal the uptime, is gone: since Linux 4.10 they start
    at a random offset. They cost 12 bytes a segment.

Instead
    1. It takes effect for new connections, and only where the peer offers timestamps too.

Applies to
    Every kernel. 2, which leaves out the random offset, is not flagged.

Evidence
    linux tcp_twsk_unique() and tcp_timewait_state_process(). Measured on Linux 6.18: with 0 and
    tcp_tw_reuse=1 a client still runs out of ports.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force, note_of
from tuner.rules._rule import Rule
from tuner.rules._words import NAT, SECURITY, SPEED, says
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.ipv4.tcp_timestamps")
_REUSE = Key("net.ipv4.tcp_tw_reuse")
_RECYCLE = Key("net.ipv4.tcp_tw_recycle")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is 0."""
    found = in_force(snapshot, policy, KEY, lambda number: number == 0)
    if found is None:
        return
    useless = (
        ", and tcp_tw_reuse=1 does nothing" if snapshot.reading(_REUSE) == parse_value("1") else ""
    )
    yield RULE.finding(
        f"{found.lead}Without timestamps no connection can tell an old duplicate from new data "
        f"(PAWS), SYN cookies lose window scaling and SACK{useless}.{_answer(snapshot)}",
        key=KEY,
        wanted="1",
        fix=Fix("1", safe=True),
    )


def _answer(snapshot: Snapshot) -> str:
    """Return what there is to say to the reason that the line's comment gives."""
    note = note_of(snapshot, KEY)
    if says(NAT, note):
        return (
            " NAT was a reason only with tcp_tw_recycle on."
            if snapshot.number(_RECYCLE) is not None
            else " NAT was a reason only with tcp_tw_recycle, which this kernel has not."
        )
    if says(SECURITY, note) and snapshot.kernel.at_least(4, 10):
        return " The uptime that they once gave away is hidden since Linux 4.10."
    if says(SPEED, note):
        return " What they cost is 12 bytes a segment."
    return ""


RULE = Rule(
    id="timestamps-off",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "RFC 7323",
        "linux v6.18 net/ipv4/tcp_ipv4.c tcp_twsk_unique",
        "linux v6.18 net/ipv4/syncookies.c cookie_timestamp_decode",
        "linux v6.18 net/core/secure_seq.c secure_tcp_ts_off",
    ),
    doc=__doc__,
    check=check,
)
