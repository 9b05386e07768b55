"""What comes before and after the loader: command line, udev, ufw, TuneD, other writers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tuner.sysctl.boot import Boot, Stage, Writer, boot, covers
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import NAMES, Program, parse_program
from tuner.sysctl.loaders.run import Fate
from tuner.sysctl.version import parse_version

FIN = Key("net.ipv4.tcp_fin_timeout")
KEYS = {
    Key(key): text
    for key, text in {
        "net.ipv4.tcp_fin_timeout": "60",
        "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
        "net.ipv4.ip_forward": "0",
        "net.ipv4.tcp_allowed_congestion_control": "reno",
        **{
            f"net.ipv4.conf.{name}.{leaf}": "0"
            for name in ("all", "default", "lo", "eth0", "eth0/100")
            for leaf in ("rp_filter", "forwarding", "accept_redirects")
        },
        **{f"net.ipv6.conf.{name}.accept_ra": "1" for name in ("all", "default", "lo", "eth0")},
    }.items()
}


def tree(files: Mapping[str, str]) -> list[Entry]:
    return [Entry(path, content=text.encode()) for path, text in files.items()]


def start(files: Mapping[str, str] | list[Entry], **options: object) -> Boot:
    entries = files if isinstance(files, list) else tree(files)
    return boot(entries, keys=KEYS, **options)  # type: ignore[arg-type]


def reasons(told: Boot, key: Key = FIN) -> list[tuple[str, int, str, str]]:
    return [
        (loss.setting.path.rpartition("/")[2], loss.setting.line, str(loss.fate), loss.by)
        for loss in told.losses(key)
    ]


def test_every_line_that_loses_has_its_reason_in_order() -> None:
    told = start(
        [
            *tree(
                {
                    "/etc/sysctl.d/10-a.conf": f"{FIN} = 11\n{FIN} = 12\n{FIN} = 12\n",
                    "/etc/sysctl.d/20-b.conf": f"net.ipv4.tcp_fin_* = 13\n{FIN} = 2s\n",
                    "/etc/sysctl.d/30-c.conf": f"{FIN} = 14\n",
                    "/usr/lib/sysctl.d/30-c.conf": f"{FIN} = 15\n",
                    "/usr/lib/sysctl.d/40-d.conf": f"{FIN} = 16\n",
                    "/etc/sysctl.conf": f"{FIN} = 17\n",
                    "/etc/sysctl.d/.hidden.conf": f"{FIN} = 18\n",
                }
            ),
            Entry("/etc/sysctl.d/40-d.conf", Kind.OTHER, target="/dev/null"),
        ],
        cmdline=f"quiet sysctl.{FIN}=9",
    )
    decision = told.decisions[FIN]
    assert (decision.setting.path, decision.setting.line) == ("/etc/sysctl.d/30-c.conf", 1)
    assert str(decision.value) == "14"
    assert reasons(told) == [
        ("cmdline", 1, "overwritten", "/etc/sysctl.d/30-c.conf:1"),
        ("10-a.conf", 1, "later-line", "/etc/sysctl.d/10-a.conf:2"),
        ("10-a.conf", 3, "equal-repeat", "/etc/sysctl.d/10-a.conf:2"),
        ("10-a.conf", 2, "later-line", "/etc/sysctl.d/20-b.conf:2"),
        ("20-b.conf", 2, "later-line", "/etc/sysctl.d/30-c.conf:1"),
        (".hidden.conf", 1, "not-read", ""),
        ("30-c.conf", 1, "shadowed", "/etc/sysctl.d/30-c.conf"),
        ("40-d.conf", 1, "masked", "/etc/sysctl.d/40-d.conf"),
        ("sysctl.conf", 1, "not-read", ""),
        ("20-b.conf", 1, "explicit", "/etc/sysctl.d/30-c.conf:1"),
    ]


@pytest.mark.parametrize(
    ("lines", "key", "fate"),
    [
        ("net.ipv4.tcp_fin_timeout = 2s\n", FIN, Fate.REFUSED),
        ("net.ipv4.nothing = 1\n", Key("net.ipv4.nothing"), Fate.NO_SUCH_KEY),
        (
            "net.ipv4.tcp_allowed_congestion_control = reno\n",
            Key("net.ipv4.tcp_allowed_congestion_control"),
            None,
        ),
        ("net.ipv4.tcp_fin_timeout = 2\n-net.ipv4.tcp_fin_timeout\n", FIN, Fate.EXCLUDED),
    ],
)
def test_a_line_without_effect_decides_nothing(lines: str, key: Key, fate: Fate | None) -> None:
    told = start({"/etc/sysctl.d/a.conf": lines})
    assert fate is None or key not in told.decisions
    assert fate is None or fate in {loss.fate for loss in told.losses(key)}


def test_a_line_behind_a_line_of_a_mebibyte_is_lost() -> None:
    told = start({"/etc/sysctl.d/a.conf": f"#{'x' * (1 << 20)}\n{FIN} = 5\n"})
    assert FIN not in told.decisions
    assert [(loss.setting.line, loss.fate) for loss in told.losses(FIN)] == [(2, Fate.FILE_LOST)]
    assert told.exit_code == 1


def test_forwarding_changes_keys_that_no_line_names() -> None:
    told = start({"/etc/sysctl.d/a.conf": "net.ipv4.ip_forward = 1\n"})
    decision = told.decisions[Key("net.ipv4.conf.all.accept_redirects")]
    assert (str(decision.value), decision.through) == ("0", "net.ipv4.ip_forward")
    assert str(told.decisions[Key("net.ipv4.conf.eth0/100.forwarding")].value) == "1"


def test_redirects_are_lost_to_a_later_ip_forward() -> None:
    told = start(
        {
            "/etc/sysctl.d/10-a.conf": "net.ipv4.conf.all.accept_redirects = 0\n",
            "/etc/sysctl.d/20-b.conf": "net.ipv4.ip_forward = 0\n",
        },
        cmdline="sysctl.net.ipv4.ip_forward=1",
    )
    decision = told.decisions[Key("net.ipv4.conf.all.accept_redirects")]
    assert (str(decision.value), decision.through) == ("1", "net.ipv4.ip_forward")


def test_default_reaches_bare_interfaces_in_ipv4_only() -> None:
    told = start(
        {
            "/etc/sysctl.d/a.conf": "net.ipv4.conf.default.rp_filter = 2\n"
            "net.ipv6.conf.default.accept_ra = 0\n"
        }
    )
    assert str(told.decisions[Key("net.ipv4.conf.eth0/100.rp_filter")].value) == "2"
    assert Key("net.ipv4.conf.lo.rp_filter") not in told.decisions
    assert Key("net.ipv6.conf.eth0.accept_ra") not in told.decisions


def test_udev_applies_an_interfaces_lines_once_more() -> None:
    told = start(
        {
            "/etc/sysctl.d/a.conf": "net.ipv4.conf.eth0.forwarding = 0\nnet.ipv4.ip_forward = 1\n",
        },
        cmdline="",
    )
    decision = told.decisions[Key("net.ipv4.conf.eth0.forwarding")]
    assert (str(decision.value), decision.stage) == ("0", Stage.UDEV)
    assert str(told.decisions[Key("net.ipv4.conf.eth0/100.forwarding")].value) == "1"


@pytest.mark.parametrize(
    ("cmdline", "value"),
    [
        ('sysctl.net.ipv4.tcp_rmem="1 2 3"', "1 2 3"),
        ("sysctl.net.ipv4.tcp_rmem=8192", "8192"),  # the rest depends on the memory
        ("-- sysctl.net.ipv4.tcp_rmem=8192", None),
        ("sysctl.net.ipv4.tcp_rmem=", None),
        ("sysctl.net.ipv4.tcp_rmem=x", None),
    ],
)
def test_the_kernel_command_line(cmdline: str, value: str | None) -> None:
    told = start({}, cmdline=cmdline)
    decision = told.decisions.get(Key("net.ipv4.tcp_rmem"))
    assert (str(decision.value) if decision else None) == value


def test_an_old_kernel_ignores_its_command_line() -> None:
    assert not start({}, cmdline=f"sysctl.{FIN}=9", version=parse_version("5.7")).decisions


def test_ufw_has_the_last_word_on_its_keys() -> None:
    told = start(
        {"/etc/sysctl.d/a.conf": f"{FIN} = 5\n"},
        later=tree({"/etc/ufw/sysctl.conf": "net/ipv4/tcp_fin_timeout=6\nnet/ipv4/none=1\n"}),
    )
    assert (str(told.decisions[FIN].value), told.decisions[FIN].stage) == ("6", Stage.LATER)


@pytest.mark.parametrize(("reapply", "value"), [(True, "5"), (False, "7")])
def test_tuned_may_apply_the_files_once_more(reapply: bool, value: str) -> None:  # noqa: FBT001
    profile = "[main]\nsummary=x\n[sysctl]\nnet.ipv4.tcp_fin_timeout=7\nnet.ipv4.tcp_rmem=>1\n"
    told = start(
        {"/etc/sysctl.d/a.conf": f"{FIN} = 5\n"},
        profiles=tree({"/etc/tuned/x/tuned.conf": profile}),
        reapply=reapply,
    )
    assert str(told.decisions[FIN].value) == value


def test_a_line_that_tuned_applies_once_more_is_still_the_loader_s() -> None:
    told = start(
        {
            "/etc/sysctl.d/a.conf": f"{FIN} = 5\n",
            "/etc/sysctl.d/b.conf": f"{FIN} = 6\n",
            "/etc/sysctl.conf": "net.ipv4.tcp_rmem = 4096\n",
        },
        later=tree({"/etc/ufw/sysctl.conf": "net/ipv4/tcp_fin_timeout=7\n"}),
        profiles=tree({"/etc/tuned/x/tuned.conf": "[sysctl]\n"}),
    )
    decision = told.decisions[FIN]
    assert (str(decision.value), decision.setting.path) == ("6", "/etc/sysctl.d/b.conf")
    assert decision.stage is Stage.LOADER
    assert [(loss.setting.path, loss.fate) for loss in decision.losses] == [
        ("/etc/sysctl.d/a.conf", Fate.LATER_LINE),
        ("/etc/ufw/sysctl.conf", Fate.OVERWRITTEN),
    ]
    # The loader passes over this file, and TuneD alone reads it.
    assert told.decisions[Key("net.ipv4.tcp_rmem")].stage is Stage.LATER


def test_tuned_prefers_run_and_cannot_spell_an_interface_with_a_dot() -> None:
    files = {
        "/etc/sysctl.d/a.conf": f"{FIN} = 5\nnet/ipv4/conf/eth0.100/rp_filter = 1\n",
        "/run/sysctl.d/a.conf": f"{FIN} = 6\n",
    }
    told = start(files, profiles=tree({"/etc/tuned/x/tuned.conf": "[sysctl]\n"}))
    assert str(told.decisions[FIN].value) == "6"
    assert told.decisions[Key("net.ipv4.conf.eth0/100.rp_filter")].stage is Stage.LOADER


@pytest.mark.parametrize(
    ("loader", "value"),
    [
        ("systemd", "3"),  # names decide
        ("procps", "4"),  # /etc/sysctl.conf is last
        ("busybox", "4"),  # /etc/sysctl.conf alone
        ("alpine", "5"),  # /run is last, and a vendor's file first whatever its name
        ("alpine-2017", "4"),
        ("void", "4"),
    ],
)
def test_which_loader_decides(loader: str, value: str) -> None:
    files = {
        "/usr/lib/sysctl.d/99-z.conf": f"{FIN} = 3\n",
        "/etc/sysctl.d/10-a.conf": f"{FIN} = 2\n",
        "/etc/sysctl.conf": f"{FIN} = 4\n",
        "/run/sysctl.d/00-r.conf": f"{FIN} = 5\n",
    }
    assert str(start(files, program=parse_program(loader)).decisions[FIN].value) == value


def test_what_masks_a_file_in_alpine() -> None:
    vendor = {"/usr/lib/sysctl.d/a.conf": f"{FIN} = 3\n"}
    null = Entry("/etc/sysctl.d/a.conf", Kind.OTHER, target="/dev/null")
    alpine = Program("alpine", (1, 36, 0))
    assert str(start([*tree(vendor), null], program=alpine).decisions[FIN].value) == "3"
    empty = Entry("/etc/sysctl.d/a.conf")
    assert FIN not in start([*tree(vendor), empty], program=alpine).decisions


def test_an_error_costs_alpine_one_file() -> None:
    files = {
        "/etc/sysctl.d/a.conf": f"{FIN} = x\n{FIN} = 2\n",
        "/etc/sysctl.d/b.conf": "net.ipv4.ip_forward = 1\n",
    }
    told = start(files, program=Program("alpine", (1, 36, 0)))
    assert FIN not in told.decisions
    assert [loss.fate for loss in told.losses(FIN)] == [Fate.REFUSED, Fate.FILE_LOST]
    assert Key("net.ipv4.ip_forward") in told.decisions
    assert told.exit_code == 1


def test_before_3_3_17_procps_prefers_run() -> None:
    files = {"/etc/sysctl.d/a.conf": f"{FIN} = 2\n", "/run/sysctl.d/a.conf": f"{FIN} = 3\n"}
    for version, value in {(3, 3, 16): "3", (3, 3, 17): "2"}.items():
        told = start(files, program=Program("procps", version))
        assert str(told.decisions[FIN].value) == value


@pytest.mark.parametrize(
    ("version", "lines", "value"),
    [
        (244, "net.ipv4.tcp_fin_* = 5\n", None),
        (245, "net.ipv4.tcp_fin_* = 5\n", "5"),
        (242, "-net.ipv4.tcp_fin_timeout = 5\n", None),
        (243, "-net.ipv4.tcp_fin_timeout = 5\n", "5"),
        (247, "net/ipv4/../ipv4/tcp_fin_timeout = 5\n", "5"),
        (250, "net/ipv4/../ipv4/tcp_fin_timeout = 5\n", None),
        (236, f"#{'x' * 2046}net.ipv4.tcp_fin_timeout = 5\n", "5"),
        (237, f"#{'x' * 2046}net.ipv4.tcp_fin_timeout = 5\n", None),
    ],
)
def test_gates_of_systemd(version: int, lines: str, value: str | None) -> None:
    told = start({"/etc/sysctl.d/a.conf": lines}, program=Program("systemd", (version,)))
    decision = told.decisions.get(FIN)
    assert (str(decision.value) if decision else None) == value


@pytest.mark.parametrize(("version", "code"), [(219, 1), (229, 1), (230, 0)])
def test_a_missing_key_made_old_systemd_fail(version: int, code: int) -> None:
    program = Program("systemd", (version,))
    assert start({"/etc/sysctl.d/a.conf": "net.x.y = 1\n"}, program=program).exit_code == code


def test_a_credential_beats_every_file() -> None:
    files = {"/etc/sysctl.d/zz.conf": f"{FIN} = 2\n"}
    for version, value in {(251,): "2", (252,): "7"}.items():
        program = Program("systemd", version)
        told = start(files, program=program, credential=f"{FIN} = 7\n".encode())
        assert str(told.decisions[FIN].value) == value


@pytest.mark.parametrize("text", ["a=1\n" * 60_000, "*=1\n" * 6_000, "\0" * 60_000])
def test_what_exceeds_all_reason_counts_as_unreadable(text: str) -> None:
    files = {"/etc/sysctl.d/a.conf": f"{FIN} = 2\n", "/etc/sysctl.d/b.conf": text}
    told = start(files)
    assert told.unreadable == ("/etc/sysctl.d/b.conf",)
    assert str(told.decisions[FIN].value) == "2"


def test_keys_of_a_module_that_is_loaded_before() -> None:
    files = {"/etc/sysctl.d/a.conf": "net.netfilter.nf_conntrack_max = 1000\n"}
    key = Key("net.netfilter.nf_conntrack_max")
    assert key not in start(files).decisions
    assert str(start(files, modules={"nf_conntrack"}).decisions[key].value) == "1000"


def test_a_read_only_mount() -> None:
    told = start({"/etc/sysctl.d/a.conf": f"{FIN} = 2\n"}, read_only=["net"])
    assert FIN not in told.decisions
    assert [(loss.fate, loss.error) for loss in told.losses(FIN)] == [(Fate.READ_ONLY, "EROFS")]
    assert told.exit_code == 0


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("net.ipv4.conf.@.rp_filter", "net.ipv4.conf.eth0/100.rp_filter", True),
        ("net.ipv4.conf.@.rp_filter", "net.ipv4.conf.all.rp_filter", False),
        ("net.ipv4.conf.*.rp_filter", "net.ipv4.conf.all.rp_filter", True),
        ("net.ipv6.conf.en*.accept_ra*", "net.ipv6.conf.enp1s0.accept_ra_mtu", True),
        ("net.ipv4.*", "net.ipv4.conf.all.rp_filter", False),
    ],
)
def test_what_a_writer_may_touch(pattern: str, key: str, fits: bool) -> None:  # noqa: FBT001
    writer = Writer("w", "/x", 0, (pattern,), "does")
    told = start({}, writers=[writer])
    assert covers(pattern, Key(key)) is fits
    assert bool(told.later(Key(key))) is fits


@pytest.mark.parametrize("text", ["", "sysctl", "procps:", "procps:x", "systemd:-1"])
def test_no_such_loader(text: str) -> None:
    with pytest.raises(ValueError, match=r"loader|version"):
        parse_program(text)
    assert all(str(parse_program(name)) for name in NAMES)
