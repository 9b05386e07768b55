"""What was known before a run: its baseline, and waivers that cover nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tuner.cli.paths import is_folder, write_atomically
from tuner.compare.baseline import (
    NEVER_KNOWN,
    Baseline,
    Use,
    found,
    parse_baseline,
    print_baseline,
)
from tuner.errors import ReportError, UsageError
from tuner.inventory.host import Host
from tuner.inventory.scope import Scopes
from tuner.report._report import fold
from tuner.rules._finding import Verdict
from tuner.rules._waivers import Unused, unused_waivers

Verdicts = Mapping[str, Verdict | None]


class Known:
    """The baselines of one run: the one that is read, and the one that is written."""

    def __init__(self, options: argparse.Namespace, hosts: Sequence[Host]) -> None:
        """Read the baseline.

        Raises:
            ReportError: it cannot be read.
            UsageError: the folder of the one to be written is not there.
        """
        self._hosts = hosts
        self._baseline = _read(Path(options.baseline)) if options.baseline else None
        if self._baseline is not None:
            self._baseline.bind(Scopes(hosts))
        self._target = Path(options.write_baseline) if options.write_baseline else None
        if self._target is not None and not is_folder(self._target.parent):
            raise UsageError(
                f"--write-baseline: there is no folder {self._target.parent}", hint="make it first"
            )
        self._whole = not options.limit and not options.sources
        self._own_roles = not options.roles

    def split(self, host: str, verdict: Verdict) -> Verdict:
        """Return the verdict with known findings set apart: all, where a baseline is written."""
        if self._target is not None:
            known = tuple(it for it in verdict.findings if it.rule not in NEVER_KNOWN)
            kept = tuple(it for it in verdict.findings if it.rule in NEVER_KNOWN)
            return replace(verdict, findings=kept, known=known)
        return verdict if self._baseline is None else self._baseline.split(host, verdict)

    def finish(self, verdicts: Verdicts, *, interrupted: bool) -> Use | None:
        """Write the new baseline, and return what the run made of the one that counts.

        Entries of an old one that this run could say nothing about are kept. An interrupted run
        writes nothing.

        Raises:
            UsageError: it cannot be written.
        """
        if self._target is None:
            if self._baseline is None:
                return None
            return self._baseline.use(verdicts, whole=self._whole)
        if interrupted:
            print(f"tuner: interrupted: {self._target} was not written", file=sys.stderr)
        else:
            kept = [] if self._baseline is None else list(self._baseline.unjudged(verdicts))
            pieces = print_baseline(found(verdicts, kept), fold)
            write_atomically(self._target, pieces)
        known = sum(len(verdict.known) for verdict in verdicts.values() if verdict)
        return Use(str(self._target), known)

    def idle_waivers(self, verdicts: Verdicts) -> tuple[Unused, ...]:
        """Return the waivers that cover nothing on any of their hosts.

        Only a run over the whole inventory, by its own roles, can tell.
        """
        if not self._whole or not self._own_roles:
            return ()
        return unused_waivers(
            (host.name, host.waivers, verdicts[host.name]) for host in self._hosts
        )


def _read(path: Path) -> Baseline:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(
            f"cannot read the baseline: {error.strerror}",
            file=str(path),
            hint="make one: tuner audit --write-baseline FILE",
        ) from None
    except UnicodeDecodeError as error:
        raise ReportError(
            f"not UTF-8 (byte {error.start})", file=str(path), hint="save it as UTF-8"
        ) from None
    return parse_baseline(text, file=str(path))
