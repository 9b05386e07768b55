"""Profiles that are wrong are refused at the very place, and nothing in a file is a traceback."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.errors import PolicyError
from tuner.policy.profile import parse_profile
from tuner.policy.resolve import load_profiles, resolve

WHY = "why: because\n    sources: [here]\n"
PROFILES = Path(__file__).resolve().parents[2] / "profiles"


def expecting(key: str, body: str, rest: str = WHY) -> str:
    return f"expect:\n  {key}:\n    {body}\n    {rest}"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            expecting("net.ipv4.tcp_syncooki", "exactly: 1"),
            "p.yml:2:3: tuner knows no key net.ipv4.tcp_syncooki",
            "did you mean net.ipv4.tcp_syncookies?",
        ),
        (
            expecting("net.ipv4.tcp_syncookies", "exactly: maybe"),
            "p.yml:3:14: net.ipv4.tcp_syncookies: the kernel refuses 'maybe'",
            "it takes whole numbers",
        ),
        (
            expecting("net.ipv4.tcp_rmem", "one_of: [4096 8192 16384, 4k 8k 16k]"),
            "p.yml:3:13: net.ipv4.tcp_rmem: the kernel refuses '4k 8k 16k'",
            "it takes whole numbers",
        ),
        (
            expecting("net.ipv4.tcp_retries2", "exactly: 300"),
            "p.yml:3:14: net.ipv4.tcp_retries2: the kernel refuses 300",
            "it takes 0 to 255",
        ),
        (
            expecting("net.core.somaxconn", "at_leats: 1"),
            "p.yml:3:5: net.core.somaxconn has no field 'at_leats'",
            "did you mean 'at_least'?",
        ),
        (
            expecting("net.core.somaxconn", "at_least: 1\n    at_most: 5"),
            "p.yml:2:3: net.core.somaxconn: give exactly one of exactly, at_least, at_most, between, one_of, default; found at_least and at_most",
            "",
        ),
        (
            expecting("net.core.somaxconn", "between: [5, 1]"),
            "p.yml:2:3: net.core.somaxconn: between runs from 5 down to 1; the lower comes first",
            "",
        ),
        (
            expecting("net.core.somaxconn", "at_least: 1", "sources: [here]\n"),
            "p.yml:2:3: net.core.somaxconn: lacks 'why'",
            "add why: below the key",
        ),
        (
            expecting("net.core.somaxconn", "severity: bad\n    at_least: 1"),
            "p.yml:3:15: severity is one of note, warning, error, not 'bad'",
            "",
        ),
        (
            expecting("net.ipv4.ip_local_port_range", "exactly: 60000 1024"),
            "p.yml:3:14: net.ipv4.ip_local_port_range: the kernel refuses '60000 1024'",
            "the first port comes first",
        ),
        (
            expecting("net.ipv4.ip_local_port_range", 'exactly: "1024,65000"'),
            "p.yml:3:14: net.ipv4.ip_local_port_range: the kernel refuses '1024,65000'",
            "it takes two ports, as in 1024 65000",
        ),
        (
            expecting("net.ipv4.ip_local_port_range", "exactly: 1024"),
            "p.yml:3:14: net.ipv4.ip_local_port_range: '1024' is not what the kernel can show: it has 2 numbers",
            "write all of them",
        ),
        (
            expecting("net.ipv4.ip_local_reserved_ports", "exactly: 80-70"),
            "p.yml:3:14: net.ipv4.ip_local_reserved_ports: the kernel refuses '80-70'",
            "ports and ranges such as 8080,9000-9010",
        ),
        (
            expecting("net.ipv4.ip_local_reserved_ports", 'exactly: "80,443,70000"'),
            "p.yml:3:14: net.ipv4.ip_local_reserved_ports: the kernel refuses '80,443,70000'",
            "ports and ranges",
        ),
        (
            expecting("net.ipv4.ip_local_reserved_ports", 'exactly: "443,80,81"'),
            "p.yml:3:14: net.ipv4.ip_local_reserved_ports: '443,80,81' is never what the kernel shows",
            "it makes '80-81,443' of it; write that",
        ),
        (
            expecting("net.ipv4.tcp_congestion_control", "exactly: b br"),
            "p.yml:3:14: net.ipv4.tcp_congestion_control: the kernel refuses 'b br'",
            "it takes one name of at most 15 characters",
        ),
        (
            expecting("net.ipv4.tcp_congestion_control", 'exactly: ""'),
            "p.yml:3:14: net.ipv4.tcp_congestion_control: the kernel refuses ''",
            "it takes one name of at most 15 characters",
        ),
        (
            expecting("net.ipv4.tcp_congestion_control", "exactly: aaaaaaaaaaaaaaaaaaaa"),
            "p.yml:3:14: net.ipv4.tcp_congestion_control: the kernel refuses 'aaaaaaaaaaaaaaaaaaaa'",
            "it takes one name",
        ),
        (
            expecting("net.core.default_qdisc", "one_of: [fq, f q]"),
            "p.yml:3:13: net.core.default_qdisc: the kernel refuses 'f q'",
            "it takes one name",
        ),
        (
            expecting("net.ipv4.tcp_fin_timeout", "exactly: 30 40"),
            "p.yml:3:14: net.ipv4.tcp_fin_timeout: '30 40' is not what the kernel can show: it has one number",
            "write 30",
        ),
        (
            expecting("net.ipv4.tcp_rmem", "exactly: 4096 8192"),
            "p.yml:3:14: net.ipv4.tcp_rmem: '4096 8192' is not what the kernel can show: it has 3 numbers",
            "write all of them",
        ),
        (
            expecting("net.ipv4.tcp_fin_timeout", 'exactly: "0x1e"'),
            "p.yml:3:14: net.ipv4.tcp_fin_timeout: '0x1e' is never what the kernel shows",
            "it makes '30' of it; write that",
        ),
        (
            expecting("net.ipv4.tcp_available_congestion_control", "exactly: reno"),
            "p.yml:2:3: the kernel lists in net.ipv4.tcp_available_congestion_control what is there, and lets nobody write it",
            "take it out",
        ),
        (
            expecting("net.ipv4.tcp_congestion_control", "at_least: 5"),
            "p.yml:3:15: net.ipv4.tcp_congestion_control holds text, which at_least cannot compare",
            "use exactly or one_of",
        ),
        (
            expecting("net.core.somaxconn", "exactly: [30]"),
            "p.yml:3:14: net.core.somaxconn: exactly is a list",
            "it is one value as text, such as 4096",
        ),
        (
            expecting("net.core.somaxconn", "at_least: many"),
            "p.yml:3:15: net.core.somaxconn: at_least is 'many'",
            "it is a whole number, or one for each position",
        ),
        (
            expecting("net.core.somaxconn", "between: [1]"),
            "p.yml:3:14: net.core.somaxconn: between is not what it may be",
            "it is the lowest and the highest number",
        ),
        (
            expecting("net.core.somaxconn", "exactly: 1\n    exactly: 2"),
            "p.yml:4:5: net.core.somaxconn: 'exactly' is there twice",
            "take one of them out",
        ),
        (
            expecting("net.core.somaxconn", "exactly: 1", 'why: ""\n    sources: [x]\n'),
            "p.yml:4:10: net.core.somaxconn: why is empty",
            "write something there, or take it out",
        ),
        (
            "expect: {'a b': }",
            "p.yml:1:10: not a sysctl key: 'a b'",
            "write it as sysctl does: net.ipv4.tcp_syncookies",
        ),
        (
            expecting("net.ipv4.conf.*.rp_filter", "exactly: 7"),
            "p.yml:2:3: net.ipv4.conf.*.rp_filter is a pattern, and a profile names keys one by one",
            "name the all and default of that folder, or each interface by itself",
        ),
        (
            expecting("net/ipv4/tcp_*", "exactly: 7"),
            "p.yml:2:3: net.ipv4.tcp_* is a pattern, and a profile names keys one by one",
            "write one entry for every key that is meant",
        ),
        (
            f"leave_alone:\n  net.ipv6.neigh.eth?.retrans_time:\n    {WHY}",
            "p.yml:2:3: net.ipv6.neigh.eth?.retrans_time is a pattern, and a profile names keys one by one",
            "name the all and default",
        ),
        (
            f"avoid:\n  'net.[a-z].x':\n    values: any\n    {WHY}",
            "p.yml:2:3: net.[a-z].x is a pattern, and a profile names keys one by one",
            "write one entry",
        ),
        (
            expecting("tcp_fin_timeout", "exactly: 30"),
            "p.yml:2:3: tcp_fin_timeout is no whole name of a sysctl",
            "did you mean net.ipv4.tcp_fin_timeout?",
        ),
        (
            expecting("nett.ipv4.tcp_fin_timeout", "exactly: 30"),
            "p.yml:2:3: tuner knows no key nett.ipv4.tcp_fin_timeout",
            "is it misspelt? If not, `required: true` shows hosts without it",
        ),
        (
            expecting("net.ipv4.TCP_FIN_timeout", "exactly: 30"),
            "p.yml:2:3: tuner knows no key net.ipv4.TCP_FIN_timeout",
            "did you mean net.ipv4.tcp_fin_timeout?",
        ),
        ("\tx", "p.yml:1:1: not YAML: found character that cannot start any token", ""),
        ("", "p.yml: the profile is empty", "see profiles/base.yml"),
        ("summary: x\nexpekt: {}", "p.yml:2:1: the profile has no field 'expekt'", "'expect'?"),
        ("extends: {a: b}", "p.yml:1:10: here should be plain text, a number or a list", ""),
        ("a: &a [x]\nb: *a", "p.yml:1:1: the profile has no field 'a'", ""),
    ],
)
def test_refusals(text: str, message: str, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_profile("p", text, file="p.yml")
    assert str(caught.value) == message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("net.ipv4.ip_local_port_range", "1024 65000"),
        ("net.ipv4.ip_local_reserved_ports", '""'),
        ("net.ipv4.ip_local_reserved_ports", '"80-81,443"'),
        ("net.ipv4.tcp_congestion_control", "bbr"),
        ("net.ipv4.tcp_congestion_control", "of_tomorrow"),
        ("net.core.default_qdisc", "fq_codel"),
        ("net.ipv4.tcp_rmem", "4096 131072 6291456"),
        ("net.ipv4.tcp_max_tw_buckets", "-1"),
        ("net.ipv4.tcp_ehash_entries", "8"),  # a boot parameter's doing, and judged all the same
    ],
)
def test_what_the_kernel_takes_is_no_refusal(key: str, value: str) -> None:
    assert parse_profile("p", expecting(key, f"exactly: {value}")).expectations


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("expect", "extends", "summary", "leave_alone", "why", "exactly", "between", "x")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(text=st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_text_is_a_traceback(text: str) -> None:
    with contextlib.suppress(PolicyError):
        assert parse_profile("p", text, file="p.yml").name == "p"


@given(document=YAML, body=YAML)
@settings(max_examples=400, deadline=None)
def test_no_document_is_a_traceback(document: object, body: object) -> None:
    import yaml  # noqa: PLC0415 - writes what hypothesis makes up

    for made in (document, {"expect": {"net.core.somaxconn": body}, "extends": document}):
        with contextlib.suppress(PolicyError):
            assert parse_profile("p", yaml.safe_dump(made), file="p.yml").name == "p"


def test_a_profile_of_ones_own_extends_ours_and_may_take_its_name(tmp_path: Path) -> None:
    text = "extends: public-server\n" + expecting("net.core.somaxconn", "at_least: 16384")
    (tmp_path / "public-server.yml").write_text(text)
    policy = resolve(load_profiles([PROFILES, tmp_path]), ["public-server"])
    assert policy.expectations["net.core.somaxconn"].at_least == 16384  # type: ignore[index]
    assert {"base", "public-server"} <= policy.lineage


@pytest.mark.parametrize(
    ("files", "roles", "message"),
    [
        ({"a": "extends: b", "b": "extends: a"}, ["a"], "in a circle: a → b → a"),
        ({"a": "extends: nobody"}, ["a"], "extends an unknown profile 'nobody'"),
        ({"a": "summary: x"}, ["b"], "there is no role 'b'"),
        (
            {
                "a": expecting("net.core.somaxconn", "exactly: 4096"),
                "b": expecting("net.core.somaxconn", "exactly: 8192"),
            },
            ["a", "b"],
            "contradict each other on net.core.somaxconn: a:2 and b:2",
        ),
    ],
)
def test_profiles_that_do_not_fit_together(
    tmp_path: Path, files: dict[str, str], roles: list[str], message: str
) -> None:
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text + "\n")
    with pytest.raises(PolicyError, match=message):
        resolve(load_profiles([tmp_path]), roles)


def test_folders_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot read the folder of profiles: No such file"):
        load_profiles([tmp_path / "gone"])
    (tmp_path / "a.yml").write_bytes(b"summary: \xff")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load_profiles([tmp_path])


def test_a_misspelt_parent_is_shown_and_is_never_the_profile_itself(tmp_path: Path) -> None:
    for wrong, near in (
        ("bsae", "did you mean 'base'?"),
        ("mien", "There are: base, client-heavy"),
    ):
        (tmp_path / "mine.yml").write_text(f"summary: x\nextends: [{wrong}]\n")
        with pytest.raises(PolicyError, match="extends an unknown profile") as caught:
            resolve(load_profiles([PROFILES, tmp_path]), ["mine"])
        assert str(caught.value).startswith(f"{tmp_path / 'mine.yml'}:2:10: ")
        assert caught.value.hint.startswith(near)
        assert "mine" not in caught.value.hint
