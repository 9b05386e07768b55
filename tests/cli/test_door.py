"""The command line as a person or a script meets it: messages, exit codes, start-up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent

SYSCTL_A = """\
kernel.osrelease = 4.9.0-8-amd64
net.core.somaxconn = 128
net.ipv4.tcp_timestamps = 0
net.ipv4.tcp_tw_recycle = 1
net.ipv4.tcp_tw_reuse = 1
"""


def tuner(
    *arguments: str, cwd: Path, stdin: str = "", through: Sequence[str] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*through, sys.executable, "-m", "tuner", *arguments],
        cwd=cwd,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(cwd),
            "PYTHONPATH": str(CHECKOUT),
            **environment,
        },
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "old1.txt"
    path.write_text(SYSCTL_A)
    return path


def test_no_inventory_says_what_was_looked_for(tmp_path: Path) -> None:
    run = tuner("audit", cwd=tmp_path)
    assert run.returncode == 2
    assert "$TUNER_INVENTORY is not set" in run.stderr
    assert f"there is no inventory.yml in {tmp_path}" in run.stderr
    assert "Traceback" not in run.stderr
    assert "$TUNER_INVENTORY is empty" in tuner("audit", cwd=tmp_path, TUNER_INVENTORY="").stderr


@pytest.mark.parametrize("words", [["--help"], ["audit", "--help"], ["--version"]])
@pytest.mark.parametrize("buffered", ["", "1"])
def test_help_that_cannot_be_written_is_no_success(
    tmp_path: Path, words: list[str], buffered: str
) -> None:
    full = ["sh", "-c", 'exec "$@" > /dev/full', "sh"]
    run = tuner(*words, cwd=tmp_path, through=full, PYTHONUNBUFFERED=buffered)
    assert run.returncode == 2
    assert "cannot write the output: No space left on device" in run.stderr


def test_the_inventory_is_found_by_environment_then_by_name(tmp_path: Path, dump: Path) -> None:
    row = f"all: {{hosts: {{NAME: {{tuner_dump: {dump}, tuner_roles: public-server}}}}}}\n"
    (tmp_path / "inventory.yml").write_text(row.replace("NAME", "here"))
    (tmp_path / "other.yml").write_text(row.replace("NAME", "there"))
    run = tuner("audit", cwd=tmp_path)
    assert "here" in run.stdout
    run = tuner("audit", cwd=tmp_path, TUNER_INVENTORY="other.yml")
    assert "there" in run.stdout
    run = tuner("audit", cwd=tmp_path, TUNER_INVENTORY="gone.yml")
    assert (run.returncode, run.stdout) == (2, "")
    assert "no such inventory: gone.yml (from $TUNER_INVENTORY)" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["adit"], "did you mean audit?"),
        (["--nope"], "unrecognized arguments: --nope\n  see: tuner --help"),
        (["--nope", "audit"], "unrecognized arguments: --nope\n  see: tuner audit --help"),
        (["plan"], "name one: tuner plan INVENTORY ("),
        (["apply", "--yes"], "name one: tuner apply INVENTORY ("),
        (["collect", "-o", "x"], "name one: tuner collect INVENTORY ("),
        (["explain", "drift", "--host", "x"], "name one: tuner explain -i INVENTORY ("),
        (["audit", "--limt", "web"], "see: tuner audit --help"),
        (["audit", "--forks", "0"], "'0' is not a whole number above 0"),
        (["audit", "--timeout", "nan"], "'nan' is not a number of seconds"),
        (["audit", "--fail-on", "fatal"], "invalid choice: 'fatal'"),
        (["audit", "--output", "json"], "--output 'json' is not FORMAT:FILE"),
        (["audit", "--output", "json:gone/x.json"], "there is no folder gone"),
        (["audit", "--from", "gone.dump"], "gone.dump"),
        (["audit", "--from", "old1.txt", "--limit", "web"], "--limit needs an inventory"),
        (["audit", "--from", "old1.txt", "--role", "public-sever"], "public-server"),
        (["audit", "--from", "old1.txt", "--profiles", "gone"], "gone"),
        (["audit", "-K", "here.yml"], "--ask-become-pass needs a terminal"),
        (["audit", "--become-password-file", "gone", "here.yml"], "from gone"),
        (["explain", "tw-recycel"], "tw-recycle"),
        (["explain", "net.ipv4.tcp_fin_timeot"], "net.ipv4.tcp_fin_timeout"),
    ],
)
def test_wrong_usage_exits_2_with_one_clear_message(
    arguments: list[str], said: str, tmp_path: Path, dump: Path
) -> None:
    assert dump.exists()
    (tmp_path / "here.yml").write_text("all: {hosts: {here: {ansible_connection: local}}}")
    run = tuner(*arguments, cwd=tmp_path)
    assert run.returncode == 2, run
    assert said in run.stderr
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) <= 3


def test_a_source_without_files_is_incomplete_never_clean(tmp_path: Path, dump: Path) -> None:
    run = tuner("audit", "--from", str(dump), "--role", "public-server", cwd=tmp_path)
    assert run.returncode == 3
    assert "net.ipv4.tcp_timestamps" in run.stdout
    assert "could not see sysctl.d files" in run.stdout
    assert "next boot unknown" in run.stdout
    assert "0 clean, 1 with findings" in run.stdout


def test_reports_go_to_files_and_stdout_at_once(tmp_path: Path, dump: Path) -> None:
    run = tuner(
        *["audit", "--from", str(dump), "--role", "public-server", "--format", "json"],
        *["--output", "json:a.json", "--output", "text:a.txt"],
        cwd=tmp_path,
    )
    assert run.returncode == 3
    assert (tmp_path / "a.json").read_text() == run.stdout
    assert json.loads(run.stdout)["exit_code"] == 3
    assert "RECAP" in (tmp_path / "a.txt").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.txt", "old1.txt"]


def test_explain_prints_the_page_of_every_rule_that_it_lists(tmp_path: Path) -> None:
    listed = tuner("explain", cwd=tmp_path)
    assert listed.returncode == 0
    names = {line.split()[0] for line in listed.stdout.splitlines() if line}
    assert {"tw-recycle", "time-wait", "keys/ports", "client-heavy"} <= names
    page = tuner("explain", "tw-recycle", cwd=tmp_path).stdout
    assert "Instead" in page
    assert "Sources" in page
    key = tuner("explain", "net/ipv4/tcp_fin_timeout", cwd=tmp_path).stdout
    assert key.startswith("net.ipv4.tcp_fin_timeout")


def test_the_probe_that_is_printed_makes_a_dump(tmp_path: Path) -> None:
    printed = tuner("probe", cwd=tmp_path)
    assert printed.returncode == 0
    made = subprocess.run(["sh"], input=printed.stdout.encode(), capture_output=True, check=True)
    (tmp_path / "here.dump").write_bytes(made.stdout)
    assert tuner("audit", "--from", "here.dump", cwd=tmp_path).returncode in {0, 1}


def test_schema_prints_json(tmp_path: Path) -> None:
    run = tuner("schema", cwd=tmp_path)
    assert json.loads(run.stdout)["title"] == "tuner audit report"


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path, dump: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tuner", "audit", "--from", str(dump), "--role", "base"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_is_said_and_is_no_finding(tmp_path: Path, dump: Path, form: str) -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "tuner", "audit", "--from", dump, "--format", form],
            cwd=CHECKOUT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    said = (
        "tuner: cannot write the output: No space left on device\n  what was written is not whole\n"
    )
    assert (run.returncode, run.stderr) == (2, said)


@pytest.mark.parametrize(("closed", "code"), [(">&-", 3), ("2>&-", 3), (">&- 2>&-", 3)])
def test_closed_streams_change_nothing(tmp_path: Path, dump: Path, closed: str, code: int) -> None:
    command = f"{sys.executable} -m tuner audit --from {dump} --output json:{tmp_path}/r {closed}"
    run = subprocess.run(
        ["sh", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (code, "")
    assert json.loads((tmp_path / "r").read_text())["exit_code"] == code


@pytest.mark.parametrize("columns", ["0", "1", "-5", "wide", "²", "99999999999999999999", ""])
def test_a_width_that_no_terminal_has_is_none(tmp_path: Path, dump: Path, columns: str) -> None:
    for command in (["audit", "--from", str(dump)], ["rules"]):
        usual = tuner(*command, cwd=tmp_path)
        run = tuner(*command, cwd=tmp_path, COLUMNS=columns)
        assert (run.returncode, run.stdout, run.stderr) == (usual.returncode, usual.stdout, "")
        assert len(usual.stdout) > 500


def test_no_color_and_no_terminal_mean_plain_text(tmp_path: Path, dump: Path) -> None:
    run = tuner("audit", "--from", str(dump), cwd=tmp_path, FORCE_COLOR="", NO_COLOR="1")
    assert "\x1b" not in run.stdout
    narrow = tuner("audit", "--from", str(dump), cwd=tmp_path, COLUMNS="40")
    commands = [line for line in narrow.stdout.splitlines() if "  # group " in line]
    assert len(commands) == 1  # it stays on one line, so that it can be copied
    assert max(len(line) for line in narrow.stdout.splitlines() if line not in commands) <= 40


def test_help_and_version_load_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from tuner.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'paramiko', 'pydantic', 'jinja2', 'rich', 'yaml'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    for flag in ("--help", "--version"):
        run = subprocess.run(
            [sys.executable, "-c", code, flag],
            cwd=tmp_path,
            env={"PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert "tuner" in run.stdout


def test_a_profile_of_the_users_own_extends_ours(tmp_path: Path, dump: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "edge.yml").write_text(
        "extends: public-server\nsummary: our edge\nexpect:\n"
        "  net.core.somaxconn:\n    at_least: 9000\n    why: our listeners ask for 9000\n"
        "    sources: [our runbook]\n"
    )
    run = tuner(
        *["audit", "--from", str(dump), "--profiles", "mine", "--role", "edge"],
        *["--format", "json"],
        cwd=tmp_path,
    )
    (host,) = json.loads(run.stdout)["hosts"]
    wanted = {f["key"]: f["wanted"] for f in host["findings"]}
    assert wanted["net.core.somaxconn"] == "at least 9000"
    assert "net.ipv4.tcp_timestamps" in wanted


def test_one_unreadable_dump_does_not_stop_the_others(tmp_path: Path, dump: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\x00\xff\x1b[31mnothing")
    run = tuner("audit", "--from", "bad.txt", str(dump), "--format", "json", cwd=tmp_path)
    assert run.returncode == 3
    hosts = {host["name"]: host for host in json.loads(run.stdout)["hosts"]}
    assert hosts["bad"]["error"]["kind"] == "dump"
    assert hosts["old1"]["findings"]


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"tuner-probe 1\n@@ first\n"])
def test_a_dump_that_cannot_be_read_is_not_judged_and_one_that_is_not_there_is_usage(
    tmp_path: Path, dump: Path, data: bytes
) -> None:
    (tmp_path / "bad.dump").write_bytes(data)
    run = tuner("audit", "--from", "bad.dump", str(dump), cwd=tmp_path)
    assert run.returncode == 3
    assert ["bad", ":", "could", "not", "be", "judged"] in map(str.split, run.stdout.splitlines())
    assert "1 could not be judged, 0 unreachable" in run.stdout
    alone = tuner("audit", "--from", "bad.dump", cwd=tmp_path)
    assert alone.returncode == 3
    assert "1 host: 0 clean, 0 with findings, 1 could not be judged, 0 unreach" in alone.stdout
    run = tuner("audit", "--from", "gone.dump", str(dump), cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")


def test_lines_on_stderr_stay_whole_and_name_a_host_once(tmp_path: Path) -> None:
    name = "refuses-" + "long-" * 20
    address = "{ansible_host: 127.0.0.1, ansible_port: 1, ansible_user: root}"
    (tmp_path / "inventory.yml").write_text(f"all: {{hosts: {{{name}: {address}}}}}\n")
    line = f"{name}: (root@127.0.0.1:1): connection refused"
    run = tuner("audit", "-v", cwd=tmp_path)
    assert run.stderr.splitlines() == [line]
    run = tuner("collect", "-o", "out", cwd=tmp_path)
    hint = "  is sshd running there, and is it on this port?"
    assert (run.returncode, run.stderr.splitlines()) == (3, [line, hint])
    run = tuner("explain", "drift", "--host", name, "-i", "inventory.yml", cwd=tmp_path)
    assert run.stderr.splitlines() == [f"tuner: {line}", hint]
