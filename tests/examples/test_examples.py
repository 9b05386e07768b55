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


def scripts(name: str) -> list[str]:
    """Return the commands of a workflow that run tuner."""
    document = yaml.safe_load((EXAMPLES / name).read_text())
    steps = document.get("jobs", {}).get("lint", {}).get("steps", [])
    commands = [step.get("run", "") for step in steps]
    commands += document.get("sysctl-lint", {}).get("script", [])
    return [command for command in commands if command.startswith("tuner ")]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_workflows_commands_run(name: str, tmp_path: Path) -> None:
    """Findings fail the job and are there to upload; what did not run leaves nothing to upload."""
    (command,) = scripts(name)
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c"]  # as GitHub's runner
    tool = real_tuner(tmp_path)
    repository = tmp_path / "repository"
    (repository / "files/etc/sysctl.d").mkdir(parents=True)
    file = repository / "files/etc/sysctl.d/90-app.conf"
    environment = {
        "PATH": f"{tool.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "FILES": ".",
    }

    def lint(text: str) -> subprocess.CompletedProcess[str]:
        file.write_text(text)
        (repository / "tuner.sarif").unlink(missing_ok=True)
        return run(*shell, command, cwd=repository, env=environment)

    def results() -> list[Any]:
        found: list[Any] = json.loads((repository / "tuner.sarif").read_text())["runs"][0][
            "results"
        ]
        return found

    clean = lint("net.core.somaxconn = 16384\n")
    assert (clean.returncode, clean.stdout, results()) == (0, "1 file: nothing found\n", [])
    wrong = lint('net.core.somaxconn = "16384"\n')
    assert wrong.returncode == 1
    assert "files/etc/sysctl.d/90-app.conf:1:22: error quoted-value" in wrong.stdout
    (result,) = results()
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "files/etc/sysctl.d/90-app.conf"
    environment["FILES"] = "nowhere"
    absent = lint("")
    assert absent.returncode == 2
    assert "nowhere" in absent.stderr
    assert not (repository / "tuner.sarif").exists()


def test_the_github_workflow_uploads_what_a_failed_lint_wrote() -> None:
    github = yaml.safe_load((EXAMPLES / "github/sysctl-lint.yml").read_text())
    upload = github["jobs"]["lint"]["steps"][-1]
    assert upload["if"] == "${{ !cancelled() && hashFiles('tuner.sarif') != '' }}"
    assert upload["with"]["sarif_file"] == "tuner.sarif"
    gitlab = yaml.safe_load((EXAMPLES / "gitlab/sysctl-lint.gitlab-ci.yml").read_text())
    artifacts = gitlab["sysctl-lint"]["artifacts"]
    assert (artifacts["when"], artifacts["reports"]) == ("always", {"sarif": "tuner.sarif"})


def real_tuner(place: Path) -> Path:
    """Put a program called tuner, which is this checkout's, into a folder for PATH."""
    tool = place / "bin" / "tuner"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m tuner "$@"\n')
    tool.chmod(0o755)
    return tool


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
        tool = real_tuner(place)
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


def test_the_real_pre_commit_hands_the_right_files_to_tuner(tmp_path: Path) -> None:
    """The hook as it is, but for its language: nothing is installed here."""
    hooks, work, tools = tmp_path / "hooks", tmp_path / "work", Path(sys.executable).parent
    for folder in (hooks, work / "etc" / "sysctl.d"):
        folder.mkdir(parents=True)
    (hooks / ".pre-commit-hooks.yaml").write_text(
        HOOKS.read_text().replace("language: python", "language: system")
    )
    tool = real_tuner(tmp_path)
    (work / "etc/sysctl.d/90-a.conf").write_text("net.ipv4.tcp_sack = 1\n")
    (work / "etc/README").write_text("net.ipv4.tcp_sack = no\n")
    for place in (hooks, work):
        git(place, "init", "-q")
        git(place, "add", "-A")
        git(place, "commit", "-qm", "x")
    environment = {
        "PATH": f"{tool.parent}:{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "HOME": str(tmp_path),
    }

    def hook() -> subprocess.CompletedProcess[str]:
        return run(
            *(tools / "pre-commit", "try-repo", hooks, "tuner-lint", "--all-files"),
            cwd=work,
            env=environment,
        )

    done = hook()
    assert done.returncode == 0, done.stdout + done.stderr
    (work / "etc/sysctl.d/90-a.conf").write_text('net.ipv4.tcp_sack = "1"\n')
    wrong = hook()
    assert wrong.returncode == 1
    assert "etc/sysctl.d/90-a.conf:1:21: error quoted-value" in wrong.stdout
    assert "1 file: 1 error" in wrong.stdout
    assert "README" not in wrong.stdout
