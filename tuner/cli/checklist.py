"""`tuner checklist`: what must be known before a deployment, and who answered it."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

import tuner
from tuner.checklist.answer import Answer
from tuner.checklist.attestation import (
    FILE,
    Attestation,
    Attestations,
    added,
    parse_attestations,
    refusal,
)
from tuner.checklist.checklist import Checklist, HostAnswers, sections
from tuner.checklist.evidence import Scene
from tuner.checklist.item import Item
from tuner.checklist.questions import items_for, load_items, settled_order
from tuner.checklist.settle import settle
from tuner.checklist.ticket import Ticket, read_ticket
from tuner.cli.consoles import for_file, on_stderr, on_stdout
from tuner.cli.exits import Exit
from tuner.cli.fan_out import ask
from tuner.cli.hosts import choose_hosts, collected
from tuner.cli.paths import dump_path, find_inventory, is_folder, is_there, write_atomically
from tuner.cli.policies import DEFAULT_ROLE, policies_of
from tuner.documents import near
from tuner.errors import ChecklistError, InventoryError, ReportError, UsageError
from tuner.inventory.host import Host
from tuner.inventory.scope import Scopes
from tuner.policy.policy import Policy
from tuner.policy.resolve import load_profiles
from tuner.remote.collect import collect
from tuner.remote.session import Session
from tuner.report._clean import clean
from tuner.report._report import Failure
from tuner.report.checklist_json import render_checklist_json
from tuner.report.checklist_page import render_checklist_markdown, render_checklist_page
from tuner.report.checklist_text import print_checklist
from tuner.resources import folder
from tuner.rules._check import check, registry
from tuner.rules._state import key_states

_DAYS = 90  # how long an answer is believed where nobody says


def run(options: argparse.Namespace) -> Exit:
    """Answer the questions of the hosts that the options name."""
    profiles = load_profiles([folder("profiles"), *map(Path, options.profiles)])
    places = [folder("profiles") / "checklists", *map(Path, options.checklists)]
    items = load_items(places, roles=profiles)
    if options.list_items:
        return _list(items)
    inventory = _inventory(options)
    attested = _attestations_file(options, inventory)
    today = datetime.now(UTC).date()
    if options.attest:
        return _attest(options, items, attested, today)
    for _, path in options.outputs:
        if not is_folder(Path(path).parent):
            raise UsageError(
                f"--output: there is no folder {Path(path).parent}", hint="make it first"
            )
    ticket = _ticket(options)
    everyone = choose_hosts(options)
    hosts = _of_plan(everyone, ticket, options, inventory)
    attestations = parse_attestations(
        _read(attested) if attested else "", items, today=today, file=str(attested)
    )
    whole = not (options.limit or options.sources or options.roles)
    attestations.bind(Scopes(everyone), whole=whole)
    policies = policies_of(hosts, options)
    found, interrupted = _ask(
        hosts,
        options,
        policies,
        items=items,
        attestations=attestations,
        ticket=ticket,
        today=today,
    )
    unchecked = () if ticket is None else _unchecked(ticket, hosts)
    checklist = Checklist(
        sections=sections(found, items),
        version=tuner.__version__,
        made=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        inventory=str(inventory or ""),
        attestations=str(attested) if attested and len(attestations) else "",
        ticket=ticket,
        unchecked=unchecked,
        interrupted=interrupted,
    )
    code = _exit(checklist)
    for form, path in options.outputs:
        write_atomically(Path(path), [_FORMS[form](checklist, code)])
    if options.format == "text":
        print_checklist(checklist, on_stdout())
    else:
        sys.stdout.write(_FORMS[options.format](checklist, code))
    sys.stdout.flush()
    return code


def _ask(
    hosts: Sequence[Host],
    options: argparse.Namespace,
    policies: Mapping[tuple[str, ...], Policy],
    *,
    items: Sequence[Item],
    attestations: Attestations,
    ticket: Ticket | None,
    today: date,
) -> tuple[list[HostAnswers], bool]:
    """Return every host's answers in the order of ``hosts``, and whether it was interrupted."""
    rules = tuple(registry().values())
    questions = {
        roles: settled_order(items_for(items, policy)) for roles, policy in policies.items()
    }
    planned = {} if ticket is None else {name: it.keys for name, it in ticket.hosts.items()}

    shared: dict[tuple[Answer, ...], tuple[Answer, ...]] = {}

    def answers(host: Host, scene: Scene | None, failure: str = "") -> HostAnswers:
        found = settle(
            questions[host.roles],
            host=host.name,
            scene=scene,
            facts=host.facts,
            attestations=attestations,
            today=today,
            failure=failure,
        )
        return HostAnswers(
            name=host.name,
            roles=host.roles or (DEFAULT_ROLE,),
            kernel=str(scene.snapshot.kernel) if scene else "",
            os=scene.snapshot.system.os_name if scene else "",
            answers=shared.setdefault(found, found),
            failure=failure,
        )

    def work(host: Host, session: Session) -> HostAnswers:
        snapshot = collect(host, session)
        policy = policies[host.roles]
        verdict = check(snapshot, policy, rules, waivers=host.waivers, today=today)
        keys = key_states(snapshot, policy)
        scene = Scene(snapshot, verdict, keys, planned.get(host.name, frozenset()))
        return answers(host, scene)

    done: dict[str, HostAnswers] = {}

    def arrive(host: Host, result: HostAnswers | Failure) -> None:
        done[host.name] = (
            answers(host, None, result.message) if isinstance(result, Failure) else result
        )

    interrupted = ask(work, hosts, options=options, arrive=arrive, console=on_stderr())
    return [done[host.name] for host in hosts], interrupted


