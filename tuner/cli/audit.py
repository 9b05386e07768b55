"""`tuner audit`: ask every host, judge what it said, tell what is wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import tuner
from tuner.cli.consoles import for_file, on_stderr, on_stdout
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts
from tuner.cli.known import Known
from tuner.cli.paths import write_atomically
from tuner.cli.policies import DEFAULT_ROLE, policies_of
from tuner.errors import UsageError
from tuner.inventory.host import Host
from tuner.policy.policy import Severity
from tuner.remote.collect import collect
from tuner.remote.session import Session
from tuner.report._report import Failure, HostReport, Report
from tuner.report.as_json import render_json
from tuner.report.text import print_arrival, print_report
from tuner.rules._check import check, registry
from tuner.rules._finding import Finding, Verdict
from tuner.rules._state import KeyState, key_states


def run(options: argparse.Namespace) -> Exit:
    """Audit the hosts that the options name."""
    outputs = [_output(text) for text in options.outputs]
    hosts = choose_hosts(options)
    before = Known(options, hosts)
    policies = policies_of(hosts, options)
    rules = tuple(registry().values())
    today = datetime.now(UTC).date()
    known: dict[Finding, Finding] = {}
    tables: dict[tuple[KeyState, ...], tuple[KeyState, ...]] = {}
    started = _now()

    def work(host: Host, session: Session) -> HostReport:
        snapshot = collect(host, session)
        keys = key_states(snapshot, policies[host.roles])
        verdict = check(snapshot, policies[host.roles], rules, waivers=host.waivers, today=today)
        verdict = before.split(host.name, verdict)
        return HostReport(
            name=host.name,
            roles=host.roles or (DEFAULT_ROLE,),
            groups=host.groups,
            kernel=str(snapshot.kernel),
            os=snapshot.system.os_name,
            verdict=_shared(verdict, known),
            keys=tables.setdefault(keys, keys),
        )

    stderr = on_stderr()
    done: dict[str, HostReport] = {}

    def arrive(host: Host, result: HostReport | Failure) -> None:
        report = (
            HostReport(
                name=host.name,
                roles=host.roles or (DEFAULT_ROLE,),
                groups=host.groups,
                failure=result,
            )
            if isinstance(result, Failure)
            else result
        )
        done[host.name] = report
        if options.verbose:
            print_arrival(report, stderr)

    interrupted = ask(work, hosts, options=options, arrive=arrive, console=stderr)
    verdicts = {name: report.verdict for name, report in done.items()}
    report = Report(
        hosts=tuple(done[host.name] for host in hosts),
        version=tuner.__version__,
        started=started,
        finished=_now(),
        fail_on=None if options.fail_on == "never" else Severity[options.fail_on.upper()],
        interrupted=interrupted,
        baseline=before.finish(verdicts, interrupted=interrupted),
        unused_waivers=before.idle_waivers(verdicts),
    )
    code = _exit(report)
    for form, path in outputs:
        write_atomically(path, _FORMS[form](report, code))
    _print(report, code, options.format)
    return code


def _print(report: Report, code: Exit, form: str) -> None:
    if form == "text":
        print_report(report, on_stdout())
    else:
        sys.stdout.writelines(_FORMS[form](report, code))
    sys.stdout.flush()


def _text(report: Report, _: Exit) -> list[str]:
    console = for_file()
    with console.capture() as capture:
        print_report(report, console)
    return [capture.get()]


def _json(report: Report, code: Exit) -> list[str]:
    return list(render_json(report, exit_code=code))


_FORMS: Mapping[str, Callable[[Report, Exit], list[str]]] = {"text": _text, "json": _json}


def _exit(report: Report) -> Exit:
    """Return the exit code: incomplete outranks findings."""
    if report.interrupted:
        return Exit.INTERRUPTED
    if report.incomplete:
        return Exit.INCOMPLETE
    return Exit.FINDINGS if report.failed else Exit.CLEAN


def _output(text: str) -> tuple[str, Path]:
    """Return format and file of one --output.

    Raises:
        UsageError: it is not FORMAT:FILE, or the folder is not there.
    """
    form, colon, name = text.partition(":")
    if not colon or form not in _FORMS or not name:
        raise UsageError(
            f"--output {text!r} is not FORMAT:FILE",
            hint=f"formats: {', '.join(_FORMS)}; as in --output json:report.json",
        )
    path = Path(name)
    if not path.parent.is_dir():
        raise UsageError(f"--output: there is no folder {path.parent}", hint="make it first")
    return form, path


def _shared(verdict: Verdict, known: dict[Finding, Finding]) -> Verdict:
    """Return the verdict with findings that other hosts have too held once in memory."""
    findings = tuple(known.setdefault(finding, finding) for finding in verdict.findings)
    return replace(verdict, findings=findings)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
