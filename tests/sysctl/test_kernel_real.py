"""The kernel's model against this kernel: every key of a namespace, and what it says to writes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tuner.sysctl.catalog import describe
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key, key_from_path
from tuner.sysctl.version import parse_version

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

VALUES = [
    *("0", "1", "2", "3", "-1", "255", "256", "65535", "65536", "2147483647", "2147483648", "abc"),
    *("4294967295", "1 2", "1 2 3", "1,2", "0x10", "010", "08", "0x", "1 # x", "", "+1", " 7"),
    *("7 ", "1\t2", "1\v", "99999999999999999999999", "2 1", "40000", "5-3", "1-3,7", "5000 x 9"),
]
# Every namespace shares it and nobody can turn it back, secrets, and what starts something.
LEFT_OUT = (
    r".*/nf_hooks_lwtunnel|.*/stable_secret|.*/tcp_fastopen_key|.*/flush"
    r"|net/(?:ipv[46]/conf|ipv[46]/neigh)/(?:lo|all)/.*"
)
# Masks in hexadecimal, pairs that bound each other, times in ticks: not modelled.
ODD = re.compile(
    r".*mask|.*_thresh|.*hash_fields|.*/ping_group_range|.*ratelimit|.*/mtu_expires|.*/mtu"
    r"|.*/tcp_reordering|.*/nf_log/.*|.*report_interval|.*_interval_ms|.*/retrans_time(?:_ms)?"
    r"|.*/(?:locktime|proxy_delay|anycast_delay|base_reachable_time_ms)"
)
SCRIPT = r"""
import ctypes, errno, json, os, re, subprocess, sys
ask = json.load(sys.stdin)
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x40000000) == 0
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
skip, told = re.compile(ask["skip"]), {}
def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("latin-1")
    except OSError:
        return None
for folder, _, names in os.walk("/proc/sys/net"):
    for name in names:
        path = os.path.join(folder, name)
        key = path[len("/proc/sys/"):]
        old, mode = read(path), os.stat(path).st_mode & 0o777
        row = told[key] = {"old": old, "mode": mode, "writes": []}
        if skip.fullmatch(key) or not mode & 0o200 or old is None:
            continue
        for value in ask["values"]:
            said = ""
            descriptor = os.open(path, os.O_WRONLY)
            try:
                os.write(descriptor, (value + "\n").encode())
            except OSError as error:
                said = errno.errorcode[error.errno]
            os.close(descriptor)
            row["writes"].append([value, said, read(path)])
            if read(path) != old:
                with open(path, "w") as file:
                    file.write(old)
        if read(path) != old:
            row["writes"] = []
json.dump(told, sys.stdout)
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SCRIPT],
        input=json.dumps({"values": VALUES, "skip": LEFT_OUT}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_model_takes_and_refuses_what_this_kernel_does(told: dict[str, Any]) -> None:
    texts = {
        key_from_path(path): None if row["old"] is None else row["old"].removesuffix("\n")
        for path, row in told.items()
    }
    allowed = texts[Key("net.ipv4.tcp_allowed_congestion_control")] or ""
    names = {Key("net.ipv4.tcp_congestion_control"): frozenset(allowed.split())}
    compared, wrong = 0, []
    for path, row in told.items():
        key = key_from_path(path)
        if describe(key) is None or ODD.fullmatch(path):
            continue
        for value, error, text in row["writes"]:
            kernel = Kernel(texts, version=parse_version(os.uname().release), names=names)
            ours = kernel.write(key, f"{value}\n".encode()).error
            now = kernel.text(key) or ""
            compared += 1
            if ours != error or now.split() != text.split():
                wrong.append((path, value, (error, text), (ours, now)))
    assert wrong == []
    assert compared > 5000