def _exit(checklist: Checklist) -> Exit:
    """Return the exit code: incomplete outranks questions that are open or against."""
    if checklist.interrupted:
        return Exit.INTERRUPTED
    if checklist.incomplete:
        return Exit.INCOMPLETE
    return Exit.CLEAN if checklist.settled else Exit.FINDINGS


def _text(checklist: Checklist, _: Exit) -> str:
    console = for_file()
    with console.capture() as capture:
        print_checklist(checklist, console)
    return capture.get()


def _markdown(checklist: Checklist, _: Exit) -> str:
    return render_checklist_markdown(checklist, _template("checklist.md.j2"))


def _html(checklist: Checklist, _: Exit) -> str:
    return render_checklist_page(checklist, _template("checklist.html.j2"))


def _json(checklist: Checklist, code: Exit) -> str:
    return render_checklist_json(checklist, exit_code=code)


_FORMS: Mapping[str, Callable[[Checklist, Exit], str]] = {
    "text": _text,
    "markdown": _markdown,
    "html": _html,
    "json": _json,
}


def _template(name: str) -> str:
    return (folder("templates") / name).read_text(encoding="utf-8")


def _list(items: Sequence[Item]) -> Exit:
    """Print every question with its roles."""
    width = max(len(item.id) for item in items)
    for item in items:
        roles = ", ".join(item.roles)
        print(f"{item.id:<{width}}  {item.question} ({roles})")
    return Exit.CLEAN


def _inventory(options: argparse.Namespace) -> Path | None:
    """Return the inventory that is meant; None where dumps come without one."""
    sources = list(map(dump_path, options.sources))
    if not sources or options.inventory is not None:
        return find_inventory(options, os.environ)
    return collected(sources)


def _attestations_file(options: argparse.Namespace, inventory: Path | None) -> Path | None:
    """Return the file of answers: the one named, else the one beside the inventory."""
    if options.attestations:
        return Path(options.attestations)
    if inventory is None:
        return None
    # Beside a folder, never in it: Ansible takes every file there for an inventory.
    return (inventory.resolve() if is_folder(inventory) else inventory).parent / FILE


