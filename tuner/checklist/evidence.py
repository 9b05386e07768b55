"""What a host itself shows about a question: an answer, a contradiction, or merely a number.

A function here asks the snapshot and nothing else. Where the source cannot know, asking raises
``Unreadable``, and the question is unseen, never answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tuner.checklist.item import Witness, ports_of
from tuner.errors import Unreadable
from tuner.policy.policy import Severity
from tuner.rules._check import registry
from tuner.rules._finding import Finding, State, Verdict
from tuner.rules._formulas import TIME_WAIT, usable_ports
from tuner.rules._state import KeyState
from tuner.rules._values import port_range, reserved_ports
from tuner.snapshot.snapshot import Flow, Listener, Missing, Snapshot
from tuner.sysctl.key import Key

SOMAXCONN = Key("net.core.somaxconn")
KEEPALIVE = Key("net.ipv4.tcp_keepalive_time")
ARP_IGNORE = Key("net.ipv4.conf.all.arp_ignore")
ARP_ANNOUNCE = Key("net.ipv4.conf.all.arp_announce")
_ENOUGH = 100
"""Connections below which a host is too idle for its sockets to say anything about its load."""

_LONGEST = 400  # characters of one line of evidence: hosts choose what is in it
_SHOWN = 5  # findings or listeners in the evidence of one question
_RIGHT_ANNOUNCE = 2
_ENDING = {State.LOST_AT_BOOT, State.SHADOWED, State.DECIDED_LATER}


@dataclass(frozen=True, slots=True)
class Scene:
    """One host as the questions see it."""

    snapshot: Snapshot
    verdict: Verdict
    keys: tuple[KeyState, ...] = ()
    planned: frozenset[Key] = frozenset()  # keys that the change to be decided on puts right


@dataclass(frozen=True, slots=True)
class Shown:
    """What the host shows.

    ``answer``: it decides the question itself. ``contradicts``: why the claim cannot be right.
    ``against``: why the claim, though it may be right, speaks against deploying.
    """

    answer: str = ""
    says: tuple[str, ...] = ()
    contradicts: str = ""
    against: str = ""


Evidence = Callable[[Scene, str], Shown]
"""``(host, claim)``; the claim is empty where nobody has made one."""


def hear(witness: Witness, scene: Scene, claim: str) -> Shown:
    """Return what the host shows about a question.

    Raises:
        Unreadable: its source could not see what that takes.
    """
    if witness.evidence:
        return EVIDENCE[witness.evidence](scene, claim)
    rules = set(witness.rules) | {
        rule.id
        for rule in registry().values()
        if rule.kind in witness.kinds and rule.id not in witness.but
    }
    return _judged(rules, scene)


def applies(witness: Witness) -> bool:
    """Tell whether the host can be a witness at all: some rule is of the kinds it names."""
    return not witness.kinds or any(rule.kind in witness.kinds for rule in registry().values())


def _judged(rules: set[str], scene: Scene) -> Shown:
    """Answer yes where none of the rules finds a warning or worse that nobody has waived.

    What the change at hand puts right does not speak against it.
    """
    verdict = scene.verdict
    found = [finding for finding in verdict.findings if finding.rule in rules]
    bad = [
        finding
        for finding in found
        if finding.severity >= Severity.WARNING and finding.key not in scene.planned
    ]
    for skipped in verdict.skipped:
        if skipped.rule in rules and not bad:
            raise Unreadable(skipped.reason)
    waived = [it for it in verdict.waived if it.finding.rule in rules]
    says = [
        ("the plan changes it: " if finding.key in scene.planned else "") + _in_words(finding)
        for finding in found
    ]
    says += [
        f"waived until {it.waiver.until} by {it.waiver.owner}: {_in_words(it.finding)}"
        for it in waived
    ]
    return Shown("no" if bad else "yes", _cut(says))


def _next_boot(scene: Scene, claim: str) -> Shown:  # noqa: ARG001
    """Does the next boot leave every setting of the role as it is now?"""
    scene.snapshot.require_boot()
    says = [
        f"{state.key}: {state.state}" + (f" ({state.note})" if state.note else "")
        for state in scene.keys
        if state.state in _ENDING and state.key not in scene.planned
    ]
    named = {state.key for state in scene.keys if state.state in _ENDING}
    says += [
        _in_words(finding)
        for finding in scene.verdict.findings
        if finding.rule == "boot-drift"
        and finding.key not in named | scene.planned
        and finding.severity >= Severity.WARNING
    ]
    return Shown("no" if says else "yes", _cut(says))


def _backlogs(scene: Scene, claim: str) -> Shown:
    """Is the backlog in force what somaxconn allows? Send-Q of a listener in ss(8)."""
    allowed = scene.snapshot.number(SOMAXCONN)
    if allowed is None:
        raise Unreadable(f"{SOMAXCONN} (absent)")
    listeners = _serving(scene.snapshot)
    if listeners and not any(listener.backlog for listener in listeners):
        raise Unreadable("the backlogs of listeners (the host has no ss)")
    short = [listener for listener in listeners if listener.backlog < allowed]
    says = _cut(
        f"{_at(listener)} has a backlog of {listener.backlog} in force; {SOMAXCONN} is {allowed}"
        for listener in short
    )
    if not listeners:
        says = ("nothing listens on an address that others can reach",)
    wrong = ""
    if claim == "all" and short:
        wrong = says[0]
    for port in ports_of(claim):
        here = [listener for listener in listeners if listener.port == port]
        less = [listener for listener in here if listener.backlog < allowed]
        if not here:
            wrong = wrong or f"nothing listens on port {port}"
        elif less:
            wrong = wrong or (
                f"{_at(less[0])} has a backlog of {less[0].backlog} in force, and {SOMAXCONN} is "
                f"{allowed}: the program asked for less, or listened before the setting was raised"
            )
    return Shown("all" if listeners and not short else "", says, contradicts=wrong)


def _closes(*, outgoing: bool) -> Evidence:
    """Which side closes first? TIME_WAIT is kept by that side alone."""

    def evidence(scene: Scene, claim: str) -> Shown:
        flows = _flows(scene.snapshot, outgoing=outgoing)
        waiting = sum(flow.count for flow in flows if flow.state == "TIME-WAIT")
        what = "outgoing" if outgoing else "accepted"
        says = f"{waiting} {what} connections in TIME_WAIT, which the side that closes first keeps"
        if waiting < _ENOUGH:
            return Shown(says=(says,))
        wrong = f"this host does: {says}" if claim == "peer" else ""
        return Shown("" if claim else "this-host", (says,), contradicts=wrong)

    return evidence


def _reuses(*, outgoing: bool) -> Evidence:
    """Do connections live long?

    By Little's law ``established = rate * life`` and ``TIME_WAIT = rate * 60 s``: more TIME_WAIT
    than established means that a connection lives for less than 60 s on average.
    """

    def evidence(scene: Scene, claim: str) -> Shown:
        worst, most = "", 0
        for where, (waiting, established) in _by_end(scene.snapshot, outgoing=outgoing).items():
            if waiting > max(established, _ENOUGH, most):
                most = waiting
                worst = (
                    f"{where}: {waiting} in TIME_WAIT and {established} established, so that a "
                    f"connection lives for less than {TIME_WAIT} s on average"
                )
        if not worst:
            return Shown()
        return Shown("" if claim else "no", (worst,), worst if claim == "yes" else "")

    return evidence


def _headroom(scene: Scene, claim: str) -> Shown:
    """Is half of the local port range used towards one destination, where connect() gets slow?"""
    limits = port_range(scene.snapshot)
    if limits is None:
        raise Unreadable("net.ipv4.ip_local_port_range (absent)")
    usable = usable_ports(*limits, reserved_ports(scene.snapshot))
    ends = _by_end(scene.snapshot, outgoing=True)
    if not ends:
        return Shown(says=(f"no outgoing connection seen; {usable} local ports are usable",))
    where, counts = max(ends.items(), key=lambda item: sum(item[1]))
    used = sum(counts)
    says = (
        f"{where}: {used} of {usable} usable local ports in use ({100 * used // (usable or 1)} %)"
    )
    scarce = 2 * used >= usable
    if not scarce and used < _ENOUGH:
        return Shown(says=(f"{says}; too little to tell",))
    wrong = says if scarce and claim == "no" else ""
    return Shown("yes" if scarce else "no", (says,), contradicts=wrong)


def _keepalive(scene: Scene, claim: str) -> Shown:
    """Does the kernel's first keep-alive probe come before the path forgets the connection?"""
    idle = scene.snapshot.number(KEEPALIVE)
    if idle is None:
        raise Unreadable(f"{KEEPALIVE} (absent)")
    says = (f"{KEEPALIVE} is {idle} s",)
    if claim.isdecimal() and idle >= int(claim):
        return Shown(
            says=says,
            against=f"the path forgets a connection after {claim} s of silence, and the kernel's "
            f"first keep-alive probe comes after {idle} s",
        )
    return Shown(says=says)


