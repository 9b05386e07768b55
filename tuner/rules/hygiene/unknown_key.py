"""No kernel is known to have the key.

What it flags
    A key below net.ipv4.tcp_, net.core. or net.netfilter.nf_conntrack_ that the catalogue does not
    know, one that differs from a known key by a slip, and one below a tree that Linux does not
    have (net.inet, kern).

Why it is wrong
    The line does nothing. systemd-sysctl and `sysctl --system` pass over it in silence, `sysctl
    -p` exits with 1 on it. Keys are case-sensitive.

Instead
    The key that was meant; the finding suggests the nearest.

Applies to
    Keys that no release of mainline had. A key that the host shows is never flagged, whatever the
    catalogue knows: vendors have keys of their own. For keys that were removed, see removed-key.

Evidence
    The catalogue, which holds every key of these families of Linux 2.6.32 to 6.19.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import Spot, spots
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.nearest import nearest

_WHOLE = ("net.ipv4.tcp_", "net.core.", "net.netfilter.nf_conntrack_")
_TREES = frozenset(
    [
        "abi",
        "crypto",
        "debug",
        "dev",
        "fs",
        "kernel",
        "net",
        "sunrpc",
        "user",
        "vm",
        "xen",
        "fscache",
        "coda",
    ]
)
_BELOW_NET = frozenset(
    [
        "appletalk",
        "atm",
        "ax25",
        "bridge",
        "can",
        "core",
        "dccp",
        "decnet",
        "ieee802154",
        "ipv4",
        "ipv6",
        "ipx",
        "iw_cm",
        "lapb",
        "llc",
        "mctp",
        "mpls",
        "mptcp",
        "netfilter",
        "netrom",
        "nf_conntrack_max",
        "phonet",
        "qrtr",
        "rds",
        "rose",
        "rxrpc",
        "sctp",
        "smc",
        "tipc",
        "token-ring",
        "unix",
        "vsock",
        "x25",
    ]
)
_FOREIGN = ("net.inet.", "net.inet6.", "net.link.", "net.local.", "kern.", "hw.", "security.")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every key that no kernel is known to have."""
    for spot in spots(snapshot):
        if spot.is_pattern or spot.parameter is not None or not _is_plain(spot):
            continue
        if not isinstance(snapshot.reading(spot.key), Missing):
            continue
        lower = spot.key.lower()
        if lower != spot.key and describe(Key(lower)) is not None:
            yield RULE.finding(
                f"Keys are case-sensitive, and no kernel has {spot.key}: the line does nothing.",
                at=spot.place(),
                wanted=lower,
            )
            continue
        top, below = (*spot.key.split("."), "")[:2]
        foreign = spot.key.startswith(_FOREIGN) or top not in _TREES
        lost = top == "net" and below not in _BELOW_NET
        close = "" if foreign else nearest(spot.key)
        if not (foreign or lost or close or spot.key.startswith(_WHOLE)):
            continue
        yield RULE.finding(
            f"{spot.key} is a key of another system, not of Linux: the line does nothing."
            if foreign
            else f"No Linux release is known to have {spot.key}: the line does nothing.",
            at=spot.place(),
            wanted=close or "no such line",
        )


def _is_plain(spot: Spot) -> bool:
    """Tell whether the key is spelled like one, so that no rule about spelling says more."""
    return (
        spot.key.isascii()
        and spot.key.count(".") > 0
        and not any(character in spot.key for character in " \t\"'")
        and not spot.spelled.startswith("/")
    )


RULE = Rule(
    id="unknown-key",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/sysctl_net_ipv4.c",
        "sysctl registrations of linux v2.6.11 to v6.19 (leommxj/sysctl-list, 2026-03)",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
