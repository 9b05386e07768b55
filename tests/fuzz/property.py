"""What holds for any bytes, whatever loader reads them."""

from __future__ import annotations

from tuner.sysctl.boot import boot
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key
from tuner.sysctl.lines import (
    BUSYBOX,
    PROCPS_4,
    SYSTEMD,
    SYSTEMD_219,
    SYSTEMD_262,
    TUNED,
    LineKind,
    position,
    read_lines,
    read_procps3,
)
from tuner.sysctl.loaders import Program
from tuner.sysctl.loaders.run import Fate

GRAMMARS = (SYSTEMD, SYSTEMD_262, SYSTEMD_219, PROCPS_4, BUSYBOX, TUNED)
PROGRAMS = (
    *(Program("systemd", (number,)) for number in (219, 239, 247, 252, 262)),
    *(Program("procps", numbers) for numbers in ((3, 3, 16), (3, 3, 17), (4, 0, 2), (4, 0, 7))),
    *(Program("busybox", numbers) for numbers in ((1, 30, 1), (1, 35, 0))),
    *(Program(name, (1, 36, 0)) for name in ("alpine", "alpine-2017")),
    Program("void", (4, 0, 4)),
)
KEYS = {
    Key(key): text
    for key, text in {
        "net.ipv4.tcp_fin_timeout": "60",
        "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
        "net.ipv4.ip_local_port_range": "32768\t60999",
        "net.ipv4.ip_local_reserved_ports": "",
        "net.ipv4.tcp_congestion_control": "cubic",
        "net.ipv4.ip_forward": "0",
        **{
            f"net.ipv{family}.conf.{name}.{leaf}": "0"
            for family in (4, 6)
            for name in ("all", "default", "lo", "eth0", "eth0/100")
            for leaf in ("rp_filter", "forwarding", "accept_redirects", "disable_ipv6")
        },
    }.items()
}
PATHS = (
    "/etc/sysctl.d/50-a.conf",
    "/run/sysctl.d/50-a.conf",
    "/usr/lib/sysctl.d/60-[b].conf",
    "/etc/sysctl.conf",
)


def check(data: bytes) -> None:
    """Read the bytes by every grammar, and boot with them by one loader."""
    for grammar in GRAMMARS:
        _check_lines(data, read_lines(data, grammar).lines)
    buffer = bytearray(16)
    for line in read_procps3(data, buffer):
        assert 0 <= line.offset <= line.end <= len(data)
    program = PROGRAMS[data[0] % len(PROGRAMS)] if data else PROGRAMS[0]
    pieces = data[1:].split(b"\xfe", len(PATHS) - 1)
    entries = [Entry(path, content=text) for path, text in zip(PATHS, pieces, strict=False)]
    entries.append(Entry("/etc/sysctl.d/70-d.conf", Kind.DIRECTORY))
    words = data[:80].decode("utf-8", "backslashreplace")
    told = boot(
        entries,
        keys=KEYS,
        cmdline=words,
        program=program,
        profiles=[Entry("/etc/tuned/x/tuned.conf", content=b"[sysctl]\n" + data[:40])],
        later=[Entry("/etc/ufw/sysctl.conf", content=data[:60])],
    )
    assert told.exit_code in {0, 1, 255}
    for key, decision in told.decisions.items():
        assert key in KEYS or not key.startswith("net.")
        assert decision.setting.value is not None
        assert all(loss.fate is not Fate.SET for loss in decision.losses)
    for _, step in told.steps:
        assert (step.fate is Fate.REFUSED) <= bool(step.error or step.setting.value is not None)


def _check_lines(data: bytes, lines: object) -> None:
    before = -1
    for line in lines:  # type: ignore[attr-defined]
        assert before < line.number
        assert 0 <= line.offset <= line.end <= len(data)
        assert position(data, line.offset)[0] >= 1
        before = line.number
        if line.kind in {LineKind.ASSIGNMENT, LineKind.EXCLUSION}:
            assert data[line.key_offset :].startswith(line.key[:1])
        if line.kind is LineKind.ASSIGNMENT:
            assert line.value is not None
            assert data[line.value_offset :].startswith(line.value[:1])
