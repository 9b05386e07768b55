"""`tuner plan` and `tuner render` as a person or a script meets them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import jsonschema
import pytest

from tuner.cli import main
from tuner.plan.saved import read_plan

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FLEET = CHECKOUT / "tests" / "readme"

OLD = """\
kernel.osrelease = 4.9.0-8-amd64
net.ipv4.tcp_timestamps = 0
net.ipv4.tcp_tw_reuse = 1
"""


@dataclass
class Done:
    """How one command ended."""

    returncode: int
    stdout: str
    stderr: str


Tuner = Callable[..., Done]


@pytest.fixture
def tuner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tuner:
    """Run a command in this process, in an empty folder; an unexpected error shows itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("TUNER_INVENTORY", raising=False)
    monkeypatch.setattr(sys, "stdin", StringIO())

    def run(*arguments: str | Path, **environment: str) -> Done:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


def test_a_fleet_in_text(tuner: Tuner, tmp_path: Path) -> None:
    done = tuner("plan", "--from", FLEET)
    assert (done.returncode, done.stderr) == (1, "")
    text = done.stdout
    assert "web[1:4] (4 hosts)  public-server  2 values, 1 file\n" in text
    assert "  ~ somaxconn 1024 → 4096 connections: looser\n" in text
    assert "      lowers-default · live and at boot\n" in text
    assert "  ~ ip_local_port_range next boot first 32768 → 10000, last 60999 → 65535" in text
    assert "      boot-drift · at boot; live already so\n" in text
    assert "\n+++ b/etc/sysctl.d/99-tuner.conf\n" in text
    assert "\n+net.core.somaxconn = 4096\n" in text
    assert "  left  net.ipv4.tcp_tw_recycle (tw-recycle)\n" in text
    assert "120 may cut somebody off or lose traffic: --unsafe takes it" in text
    recap = text.partition("RECAP\n")[2].splitlines()
    assert recap[0] == "  web[1:4] (4 hosts) : live=2  files=1  left=1  cannot-win=0  unknown=0"
    assert recap[-1] == "8 hosts: 6 to change, 2 with nothing to do, 0 without a plan"
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("diff", "values", "lines"),
    [
        ("both", True, True),
        ("semantic", True, False),
        ("unified", False, True),
        ("none", False, False),
    ],
)
def test_which_diff(diff: str, values: bool, lines: bool, tuner: Tuner) -> None:  # noqa: FBT001
    done = tuner("plan", "--from", FLEET, "--diff", diff)
    assert ("~ somaxconn" in done.stdout) is values
    assert ("@@ -0,0 +1" in done.stdout) is lines
    assert "RECAP" in done.stdout


def test_apply_dry_run_is_plan(tuner: Tuner, tmp_path: Path) -> None:
    planned = tuner("plan", "--from", FLEET)
    applied = tuner("apply", "--dry-run", "--from", FLEET)
    assert applied.stdout == planned.stdout
    assert applied.returncode == planned.returncode


def test_nothing_to_do_exits_0(tuner: Tuner, tmp_path: Path) -> None:
    done = tuner("plan", FLEET / "inventory.yml", "--limit", "db1:gw1")
    assert done.returncode == 0
    assert "2 hosts: 0 to change, 2 with nothing to do" in done.stdout
    more = tuner("plan", FLEET / "inventory.yml", "--limit", "gw1", "--unsafe")
    assert more.returncode == 1
    assert "unsafe" in more.stdout


def test_a_source_without_files_is_incomplete(tuner: Tuner, tmp_path: Path) -> None:
    (tmp_path / "old1.txt").write_text(OLD)
    done = tuner("plan", "--from", "old1.txt", "--role", "public-server")
    assert done.returncode == 3
    assert "~ tcp_timestamps live 0 → 1, next boot unknown → 1\n" in done.stdout
    assert "cannot win  net.ipv4.tcp_timestamps (timestamps-off)" in done.stdout
    assert "nobody can tell what wins: this source has no sysctl.d files" in done.stdout
    assert re.search(r"unknown  \d+ rules could not judge this host\n", done.stdout)


def test_the_saved_plan_is_the_json(tuner: Tuner, tmp_path: Path) -> None:
    done = tuner(
        *("plan", "--from", FLEET, "--edit-others", "--unsafe", "--format", "json", "-o", "p.json"),
    )
    assert done.returncode == 1
    text = (tmp_path / "p.json").read_text()
    assert text == done.stdout
    schema = tuner("schema", "plan")
    jsonschema.validate(json.loads(text), json.loads(schema.stdout))
    plans = {plan.host: plan for plan in read_plan(text)}
    assert set(plans) == {"web1", "web2", "web3", "web4", "app1", "app2", "db1", "gw1"}
    assert plans["db1"].empty
    assert [file.foreign for file in plans["web1"].files] == [False, True]
    again = tuner("plan", "--from", FLEET, "--edit-others", "--unsafe", "--format", "json")
    assert again.stdout == text


