import json
import subprocess
import sys
from pathlib import Path

import pytest

from tuner.inventory.host import Host, Way
from tuner.inventory.load import load_inventory
from tuner.inventory.settings import OURS
from tuner.snapshot.facts import Balancer, Facts, Known, Spread

EXAMPLE = Path(__file__).parents[2] / "inventory.example.yml"
ANSIBLE_INVENTORY = Path(sys.executable).parent / "ansible-inventory"


def _uncommented(folder: Path) -> Path:
    head, mark, tail = EXAMPLE.read_text().partition("  # children:\n")
    tail = (
        (mark + tail).replace("\n  #\n", "\n\n").replace("  # ", "  ", 1).replace("\n  # ", "\n  ")
    )
    path = folder / "inventory.yml"
    path.write_text(head + tail)
    return path


def test_it_means_only_the_machine_at_hand() -> None:
    assert load_inventory(EXAMPLE) == (
        Host(name="localhost", way=Way.LOCAL, roles=("client-heavy",), groups=("ungrouped",)),
    )


def test_uncommented_it_shows_one_host_of_every_kind(tmp_path: Path) -> None:
    localhost, worker, edge, storage, gateway = load_inventory(_uncommented(tmp_path))
    assert [host.roles for host in (localhost, worker, edge, storage, gateway)] == [
        ("client-heavy",),
        ("client-heavy",),
        ("public-server",),
        ("internal-server",),
        ("nat-gateway",),
    ]
    assert (worker.user, worker.private_key_file) == ("ops", str(Path("~/.ssh/ops").expanduser()))
    assert (edge.address, edge.port) == ("203.0.113.10", 2222)
    assert edge.facts == Facts(
        nat=Known.YES, balancer=Balancer.L4, spread=Spread.ROUND_ROBIN, internet=Known.YES
    )
    assert [waiver.key for waiver in edge.waivers] == ["net.ipv4.tcp_fin_timeout"]
    assert storage.become is not None
    assert storage.ssh_common_args == "-o ProxyJump=bastion.example.com"
    assert gateway.dump == str(tmp_path / "dumps/gateway1.dump")


def test_it_shows_every_option() -> None:
    text = EXAMPLE.read_text()
    for word in (*OURS, *Facts.model_fields, *Spread, *Balancer):
        assert word == "unknown" or word in text


@pytest.mark.parametrize("uncomment", [False, True])
def test_ansible_reads_it_as_well(
    uncomment: bool,  # noqa: FBT001
    tmp_path: Path,
    ansible_environment: dict[str, str],
) -> None:
    path = _uncommented(tmp_path) if uncomment else EXAMPLE
    done = subprocess.run(
        [ANSIBLE_INVENTORY, "-i", path, "--list"],
        capture_output=True,
        env=ansible_environment,
        cwd=tmp_path,
        check=True,
    )
    listing = tmp_path / "list.json"
    listing.write_bytes(done.stdout)
    assert set(json.loads(done.stdout)["_meta"]["hostvars"]) == {
        host.name for host in load_inventory(path)
    }
    # The listing says of every host what the inventory itself says.
    assert set(load_inventory(listing)) == set(load_inventory(path))
