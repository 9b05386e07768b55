"""What the next boot gives a key, as far as a snapshot can tell."""

from __future__ import annotations

from tuner.rules._finding import NextBoot, Origin
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import mainline_default
from tuner.sysctl.key import Key


def next_boot(snapshot: Snapshot, key: Key) -> NextBoot:
    """Return what the next boot gives the key, as far as the snapshot can tell.

    A line that the kernel refuses decides nothing. Where a file that takes part could not be read,
    it might decide any key.
    """
    boot = snapshot.boot
    if boot is None or boot.unreadable:
        return NextBoot(Origin.UNKNOWN)
    decision = boot.decisions.get(key)
    if decision is not None:
        setting = decision.setting
        return NextBoot(Origin.FILE, decision.value, setting.path, setting.line)
    if snapshot.reading(key) is Missing.ABSENT:
        return NextBoot(Origin.ABSENT)
    default = mainline_default(key, snapshot.kernel)
    return NextBoot(Origin.DEFAULT, default) if default else NextBoot(Origin.UNSET)
