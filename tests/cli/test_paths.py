"""Paths that people name: closed, gone, empty, pipes. One sentence each, never a traceback."""

from __future__ import annotations

import io
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_door import SYSCTL_A, tuner
from tuner.cli.hosts import choose_hosts
from tuner.cli.parser import parse

ORDINARY = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
needs_setpriv = pytest.mark.skipif(
    bool(ORDINARY) and shutil.which("setpriv") is None, reason="root reads everything"
)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "a.dump").write_text(SYSCTL_A)
    folder = tmp_path / "und"
    folder.mkdir()
    (folder / "x.dump").write_text(SYSCTL_A)
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


@needs_setpriv
@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("audit und/x.yml", "und/x.yml"),
        ("audit --from und", "und/inventory.yml"),
        ("audit --from und/x.dump", "und/x.dump"),
        ("audit --from a.dump --output json:und/x", "und/x"),
        ("audit und/x.yml --from a.dump", "und/x.yml"),
        ("plan --from und", "und/inventory.yml"),
        ("apply und/plan.json", "und/plan.json"),
        ("boot und", "und/inventory.yml"),
        ("boot und/x.dump", "und/x.dump"),
        ("checklist --from und", "und/inventory.yml"),
        (f"audit {'x' * 300}", "File name too long"),
    ],
)
def test_a_path_in_a_closed_folder_is_one_sentence(
    closed: Path, tmp_path: Path, line: str, named: str
) -> None:
    run = tuner(*line.split(), cwd=tmp_path, through=ORDINARY)
    assert (run.returncode, run.stdout) == (2, "")
    first, second = run.stderr.splitlines()
    assert first.startswith("tuner: cannot look at ")
    assert named in first
    assert second == "  check the path, and the permissions of the folders on the way"


@needs_setpriv
def test_a_root_file_system_whose_etc_is_closed_sets_nobody_knows_what(tmp_path: Path) -> None:
    etc = tmp_path / "root" / "etc"
    etc.mkdir(parents=True)
    etc.chmod(0)
    try:
        run = tuner("boot", "root", cwd=tmp_path, through=ORDINARY)
    finally:
        etc.chmod(0o700)
    assert (run.returncode, run.stderr) == (3, "")
    assert "could not read /etc/sysctl.d/*.conf: any key may differ" in run.stdout


@needs_setpriv
def test_a_plan_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    (tmp_path / "plan.json").chmod(0)
    run = tuner("apply", "plan.json", cwd=tmp_path, through=ORDINARY)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines()[0] == "tuner: cannot read plan.json: Permission denied"


@pytest.mark.parametrize("line", ["audit", "plan", "audit --from {}/a.dump --output json:x"])
def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.dump").write_text(SYSCTL_A)
    gone = ["sh", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', "sh"]
    run = tuner(*line.format(tmp_path).split(), cwd=tmp_path, through=gone)
    assert (run.returncode, run.stdout) == (2, "")
    assert "tuner: the folder this runs in is gone\n  cd to one that is there\n" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("words", [["audit", "--from"], ["boot"], ["checklist", "--from"]])
@pytest.mark.parametrize("form", ["plain", "sosreport"])
def test_a_dump_comes_whole_through_a_pipe(tmp_path: Path, words: list[str], form: str) -> None:
    path = tmp_path / "stdin.dump"
    if form == "sosreport":
        with tarfile.open(path, "w:gz") as archive:
            for name, text in (
                ("r/sos_commands/kernel/sysctl_-a", SYSCTL_A),
                ("r/etc/sysctl.d/1.conf", "net.ipv4.tcp_sack = 0\n"),
            ):
                member = tarfile.TarInfo(name)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
    else:
        path.write_text(SYSCTL_A)
    read = tuner(*words, "stdin.dump", "--format", "json", cwd=tmp_path)
    slowly = '(head -c 7 "$0"; sleep 0.2; tail -c +8 "$0") | "$@"'
    for name in ("-", "/dev/stdin"):
        through = ["sh", "-c", slowly, str(path)]
        run = tuner(*words, name, "--format", "json", cwd=tmp_path, through=through)
        assert (run.returncode, run.stderr) == (read.returncode, read.stderr)
        said = run.stdout.replace(f"--from {name}", "--from stdin.dump")
        assert _without_times(said) == _without_times(read.stdout)
        assert '"stdin"' in run.stdout


def _without_times(text: str) -> str:
    return re.sub(r'"20\d\d-[^"]*"', '""', text)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["audit", ""], "the inventory"),
        (["plan", ""], "the inventory"),
        (["apply", "", "--yes"], "the inventory"),
        (["boot", ""], "the inventory"),
        (["lint", ""], "the path"),
        (["lint", "a.dump", ""], "the path"),
        (["audit", "--from", "a.dump", ""], "--from"),
        (["audit", "--from="], "--from"),
        (["audit", "--profiles", ""], "--profiles"),
        (["plan", "-o", ""], "-o"),
        (["collect", "-o", ""], "-o"),
        (["audit", "--become-password-file", ""], "--become-password-file"),
        (["diff", "", "a.dump"], "the report"),
        (["render", "--role", "public-server", "--host-facts", ""], "--host-facts"),
        (["audit", "-l", ""], "--limit"),
        (["apply", "--limit", "", "--yes"], "--limit"),
    ],
)
def test_an_empty_path_is_never_the_current_folder_nor_an_empty_limit_every_host(
    tmp_path: Path, words: list[str], named: str
) -> None:
    (tmp_path / "a.dump").write_text(SYSCTL_A)
    (tmp_path / "inventory.yml").write_text("all: {hosts: {a: {tuner_dump: a.dump}}}\n")
    run = tuner(*words, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines()[0] == f"tuner: {named} is empty"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (b"\nsecret\n", "it has more than one line"),
        (b"secret\nsecond\n", "it has more than one line"),
        (b"\xffsecret\n", "it is not UTF-8"),
        (b"a\0b\n", "it holds a NUL byte"),
        (b"x" * 5000, "it is longer than 1023 bytes"),
        (None, "it holds a NUL byte"),
    ],
)
def test_a_file_that_holds_no_password_is_refused_before_anybody_is_asked(
    tmp_path: Path, data: bytes | None, why: str
) -> None:
    (tmp_path / "inventory.yml").write_text("all: {hosts: {a: {ansible_host: 127.0.0.9}}}\n")
    path = tmp_path / "password"
    if data is None:
        path = Path("/dev/zero")  # without a bound this would never end
    else:
        path.write_bytes(data)
    run = tuner("audit", "--become", "--become-password-file", str(path), cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines()[0].endswith(f"cannot read the sudo password from {path}: {why}")
    assert "secret" not in run.stderr


@pytest.mark.parametrize("text", ["pass word", "pass word\n", "pass word\r\n", "pass word\n\n"])
def test_a_password_is_the_file_s_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "password").write_text(text, newline="")
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all: {hosts: {a: {ansible_become: true}}}\n")
    options = parse(["audit", str(inventory), "--become-password-file", str(tmp_path / "password")])
    (host,) = choose_hosts(options)
    assert host.become is not None
    assert host.become.password is not None
    assert host.become.password.get_secret_value() == "pass word"
