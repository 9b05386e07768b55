"""`tuner lint` as a user types it: files, folders, roots and pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.test_door import tuner

CHECKOUT = Path(__file__).resolve().parents[2]
BAD = 'net.ipv4.tcp_rmem = "4096 87380 6291456"\n'


def lint(
    *arguments: str | Path, cwd: Path, stdin: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tuner", "lint", *map(str, arguments)],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(CHECKOUT)},
        input=stdin if stdin is not None else b"",
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def test_a_file_by_the_name_that_was_given(tmp_path: Path) -> None:
    (tmp_path / "sysctl").mkdir()
    (tmp_path / "sysctl/90-app").write_text("# ours\n" + BAD)
    run = lint("sysctl/90-app", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout == (
        "sysctl/90-app:2:21: error quoted-value: The quotes are written to the kernel, which "
        "refuses the value: the line does nothing.\n"
        "    instead: net.ipv4.tcp_rmem = 4096 87380 6291456\n"
        "1 file: 1 error\n"
    )


def test_a_clean_file_exits_0(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("net.core.somaxconn = 16384\n")
    run = lint("a.conf", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, "1 file: nothing found\n")


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_a_pipe(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run = lint(*arguments, cwd=tmp_path, stdin=BAD.encode())
    assert run.returncode == 1
    assert run.stdout.startswith("-:1:21: error quoted-value")


def test_paths_may_stand_after_options(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("net.core.somaxconn = 8192\n")
    (tmp_path / "b.conf").write_text(BAD)
    run = lint("a.conf", "--kernel", "6.1", "b.conf", cwd=tmp_path)
    assert (run.returncode, run.stdout.splitlines()[-1]) == (1, "2 files: 1 error")


def test_files_apart_are_no_tree_and_a_folder_is(tmp_path: Path) -> None:
    (tmp_path / "10-a.conf").write_text("net.core.somaxconn = 8192\n")
    (tmp_path / "20-b.conf").write_text("net.core.somaxconn = 16384\n")
    apart = lint("10-a.conf", "20-b.conf", cwd=tmp_path)
    assert apart.stdout == "2 files: nothing found\n"
    together = lint(".", cwd=tmp_path)
    assert "10-a.conf:1:1: note overridden-line: 20-b.conf:1 sets" in together.stdout
    assert together.returncode == 0
    assert lint(".", "--fail-on", "note", cwd=tmp_path).returncode == 1


def test_a_root_file_system_with_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("etc/sysctl.d", "usr/lib/sysctl.d", "etc/modules-load.d"):
        (root / folder).mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    (root / "etc/sysctl.conf").write_text(BAD)
    (root / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    (root / "etc/sysctl.d/mask.conf").symlink_to("/dev/null")
    (root / "etc/sysctl.d/out.conf").symlink_to("../../../../../../../etc/passwd")
    (root / "etc/sysctl.d/gone.conf").symlink_to("/nowhere")
    (root / "usr/lib/sysctl.d/10-v.conf").write_text("net.netfilter.nf_conntrack_max = 9\n")
    (root / "etc/modules-load.d/m.conf").write_text("nf_conntrack\n")
    run = lint(root, "--format", "json", cwd=tmp_path)
    found = json.loads(run.stdout)["findings"]
    places = {(it["rule"], it["file"].removeprefix(str(root)), it["line"]) for it in found}
    assert places >= {
        ("quoted-value", "/etc/sysctl.conf", 1),
        ("quoted-value", "/etc/sysctl.d/99-sysctl.conf", 1),
        ("unread-file", "/etc/sysctl.d/gone.conf", 1),
    }
    assert not {it["rule"] for it in found} & {"module-comes-later", "not-an-assignment"}
    assert "root:" not in run.stdout


def test_a_repository_is_searched(tmp_path: Path) -> None:
    (tmp_path / "roles/web/files/sysctl.d").mkdir(parents=True)
    (tmp_path / "roles/web/files/sysctl.d/90-x.conf").write_text(BAD)
    (tmp_path / "roles/db").mkdir(parents=True)
    (tmp_path / "roles/db/sysctl.conf").write_text("sysctl -w net.ipv4.ip_forward=1\n")
    (tmp_path / ".git/sysctl.d").mkdir(parents=True)
    (tmp_path / ".git/sysctl.d/x.conf").write_text(BAD)
    run = lint(".", cwd=tmp_path)
    rows = [line.split(": ")[0] for line in run.stdout.splitlines() if ": error" in line]
    assert rows == ["roles/db/sysctl.conf:1:1", "roles/web/files/sysctl.d/90-x.conf:1:21"]


def test_json_keeps_to_its_schema(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(
        BAD + "# tuner: ignore[octal-number] ticket 4711\nnet.ipv4.tcp_fin_timeout = 074\n"
    )
    run = lint("a.conf", "--format", "json", cwd=tmp_path)
    report: dict[str, Any] = json.loads(run.stdout)
    text = (resources.files("tuner.report") / "schema" / "lint-1.json").read_text()
    assert tuner("schema", "lint", cwd=tmp_path).stdout == text
    jsonschema.Draft202012Validator(json.loads(text)).validate(report)
    assert report["exit_code"] == run.returncode == 1
    assert report["totals"] == {"files": 1, "suppressed": 1, "error": 1, "warning": 0, "note": 0}
    assert report["suppressed"][0]["reason"] == "ticket 4711"


def test_kernel_and_loader_decide(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("net.ipv4.ip_local_port_range = 1000 65000\n; x\n")
    assert lint("a.conf", "--ignore", "semicolon-comment", cwd=tmp_path).returncode == 1
    old = ("--kernel", "4.4.0-21-generic", "--loader", "systemd:229")
    assert lint("a.conf", *old, cwd=tmp_path).returncode == 0
    new = ("--kernel", "4.4", "--loader", "systemd:262", "--select", "semicolon-comment")
    assert lint("a.conf", *new, cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone.conf",), "cannot read gone.conf: No such file"),
        (("empty",), "no settings files in empty"),
        (("a.conf", "--select", "quoted-valeu"), "did you mean quoted-value"),
        (("a.conf", "--ignore", "boot-drift"), "there is no rule 'boot-drift' about files"),
        (("a.conf", "--kernel", "new"), "not a kernel release"),
        (("a.conf", "--loader", "runit"), "loaders: systemd, procps, busybox"),
    ],
)
def test_wrong_usage_exits_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "a.conf").write_text("")
    (tmp_path / "empty").mkdir()
    run = lint(*arguments, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr


def test_bytes_of_any_kind_reach_no_terminal(tmp_path: Path) -> None:
    evil = (
        bytes(range(1, 256)) * 3 + b"\n\x1b]0;x\x07\x1b[2J = \xe2\x80\xae1\nnet.core.\x1b[31m = 2\n"
    )
    (tmp_path / "a\x1b[2J.conf").write_bytes(evil)
    run = lint("a\x1b[2J.conf", cwd=tmp_path)
    assert run.returncode in {0, 1}
    assert not set(run.stdout) & set("\x1b\x07\u202e\r\x00")


def test_a_large_file_takes_linear_time(tmp_path: Path) -> None:
    line = "net.ipv4.tcp_fin_timeout = 30\nnet.ipv4.conf.all.accept_redirects = 0\n"
    times = []
    for size in (2000, 20_000):
        (tmp_path / "a.conf").write_text(line * size)
        started = time.process_time()
        children = os.times().children_user
        lint("a.conf", cwd=tmp_path)
        times.append(os.times().children_user - children + time.process_time() - started)
    assert times[1] < 15 * times[0] + 2, times


FOLKLORE = "# kill TIME_WAIT\nnet.ipv4.tcp_fin_timeout = 10\nnet.ipv4.tcp_tw_recycle = 1\n"


def test_folklore_is_called_so_for_the_kernel_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(FOLKLORE)
    now = lint("a.conf", cwd=tmp_path)
    assert now.returncode == 1
    assert (
        "a.conf:2:1: warning fin-timeout-time-wait: tcp_fin_timeout limits FIN_WAIT2" in now.stdout
    )
    assert "a.conf:3:1: warning tw-recycle: Linux 4.12 removed tcp_tw_recycle" in now.stdout
    newer = lint("a.conf", "--kernel", "6.1", cwd=tmp_path)
    assert newer.stdout == now.stdout  # it cannot drop anything where it does not exist
    then = lint("a.conf", "--kernel", "4.4", cwd=tmp_path)
    assert "a.conf:3:1: error tw-recycle: " in then.stdout
    assert "removed" not in then.stdout
    assert "4.11" not in then.stdout


def test_a_line_that_loses_is_judged_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_sack = 1\n")
    assert "sack-off" not in lint("a.conf", cwd=tmp_path).stdout
    (tmp_path / "a.conf").write_text("net.ipv4.tcp_sack = 1\nnet.ipv4.tcp_sack = 0\n")
    assert "a.conf:2:1: warning sack-off" in lint("a.conf", cwd=tmp_path).stdout


def test_a_key_that_the_kernel_ignores(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("net.ipv4.tcp_low_latency = 1\n")
    now = lint("a.conf", "--kernel", "6.1", cwd=tmp_path)
    assert "a.conf:1:1: note inert-key: Since Linux 4.14 the kernel keeps" in now.stdout
    assert "nothing found" in lint("a.conf", "--kernel", "4.9", cwd=tmp_path).stdout


def test_a_misspelt_interface_is_no_second_one(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(
        "net.ipv4.conf.eth0.100.rp_filter = 1\nnet/ipv4/conf/eth0.100/rp_filter = 1\n"
    )
    run = lint("a.conf", cwd=tmp_path)
    assert "dotted-interface" in run.stdout
    assert "rp-filter-strict-multihomed" not in run.stdout


def test_all_rules_count_lines_as_an_editor_does(tmp_path: Path) -> None:
    """A lone carriage return ends a line for systemd-sysctl, and for no editor."""
    file = tmp_path / "a.conf"
    file.write_bytes(
        b"net.ipv4.tcp_retries2 = 8\rnet.ipv4.tcp_retries1 = 4\n"
        b"net.ipv4.tcp_tw_recycle = 1\nnet.ipv4.tcp_sack = 1 0\n"
    )
    report = json.loads(lint(file, "--format", "json", cwd=tmp_path).stdout)
    lines = {finding["rule"]: finding["line"] for finding in report["findings"]}
    assert lines["lone-carriage-return"] == 1
    assert lines["tw-recycle"] == 2  # a rule of values
    assert lines["too-many-numbers"] == 3  # a rule of hygiene


def test_a_role_has_its_say(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("net.ipv4.ip_forward = 0\n")
    assert "error" not in lint("a.conf", cwd=tmp_path).stdout
    run = lint("a.conf", "--role", "nat-gateway", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout.startswith("a.conf:1:1: error drift: ")
    assert lint("a.conf", "--role", "nat-gatewya", cwd=tmp_path).returncode == 2


def test_a_comment_covers_what_is_said_of_a_value(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(
        "# tuner: ignore[sack-off] a peer mangles the option\nnet.ipv4.tcp_sack = 0\n"
        "# tuner: ignore[dsack-off] on older kernels\nnet.core.somaxconn = 8192\n"
    )
    run = lint("a.conf", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, "1 file: nothing found, 1 suppressed\n")


def test_several_outputs_of_one_run_and_the_exit_code_stays(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(BAD)
    outputs = [
        word for form in ("sarif", "json", "text") for word in ("--output", f"{form}:o.{form}")
    ]
    run = lint("a.conf", *outputs, "--format", "sarif", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout == (tmp_path / "o.sarif").read_text()
    (result,) = json.loads(run.stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a.conf"
    assert json.loads((tmp_path / "o.json").read_text())["exit_code"] == 1
    assert (tmp_path / "o.text").read_text() == lint("a.conf", cwd=tmp_path).stdout


def test_a_format_that_lint_has_not_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for arguments in (("--output", "junit:o.xml"), ("--format", "html"), ("--output", "sarif")):
        run = lint("gone.conf", *arguments, cwd=tmp_path)
        assert (run.returncode, run.stdout) == (2, "")
        assert "sarif" in run.stderr


def test_the_schema_of_the_report_is_printed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tuner", "schema", "lint"],
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["$id"] == "urn:tuner:lint:1"
