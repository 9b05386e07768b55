"""The decision: one host's snapshot and verdict in, everything that is to be done to it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.plan.after import after, with_files
from tuner.plan.along import ALL_REDIRECTS, along, in_order
from tuner.plan.digest import policy_digest
from tuner.plan.goal import Goal, aim
from tuner.plan.modules import module_files
from tuner.plan.others import Obstacle, comment_out, editable
from tuner.plan.own import FOLDER, own_drop_ins, without_own
from tuner.plan.place import Loss, choose_name, losses, settled, who
from tuner.plan.plan import Change, FileChange, Left, Plan
from tuner.plan.render import Header, Line, render, says
from tuner.plan.seen import look
from tuner.plan.spelling import same
from tuner.plan.trial import Trial
from tuner.plan.wishes import NO_LINE, Wish, choose, is_pressing, without_echo
from tuner.policy.policy import Policy
from tuner.policy.waiver import Waiver
from tuner.rules._boot import next_boot
from tuner.rules._check import check, registry
from tuner.rules._finding import Finding, Verdict
from tuner.rules._values import refused
from tuner.snapshot.dump import CUT
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.sysctl.catalog import describe, mainline_default
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value

_FORGOTTEN = "counters ask for more, and no file of tuner's could keep that they were heard"
_PINNED = "pinned-default"
_ROUNDS = 8
"""How often what a plan brings up may bring up more; measured hosts need one."""


def make_plan(
    snapshot: Snapshot,
    verdict: Verdict,
    policy: Policy,
    template: str,
    *,
    waivers: Sequence[Waiver] = (),
    unsafe: bool = False,
    edit_others: bool = False,
    template_file: str = "",
) -> Plan:
    """Return what brings the host to where no accepted finding is left, live and at every boot.

    A remedy may bring up what was not there before: a wider port range reaches the port of a
    service, which is then to be reserved. So the host is judged again as it would be then, and the
    remedies of such findings belong to the same plan.

    Args:
        snapshot: the host.
        verdict: what the rules say of it.
        policy: the resolved policy that they judged by.
        template: the text of the drop-in's template.
        waivers: those in force, for what the plan itself would bring up.
        unsafe: take remedies as well that may cut somebody off or lose traffic.
        edit_others: comment out lines of files in /etc that are harmful or cannot be beaten.
        template_file: the template's name, for errors.

    Raises:
        TemplateError: the template cannot be rendered, or says something else than the plan.
    """
    options = _Options(policy, template, template_file, tuple(waivers), unsafe, edit_others)
    plan = _plan(snapshot, verdict, options)
    for _ in range(_ROUNDS):
        brought_up = _brought_up(after(snapshot, plan), verdict, options)
        if not brought_up:
            break
        verdict = replace(verdict, findings=(*verdict.findings, *brought_up))
        plan = _plan(snapshot, verdict, options)
    return plan


@dataclass(frozen=True, slots=True)
class _Options:
    policy: Policy
    template: str
    template_file: str
    waivers: tuple[Waiver, ...]
    unsafe: bool
    edit_others: bool


def _brought_up(then: Snapshot, verdict: Verdict, options: _Options) -> tuple[Finding, ...]:
    """Return the findings with a remedy that the host would have then and has not now."""
    known = {it.key for it in verdict.single if it.fix is not None}
    asked = {(it.rule, it.key) for it in verdict.single}
    dead = {(it.path, it.line) for it in verdict.single if it.wanted == NO_LINE}
    waived = {(it.finding.rule, it.finding.key) for it in verdict.waived}
    judged = check(then, options.policy, registry().values(), waivers=options.waivers)
    return tuple(
        it
        for it in judged.single
        if (it.rule, it.key) not in waived
        and (
            it.key not in known or (is_pressing(it.rule) and (it.rule, it.key) not in asked)
            if it.fix is not None
            else it.wanted == NO_LINE and options.edit_others and (it.path, it.line) not in dead
        )
    )


def _plan(snapshot: Snapshot, verdict: Verdict, options: _Options) -> Plan:
    """Return the plan that these findings come to."""
    waived = frozenset((it.finding.rule, it.finding.key) for it in verdict.waived)
    policy, enabled = options.policy, options.edit_others
    trial = Trial(snapshot, policy, waived)
    wishes = choose(verdict, trial, unsafe=options.unsafe)
    taken = wishes.taken
    header = Header(policy.roles, policy_digest(policy))
    dead, left = _dead_lines(snapshot, verdict, enabled=enabled)
    obstacles: list[Obstacle] = dead
    spoiled: frozenset[Key] = frozenset()
    while True:
        # A line that goes may make one of tuner's own needless, so each round decides anew.
        edits = comment_out(snapshot, obstacles)
        edited = replace(trial, snapshot=with_files(snapshot, edits))
        goal = aim(edited, taken, unsafe=options.unsafe, spoiled=spoiled)
        place = _place(edited.snapshot, goal, header, options)
        forgotten = {key for key, wish in taken.items() if wish.once and key not in place.lines}
        if forgotten:
            left += [Left(key, taken[key].because[0], _FORGOTTEN) for key in forgotten]
            taken = {key: wish for key, wish in taken.items() if key not in forgotten}
            continue
        more = _spoiled(edited.snapshot, place, taken)
        if more - spoiled:
            spoiled |= more
            continue
        obstacles += [it for it in _in_the_way(place) if enabled and it not in obstacles]
        if comment_out(snapshot, obstacles) == edits:
            break
    about_modules, no_modules = module_files(snapshot, tuple(place.lines))
    files = (*_drop_ins(snapshot, place), *edits, *about_modules)
    changes = _changes(trial, taken, goal.live, with_files(snapshot, files))
    return Plan(
        host=snapshot.host,
        roles=policy.roles,
        policy=header.policy,
        changes=changes,
        files=tuple(sorted(files, key=lambda it: (it.foreign, it.path))),
        left=without_echo([*wishes.left, *goal.left, *left, *no_modules]),
        cannot_win=_cannot_win(snapshot, place, offer=not enabled),
        seen=look(snapshot, [it.key for it in changes], [it.path for it in files]),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """tuner's file under the name that wins most, and what loses all the same."""

    name: str
    lines: Mapping[Key, Line]
    content: bytes
    lost: Mapping[Key, tuple[Loss, ...]]
    wanted: Mapping[Key, Line]  # with the lines that lose everywhere and are not written


