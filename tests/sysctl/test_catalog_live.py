"""The catalogue against the kernel that runs the tests; writes only in fresh namespaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tuner.sysctl.catalog import Parameter, describe, parameters
from tuner.sysctl.key import Key, key_from_path, key_path
from tuner.sysctl.value import parse_value
from tuner.sysctl.version import parse_version

ENTRIES = list(parameters().values())
SYS = Path("/proc/sys")
LIVE = parse_version(os.uname().release)
BOUND_TOGETHER = {  # each bound hangs on another key's value: test_port_keys_bound_each_other
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
}

ROUNDED = {  # kept in timer ticks or derived from another number, so that few numbers read back
    "anycast_delay", "base_reachable_time_ms", "interval_probe_time_ms", "locktime",
    "mldv1_unsolicited_report_interval", "mldv2_unsolicited_report_interval", "proxy_delay",
    "ratelimit", "retrans_time", "retrans_time_ms", "unres_qlen", "gc_min_interval_ms",
}  # fmt: skip
PAIRED = {  # each is bounded by its twin: test_fragment_marks_bound_each_other
    f"{prefix}_{mark}_thresh"
    for prefix in ("net.ipv4.ipfrag", "net.ipv6.ip6frag", "net.netfilter.nf_conntrack_frag6")
    for mark in ("low", "high")
}


def test_every_network_key_that_this_kernel_shows_has_an_entry() -> None:
    shown = {key_from_path(str(path)) for path in (SYS / "net").rglob("*") if path.is_file()}
    assert len(shown) > 300
    assert [key for key in sorted(shown) if describe(key) is None] == []


def test_every_entry_is_one_that_the_live_tests_look_at() -> None:
    """What has no range is a text, a list, a switch without an order, or named above."""
    for entry in ENTRIES:
        if not entry.key.startswith("net.") or entry.range is not None or not entry.writable:
            continue
        if entry.never or entry.until or entry.type in {"string", "trigger", "ports"}:
            continue
        last = entry.key.rpartition(".")[2]
        beyond = entry.module in {"br_netfilter", "ip_vs"} or entry.netns is None
        shared = entry.netns is not None and entry.netns.child in {"shared", "absent"}
        computed = (
            entry.key.startswith("net.core.rps") or last.endswith("_max") or last == "tcp_mem"
        )
        assert last in ROUNDED or entry.key in PAIRED or beyond or shared or computed, entry.key


def test_removed_keys_are_absent_and_the_others_there() -> None:
    for entry in ENTRIES:
        path = SYS / key_path(entry.key)
        if entry.until or entry.never:
            assert entry.present_in(LIVE) or not path.exists(), entry.key
        elif entry.key.startswith("net.ipv4.tcp_") and entry.present_in(LIVE):
            assert path.exists() or not _is_first_namespace(), entry.key


def test_global_keys_that_do_not_hang_on_the_machine_are_in_range_here() -> None:
    looked_at = 0
    for entry in ENTRIES:
        path = SYS / key_path(entry.key)
        if entry.range is None or entry.type not in {"bool", "int", "enum", "bitmap", "vector"}:
            continue
        try:
            numbers = parse_value(path.read_text()).ints()
        except OSError:
            continue
        assert numbers, entry.key
        assert all(number in entry.range for number in numbers), entry.key
        looked_at += 1
    assert looked_at > 50


# Runs in a network namespace of its own and writes only to keys that such a namespace owns.
INSIDE = """
import json, os, sys
outside, asks = json.load(sys.stdin)
assert os.readlink("/proc/self/ns/net") != outside, "not in a namespace of its own"
answers = {}
for key, path, writes in asks:
    path = "/proc/sys/" + path
    assert path.startswith("/proc/sys/net/")
    answer = answers[key] = {"there": os.path.exists(path), "writes": {}}
    if not answer["there"]:
        continue
    answer["mode"] = os.stat(path).st_mode & 0o777
    try:
        with open(path) as file:
            answer["value"] = file.read().strip()
    except OSError:
        answer["value"] = None
    for text in writes:
        try:
            with open(path, "w") as file:
                file.write(text)
            with open(path) as file:
                answer["writes"][text] = " ".join(file.read().split())
        except OSError as error:
            answer["writes"][text] = None
    if writes:
        try:
            with open(path, "w") as file:
                file.write(answer["value"])
        except OSError:
            pass
