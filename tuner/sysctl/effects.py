"""What else a write to a key of the network changes.

Sources: Linux 6.18 ``net/ipv4/devinet.c`` (``devinet_conf_proc``, ``devinet_copy_dflt_conf``,
``inet_forward_change``), ``net/ipv6/addrconf.c`` (``addrconf_fixup_forwarding``,
``addrconf_disable_ipv6``, ``addrconf_sysctl_addr_gen_mode``), ``nf_conntrack_standalone.c``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.sysctl.key import Key

if TYPE_CHECKING:  # it calls this
    from tuner.sysctl.kernel import Kernel

_IPV4, _IPV6 = "net.ipv4.conf.", "net.ipv6.conf."
_FORWARD = Key("net.ipv4.ip_forward")
_ALL_FORWARD = Key("net.ipv4.conf.all.forwarding")
_ALIASES = {
    _FORWARD: _ALL_FORWARD,
    _ALL_FORWARD: _FORWARD,
    Key("net.nf_conntrack_max"): Key("net.netfilter.nf_conntrack_max"),
    Key("net.netfilter.nf_conntrack_max"): Key("net.nf_conntrack_max"),
}
"""Two names of one variable."""
_SHARED = frozenset({"all", "default"})
_WHOLE_HOST = frozenset(
    {"disable_ipv6", "forwarding", "addr_gen_mode", "ignore_routes_with_linkdown"}
)
"""The only IPv6 settings whose ``all`` reaches ``default`` and every interface."""


def after(kernel: Kernel, key: Key, *, changed: bool, refused: bool) -> list[Key]:
    """Carry out what a write to the key brings with it; return what that changed."""
    found: list[Key] = []
    text = kernel.text(key)
    alias = _ALIASES.get(key)
    if alias is not None and changed and text is not None and kernel.set(alias, text):
        found.append(alias)
    if key in {_FORWARD, _ALL_FORWARD}:
        if changed and text is not None:
            found += _forward_everywhere(kernel, text)
    elif key.startswith(_IPV4):
        found += _ipv4(kernel, *key.removeprefix(_IPV4).rpartition(".")[::2])
    elif changed and ".neigh." in key and text is not None:
        found += _neighbour(kernel, key, text)
    elif key.startswith(f"{_IPV6}all.") and text is not None and not refused:
        name = key.rpartition(".")[2]
        if name in _WHOLE_HOST and (changed or name != "addr_gen_mode"):
            found += _ipv6_everywhere(kernel, name, text)
    return found


def _forward_everywhere(kernel: Kernel, text: str) -> list[Key]:
    """``ip_forward`` changed: redirects of ``all`` are its opposite, forwarding follows."""
    on = text.strip() not in {"0", ""}
    wanted = [(Key(f"{_IPV4}all.accept_redirects"), "0" if on else "1")]
    wanted += [
        (Key(f"{_IPV4}{name}.forwarding"), text)
        for name in ("default", *_interfaces(kernel, _IPV4))
    ]
    for name in _interfaces(kernel, _IPV4):
        kernel.interface(name).written.add("forwarding")
    return [key for key, value in wanted if kernel.set(key, value)]


def _ipv4(kernel: Kernel, interface: str, name: str) -> list[Key]:
    """A write to ``default`` reaches interfaces that nobody and no address has settled."""
    if interface != "default":
        kernel.interface(interface).written.add(name)
        return []
    if name == "forwarding":
        return []
    text = kernel.text(Key(f"{_IPV4}default.{name}"))
    found = []
    for each in _interfaces(kernel, _IPV4):
        state = kernel.interface(each)
        key = Key(f"{_IPV4}{each}.{name}")
        settled = state.addressed or name in state.written
        if text is not None and not settled and kernel.set(key, text):
            found.append(key)
    return found


def _ipv6_everywhere(kernel: Kernel, name: str, text: str) -> list[Key]:
    return [
        key
        for interface in ("default", *_interfaces(kernel, _IPV6))
        if kernel.set(key := Key(f"{_IPV6}{interface}.{name}"), text)
    ]


_USER_HZ = 100
_UNITS = {"retrans_time": 1000 // _USER_HZ, "base_reachable_time": 1000}
"""Old names of neighbour times, and how many milliseconds their unit has."""


def _neighbour(kernel: Kernel, key: Key, text: str) -> list[Key]:
    """Two names of one time: ``retrans_time`` and ``retrans_time_ms`` (``neighbour.c``)."""
    folder, _, name = key.rpartition(".")
    old = name.removesuffix("_ms")
    unit = _UNITS.get(old)
    if unit is None or not text.isdigit():
        return []
    milliseconds = int(text) if name.endswith("_ms") else int(text) * unit
    if kernel.hz and (name.endswith("_ms") or unit < 1000):  # noqa: PLR2004 - a second
        rounds = (
            -(-milliseconds * kernel.hz // 1000)
            if name.endswith("_ms")
            else (milliseconds * kernel.hz // 1000)
        )
        milliseconds = rounds * 1000 // kernel.hz
        kernel.set(key, str(milliseconds if name.endswith("_ms") else milliseconds // unit))
    other = Key(f"{folder}.{old}" if name.endswith("_ms") else f"{folder}.{old}_ms")
    value = milliseconds // unit if name.endswith("_ms") else milliseconds
    return [other] if kernel.set(other, str(value)) else []


def _interfaces(kernel: Kernel, folder: str) -> list[str]:
    """Return the interfaces' names as keys spell them."""
    return kernel.below(folder)
