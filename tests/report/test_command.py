"""The command of a group means its hosts and no other, as tuner's own --limit reads it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.test_forms import RECYCLE, REPORT
from tuner.inventory.load import load_inventory
from tuner.report._command import LONGEST, Commands
from tuner.report._report import Block, Failure, HostReport, Report
from tuner.rules._finding import Finding, Kind, Skipped, Verdict

GROUPS = {
    "web": ["web1", "web2", "web3", "web4"],
    "db": ["db1"],
    "ams": ["web1", "web2", "db1"],
    "web3": ["gw9"],  # a group that has a host's name
}
BLIND = "the login may not read it: ask as root (--become), or take the dump as root"
HOSTS = sorted({name for names in GROUPS.values() for name in names})


def host(name: str, *findings: Finding, skipped: tuple[Skipped, ...] = ()) -> HostReport:
    groups = tuple(group for group, names in GROUPS.items() if name in names)
    return HostReport(name, ("base",), groups, verdict=Verdict(findings, (), skipped))


def report(chosen: set[str]) -> Report:
    hosts = tuple(host(name, *([RECYCLE] if name in chosen else [])) for name in HOSTS)
    return replace(REPORT, hosts=hosts, whom=("inv.yml",))


def block_of(made: Report, name: str) -> Block:
    return next(block for block in made.blocks if name in block.hosts)


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inventory") / "inv.yml"
    groups = {group: {"hosts": dict.fromkeys(names)} for group, names in GROUPS.items()}
    path.write_text(yaml.safe_dump({"all": {"children": groups}}))
    return path


@settings(deadline=None)  # the first call reads everything
@given(chosen=st.sets(st.sampled_from(HOSTS), min_size=1))
def test_a_limit_means_exactly_the_hosts_of_the_group(chosen: set[str], inventory: Path) -> None:
    made = report(chosen)
    words = shlex.split(Commands(made).of(block_of(made, min(chosen))))
    assert words[:3] == ["tuner", "plan", "inv.yml"]
    limit = words[4] if len(words) > 3 else ""
    hosts = load_inventory(inventory, limit=limit, warn=lambda warning: pytest.fail(str(warning)))
    assert {host.name for host in hosts} == chosen


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (set(HOSTS), ""),
        ({"web1", "web2", "web3", "web4"}, " --limit web"),
        ({"web1", "web2", "web3"}, " --limit 'web,!web4'"),
        ({"web1", "web2", "web4"}, " --limit web1,web2,web4"),
        ({"db1"}, " --limit db"),
        ({"web1", "db1"}, " --limit db,web1"),
    ],
)
def test_the_shortest_words_are_taken(chosen: set[str], words: str) -> None:
    made = report(chosen)
    assert Commands(made).of(block_of(made, min(chosen))) == f"tuner plan inv.yml{words}"


def test_groups_are_not_trusted_where_a_limit_left_hosts_out() -> None:
    made = replace(report({"web1", "web2", "web3", "web4"}), whole=False)
    command = Commands(made).of(block_of(made, "web1"))
    assert command == "tuner plan inv.yml --limit web1,web2,web3,web4"
    everyone = replace(report(set(HOSTS)), whole=False)
    assert "--limit" in Commands(everyone).of(block_of(everyone, "web1"))


def test_hosts_that_no_limit_can_name_get_the_page_of_the_rule() -> None:
    hosts = (host("a b", RECYCLE), host("$(x)", RECYCLE), host("ok"))
    made = replace(REPORT, hosts=hosts)
    assert Commands(made).of(made.blocks[0]) == "tuner explain tw-recycle"
    dumps = replace(report({"web1"}), limitable=False)
    assert Commands(dumps).of(block_of(dumps, "web1")) == "tuner explain tw-recycle"


def test_words_of_the_command_line_are_quoted() -> None:
    made = replace(report(set(HOSTS)), whom=("my inventory.yml", "--role", "x;y"))
    assert Commands(made).of(made.blocks[0]) == "tuner plan 'my inventory.yml' --role 'x;y'"


def test_a_command_longer_than_a_shell_takes_is_not_given() -> None:
    hosts = tuple(
        HostReport(f"host-{n}-{'x' * 60}", verdict=Verdict((RECYCLE,))) for n in range(2000)
    )
    made = replace(REPORT, hosts=(*hosts, host("ok")))
    assert len(hosts) * 60 > LONGEST
    assert Commands(made).of(made.blocks[0]) == "tuner explain tw-recycle"


def test_what_comes_next_depends_on_how_the_hosts_came_out() -> None:
    pressure = replace(RECYCLE, kind=Kind.PRESSURE, fix=None)
    hosts = (
        host("clean"),
        host("pressed", pressure),
        host("blind", skipped=(Skipped("r", "net.x (denied)", BLIND),)),
        host("root", skipped=(Skipped("r", "net.x (denied)"),)),
        host("filed", skipped=(Skipped("r", "sysctl.d files"),)),
        HostReport("lost", failure=Failure("timed-out", "no answer")),
    )
    made = replace(REPORT, hosts=hosts, whom=())
    commands = {block.hosts[0]: Commands(made).of(block) for block in made.blocks}
    assert commands == {
        "clean": "",
        "pressed": "tuner explain tw-recycle",
        "blind": "tuner audit --become --limit blind",
        "root": "tuner audit --limit root",
        "filed": "tuner audit --limit filed",
        "lost": "tuner audit --limit lost",
    }
    (blind,) = (block for block in made.blocks if block.hosts == ("blind",))
    for whom in (("--from", "dumps"), ("--become",)):
        again = Commands(replace(made, whom=whom)).of(blind)
        assert again == f"tuner audit {' '.join(whom)} --limit blind"