def _direct_return(scene: Scene, claim: str) -> Shown:
    """Does a host that shares the balancer's address keep silent about it in ARP?"""
    ignore, announce = (_strictest(scene.snapshot, key) for key in (ARP_IGNORE, ARP_ANNOUNCE))
    says = (f"the strictest arp_ignore is {ignore}, the strictest arp_announce {announce}",)
    if claim == "yes" and (ignore < 1 or announce < _RIGHT_ANNOUNCE):
        return Shown(
            says=says,
            against="the host answers ARP for the balancer's address: it takes arp_ignore 1 and "
            "arp_announce 2, on all or on the interface",
        )
    return Shown(says=says)


def _aborts(scene: Scene, claim: str) -> Shown:  # noqa: ARG001
    """How often was a socket closed with SO_LINGER 0? The counter has other causes, too."""
    total = scene.snapshot.require_counters().totals.get("TcpExt.TCPAbortOnData")
    if total is None:
        return Shown()
    what = "close() with SO_LINGER 0, and data that came for a socket already closed"
    return Shown(says=(f"TCPAbortOnData is {total} since boot: it counts {what}",))


EVIDENCE: Mapping[str, Evidence] = {
    "next-boot": _next_boot,
    "listen-backlogs": _backlogs,
    "closes-outgoing": _closes(outgoing=True),
    "closes-accepted": _closes(outgoing=False),
    "reuses-outgoing": _reuses(outgoing=True),
    "reuses-accepted": _reuses(outgoing=False),
    "port-headroom": _headroom,
    "keepalive": _keepalive,
    "direct-return": _direct_return,
    "aborts": _aborts,
}


