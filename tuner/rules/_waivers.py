"""Which waivers cover nothing on any host that has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuner.policy.waiver import Waiver
from tuner.rules._finding import Verdict
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.nearest import nearest


@dataclass(frozen=True, slots=True)
class Unused:
    """A waiver that covers nothing on any of the hosts that have it, all of them judged."""

    waiver: Waiver
    hosts: tuple[str, ...]

    @property
    def meant(self) -> str:
        """The known key that a misspelt one may stand for; empty for none."""
        key = self.waiver.key
        return nearest(Key(key)) if key is not None and describe(Key(key)) is None else ""


def unused_waivers(
    hosts: Iterable[tuple[str, Sequence[Waiver], Verdict | None]],
) -> tuple[Unused, ...]:
    """Return the waivers that cover nothing anywhere.

    A group's waiver is one waiver: it is used if it covers a finding on one of the group's hosts.
    Where a host could not be judged by a rule that it might cover, nobody knows.
    """
    idle: dict[Waiver, list[str] | None] = {}
    for name, waivers, verdict in hosts:
        for waiver in waivers:
            members = idle.setdefault(waiver, [])
            if members is None:
                continue
            if verdict is None or _used(waiver, verdict):
                idle[waiver] = None
            else:
                members.append(name)
    return tuple(Unused(waiver, tuple(names)) for waiver, names in idle.items() if names)


def _used(waiver: Waiver, verdict: Verdict) -> bool:
    """Tell whether it covers something, or might if every rule could see what it needs."""
    if any(waiver.rule in {None, skipped.rule} for skipped in verdict.skipped):
        return True
    found = (*verdict.findings, *verdict.known, *(it.finding for it in verdict.waived))
    return any(
        waiver.covers(finding.rule, finding.key)
        for finding in found
        if finding.rule != "expired-waiver"
    )
