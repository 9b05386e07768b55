"""What holds for every profile that ships: it resolves, the kernel can do it, and it says why."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tuner.policy.compliance import complies, remedy
from tuner.policy.peers import Peers, peers
from tuner.policy.policy import Avoid, Expectation, LeaveAlone
from tuner.policy.profile import parse_profile
from tuner.policy.resolve import load_profiles, resolve
from tuner.rules._check import registry
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value, parse_value
from tuner.sysctl.version import parse_version

PROFILES = load_profiles([Path(__file__).resolve().parents[2] / "profiles"])
RELEASES = [
    parse_version(text) for text in ("4.18.0", "5.4.0", "5.10.0", "6.1.0", "6.12.0", "6.18.0")
]
GIB = 1 << 30
COMPUTED: Mapping[str, Callable[[int], str]] = {  # by GiB, as 6.18 works them out at boot
    "net.ipv4.tcp_rmem": lambda _: "4096 131072 33554432",
    "net.ipv4.tcp_wmem": lambda _: "4096 16384 4194304",
    "net.ipv4.tcp_mem": lambda gib: f"{12288 * gib} {16384 * gib} {24576 * gib}",
    "net.netfilter.nf_conntrack_max": lambda gib: "262144" if gib > 4 else "65536",
}
ROLES = {  # what a role asks for that no stock kernel gives
    "client-heavy": {"net.ipv4.tcp_tw_reuse", "net.ipv4.ip_local_port_range"},
    "nat-gateway": {"net.ipv4.ip_forward"},
}


def stock(line: Expectation, release: str, gib: int) -> Value | None:
    entry = describe(line.key)
    assert entry is not None, line.key
    known = entry.default(parse_version(release))
    if known is None and line.key in COMPUTED:
        return parse_value(COMPUTED[line.key](gib))
    return known


@pytest.mark.parametrize("name", PROFILES)
def test_every_line_has_reason_source_and_confidence(name: str) -> None:
    profile = PROFILES[name]
    lines: list[Expectation | LeaveAlone | Avoid] = [
        *profile.expectations.values(), *profile.leave_alone.values(), *profile.avoid.values(),
    ]  # fmt: skip
    assert len(lines) > 5
    for line in lines:
        assert line.why.endswith("."), line.key
        assert line.confidence
        for source in line.sources:
            assert re.search(r"\bv\d|linux@[0-9a-f]{12}|^RFC \d|measured on \d", source), (
                f"{line.origin}: {source!r} names no version"
            )
        entry = describe(line.key)
        assert entry is not None, line.key
        assert not entry.never


@pytest.mark.parametrize("name", PROFILES)
def test_rules_that_a_profile_names_exist(name: str) -> None:
    for bad in PROFILES[name].avoid.values():
        assert not bad.rule or bad.rule in registry(), bad.rule


def test_any_two_roles_fit_together() -> None:
    for pair in itertools.combinations(PROFILES, 2):
        policy = resolve(PROFILES, pair)
        assert not policy.expectations.keys() & policy.leave_alone.keys()
        assert not policy.expectations.keys() & policy.avoid.keys()


@pytest.mark.parametrize("gib", [1, 4, 24, 1024])
@pytest.mark.parametrize("name", PROFILES)
def test_a_stock_kernel_satisfies_base_and_each_role_but_for_what_the_role_is_about(
    name: str, gib: int
) -> None:
    judged = 0
    for line in resolve(PROFILES, [name]).expectations.values():
        value = stock(line, "6.18.0", gib)
        if value is None:
            continue
        judged += 1
        fits = complies(line, value, default=value, memory=gib * GIB)
        assert fits is (line.key not in ROLES.get(name, set())), f"{line.origin} {line.key} {value}"
    assert judged > 15


@pytest.mark.parametrize("name", PROFILES)
def test_what_is_wanted_is_what_the_kernel_takes(name: str) -> None:
    for line in PROFILES[name].expectations.values():
        entry = describe(line.key)
        assert entry is not None
        first = stock(line, "6.18.0", 24) or parse_value("1")
        low, high = entry.range.bounds() if entry.range else (None, None)
        ends = [str(max(0, low or 0)), str(min(999999, 999999 if high is None else high))]
        starts = [first, *(Value((end,) * len(first.tokens)) for end in ends)]
        cures = [remedy(line, start, default=None, memory=24 * GIB) for start in starts]
        for cure in cures:
            assert cure is not None, line.key
            assert complies(line, cure, default=None, memory=24 * GIB), f"{line.key} {cure}"
            numbers = cure.ints()
            assert numbers, line.key
            if entry.range is not None and line.key != "net.ipv4.ip_local_port_range":
                assert all(number in entry.range for number in numbers), f"{line.key} {cure}"


def test_roles_ask_of_old_kernels_only_what_they_have() -> None:
    for release in RELEASES:
        for line in resolve(PROFILES, list(PROFILES)).expectations.values():
            entry = describe(line.key)
            assert entry is not None
            assert not line.required or entry.present_in(release), f"{line.key} on {release}"


# --- avoid ----------------------------------------------------------------------------------------

AVOID = "avoid: {net.ipv4.tcp_rfc1337: {values: '1', why: it bites., sources: [mine v1]}}\n"


def test_what_to_avoid_is_inherited_and_said_better() -> None:
    profiles = {
        "low": parse_profile("low", AVOID),
        "high": parse_profile(
            "high", "extends: low\n" + AVOID.replace("it bites", "it bites here")
        ),
    }
    assert resolve(profiles, ["low"]).avoid[Key("net.ipv4.tcp_rfc1337")].why == "it bites."
    for roles in (["high"], ["low", "high"], ["high", "low"]):
        bad = resolve(profiles, roles).avoid[Key("net.ipv4.tcp_rfc1337")]
        assert (bad.why, bad.origin) == ("it bites here.", "high:2")


def test_what_another_role_expects_needs_no_warning() -> None:
    profiles = {
        "low": parse_profile("low", AVOID),
        "own": parse_profile(
            "own", "expect: {net.ipv4.tcp_rfc1337: {exactly: '0', why: w., sources: [s]}}"
        ),
    }
    assert resolve(profiles, ["low", "own"]).avoid == {}


def test_a_key_is_not_both_expected_and_avoided() -> None:
    text = AVOID + "expect: {net.ipv4.tcp_rfc1337: {exactly: '0', why: w., sources: [s]}}\n"
    with pytest.raises(Exception, match="both expected and avoided"):
        parse_profile("own", text, file="own.yml")


# --- what others recommend ------------------------------------------------------------------------


def test_peers_name_keys_and_publishers_that_exist() -> None:
    found = peers()
    assert len(found.keys) > 40
    for key, advice in found.keys.items():
        assert describe(key) is not None, key
        assert advice.why.endswith(".")
    used = {name for advice in found.keys.values() for name in advice.says}
    assert used <= set(found.publishers)
    assert {"tuned", "scap", "cis", "dev-sec", "lynis"} <= used


def test_an_unknown_publisher_is_refused() -> None:
    with pytest.raises(ValueError, match="no publisher 'who'"):
        Peers.model_validate({"keys": {"net.ipv4.tcp_sack": {"says": {"who": "1"}, "why": "w."}}})