def _in_words(finding: Finding) -> str:
    parts = [f"{finding.severity} {finding.rule}"]
    if finding.key:
        parts.append(str(finding.key))
    if finding.live is not None:
        live = finding.live if isinstance(finding.live, Missing) else str(finding.live)
        parts.append(f"live {live or 'empty'}")
    if finding.wanted:
        parts.append(f"wanted {finding.wanted}")
    if finding.path:
        parts.append(f"{finding.path}:{finding.line}")
    return " · ".join(parts)


def _cut(says: Iterable[str]) -> tuple[str, ...]:
    lines = tuple(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in says)
    if len(lines) <= _SHOWN + 1:
        return lines
    return (*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more")


def _serving(snapshot: Snapshot) -> list[Listener]:
    """Return the listeners that others can reach."""
    return [
        listener
        for listener in snapshot.require_sockets().listeners
        if not listener.address.startswith("127.") and listener.address != "::1"
    ]


def _at(listener: Listener) -> str:
    address = f"[{listener.address}]" if ":" in listener.address else listener.address
    return f"{address}:{listener.port}"


def _flows(snapshot: Snapshot, *, outgoing: bool) -> list[Flow]:
    return [
        flow
        for flow in snapshot.require_sockets().flows
        if flow.outbound is outgoing and not flow.loopback
    ]


def _by_end(snapshot: Snapshot, *, outgoing: bool) -> dict[str, tuple[int, int]]:
    """Return TIME_WAIT and established connections per destination, or per listening port."""
    found: dict[str, tuple[int, int]] = {}
    for flow in _flows(snapshot, outgoing=outgoing):
        where = (
            f"{flow.local} to {_end(flow.remote, flow.remote_port)}"
            if outgoing
            else f"port {flow.local_port}"
        )
        waiting, established = found.get(where, (0, 0))
        if flow.state == "TIME-WAIT":
            waiting += flow.count
        elif flow.state == "ESTAB":
            established += flow.count
        found[where] = (waiting, established)
    return found


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _strictest(snapshot: Snapshot, key: Key) -> int:
    """Return the largest of conf.*: the kernel takes the larger of all and the interface."""
    overall = snapshot.number(key)
    if overall is None:
        raise Unreadable(f"{key} (absent)")
    before, _, last = key.partition(".all.")
    best = overall
    for name in snapshot.live:
        if name.startswith(f"{before}.") and name.endswith(f".{last}"):
            reading = snapshot.reading(name)
            number = None if isinstance(reading, Missing) else reading.int()
            best = max(best, number or 0)
    return best
