"""Measures tuner against its peers, its floor and its goals, in one run.

Usage: python bench/run.py [--quick] [LANE ...]; without lanes, all of them. Exit code 1: a goal was
missed. What the figures mean is in bench/README.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent))

import contenders
import lanes
from farm import enter_namespaces

_LANES: Mapping[str, Callable[[bool], Iterator[lanes.Figure]]] = {
    "startup": lanes.startup,
    "judge": lanes.judge,
    "report": lanes.report,
    "lint": lanes.lint,
    "probe": lanes.probe,
    "floor": lanes.floor,
    "peers": lanes.peers,
    "scale": lanes.scale,
}
_WITH_SERVERS = frozenset({"floor", "peers", "scale"})
_WITH_PEERS = frozenset({"peers", "scale"})


def main() -> int:
    """Run the lanes, print a table, and return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever installs a tool has its byte-code
    parser.add_argument("--quick", action="store_true", help="few hosts, one round: a smoke test")
    parser.add_argument("lanes", nargs="*", metavar="LANE", help=f"any of: {', '.join(_LANES)}")
    options = parser.parse_args()
    unknown = sorted(set(options.lanes) - set(_LANES))
    if unknown:
        parser.error(f"no such lane: {', '.join(unknown)}; there are: {', '.join(_LANES)}")
    wanted = [lane for lane in _LANES if not options.lanes or lane in options.lanes]
    if _WITH_PEERS & set(wanted):
        contenders.install()  # from a registry, which no namespace below can reach
    if _WITH_SERVERS & set(wanted):
        enter_namespaces()
    missed = 0
    print("| lane | figure | measured | goal | |\n|---|---|---:|---:|---|", flush=True)
    for lane in wanted:
        started = time.monotonic()
        for figure in _LANES[lane](options.quick):
            missed += figure.met is False
            verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
            print(
                f"| {lane} | {figure.what} | {figure.measured} | {figure.goal} | {verdict} |",
                flush=True,
            )
        print(f"bench: {lane} took {time.monotonic() - started:.0f} s", file=sys.stderr)
    if missed:
        print(f"bench: {missed} goals missed", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