def _place(snapshot: Snapshot, goal: Goal, header: Header, options: _Options) -> _Place:
    """Return where the lines go. A line that loses wherever it is needed is not written."""
    wanted = goal.lines
    values = {key: line.value for key, line in wanted.items()}
    before = {key: _without_tuner(snapshot, key) for key in wanted}
    lines = {key: wanted[key] for key in in_order(values, before)}
    draft = "".join(f"{line.text}\n" for line in lines.values()).encode()
    name = choose_name(snapshot, draft, values)
    lost = losses(settled(snapshot, name, draft), values)
    lines = {
        key: it
        for key, it in lines.items()
        if _is_of_use(goal.needs.get(key, ()), lost.get(key, ()))
    }
    text = ""
    if lines:
        settings = tuple(lines.values())
        text = render(settings, header, options.template, file=options.template_file)
    return _Place(name, lines, text.encode(), lost, wanted)


def _is_of_use(needs: Sequence[str], lost: Sequence[Loss]) -> bool:
    """Tell whether a line wins where it is needed; where nothing is known, it may."""
    return not needs or any(view not in {it.view for it in lost} for view in needs)


def _without_tuner(snapshot: Snapshot, key: Key) -> Value | None:
    """Return what the key has at boot when tuner's file is read, as far as that is known."""
    there = next_boot(without_own(snapshot), key).value
    return there or mainline_default(key, snapshot.kernel)


def _drop_ins(snapshot: Snapshot, place: _Place) -> tuple[FileChange, ...]:
    """Return the changes of tuner's own sysctl files; none where they say the same already."""
    own = {entry.path: entry for entry in own_drop_ins(snapshot)}
    path = f"{FOLDER}/{place.name}"
    changes = [
        FileChange(it.path, it.content, None)
        for it in own.values()
        if it.path != path or not place.lines
    ]
    if place.lines:
        before = own[path].content if path in own else None
        if before is None or says(before) != says(place.content):
            changes.append(FileChange(path, before, place.content))
    return tuple(changes)


def _dead_lines(
    snapshot: Snapshot, verdict: Verdict, *, enabled: bool
) -> tuple[list[Obstacle], list[Left]]:
    """Return the lines that findings want gone, and why those that stay do so."""
    own = {entry.path for entry in own_drop_ins(snapshot)}
    dead, left = [], []
    for finding in verdict.single:
        if finding.wanted != NO_LINE or finding.fix is not None or finding.path in own:
            continue
        at = f"{finding.path}:{finding.line}"
        if finding.rule == _PINNED:
            reason = f"{at} does no harm: its owner decides whether it stays"
            left.append(Left(finding.key, finding.rule, reason))
            continue
        file = editable(snapshot, finding.path)
        if not isinstance(file, Entry):
            left.append(Left(finding.key, finding.rule, f"{at} is better gone; {file}"))
        elif not enabled:
            reason = f"{at} is better gone: --edit-others comments it out"
            left.append(Left(finding.key, finding.rule, reason))
        else:
            dead.append(Obstacle(finding.path, finding.line, finding.rule, finding.message))
    return dead, left


