from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.sysctl.boot import boot
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.tree import DIRECTORIES

FIN = "net.ipv4.tcp_fin_timeout"
RP = "net.ipv4.conf.{}.rp_filter"
KEYS = [
    Key(key)
    for key in (
        FIN,
        "net.ipv4.ip_forward",
        *(RP.format(name) for name in ("all", "default", "eth0", "eth0/100", "lo")),
    )
]


def tree(files: Mapping[str, str]) -> list[Entry]:
    return [Entry(path, content=text.encode()) for path, text in files.items()]


def won(
    files: Mapping[str, str] | Sequence[Entry], *, cmdline: str = "", later: Sequence[Entry] = ()
) -> dict[str, str]:
    entries = tree(files) if isinstance(files, Mapping) else files
    decisions = boot(entries, keys=KEYS, cmdline=cmdline, later=later).decisions
    assert all(key == decision.key for key, decision in decisions.items())
    return {key: str(decision.value) for key, decision in decisions.items()}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # the last of a name wins, by bytes and not by number or locale
        ({"/etc/sysctl.d/10-x.conf": "1", "/etc/sysctl.d/9-x.conf": "2"}, "2"),
        ({"/etc/sysctl.d/B.conf": "1", "/etc/sysctl.d/a.conf": "2"}, "2"),
        ({"/etc/sysctl.d/Z.conf": "1", "/etc/sysctl.d/_.conf": "2"}, "2"),
        ({"/etc/sysctl.d/zz.conf": "1", "/etc/sysctl.d/é.conf": "2"}, "2"),
        # the name decides across directories, and the directory only for the same name
        ({"/etc/sysctl.d/10-x.conf": "1", "/usr/lib/sysctl.d/50-x.conf": "2"}, "2"),
        ({"/etc/sysctl.d/x.conf": "2", "/run/sysctl.d/x.conf": "1"}, "2"),
        ({"/run/sysctl.d/x.conf": "2", "/usr/local/lib/sysctl.d/x.conf": "1"}, "2"),
        ({"/usr/local/lib/sysctl.d/x.conf": "2", "/usr/lib/sysctl.d/x.conf": "1"}, "2"),
        ({"/usr/lib/sysctl.d/x.conf": "2", "/lib/sysctl.d/x.conf": "1"}, "2"),
        ({"/usr/lib/sysctl.d/x.conf": "1", "/etc/sysctl.d/x.conf": "2"}, "2"),
        # what is not read
        ({"/etc/sysctl.d/-x.conf": "2", "/etc/sysctl.d/.y.conf": "1"}, "2"),
        ({"/etc/sysctl.d/x.conf": "2", "/etc/sysctl.d/y.CONF": "1"}, "2"),
        ({"/etc/sysctl.d/x.conf": "2", "/etc/sysctl.d/y.conf.bak": "1"}, "2"),
        ({"/etc/sysctl.d/x.conf": "2", "/etc/sysctl.d/deep/y.conf": "1"}, "2"),
        ({"/etc/sysctl.d/x.conf": "2", "/etc/sysctl.conf": "1"}, "2"),
    ],
)
def test_which_file_wins(files: Mapping[str, str], expected: str) -> None:
    assert won({path: f"{FIN} = {value}\n" for path, value in files.items()}) == {FIN: expected}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"{FIN} = 1", f"{FIN} = 2"], {FIN: "2"}),
        ([f"{FIN} = 1", f"-{FIN} = 2"], {FIN: "2"}),
        # an exclusion cancels an assignment that sorts before it, and the other way round
        ([f"{FIN} = 1", f"-{FIN}"], {}),
        ([f"-{FIN}", f"{FIN} = 1"], {FIN: "1"}),
        # an explicit key beats a pattern, before or after it
        (
            [RP.format("*") + " = 2", RP.format("lo") + " = 1"],
            {RP.format(name): "2" for name in ("all", "default", "eth0", "eth0/100")}
            | {RP.format("lo"): "1"},
        ),
        (
            [RP.format("lo") + " = 1", RP.format("*") + " = 2"],
            {RP.format(name): "2" for name in ("all", "default", "eth0", "eth0/100")}
            | {RP.format("lo"): "1"},
        ),
        # an excluded key is left out of every pattern
        (
            [RP.format("*") + " = 2", "-" + RP.format("all")],
            {RP.format(name): "2" for name in ("default", "eth0", "eth0/100", "lo")},
        ),
        # a pattern with a dash and without a value leaves nothing out
        (
            [RP.format("l*") + " = 2", "-" + RP.format("*")],
            {RP.format("lo"): "2"},
        ),
        # the later of two patterns wins, and a repeat of an equal value keeps the old place
        ([RP.format("l*") + " = 1", RP.format("?o") + " = 2"], {RP.format("lo"): "2"}),
        (
            [RP.format("l*") + " = 1", RP.format("?o") + " = 2", RP.format("l*") + " = 1"],
            {RP.format("lo"): "2"},
        ),
        (
            [RP.format("l*") + " = 1", RP.format("?o") + " = 2", RP.format("l*") + " = 0"],
            {RP.format("lo"): "0"},
        ),
        # patterns stay within a component, and know an interface with a dot
        (["net.*.rp_filter = 1"], {}),
        (["net/ipv4/conf/eth0.*/rp_filter = 1"], {RP.format("eth0/100"): "1"}),
        (["net.ipv4.conf.[!a-e]*.rp_filter = 1"], {RP.format("lo"): "1"}),
        (["net.ipv4.conf.[^a-e]*.rp_filter = 1"], {RP.format("lo"): "1"}),
        # a line of a key that the kernel lacks, or of a value that it refuses, decides nothing
        (["net.ipv4.tcp_tw_recycle = 1"], {}),
        ([f"{FIN} = 7", f"{FIN} = 7s"], {}),
        # what follows a blank and # is not part of a number
        ([f"{FIN} = 7 # short"], {FIN: "7"}),
    ],
)
def test_which_line_wins(lines: list[str], expected: dict[str, str]) -> None:
    one_file = {"/etc/sysctl.d/x.conf": "\n".join(lines)}
    many_files = {
        f"{DIRECTORIES[number % 4]}/{number:02}.conf": line for number, line in enumerate(lines)
    }
    assert won(one_file) == expected
    assert won(many_files) == expected


