"""What the next boot sets, and which line of which file decides each key.

The timeline: the kernel's command line, the host's loader, udev's run of systemd-sysctl for each
interface, then programs that write later. Those whose files say what they write (ufw, TuneD) are
simulated; the others are named with the file that shows them (``Writer``), and a key that one of
them may touch is decided later. Sources: Linux 6.18 ``init/main.c`` ``process_sysctl_arg``; systemd
``rules.d/99-systemd.rules.in``; ufw 0.36 ``ufw-init-functions``; TuneD ``plugin_sysctl.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tuner.sysctl.at_boot import AtBoot, expected
from tuner.sysctl.cmdline import apply_cmdline, cmdline_settings
from tuner.sysctl.files import Entry, Kind, Setting, parse_file
from tuner.sysctl.globs import component, is_pattern
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import Program, procps, start, systemd, tuned
from tuner.sysctl.loaders.run import EFFECTIVE, Fate, Problem, Run, Step, place
from tuner.sysctl.tree import CONF, FileTree
from tuner.sysctl.value import Value, parse_value
from tuner.sysctl.version import KernelVersion, parse_version

SYSTEMD = Program("systemd", (252,))
"""The loader of most hosts, where nobody knows which one it is."""


class Stage(StrEnum):
    """When a line acts, in this order."""

    CMDLINE = "command-line"
    LOADER = "loader"
    UDEV = "udev"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that may write keys after the files are applied.

    ``path`` and ``line`` show that it will run; ``keys`` are patterns of keys, in dots; ``what``
    says in a few words what it does to them.
    """

    name: str
    path: str
    line: int
    keys: tuple[str, ...]
    what: str

    @property
    def place(self) -> str:
        """The file, and the line where there is one."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Loss:
    """A line that does not decide its key, why, and the place that decided so."""

    setting: Setting
    fate: Fate
    by: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The setting that decides a key, and those that it beats, the strongest first.

    ``through``: the setting is of that other key, and the kernel changes this one with it.
    ``losses`` are all lines of the key that do not decide it, in the order in which they lost.
    """

    key: Key
    value: Value
    setting: Setting
    beaten: tuple[Setting, ...] = ()
    through: Key | None = None
    losses: tuple[Loss, ...] = ()
    stage: Stage = Stage.LOADER


@dataclass(frozen=True)
class Boot:
    """What the files of one host will set.

    ``settings`` holds every line that takes part, in the order of reading; ``dead`` those of files
    that boot does not read (a shadowed drop-in, ``/etc/sysctl.conf`` without a link to it).
    ``steps`` is the whole story: every line, what became of it for which key, in order.
    """

    decisions: Mapping[Key, Decision]
    settings: tuple[Setting, ...] = ()
    dead: tuple[Setting, ...] = ()
    unreadable: tuple[str, ...] = ()  # paths that take part and could not be read
    program: Program = SYSTEMD
    steps: tuple[tuple[Stage, Step], ...] = ()
    problems: tuple[Problem, ...] = ()
    exit_code: int = 0
    writers: tuple[Writer, ...] = ()
    _later: dict[Key, tuple[Writer, ...]] = field(default_factory=dict, repr=False, compare=False)

    def later(self, key: Key) -> tuple[Writer, ...]:
        """Return the programs that may change the key after the files are applied."""
        if not self.writers:
            return ()
        found = self._later.get(key)
        if found is None:
            found = tuple(
                writer for writer in self.writers if any(covers(it, key) for it in writer.keys)
            )
            self._later[key] = found
        return found

    def steps_of(self, key: Key) -> Iterator[tuple[Stage, Step]]:
        """Yield what became of every line that is about the key."""
        for stage, step in self.steps:
            if step.key == key or any(other == key for other, _ in step.changed):
                yield stage, step

    def losses(self, key: Key) -> tuple[Loss, ...]:
        """Return every line about the key that does not decide it, in the order of losing."""
        decision = self.decisions.get(key)
        if decision is not None:
            return decision.losses
        return tuple(
            dict.fromkeys(  # udev's run meets each line once more
                Loss(step.setting, step.fate, step.by, step.error)
                for _, step in self.steps
                if step.key == key
            )
        )


def covers(pattern: str, key: Key) -> bool:
    """Tell whether a pattern of keys, in dots, fits.

    ``*`` is one component, or a part of one; ``@`` is an interface, and neither all nor default.
    """
    if pattern == key:
        return True
    wanted, parts = pattern.split("."), key.split(".")
    return len(wanted) == len(parts) and all(map(_fits, wanted, parts))


