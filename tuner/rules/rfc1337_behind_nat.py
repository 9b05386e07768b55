"""tcp_rfc1337 is on where clients may come through a NAT.

What it flags
    tcp_rfc1337=1 on a public-server or internal-server: an error where the inventory declares a NAT
    between the host and its clients, a warning where it says nothing; on hosts of other roles a
    note.

Why it is wrong
    The key makes a TIME_WAIT entry ignore resets. A NAT hands the port of one client to the next;
    when that client's SYN looks older than what the server remembers, the server answers with an
    acknowledgement of the old connection, the client resets it and tries again. With 0 the reset
    removes the entry and the next try succeeds, about 10 ms later (clients before Linux 5.6 wait a
    second). With 1 the entry stays: without timestamps the client is kept out for what is left of
    the 60 s, and with them every try starts the 60 s again, until the client gives up.

Instead
    0, the default. The sentence on this key in the kernel's own documentation says the reverse of
    what the code does.

Applies to
    Servers first of all. Without NAT the rule is silent: a client that uses its own port again
    shows a newer timestamp or a higher sequence number, and is accepted at once, whatever this key
    says.

Evidence
    linux tcp_timewait_state_process(). Measured on Linux 6.18 with two clients behind a NAT with
    one port: connect() took 68 s without timestamps and failed after 133 s with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed
from tuner.snapshot.facts import Known
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.ipv4.tcp_rfc1337")
_TIMESTAMPS = Key("net.ipv4.tcp_timestamps")
_SERVERS = {"public-server", "internal-server"}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is on, the host serves, and no NAT is not ruled out."""
    if not snapshot.number(KEY) or endorsed(snapshot, policy, KEY):
        return
    nat = snapshot.facts.nat
    if nat is Known.NO:
        return
    if not policy.lineage & _SERVERS:
        yield RULE.finding(
            "It makes TIME_WAIT ignore resets, which must hit the exact sequence number anyway, "
            "and keeps clients out where this host accepts connections through a NAT.",
            key=KEY,
            wanted="0, the kernel's default",
            severity=Severity.NOTE,
            confidence=Confidence.POSSIBLE,
            fix=Fix("0", safe=True),
        )
        return
    effect = (
        "is kept out for up to 60 s"
        if snapshot.reading(_TIMESTAMPS) == parse_value("0")
        else "may be kept out until it gives up"
    )
    sentence = (
        "With tcp_rfc1337=1 TIME_WAIT ignores resets, so a client that a NAT gives the port of "
        f"another {effect}"
    )
    known = nat is Known.YES
    yield RULE.finding(
        f"{sentence}."
        if known
        else f"{sentence}; whether that happens here turns on a NAT in the path, which the "
        "inventory does not say (tuner_facts: nat).",
        key=KEY,
        wanted="0",
        severity=Severity.ERROR if known else Severity.WARNING,
        confidence=Confidence.PROVEN if known else Confidence.POSSIBLE,
        fix=Fix("0", safe=True),
    )


RULE = Rule(
    id="rfc1337-behind-nat",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.POSSIBLE,
    sources=(
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_timewait_state_process",
        "RFC 1337",
        "RFC 6191",
    ),
    doc=__doc__,
    check=check,
)