def _in_the_way(place: _Place) -> list[Obstacle]:
    """Return the lines that beat tuner's."""
    return [
        Obstacle(
            loss.by.path,
            loss.by.line,
            _rule(place.wanted[key]),
            f"the host is to have {place.wanted[key].value}",
        )
        for key, lost in place.lost.items()
        for loss in lost
        if loss.by is not None
    ]


def _spoiled(snapshot: Snapshot, place: _Place, taken: Mapping[Key, Wish]) -> frozenset[Key]:
    """Return the keys without a line that the kernel sets to something else along with a line."""
    before, then = without_own(snapshot), settled(snapshot, place.name, place.content)
    found = set()
    for key, wish in taken.items():
        if key in place.wanted or wish.once:
            continue
        value = next_boot(then, key).value
        if not same(value, wish.value) and not same(value, next_boot(before, key).value):
            found.add(key)
    return frozenset(found)


def _rule(line: Line) -> str:
    return line.because[0] if line.because else ""


def _cannot_win(snapshot: Snapshot, place: _Place, *, offer: bool) -> tuple[Left, ...]:
    """Return the keys that tuner's file does not decide, and who does."""
    found = []
    for key, lost in place.lost.items():
        for loss in lost:
            reason = _loss_in_words(snapshot, loss, offer=offer)
            found.append(Left(key, _rule(place.wanted[key]), reason))
    if snapshot.files is None:
        reason = "nobody can tell what wins: this source has no sysctl.d files"
        found += [Left(key, _rule(it), reason) for key, it in place.wanted.items()]
    elif snapshot.boot is not None:
        for path in snapshot.boot.unreadable:
            reason = f"nobody can tell whether it wins: {path} could not be read"
            found += [Left(key, _rule(it), reason) for key, it in place.wanted.items()]
    return without_echo(found)


def _loss_in_words(snapshot: Snapshot, loss: Loss, *, offer: bool) -> str:
    if loss.by is None:
        return f"{loss.view} does not reach tuner's line"
    says_so = "keeps anybody from setting it"
    if loss.by.value is not None:
        says_so = f"sets {loss.by.effective}"
    when = "after every sysctl.d file, " if loss.later else ""
    file = editable(snapshot, loss.by.path)
    if not isinstance(file, Entry):
        more = f"; {file}"
    else:
        more = ": --edit-others comments that line out" if offer else ""
    return f"{who(loss.by)} {says_so} {when}at {loss.view}{more}"


def _changes(
    trial: Trial, taken: Mapping[Key, Wish], live: Mapping[Key, Value], final: Snapshot
) -> tuple[Change, ...]:
    """Return what changes, live or at the next boot, in the order of writing."""
    snapshot = trial.snapshot
    found: dict[Key, Change] = {}
    for key, value in live.items():
        reading = snapshot.reading(key)
        now = reading if isinstance(reading, Value) else None
        before, then = next_boot(snapshot, key).value, next_boot(final, key).value
        write = not same(now, value)
        if not write and (same(before, then) or not same(then, value)):
            continue
        wish = taken[key]
        found[key] = Change(
            key=key,
            after=value,
            because=wish.because,
            live_before=now,
            boot_before=before,
            write=write,
            safe=wish.safe,
            restorable=_restorable(snapshot, key),
            why=wish.why,
        )
    for change in tuple(found.values()):
        if change.write:
            found |= _kept_along(trial, change, found)
    values = {key: change.after for key, change in found.items()}
    before_ = {key: change.live_before for key, change in found.items()}
    return tuple(found[key] for key in in_order(values, before_))


def _kept_along(trial: Trial, change: Change, found: Mapping[Key, Change]) -> dict[Key, Change]:
    """Return changes that keep what the kernel would loosen, or spoil, along with a write."""
    snapshot = trial.snapshot
    kept = {}
    for key, text in along(snapshot.live, change.key, change.after).items():
        now = snapshot.reading(key)
        if key in found or not isinstance(now, Value) or same(now, parse_value(text)):
            continue
        opened = key == ALL_REDIRECTS and now.int() == 0
        asked = key in trial.policy.expectations
        spoiled = asked and trial.complies(key, now) and not trial.complies(key, parse_value(text))
        if opened or spoiled:
            kept[key] = Change(
                key=key,
                after=now,
                because=change.because,
                live_before=now,
                boot_before=next_boot(snapshot, key).value,
                restorable=_restorable(snapshot, key),
                why=f"Writing {change.key} makes the kernel set it to {text}; it stays {now}.",
            )
    return kept


def _restorable(snapshot: Snapshot, key: Key) -> bool:
    """Tell whether the kernel would take the present live value back."""
    raw = snapshot.live.get(key)
    parameter = describe(key)
    if raw is None or isinstance(raw, Missing) or raw.endswith(CUT):
        return False
    if parameter is not None and parameter.type == "trigger":
        return False
    return not refused(key, parse_value(raw), snapshot.kernel)
