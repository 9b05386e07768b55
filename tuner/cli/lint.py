"""`tuner lint`: what is wrong with settings files, without any host."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import tuner
from tuner.cli.consoles import on_stdout
from tuner.cli.exits import Exit
from tuner.cli.paths import write_atomically
from tuner.cli.targets import print_pieces, read_targets
from tuner.errors import UsageError
from tuner.policy.policy import Policy, Severity
from tuner.remote.settings_files import Tree, read_stream, read_trees
from tuner.report.lint import LintReport, print_lint, render_lint_json, render_lint_text
from tuner.resources import folder
from tuner.rules._check import lint_rules
from tuner.rules._finding import Finding
from tuner.rules._lint import NOBODY, Linted, Suppressed, lint
from tuner.rules._rule import Rule
from tuner.snapshot.snapshot import Snapshot, Source
from tuner.snapshot.system import Loader, System
from tuner.sysctl.files import Kind
from tuner.sysctl.version import KernelVersion, parse_version

_UNKNOWN = KernelVersion(0, 0)
_LOADERS = {"systemd": "systemd-sysctl", "procps": "procps", "busybox": "busybox"}


def run(options: argparse.Namespace) -> Exit:
    """Lint the files that the options name."""
    targets = read_targets(options, _FORMS)
    rules = _rules(options.select, options.ignore)
    kernel = _kernel(options.kernel)
    policy = _policy(options.roles, options.profiles)
    system = System(loaders=tuple(map(_loader, options.loaders)))
    files = 0
    findings: list[Finding] = []
    suppressed: list[Suppressed] = []
    sources: dict[str, bytes] = {}
    for tree in _trees(options.paths):
        files += tree.count
        snapshot = Snapshot(
            host="",
            kernel=kernel,
            source=Source.FILES,
            system=system,
            complete=frozenset(),
            files=tree.entries,
            modules_load=tree.modules,
        )
        result = lint(snapshot, rules, policy)
        findings.extend(_shown(tree, finding) for finding in result.findings)
        suppressed.extend(
            replace(each, finding=_shown(tree, each.finding)) for each in result.suppressed
        )
        sources.update(_sources(tree, {finding.path for finding in _all(result)}))
    report = LintReport(
        files,
        tuple(findings),
        tuple(suppressed),
        tuner.__version__,
        None if options.fail_on == "never" else Severity[options.fail_on.upper()],
        sources,
    )
    code = Exit.FINDINGS if report.failed else Exit.CLEAN
    for target in targets:
        if target.path is not None:
            write_atomically(target.path, _FORMS[target.form](report, code))
        elif target.form == "text":
            print_lint(report, on_stdout())
        else:
            print_pieces(_FORMS[target.form](report, code))
    sys.stdout.flush()
    return code


def _sarif(report: LintReport, code: Exit) -> Iterator[str]:
    from tuner.report.lint_sarif import render_lint_sarif  # noqa: PLC0415 - slow, often unneeded

    rules = {rule.id: rule for rule in lint_rules()}
    return render_lint_sarif(report, rules, exit_code=code, folder=str(Path.cwd()))


_FORMS: Mapping[str, Callable[[LintReport, Exit], Iterator[str]]] = {
    "text": lambda report, _: render_lint_text(report),
    "json": lambda report, code: render_lint_json(report, exit_code=code),
    "sarif": _sarif,
}


def _trees(paths: Sequence[str]) -> Iterator[Tree]:
    """Yield the trees of every path; ``-``, or a pipe without any path, is standard input.

    Raises:
        UsageError: a path cannot be read, or nothing was named.
    """
    if not paths:
        if sys.stdin.isatty():
            raise UsageError(
                "nothing to lint: no file was named",
                hint="name a file, a sysctl.d folder or a root: tuner lint /etc/sysctl.d",
            )
        paths = ["-"]
    for path in paths:
        if path == "-":
            yield read_stream(sys.stdin.buffer, "-")
        else:
            yield from read_trees(Path(path))


def _all(result: Linted) -> Iterator[Finding]:
    yield from result.findings
    yield from (each.finding for each in result.suppressed)


def _sources(tree: Tree, paths: Collection[str]) -> dict[str, bytes]:
    """Return what the files at these paths hold, by the names that the user has for them."""
    return {
        tree.shown.get(entry.path, entry.path): entry.content
        for entry in (*tree.entries, *tree.modules)
        if entry.path in paths and entry.kind is Kind.FILE
    }


def _shown(tree: Tree, finding: Finding) -> Finding:
    """Return the finding with paths as the user called them."""
    message = finding.message
    for path, name in tree.shown.items():
        if path in message:
            message = re.sub(rf"{re.escape(path)}(?=[:\s]|$)", lambda _: name, message)  # noqa: B023 - used at once
    path = tree.shown.get(finding.path, finding.path)
    return replace(finding, path=path, message=message)


def _rules(select: Sequence[str], ignore: Sequence[str]) -> tuple[Rule, ...]:
    """Return the rules that are asked.

    Raises:
        UsageError: one of the names is no rule about files.
    """
    known = {rule.id: rule for rule in lint_rules()}
    chosen = [name for text in select for name in text.split(",") if name] or list(known)
    left = {name for text in ignore for name in text.split(",") if name}
    for name in (*chosen, *sorted(left)):
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"there is no rule {name!r} about files",
                hint=f"did you mean {close[0]}?" if close else "`tuner explain` lists the rules",
            )
    return tuple(known[name] for name in sorted(set(chosen) - left))


def _policy(roles: Sequence[str], folders: Sequence[str]) -> Policy:
    """Return what the roles want; without a role nobody wants anything.

    Raises:
        PolicyError: a profile is wrong, or a role is unknown.
    """
    if not roles:
        return NOBODY
    from tuner.policy.resolve import load_profiles, resolve  # noqa: PLC0415 - slow, often unneeded

    return resolve(load_profiles([folder("profiles"), *map(Path, folders)]), roles)


def _kernel(text: str | None) -> KernelVersion:
    if text is None:
        return _UNKNOWN
    try:
        return parse_version(text)
    except ValueError as error:
        raise UsageError(f"--kernel: {error}", hint="give a release, as in --kernel 5.15") from None


def _loader(text: str) -> Loader:
    """Return the loader that ``NAME[:VERSION]`` stands for.

    Raises:
        UsageError: there is no such loader.
    """
    name, _, version = text.partition(":")
    if name not in _LOADERS or (version and not re.fullmatch(r"\d+(?:\.\d+)*", version)):
        raise UsageError(
            f"--loader {text!r} is not NAME:VERSION",
            hint=f"loaders: {', '.join(_LOADERS)}; as in --loader procps:3.3.17",
        )
    return Loader(_LOADERS[name], version)