def _fits(pattern: str, name: str) -> bool:
    if pattern == "@":
        return name not in {"all", "default", "lo"}
    if pattern in {name, "*"}:
        return True
    matcher = component(pattern, slashes=True) if is_pattern(pattern) else None
    return matcher is not None and matcher.fullmatch(name) is not None


def boot(
    entries: Sequence[Entry],
    *,
    keys: Iterable[Key],
    cmdline: str = "",
    later: Sequence[Entry] = (),
    program: Program = SYSTEMD,
    version: KernelVersion | None = None,
    lib_is_usr_lib: bool = True,
    credential: bytes | None = None,
    read_only: Iterable[str] = (),
    modes: Mapping[Key, int] | None = None,
    modules: Collection[str] = (),
    complete: Collection[str] = ("net",),
    profiles: Sequence[Entry] = (),
    reapply: bool = True,
    writers: Sequence[Writer] = (),
    hz: int = 0,
) -> Boot:
    """Return what the next boot sets.

    Args:
        entries: the sysctl.d directories' entries and ``/etc/sysctl.conf``, in any order.
        keys: the keys that the kernel has; a mapping also tells what they read now, which shows
            what they are made of.
        cmdline: the kernel's command line; its ``sysctl.KEY=VALUE`` words come first.
        later: files that ``sysctl -p`` applies afterwards (ufw), in their order.
        program: the loader that boots this host.
        version: the kernel's.
        lib_is_usr_lib: ``/lib`` is a link to ``/usr/lib``.
        credential: what systemd hands to its loader as ``sysctl.extra``.
        read_only: paths below ``/proc/sys`` where nothing can be written.
        modes: permission bits of keys, where they are not 0644.
        modules: modules that are loaded before the files are applied; their keys will be there.
        complete: first components of which ``keys`` has every key; others are taken to be there.
        profiles: TuneD's active profiles, the included first.
        reapply: whether TuneD applies the host's files once more.
        writers: programs that may write later.
        hz: timer ticks a second of the kernel, 0 for not known.
    """
    version = version or parse_version("6.1")
    tree = FileTree(tuple(_bounded(entries)), lib_is_usr_lib, credential)
    shown = keys if isinstance(keys, Mapping) else dict.fromkeys(keys)
    texts = AtBoot(shown, version, expected((*entries, *later), shown, modules, complete, version))
    kernel = Kernel(texts, version=version, modes=modes, read_only=read_only, hz=hz)
    told = _Telling()
    told.take(Stage.CMDLINE, apply_cmdline(cmdline, kernel, version))
    if program.name == "systemd":
        session = systemd.Session(tree, kernel, program.version[0])
        run = session.run()
        told.take(Stage.LOADER, run)
        for interface in kernel.below("net.ipv4.conf."):
            if interface != "lo":
                told.take(Stage.UDEV, session.again(interface.replace("/", ".")))
    else:
        run = start(program, tree, kernel)
        told.take(Stage.LOADER, run)
    for entry in later:
        one = FileTree((entry,))
        part = procps.run(one, kernel, files=[entry.path], ignore_unknown=True)
        told.take(Stage.LATER, part)
    if profiles:
        told.take(Stage.LATER, tuned.run(tree, kernel, profiles=profiles, reapply=reapply))
    read = {step.setting.path for step in run.steps if step.fate not in _NOT_READ}
    return Boot(
        decisions=told.decisions(kernel),
        settings=tuple(_settings(tree, cmdline, program, later, profiles)),
        dead=tuple(
            dict.fromkeys(
                step.setting
                for step in run.steps
                if step.fate in _NOT_READ and step.setting.path not in read
            )
        ),
        unreadable=tuple(_unreadable(tree, program, later)),
        program=program,
        steps=tuple(told.steps),
        problems=tuple(run.problems),
        exit_code=run.exit_code,
        writers=tuple(writers),
    )


_MOST_LINES, _MOST_PATTERNS = 50_000, 5_000


