"""The README cannot lie: its output, tables and exit codes are made by the program.

``TUNER_REFRESH=1 pytest tests/test_readme.py`` writes them anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tuner.cli.exits import Exit
from tuner.policy.resolve import load_profiles
from tuner.rules._check import registry

CHECKOUT = Path(__file__).resolve().parent.parent
README = CHECKOUT / "README.md"
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
    rows = [
        f"| `{rule.id}` | {rule.severity} | {rule.kind} | {rule.title} |"
        for rule in registry().values()
    ]
    return "\n".join(["| rule | severity | kind | what it flags |", "|---|---|---|---|", *rows])


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


def test_every_command_in_the_readme_exists() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "tuner", "--help"],
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    commands = set(re.findall(r"tuner ([a-z]+)", README.read_text())) - {"is", "adds"}
    known = set(re.findall(r"^    ([a-z]+) ", listed, re.MULTILINE))
    named = {command for command in commands if f"`tuner {command}" in README.read_text()}
    assert named == known


def test_every_flag_in_the_readme_exists() -> None:
    texts = ""
    for command in ("audit", "collect", "explain", "rules", "profiles"):
        texts += subprocess.run(
            [sys.executable, "-m", "tuner", command, "--help"],
            env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    flags = set(re.findall(r"`(--[a-z-]+)", README.read_text())) | set(
        re.findall(r"tuner [a-z]+[^`\n]*? (--[a-z-]+)", README.read_text())
    )
    assert flags
    assert {flag for flag in flags if flag not in texts} <= {"--list"}
