"""A key needs a module that is not there yet when the files are read.

What it flags
    A line for a key of nf_conntrack, br_netfilter or another module, where no modules-load.d file
    names that module: a warning for a whole tree or a host, a note for a file alone.

Why it is wrong
    systemd-sysctl runs early in the boot, right after modules-load. A module that comes with the
    first firewall rule or the first bridge comes later, and with the kernel's defaults: the line
    found no key, was passed over in silence, and is not tried again. After `sysctl --system` by
    hand it works, until the next boot.

Instead
    The module's name in /etc/modules-load.d/, or a udev rule that loads the settings when the
    module comes (sysctl.d(5) has it).

Applies to
    Modules that the catalogue names; on a host, those that it has loaded. A module that is built
    in needs nothing.

Evidence
    systemd-sysctl.service: After=systemd-modules-load.service; systemd issues 1113 and 43362.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules.hygiene._spots import Spot, kernel_of, spots
from tuner.snapshot.snapshot import Snapshot, Source


def _is_gone(snapshot: Snapshot, spot: Spot) -> bool:
    """Tell whether the key has gone whatever module is loaded."""
    kernel, parameter = kernel_of(snapshot), spot.parameter
    if parameter is None:
        return False
    return parameter.until is not None if kernel is None else not parameter.present_in(kernel)


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for the first line of each such module in each file."""
    loaded = {
        word
        for entry in snapshot.modules_load
        for word in entry.content.decode("utf-8", "replace").replace("-", "_").split()
    }
    told: set[tuple[str, str]] = set()
    for spot in spots(snapshot):
        module = spot.parameter.module if spot.is_assignment and spot.parameter else ""
        if (
            not module
            or module in loaded
            or (spot.path, module) in told
            or _is_gone(snapshot, spot)
        ):
            continue
        told.add((spot.path, module))
        if snapshot.source is not Source.FILES and module not in snapshot.loadable:
            continue  # built in, not there at all, or not known to be a module
        alone = snapshot.source is Source.FILES and not snapshot.modules_load
        yield RULE.finding(
            f"{spot.key} appears when {module} is loaded, and no modules-load.d file loads it "
            "before the settings are read.",
            key=spot.key,
            at=spot.place(),
            wanted=f"{module} in /etc/modules-load.d/",
            severity=Severity.NOTE if alone else None,
        )


RULE = Rule(
    id="module-comes-later",
    kind=Kind.HYGIENE,
    severity=Severity.WARNING,
    confidence=Confidence.LIKELY,
    sources=(
        "sysctl.d(5)",
        "systemd v252 units/systemd-sysctl.service.in",
    ),
    doc=__doc__,
    check=check,
    files=True,
)
