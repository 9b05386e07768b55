"""Conntrack helpers are attached by port number.

What it flags
    nf_conntrack_helper=1.

Why it is wrong
    A helper reads a protocol such as FTP or SIP and opens ports for it. Attached by the port number
    alone it does so for whatever a stranger sends on that port. Linux 4.7 switched the automatism
    off and 6.0 removed it; rules attach helpers by name.

Instead
    0, and `ct helper set` in the rules that need one.

Applies to
    Linux up to 5.19 that shows the key. A line for it on later kernels: see removed-key.

Evidence
    linux nf_ct_lookup_helper(); nf_conntrack-sysctl.txt of 4.9.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.netfilter.nf_conntrack_helper")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding where the key is on."""
    found = in_force(snapshot, policy, KEY, lambda number: number != 0)
    if found is not None:
        yield RULE.finding(
            f"{found.lead}1 lets a stranger's FTP or SIP packets open ports; Linux 6.0 has removed "
            "it.",
            key=KEY,
            wanted="0, and helpers attached by rules",
            fix=Fix("0", safe=False),
        )


RULE = Rule(
    id="conntrack-helper-on",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v5.19 net/netfilter/nf_conntrack_helper.c nf_ct_lookup_helper",
        "linux v4.9 Documentation/networking/nf_conntrack-sysctl.txt nf_conntrack_helper",
    ),
    doc=__doc__,
    check=check,
)
