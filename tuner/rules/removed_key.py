"""A line sets a key that this kernel does not have.

What it flags
    A line of a file that boot reads, for a key that was removed before this kernel's release, that
    came later, or that no Linux ever had; and that is indeed absent here. A warning where the line
    asks for a larger connection table than the successor of its key allows.

Why it is wrong
    The line does nothing, and whoever reads the file believes that it does. `sysctl -p` and `sysctl
    --system` stop with exit status 1 or complain on it, which hides the errors that matter;
    systemd-sysctl passes over it in silence.

Instead
    Delete the line. Where the key has a successor, the finding names it.

Applies to
    Keys whose lifetime the catalogue knows. A key that is merely absent because its module is not
    loaded, or because the host is a container, is no such key. net.ipv4.tcp_tw_recycle has a rule
    of its own on hosts, tw-recycle. What the host shows beats what its release implies: a key that
    is there is never reported, since vendors backport. For files alone the line is reported if any
    later kernel lacks the key.

Evidence
    The key's absence below /proc/sys, and the releases in which the kernel's source has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.errors import Unreadable
from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import kernel_of, spots
from tuner.snapshot.snapshot import Missing, Snapshot, Source
from tuner.sysctl.catalog import Parameter, describe
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

_HAS_ITS_OWN_RULE = Key("net.ipv4.tcp_tw_recycle")


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for every line whose key this kernel cannot have."""
    if snapshot.source is Source.FILES:
        yield from _in_files(snapshot)
        return
    if snapshot.boot is None:
        raise Unreadable("sysctl.d files")
    for setting in snapshot.boot.settings:
        parameter = None if setting.is_pattern else describe(setting.key)
        if (
            parameter is None
            or setting.value is None
            or setting.key == _HAS_ITS_OWN_RULE
            or snapshot.reading(setting.key) is not Missing.ABSENT
            or parameter.present_in(snapshot.kernel)
        ):
            continue
        instead = f" Nearest to it is {parameter.replaced_by}." if parameter.replaced_by else ""
        short = _still_short(snapshot, parameter, setting)
        exit_status = (
            "" if setting.ignore_failure else ", and makes `sysctl -p` on its file exit with 1"
        )
        yield RULE.finding(
            f"{_history(snapshot, parameter)} The line does nothing{exit_status}.{instead}{short}",
            key=setting.key,
            wanted="no such line",
            at=setting,
            severity=Severity.WARNING if short else None,
        )
    snapshot.require_boot()


def _still_short(snapshot: Snapshot, parameter: Parameter, setting: Setting) -> str:
    """Return what the successor is, where the line asks for more than that."""
    if parameter.replaced_by is None or not parameter.replaced_by.endswith("_max"):
        return ""
    live = snapshot.reading(parameter.replaced_by)
    now = live.int() if isinstance(live, Value) else None
    asked = parse_value(setting.effective or "").written
    if now is None or not asked or asked[0] <= now:
        return ""
    return f" It is {now:,} here, and not the {asked[0]:,} that the line asks for."


def _in_files(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for every line whose key the kernel cannot have, or any later one."""
    kernel = kernel_of(snapshot)
    for spot in spots(snapshot):
        parameter = spot.parameter if spot.is_assignment else None
        if parameter is None or spot.key == _HAS_ITS_OWN_RULE:
            continue
        gone = parameter.never or parameter.until is not None
        if gone if kernel is None else not parameter.present_in(kernel):
            instead = f"{parameter.replaced_by}" if parameter.replaced_by else "no such line"
            yield RULE.finding(
                f"{_history(snapshot, parameter)} On a kernel without it the line does nothing.",
                key=spot.key,
                at=spot.place(),
                wanted=instead,
            )


def _history(snapshot: Snapshot, parameter: Parameter) -> str:
    if parameter.never:
        return f"No Linux release ever had {parameter.key}."
    known = kernel_of(snapshot) is not None
    if parameter.until is not None and not (known and _is_too_old(snapshot, parameter)):
        return f"Linux {parameter.until} was the last to have {parameter.key}."
    return f"{parameter.key} came with Linux {parameter.since}; this is {snapshot.kernel}."


def _is_too_old(snapshot: Snapshot, parameter: Parameter) -> bool:
    if parameter.since is None:
        return False
    major, minor = (int(number) for number in parameter.since.split(".")[:2])
    return not snapshot.kernel.at_least(major, minor)


RULE = Rule(
    id="removed-key",
    kind=Kind.HYGIENE,
    severity=Severity.NOTE,
    confidence=Confidence.PROVEN,
    sources=(
        "the sources that the catalogue names for the key",
        "procps-ng 4.0.2 src/sysctl.c",
        "systemd v252 src/sysctl/sysctl.c",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
