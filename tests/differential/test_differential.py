"""A slice of ``make differential``, and a named case for every difference that it ever found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential.compare import Suite, run
from tests.differential.trees import Case
from tuner.sysctl.files import Entry

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(
        not Path("/usr/lib/sysctl.d").is_dir(), reason="this machine has no /usr/lib/sysctl.d"
    ),
]

FIRST, TREES = 20_000, 300


def of(**lines: str) -> Case:
    """A tree of files in /etc/sysctl.d; ``conf`` is /etc/sysctl.conf."""
    return Case(
        tuple(
            Entry(
                "/etc/sysctl.conf" if name == "conf" else f"/etc/sysctl.d/{name}.conf",
                content=text.encode("latin-1"),
            )
            for name, text in lines.items()
        )
    )


FOUND = {
    # procps: /proc/sys/ and an absolute key with .. leave /proc/sys, and nothing is there
    "a path that leaves /proc/sys": of(a="/../net/ipv4/conf/all/rp_filter =1\n"),
    # a refused write to IPv6 all reaches nobody
    "a refused write spreads nothing": of(
        a='net/ipv6/conf/eth0.100/disable_ipv6 = 22\nnet.ipv6.conf.all.disable_ipv6 = "2"\n'
    ),
    # an interface with a dot that has an address is not reached by default
    "default and an address": of(a="net.ipv4.conf.default.rp_filter = 2\n"),
    # two names of one time
    "neighbour times have two names": of(a="net.ipv4.neigh.v0.base_reachable_time = 7\n"),
    # a path of more than 4096 bytes: systemd 247 fails, 250 refuses it, procps sees nothing
    "a path that is too long": of(a="net/" + "z/" * 2100 + "z = 1\n"),
    # procps 3.3 measures the value again after it has moved it
    "procps 3.3 reads what an earlier line left": of(
        a="net.ipv4.conf.default.rp_filter = 0\t; not\n-net.ipv4.route.flush\n",
        b="net.ipv4.conf.default.rp_filter = 0\n-net.ipv4.ip_forward",
    ),
    # systemd 262: what is wrong with the credential is a failure
    "an error in the credential": Case((), credential=b"net.ipv4.tcp_sack 1\n"),
    # systemd expands braces once a key is a pattern, procps does not
    "braces": of(a="net.ipv4.conf.{lo,v0}*.rp_filter = 1\n"),
    # the kernel lists eth0 before eth0.100, glob(3) sorts eth0.100/ before eth0/
    "the order of matches": of(a="net.ipv4.conf.*.rp_filter = 1\n"),
    "a backslash before a slash of a pattern": of(a="net/\\/ipv4/conf/*/rp_filter = 1\n"),
    "a dash that hides a dash": of(a="--net.ipv4.tcp_fin_timeout = 5\n"),
    "one byte without an end": of(a="="),
    "backslash, and an empty line": of(conf="net.ipv4.tcp_fin_timeout = 5\\\\\n\n = 6\n"),
    "a vector that is refused half way": of(a="net.ipv4.tcp_rmem = 5000 x 6291456\n"),
}


@pytest.fixture(scope="module")
def suite() -> Iterator[Suite]:
    with Suite("/") as made:
        assert {program.name for program in made.programs} == {"systemd", "procps", "busybox"}
        yield made


@pytest.mark.parametrize("name", FOUND)
def test_a_difference_that_was_found_is_gone(suite: Suite, name: str) -> None:
    number = list(FOUND).index(name)
    assert list(suite.compare(number, FOUND[name], fresh=number == 0)) == []


@pytest.mark.timeout(600)
def test_no_random_tree_is_taken_otherwise() -> None:
    assert run(range(FIRST, FIRST + TREES)) == []
