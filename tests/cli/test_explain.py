"""explain, rules and profiles as a person or a script meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tuner.cli import main

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FLEET = CHECKOUT / "tests" / "readme"


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def tuner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """The command line in this very process: what these commands do needs no other."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TUNER_INVENTORY", raising=False)

    def run(*arguments: str) -> Done:
        code = main(arguments)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


def test_without_a_name_everything_is_listed(tuner: Any) -> None:
    done = tuner("explain")
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("Topics", "time-wait", "Rules", "tw-recycle", "keys/ports", "client-heavy"):
        assert part in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    data = json.loads(tuner("explain", "--format", "json").stdout)
    assert set(data) == {"topics", "rules", "families", "profiles"}
    assert sum(len(family["keys"]) for family in data["families"]) > 500


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.*.rp_filter"),
        ("/proc/sys/net/core/somaxconn", "net.core.somaxconn"),
        ("time-wait", "TIME_WAIT: why it exists"),
        ("tw-recycle", "Why it is wrong"),
        ("keys/conntrack", "net.netfilter.nf_conntrack_max"),
        ("nat-gateway", "Leave alone"),
    ],
)
def test_a_page_comes_in_three_forms(name: str, part: str, tuner: Any) -> None:
    text = tuner("explain", name)
    assert (text.returncode, text.stderr) == (0, "")
    assert part in text.stdout
    markdown = tuner("explain", name, "--format", "markdown").stdout
    assert markdown.startswith("# ")
    data = json.loads(tuner("explain", name, "--format", "json").stdout)
    assert data["kind"] in {"key", "rule", "topic", "family", "profile"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "tcp_tw_resue"], "did you mean: tcp_tw_reuse"),
        (["explain", "time-weit"], "did you mean: time-wait"),
        (["explain", "zzzzzz"], "`tuner explain` lists them all"),
        (["explain", "a\x1b[31mb"], r"a\x1b[31mb"),
        (["explain", "--from", "gone"], "go with the name of a key"),
        (["explain", "tcp_sack", "--from", "gone"], "gone"),
        (["explain", "tcp_sack", "--host", "web1"], "no inventory"),
        (["explain", "keys/ports", "--from", str(FLEET / "web1.dump")], "go with a key"),
        (["explain", "tcp_sack", "-i", str(FLEET / "inventory.yml"), "--host", "wbe1"], "web1"),
        (["explain", "tcp_sack", "--from", str(FLEET)], "name one: --host"),
        (["explain", "tcp_sack", "-i", str(FLEET / "inventory.yml")], "name one: --host"),
        (["explain", "tcp_sack", "--format", "html"], "invalid choice"),
        (["rules", "--kind", "mith"], "invalid choice"),
        (["rules", "--role", "public-sever"], "there is no role 'public-sever'"),
        (["profiles", "client-heavi"], "did you mean client-heavy?"),
        (["profiles", "--profiles", "gone"], "gone"),
    ],
)
def test_wrong_usage_exits_2_with_one_clear_message(
    arguments: list[str], said: str, tuner: Any
) -> None:
    done = tuner(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert said in done.stderr
    assert "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_a_host_of_an_inventory_shows_its_lines_and_its_roles(tuner: Any) -> None:
    asked = ("--host", "web1", "-i", str(FLEET / "inventory.yml"))
    done = tuner("explain", "somaxconn", *asked)
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.partition("On web1")[2].split())
    assert "now 1024 next boot 1024 because /etc/sysctl.d/90-tuning.conf:4" in flat
    assert "its roles want at least 4096" in flat
    assert "state wrong" in flat
    data = json.loads(tuner("explain", "somaxconn", *asked, "--format", "json").stdout)
    assert data["host"]["keys"][0]["next_boot"]["line"] == 4
    rule = tuner("explain", "rfc1337-behind-nat", *asked).stdout
    assert "error:" in rule.partition("On web1")[2]
    topic = tuner("explain", "time-wait", *asked).stdout
    assert "net.ipv4.tcp_rfc1337" in topic.partition("On web1")[2]


