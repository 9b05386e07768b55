"""The examples run: workflows against their schemas, the night under real shells, the real hook."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = CHECKOUT / "examples"
NIGHTLY = EXAMPLES / "nightly" / "tuner-nightly"
HOOKS = CHECKOUT / ".pre-commit-hooks.yaml"
WEB1 = CHECKOUT / "tests" / "readme" / "web1.dump"
SHELLS = [["dash"], ["busybox", "sh"]]
WORKFLOWS = {
    "github/sysctl-lint.yml": "github-workflows",
    "gitlab/sysctl-lint.gitlab-ci.yml": "gitlab-ci",
}


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def test_the_readme_names_every_example() -> None:
    named = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.rglob("*"):
        if path.is_file() and path.name != "README.md":
            assert path.name in named or path.suffix in named, path


@pytest.mark.parametrize(("name", "schema"), WORKFLOWS.items())
def test_workflows_keep_to_their_schema(name: str, schema: str) -> None:
    found = importlib.util.find_spec("check_jsonschema")
    if found is None or found.origin is None:
        pytest.skip("check-jsonschema, which brings the schemas, is not installed")
    (path,) = Path(found.origin).parent.rglob(f"{schema}.json")
    document = yaml.safe_load((EXAMPLES / name).read_text())
    if True in document:  # YAML 1.1 reads GitHub's `on` as a boolean
        document["on"] = document.pop(True)
    jsonschema.Draft7Validator(json.loads(path.read_text())).validate(document)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_name_commands_that_exist(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert re.search(r'tuner lint "\$FILES" --format sarif > tuner\.sarif', text)
    document = yaml.safe_load(text)
    steps = [
        step.get("run", "") for step in document.get("jobs", {}).get("lint", {}).get("steps", [])
    ]
    steps += document.get("sysctl-lint", {}).get("script", [])
    scripts = [step for step in steps if "tuner" in step]
    assert scripts
    for script in scripts:
        assert run("sh", "-n", input=script).returncode == 0


def test_findings_fail_the_job_after_the_upload_and_errors_at_once(tmp_path: Path) -> None:
    """The scripts of both workflows, with a tuner that exits as told."""
    github = yaml.safe_load((EXAMPLES / "github/sysctl-lint.yml").read_text())
    (lint,) = [it["run"] for it in github["jobs"]["lint"]["steps"] if it.get("id") == "lint"]
    gitlab = yaml.safe_load((EXAMPLES / "gitlab/sysctl-lint.gitlab-ci.yml").read_text())
    first, second = gitlab["sysctl-lint"]["script"]
    shim = tmp_path / "tuner"
    shim.write_text('#!/bin/sh\necho "$@"\nexit "$CODE"\n')
    shim.chmod(0o755)
    for code, lint_code, first_code in ((0, 0, 0), (1, 0, 0), (2, 1, 1)):
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "CODE": str(code),
            "FILES": "etc",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
        }
        (tmp_path / "output").write_text("")
        done = run("bash", "-e", "-o", "pipefail", "-c", lint, cwd=tmp_path, env=environment)
        assert done.returncode == lint_code, (code, done)
        assert (tmp_path / "output").read_text() == f"code={code}\n"
        assert (tmp_path / "tuner.sarif").read_text() == "lint etc --format sarif\n"
        assert run("sh", "-e", "-c", first, cwd=tmp_path, env=environment).returncode == first_code
        assert run("sh", "-e", "-c", second, cwd=tmp_path, env=environment).returncode == code


class Night:
    """The nightly script over one dump, with the real tuner."""

    def __init__(self, place: Path, shell: list[str]) -> None:
        self.state = place / "state"
        self.state.mkdir()
        self.dump = place / "web1.dump"
        self.dump.write_bytes(WEB1.read_bytes())
        self.inventory = place / "inventory.yml"
        self.inventory.write_text(
            "all: {hosts: {web1: {tuner_dump: web1.dump, tuner_roles: public-server}}}\n"
        )
        tool = place / "bin" / "tuner"
        tool.parent.mkdir()
        tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m tuner "$@"\n')
        tool.chmod(0o755)
        self.shell = shell
        self.environment = {
            "PATH": f"{tool.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(CHECKOUT),
            "TUNER_INVENTORY": str(self.inventory),
            "TUNER_STATE": str(self.state),
        }

    def __call__(self) -> subprocess.CompletedProcess[str]:
        done = run(*self.shell, NIGHTLY, env=self.environment)
        assert "Traceback" not in done.stderr
        return done

    def change(self, old: bytes, new: bytes) -> None:
        text = self.dump.read_bytes()
        assert old in text
        self.dump.write_bytes(text.replace(old, new))


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_the_nightly_audit_speaks_only_when_something_moved(
    tmp_path: Path, shell: list[str]
) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"no {shell[0]}")
    night = Night(tmp_path, shell)
    first = night()
    assert first.returncode == 1
    assert "RECAP" in first.stdout
    second = night()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    night.change(b"/proc/sys/net/ipv4/tcp_sack:1", b"/proc/sys/net/ipv4/tcp_sack:0")
    third = night()
    assert third.returncode == 1
    assert "net.ipv4.tcp_sack" in third.stdout
    assert (night().returncode, sorted(path.name for path in night.state.iterdir())) == (
        0,
        ["last.json", "last.txt"],
    )


def test_a_night_that_fails_keeps_the_last_report(tmp_path: Path) -> None:
    night = Night(tmp_path, ["sh"])
    night()
    last = (night.state / "last.json").read_bytes()
    good = night.inventory.read_text()
    night.inventory.write_text("all: [\n")
    failed = night()
    assert failed.returncode == 2
    assert "inventory.yml:" in failed.stderr
    assert (night.state / "last.json").read_bytes() == last
    night.inventory.write_text(good.replace("web1.dump", "gone.dump"))
    lost = night()
    assert lost.returncode == 3
    assert "could no longer be judged: web1: dump: " in " ".join(lost.stdout.split())
    (night.state / "last.json").write_text("{")
    broken = night()
    assert broken.returncode == 2
    assert "last.json:1:2: not JSON" in broken.stderr
    assert (night.state / "last.json").read_text() == "{"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service = (EXAMPLES / "nightly/tuner-nightly.service").read_text()
    assert "ExecStart=/usr/local/bin/tuner-nightly\n" in service
    # The program and the user are not there on every machine that runs tests.
    here = service.replace("/usr/local/bin/tuner-nightly", "/bin/true")
    (tmp_path / "tuner-nightly.service").write_text(here.replace("User=tuner", "User=root"))
    timer = (EXAMPLES / "nightly/tuner-nightly.timer").read_text()
    (tmp_path / "tuner-nightly.timer").write_text(timer)
    names = ["tuner-nightly.service", "tuner-nightly.timer"]
    done = run("systemd-analyze", "verify", "--man=no", *names, cwd=tmp_path)
    said = [line for line in done.stderr.splitlines() if "tuner-nightly" in line]
    assert (done.returncode, said) == (0, [])
    (tmp_path / "tuner-nightly.service").write_text(here.replace("oneshot", "onceshot"))
    wrong = run("systemd-analyze", "verify", "--man=no", names[0], cwd=tmp_path)
    assert "tuner-nightly.service" in wrong.stderr  # else the check above checks nothing
    calendar = re.search(r"OnCalendar=(.*)", timer)
    assert calendar is not None
    assert run("systemd-analyze", "calendar", calendar[1]).returncode == 0


def test_the_cron_entry_names_user_and_program() -> None:
    lines = (EXAMPLES / "nightly/tuner-nightly.cron").read_text().splitlines()
    (entry,) = [line for line in lines if line and line[0] in "0123456789*"]
    minute, hour, day, month, weekday, user, command = entry.split(maxsplit=6)
    assert 0 <= int(minute) < 60
    assert 0 <= int(hour) < 24
    assert (day, month, weekday) == ("*", "*", "*")
    assert (user, command) == ("tuner", NIGHTLY.name)
    assert "MAILTO=root" in lines
    assert any(line.startswith("PATH=") and "/usr/local/bin" in line for line in lines)


def test_the_nightly_script_is_clean() -> None:
    assert os.access(NIGHTLY, os.X_OK)
    shellcheck = Path(sys.executable).with_name("shellcheck")
    assert run(shellcheck, NIGHTLY).stdout == ""


def test_the_hook_is_one_that_pre_commit_takes(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text())
    assert (hook["id"], hook["entry"], hook["language"]) == ("tuner-lint", "tuner lint", "python")
    chosen = re.compile(hook["files"])
    for path in ("sysctl.conf", "etc/sysctl.conf", "etc/sysctl.d/90-a.conf", "sysctl.d/a.conf"):
        assert chosen.search(path), path
    for path in ("etc/mysysctl.conf", "sysctl.d/README", "sysctl.d/x/a.conf", "a/sysctl.conf.bak"):
        assert not chosen.search(path), path


def git(place: Path, *arguments: str) -> None:
    names = {
        f"GIT_{who}_{what}": "t@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), **names}
    done = run("git", *arguments, cwd=place, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("pre-commit"), reason="pre-commit is not installed")
def test_the_real_pre_commit_hands_the_right_files_to_tuner(tmp_path: Path) -> None:
    """The hook as it is, but for its language: nothing is installed here."""
    hooks, work, bin_ = tmp_path / "hooks", tmp_path / "work", tmp_path / "bin"
    for folder in (hooks, work / "etc" / "sysctl.d", bin_):
        folder.mkdir(parents=True)
    (hooks / ".pre-commit-hooks.yaml").write_text(
        HOOKS.read_text().replace("language: python", "language: system")
    )
    shim = bin_ / "tuner"
    shim.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> "$SAID"\n! grep -q tcp_tw_recycle "$@"\n')
    shim.chmod(0o755)
    (work / "etc/sysctl.d/90-a.conf").write_text("net.ipv4.tcp_sack = 1\n")
    (work / "etc/README").write_text("net.ipv4.tcp_tw_recycle\n")
    for place in (hooks, work):
        git(place, "init", "-q")
        git(place, "add", "-A")
        git(place, "commit", "-qm", "x")
    environment = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SAID": str(tmp_path / "said"),
    }

    def hook() -> subprocess.CompletedProcess[str]:
        return run(
            *("pre-commit", "try-repo", hooks, "tuner-lint", "--all-files"),
            cwd=work,
            env=environment,
        )

    done = hook()
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "said").read_text().split() == ["lint", "etc/sysctl.d/90-a.conf"]
    (work / "etc/sysctl.d/90-a.conf").write_text("net.ipv4.tcp_tw_recycle = 1\n")
    assert hook().returncode == 1
