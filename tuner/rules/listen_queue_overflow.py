"""Connections are lost because a listener's queue is full.

What it flags
    A listener whose accept queue is full at the moment, or TcpExt.ListenOverflows that grows
    between the two samples: an error; overflows that happen ten times an hour or more since boot: a
    warning.

Why it is wrong
    A connection that has finished its handshake waits in the listener's queue until the program
    calls accept(). When the queue holds more than the backlog, the kernel drops the client's last
    packet and every further SYN in silence; the client waits a second and more, and tries again.

Instead
    Two causes, two cures. A burst that the program drains soon: a longer backlog, in the program's
    configuration and in somaxconn, and a restart, since both count at listen() alone. A program
    that is too slow: more workers; a longer queue then only lets clients wait longer.

Applies to
    Hosts whose counters could be seen. The listener is named by its queue of the moment or by what
    it has dropped (ss -m, the number behind "d").

Evidence
    ss(8) Recv-Q and Send-Q of listeners; linux sk_acceptq_is_full(). Measured on Linux 6.18: a
    backlog of 8 holds 9, and the tenth raises ListenOverflows.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import accept_queue, accept_wait
from tuner.rules._growth import Growth, growth
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Listener, Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.core.somaxconn")
_OFTEN = 10.0  # an hour
_MANY = 100


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for each full listener, or one for those that overflowed."""
    lost = growth(snapshot, "TcpExt.ListenOverflows")
    sockets = snapshot.sockets
    listeners = sockets.listeners if sockets is not None else ()
    full = [it for it in listeners if it.backlog > 0 and it.queued > it.backlog]
    for listener in full[:4]:
        yield _finding(snapshot, listener, lost, "is full", Severity.ERROR)
    if full or not (lost.now or (lost.total >= _MANY and lost.often(_OFTEN))):
        return
    severity = Severity.ERROR if lost.now else Severity.WARNING
    dropped = sorted((it for it in listeners if it.drops), key=lambda it: -it.drops)
    for listener in dropped[:2]:
        yield _finding(
            snapshot, listener, lost, f"has lost {listener.drops:,} connections", severity
        )
    if not dropped:
        yield RULE.finding(
            f"Accept queues overflowed, {lost.words}; which listener's, the host could not tell "
            "(ss -ltnm shows it).",
            wanted="a longer backlog, or a faster accept()",
            severity=severity,
            confidence=Confidence.LIKELY,
        )


def _finding(
    snapshot: Snapshot, listener: Listener, lost: Growth, what: str, severity: Severity
) -> Finding:
    limit = snapshot.number(KEY)
    clamped = limit is not None and listener.backlog >= limit
    cure = (
        f"somaxconn clamps it to {limit}: raise both and restart the program"
        if clamped
        else f"the program asked for {listener.backlog}, or called listen() before somaxconn was "
        f"raised to {limit}: raise it there and restart"
        if limit is not None
        else "raise it in the program and restart"
    )
    return RULE.finding(
        f"The queue of port {listener.port}{_program(snapshot, listener)} {what}: it holds "
        f"{listener.queued:,}, and at most {accept_queue(listener.backlog, listener.backlog):,} "
        f"(backlog {listener.backlog:,} + 1){_wait(snapshot, listener)}. Overflows: {lost.words}. "
        f"If accept() keeps up on average, {cure}; if not, the program needs more workers.",
        key=KEY if clamped else None,
        wanted="a longer backlog, or a faster accept()",
        severity=severity,
        fix=Fix(str(max(4096, 2 * (limit or 0))), safe=True) if clamped else None,
    )


def _program(snapshot: Snapshot, listener: Listener) -> str:
    owners = snapshot.sockets.owners if snapshot.sockets is not None else ()
    names = [it.program for it in owners if it.state == "LISTEN" and it.port == listener.port]
    return f" ({names[0]})" if names else ""


def _wait(snapshot: Snapshot, listener: Listener) -> str:
    """Return how long the last one waits, where the host accepts anything at all."""
    counters = snapshot.counters
    rate = counters.rates.get("Tcp.PassiveOpens", 0.0) if counters is not None else 0.0
    if rate < 1 or not listener.queued:
        return ""
    return f", the last for {accept_wait(listener.queued, rate):,.1f} s at the present rate"


RULE = Rule(
    id="listen-queue-overflow",
    kind=Kind.PRESSURE,
    severity=Severity.ERROR,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 include/net/sock.h sk_acceptq_is_full",
        "linux v6.18 net/ipv4/tcp_ipv4.c tcp_v4_syn_recv_sock",
        "linux v6.18 net/socket.c __sys_listen_socket",
    ),
    doc=__doc__,
    check=check,
)
