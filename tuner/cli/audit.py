"""`tuner audit`: ask every host, judge what it said, tell what is wrong."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime

import tuner
from tuner.cli.consoles import on_stderr
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts, limitable, whom
from tuner.cli.known import Known
from tuner.cli.outputs import Outputs
from tuner.cli.policies import DEFAULT_ROLE, policies_of
from tuner.inventory.host import Host
from tuner.policy.policy import Severity
from tuner.remote.collect import collect
from tuner.remote.session import Session
from tuner.report._gauges import Gauges, gauges
from tuner.report._report import Failure, HostReport, Report
from tuner.report.text import print_arrival
from tuner.rules._check import check, registry
from tuner.rules._finding import Finding, Verdict
from tuner.rules._state import KeyState, key_states
from tuner.sysctl.catalog import parameters


def run(options: argparse.Namespace) -> Exit:
    """Audit the hosts that the options name."""
    outputs = Outputs(options)
    hosts = choose_hosts(options)
    before = Known(options, hosts)
    policies = policies_of(hosts, options)
    rules = tuple(registry().values())
    parameters()  # now, or each of the threads would read the catalogue
    today = datetime.now(UTC).date()
    known: dict[Finding, Finding] = {}
    tables: dict[tuple[KeyState, ...], tuple[KeyState, ...]] = {}
    measures: dict[Gauges, Gauges] = {}
    started = _now()
    outputs.open()

    def work(host: Host, session: Session) -> HostReport:
        snapshot = collect(host, session)
        keys = key_states(snapshot, policies[host.roles])
        verdict = check(snapshot, policies[host.roles], rules, waivers=host.waivers, today=today)
        verdict = before.split(host.name, verdict)
        measured = gauges(snapshot)
        return HostReport(
            name=host.name,
            roles=host.roles or (DEFAULT_ROLE,),
            groups=host.groups,
            kernel=str(snapshot.kernel),
            os=snapshot.system.os_name,
            verdict=_shared(verdict, known),
            keys=tables.setdefault(keys, keys),
            gauges=measures.setdefault(measured, measured),
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
        outputs.arrive(report)
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
        whom=whom(options),
        whole=not options.limit,
        limitable=limitable(options),
        baseline=before.finish(verdicts, interrupted=interrupted),
        unused_waivers=before.idle_waivers(verdicts),
    )
    code = _exit(report)
    outputs.finish(report, code)
    return code


def _exit(report: Report) -> Exit:
    """Return the exit code: incomplete outranks findings."""
    if report.interrupted:
        return Exit.INTERRUPTED
    if report.incomplete:
        return Exit.INCOMPLETE
    return Exit.FINDINGS if report.failed else Exit.CLEAN


def _shared(verdict: Verdict, known: dict[Finding, Finding]) -> Verdict:
    """Return the verdict with findings that other hosts have too held once in memory."""
    findings = tuple(known.setdefault(finding, finding) for finding in verdict.findings)
    return replace(verdict, findings=findings)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