def _bounded(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the entries; what exceeds all reason counts as unreadable."""
    lines = patterns = 0
    for entry in entries:
        lines += sum(map(entry.content.count, (b"\n", b"\r", b"\0")))
        patterns += sum(map(entry.content.count, (b"*", b"?", b"[")))
        too_much = lines > _MOST_LINES or patterns > _MOST_PATTERNS
        yield replace(entry, kind=Kind.UNREADABLE, content=b"") if too_much else entry


_NOT_READ = frozenset({Fate.SHADOWED, Fate.MASKED, Fate.NOT_READ})


class _Telling:
    """The steps of all stages, and who decides each key so far."""

    def __init__(self) -> None:
        self.steps: list[tuple[Stage, Step]] = []
        self._winners: dict[Key, tuple[Stage, Step]] = {}
        self._loaded: dict[Key, Step] = {}

    def take(self, stage: Stage, run: Run) -> None:
        """Take over what one program did."""
        for step in run.steps:
            self.steps.append((stage, step))
            if step.fate not in EFFECTIVE or step.key is None:
                continue
            winner = self._winners.get(step.key)
            if stage is Stage.UDEV and winner is not None and winner[1].setting == step.setting:
                continue  # the same line once more
            for key in (step.key, *(other for other, _ in step.changed)):
                self._winners[key] = (stage, step)
                if stage is Stage.LOADER:
                    self._loaded[key] = step

    def decisions(self, kernel: Kernel) -> dict[Key, Decision]:
        """Return who decides each key in the end."""
        losing: dict[Key, list[Step]] = {}
        for _, step in self.steps:
            for key in {step.key, *(other for other, _ in step.changed)}:
                if key in self._winners and self._winners[key][1] is not step:
                    losing.setdefault(key, []).append(step)
        found = {}
        for key, (stage, step) in self._winners.items():
            if not kernel.has(key):
                continue
            loaded = self._loaded.get(key)
            if stage is Stage.LATER and loaded is not None and loaded.setting == step.setting:
                stage = Stage.LOADER  # noqa: PLW2901 - TuneD applies the same files once more
            losses = tuple(_once(_losses(losing.get(key, ()), step)))
            text = kernel.text(key)
            value = parse_value(text if text is not None else step.setting.effective or "")
            beaten = [it.setting for it in losses if it.fate in _BEATEN]
            found[key] = Decision(
                key,
                value,
                step.setting,
                tuple(dict.fromkeys(reversed(beaten))),
                step.key if step.key != key else None,
                losses,
                stage,
            )
        return found


_BEATEN = frozenset(
    {Fate.LATER_LINE, Fate.EQUAL_REPEAT, Fate.OVERWRITTEN, Fate.EXCLUDED, Fate.EXPLICIT}
)


def _once(losses: Iterable[Loss]) -> Iterator[Loss]:
    """Yield the first loss of every line: udev's run and TuneD meet lines once more."""
    seen: set[Setting] = set()
    for loss in losses:
        if loss.setting not in seen:
            seen.add(loss.setting)
            yield loss


def _losses(steps: Iterable[Step], winner: Step) -> Iterator[Loss]:
    for step in steps:
        if step.setting == winner.setting and step.fate is not Fate.REFUSED:
            continue
        if step.fate in EFFECTIVE:
            yield Loss(step.setting, Fate.OVERWRITTEN, place(winner.setting))
        else:
            yield Loss(step.setting, step.fate, step.by, step.error)


def _settings(
    tree: FileTree,
    cmdline: str,
    program: Program,
    later: Iterable[Entry],
    profiles: Iterable[Entry],
) -> Iterator[Setting]:
    """Yield every line that takes part, file by file."""
    yield from cmdline_settings(cmdline)
    read = read_files(tree, program)
    if tree.credential is not None and program.name == "systemd":
        read.append(Entry(systemd.CREDENTIAL, content=tree.credential))
    for entry in [*read, *later]:
        yield from parse_file(entry.path, entry.content).settings
    for entry in profiles:
        yield from parse_file(entry.path, tuned.sysctl_section(entry.content)).settings


def read_files(tree: FileTree, program: Program) -> list[Entry]:
    """Return the files that the loader reads, in its order."""
    quiet = Kernel({})
    seen: dict[str, Entry] = {}
    if program.name == "systemd":
        return systemd.files(tree)
    for step in start(program, tree, quiet).steps:
        entry = tree.get(step.setting.path)
        if step.fate not in _NOT_READ and entry is not None:
            seen.setdefault(entry.path, entry)
    return list(seen.values())


def _unreadable(tree: FileTree, program: Program, later: Iterable[Entry]) -> Iterator[str]:
    """Yield the paths that take part and could not be read."""
    read = {entry.path for entry in read_files(tree, program)}
    for entry in [*tree.entries, *later]:
        if entry.kind is not Kind.UNREADABLE:
            continue
        conf = entry.path == CONF and program.name == "systemd"
        hidden = entry.path.startswith(("/etc/", "/run/", "/usr/", "/lib/")) and not conf
        if entry.path in read or (hidden and program.name != "systemd") or entry in later:
            yield entry.path
