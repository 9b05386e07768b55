"""Several reports at once: which, where to, whole or as they come, and what happens if not."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_door import CHECKOUT, SYSCTL_A, tuner
from tuner.cli.outputs import FORMS
from tuner.cli.parser import build_parser


@pytest.fixture
def audit(tmp_path: Path) -> list[str]:
    (tmp_path / "old1.txt").write_text(SYSCTL_A)
    return ["audit", "--from", "old1.txt", "--role", "public-server"]


def test_the_help_names_every_format() -> None:
    text = build_parser().parse_args(["audit"])
    assert text.format is None
    usage = subprocess.run(
        [sys.executable, "-m", "tuner", "audit", "--help"],
        env={"PYTHONPATH": str(CHECKOUT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert ", ".join(FORMS) in usage


def test_every_format_at_once_and_the_exit_code_stays(tmp_path: Path, audit: list[str]) -> None:
    outputs = [word for form in FORMS for word in ("--output", f"{form}:report.{form}")]
    run = tuner(*audit, *outputs, cwd=tmp_path)
    assert run.returncode == 3
    assert run.stdout.startswith("old1  public-server")
    written = {path.suffix[1:]: path.read_text() for path in tmp_path.glob("report.*")}
    assert set(written) == set(FORMS)
    assert all("old1" in text for text in written.values())
    assert not list(tmp_path.glob(".report*"))


@pytest.mark.parametrize("form", FORMS)
def test_the_exit_code_does_not_depend_on_the_format(
    form: str, tmp_path: Path, audit: list[str]
) -> None:
    run = tuner(*audit, "--format", form, cwd=tmp_path)
    assert run.returncode == 3
    assert run.stderr == ""


def test_a_terminal_without_unicode_gets_ascii_and_machines_utf8(
    tmp_path: Path, audit: list[str]
) -> None:
    old = {"LC_ALL": "C", "PYTHONUTF8": "0"}
    run = tuner(*audit, cwd=tmp_path, **old)
    assert (run.returncode, run.stderr) == (3, "")
    assert run.stdout.isascii()
    assert "live 0 - wanted 1 or 2 - next boot unknown" in run.stdout
    run = tuner(*audit, "--output", "markdown:-", cwd=tmp_path, **old)
    assert (run.returncode, run.stderr) == (3, "")
    assert "·" in run.stdout


def test_standard_output_holds_one_report(tmp_path: Path, audit: list[str]) -> None:
    run = tuner(*audit, "--output", "json:-", cwd=tmp_path)
    assert json.loads(run.stdout)["exit_code"] == 3
    run = tuner(*audit, "--output", "json:-", "--format", "text", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert "json and text would both go to standard output" in run.stderr


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (["json"], "is not FORMAT:FILE"),
        (["yaml:x"], "formats: text, json, jsonl"),
        (["json:"], "is not FORMAT:FILE"),
        (["json:gone/x"], "there is no folder gone"),
        (["json:."], ". is a folder"),
        (["json:a", "html:a"], "two reports for the file a"),
        (["json:a", "json:a"], "two reports for the file a"),
        (["json:a", "html:./a"], "two reports for the file a"),
    ],
)
def test_outputs_that_mean_nothing_are_refused_before_anybody_is_asked(
    outputs: list[str], said: str, tmp_path: Path, audit: list[str]
) -> None:
    words = [word for output in outputs for word in ("--output", output)]
    run = tuner(*audit, *words, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_a_link_keeps_pointing_and_a_file_its_mode(tmp_path: Path, audit: list[str]) -> None:
    real = tmp_path / "real.json"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "link.json").symlink_to("real.json")
    run = tuner(*audit, "--output", "json:link.json", cwd=tmp_path)
    assert run.returncode == 3
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads(real.read_text())["exit_code"] == 3
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path, audit: list[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
        run = tuner(*audit, "--output", f"json:{pipe}", "--output", "html:/dev/null", cwd=tmp_path)
        assert reader.stdout is not None
        assert json.loads(reader.stdout.read())["exit_code"] == 3
    assert run.returncode == 3
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_full_disk_takes_only_its_own_report(tmp_path: Path, audit: list[str]) -> None:
    run = tuner(
        *[*audit, "--output", "json:/dev/full", "--output", "jsonl:/dev/full"],
        *["--output", "sarif:good.sarif"],
        cwd=tmp_path,
    )
    assert run.returncode == 3
    assert "cannot write /dev/full: No space left on device" in run.stderr
    assert "RECAP" in run.stdout
    assert json.loads((tmp_path / "good.sarif").read_text())["version"] == "2.1.0"


def test_lines_come_while_hosts_are_still_asked(tmp_path: Path, audit: list[str]) -> None:
    assert audit
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        (tmp_path / "inventory.yml").write_text(
            "all:\n  hosts:\n    quick: {tuner_dump: old1.txt}\n"
            f"    slow: {{ansible_host: 127.0.0.1, ansible_port: {port}}}\n"
        )
        command = [sys.executable, "-m", "tuner", "audit", "--connect-timeout", "4"]
        outputs = ["--output", "jsonl:-", "--output", "jsonl:lines", "--output", "json:whole"]
        with subprocess.Popen(
            [*command, *outputs],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            assert (first["type"], first["name"]) == ("host", "quick")
            assert process.poll() is None
            until = time.monotonic() + 3
            while (tmp_path / "lines").read_text().count("\n") != 1:
                assert time.monotonic() < until
            assert not (tmp_path / "whole").exists()
            rest = [json.loads(line) for line in process.stdout]
        assert process.returncode == 3
    assert [line["type"] for line in rest] == ["host", "summary"]
    assert rest[0]["error"]["kind"] == "timed-out"
    assert rest[1]["totals"]["hosts"] == 2
    assert (tmp_path / "lines").read_text().count("\n") == 3
    assert json.loads((tmp_path / "whole").read_text())["totals"] == rest[1]["totals"]


def test_the_command_of_a_group_asks_as_this_run_did(tmp_path: Path, audit: list[str]) -> None:
    (tmp_path / "my inventory.yml").write_text("all: {hosts: {old1: {tuner_dump: old1.txt}}}")
    flags = ["--become", "--ssh-config", "/dev/null", "--role", "base"]
    run = tuner("audit", "my inventory.yml", *flags, "--format", "json", cwd=tmp_path)
    (group,) = json.loads(run.stdout)["groups"]
    words = "--role base --become --ssh-config /dev/null"
    assert group["command"] == f"tuner plan 'my inventory.yml' {words}"
    limited = tuner(*["audit", "my inventory.yml", "-l", "old1", "--format", "json"], cwd=tmp_path)
    (group,) = json.loads(limited.stdout)["groups"]
    assert group["command"] == "tuner plan 'my inventory.yml' --limit old1"
    dumps = tuner(*audit, "--format", "json", cwd=tmp_path)
    (group,) = json.loads(dumps.stdout)["groups"]
    assert group["command"] == "tuner plan --role public-server --from old1.txt"


def test_schemas_are_printed(tmp_path: Path) -> None:
    for document, title in {
        "report": "tuner audit report",
        "report-lines": "a line of tuner's JSON Lines report",
    }.items():
        assert json.loads(tuner("schema", document, cwd=tmp_path).stdout)["title"] == title