def test_a_dump_needs_no_inventory(tuner: Any, tmp_path: Path) -> None:
    (tmp_path / "old1.txt").write_text(
        "kernel.osrelease = 4.9.0\nnet.ipv4.tcp_tw_recycle = 1\nnet.ipv4.tcp_sack = \x1b]0;x\x07|`\n"
    )
    done = tuner("explain", "tcp_tw_recycle", "--from", "old1.txt")
    assert done.returncode == 0
    flat = " ".join(done.stdout.partition("On old1")[2].split())
    assert "now 1 next boot unknown" in flat
    hostile = tuner("explain", "tcp_sack", "--from", "old1.txt").stdout
    assert "\x1b" not in hostile
    assert "\\x1b]0;x\\x07|`" in hostile


def test_rules_are_chosen_by_kind_severity_confidence_and_role(tuner: Any) -> None:
    def chosen(*flags: str) -> set[str]:
        return {
            rule["id"] for rule in json.loads(tuner("rules", *flags, "--format", "json").stdout)
        }

    every = chosen()
    assert {"tw-recycle", "drift", "rfc1337-behind-nat"} <= every
    myths = chosen("--kind", "myth")
    assert myths
    assert myths < every
    assert chosen("--kind", "myth", "--kind", "policy") == myths | chosen("--kind", "policy")
    assert chosen("--kind", "myth", "--severity", "error") < myths
    assert "tw-recycle" in chosen("--severity", "error", "--confidence", "proven")
    assert "tw-reuse-on-server" in chosen("--role", "public-server")
    assert "tw-reuse-on-server" not in chosen("--role", "client-heavy")
    assert chosen("--role", "client-heavy") < every
    text = tuner("rules", "--kind", "myth")
    assert "fin-timeout-time-wait" in text.stdout
    none = tuner("rules", "--kind", "policy", "--severity", "error")
    assert (none.returncode, none.stdout) == (0, "No rule is like that.\n")


def test_profiles_show_what_they_come_to_and_which_line_says_so(tuner: Any) -> None:
    listed = tuner("profiles").stdout
    assert "client-heavy" in listed
    page = " ".join(tuner("profiles", "client-heavy").stdout.split())
    assert "net.ipv4.tcp_tw_reuse: 1 (warning, proven; client-heavy:" in page
    assert "net.ipv4.tcp_timestamps: 1 or 2 (warning, proven; base:" in page
    assert "judged by tw-recycle" in page
    data = json.loads(tuner("profiles", "client-heavy", "--format", "json").stdout)
    origins = {line["key"]: line["origin"].partition(":")[0] for line in data["expect"]}
    assert origins["net.ipv4.tcp_tw_reuse"] == "client-heavy"
    assert origins["net.ipv4.tcp_sack"] == "base"
    assert {line["key"] for line in data["avoid"]} >= {"net.ipv4.tcp_tw_recycle"}


def test_profiles_of_the_users_own_are_shown_too(tuner: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "edge.yml").write_text(
        "extends: public-server\nsummary: our edge\nexpect:\n  net.core.somaxconn:\n"
        "    at_least: 9000\n    why: our [listeners](x) ask for *9000*\n    sources: [our runbook]\n"
    )
    page = tuner("profiles", "edge", "--profiles", "mine").stdout
    assert "net.core.somaxconn: at least 9000 (warning, likely; edge:4)" in " ".join(page.split())
    assert "our edge" in tuner("explain", "--profiles", "mine").stdout


def test_reading_loads_neither_network_nor_what_only_a_terminal_needs(tmp_path: Path) -> None:
    code = (
        "import sys; from tuner.cli import main\n"
        "main(sys.argv[1:])\n"
        "heavy = {'paramiko', 'jinja2', 'rich.markdown'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "explain", "tcp_sack", "--format", "markdown"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