def test_a_saved_plan_becomes_a_change_ticket(tuner: Tuner, tmp_path: Path) -> None:
    assert tuner("plan", "--from", FLEET, "-o", "p.json").returncode == 1
    saved = json.loads((tmp_path / "p.json").read_text())
    done = tuner(*("checklist", "--from", FLEET, "--plan", "p.json", "--format", "json"))
    assert done.stderr == ""
    ticket = json.loads(done.stdout)["change"]
    assert ticket["digest"] == saved["digest"]
    planned = {
        plan["host"]: [it["key"] for it in plan["changes"]]
        for plan in saved["plans"]
        if plan["changes"]
    }
    assert len(planned) == 6
    assert {
        host: [it["key"] for it in part["changes"]]
        for part in ticket["parts"]
        for host in part["hosts"]
        if part["changes"]
    } == planned
    assert ticket["commands"]["carry out"].startswith("tuner apply p.json --hosts-from ")
    (tmp_path / "p.json").write_text((tmp_path / "p.json").read_text().replace("4096", "4097"))
    changed = tuner("checklist", "--from", FLEET, "--plan", "p.json")
    assert (changed.returncode, changed.stdout) == (2, "")
    assert "its digest does not fit" in changed.stderr


def test_the_schema_of_a_saved_plan_is_printed(tuner: Tuner, tmp_path: Path) -> None:
    tuner("plan", "--from", FLEET, "-o", "p.json")
    done = tuner("schema", "plan")
    assert done.returncode == 0
    jsonschema.validate(json.loads((tmp_path / "p.json").read_text()), json.loads(done.stdout))


