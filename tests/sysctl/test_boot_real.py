"""The simulated boot against the real systemd-sysctl, in namespaces that are thrown away."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuner.sysctl.boot import boot
from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.key import Key, key_path, swap_separators
from tuner.sysctl.value import parse_value

pytestmark = pytest.mark.root

LOADER = next(
    (
        path
        for path in map(Path, ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"))
        if path.exists()
    ),
    None,
)
TREES = 80

# Keys that no other key changes, so that the last write is what one reads.
KEYS = [
    Key(key)
    for key in (
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_wmem",
        *(f"net.ipv6.conf.{name}.accept_ra" for name in ("all", "default", "lo", "v0", "e/1")),
        *(f"net.ipv4.neigh.{name}.ucast_solicit" for name in ("lo", "v0", "e/1")),
    )
]
PATTERNS = [
    "net.ipv6.conf.*.accept_ra",
    "net/ipv6/conf/*/accept_ra",
    "net.ipv6.conf.?0.accept_ra",
    "net/ipv6/conf/e.*/accept_ra",
    "net.ipv6.conf.[!ade]*.accept_ra",
    "net.ipv4.neigh.*.ucast_solicit",
    "net.ipv4.neigh.[lv]*.ucast_solicit",
    "net.ipv4.tcp_keepalive_*",
    "net.*.accept_ra",
]
PLACES = {
    "/etc/sysctl.d": "etc/sysctl.d",
    "/run/sysctl.d": "run/sysctl.d",
    "/usr/local/lib/sysctl.d": "local/sysctl.d",
    "/usr/lib/sysctl.d": "vendor",
}
NAMES = ["10-a.conf", "9-b.conf", "B.conf", "a.conf", "zz.conf", "é.conf", "_c.conf"]
UNREAD = [".hidden.conf", "a.CONF", "a.conf~", "README"]
SCRIPT = """
set -e
mount --bind etc /etc
mount --bind run /run
mount --bind local /usr/local/lib
mount --bind vendor /usr/lib/sysctl.d
ip link add e.1 type veth peer name v0
{read}
echo --
{loader} >/dev/null 2>&1 || true
{read}
"""


def line(dice: random.Random) -> str:
    """Return one line of a file: often an assignment, sometimes anything else."""
    pattern = dice.random() < 0.3
    key: str = dice.choice(PATTERNS) if pattern else dice.choice(KEYS)
    if not pattern and dice.random() < 0.3:
        key = swap_separators(key)
        key = dice.choice([key, "/" + key, key.replace("/", "//", 1), key.replace("/", "/./", 1)])
    value = f"{dice.randint(1, 3)}"
    if "wmem" in key:
        value = dice.choice(["4096 16384 100000", "4096\t16385\t100000", "8192  16384 4194304"])
    kind = dice.random()
    if kind < 0.12:
        return f"-{key}"
    if kind < 0.20:
        return dice.choice(["# ", ";"]) + f"{key} = {value}"
    if kind < 0.26:
        return f"{key} {value}"
    if kind < 0.32:
        return f"{dice.choice(['-', '- '])}{key} = {value}"
    if kind < 0.38:
        return f"\t{key}  =\t{value} "
    if kind < 0.44 and not pattern:
        return f"{key} = {value}  # note"
    if kind < 0.47:
        return f"net.ipv4.no_such_key = {value}"
    return f"{key}={value}"


def content(dice: random.Random) -> bytes:
    end = dice.choice(["\n", "\n", "\n", "\r\n", "\r", "\0"])
    return end.join(line(dice) for _ in range(dice.randint(0, 5))).encode()


def plant(root: Path, dice: random.Random) -> Iterator[Entry]:
    """Make a tree below the root, and yield its entries as a probe would tell them."""
    for folder in PLACES.values():
        (root / folder).mkdir(parents=True)
    whole = content(dice)
    (root / "etc/sysctl.conf").write_bytes(whole)
    yield Entry("/etc/sysctl.conf", content=whole)
    if dice.random() < 0.5:
        (root / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
        yield Entry("/etc/sysctl.d/99-sysctl.conf", content=whole, target="../sysctl.conf")
    for place, folder in PLACES.items():
        for name in dice.sample([*NAMES, *UNREAD], dice.randint(0, 4)):
            path, real = f"{place}/{name}", root / folder / name
            kind = dice.random()
            if kind < 0.06:
                real.symlink_to("/dev/null")
                yield Entry(path, kind=Kind.OTHER, target="/dev/null")
            elif kind < 0.12:
                real.symlink_to("gone")
                yield Entry(path, kind=Kind.DANGLING, target="gone")
            elif kind < 0.16:
                real.mkdir()
                yield Entry(path, kind=Kind.DIRECTORY)
            else:
                text = content(dice)
                real.write_bytes(text)
                yield Entry(path, content=text)


def load(root: Path) -> tuple[dict[Key, str], dict[Key, str]]:
    """Return the values before and after the real loader ran on the tree."""
    paths = " ".join(f"'/proc/sys/{key_path(key)}'" for key in KEYS)
    done = subprocess.run(
        [
            "unshare",
            "--mount",
            "--net",
            "sh",
            "-c",
            SCRIPT.format(read=f"cat {paths}", loader=LOADER),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, _, after = done.stdout.partition("--\n")
    assert len(before.splitlines()) == len(after.splitlines()) == len(KEYS)
    return (
        dict(zip(KEYS, before.splitlines(), strict=True)),
        dict(zip(KEYS, after.splitlines(), strict=True)),
    )


@pytest.mark.skipif(LOADER is None, reason="this machine has no systemd-sysctl")
@pytest.mark.skipif(not Path("/usr/lib/sysctl.d").is_dir(), reason="no /usr/lib/sysctl.d here")
def test_boot_ends_with_the_values_that_systemd_sysctl_leaves(tmp_path: Path) -> None:
    changed = 0
    for seed in range(TREES):
        dice = random.Random(seed)  # noqa: S311 - the trees are to be the same in every run
        root = tmp_path / str(seed)
        entries = list(plant(root, dice))
        decisions = boot(entries, keys=KEYS).decisions
        before, after = load(root)
        for key in KEYS:
            expected = decisions[key].value if key in decisions else parse_value(before[key])
            told = {entry.path: entry.content for entry in entries}
            assert parse_value(after[key]) == expected, (seed, key, told)
            changed += parse_value(before[key]) != parse_value(after[key])
    assert changed > 2 * TREES
