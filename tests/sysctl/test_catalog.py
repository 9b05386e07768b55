from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest
import yaml

from tuner.sysctl import catalog, catalog_text
from tuner.sysctl.catalog import Default, Parameter, Range, describe, families, parameters
from tuner.sysctl.catalog_text import read_files
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value
from tuner.sysctl.version import parse_version

ENTRIES = list(parameters().values())
FAMILIES = sorted(Path(catalog.__file__).with_suffix("").glob("*.yml"))


def default(key: str, release: str) -> str | None:
    entry = describe(Key(key))
    assert entry is not None
    value = entry.default(parse_version(release))
    return None if value is None else str(value)


# --- the data -------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_every_entry_stands_on_its_own(entry: Parameter) -> None:
    for source in entry.sources:
        assert re.search(
            r"\bv\d|commit [0-9a-f]{12}|RFC \d|CVE-|on \d\.\d|\(\d\)|issues? \d", source
        ), source
    for key in (*entry.interacts, *([entry.replaced_by] if entry.replaced_by else [])):
        assert key in parameters(), key
        assert key != entry.key
    since = [parse_version(item.since) for item in entry.defaults]
    assert since == sorted(since)
    assert len(set(since)) == len(since)
    if entry.since and entry.defaults:
        assert entry.defaults[0].since == entry.since
    assert entry.never or entry.until or entry.netns, "say how a network namespace sees it"
    assert (
        entry.never
        or entry.defaults
        or not entry.writable
        or entry.type == "trigger"
        or (entry.until)
    )
    assert entry.summary.endswith(".")
    for limits in (entry.range, entry.sensible):
        if limits and limits.min is not None and limits.max is not None:
            assert limits.min < limits.max


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_defaults_and_sensible_values_are_values_that_the_kernel_takes(entry: Parameter) -> None:
    if entry.range is None:
        return
    for item in entry.defaults:
        enforced = entry.range.since is None or parse_version(item.since) >= parse_version(
            entry.range.since
        )
        if item.value is not None and enforced:
            numbers = parse_value(item.value).ints()
            assert numbers is not None
            assert all(number in entry.range for number in numbers)
    if entry.sensible:
        for bound in (entry.sensible.min, entry.sensible.max):
            assert bound is None or bound in entry.range


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_family_is_small_sorted_into_one_file_and_plain_yaml(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("family:\n  title: ")
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 100
    again = yaml.safe_load(text)
    assert set(again) - {"family"} == {entry.key for entry in ENTRIES if entry.family == path.stem}
    for name in again["family"].get("sources", {}):
        assert re.search(rf"^    - {name}$", text, re.MULTILINE), f"nothing uses {name}"


def test_every_family_of_the_audit_is_there() -> None:
    assert (
        set(families())
        == {path.stem for path in FAMILIES}
        == {
            *("time_wait", "ports", "listen", "liveness", "congestion", "buffers", "conntrack"),
            *("forwarding", "neighbours", "icmp", "core_devices", "ipv6", "ipv6_autoconf"),
            *("bridge", "ipvs", "mptcp", "system", "removed"),
        }
    )
    assert all(family.title for family in families().values())


# --- look-ups -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "release", "expected"),
    [
        ("net.ipv4.tcp_tw_reuse", "4.17.19", "0"),
        ("net.ipv4.tcp_tw_reuse", "4.18.0", "2"),
        ("net.ipv4.tcp_tw_reuse", "4.18.0-553.el8_10.x86_64", "2"),
        ("net.ipv4.tcp_tw_reuse_delay", "6.13.2", None),
        ("net.ipv4.tcp_tw_reuse_delay", "6.14.0", "1000"),
        ("net.core.somaxconn", "5.3.18", "128"),
        ("net.core.somaxconn", "5.4.0", "4096"),
        ("net.ipv4.ip_local_port_range", "4.1.52", "32768 61000"),
        ("net.ipv4.ip_local_port_range", "4.2.0", "32768 60999"),
        ("net.ipv4.tcp_syn_retries", "3.6.11", "5"),
        ("net.ipv4.tcp_syn_retries", "3.7.0", "6"),
        ("net.ipv4.tcp_syncookies", "2.6.32-754.el6", "0"),
        ("net.ipv4.tcp_syncookies", "2.6.33.3", "1"),
        ("net.ipv4.tcp_syncookies", "3.10.0-1160.el7", "1"),
        ("net.ipv4.tcp_challenge_ack_limit", "4.6.7", "100"),
        ("net.ipv4.tcp_challenge_ack_limit", "5.15.0", "1000"),
        ("net.ipv4.tcp_challenge_ack_limit", "6.1.0", "2147483647"),
        ("net.ipv4.tcp_limit_output_bytes", "6.15.0", "1048576"),
        ("net.ipv4.tcp_limit_output_bytes", "6.16.0", "4194304"),
        ("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "5.13.0", "3600"),
        ("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "5.14.0", "0"),
        ("net.core.rmem_max", "6.17.0", "212992"),
        ("net.core.rmem_max", "6.18.0", "4194304"),
        ("net.core.optmem_max", "6.6.0", "20480"),
        ("net.core.optmem_max", "6.8.0", "131072"),
        ("net.netfilter.nf_conntrack_udp_timeout_stream", "4.20.17", "180"),
        ("net.netfilter.nf_conntrack_udp_timeout_stream", "5.0.0", "120"),
        ("net.netfilter.nf_conntrack_events", "5.18.0", "1"),
        ("net.netfilter.nf_conntrack_events", "5.19.0", "2"),
        ("net.ipv6.route.max_size", "6.2.0", "4096"),
        ("net.ipv6.route.max_size", "6.3.0", "2147483647"),
        ("net.ipv4.tcp_fack", "4.9.0", "1"),
        ("net.ipv4.tcp_fack", "4.12.0", "0"),
        ("net.ipv4.tcp_max_tw_buckets", "6.18.0", None),
        ("net.ipv4.tcp_rmem", "6.18.0", None),
        ("net.ipv4.tcp_mem", "6.18.0", None),
        ("net.netfilter.nf_conntrack_max", "6.18.0", None),
        ("net.ipv4.tcp_tw_recycle", "4.11.12", "0"),
        ("net.ipv4.tcp_tw_recycle", "4.12.0", None),
        ("net.ipv4.ip_local_reserved_ports", "5.10.0", ""),
    ],
)
def test_default_by_release(key: str, release: str, expected: str | None) -> None:
    assert default(key, release) == expected


@pytest.mark.parametrize(
    ("key", "release", "present"),
    [
        ("net.ipv4.tcp_tw_recycle", "4.11.12", True),
        ("net.ipv4.tcp_tw_recycle", "4.12.0", False),
        ("net.ipv4.route.secret_interval", "2.6.34.15", True),
        ("net.ipv4.route.secret_interval", "2.6.35", False),
        ("net.ipv4.ip_local_reserved_ports", "2.6.34", False),
        ("net.ipv4.ip_local_reserved_ports", "2.6.35", True),
        ("net.ipv4.ip_conntrack_max", "4.8.17", True),
        ("net.ipv4.ip_conntrack_max", "4.9.0", False),
        ("net.ipv4.tcp_low_latency", "6.18.0", True),
        ("net.ipv4.tcp_plb_enabled", "6.1.192", False),
        ("net.inet.tcp.msl", "2.6.32", False),
        ("net.ipv4.tcp_tw_timeout", "6.18.0", False),
    ],
)
def test_presence_by_release(key: str, release: str, *, present: bool) -> None:
    entry = describe(Key(key))
    assert entry is not None
    assert entry.present_in(parse_version(release)) is present


@pytest.mark.parametrize(
    ("key", "release", "inert"),
    [
        ("net.ipv4.tcp_low_latency", "4.13.0", False),
        ("net.ipv4.tcp_low_latency", "4.14.0", True),
        ("net.ipv4.tcp_fack", "4.15.0", True),
        ("net.ipv4.tcp_adv_win_scale", "6.5.0", False),
        ("net.ipv4.tcp_adv_win_scale", "6.6.0", True),
        ("net.ipv4.route.max_size", "3.6.0", True),
        ("net.ipv4.tcp_tw_reuse", "6.18.0", False),
    ],
)
def test_inert_by_release(key: str, release: str, *, inert: bool) -> None:
    entry = describe(Key(key))
    assert entry is not None
    assert entry.inert_in(parse_version(release)) is inert


@pytest.mark.parametrize("interface", ["all", "default", "eth0", "eth0/100", "veth*"])
def test_one_entry_describes_the_key_of_every_interface(interface: str) -> None:
    entry = describe(Key(f"net.ipv4.conf.{interface}.rp_filter"))
    assert entry is not None
    assert entry.key == "net.ipv4.conf.*.rp_filter"


def test_an_exact_entry_beats_the_one_of_every_interface() -> None:
    exact = describe(Key("net.ipv4.neigh.default.gc_thresh3"))
    assert exact is not None
    assert exact.key == "net.ipv4.neigh.default.gc_thresh3"
    pattern = describe(Key("net.ipv4.neigh.eth0.ucast_solicit"))
    assert pattern is not None
    assert pattern.key == "net.ipv4.neigh.*.ucast_solicit"


@pytest.mark.parametrize(
    "key",
    ["net.ipv4.no_such_key", "net.ipv4.conf.eth0.no_such_key", "net", "", "net.ipv4.conf.a.b.c"],
)
def test_unknown_key_is_not_described(key: str) -> None:
    assert describe(Key(key)) is None


def test_bounds_of_a_key_kept_in_timer_ticks() -> None:
    limits = Range(min=-2147483647, max=2147483647, times_hz=True)
    assert limits.bounds(250) == (-8589934, 8589934)
    assert limits.bounds(1000) == (-2147483, 2147483)
    assert 21474836 in limits  # HZ 100 takes it, so the kernel is not known to refuse it
    assert 21474837 not in limits
    assert 5 in Range()
    assert 5 not in Range(max=4)
    assert 5 not in Range(min=6)


def test_the_whole_catalogue_loads_quickly() -> None:
    best = 1.0
    for _ in range(3):
        catalog._catalogue.cache_clear()
        start = time.process_time()
        parameters()
        best = min(best, time.process_time() - start)
    assert best < 0.1  # 35 to 45 ms on an idle core
    assert parameters() is parameters()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of one file, whose copy may be kept."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    folder = tmp_path / "family"
    folder.mkdir()
    (folder / "a.yml").write_text("a.b: {type: int}\n")
    return folder


def test_a_copy_as_json_counts_only_while_it_is_of_the_same_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "a.yml"
    first = read_files(folder)
    assert first == {"a": {"a.b": {"type": "int"}}}
    (kept,) = (folder.parent / "__pycache__").iterdir()
    monkeypatch.setattr(catalog_text, "_parse", None)
    assert read_files(folder) == first  # from the copy
    monkeypatch.undo()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for damage in ("", "{", "[]", "3", '{"stamp": 1}', kept.read_text()[:-9]):
        kept.write_text(damage)
        assert read_files(folder) == first
    assert kept.read_text() == damage  # nothing was written
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    read_files(folder)
    file.write_text("a.b: {type: bool}\n")
    assert read_files(folder) == {"a": {"a.b": {"type": "bool"}}}
    file.rename(folder / "b.yml")
    assert read_files(folder) == {"b": {"a.b": {"type": "bool"}}}


def test_where_no_copy_can_be_kept_nothing_is_lost(folder: Path) -> None:
    (folder.parent / "__pycache__").write_text("no folder")
    assert read_files(folder) == {"a": {"a.b": {"type": "int"}}}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a.b: {type: int}\na.b: {type: int}\n"], "twice near line 1"),
        (["a.b: {type: int}\n", "a.b: {type: int}\n"], r"1\.yml: a\.b is described twice"),
        (["a.b: {type: int, summary: x., sources: []}\n"], "sources"),
        (["a.b: {type: int, summary: x., sources: [s], sumary: y}\n"], "sumary"),
        (["a.b: {type: int, summary: x., sources: [s], since: soon}\n"], "not a kernel release"),
        (
            ["a.b: {type: int, summary: x., sources: [s], defaults: {soon: '3'}}\n"],
            "not a kernel release",
        ),
    ],
)
def test_faulty_data_is_refused(
    files: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, text in enumerate(files):
        (tmp_path / f"{number}.yml").write_text(text)
    monkeypatch.setattr(catalog, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=message):
        catalog._catalogue.__wrapped__()


def test_a_default_is_a_value_or_a_sentence() -> None:
    for given in ({}, {"value": "1", "computed": "by memory"}):
        with pytest.raises(ValueError, match="either a value or a sentence"):
            Default.model_validate({"since": "3.0", **given})


def test_every_key_that_can_be_written_says_whom_a_write_reaches() -> None:
    for entry in ENTRIES:
        gone = entry.never or entry.until is not None or not entry.writable
        assert (entry.takes_effect is None) is gone, entry.key
        assert not (gone and entry.direction), entry.key


@pytest.mark.parametrize(
    ("key", "direction", "effect"),
    [
        ("net.core.somaxconn", "looser", "next listen()"),
        ("net.ipv4.tcp_fin_timeout", "longer", "next timer"),
        ("net.ipv4.tcp_rmem", "memory", "new connections"),
        ("net.ipv4.tcp_syncookies", None, "at once"),
        ("net.ipv4.conf.*.rp_filter", None, "at once"),
        ("net.ipv4.conf.*.accept_redirects", "looser", "at once"),
        ("net.ipv4.icmp_echo_ignore_broadcasts", "stricter", "at once"),
        ("net.core.default_qdisc", None, "new devices"),
        ("net.ipv4.tcp_child_ehash_entries", "memory", "new namespaces"),
        ("net.netfilter.nf_conntrack_max", "looser", "at once"),
        ("net.netfilter.nf_conntrack_tcp_timeout_time_wait", "longer", "next packet"),
        ("net.ipv4.tcp_tw_recycle", None, None),
        ("net.ipv4.tcp_ehash_entries", None, None),
    ],
)
def test_what_a_larger_number_does_and_whom_a_write_reaches(
    key: str, direction: str | None, effect: str | None
) -> None:
    entry = describe(Key(key))
    assert entry is not None
    assert (entry.direction, entry.takes_effect) == (direction, effect)


def test_a_release_needs_no_quotes_to_keep_its_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yml").write_text("a.b: {type: int, summary: x., sources: [s], since: 4.10}\n")
    monkeypatch.setattr(catalog, "_FOLDER", tmp_path)
    assert catalog._catalogue.__wrapped__().parameters[Key("a.b")].since == "4.10"


def test_every_key_of_tcp_sockets_and_tracking_says_what_the_kernel_takes() -> None:
    """Where no range does, words do; what cannot be written, or is gone, needs neither."""
    for entry in parameters().values():
        if entry.key.startswith(("net.ipv4.tcp_", "net.core.", "net.netfilter.nf_conntrack_")):
            gone = entry.until or entry.never or not entry.writable
            assert gone or entry.range is not None or entry.accepts, entry.key


@pytest.mark.parametrize(
    ("key", "release", "present"),
    [
        ("net.mptcp.close_timeout", "6.6.0", False),  # d866ae9aaa43
        ("net.mptcp.close_timeout", "6.7.0", True),
        ("net.mptcp.available_schedulers", "6.9.0", False),  # 73c900aa3660
        ("net.mptcp.available_schedulers", "6.10.0", True),
    ],
)
def test_keys_that_were_documented_later_than_they_came(
    key: str, release: str, *, present: bool
) -> None:
    entry = describe(Key(key))
    assert entry is not None
    assert entry.present_in(parse_version(release)) is present


def test_every_living_key_of_tcp_sockets_and_tracking_says_whom_it_touches_and_where_it_shows() -> (
    None
):
    for entry in parameters().values():
        if entry.key.startswith(("net.ipv4.tcp_", "net.core.", "net.netfilter.nf_conntrack_")):
            gone = entry.until or entry.never
            assert gone or (entry.affects and entry.see), entry.key