def _read(path: Path) -> str:
    """Return the file's text, nothing where there is no such file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ChecklistError(
            f"cannot read: {error.strerror}",
            file=str(path),
            hint="check the path and its permissions",
        ) from None
    except UnicodeDecodeError as error:
        raise ChecklistError(
            f"not UTF-8 (byte {error.start})", file=str(path), hint="save it as UTF-8"
        ) from None


def _ticket(options: argparse.Namespace) -> Ticket | None:
    if not options.plan:
        return None
    path = Path(options.plan)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(
            f"cannot read: {error.strerror}",
            file=str(path),
            hint="check the path and its permissions",
        ) from None
    except UnicodeDecodeError as error:
        raise ReportError(
            f"not UTF-8 (byte {error.start})", file=str(path), hint="save it as UTF-8"
        ) from None
    return read_ticket(text, file=str(path))


def _of_plan(
    hosts: tuple[Host, ...],
    ticket: Ticket | None,
    options: argparse.Namespace,
    inventory: Path | None,
) -> tuple[Host, ...]:
    """Return the hosts that the plan is about; all without a plan.

    Raises:
        ReportError: the plan has a host that nobody knows, or none of the chosen ones.
    """
    if ticket is None:
        return hosts
    known = {host.name for host in hosts}
    strangers = [name for name in ticket.hosts if name not in known]
    if strangers and not options.limit:
        raise ReportError(
            f"the plan has the host {strangers[0]!r}, which {inventory or '--from'} does not",
            file=ticket.file,
            hint=near(strangers[0], known) or "name the inventory that the plan was made from",
        )
    chosen = tuple(host for host in hosts if host.name in ticket.hosts)
    if not chosen:
        raise ReportError(
            "the plan has none of the chosen hosts", file=ticket.file, hint="check --limit"
        )
    return chosen


def _unchecked(ticket: Ticket, hosts: Sequence[Host]) -> tuple[str, ...]:
    here = {host.name for host in hosts}
    return tuple(name for name, plan in ticket.hosts.items() if name not in here and not plan.empty)


def _attest(
    options: argparse.Namespace, items: Sequence[Item], path: Path | None, today: date
) -> Exit:
    """Write one person's answer into the file of answers.

    Raises:
        ChecklistError: it is no answer, or the file is wrong already.
        UsageError: something is missing, or the scope means nobody.
    """
    if path is None:
        raise UsageError("--attest needs a file", hint="name an inventory or --attestations FILE")
    known = {item.id: item for item in items}
    item = known.get(options.attest)
    if item is None:
        raise UsageError(
            f"there is no item {options.attest!r}",
            hint=near(options.attest, known) or "tuner checklist --list names every item",
        )
    missing = [name for name in ("answer", "who") if not getattr(options, name)]
    if missing:
        raise UsageError(f"--attest needs --{missing[0]}", hint="see tuner checklist --help")
    attestation = _attestation(options, today)
    problem = refusal(attestation, item, today)
    if problem:
        raise UsageError(problem)
    if options.inventory is not None or not options.attestations:
        scopes = Scopes(choose_hosts(options))
        try:
            matched = scopes.find(attestation.scope)
        except InventoryError as error:
            raise UsageError(f"--scope: {error.message}", hint=error.hint) from None
        if matched.unmatched:
            term = matched.unmatched[0]
            raise UsageError(
                f"--scope: {term!r} means no host of the inventory", hint=scopes.near(term)
            )
    path = path.resolve()
    before = _read(path)
    parse_attestations(before, items, today=today, file=str(path))
    after = added(before, attestation)
    parse_attestations(after, items, today=today, file=str(path))
    mode = path.stat().st_mode if is_there(path) else None
    write_atomically(path, [after])
    if mode is not None:
        path.chmod(stat.S_IMODE(mode))
    print(clean(f"{path}: {item.id} is {attestation.answer} for {attestation.scope}", longest=600))
    return Exit.CLEAN


def _attestation(options: argparse.Namespace, today: date) -> Attestation:
    until = options.until or (today + timedelta(days=_DAYS)).isoformat()
    try:
        return Attestation.model_validate(
            {
                "item": options.attest,
                "scope": options.scope,
                "answer": options.answer,
                "who": options.who,
                "when": today,
                "until": until,
                "note": options.note,
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = f"--{first['loc'][0]}: " if first["loc"] else ""
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{name}{message[:1].lower()}{message[1:]}") from None
