"""The lanes: what is run, how often, and which figure is held against which goal."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import contenders
import farm
from contenders import Task
from measure import Cost, median, run

_FORKS = 50  # tuner's default, given to everyone who takes a number
_HEAVY = ("paramiko", "pydantic", "jinja2", "rich", "yaml")
_IMPORTS = f"""
import contextlib, io, sys
from tuner.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main(["--help"])
print(*(name for name in {_HEAVY!r} if name in sys.modules))
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table. ``met`` None: for information."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None


def startup(quick: bool) -> Iterator[Figure]:  # noqa: FBT001 - all lanes have this one argument
    """Measure the CPU that it takes to say something that needs no host."""
    times = 3 if quick else 10
    nothing = median([run([sys.executable, "-c", "pass"]) for _ in range(times)])
    yield Figure("python -c pass", f"{nothing:.3f} s")
    for flag in ("--help", "--version"):
        costs = [run([sys.executable, "-m", "tuner", flag]) for _ in range(times)]
        broken = next((cost.output for cost in costs if cost.status), "")
        cpu = median(costs)
        yield Figure(
            f"tuner {flag}", broken or f"{cpu:.3f} s", "< 0.15 s", not broken and cpu < 0.15
        )
    said = run([sys.executable, "-c", _IMPORTS])
    loaded = said.output.strip()
    yield Figure(
        "imported for --help",
        loaded or "none of them",
        f"none of {', '.join(_HEAVY)}",
        said.status == 0 and not loaded,
    )


def judge(quick: bool) -> Iterator[Figure]:  # noqa: FBT001
    """Measure reading and judging one host's answer, in this process."""
    from tuner.policy.resolve import load_profiles, resolve  # noqa: PLC0415 - only here
    from tuner.resources import folder  # noqa: PLC0415
    from tuner.rules._check import check, registry  # noqa: PLC0415
    from tuner.rules._state import key_states  # noqa: PLC0415
    from tuner.snapshot.dump import parse_dump  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        answer = _answer(Path(name)).read_bytes()
    policy = resolve(load_profiles([folder("profiles")]), ("public-server",))
    rules = tuple(registry().values())
    today = datetime.now(UTC).date()
    parsing, checking = [], []
    for _ in range(20 if quick else 300):
        start = time.process_time()
        snapshot = parse_dump(answer, host="host")
        parsed = time.process_time()
        key_states(snapshot, policy)
        check(snapshot, policy, rules, today=today)
        checking.append(time.process_time() - parsed)
        parsing.append(parsed - start)
    parse, judged = (1000 * statistics.median(times) for times in (parsing, checking))
    both = 1000 * statistics.median(map(sum, zip(parsing, checking, strict=True)))
    yield Figure(f"parse a probe's {len(answer) / 1024:.0f} KiB", f"{parse:.2f} ms")
    yield Figure(f"judge it by {len(rules)} rules, and every key's state", f"{judged:.2f} ms")
    yield Figure("parse and judge one host", f"{both:.2f} ms", "<= 5 ms", both <= 5)


def report(quick: bool) -> Iterator[Figure]:  # noqa: FBT001
    """Write a report on 10,000 hosts in every format, and open the page in a browser."""
    hosts = 1000 if quick else 10_000
    program = str(Path(__file__).with_name("render.py"))
    with tempfile.TemporaryDirectory() as name:
        for form in ("json", "jsonl", "html", "sarif", "junit", "prometheus", "markdown"):
            for likeness, most in (("alike", 3.0), ("unlike", 10.0)):
                path = Path(name) / f"{likeness}.{form}"
                cost = run([sys.executable, program, form, str(hosts), likeness, str(path)])
                if cost.status:
                    yield Figure(f"{form}, {likeness}", cost.output[-500:], "no error", met=False)
                    continue
                cpu, size, grown = map(float, cost.output.split())
                yield Figure(
                    f"{form}, {hosts} hosts, {likeness}",
                    f"{cpu:.2f} s CPU, {size / 1e6:.1f} MB written, {grown / 1e6:.0f} MB more",
                    f"< {most:.0f} s, < 200 MB",
                    cpu < most and grown < 200e6,
                )
        yield from _opened(Path(name))


def _opened(folder: Path) -> Iterator[Figure]:
    from tests.report.browser import browser, missing  # noqa: PLC0415 - only here

    lacking = missing()
    if lacking:
        yield Figure("the page in a browser", f"not measured: no {lacking}")
        return
    for likeness in ("alike", "unlike"):
        with browser(folder / f"profile-{likeness}") as page:
            page.look()
            opened = page.busy()
            page.open(folder / f"{likeness}.html")
            wall = page.run(_LOADED) / 1000
            opened = page.busy() - opened
            scrolled = page.busy()
            page.driver.execute_async_script(_SCROLL, _SCREENS)
            scrolled = 1000 * (page.busy() - scrolled) / _SCREENS
        yield Figure(
            f"the page, {likeness}",
            f"opens in {opened:.2f} s CPU ({wall:.2f} s wall), {scrolled:.1f} ms CPU a screen",
            "< 1.5 s, < 16 ms",
            opened < 1.5 and scrolled < 16,
        )


