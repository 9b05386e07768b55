"""What it means that a setting goes up or down, by key; a table until the catalogue has a field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tuner.sysctl.key import Key
from tuner.sysctl.value import Value


@dataclass(frozen=True, slots=True)
class Direction:
    """The words for more and for less. ``ranks`` orders values that no number orders."""

    up: str
    down: str
    ranks: Mapping[str, int] | None = None

    def word(self, before: Value, after: Value) -> str:
        """Return the word for going from one value to the other, empty where none fits."""
        if self.ranks is not None:
            pair = [self.ranks.get(str(value)) for value in (before, after)]
        else:
            pair = [_size(before), _size(after)]
        first, second = pair
        if first is None or second is None or first == second:
            return ""
        return self.up if second > first else self.down


def _size(value: Value) -> int | None:
    """Return the number that counts: the only one, or the last of a vector.

    A negative one is no size: it means "no limit" or "never".
    """
    numbers = value.ints()
    return numbers[-1] if numbers and numbers[-1] >= 0 else None


_LOOSER = Direction("looser", "stricter")
_STRICTER = Direction("stricter", "looser")
_MEMORY = Direction("more memory", "less memory")
_LONGER = Direction("longer", "shorter")
_QUEUE = Direction("longer queue", "shorter queue")
_TRIES = Direction("more tries", "fewer tries")
_ROOM = Direction("more room", "less room")
_ON = Direction("on", "off")

_TABLE: tuple[tuple[str, Direction], ...] = (
    ("*.rp_filter", Direction("looser", "stricter", {"1": 0, "2": 1, "0": 2})),
    ("*.accept_redirects", _LOOSER),
    ("*.secure_redirects", _STRICTER),
    ("*.send_redirects", _LOOSER),
    ("*.accept_source_route", _LOOSER),
    ("*.accept_local", _LOOSER),
    ("*.accept_ra", _LOOSER),
    ("*.route_localnet", _LOOSER),
    ("*.proxy_arp", _LOOSER),
    ("*.ip_nonlocal_bind", _LOOSER),
    ("net.ipv4.icmp_echo_ignore_*", _STRICTER),
    ("net.ipv4.ip_unprivileged_port_start", _STRICTER),
    ("net.ipv4.ip_forward", Direction("routes", "routes no more")),
    ("*.forwarding", Direction("routes", "routes no more")),
    ("*.disable_ipv6", Direction("IPv6 off", "IPv6 on")),
    ("*.log_martians", Direction("logs more", "logs less")),
    ("net.ipv4.tcp_[rw]mem", _MEMORY),
    ("net.ipv4.tcp_mem", _MEMORY),
    ("net.ipv4.udp_mem", _MEMORY),
    ("net.core.?mem_max", _MEMORY),
    ("net.core.?mem_default", _MEMORY),
    ("net.core.optmem_max", _MEMORY),
    ("net.core.somaxconn", _QUEUE),
    ("net.core.netdev_max_backlog", _QUEUE),
    ("net.ipv4.tcp_max_syn_backlog", _QUEUE),
    ("net.ipv4.tcp_max_tw_buckets", _ROOM),
    ("net.ipv4.tcp_max_orphans", _ROOM),
    ("net.*nf_conntrack_max", _ROOM),
    ("net.netfilter.nf_conntrack_buckets", _ROOM),
    ("net.ipv?.neigh.*.gc_thresh?", _ROOM),
    ("net.netfilter.nf_conntrack_*timeout*", _LONGER),
    ("net.ipv4.tcp_fin_timeout", _LONGER),
    ("net.ipv4.tcp_keepalive_time", _LONGER),
    ("net.ipv4.tcp_keepalive_intvl", _LONGER),
    ("net.ipv4.tcp_tw_reuse_delay", _LONGER),
    ("net.ipv4.tcp_*retries*", _TRIES),
    ("net.ipv4.tcp_keepalive_probes", _TRIES),
    ("net.ipv4.tcp_timestamps", _ON),
    ("net.ipv4.tcp_sack", _ON),
    ("net.ipv4.tcp_window_scaling", _ON),
    ("net.ipv4.tcp_syncookies", _ON),
    ("net.ipv4.tcp_moderate_rcvbuf", _ON),
    ("net.ipv4.tcp_tw_recycle", _ON),
    ("net.ipv4.tcp_rfc1337", _ON),
)


def direction_of(key: Key) -> Direction | None:
    """Return what more and less of the key mean, None where nothing general can be said."""
    return next((direction for pattern, direction in _TABLE if fnmatchcase(key, pattern)), None)
