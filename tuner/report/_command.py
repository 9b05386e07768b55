"""The one command that a group of hosts needs next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from tuner.report._report import Block, Outcome, Report
from tuner.rules._finding import Kind, Verdict

LONGEST = 100_000
"""Characters of a command; Linux takes at most 131,072 in one argument."""

_BECOME = "--become"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CURABLE = {Kind.POLICY, Kind.HYGIENE}


class Commands:
    """The commands of one report's groups; it looks at the inventory's groups once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._everyone = [host.name for host in report.hosts]
        self._groups: dict[str, set[str]] = {}
        if report.whole:
            for host in report.hosts:
                for group in host.groups:
                    self._groups.setdefault(group, set()).add(host.name)
        self._ambiguous = set(self._groups)  # "!web3" leaves out the group web3, not the host
        names = set(self._everyone)
        self._groups = {
            group: members
            for group, members in sorted(self._groups.items())
            if _NAME.fullmatch(group) and group not in names
        }

    def of(self, block: Block) -> str:
        """Return a line for a shell; empty where nothing is to be done or said in one line."""
        verdict = block.like.verdict
        match block.outcome:
            case Outcome.CLEAN:
                return ""
            case Outcome.UNREACHABLE:
                return self._on("audit", block.hosts)
            case Outcome.UNJUDGED:
                if verdict is None:
                    return self._on("audit", block.hosts)
                # Where root was refused the next step does not say so, and a dump asks nobody.
                helps = any(_BECOME in skipped.hint for skipped in verdict.skipped)
                more = helps and not {_BECOME, "--from"}.intersection(self._report.whom)
                return self._on("audit", block.hosts, *([_BECOME] if more else []))
        if verdict is None:
            return ""
        if any(finding.fix or finding.kind in _CURABLE for finding in verdict.single):
            return self._on("plan", block.hosts) or _explain(verdict)
        return _explain(verdict)

    def on(self, hosts: Sequence[str]) -> str:
        """Return the command that plans for these hosts, empty where no limit can name them."""
        return self._on("plan", hosts)

    def title(self, hosts: Sequence[str]) -> str:
        """Return the inventory's name for exactly these hosts, empty where it has none."""
        wanted = set(hosts)
        return next((group for group, members in self._groups.items() if members == wanted), "")

    def _on(self, command: str, hosts: Sequence[str], *flags: str) -> str:
        words = ["tuner", command, *self._report.whom, *flags]
        if len(hosts) < len(self._everyone) or not self._report.whole:
            limit = self._limit(hosts) if self._report.limitable else ""
            if not limit:
                return ""
            words += ["--limit", limit]
        line = shlex.join(words)
        return line if len(line) <= LONGEST else ""

    def _limit(self, hosts: Sequence[str]) -> str:
        """Return the shortest pattern that means these hosts and no other, empty for none."""
        if not all(_NAME.fullmatch(name) for name in hosts):
            return ""
        return min(self._patterns(hosts), key=lambda pattern: (len(pattern), pattern))

    def _patterns(self, hosts: Sequence[str]) -> Iterator[str]:
        wanted = set(hosts)
        yield ",".join(hosts)
        left = dict.fromkeys(hosts)
        union = []
        for group, members in sorted(
            self._groups.items(), key=lambda item: (-len(item[1]), item[0])
        ):
            if wanted <= members:
                if len(members) >= 2 * len(wanted):
                    continue  # to name who is meant is shorter than to name who is not
                others = sorted(members - wanted)
                if all(_NAME.fullmatch(name) for name in others) and not (
                    self._ambiguous.intersection(others)
                ):
                    yield ",".join([group, *(f"!{name}" for name in others)])
            elif members <= wanted and members & left.keys():
                union.append(group)
                left = {name: None for name in left if name not in members}
        if union:
            yield ",".join([*union, *left])


def _explain(verdict: Verdict) -> str:
    return f"tuner explain {verdict.findings[0].rule}" if verdict.findings else ""