_SCREENS = 100
_LOADED = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
_SCROLL = """
const [screens, done] = arguments;
const tree = document.getElementById('tree');
for (let row = 0; row < 10; row++) tree.querySelectorAll('[aria-level="1"] .turn')[row]?.click();
let steps = 0;
(function step() {
  tree.scrollTop += tree.clientHeight;
  if (++steps < screens) requestAnimationFrame(step);
  else done();
})();
"""


def lint(quick: bool) -> Iterator[Figure]:  # noqa: FBT001
    """Measure `tuner lint`: its start-up on one line, then many long files, all different."""
    with tempfile.TemporaryDirectory() as name:
        one = Path(name, "one.conf")
        one.write_text("net.core.somaxconn = 16384\n")
        command = [sys.executable, "-m", "tuner", "lint"]
        least = min(run([*command, str(one)]).cpu for _ in range(3 if quick else 10))
        yield Figure("tuner lint, one line", f"{least:.3f} s", "< 0.2 s CPU", least < 0.2)
        files = 50 if quick else 1000
        for number in range(files):
            place = Path(name, "many", f"{number}", "sysctl.conf")
            place.parent.mkdir(parents=True)
            place.write_text(_settings(number, 1000))
        cost = run([*command, "--format", "json", str(place.parent.parent)], watch=True)
        report = json.loads(cost.output) if cost.status == 1 else {"totals": {"files": 0}}
        right = report["totals"]["files"] == files
        rate = files / (cost.cpu - least)
        yield Figure(
            f"{files} files of 1,000 lines, {len(report.get('findings', ()))} findings",
            f"{rate:.0f} files a second of CPU, {cost.memory / 1e6:.0f} MB"
            if right
            else f"exit code {cost.status}",
            ">= 20 a second",
            right and rate >= 20,
        )


