"""What somebody can do to show a rule what it could not see."""

from __future__ import annotations

from tuner.snapshot.snapshot import Missing, Snapshot, Source

_DENIED = f"({Missing.DENIED})"
_SOURCES = {
    Source.SYSCTL_A: "`sysctl -a` shows no files, sockets or counters",
    Source.SOSREPORT: "a sosreport does not hold everything",
    Source.ROOT: "a root file system shows nothing live",
}


def remedy(snapshot: Snapshot, reason: str) -> str:
    """Return what would show it, empty where nothing is known to help.

    Args:
        snapshot: what the rule was asked about.
        reason: what it could not see; a path is a file that takes part at boot.
    """
    lacking = _SOURCES.get(snapshot.source)
    if lacking is not None:
        return f"{lacking}: ask the host itself, or take a dump there (tuner probe)"
    if snapshot.system.uid and (_DENIED in reason or reason.startswith("/")):
        return "the login may not read it: ask as root (--become), or take the dump as root"
    return ""
