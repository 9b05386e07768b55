"""A listener has a backlog that its next restart takes away.

What it flags
    A listener whose backlog is longer than somaxconn is now.

Why it is wrong
    somaxconn counts when a program calls listen(), and never again. This program called it when the
    limit was higher. After its next restart, perhaps in the middle of an outage, its queue is as
    short as the setting says.

Instead
    somaxconn at least as high as the longest backlog; or the shorter one on purpose, and a restart.

Applies to
    Hosts whose sockets could be seen.

Evidence
    ss(8) Send-Q of listeners against net.core.somaxconn; linux __sys_listen_socket().
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._hosts import few
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key

KEY = Key("net.core.somaxconn")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield one finding about the longest such backlog."""
    limit = snapshot.number(KEY)
    if limit is None:
        return
    older = [it for it in snapshot.require_sockets().listeners if it.backlog > limit]
    if not older:
        return
    ports = few([str(port) for port in sorted({it.port for it in older})])
    longest = max(it.backlog for it in older)
    yield RULE.finding(
        f"Port {ports}: a backlog of {longest:,} from before somaxconn was set to {limit:,}; the "
        f"next restart shortens it to {limit:,}.",
        key=KEY,
        wanted=f"at least {longest}",
        fix=Fix(str(longest), safe=True),
    )


RULE = Rule(
    id="backlog-older-than-somaxconn",
    kind=Kind.PRESSURE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/socket.c __sys_listen_socket",
        "listen(2)",
    ),
    doc=__doc__,
    check=check,
)
