"""net.ipv6.conf.all of a key that is stored and never read.

What it flags
    A line for net.ipv6.conf.all of accept_ra, accept_redirects, autoconf, use_tempaddr,
    dad_transmits and others for which IPv6 does not look at `all`: a warning where no line of the
    files reaches interfaces otherwise, a note where one does.

Why it is wrong
    IPv4 combines `all` with the interface's own value; IPv6 does so for a few keys only. The
    others are stored under `all` and change no interface: hardening that sets `all` alone hardens
    nothing.

Instead
    `default` for interfaces to come and `net.ipv6.conf.*.KEY`, or a line for each interface.

Applies to
    IPv6. disable_ipv6, forwarding, addr_gen_mode and ignore_routes_with_linkdown are copied to
    every interface; accept_source_route, keep_addr_on_down, proxy_ndp and a few others are read
    from `all` as well. None of these is flagged.

Evidence
    The source never reads these from devconf_all; on Linux 6.18 a write to `all` was seen to
    change no interface.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

_SUSPECT = re.compile(rb"ipv6[./]conf[./]all[./]")
_PREFIX = "net.ipv6.conf."
_INERT = frozenset(
    [
        *("accept_ra", "accept_ra_defrtr", "accept_ra_pinfo", "accept_ra_rtr_pref"),
        *("accept_redirects", "autoconf", "dad_transmits", "max_addresses"),
        *("router_solicitations", "temp_prefered_lft", "temp_valid_lft", "use_tempaddr"),
    ]
)


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every such line."""
    found = list(spots(snapshot, _SUSPECT))
    if not found:
        return
    every = {spot.key for spot in spots(snapshot) if spot.is_assignment}
    for spot in found:
        prefix, _, name = spot.key.rpartition(".")
        if not spot.is_assignment or prefix != f"{_PREFIX}all" or name not in _INERT:
            continue
        reached = _interfaces(every, name)
        yield RULE.finding(
            f"IPv6 stores all.{name} and does not look at it: no interface changes"
            + (", but for what other lines set." if reached else "."),
            key=spot.key,
            at=spot.place(),
            wanted=f"{_PREFIX}default.{name} and {_PREFIX}*.{name}",
            severity=Severity.NOTE if reached else None,
        )


def _interfaces(keys: set[Key], name: str) -> bool:
    """Tell whether a line is for interfaces that exist."""
    return any(
        key.startswith(_PREFIX)
        and key.endswith(f".{name}")
        and key.removeprefix(_PREFIX).removesuffix(f".{name}") not in {"all", "default"}
        for key in keys
    )


RULE = Rule(
    id="inert-all",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv6/addrconf.c addrconf_sysctl_table",
        "linux v6.18 net/ipv6/ndisc.c ndisc_router_discovery",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