json.dump(answers, sys.stdout)
"""


def ask_a_fresh_namespace(asks: Iterable[tuple[str, str, list[str]]]) -> dict[str, Any]:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", INSIDE],
        input=json.dumps([str(Path("/proc/self/ns/net").readlink()), list(asks)]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def _is_first_namespace() -> bool:
    return (SYS / "net/ipv4/tcp_mem").exists()


def _path(entry: Parameter) -> str:
    """Return the path to try: a new namespace has lo, and a default that can be written."""
    return key_path(Key(entry.key.replace("neigh.*", "neigh.lo").replace(".*.", ".default.")))


@cache
def _hz() -> int:
    """Return the kernel's HZ by the longest time that it takes."""
    candidates = {hz: str(2147483647 // hz) for hz in (100, 250, 300, 1000)}
    key = "net.ipv4.tcp_fin_timeout"
    answer = ask_a_fresh_namespace([(key, key_path(Key(key)), [*candidates.values()])])[key]
    return min(hz for hz, text in candidates.items() if answer["writes"][text] == text)


def _width(entry: Parameter) -> int:
    return 3 if entry.type == "vector" else 1


def _bounds(entry: Parameter) -> tuple[list[str], list[str]]:
    """Return what the kernel must take and what it must refuse."""
    assert entry.range is not None
    low, high = entry.range.bounds(_hz())
    inside = [number for number in (low, high) if number is not None]
    outside = [low - 1] if low is not None else []
    outside += [high + 1] if high is not None else []
    return (
        [" ".join([str(number)] * _width(entry)) for number in inside],
        [" ".join([str(number)] * _width(entry)) for number in outside],
    )


@pytest.mark.root
def test_presence_and_defaults_in_a_fresh_namespace() -> None:
    asks: list[tuple[str, str, list[str]]] = [
        (entry.key, _path(entry), [])
        for entry in ENTRIES
        if entry.key.startswith("net.") and entry.netns is not None
    ]
    compared = 0
    for key, answer in ask_a_fresh_namespace(asks).items():
        entry = parameters()[Key(key)]
        assert entry.netns is not None
        held = entry.netns.since is None or parse_version(entry.netns.since) <= LIVE
        if entry.netns.child == "absent" or not entry.present_in(LIVE):
            # A vendor may have brought a later key back; a key that is gone stays gone.
            if entry.until or (entry.since is None and entry.netns.child == "absent"):
                assert not answer["there"], key
            continue
        if not answer["there"]:
            # The kernel's configuration leaves out what belongs to a module or a feature.
            assert not key.startswith(("net.ipv4.tcp_", "net.ipv4.ip_local")), key
            continue
        if held:
            writable = bool(answer["mode"] & 0o200)
            assert writable is (entry.writable and entry.netns.child in {"own", "shared"}), key
        if entry.netns.child == "shared":
            continue
        expected = entry.default(LIVE)
        if expected is None or answer["value"] is None:
            continue
        if parse_value(answer["value"]) == expected:
            compared += 1
            continue
        # A namespace begins with some values of the first one, and a distribution sets those.
        first = SYS / _path(entry)
        assert parse_value(first.read_text()) == parse_value(answer["value"]), (
            f"{key}: mainline's default is {expected}, this kernel's {answer['value']}"
        )
        assert entry.netns.child == "read-only" or ".conf." in key, key
    assert compared > 250


@pytest.mark.root
def test_what_a_namespace_may_not_write_is_refused_to_root_as_well() -> None:
    asks: list[tuple[str, str, list[str]]] = []
    for entry in ENTRIES:
        if entry.netns is None or entry.netns.child != "read-only" or not entry.present_in(LIVE):
            continue
        if entry.netns.since is None or parse_version(entry.netns.since) <= LIVE:
            asks.append((entry.key, _path(entry), ["1"]))
    answers = ask_a_fresh_namespace(asks)
    shown = {key for key, answer in answers.items() if answer["there"]}
    assert {"net.core.rmem_max", "net.ipv4.tcp_ehash_entries"} <= shown
    for key in shown:
        assert answers[key]["writes"] == {"1": None}, key


@pytest.mark.root
def test_sensible_bounds_and_the_values_of_an_enum_are_taken() -> None:
    asks: list[tuple[str, str, list[str]]] = []
    for entry in ENTRIES:
        if entry.netns is None or not entry.netns.per_namespace or not entry.present_in(LIVE):
            continue
        numbers = [entry.sensible.min, entry.sensible.max] if entry.sensible else []
        texts = [str(number) for number in numbers if number is not None]
        texts += [] if entry.type == "bitmap" else list(entry.values)
        if not entry.writable or not texts or not entry.key.startswith("net."):
            continue
        if entry.key not in BOUND_TOGETHER:
            asks.append(
                (entry.key, _path(entry), [" ".join([text] * _width(entry)) for text in texts])
            )
    answers = ask_a_fresh_namespace(asks)
    wrong = [
        f"{key} takes not {text}"
        for key, answer in answers.items()
        if answer["there"]
        for text, after in answer["writes"].items()
        if after is None and not _is_later(key, text)
    ]
    assert wrong == []
    assert sum(answer["there"] for answer in answers.values()) > 150


def _is_later(key: str, text: str) -> bool:
    """Tell whether the catalogue itself says that the value came, or went, with some release."""
    entry = parameters()[Key(key)]
    return "since" in entry.values.get(text, "") or "up to" in entry.values.get(text, "")


@pytest.mark.root
def test_fragment_marks_bound_each_other() -> None:
    asks: list[tuple[str, str, list[str]]] = []
    for key in sorted(PAIRED):
        entry = describe(Key(key))
        assert entry is not None
        low = key.endswith("low_thresh")
        asks.append(
            (key, _path(entry), ["0", "1048576", "4294967296"] if low else ["0", "5242880"])
        )
    answers = {
        key: answer for key, answer in ask_a_fresh_namespace(asks).items() if answer["there"]
    }
    assert len(answers) >= 4
    for key, answer in answers.items():
        taken = [text for text, after in answer["writes"].items() if after is not None]
        assert taken == (["0", "1048576"] if key.endswith("low_thresh") else ["5242880"]), key


@pytest.mark.root
def test_bounds_are_taken_and_what_lies_outside_is_refused() -> None:
    asks: list[tuple[str, str, list[str]]] = []
    for entry in ENTRIES:
        own = entry.netns is not None and entry.netns.per_namespace
        if not own or entry.range is None or not entry.writable or entry.key in BOUND_TOGETHER:
            continue
        if not entry.key.startswith("net.") or not entry.present_in(LIVE):
            continue
        if entry.range.since and parse_version(entry.range.since) > LIVE:
            continue
        taken, refused = _bounds(entry)
        asks.append((entry.key, _path(entry), [*taken, *refused]))
    tried = 0
    wrong = []
    for key, answer in ask_a_fresh_namespace(asks).items():
        if not answer["there"]:
            continue
        taken, refused = _bounds(parameters()[Key(key)])
        tried += 1
        wrong += [f"{key} takes not {text}" for text in taken if answer["writes"][text] is None]
        wrong += [f"{key} takes {text}" for text in refused if answer["writes"][text] is not None]
    assert wrong == []
    assert tried > 200


@pytest.mark.root
def test_port_keys_bound_each_other() -> None:
    ports, start = "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"
    answers = ask_a_fresh_namespace(
        [
            ("1", key_path(Key(start)), ["0", "-1", "32768", "32769", "65536"]),
            ("2", key_path(Key(ports)), ["1024 65535", "1023 65535", "2000 1999", "1024 65536"]),
        ]
    )
    assert answers["1"]["writes"] == {
        "0": "0", "-1": None, "32768": "32768", "32769": None, "65536": None,
    }  # fmt: skip
    assert answers["2"]["writes"] == {
        "1024 65535": "1024 65535", "1023 65535": None, "2000 1999": None, "1024 65536": None,
    }  # fmt: skip
