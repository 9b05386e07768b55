"""A comment follows a value on the same line.

What it flags
    A blank and `#` or `;` after a value. A warning where the key takes numbers, an error where it
    takes a word or a list.

Why it is wrong
    No loader knows comments after a value: all of it is written to the kernel. A key of numbers
    stops reading at the blank and takes the number, by luck; systemd 262 with --verify puts the
    old value back. A key that takes a word (tcp_congestion_control, default_qdisc) answers ENOENT,
    which systemd-sysctl passes over in silence, procps 4 exits with 1 on, and busybox drops the
    rest of the file for. A list of ports answers EINVAL.

Instead
    The comment on a line of its own, above.

Applies to
    Every loader. A `#` inside a value without a blank before it is a refused value.

Evidence
    Measured with systemd 247 to 262, procps 3.3.17 to 4.0.7 and busybox 1.30 to 1.38: `= 22 # x`
    sets 22 and succeeds, `= reno # x` fails as said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import COMMENT, Spot, spots
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.value import parse_value

_SUSPECT = re.compile(rb"=[^\n\r]*[ \t][#;]")
_WORDS = {"string", "ports"}


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every value that a comment follows."""
    for spot in spots(snapshot, _SUSPECT):
        match = COMMENT.search(spot.raw) if spot.is_assignment else None
        if match is None or not match.start():
            continue
        place = spot.place(spot.line.value_offset + match.end() - 1)
        parameter = spot.parameter
        words = (
            not parse_value(spot.value).written
            if parameter is None
            else parameter.type in _WORDS and not _is_numbers(spot)
        )
        if words:
            what = "as part of the value, which refuses it: the line does nothing."
        else:
            what = (
                "with the value. A number is read up to the blank; anything else would be refused."
            )
        yield RULE.finding(
            f"The comment is written to the kernel {what}",
            at=place,
            wanted=f"{spot.spelled} = {spot.value}",
            severity=Severity.ERROR if words else None,
        )


def _is_numbers(spot: Spot) -> bool:
    """Tell whether a value of ports is two numbers, as of ip_local_port_range."""
    return spot.key.endswith("_port_range")


RULE = Rule(
    id="trailing-comment",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "systemd v252 src/sysctl/sysctl.c parse_file",
        "procps-ng 4.0.2 src/sysctl.c parse_setting_line",
        "linux v6.18 kernel/sysctl.c do_proc_dointvec",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
