"""Every measured case of real loaders: final values, the order of writes, and the exit code."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tuner.sysctl.files import Entry, Kind
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key, key_from_path, key_path
from tuner.sysctl.loaders import busybox, procps, systemd
from tuner.sysctl.loaders.run import Run, Write
from tuner.sysctl.tree import FileTree
from tuner.sysctl.version import parse_version

GOLDEN = json.loads((Path(__file__).parent / "golden" / "loaders.json").read_text())
CASES = [
    (case["case"], loader, case, result)
    for case in GOLDEN["cases"]
    for loader, result in case["results"].items()
]
START = {
    "net/ipv4/tcp_fin_timeout": "60",
    "net/ipv4/tcp_keepalive_time": "7200",
    "net/ipv4/tcp_keepalive_intvl": "75",
    "net/ipv4/tcp_rmem": "4096\t131072\t33554432",
    "net/ipv4/tcp_congestion_control": "bbr",
    "net/ipv4/tcp_available_congestion_control": "reno cubic bbr",
    "net/ipv4/ip_forward": "0",
    "net/netfilter/nf_conntrack_count": "0",
}
OF_INTERFACES = {"rp_filter": "0", "forwarding": "0", "accept_redirects": "1"}


def entry(path: str, said: Any) -> Entry:
    if isinstance(said, str):
        return Entry(path, content=said.encode())
    if "symlink" in said:
        return Entry(path, Kind.DANGLING, target=said["symlink"])
    if "b64" in said:
        return Entry(path, content=base64.b64decode(said["b64"]))
    fill = said["len"] - len(said["head"]) - len(said["tail"])
    return Entry(path, content=(said["head"] + "x" * fill + said["tail"]).encode())


def kernel(setup: str) -> Kernel:
    """The kernel of a fresh network namespace with lo up, after the case's own commands."""
    names = {"all", "default", "lo"}
    names |= set(re.findall(r"ip link add (\w+) type veth", setup))
    names |= set(re.findall(r"peer name (\w+)", setup))
    for old, new in re.findall(r"ip link set (\w+) name (\S+);", setup):
        names = names - {old} | {new}
    values = {key_from_path(path): text for path, text in START.items()}
    for name in names:
        for setting, text in OF_INTERFACES.items():
            values[key_from_path(f"net/ipv4/conf/{name}/{setting}")] = text
    made = Kernel(
        values,
        version=parse_version("6.18.44"),
        addressed=["lo"],
        modes={Key("net.netfilter.nf_conntrack_count"): 0o444},
    )
    for text, path in re.findall(r"echo (\S+) > /proc/sys/(\S+);", setup):
        assert not made.write(key_from_path(path), f"{text}\n".encode()).error
    return made


def load(loader: str, case: Any, state: Kernel) -> Run:
    tree = FileTree(tuple(entry(path, said) for path, said in case["files"].items()))
    name, version = loader[:2], GOLDEN["loaders"][loader]["version"].split()[1]
    numbers = tuple(int(number) for number in version.split("."))
    if name == "sd":
        prefixes = [
            systemd.normalize(word.encode(), numbers[0]).decode()
            for word in re.findall(r"--prefix=(\S+)", case["args"])
        ]
        return systemd.run(tree, state, version=numbers[0], prefixes=prefixes)
    if name == "pr":
        return procps.run(tree, state, version=numbers)
    return busybox.run(tree, state, version=numbers, files=list(case["files"]))


def logical(writes: list[dict[str, str]]) -> list[tuple[str, bytes, str]]:
    """The writes without those that only go on where the kernel had stopped reading."""
    found: list[tuple[str, bytes, str]] = []
    tail = b""
    for write in writes:
        data = write["data"].encode().decode("unicode_escape").encode("latin-1")
        status, _, error = write["ret"].partition(" ")
        if tail and data == tail:
            tail = b""
            continue
        found.append((write["key"], data, error.partition(" ")[0]))
        tail = data[int(status) :] if not error else b""
    return found


@cache
def told(write: Write) -> tuple[str, bytes, str]:
    return key_path(write.key), write.data, write.error


@pytest.mark.parametrize(
    ("loader", "case", "result"),
    [pytest.param(*row[1:], id=f"{row[0]}-{row[1]}") for row in CASES],
)
def test_measured_case(loader: str, case: Any, result: Any) -> None:
    state = kernel(case["setup"])
    done = load(loader, case, state)
    assert [told(write) for write in done.writes] == logical(result["writes"])
    values = {
        path: " ".join((state.text(key_from_path(path)) or "").split()) for path in result["values"]
    }
    assert values == result["values"]
    assert done.exit_code == result["rc"]
