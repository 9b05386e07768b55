"""TCP sockets as the probe counts them on the host, from ss(8) or from /proc/net/tcp."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeVar

from tuner.snapshot.snapshot import Flow, Listener, Owner, Sockets

T = TypeVar("T")

_STATES = {
    "01": "ESTAB",
    "02": "SYN-SENT",
    "03": "SYN-RECV",
    "04": "FIN-WAIT-1",
    "05": "FIN-WAIT-2",
    "06": "TIME-WAIT",
    "07": "UNCONN",
    "08": "CLOSE-WAIT",
    "09": "LAST-ACK",
    "0A": "LISTEN",
    "0B": "CLOSING",
    "0C": "SYN-RECV",  # the kernel's NEW_SYN_RECV
}
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")
_MOST_PORTS = 65535
_FLOW_WORDS = 7
_IPV4, _IPV6 = 8, 32  # hexadecimal digits


class _Words(dict[str, T]):
    """Words and what they mean; the same address and port are in many lines."""

    def __init__(self, meaning: Callable[[str], T]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, word: str) -> T:
        found = self[word] = self._meaning(word)
        return found


@dataclass
class _Reader:
    """What has been read so far; ``kernel`` says that the words are /proc/net/tcp's."""

    kernel: bool = False
    truncated: bool = False
    states: dict[str, int] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    drops: dict[str, int] = field(default_factory=dict)
    owners: list[Owner] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.addresses = _Words(self.address)
        self.ports = _Words(self.port)
        self.counts = _Words(_decimal)
        self.names = _Words(self.state)

    def state(self, text: str) -> str:
        return _STATES.get(text, text) if self.kernel else text

    def number(self, text: str) -> int:
        if self.kernel:
            return int(text, 16) if _HEX.fullmatch(text) else 0
        return _decimal(text)

    def port(self, text: str) -> int:
        return min(self.number(text), _MOST_PORTS)

    def address(self, text: str) -> str:
        """Return the address without brackets, ss's interface, and IPv6's wrapping of IPv4."""
        plain = _unfold(text) if self.kernel else text.replace("*", "::")
        return plain.partition("%")[0].strip("[]").removeprefix("::ffff:")

    def flow(self, words: list[str]) -> Flow:
        _, count, state, local, local_port, remote, remote_port = words
        inbound = remote == "-"
        return Flow(
            self.names[state],
            self.addresses[local],
            self.ports[local_port],
            "" if inbound else self.addresses[remote],
            0 if inbound else self.ports[remote_port],
            self.counts[count],
        )


def parse_sockets(lines: Iterable[str]) -> Sockets | None:
    """Return the sockets of the probe's section; None where the host could not list them.

    Addresses are without brackets, ``::`` for any; IPv4 in IPv6 is shown as IPv4.
    """
    reader = _Reader()
    seen = False
    for line in lines:
        words = line.split()
        if len(words) == _FLOW_WORDS and words[0] == "flow":
            reader.flows.append(reader.flow(words))
            continue
        match words:
            case ["via", form]:
                reader.kernel = form == "proc"
                seen = True
            case ["truncated"]:
                reader.truncated = True
                seen = True
            case ["state", state, count]:
                reader.states[reader.state(state)] = _decimal(count)
            case ["listener", here, queued, backlog]:
                address, _, port = here.rpartition(":")
                reader.listeners.append(
                    Listener(
                        reader.address(address),
                        reader.port(port),
                        reader.number(queued),
                        reader.number(backlog),
                        reader.drops.get(here, 0),
                    )
                )
            case ["drops", here, count]:
                reader.drops[here] = _decimal(count)
            case ["owner", state, port, program, count]:
                reader.owners.append(
                    Owner(state, min(_decimal(port), _MOST_PORTS), program[:40], _decimal(count))
                )
    if not seen:
        return None
    reader.flows.sort(key=attrgetter("count"), reverse=True)
    reader.owners.sort(key=lambda owner: (-owner.count, owner.program))
    return Sockets(
        states=reader.states,
        listeners=tuple(reader.listeners),
        flows=tuple(reader.flows),
        truncated=reader.truncated,
        owners=tuple(reader.owners),
    )


def _decimal(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0  # noqa: PLR2004


def _unfold(text: str) -> str:
    """Return the address that the kernel prints as host-order words of 32 bits."""
    if len(text) not in {_IPV4, _IPV6}:
        return text
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return text
    turned = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    address = ipaddress.ip_address(turned)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