def _settings(number: int, lines: int) -> str:
    """Return a settings file unlike any other: every key once, explained, with a likely value."""
    random = Random(number)  # noqa: S311 - the same files on every run
    found: list[str] = []
    for key, default in random.sample(_known(), lines // 2):
        value = default if default and random.random() < 0.5 else ""
        value = value or random.choice(("0", "1", "2", "10", "600", "4096", "65536"))
        found += [f"# ticket {random.randrange(10**6)}", f"{key} = {value}"]
    return "\n".join(found) + "\n"


@cache
def _known() -> list[tuple[str, str]]:
    """Return keys, those of interfaces for several, each with its default, empty for unknown."""
    from tuner.sysctl.catalog import latest_release, parameters  # noqa: PLC0415 - only here

    kernel = latest_release()
    return [
        (key.replace(".*.", f".eth{nth}."), str(parameter.default(kernel) or ""))
        for key, parameter in parameters().items()
        for nth in range(8 if ".*." in key else 1)
    ]


def probe(quick: bool) -> Iterator[Figure]:  # noqa: FBT001
    """Measure the CPU that one question costs a host, in each of the shells that may ask it."""
    script = Path(__file__).resolve().parent.parent / "tuner" / "remote" / "probe.sh"
    for shell in ("dash", "bash", "busybox ash"):
        if shutil.which(shell.split()[0]) is None:
            continue
        cpu = median([run([*shell.split(), str(script)]) for _ in range(2 if quick else 5)])
        yield Figure(f"the probe in {shell}", f"{1000 * cpu:.0f} ms", "< 100 ms CPU", cpu < 0.1)


def floor(quick: bool) -> Iterator[Figure]:  # noqa: FBT001
    """Compare the whole audit with a bare fan-out that judges nothing."""
    sizes = ((100, 1),) if quick else ((200, 5), (1000, 3))
    with farm.files() as place, farm.real_sshd(place):
        for hosts, rounds in sizes:
            tasks = (contenders.tuner(place, hosts, _FORKS), contenders.bare(place, hosts, _FORKS))
            ours, bare = _alternate(tasks, rounds)
            ratio = ours.per_host / bare.per_host
            yield Figure(f"bare paramiko, {hosts} hosts", bare.words)
            yield Figure(f"tuner audit, {hosts} hosts", ours.words)
            yield Figure(f"tuner / bare, {hosts} hosts", f"{ratio:.2f}x", "<= 1.5x", ratio <= 1.5)


def peers(quick: bool) -> Iterator[Figure]:  # noqa: FBT001
    """Compare the same audit of 20 keys by tuner, pyinfra and Ansible."""
    many, few, rounds = (20, 3, 1) if quick else (200, 20, 3)
    with farm.files() as place, farm.real_sshd(place):
        tasks = (
            contenders.tuner(place, many, _FORKS),
            contenders.pyinfra(place, many, _FORKS),
            contenders.ansible(place, few, min(few, _FORKS)),
        )
        ours, pyinfra, ansible = _alternate(tasks, rounds)
    yield Figure(f"tuner audit, {many} hosts", ours.words)
    yield Figure(f"pyinfra server.sysctl, {many} hosts", pyinfra.words)
    yield Figure(f"ansible.posix.sysctl, {few} hosts", ansible.words)
    for peer, least in ((ansible, 50), (pyinfra, 10)):
        ratio = peer.per_host / ours.per_host
        # So few hosts do not carry a start-up: then the figures are only shown.
        met = None if quick else ratio >= least
        yield Figure(f"{peer.tool} / tuner", f"{ratio:.0f}x", f">= {least}x", met)


def scale(quick: bool) -> Iterator[Figure]:  # noqa: FBT001
    """Ask up to 10,000 hosts that a stand-in plays, with one known_hosts line for each."""
    sizes = (250, 500, 1000) if quick else (1000, 2500, 5000, 10_000)
    with farm.files() as place:
        yield _known_hosts(place, sizes[-1])
        answer = _answer(place.folder)
        costs: dict[int, Cost] = {}
        with farm.stand_in(place, contenders.PYTHON, answer, sizes[-1], 0):
            for hosts in sizes:
                costs[hosts] = cost = _run(contenders.tuner(place, hosts, None), place)
                yield Figure(
                    f"{hosts} hosts",
                    f"{1000 * cost.cpu / hosts:.2f} ms CPU and {1000 * cost.wall / hosts:.2f} ms "
                    f"wall per host, {cost.memory / 1e6:.0f} MB",
                )
        each = [cost.cpu / hosts for hosts, cost in costs.items()]
        middle = statistics.median(each)
        spread = max(abs(one / middle - 1) for one in each)
        yield Figure(
            "CPU per host, off the median", f"{100 * spread:.0f} %", "<= 25 %", spread <= 0.25
        )
        memory = costs[sizes[-1]].memory / 1e6
        yield Figure(
            f"peak memory, {sizes[-1]} hosts", f"{memory:.0f} MB", "< 300 MB", memory < 300
        )
        hosts = 500 if quick else 2000
        with farm.stand_in(place, contenders.PYTHON, answer, hosts, 2):
            cost = _run(contenders.tuner(place, hosts, 5000), place, watch=True)
        yield Figure(
            f"--forks 5000, {hosts} slow hosts",
            f"{cost.threads} threads, {cost.files} files, {1000 * cost.cpu / hosts:.2f} ms",
            "<= 1100, <= 1100",
            cost.threads <= 1100 and cost.files <= 1100,
        )


def _known_hosts(place: farm.Farm, hosts: int) -> Figure:
    """Measure reading hashed known_hosts and finding every host's key in them."""
    from tuner.remote.known_hosts import KnownHosts, Standing  # noqa: PLC0415 - only here

    path = place.folder / "hashed"
    path.write_text(farm.hashed_known_hosts(hosts))
    shown = [
        (f"[{address}]:{farm.PORT}", farm.blob_of(address))
        for address in map(farm.address, range(hosts))
    ]
    start = time.process_time()
    known = KnownHosts([path])
    right = all(
        known.judge([name], "ssh-ed25519", blob).standing is Standing.KNOWN for name, blob in shown
    )
    cpu = time.process_time() - start
    return Figure(
        f"known_hosts: {hosts} hashed lines, {hosts} look-ups",
        f"{cpu:.2f} s",
        "< 1 s",
        right and cpu < 1,
    )


@dataclass(frozen=True, slots=True)
class _Result:
    tool: str
    hosts: int
    costs: Sequence[Cost]

    @property
    def per_host(self) -> float:
        """CPU seconds per host, the median of the rounds."""
        return median(self.costs, self.hosts)

    @property
    def words(self) -> str:
        wall = statistics.median(cost.wall for cost in self.costs)
        return f"{1000 * self.per_host:.1f} ms CPU per host, {wall:.1f} s wall"


def _alternate(tasks: Sequence[Task], rounds: int) -> list[_Result]:
    """Run all tasks in turn, so many times, and check each time that the job was done."""
    costs: dict[str, list[Cost]] = {task.tool: [] for task in tasks}
    for _ in range(rounds):
        for task in tasks:
            costs[task.tool].append(_run(task, None))
    return [_Result(task.tool, task.hosts, costs[task.tool]) for task in tasks]


def _run(task: Task, place: farm.Farm | None, *, watch: bool = False) -> Cost:
    """Run one task.

    Raises:
        SystemExit: it did not do the job, so that its cost means nothing.
    """
    folder = place.folder if place else None
    cost = run(task.command, environment=contenders.environment(task), folder=folder, watch=watch)
    complaint = task.complaint(cost)
    if complaint:
        sys.exit(f"bench: {task.tool} on {task.hosts} hosts did not do the job: {complaint}")
    return cost


def _answer(folder: Path) -> Path:
    """Return a file with what the probe says of this machine, as ``tuner collect`` keeps it."""
    inventory = folder / "here.yml"
    inventory.write_text("all: {hosts: {here: {ansible_connection: local}}}\n")
    command = [sys.executable, "-m", "tuner", "collect", str(inventory), "-o", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "here.dump"
