"""Random trees of sysctl files, with everything that a loader may trip over."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tuner.sysctl.files import Entry, Kind

INTERFACES = ("all", "default", "lo", "v0", "eth0.100")
SCALARS = (
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_syncookies",
    "net.core.somaxconn",
)
VECTORS = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.ip_local_port_range")
ODD = (
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_available_congestion_control",
    "net.ipv4.route.flush",
    "net.ipv4.no_such_key",
    "net.ipv4.neigh.v0.retrans_time",
    "net.ipv4",
    "net.ipv4.tcp_fin_timeout.deeper",
    "kernel.no_such_key",
)
FORWARDING = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding")
LEAVES = (
    *("ipv4.conf.{}.rp_filter", "ipv4.conf.{}.forwarding", "ipv4.conf.{}.accept_redirects"),
    *("ipv6.conf.{}.accept_ra", "ipv6.conf.{}.forwarding", "ipv6.conf.{}.disable_ipv6"),
)
PATTERNS = (
    "net.ipv4.conf.*.rp_filter",
    "net/ipv4/conf/*/rp_filter",
    "net.ipv4.conf.*.accept_redirects",
    "net.ipv4.conf.v*.rp_filter",
    "net/ipv4/conf/eth0.*/rp_filter",
    "net.ipv4.conf.eth0/1??.rp_filter",
    "net.ipv4.conf.[!ade]*.rp_filter",
    "net.ipv4.conf.[^l]*.forwarding",
    "net.ipv4.conf.[a-e]*.rp_filter",
    "net.ipv4.conf.{lo,v0}*.rp_filter",
    "net.ipv4.conf.[[:alpha:]]0.rp_filter",
    "net.ipv4.conf.?0.rp_filter",
    "net.ipv6.conf.*.accept_ra",
    "net.ipv?.conf.lo.forwarding",
    "net.ipv4.tcp_keepalive_*",
    "net.*.conf.v0.*_ra",
    "net.ipv4.conf.\\*.rp_filter",
    "net.ipv4.conf.[.rp_filter",
    "net//ipv4/conf/*/rp_filter",
    "net.ipv4.c*",
    "net.ipv4.conf.zz*.rp_filter",
)
FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
NAMES = (
    *("10-a.conf", "9-b.conf", "50-default.conf", "99-z.conf", "B.conf", "a.conf", "zz.conf"),
    *("é.conf", "_c.conf", ".hidden.conf", ".conf", "a.CONF", "a.conf~", "a.conf.bak", "README"),
    *("a[1].conf", "a1.conf", "b{1,2}.conf", "b1.conf", "c\\d.conf", "sp ace.conf", "-.conf"),
)
ENDS = (b"\n",) * 12 + (b"\r\n", b"\r\n", b"\r", b"\0", b"\n\r", b"\n\n", b"\\\n", b"\r\n\0")


@dataclass(frozen=True)
class Case:
    """A tree, and the kernel that it meets."""

    entries: tuple[Entry, ...]
    addressed: tuple[str, ...] = ("lo",)
    values: dict[str, str] = field(default_factory=dict)  # below /proc/sys/net
    credential: bytes | None = None


def make(seed: int) -> Case:
    """Return the case of that number, the same in every run."""
    dice = random.Random(seed)  # noqa: S311 - to be the same in every run
    entries: dict[str, Entry] = {}
    conf = _content(dice) if dice.random() < 0.6 else None
    if conf is not None:
        entries["/etc/sysctl.conf"] = Entry("/etc/sysctl.conf", content=conf)
        if dice.random() < 0.4:
            path = "/etc/sysctl.d/99-sysctl.conf"
            entries[path] = Entry(path, content=conf, target="../sysctl.conf")
    for folder in FOLDERS:
        common = NAMES[:7] if dice.random() < 0.7 else NAMES
        for name in dice.sample(common, dice.choice((0, 1, 1, 2, 3))):
            path = f"{folder}/{name}"
            entries[path] = _entry(path, dice, entries)
    addressed = tuple(name for name in ("lo", "v0", "eth0.100") if dice.random() < 0.5)
    values = {}
    if dice.random() < 0.3:
        values["ipv4/ip_forward"] = "1"
    if dice.random() < 0.1:
        values["ipv4/tcp_fin_timeout"] = "33"
    credential = _content(dice) if dice.random() < 0.1 else None
    return Case(tuple(entries.values()), addressed, values, credential)


def _entry(path: str, dice: random.Random, others: dict[str, Entry]) -> Entry:
    kind = dice.random()
    if kind < 0.05:
        return Entry(path, Kind.OTHER, target="/dev/null")
    if kind < 0.10:
        return Entry(path, Kind.DANGLING, target="gone")
    if kind < 0.14:
        return Entry(path, Kind.DIRECTORY)
    if kind < 0.18:
        return Entry(path)
    files = [each for each in others.values() if each.kind is Kind.FILE and not each.target]
    if kind < 0.22 and files:
        other = dice.choice(files)
        return Entry(path, content=other.content, target=other.path)
    return Entry(path, content=_content(dice))


def _content(dice: random.Random) -> bytes:
    if dice.random() < 0.002:
        filler = b"#" + b"x" * ((1 << 20) + dice.choice((-2, -1, 0, 1)))
        return _line(dice) + b"\n" + filler + b"\n" + _line(dice) + b"\n"
    end = dice.choice(ENDS)
    text = b""
    for _ in range(dice.choice((0, 1, 2, 3, 3, 4, 6))):
        text += _line(dice) + (end if dice.random() < 0.93 else dice.choice(ENDS))
    if dice.random() < 0.15 and text:
        text = text[:-1]
    if dice.random() < 0.02:
        text = b"\xef\xbb\xbf" + text
    if dice.random() < 0.04 and text:
        at = dice.randrange(len(text))
        odd = dice.choice(
            (b"\0", b"\xff", b"\xc2\xa0", b"\t", b"\v", b"=", b"-", b"#", b"\\", b"\r")
        )
        text = text[:at] + odd + text[at + dice.choice((0, 1)) :]
    return text


def _key(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.30:
        return dice.choice(SCALARS)
    if kind < 0.36:
        return dice.choice(VECTORS)
    if kind < 0.46:
        return dice.choice(ODD)
    if kind < 0.56:
        return dice.choice(FORWARDING)
    leaf = dice.choice(LEAVES[:1] * 3 + LEAVES)
    name = dice.choice(INTERFACES)
    if "." in name and dice.random() < 0.7:
        name = name.replace(".", "/")
    return "net." + leaf.format(name)


def _spelled(key: str, dice: random.Random) -> str:
    kind = dice.random()
    slashed = key.translate(str.maketrans("./", "/."))
    if kind < 0.62:
        return key
    if kind < 0.80:
        return slashed
    return dice.choice(
        [
            key.replace(".", "/", 1),
            "/" + slashed,
            "//" + slashed,
            "./" + slashed,
            slashed.replace("/", "//", 1),
            slashed.replace("/", "/./", 1),
            slashed.replace("/ipv4/", "/ipv4/../ipv4/", 1),
            "/../" + slashed,
            slashed + "/",
            key + ".",
            "." + key,
            key.replace(".", "..", 1),
            "/proc/sys/" + slashed,
            "/proc/sys/" + key,
            "proc.sys." + key,
            key.upper(),
            key.replace(".", " .", 1),
            "\u00a0" + key,
            "net",
            "",
            "x" * 300,
            "net/" + "y" * 300,
            "net/" + "z/" * 2100 + "z",
            key.replace("tcp", "t\u00e9p"),
        ]
    )


def _value(key: str, dice: random.Random) -> str:
    kind = dice.random()
    number = str(dice.randint(0, 3))
    if any(name in key for name in ("tcp_rmem", "tcp_wmem")):
        return dice.choice(
            [
                "4096 16384 100000",
                "4096\t131072\t6291456",
                "8192  16384 4194304",
                "8192",
                "4096 87380 6291456 99",
                '"4096 87380 6291456"',
                "4096,87380,6291456",
                "4096 x 6291456",
                "0 1 2",
            ]
        )
    if "port_range" in key:
        return dice.choice(
            ["1024 65535", "40000", "10000 9000", "80 65535", "32768\t60999", "2000 3000 4000", "x"]
        )
    if "reserved" in key:
        return dice.choice(
            [
                *("8080,9000-9010", "", "1-3,2-5", "80-70", "7 ", "x", "0x50", "70000", "1,"),
                ",".join(map(str, range(2000, dice.choice([4400, 5000]), 2))),  # over a page
                f"{','.join(['7000'] * dice.choice([800, 817, 818]))},700y{'z' * 40}",
            ]
        )
    if "neigh" in key:
        return dice.choice(["3", "30", "100"])
    if "congestion" in key:
        return dice.choice(["reno", "cubic", "nosuch", "reno # x", " cubic", ""])
    if kind < 0.6:
        return number
    if kind < 0.75:
        return str(dice.choice([22, 60, 120, 255, 256, 7200]))
    return dice.choice(
        [
            number + " # note",
            number + "\t; note",
            number + " \\",
            f'"{number}"',
            "",
            "-1",
            "0x16",
            "026",
            "08",
            "+1",
            "10k",
            "true",
            "1=2",
            "1 2",
            "1,2",
            "99999999999",
            "2147483648",
            "1\u00a0",
            "1;net.ipv4.tcp_fin_timeout=9",
            "1\v",
            "=",
            "= 1",
        ]
    )


def _line(dice: random.Random) -> bytes:
    pattern = dice.random() < 0.18
    key = dice.choice(PATTERNS) if pattern else _key(dice)
    value = _value(key, dice)
    name = key if pattern else _spelled(key, dice)
    kind = dice.random()
    if kind < 0.12:
        text = dice.choice(["-", "-", "-", "- ", "--"]) + name
    elif kind < 0.18:
        text = dice.choice(["#", "# ", ";", "; ", " #", "\t;"]) + f"{name} = {value}"
    elif kind < 0.22:
        text = f"{name} {value}"
    elif kind < 0.28:
        text = dice.choice(["-", "-", "- ", "--", "-\t"]) + f"{name} = {value}"
    elif kind < 0.34:
        text = dice.choice(["\t", "  ", "\v", "\r", "\f"]) + f"{name}  =\t{value} "
    elif kind < 0.36:
        text = dice.choice(
            ["=", "-", "#", "junk", "==", "= =", " ", "-=", "- = 1", "a", "\\", "-#"]
        )
    elif kind < 0.38:
        text = f"sysctl -w {name}={value}"
    else:
        text = dice.choice([f"{name} = {value}", f"{name}={value}", f"{name} ={value}"])
    return text.encode("utf-8", "surrogateescape")