def test_ubuntus_pair_of_files_cancels_the_administrators_line() -> None:
    vendor = (
        "net.ipv4.conf.default.rp_filter = 2\n"
        "net.ipv4.conf.*.rp_filter = 2\n"
        "-net.ipv4.conf.all.rp_filter\n"
    )
    files = {
        "/usr/lib/sysctl.d/50-default.conf": vendor,
        "/etc/sysctl.d/10-network-security.conf": "net.ipv4.conf.all.rp_filter = 1\n",
    }
    assert RP.format("all") not in won(files)
    assert won(files)[RP.format("eth0")] == "2"
    files["/etc/sysctl.d/60-mine.conf"] = "net.ipv4.conf.all.rp_filter = 1\n"
    assert won(files)[RP.format("all")] == "1"


@pytest.mark.parametrize(
    "mask",
    [
        Entry("/etc/sysctl.d/x.conf", kind=Kind.OTHER, target="/dev/null"),
        Entry("/etc/sysctl.d/x.conf"),
        Entry("/etc/sysctl.d/x.conf", kind=Kind.DANGLING, target="gone"),
        Entry("/etc/sysctl.d/x.conf", kind=Kind.DIRECTORY),
    ],
    ids=["null", "empty", "dangling", "directory"],
)
def test_a_masked_file_is_dead(mask: Entry) -> None:
    lower = Entry("/usr/lib/sysctl.d/x.conf", content=f"{FIN} = 1\n".encode())
    result = boot([lower, mask], keys=KEYS)
    assert result.decisions == {}
    assert [(it.path, it.key) for it in result.dead] == [(lower.path, FIN)]


def test_sysctl_conf_counts_where_a_link_puts_it() -> None:
    text = f"{FIN} = 1\n".encode()
    plain = Entry("/etc/sysctl.conf", content=text)
    link = Entry("/etc/sysctl.d/99-sysctl.conf", content=text, target="../sysctl.conf")
    early = Entry("/etc/sysctl.d/50-x.conf", content=f"{FIN} = 2\n".encode())
    late = Entry("/etc/sysctl.d/zz.conf", content=f"{FIN} = 3\n".encode())

    unread = boot([plain, early], keys=KEYS)
    assert str(unread.decisions[Key(FIN)].value) == "2"
    assert [it.path for it in unread.dead] == ["/etc/sysctl.conf"]

    read = boot([plain, early, link], keys=KEYS)
    assert str(read.decisions[Key(FIN)].value) == "1"
    assert read.dead == ()

    assert won([plain, early, link, late]) == {FIN: "3"}


