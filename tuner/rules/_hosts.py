"""What kind of host this is, as far as roles, facts and interface names tell."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.policy.policy import Policy
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

GATEWAY = "nat-gateway"
SERVERS = frozenset({"public-server", "internal-server"})
_CLIENT = "client-heavy"
_FORWARD = Key("net.ipv4.ip_forward")
_TUNNELS = (
    "tun",
    "tap",
    "wg",
    "ipsec",
    "vti",
    "gre",
    "gretap",
    "sit",
    "ip6tnl",
    "ppp",
    "tailscale",
)
_CONTAINERS = (
    "docker",
    "br-",
    "cni",
    "cali",
    "flannel",
    "virbr",
    "lxdbr",
    "lxcbr",
    "podman",
    "kube-",
)
_CLUSTERS = ("cni", "cali", "flannel", "kube-", "cilium", "weave", "nodelocaldns")
_KUBELET = 10250


def is_gateway(policy: Policy) -> bool:
    """Tell whether the host's role is to translate the connections of others."""
    return GATEWAY in policy.lineage


def is_server(policy: Policy) -> bool:
    """Tell whether one of the host's roles is to accept connections."""
    return bool(policy.lineage & SERVERS)


def is_client(policy: Policy) -> bool:
    """Tell whether one of the host's roles is to open many connections."""
    return _CLIENT in policy.lineage


def tunnels(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the interfaces whose names are those of tunnels."""
    return tuple(
        name
        for name in snapshot.interfaces
        if name.startswith(_TUNNELS) and not name.endswith(("gre0", "gretap0", "sit0", "ip6tnl0"))
    )


def forwards_for(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the interfaces that containers, virtual machines and tunnels need forwarding for."""
    return tuple(
        name
        for name in snapshot.interfaces
        if name.startswith(_CONTAINERS) or name in tunnels(snapshot)
    )


def clusters(snapshot: Snapshot) -> str:
    """Return what shows that this is a Kubernetes node, empty where nothing does."""
    for name in snapshot.interfaces:
        if name.startswith(_CLUSTERS):
            return f"interface {name}"
    sockets = snapshot.sockets
    if sockets is not None and any(it.port == _KUBELET for it in sockets.listeners):
        return f"the kubelet's port {_KUBELET}"
    return ""


def forwards(snapshot: Snapshot) -> bool:
    """Tell whether IPv4 forwarding is on.

    Raises:
        Unreadable: the key could not be read.
    """
    return bool(snapshot.number(_FORWARD))


def few(names: Sequence[str], most: int = 4) -> str:
    """Return the first names in words, and how many more there are.

    A dot in an interface's name, which is a slash where keys are spelled in dots, is one again.
    """
    shown = ", ".join(names[:most]).replace("/", ".")
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
