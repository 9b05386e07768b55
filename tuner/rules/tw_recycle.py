"""tcp_tw_recycle is on, or a line still asks for it.

What it flags
    A kernel that has the key with it switched on, now or at the next boot: error. A kernel that has
    no such key, and a line that sets it: a warning where the line says on, a note where it says
    off.

Why it is wrong
    With it the kernel remembers, for each remote address, the last timestamp it saw, and for 60 s
    drops every SYN from that address with an older timestamp (since 3.17 also with none). Two hosts
    behind one NAT share an address but no clock, so one of them cannot connect. It is no safer
    without NAT: Linux 4.10, and kernels that carry commit 165573e41f2f (6.1.192, 6.12.117 and
    6.18.33 among them), give every connection a clock of its own, and look to such a server like
    many hosts behind one NAT. 4.11 went back to one clock for each pair of hosts, for the sake of
    such servers. TIME_WAIT of the host itself lasts 3.5 retransmission timeouts then, and protects
    as little. On a kernel without the key the line does nothing but make `sysctl -p` exit with 1.

Instead
    0 on kernels up to 4.11; no line at all on later ones. TIME_WAIT on a server needs nothing done;
    a client that runs out of ports wants tcp_tw_reuse.

Applies to
    Linux up to 4.11, the last release with the key, for what it breaks; every later one for the
    dead line.

Evidence
    linux commit 4396e46187ca, which removed it; the key's absence; the line.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.errors import Unreadable
from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._growth import events
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.snapshot.facts import Balancer, Known, Spread
from tuner.snapshot.snapshot import Snapshot, Source
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.ipv4.tcp_tw_recycle")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield the live danger, the one that the next boot brings, or the dead lines."""
    live = snapshot.number(KEY)
    if live is None:
        yield from _dead_lines(snapshot)
        return
    decision = snapshot.boot.decisions.get(KEY) if snapshot.boot is not None else None
    if live != 0:
        yield RULE.finding(
            _danger(snapshot),
            key=KEY,
            wanted="0",
            fix=Fix("0", safe=True),
        )
    elif decision is not None and _is_on(decision.setting):
        yield RULE.finding(
            f"The next boot switches it on. {_danger(snapshot)}",
            key=KEY,
            wanted="0",
            at=decision.setting,
            fix=Fix("0", safe=True),
        )


def _danger(snapshot: Snapshot) -> str:
    """Return the one sentence that is true of this kernel and of the path to its clients."""
    facts = snapshot.facts
    refused = events(snapshot, "TcpExt.PAWSPassive")
    count = f" It has refused {refused:,} SYNs since boot (PAWSPassive)." if refused else ""
    older = (
        "an older timestamp or none" if snapshot.kernel.at_least(3, 17) else "an older timestamp"
    )
    start = (
        f"For 60 s after a connection closes, SYNs from the same address with {older} are dropped"
    )
    if snapshot.kernel.at_least(4, 10) and not snapshot.kernel.at_least(4, 11):
        count = (
            " Linux 4.10 itself gives every connection a clock of its own, so that two hosts like "
            f"this one refuse each other, with or without NAT.{count}"
        )
    if facts.balancer is Balancer.L7:
        return (
            f"{start}. All clients come from the L7 balancer's address, and one address is not one "
            "clock: several balancers may share it, and newer kernels give every connection its "
            f"own.{count}"
        )
    if facts.nat is Known.YES:
        hashed = facts.balancer is Balancer.L4 and facts.spread is Spread.IP_HASH
        all_here = ", all of whom the balancer's address hash sends here" if hashed else ""
        return (
            f"{start}, and clients behind this host's NAT share an address but no clock{all_here}."
            f"{count}"
        )
    if facts.nat is Known.NO:
        return (
            f"{start}; without NAT that still hits clients whose kernels give every connection a "
            f"clock of its own, such as Linux 4.10, 6.1.192, 6.12.117 and 6.18.33.{count}"
        )
    return (
        f"{start}, which hits every second client behind one NAT (the inventory does not say "
        "whether there is one), and clients whose kernels give every connection a clock of its "
        f"own.{count}"
    )


def _dead_lines(snapshot: Snapshot) -> Iterator[Finding]:
    if snapshot.boot is None:
        raise Unreadable("sysctl.d files")
    for line in lines_for(snapshot, KEY):
        exit_status = (
            "" if line.ignore_failure else ", and makes `sysctl -p` on its file exit with 1"
        )
        belief = f" {_beliefs(snapshot)}" if _is_on(line) else ""
        yield RULE.finding(
            f"Linux 4.12 removed tcp_tw_recycle: the line does nothing{exit_status}.{belief}",
            key=KEY,
            wanted="no such line",
            at=line,
            severity=Severity.WARNING if _is_on(line) else Severity.NOTE,
        )
    snapshot.require_boot()


def _beliefs(snapshot: Snapshot) -> str:
    if snapshot.source is Source.FILES:  # which any host may load, older ones too
        return "Older kernels refuse clients by it, with NAT and without."
    return "It never was safe with NAT."


def _is_on(line: Setting) -> bool:
    given = parse_value(line.effective or "").written
    return bool(given) and given[0] != 0 if given else False


RULE = Rule(
    id="tw-recycle",
    kind=Kind.HAZARD,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "linux@4396e46187ca",
        "linux@95a22caee396",
        "linux@28ee1b746f49",
        "linux@165573e41f2f",
        "linux v3.10 net/ipv4/tcp_ipv4.c tcp_v4_conn_request",
        "linux v4.10 net/ipv4/tcp_input.c tcp_conn_request",
        "linux v4.10 net/ipv4/tcp_metrics.c tcp_peer_is_proven",
    ),
    doc=__doc__,
    check=check,
)
