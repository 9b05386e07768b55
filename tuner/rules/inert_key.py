"""A line sets a key that this kernel keeps and ignores.

What it flags
    A line that boot reads, for a key that is still there and does nothing on this kernel any more;
    and net.ipv4.route.flush, which empties a cache once and is no setting.

Why it is wrong
    The kernel accepts the number and nothing reads it. Who tunes by such a line looks for the cause
    of a change, or of none, in the wrong place.

Instead
    Delete the line.

Applies to
    Keys whose end the catalogue knows: tcp_low_latency since Linux 4.14, tcp_fack since 4.15,
    tcp_adv_win_scale since 6.6, net.ipv4.route.max_size and gc_* since 3.6. On an older kernel the
    same line does something and is not flagged. A value that merely repeats the default is left
    alone.

Evidence
    The sources that the catalogue names for the key.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.errors import Unreadable
from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import agrees
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

_TRIGGER = Key("net.ipv4.route.flush")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line of an ignored key, once a key."""
    if snapshot.boot is None:
        raise Unreadable("sysctl.d files")
    done: set[Key] = set()
    for line in snapshot.boot.settings:
        if line.is_pattern or line.value is None or line.key in done:
            continue
        if line.key == _TRIGGER:
            done.add(line.key)
            yield RULE.finding(
                "Writing to route.flush empties the routes' cache once, at boot, when it is empty; "
                "since Linux 3.6 there is no cache of routes for it to hold back.",
                key=line.key,
                wanted="no such line",
                at=line,
            )
            continue
        parameter = describe(line.key)
        if parameter is None or not parameter.inert_in(snapshot.kernel):
            continue
        default = parameter.default(snapshot.kernel)
        if default is not None and agrees(line.key, parse_value(line.effective or ""), default):
            continue
        if snapshot.reading(line.key) is Missing.ABSENT:
            continue
        done.add(line.key)
        yield RULE.finding(
            f"Since Linux {parameter.inert_since} the kernel keeps {line.key} and ignores it.",
            key=line.key,
            wanted="no such line",
            at=line,
        )
    snapshot.require_boot()


RULE = Rule(
    id="inert-key",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "the sources that the catalogue names for the key",
        "linux v6.18 Documentation/networking/ip-sysctl.rst",
    ),
    doc=__doc__,
    check=check,
)
