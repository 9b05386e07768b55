"""explain asks one host of an inventory, over SSH, and shows what decides there."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.root


def test_a_key_of_a_live_host_shows_now_next_boot_and_why(cli: Any, fleet: Any) -> None:
    asked = ("--host", "db4", "--inventory", str(fleet.inventory))
    done = cli("explain", "tcp_sack", *asked, COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.partition("On db4")[2].split())
    assert "now 1 next boot 0 because /etc/sysctl.d/50-role.conf:1" in flat
    assert "its roles want 1 state lost-at-boot" in flat
    data = json.loads(cli("explain", "tcp_sack", *asked, "--format", "json").stdout)
    assert data["host"]["keys"][0]["next_boot"]["value"] == "0"


def test_a_rule_and_a_topic_are_shown_for_a_live_host_too(cli: Any, fleet: Any) -> None:
    asked = ("--host", "web4", "--inventory", str(fleet.inventory))
    rule = cli("explain", "rfc1337-behind-nat", *asked)
    assert rule.returncode == 0
    assert "error: With tcp_rfc1337=1" in " ".join(rule.stdout.partition("On web4")[2].split())
    topic = cli("explain", "nat-and-port-reuse", *asked)
    assert topic.returncode == 0
    assert "net.ipv4.tcp_rfc1337" in topic.stdout.partition("On web4")[2]


def test_a_host_that_is_not_reached_is_no_page(cli: Any, fleet: Any, tmp_path: Any) -> None:
    inventory = tmp_path / "gone.yml"
    inventory.write_text("all: {hosts: {gone: {ansible_host: 10.77.0.250}}}\n")
    done = cli("explain", "tcp_sack", "--host", "gone", "-i", inventory, "--connect-timeout", "1")
    assert (done.returncode, done.stdout) == (3, "")
    assert "gone:" in done.stderr
