"""The connection table may hold far more than its hash was made for.

What it flags
    nf_conntrack_max more than eight times nf_conntrack_buckets; or more entries than a quarter of
    the host's memory can hold.

Why it is wrong
    Each entry stands in two chains, so that a look-up passes 2 · count / buckets entries, for every
    packet. With a maximum of 16 times the buckets a full table means 32 a packet. An entry costs
    about 320 bytes that cannot be swapped: 25 million are 7.5 GiB.

Instead
    Buckets between the maximum and a quarter of it. Since Linux 4.8 nf_conntrack_buckets can be
    written; before, the module's parameter hashsize.

Applies to
    Hosts with connection tracking. Eight entries a bucket is what the kernel itself made of
    hashsize= and is not flagged.

Evidence
    linux nf_conntrack_init_start(), nf_conntrack_hash_resize().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._in_force import in_force
from tuner.rules._rule import Rule
from tuner.rules._sizes import chain_length, conntrack_bytes, default_conntrack, in_words
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.netfilter.nf_conntrack_max")
_BUCKETS = Key("net.netfilter.nf_conntrack_buckets")
_MOST = 8
_SENSIBLE = 4


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield a finding about the hash, or else about the memory."""
    buckets = snapshot.number(_BUCKETS)
    memory = snapshot.system.memory
    found = in_force(
        snapshot,
        policy,
        KEY,
        lambda number: buckets is not None and number > _MOST * buckets > 0,
    )
    if found is not None and buckets is not None:
        wanted = -(-found.number // _SENSIBLE)
        yield RULE.finding(
            f"{found.lead}{found.number:,} entries in {buckets:,} chains: a full table makes every "
            f"packet pass {chain_length(found.number, buckets):,.0f} of them.",
            key=_BUCKETS,
            wanted=f"at least {wanted}",
            fix=Fix(str(wanted), safe=True) if snapshot.kernel.at_least(4, 8) else None,
        )
    found = in_force(
        snapshot,
        policy,
        KEY,
        lambda number: memory > 0 and conntrack_bytes(number, buckets or 0) > memory // 4,
    )
    if found is not None:
        default = default_conntrack(memory, snapshot.kernel)[0]
        yield RULE.finding(
            f"{found.lead}{found.number:,} entries would take "
            f"{in_words(conntrack_bytes(found.number, buckets or 0))} of {in_words(memory)}, and "
            "cannot be swapped.",
            key=KEY,
            wanted=f"what the host can hold; the kernel chooses {default}",
            fix=Fix(str(default), safe=False),
        )


RULE = Rule(
    id="conntrack-buckets-few",
    kind=Kind.HAZARD,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/netfilter/nf_conntrack_core.c nf_conntrack_init_start",
        "linux v6.18 Documentation/networking/nf_conntrack-sysctl.rst nf_conntrack_buckets",
    ),
    doc=__doc__,
    check=check,
)
