"""What the plan believes of the kernel, against the kernel, in a network namespace of its own."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from tuner.plan.along import along, in_order
from tuner.sysctl.key import Key, key_path
from tuner.sysctl.value import parse_value

pytestmark = pytest.mark.root

# Reads and writes what is asked for, and answers with every value that it then has.
WORKER = """
import json, sys
from pathlib import Path
root = Path("/proc/sys")
writes, reads = json.load(sys.stdin)
errors = []
for path, text in writes:
    try:
        (root / path).write_text(text)
    except OSError as error:
        errors.append([path, error.errno])
print(json.dumps([errors, {path: (root / path).read_text().strip() for path in reads}]))
"""
INTERFACES = ("all", "default", "lo", "v0", "v.1")
SETUP = "ip link add v0 type veth peer name v.1 && exec "


def ask(
    writes: Sequence[tuple[Key, str]], reads: Sequence[Key]
) -> tuple[list[str], Mapping[Key, str]]:
    """Make the writes in a fresh namespace; return the refused keys and what the others then say."""
    paths = [[key_path(key), value] for key, value in writes]
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", f'{SETUP}"$0" "$@"', sys.executable, "-c", WORKER],
        input=json.dumps([paths, [key_path(key) for key in reads]]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    errors, shown = json.loads(done.stdout)
    return [path for path, _ in errors], {key: shown[key_path(key)] for key in reads}


def name(interface: str) -> str:
    return interface.replace(".", "/")


FAMILY = [
    Key("net.ipv4.ip_forward"),
    *(
        Key(f"net.{family}.conf.{name(interface)}.{what}")
        for family, whats in (
            ("ipv4", ("forwarding", "accept_redirects", "rp_filter")),
            ("ipv6", ("forwarding", "disable_ipv6", "accept_redirects", "accept_ra")),
        )
        for what in whats
        for interface in INTERFACES
    ),
]


@pytest.mark.parametrize(
    "writes",
    [
        [("net.ipv4.ip_forward", "1")],
        [("net.ipv4.conf.all.forwarding", "1"), ("net.ipv4.ip_forward", "0")],
        [("net.ipv4.ip_forward", "1"), ("net.ipv4.conf.v0.forwarding", "0")],
        [("net.ipv4.conf.all.accept_redirects", "0"), ("net.ipv4.ip_forward", "0")],
        [("net.ipv6.conf.all.forwarding", "1")],
        [("net.ipv6.conf.all.disable_ipv6", "1"), ("net.ipv6.conf.v0.disable_ipv6", "0")],
        [("net.ipv6.conf.all.accept_ra", "0"), ("net.ipv6.conf.all.accept_redirects", "0")],
        [("net.ipv4.conf.all.rp_filter", "1"), ("net.ipv4.conf.v/1.rp_filter", "2")],
    ],
)
def test_what_the_kernel_changes_along(writes: list[tuple[str, str]]) -> None:
    pairs = [(Key(key), value) for key, value in writes]
    _, before = ask([], FAMILY)
    _, shown = ask(pairs, FAMILY)
    expected = dict(before)
    for key, value in pairs:
        beside = along(expected, key, parse_value(value))
        expected[key] = value
        expected.update(beside)
    assert shown == expected


RANGE = Key("net.ipv4.ip_local_port_range")
SETTINGS = [("32768\t60999", "1024"), ("2000 9000", "0"), ("40000 50000", "40000")]
FLOOR = Key("net.ipv4.ip_unprivileged_port_start")


@pytest.mark.parametrize(
    ("before", "after"),
    [*itertools.permutations(SETTINGS, 2)],
)
def test_a_range_and_the_privileged_ports_move_together(
    before: tuple[str, str], after: tuple[str, str]
) -> None:
    old = {RANGE: parse_value(before[0]), FLOOR: parse_value(before[1])}
    new = {RANGE: parse_value(after[0]), FLOOR: parse_value(after[1])}
    defaults = {RANGE: parse_value("32768 60999"), FLOOR: parse_value("1024")}
    first = [(key, str(old[key])) for key in in_order(old, defaults)]
    second = [(key, str(new[key])) for key in in_order(new, old)]
    refused, shown = ask([*first, *second], [RANGE, FLOOR])
    assert refused == []
    assert {key: parse_value(text) for key, text in shown.items()} == new


def test_the_other_order_is_refused() -> None:
    """Or the test above would prove nothing."""
    wrong = [(FLOOR, "40000"), (RANGE, "40000 50000")]
    refused, _ = ask(wrong, [FLOOR])
    assert refused == [key_path(FLOOR)]
