"""The README cannot lie: its output, tables and exit codes are made by the program.

``TUNER_REFRESH=1 pytest tests/test_readme.py`` writes them anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tuner.cli.exits import Exit
from tuner.policy.resolve import load_profiles
from tuner.rules._check import registry
from tuner.rules._finding import Kind

CHECKOUT = Path(__file__).resolve().parent.parent
README = CHECKOUT / "README.md"
EXAMPLES = 4
ABOUT = {
    Kind.POLICY: "the host is not what its role wants",
    Kind.MYTH: "a setting that does not do what people believe",
    Kind.HAZARD: "a setting that breaks something",
    Kind.HYGIENE: "files and live values that do not fit together",
    Kind.PRESSURE: "the kernel's counters show trouble now",
}
FLEET = CHECKOUT / "tests" / "readme"


def tour() -> str:
    run = subprocess.run(
        [sys.executable, "-m", "tuner", "audit", "inventory.yml"],
        cwd=FLEET,
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"], "COLUMNS": "96"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == Exit.FINDINGS, run.stderr
    return f"```console\n$ tuner audit inventory.yml\n{run.stdout.rstrip()}\n```"


def exits() -> str:
    rows = [f"| {code.value} | {code.meaning} |" for code in Exit]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def rules() -> str:
    kinds = Counter(rule.kind for rule in registry().values())
    rows = [f"| {kind} | {ABOUT[kind]} | {kinds[kind]} | {examples(kind)} |" for kind in Kind]
    return "\n".join(["| kind | about | rules | such as |", "|---|---|---|---|", *rows])


def examples(kind: Kind) -> str:
    of_kind = [rule for rule in registry().values() if rule.kind is kind]
    gravest = sorted(of_kind, key=lambda rule: (-rule.severity, rule.id))[:EXAMPLES]
    return ", ".join(f"[`{rule.id}`](docs/rules/{rule.id}.md)" for rule in gravest)


def profiles() -> str:
    found = load_profiles([CHECKOUT / "profiles"])
    rows = [f"| `{name}` | {profile.summary} |" for name, profile in sorted(found.items())]
    return "\n".join(["| profile | for |", "|---|---|", *rows])


PARTS = {"tour": tour, "exits": exits, "rules": rules, "profiles": profiles}


@pytest.mark.parametrize("name", PARTS)
def test_the_readme_shows_what_is(name: str) -> None:
    text = README.read_text()
    made = PARTS[name]()
    pattern = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    (block,) = pattern.finditer(text)
    if os.environ.get("TUNER_REFRESH"):
        README.write_text(f"{text[: block.start()]}\n{made}\n\n{text[block.end() :]}")
        return
    assert block.group() == f"\n{made}\n\n"


def help_of(*command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tuner", *command, "--help"],
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def commands() -> set[str]:
    return set(re.findall(r"^    ([a-z]+) ", help_of(), re.MULTILINE))


def test_every_command_is_in_the_readme_and_no_other() -> None:
    named = set(re.findall(r"`tuner ([a-z]+)", README.read_text()))
    assert named == commands()


def test_every_flag_in_the_readme_exists() -> None:
    texts = "".join(help_of(command) for command in sorted(commands()))
    flags = set(re.findall(r"`(--[a-z-]+)", README.read_text())) | set(
        re.findall(r"tuner [a-z]+[^`\n]*? (--[a-z-]+)", README.read_text())
    )
    assert flags
    assert {flag for flag in flags if flag not in texts} <= {"--list"}
