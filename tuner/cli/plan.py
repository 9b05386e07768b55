"""`tuner plan` and `tuner apply --dry-run`: what would be done, with nothing done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources

from tuner.cli.consoles import on_stderr, on_stdout
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts
from tuner.cli.paths import saved_as, write_atomically
from tuner.cli.policies import DEFAULT_ROLE, policies_of
from tuner.cli.template import Template, template_of
from tuner.inventory.host import Host
from tuner.plan.make import make_plan
from tuner.plan.saved import save_plans
from tuner.remote.collect import collect
from tuner.remote.session import Session
from tuner.report._report import Failure
from tuner.report.plans import HostPlan, Shown, print_plans
from tuner.rules._check import check, registry

DIFFS = {
    "both": Shown(),
    "semantic": Shown(lines=False),
    "unified": Shown(values=False),
    "none": Shown(values=False, lines=False),
}


def run(options: argparse.Namespace) -> Exit:
    """Plan for the hosts that the options name, and show it."""
    output = saved_as(options.output)
    template = template_of(options.template)
    hosts = choose_hosts(options)
    planned, interrupted = plan_hosts(hosts, options, template)
    code = _exit(planned, interrupted=interrupted)
    document = _document(planned)
    if output is not None:
        write_atomically(output, [document])
    if options.format == "json":
        sys.stdout.write(document)
    else:
        print_plans(planned, on_stdout(), DIFFS[options.diff], interrupted=interrupted)
    sys.stdout.flush()
    return code


def plan_hosts(
    hosts: Sequence[Host], options: argparse.Namespace, template: Template
) -> tuple[list[HostPlan], bool]:
    """Ask the hosts and return a plan of each in their order, and whether it was interrupted.

    Raises:
        PolicyError: a profile is wrong, a role unknown, or two roles of a host contradict.
    """
    policies = policies_of(hosts, options)
    rules = tuple(registry().values())
    today = datetime.now(UTC).date()
    done: dict[str, HostPlan] = {}

    def work(host: Host, session: Session) -> HostPlan:
        snapshot = collect(host, session)
        policy = policies[host.roles]
        verdict = check(snapshot, policy, rules, waivers=host.waivers, today=today)
        plan = make_plan(
            snapshot,
            verdict,
            policy,
            template.text,
            waivers=[it for it in host.waivers if it.until >= today],
            unsafe=options.unsafe,
            edit_others=options.edit_others,
            template_file=template.file,
        )
        return HostPlan(host.name, plan.roles, plan, unjudged=len(verdict.skipped))

    def arrive(host: Host, result: HostPlan | Failure) -> None:
        if isinstance(result, Failure):
            result = HostPlan(host.name, host.roles or (DEFAULT_ROLE,), failure=result)
        done[host.name] = result

    interrupted = ask(work, hosts, options=options, arrive=arrive, console=on_stderr())
    return [done[host.name] for host in hosts], interrupted


def print_schema(_: argparse.Namespace) -> Exit:
    """Print the JSON Schema of a saved plan."""
    schema = resources.files("tuner.plan") / "schema" / "plan-1.json"
    sys.stdout.write(schema.read_text(encoding="utf-8"))
    return Exit.CLEAN


def _document(planned: Sequence[HostPlan]) -> str:
    return save_plans(
        (host.plan for host in planned if host.plan is not None),
        failures=[
            {
                "host": host.name,
                "kind": host.failure.kind,
                "message": host.failure.message,
                "hint": host.failure.hint,
            }
            for host in planned
            if host.failure is not None
        ],
    )


def _exit(planned: Sequence[HostPlan], *, interrupted: bool) -> Exit:
    """Return the exit code: incomplete outranks that there is something to do."""
    if interrupted:
        return Exit.INTERRUPTED
    if any(host.incomplete for host in planned):
        return Exit.INCOMPLETE
    something = any(host.plan is not None and not host.plan.empty for host in planned)
    return Exit.FINDINGS if something else Exit.CLEAN
