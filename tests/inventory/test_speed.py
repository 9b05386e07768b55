import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tuner.inventory.load import load_inventory

HOSTS = 10_000


def _ini(number: int) -> str:
    hosts = (
        f"web{i:05} ansible_host=10.1.{i // 256}.{i % 256} ansible_user=ops ansible_port=22\n"
        for i in range(number)
    )
    return "[web]\n" + "".join(hosts) + "[prod:children]\nweb\n[prod:vars]\ntuner_roles=x\n"


def _yaml(number: int) -> str:
    hosts = (
        f"    web{i:05}:\n      ansible_host: 10.1.{i // 256}.{i % 256}\n      ansible_user: ops\n"
        for i in range(number)
    )
    return "web:\n  vars: {tuner_roles: x}\n  hosts:\n" + "".join(hosts)


def _groups(number: int) -> str:
    return "".join(f"[g{i}]\nh{i} n={i}\n[p{i % 7}:children]\ng{i}\n" for i in range(number))


def _seconds(path: Path, text: str) -> float:
    path.write_text(text)
    start = time.process_time()
    hosts = load_inventory(path, limit="*")
    assert len(hosts) > 1
    return time.process_time() - start


@pytest.mark.parametrize(("make", "name"), [(_ini, "a.ini"), (_yaml, "a.yml"), (_groups, "g.ini")])
def test_ten_thousand_hosts_take_seconds_and_ten_times_a_thousand(
    make: Callable[[int], str], name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    _seconds(path, make(100))
    few = min(_seconds(path, make(HOSTS // 10)) for _ in range(3))
    many = min(_seconds(path, make(HOSTS)) for _ in range(2))
    for _ in range(5):  # others use the machine too
        if many < 30 * few:
            break
        few = _seconds(path, make(HOSTS // 10))
        many = _seconds(path, make(HOSTS))
    assert many < 8
    assert many < 30 * few  # ten times as long if linear, a hundred times if quadratic


def test_only_the_selected_hosts_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("good\nbad tuner_facts={'nat':'perhaps'} ansible_port=none\n")
    assert [host.name for host in load_inventory(path, limit="good")] == ["good"]
