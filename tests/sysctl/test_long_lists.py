"""A port list longer than a page: what procps leaves of it, as measured with 4.0.2."""

from __future__ import annotations

import pytest

from tuner.sysctl.files import Entry
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import procps, systemd
from tuner.sysctl.tree import FileTree

KEY = Key("net.ipv4.ip_local_reserved_ports")
PATH = "/etc/sysctl.d/50-ports.conf"
EVEN = ",".join(map(str, range(2000, 5000, 2)))


def loaded(value: str) -> tuple[FileTree, Kernel]:
    entry = Entry(PATH, content=f"{KEY} = {value}\n".encode())
    return FileTree((entry,)), Kernel({KEY: ""})


def test_procps_does_not_go_on_where_the_kernel_stops() -> None:
    tree, kernel = loaded(EVEN)
    run = procps.run(tree, kernel, version=(4, 0, 2))
    assert run.exit_code == 0
    ports = (kernel.text(KEY) or "").split(",")
    assert (ports[0], ports[-1], len(ports)) == ("2000", "3634", 818)


def test_systemd_goes_on() -> None:
    tree, kernel = loaded(EVEN)
    assert systemd.run(tree, kernel, version=252).exit_code == 0
    assert (kernel.text(KEY) or "").endswith(",4996,4998")


@pytest.mark.parametrize(
    ("value", "left", "writes"),
    [
        (f"{'7000,' * 817}700y{'z' * 30}", "7000", 3),
        (f"{'7000,' * 817}700y,{'8000,' * 300}9", "", 2),
        (f"{'7000,' * 817}700y{'z' * 5000}", "7000", 2),
        (f"x,{'7000,' * 1200}9", "", 2),
        ("8080,x", "", 2),
    ],
)
def test_what_is_refused_is_tried_in_pieces(value: str, left: str, writes: int) -> None:
    tree, kernel = loaded(value)
    run = procps.run(tree, kernel, version=(4, 0, 2))
    assert run.exit_code == 1
    assert (kernel.text(KEY), len(run.writes)) == (left, writes)


def test_an_item_that_is_wrong_behind_the_page_is_not_seen() -> None:
    tree, kernel = loaded(f"{'7000,' * 1200}x")
    assert procps.run(tree, kernel, version=(4, 0, 2)).exit_code == 0
    assert kernel.text(KEY) == "7000"
