"""`tuner apply`: make a plan, or read a saved one, and carry it out."""

from __future__ import annotations

import argparse

from tuner.apply.job import Kind, make_job
from tuner.cli.carry_out import Intent, carry_out, new_id
from tuner.cli.exits import Exit
from tuner.cli.plans import plans_for


def run(options: argparse.Namespace) -> Exit:
    """Carry out the plans of the hosts that the options name."""
    planned = plans_for(options)
    number = new_id()
    jobs = {name: make_job(plan, number) for name, plan in planned.plans.items()}
    intent = Intent(
        kind=Kind.APPLY,
        source=planned.source,
        hosts=planned.hosts,
        jobs={name: job for name, job in jobs.items() if not job.empty},
        show=planned.show,
        ends=planned.ends,
    )
    return carry_out(intent, number, options)
