"""A key is spelled as an absolute path.

What it flags
    A key that begins with /proc/sys/: a warning. Any other that begins with a slash and does not
    lead to a key: an error.

Why it is wrong
    systemd-sysctl and procps look below /proc/sys for a folder proc, which is not there: the line
    is passed over. busybox opens the path as it stands, with O_CREAT and O_TRUNC: `/etc/hosts = x`
    overwrites that file at boot, as root.

Instead
    The key from net on: `net/ipv4/ip_forward` or `net.ipv4.ip_forward`.

Applies to
    Every loader. `/net/ipv4/ip_forward` works under systemd-sysctl and procps and is flagged as
    well, since busybox does not know it.

Evidence
    Measured with busybox 1.30, 1.35 and 1.38; systemd 247 to 262; procps 3.3.17 to 4.0.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import spots
from tuner.snapshot.snapshot import Snapshot

_SUSPECT = re.compile(rb"(?m)^[ \t]*-?[ \t]*/")
_ROOT = "/proc/sys/"
_TREES = ("/net/", "/kernel/", "/vm/", "/fs/", "/dev/", "/abi/", "/user/", "/crypto/", "/debug/")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every key that begins with a slash."""
    for spot in spots(snapshot, _SUSPECT):
        path = spot.spelled
        if not path.startswith("/"):
            continue
        if path.startswith(_ROOT):
            yield RULE.finding(
                "systemd-sysctl and procps look for this below /proc/sys and find nothing: the "
                "line is passed over.",
                at=spot.place(),
                wanted=f"{path.removeprefix(_ROOT)} = {spot.value}",
            )
        elif path.startswith(_TREES):
            yield RULE.finding(
                "busybox takes this for a path from the root and does not find the key.",
                at=spot.place(),
                wanted=f"{path.lstrip('/')} = {spot.value}",
                severity=Severity.NOTE,
            )
        else:
            yield RULE.finding(
                f"busybox would overwrite the file {path} with this value, as root; the others "
                "pass over the line.",
                at=spot.place(),
                wanted="no such line",
                severity=Severity.ERROR,
            )


RULE = Rule(
    id="absolute-path",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "busybox 1.35 procps/sysctl.c sysctl_act_on_setting",
        "systemd v252 src/basic/sysctl-util.c sysctl_normalize",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
