"""Whichever key is changed: when it is put back, every other value is what it was, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apply.conftest import change, live_of, usual
from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.apply.job import make_job
from tuner.apply.protocol import Phase, script
from tuner.plan.plan import Plan
from tuner.sysctl.key import key_from_path

pytestmark = pytest.mark.root


def others(value: str) -> list[str]:
    """Values near this one that the kernel may take."""
    words = value.split()
    if not words or not all(word.isdigit() for word in words):
        return []
    last = int(words[-1])
    near = [1 - last] if last in {0, 1} else [last + 1, last - 1, last // 2]
    return [" ".join([*words[:-1], str(number)]) for number in near]


def sweep(host: NamespaceHost, paths: list[str]) -> tuple[int, dict[str, object]]:
    """Change one key after the other, undo it, and return how many moved and what was left."""
    before = live_of(host)
    moved = 0
    left: dict[str, object] = {}
    for number, path in enumerate(paths):
        value = " ".join(before[path].split())
        for other in others(value):
            plan = Plan(host.name, changes=(change(key_from_path(path), value, other),))
            job = make_job(plan, f"20260101T000000Z-{number}")
            begin = script(Phase.BEGIN, job, "n", who="me", revert_in="600")
            said = host.run(["sh", "-s"], input=begin).stdout
            if "end pending" in said:
                moved += 1
                said = host.run(["sh", "-s"], input=script(Phase.SETTLE, job, "n")).stdout
            now = live_of(host)
            if now != before or "end stuck" in said:
                left[path] = {
                    it: (before[it], now.get(it)) for it in before if before[it] != now.get(it)
                }
                before = now
            if "end reverted" in said and "problem" not in said:
                break
    return moved, left


NAMES = (
    "ip_forward",
    "conf/all/forwarding",
    "conf/default/rp_filter",
    "conf/all/addr_gen_mode",
    "neigh/eth0/unres_qlen",
    "neigh/default/retrans_time_ms",
    "route/gc_min_interval",
)


def test_keys_that_move_others_leave_nothing_behind(fabric: Fabric) -> None:
    host = usual(fabric, "neighbourly")
    paths = [f"/proc/sys/net/{family}/{name}" for family in ("ipv4", "ipv6") for name in NAMES]
    live = live_of(host)
    moved, left = sweep(host, [path for path in paths if path in live])
    assert left == {}
    assert moved >= 8
    fabric.stop(host)


# nf_hooks_lwtunnel is the whole machine's, whatever namespace writes it, and cannot be switched off
# again (Linux net/netfilter/nf_hooks_lwtunnel.c: a static key).
UNTOUCHED = ("/flush", "/nf_hooks_lwtunnel")


def read(path: str) -> str:
    """What the machine itself has, outside of every host; nothing for what only hosts have."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_key_leaves_nothing_behind(fabric: Fabric) -> None:
    host = usual(fabric, "swept")
    host.run(["nft", "table inet t { chain c { ct state invalid drop; }; }"])
    machine = {path: read(path) for path in live_of(host)}
    paths = [path for path in machine if not path.endswith(UNTOUCHED)]
    moved, left = sweep(host, paths)
    assert left == {}
    assert moved > 400
    assert {path: read(path) for path in machine} == machine
    fabric.stop(host)
