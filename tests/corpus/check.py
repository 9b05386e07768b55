"""Hold the rules against files of the wild: ``python -m tests.corpus.check FOLDER``.

The folder is no part of tuner: ``conf/`` has sysctl files, ``dumps/`` the output of ``sysctl -a``.
Each file becomes the one drop-in of a host that has loaded it; what every file deserves was judged
by hand and stands in ``labels.yml``, by the file's name alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from tuner.policy.policy import Policy
from tuner.policy.resolve import load_profiles, resolve
from tuner.rules._check import check, registry
from tuner.rules._finding import Verdict
from tuner.rules._values import completed, refused
from tuner.snapshot.snapshot import Counters, Missing, Snapshot, Sockets
from tuner.snapshot.sysctl_a import parse_sysctl_a
from tuner.snapshot.system import System
from tuner.sysctl.boot import Boot, boot
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

HERE = Path(__file__).resolve().parent
LABELS = HERE / "labels.yml"
PROFILES = HERE.parents[1] / "profiles"
MEMORY = 16 << 30
TEN_DAYS = 864_000.0


@dataclass
class Score:
    """How the rules did: right, not deserved, and missing, each as ``FILE: RULE KEY``."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + len(self.wrong), 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + len(self.missing), 1)


def load(base: Snapshot, content: bytes) -> Snapshot:
    """Return the host after it has loaded the file, as the kernel would take it."""
    entry = Entry("/etc/sysctl.d/99-local.conf", content=content)
    made = boot((entry,), keys=base.live)
    live = dict(base.live)
    for key, value in applied(base, made):
        live[key] = str(value)
        family, _, name = key.partition(".conf.default.")
        for other in list(live) if name else ():  # conf.default reaches interfaces nobody has set
            prefix, _, rest = other.partition(".conf.")
            interface, _, setting = rest.partition(".")
            if (prefix, setting) == (family, name) and interface not in {"all", "default"}:
                live[other] = live[other] if other in made.decisions else str(value)
    return replace(
        base,
        live=live,
        files=(entry,),
        system=System(memory=MEMORY, uptime=TEN_DAYS, init="systemd", os_id="debian"),
        counters=Counters({}, {}, 0.5),
        sockets=Sockets({}, (), ()),
    )


def applied(base: Snapshot, made: Boot) -> Iterator[tuple[Key, Value]]:
    """Yield what the kernel takes of a file's lines."""
    for key, decision in made.decisions.items():
        shown = base.live.get(key)
        if shown is None or isinstance(shown, Missing):
            continue
        if refused(key, decision.value, base.kernel):
            continue
        before = base.reading(key)
        whole = isinstance(before, Value) and decision.value.written
        yield key, completed(decision.value, before) if whole else decision.value  # type: ignore[arg-type]


def told(verdict: Verdict) -> set[str]:
    """Return every finding in the words of a label."""
    findings = {*verdict.single, *verdict.findings}
    return {f"{finding.rule} {finding.key or ''}".strip() for finding in findings}


def judge(folder: Path, base: str, policy: Policy) -> Mapping[str, set[str]]:
    """Return what the rules say of every file and every dump."""
    host = parse_sysctl_a((folder / "dumps" / base).read_bytes())
    rules = registry().values()
    found = {}
    for path in sorted((folder / "conf").glob("*.conf")):
        found[path.name] = told(check(load(host, path.read_bytes()), policy, rules))
    for path in sorted((folder / "dumps").glob("*.txt")):
        found[path.name] = told(check(parse_sysctl_a(path.read_bytes()), policy, rules))
    return found


def compare(
    found: Mapping[str, set[str]], labels: Mapping[str, Mapping[str, Sequence[str]]]
) -> Score:
    """Return the score: ``deserves`` is wanted; ``known`` are differences seen and accepted."""
    score = Score()
    for name, said in found.items():
        deserved = set(labels.get(name, {}).get("deserves", ()))
        score.right += len(said & deserved)
        score.wrong += [f"{name}: {it}" for it in sorted(said - deserved)]
        score.missing += [f"{name}: {it}" for it in sorted(deserved - said)]
    return score


def main(arguments: Sequence[str]) -> int:
    """Print precision, recall and every difference; 1 where one is not known yet."""
    folder = Path(arguments[0])
    document = yaml.safe_load(LABELS.read_text(encoding="utf-8"))
    policy = resolve(load_profiles([PROFILES]), tuple(document["roles"]))
    found = judge(folder, document["base"], policy)
    score = compare(found, document["files"])
    known = set(document["known"])
    for title, differences in (("not deserved", score.wrong), ("missing", score.missing)):
        for difference in differences:
            print(f"{title}: {difference}{'' if difference in known else '  <- new'}")
    gone = known - {*score.wrong, *score.missing}
    for difference in sorted(gone):
        print(f"no longer: {difference}")
    unlabelled = sorted(found.keys() - document["files"].keys())
    for name in unlabelled:
        print(f"no label: {name}")
    print(
        f"{len(found)} files, {score.right} findings right: "
        f"precision {score.precision:.3f}, recall {score.recall:.3f}"
    )
    new = {*score.wrong, *score.missing} - known
    return 1 if new or gone or unlabelled else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
