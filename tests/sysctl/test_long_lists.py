"""A port list longer than a page: what is left of it, as measured with the real programs."""

from __future__ import annotations

import pytest

from tuner.sysctl.files import Entry
from tuner.sysctl.kernel import Kernel
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import busybox, procps, systemd
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


def test_systemd_247_does_neither() -> None:
    tree, kernel = loaded(f"{EVEN}x")
    assert systemd.run(tree, kernel, version=247).exit_code == 0
    assert (kernel.text(KEY) or "").endswith(",3632,3634")


def test_systemd_252_goes_on() -> None:
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


def test_systemd_and_busybox_keep_the_pages_before_a_wrong_item() -> None:
    """Measured with systemd 252 and busybox 1.35.0: the first page stays, and they exit with 1."""
    for name in ("systemd", "busybox"):
        tree, kernel = loaded(f"{EVEN}x")
        run = (
            systemd.run(tree, kernel, version=252)
            if name == "systemd"
            else busybox.run(tree, kernel, files=[PATH])
        )
        assert run.exit_code == 1
        assert (kernel.text(KEY) or "").endswith(",3632,3634")
        assert [(write.error, len(write.data) > 4096) for write in run.writes] == [("", True)]


def test_a_wrong_item_on_the_first_page_refuses_the_list() -> None:
    tree, kernel = loaded(f"x,{EVEN}")
    assert systemd.run(tree, kernel, version=252).exit_code == 1
    assert kernel.text(KEY) == ""


def test_an_item_that_is_wrong_behind_the_page_is_not_seen() -> None:
    tree, kernel = loaded(f"{'7000,' * 1200}x")
    assert procps.run(tree, kernel, version=(4, 0, 2)).exit_code == 0
    assert kernel.text(KEY) == "7000"
