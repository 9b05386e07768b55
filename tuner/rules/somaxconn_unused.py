"""net.core.somaxconn is far above what any listener asked for.

What it flags
    somaxconn at least four times the largest backlog of the host's listeners, above the kernel's
    default, and set on purpose.

Why it is wrong
    The backlog of a listener is the smaller of what its program passes to listen() and of somaxconn
    at that moment. Raising somaxconn alone changes nothing: nginx asks for 511, Java for 50, many
    others for 128. Neither does it reach a program that called listen() before it was raised.

Instead
    Raise the backlog in the program's own configuration and restart it; or leave somaxconn where
    the programs are.

Applies to
    Hosts whose sockets could be seen, and listeners that others can reach; sshd does not count.
    Where a queue is overflowing, listen-queue-overflow names the listener and its cure, and this
    rule is silent.

Evidence
    linux __sys_listen_socket(): the smaller of both, once. ss(8) shows it as Send-Q. Measured on
    Linux 6.18: 16 stays 16 after the setting changed, until listen() is called again.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._growth import events
from tuner.rules._in_force import default_of, is_set
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.core.somaxconn")
_TIMES = 4
_SSH = 22


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding where no listener uses the room."""
    limit = snapshot.number(KEY)
    default = default_of(snapshot, KEY)
    number = default.int() if default is not None else None
    if limit is None or number is None or limit <= number or not is_set(snapshot, KEY):
        return
    listeners = [
        it
        for it in snapshot.require_sockets().listeners
        if it.backlog > 0 and it.port != _SSH and not it.address.startswith("127.")
    ]
    largest = max(listeners, key=lambda it: it.backlog, default=None)
    if largest is None or limit < _TIMES * largest.backlog:
        return
    if any(it.queued > it.backlog for it in listeners) or events(
        snapshot, "TcpExt.ListenOverflows"
    ):
        return
    yield RULE.finding(
        f"somaxconn is {limit:,}, and the largest backlog that a listener has is "
        f"{largest.backlog:,} (port {largest.port}): the programs ask for no more, or called "
        "listen() before it was raised.",
        key=KEY,
        wanted="a backlog that the programs ask for as well",
    )


RULE = Rule(
    id="somaxconn-unused",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/socket.c __sys_listen_socket",
        "listen(2)",
    ),
    doc=__doc__,
    check=check,
)