def test_a_host_without_a_plan_is_not_forgotten(tuner: Tuner, tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(
        f"all: {{hosts: {{web1: {{tuner_dump: {FLEET}/web1.dump, tuner_roles: public-server}}, "
        "gone: {tuner_dump: gone.dump}}}"
    )
    done = tuner("plan", "--format", "json")
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert [(it["host"], it["kind"]) for it in document["failures"]] == [("gone", "dump")]
    text = tuner("plan")
    assert text.returncode == 3
    assert "NOT PLANNED\n  gone  dump\n" in text.stdout
    assert "2 hosts: 1 to change, 0 with nothing to do, 1 without a plan" in text.stdout


def test_what_a_host_says_cannot_move_the_terminal(tuner: Tuner, tmp_path: Path) -> None:
    dump = (FLEET / "web1.dump").read_bytes()
    evil = dump.replace(b"copied from the wiki", b"\x1b[2J\x1b]0;evil\x07\r\xe2\x80\xae wiki")
    evil = evil.replace(b"@@ files\n", b"@@ files\n")
    old = re.search(rb"stat -\S+ +\d+ +\S+ +\S+ +(\d+) .*90-tuning.conf", dump)
    assert old is not None
    size = int(old[1]) + len(evil) - len(dump)
    evil = re.sub(rb"( +)%s( .*90-tuning.conf)" % old[1], rb"\g<1>%d\g<2>" % size, evil)
    (tmp_path / "web1.dump").write_bytes(evil)
    done = tuner("plan", "--from", "web1.dump", "--role", "public-server", "--edit-others")
    assert done.returncode == 1
    assert "\\x1b[2J\\x1b]0;evil\\x07\\r\\u202e wiki" in done.stdout
    assert not set("\x1b\x07\r\u202e") & set(done.stdout)


def test_long_lines_of_a_diff_are_not_wrapped(tuner: Tuner, tmp_path: Path) -> None:
    done = tuner("plan", "--from", FLEET, "--edit-others", COLUMNS="60")
    assert any(
        len(line) > 100 and line.startswith("+# [tuner, tw-recycle")
        for line in done.stdout.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--from", "gone.dump"], "gone.dump"),
        (["plan", "--diff", "side"], "invalid choice: 'side'"),
        (["plan", "--from", FLEET, "-o", "gone/p.json"], "there is no folder gone"),
        (["plan", "--from", FLEET, "--template", "gone.j2"], "gone.j2: cannot read"),
        (["plan", "--from", FLEET, "--template", "bad.j2"], "bad.j2:3: 'oops' is undefined"),
        (["plan", "--from", FLEET, "--template", "binary.j2"], "binary.j2: not UTF-8 (byte 0)"),
        (["plan", "--from", FLEET / "web1.dump", "--role", "public-sever"], "public-server"),
        (["apply", "--from", FLEET], "--from goes with --dry-run only"),
        (["render"], "--role"),
        (["render", "--role", "nat-gatewy"], "nat-gateway"),
        (["render", "--role", "base", "--kernel", "new"], "--kernel 'new' is no release"),
        (["render", "--role", "base", "--memory", "lots"], "--memory 'lots' is no size"),
        (["render", "--role", "base", "--memory", "0"], "--memory '0' is no size"),
        (["render", "--role", "base", "--format", "chef"], "invalid choice: 'chef'"),
        (["render", "--role", "base", "--host-facts", "gone"], "gone: cannot read it"),
        (["render", "--role", "base", "--host-facts", "x", "--kernel", "6.1"], "not allowed with"),
        (["render", "--role", "base", "--host-facts", "x", "--memory", "1G"], "does not go with"),
        (["render", "--role", "base", "--template", "bad.j2"], "bad.j2:3: 'oops' is undefined"),
        (["render", "--role", "base", "-o", "gone/x"], "-o: there is no folder gone"),
    ],
)
def test_wrong_usage_exits_2_with_one_clear_message(
    arguments: list[str | Path], said: str, tuner: Tuner, tmp_path: Path
) -> None:
    (tmp_path / "bad.j2").write_text("{{ marker }}\n\n{{ oops }}\n")
    (tmp_path / "binary.j2").write_bytes(b"\xff\xfe")
    done = tuner(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 3


def test_a_template_of_ones_own(tuner: Tuner, tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text(
        "{{ marker }}, and OPS-7 says so\n"
        "{% for setting in settings %}\n{{ setting.text }}\n{% endfor %}\n"
    )
    done = tuner("plan", "--from", FLEET, "--template", "mine.j2")
    assert done.returncode == 1
    assert (
        "\n+# tuner owns this file, and OPS-7 says so\n+net.core.somaxconn = 4096\n" in done.stdout
    )


def test_render_prints_the_file_alone(tuner: Tuner, tmp_path: Path) -> None:
    done = tuner("render", "--role", "nat-gateway", "--memory", "16GiB")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("# tuner owns this file")
    assert "\nnet.netfilter.nf_conntrack_max = 262144\n" in done.stdout
    assert "# For Linux 6.18; --kernel names another.\n" in done.stdout
    tuner("render", "--role", "nat-gateway", "--memory", "16g", "-o", "x.conf")
    assert (tmp_path / "x.conf").read_text() == done.stdout
    small = tuner("render", "--role", "nat-gateway")
    assert "# net.netfilter.nf_conntrack_max: at least 65536, and its default" in small.stdout


def test_render_knows_kernels_and_hosts(tuner: Tuner, tmp_path: Path) -> None:
    old = tuner("render", "--role", "base", "--kernel", "4.9.0-8-amd64")
    assert "# net.ipv4.tcp_tw_reuse_delay: Linux 4.9.0-8-amd64 has no such key" in old.stdout
    of_a_host = tuner(*("render", "--role", "public-server", "--host-facts", FLEET / "web1.dump"))
    assert of_a_host.returncode == 0
    assert "\nnet.core.somaxconn = 4096\n" in of_a_host.stdout
    assert "--kernel names another" not in of_a_host.stdout


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("sysctl.d", "# tuner owns this file"),
        ("ansible", "# client-heavy, public-server (policy "),
        ("tuned", "# client-heavy, public-server (policy "),
        ("cloud-init", "#cloud-config\n"),
        ("butane", "# client-heavy, public-server (policy "),
        ("talos", "# client-heavy, public-server (policy "),
        ("nixos", "# client-heavy, public-server (policy "),
    ],
)
def test_render_in_every_form(form: str, start: str, tuner: Tuner) -> None:
    done = tuner(
        *("render", "--role", "client-heavy", "--role", "public-server", "--format", form),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(start)
    assert "net.core.somaxconn" in done.stdout


HELP = """
import sys
from tuner.cli import main
try:
    main(["plan", "--help"])
except SystemExit:
    pass
heavy = {"jinja2", "yaml", "pydantic", "rich", "paramiko"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def test_help_does_not_load_what_only_plans_need(tmp_path: Path) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", HELP],
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.splitlines()[-1] == "[]"
