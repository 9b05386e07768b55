"""What each key is made of: how many numbers between which bounds, or text of which kind.

The catalogue says so, and else what the key reads; what was measured beside them stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from tuner.sysctl.catalog import Parameter, describe
from tuner.sysctl.key import Key
from tuner.sysctl.numbers import INT, Form
from tuner.sysctl.version import KernelVersion, parse_version

PORT_RANGE = Key("net.ipv4.ip_local_port_range")
_WIDEST = 16  # numbers of a vector whose width nobody knows
_UINT, _ULONG = (0, (1 << 32) - 1), (0, (1 << 64) - 1)
_LIMITS: Mapping[str, tuple[int, int]] = {
    "net.core.tstamp_allow_data": (0, 1),
    "net.core.xfrm_aevent_etime": _UINT,
    "net.core.xfrm_aevent_rseqth": _UINT,
    "net.ipv4.igmp_link_local_mcast_reports": (0, 255),
    "net.ipv4.ipfrag_high_thresh": _ULONG,
    "net.ipv4.ipfrag_low_thresh": _ULONG,
    "net.ipv4.ipfrag_max_dist": (0, INT[1]),
    "net.ipv4.tcp_comp_sack_delay_ns": _ULONG,
    "net.ipv4.tcp_comp_sack_slack_ns": _ULONG,
    "net.ipv6.bindv6only": (0, 255),
    "net.ipv6.conf.*.addr_gen_mode": (0, 3),
    "net.ipv6.conf.*.hop_limit": (1, 255),
    "net.ipv6.conf.*.router_solicitations": (-1, INT[1]),
    "net.ipv6.flowlabel_reflect": (0, 7),
    "net.ipv6.icmp.echo_ignore_all": (0, 255),
    "net.ipv6.icmp.echo_ignore_anycast": (0, 255),
    "net.ipv6.icmp.echo_ignore_multicast": (0, 255),
    "net.ipv6.ip6frag_high_thresh": _ULONG,
    "net.ipv6.ip6frag_low_thresh": _ULONG,
    "net.ipv6.ip_nonlocal_bind": (0, 255),
    "net.netfilter.nf_conntrack_frag6_high_thresh": _ULONG,
    "net.netfilter.nf_conntrack_frag6_low_thresh": _ULONG,
}
"""Limits of a write that the catalogue does not have; measured on Linux 6.18."""
MILLISECONDS = frozenset(
    {
        "net.ipv4.icmp_ratelimit",
        "net.ipv4.tcp_invalid_ratelimit",
        "net.ipv6.icmp.ratelimit",
        "net.ipv6.route.gc_min_interval_ms",
    }
)
"""Kept in timer ticks, so that a number is rounded up to a whole tick."""
NOT_ABOVE = {
    "net.ipv4.ipfrag_low_thresh": "net.ipv4.ipfrag_high_thresh",
    "net.ipv6.ip6frag_low_thresh": "net.ipv6.ip6frag_high_thresh",
    "net.netfilter.nf_conntrack_frag6_low_thresh": "net.netfilter.nf_conntrack_frag6_high_thresh",
}
NOT_BELOW = {high: low for low, high in NOT_ABOVE.items()}
NUMERIC = frozenset({"bool", "int", "enum", "bitmap", "vector"})
"""Types of keys that take numbers."""
_COUNTS = {
    "net.ipv4.ip_local_port_range": 2,
    "net.ipv4.ping_group_range": 2,
    "net.ipv4.tcp_mem": 3,
    "net.ipv4.tcp_rmem": 3,
    "net.ipv4.tcp_wmem": 3,
    "net.ipv4.udp_mem": 3,
    "kernel.sem": 4,
}
"""How many numbers a vector has; a default does not show that where the machine decides it.

Linux Documentation/networking/ip-sysctl.rst; for kernel.sem Documentation/admin-guide/sysctl/
kernel.rst.
"""
Shape = tuple[int, bool]
"""How many words a key's text has, and whether all of them are numbers."""


def count(key: Key) -> int:
    """Return how many numbers the key takes, 0 where that is not known."""
    known = _COUNTS.get(key)
    if known is not None:
        return known
    parameter = describe(key)
    return int(parameter is not None and parameter.type in NUMERIC - {"vector"})


@lru_cache(maxsize=1 << 12)
def shape_of(text: str) -> Shape:
    """Return all that a key's text tells of what the kernel takes for it."""
    words = text.split()
    return len(words), all(re.fullmatch(r"-?\d+", word) for word in words)


@lru_cache(maxsize=1 << 14)
def form_of(key: Key, shape: Shape, version: KernelVersion, hz: int) -> Form:
    """Return what a key's text is made of, by the catalogue, else by what it shows."""
    parameter = describe(key)
    words, numeric = shape
    count = words or 1
    if parameter is None:
        return Form(count=count) if words and numeric else Form("string")
    if parameter.type == "trigger":
        return Form("trigger")
    if key == PORT_RANGE:
        low, high = _bounds(parameter, version, hz)
        return Form(count=2, low=low, high=high, whole=True)
    if parameter.type == "ports":
        return Form("ports")
    if parameter.type == "string" or not numeric:
        return Form("string")
    low, high = _bounds(parameter, version, hz)
    if parameter.type == "vector":
        default = parameter.default(version)
        count = max(count if words else _WIDEST, len(default.tokens) if default else 0)
    return Form(count=count, low=low, high=high)


def _bounds(parameter: Parameter, version: KernelVersion, hz: int) -> tuple[int, int]:
    """Return the lowest and highest number that a write may have."""
    low, high = _LIMITS.get(parameter.key, INT)
    limits = parameter.range
    if limits is None or (limits.since is not None and version < parse_version(limits.since)):
        return low, high
    least, most = limits.bounds(hz or 100)  # 100 refuses least
    return low if least is None else least, high if most is None else most
