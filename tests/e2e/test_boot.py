"""`tuner boot` on real hosts: it names the deciding line, and the real loader does as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Cli
from tests.fabric.fabric import Fabric, NamespaceHost
from tuner.sysctl.key import Key, key_path

pytestmark = pytest.mark.root

FILES = {
    "/usr/lib/sysctl.d/50-default.conf": (
        "net.ipv4.conf.default.rp_filter = 2\n"
        "net.ipv4.conf.*.rp_filter = 2\n"
        "-net.ipv4.conf.all.rp_filter\n"
        "net.ipv4.tcp_retries2 = 9\n"
    ),
    "/usr/lib/sysctl.d/60-hidden.conf": "net.ipv4.tcp_fin_timeout = 1\n",
    "/etc/sysctl.d/60-hidden.conf": "net.ipv4.tcp_fin_timeout = 33 # half a minute\n",
    "/etc/sysctl.d/10-hardening.conf": (
        "# a first try\n"
        "net.ipv4.conf.all.rp_filter = 1\n"
        "net/ipv4/conf/eth0/rp_filter = 1\n"
        "net.ipv4.tcp_keepalive_time = 100\n"
        "net.ipv4.conf.all.accept_redirects = 0\n"
        "vm.swappiness = 10\n"
    ),
    "/etc/sysctl.d/90-late.conf": (
        "net.ipv4.tcp_keepalive_time = 0x78\n"
        "net.ipv4.tcp_keepalive_intvl = 1k\n"
        "net.ipv4.ip_forward = 1\n"
        "net.ipv4.ip_local_port_range = 20000\n"
        "net.ipv4.no_such_key = 1\n"
        "net.ipv4.ipfrag_high_thresh = 262144\n"  # below the low mark, which comes after it
        "net.ipv4.ipfrag_low_thresh = 196608\n"
    ),
    "/etc/sysctl.conf": "net.ipv4.tcp_keepalive_probes = 3\n",
}
DECIDED = {  # key: value, file and line; None for nothing that decides
    "net.ipv4.conf.default.rp_filter": ("2", "/usr/lib/sysctl.d/50-default.conf", 1),
    "net.ipv4.conf.lo.rp_filter": ("2", "/usr/lib/sysctl.d/50-default.conf", 2),
    "net.ipv4.conf.eth0.rp_filter": ("1", "/etc/sysctl.d/10-hardening.conf", 3),
    "net.ipv4.conf.all.rp_filter": None,
    "net.ipv4.tcp_retries2": ("9", "/usr/lib/sysctl.d/50-default.conf", 4),
    "net.ipv4.tcp_fin_timeout": ("33", "/etc/sysctl.d/60-hidden.conf", 1),
    "net.ipv4.tcp_keepalive_time": ("120", "/etc/sysctl.d/90-late.conf", 1),
    "net.ipv4.tcp_keepalive_intvl": None,
    "net.ipv4.tcp_keepalive_probes": None,
    "net.ipv4.conf.all.accept_redirects": ("0", "/etc/sysctl.d/10-hardening.conf", 5),
    "net.ipv4.ip_forward": ("1", "/etc/sysctl.d/90-late.conf", 3),
    "net.ipv4.ip_local_port_range": ("20000 60999", "/etc/sysctl.d/90-late.conf", 4),
    "net.ipv4.no_such_key": None,
    "net.ipv4.ipfrag_high_thresh": None,
    "net.ipv4.ipfrag_low_thresh": ("196608", "/etc/sysctl.d/90-late.conf", 7),
    "vm.swappiness": None,
}
REASONS = {
    ("net.ipv4.conf.all.rp_filter", "/etc/sysctl.d/10-hardening.conf"): "excluded",
    ("net.ipv4.conf.eth0.rp_filter", "/usr/lib/sysctl.d/50-default.conf"): "explicit",
    ("net.ipv4.tcp_fin_timeout", "/usr/lib/sysctl.d/60-hidden.conf"): "shadowed",
    ("net.ipv4.tcp_keepalive_time", "/etc/sysctl.d/10-hardening.conf"): "later-line",
    ("net.ipv4.tcp_keepalive_intvl", "/etc/sysctl.d/90-late.conf"): "refused",
    ("net.ipv4.tcp_keepalive_probes", "/etc/sysctl.conf"): "not-read",
    ("net.ipv4.ipfrag_high_thresh", "/etc/sysctl.d/90-late.conf"): "refused",
    ("net.ipv4.no_such_key", "/etc/sysctl.d/90-late.conf"): "no-such-key",
    ("vm.swappiness", "/etc/sysctl.d/10-hardening.conf"): "read-only",
}
LOADER = next(
    (
        path
        for path in ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")
        if Path(path).exists()
    ),
    "",
)


@pytest.fixture(scope="module")
def host(fabric: Fabric) -> NamespaceHost:
    return fabric.add("boot1", files=FILES)


@pytest.fixture(scope="module")
def inventory(
    fabric: Fabric, host: NamespaceHost, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return fabric.inventory(tmp_path_factory.mktemp("boot") / "inventory.yml", [host])


def told(cli: Cli, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    done = cli("boot", *arguments, "--format", "json")
    assert done.returncode == code, (done.returncode, done.stderr, done.stdout[:2000])
    (row,) = json.loads(done.stdout)["hosts"]
    return {key["key"]: key for key in row["keys"]} | {"": row}


def test_the_deciding_line_of_every_key(cli: Cli, inventory: Path) -> None:
    keys = told(cli, inventory)
    for key, expected in DECIDED.items():
        by = keys[key]["decided_by"]
        found = (keys[key]["value"], by["file"], by["line"]) if by else None
        assert found == expected, key
    for (key, path), reason in REASONS.items():
        losses = {loss["file"]: loss["reason"] for loss in keys[key]["losses"]}
        lines = [(loss["file"], loss["line"]) for loss in keys[key]["losses"]]
        assert len(lines) == len(set(lines)), key  # udev's run meets each line once more
        assert losses[path] == reason, key
    assert keys[""]["loader"]["name"] == "systemd"
    assert keys[""]["loader_exit_code"] == 1


@pytest.mark.skipif(not LOADER, reason="this machine has no systemd-sysctl")
def test_the_real_loader_leaves_what_was_foretold(
    cli: Cli, inventory: Path, host: NamespaceHost
) -> None:
    keys = told(cli, inventory)
    done = host.run([LOADER])
    assert done.returncode == keys[""]["loader_exit_code"], done.stderr
    compared = 0
    for key, row in keys.items():
        if key and row["value"] is not None and row["decided_by"]["through"] is None:
            shown = host.run(["cat", f"/proc/sys/{key_path(Key(key))}"]).stdout
            assert shown.split() == row["value"].split(), key
            compared += 1
    assert compared >= 9


def test_what_an_administrator_would_set_otherwise(
    cli: Cli, inventory: Path, host: NamespaceHost
) -> None:
    keys = told(cli, inventory, "--compare", code=1)
    assert keys.keys() == {
        "",
        "net.ipv4.conf.all.rp_filter",  # procps keeps what systemd takes out
        "net.ipv4.tcp_keepalive_probes",  # and reads /etc/sysctl.conf
    }
    assert keys["net.ipv4.conf.all.rp_filter"]["other"]["value"] == "1"
    host.run(["sysctl", "-q", "--system"])
    for key, value in {
        "net.ipv4.conf.all.rp_filter": "1",
        "net.ipv4.tcp_keepalive_probes": "3",
    }.items():
        assert host.sysctl(key) == value


def test_a_module_that_nobody_has_seen_is_a_condition(cli: Cli, fabric: Fabric) -> None:
    key = "net.ipv4.tcp_congestion_control"
    there = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
    assert "cdg" not in there
    files = {"/etc/sysctl.d/50-cc.conf": f"{key} = cdg\n"}
    host = fabric.add("boot2", files=files)
    inventory = fabric.inventory(cli.home / "boot2.yml", [host])
    condition = told(cli, inventory)[key]["condition"]
    assert condition.startswith("the kernel finds the module tcp_cdg; now it has ")
    said = " ".join(cli("boot", inventory).stdout.split())
    assert "only if the kernel finds the module tcp_cdg" in said
    files["/etc/sysctl.d/50-cc.conf"] = f"{key} = {there[0]}\n"
    host = fabric.add("boot3", files=files)
    inventory = fabric.inventory(cli.home / "boot3.yml", [host])
    assert told(cli, inventory)[key]["condition"] is None


def test_people_read_it_too(cli: Cli, inventory: Path) -> None:
    done = cli("boot", inventory, "net.ipv4.tcp_fin_timeout")
    assert done.returncode == 0
    assert "net.ipv4.tcp_fin_timeout = 33" in done.stdout
    assert "/etc/sysctl.d/60-hidden.conf:1" in done.stdout
    said = " ".join(done.stdout.split())
    assert "hidden by another of the same name: /etc/sysctl.d/60-hidden.conf" in said
    traced = cli("boot", inventory, "--trace", "net/ipv4/ip_forward")
    assert "is written  ← decides" in traced.stdout