def test_what_was_beaten_is_told_strongest_first() -> None:
    result = boot(
        tree({f"/etc/sysctl.d/{number}.conf": f"\n{FIN} = {number}\n" for number in (1, 2, 3)}),
        keys=KEYS,
        cmdline=f"ro sysctl.{FIN}=9 quiet",
        later=[Entry("/etc/ufw/sysctl.conf", content=b"net/ipv4/tcp_fin_timeout=4\n")],
    )
    decision = result.decisions[Key(FIN)]
    assert (decision.setting.path, decision.setting.line) == ("/etc/ufw/sysctl.conf", 1)
    assert [it.value for it in decision.beaten] == ["3", "2", "1", "9"]
    assert [it.value for it in result.settings] == ["9", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("cmdline", "expected"),
    [
        (f"BOOT_IMAGE=/vmlinuz sysctl.{FIN}=5 quiet", {FIN: "5"}),
        ("sysctl.net/ipv4/tcp_fin_timeout=5", {FIN: "5"}),
        (f"sysctl/{FIN}=5", {FIN: "5"}),
        (f"sysctl.{FIN}=5 sysctl.{FIN}=6", {FIN: "6"}),
        (f"sysctl.{FIN}", {}),
        (f"xsysctl.{FIN}=5 {FIN}=5", {}),
        ("", {}),
    ],
)
def test_kernel_command_line(cmdline: str, expected: dict[str, str]) -> None:
    assert won({}, cmdline=cmdline) == expected


def test_files_come_after_the_command_line() -> None:
    files = {"/usr/lib/sysctl.d/00.conf": f"{FIN} = 1"}
    assert won(files, cmdline=f"sysctl.{FIN}=5") == {FIN: "1"}
    cancelled = {"/usr/lib/sysctl.d/00.conf": f"-{FIN}"}
    assert won(cancelled, cmdline=f"sysctl.{FIN}=5") == {FIN: "5"}


def test_a_file_that_cannot_be_read_is_named() -> None:
    hidden = Entry("/etc/sysctl.d/x.conf", kind=Kind.UNREADABLE)
    lower = Entry("/usr/lib/sysctl.d/x.conf", kind=Kind.UNREADABLE)
    assert boot([hidden, lower], keys=KEYS).unreadable == (hidden.path,)


contents = st.dictionaries(
    st.tuples(st.sampled_from(DIRECTORIES), st.sampled_from(["1.conf", "2.conf", "a.conf"])),
    st.lists(
        st.sampled_from(
            [
                f"{FIN} = 1",
                f"{FIN} = 2",
                f"-{FIN}",
                RP.format("*") + " = 1",
                RP.format("l*") + " = 2",
                RP.format("lo") + " = 0",
                "-" + RP.format("lo"),
                "net.ipv4.ip_forward = 1 # x",
                "junk",
            ]
        ),
        max_size=4,
    ),
    max_size=6,
)


@given(contents, st.randoms(use_true_random=False))
def test_the_order_of_the_listing_does_not_matter(
    files: dict[tuple[str, str], list[str]], random: object
) -> None:
    entries = tree({"/".join(path): "\n".join(lines) for path, lines in files.items()})
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = boot(entries, keys=KEYS), boot(shuffled, keys=KEYS)
    assert one.decisions == other.decisions
    assert one.settings == other.settings
    for decision in one.decisions.values():
        assert decision.setting in one.settings
        assert decision.setting not in decision.beaten
        assert not set(one.dead) & {decision.setting, *decision.beaten}


@given(st.lists(st.binary(max_size=80), max_size=4), st.text(max_size=40))
def test_no_content_breaks_it(contents: list[bytes], cmdline: str) -> None:
    entries = [Entry(f"/etc/sysctl.d/{n}.conf", content=it) for n, it in enumerate(contents)]
    result = boot(entries, keys=KEYS, cmdline=cmdline)
    assert all(it.setting.value is not None for it in result.decisions.values())
