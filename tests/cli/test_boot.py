"""`tuner boot` on dumps and root file systems, and what it says of wrong arguments."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.test_door import tuner

SCHEMA = Path(__file__).resolve().parents[2] / "tuner" / "report" / "schema" / "boot-1.json"
README = Path(__file__).resolve().parents[1] / "readme"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root file system with links that lead out of it."""
    files = {
        "etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "etc/hostname": "image\n",
        "etc/sysctl.d/10-a.conf": "net.ipv4.tcp_fin_timeout = 11\nnet.ipv4.tcp_tw_recycle = 1\n",
        "etc/sysctl.d/90-z.conf": "net.ipv4.conf.*.rp_filter = 1\n",
        "etc/sysctl.conf": "net.ipv4.tcp_fin_timeout = 12\n",
        "usr/lib/sysctl.d/20-b.conf": "net.ipv4.tcp_sack = 0\n",
        "usr/lib/systemd/libsystemd-shared-247.so": "",
        "usr/lib/modules/5.10.0-30-amd64/x": "",
        "etc/systemd/system/multi-user.target.wants/docker.service": "",
    }
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "secret").write_text("net.ipv4.tcp_fin_timeout = 99\n")
    links = {
        "etc/sysctl.d/99-sysctl.conf": "../sysctl.conf",
        "etc/sysctl.d/99-out.conf": "../../../secret",
        "etc/sysctl.d/99-absolute.conf": str(tmp_path / "secret"),
        "etc/sysctl.d/20-b.conf": "/dev/null",
        "etc/sysctl.d/99-round.conf": "99-round.conf",
    }
    for name, target in links.items():
        (tmp_path / "root" / name).symlink_to(target)
    return tmp_path / "root"


def keys(root: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = tuner("boot", str(root), *arguments, "--format", "json", cwd=root.parent)
    assert done.returncode == code, (done.stderr, done.stdout)
    report = json.loads(done.stdout)
    jsonschema.validate(report, json.loads(SCHEMA.read_text()))
    (row,) = report["hosts"]
    return {key["key"]: key for key in row["keys"]} | {"": row}


def test_a_root_file_system(root: Path) -> None:
    told = keys(root)
    assert (told[""]["name"], told[""]["kernel"]) == ("image", "5.10.0-30-amd64")
    assert told[""]["loader"] == {"name": "systemd", "version": "247"}
    fin = told["net.ipv4.tcp_fin_timeout"]
    assert (fin["value"], fin["decided_by"]["file"]) == ("12", "/etc/sysctl.d/99-sysctl.conf")
    assert [loss["file"] for loss in fin["losses"]] == ["/etc/sysctl.d/10-a.conf"]
    assert told["net.ipv4.tcp_tw_recycle"]["losses"][0]["reason"] == "no-such-key"
    assert told["net.ipv4.tcp_sack"]["losses"][0]["reason"] == "masked"
    assert told["net.ipv4.conf.lo.rp_filter"]["value"] == "1"


def test_links_do_not_lead_out_of_the_root(root: Path) -> None:
    assert "99\n" not in json.dumps(keys(root))
    assert all("secret" not in json.dumps(row) for row in keys(root).values())


def test_keys_and_patterns_choose(root: Path) -> None:
    assert keys(root, "net/ipv4/tcp_sack").keys() == {"", "net.ipv4.tcp_sack"}
    assert keys(root, "net.ipv4.tcp_s*", "net.core.somaxconn").keys() >= {
        "net.ipv4.tcp_sack",
        "net.core.somaxconn",
    }
    forward = keys(root, "net.ipv4.ip_forward")["net.ipv4.ip_forward"]
    assert forward["later"][0]["name"] == "docker"
    assert forward["later"][0]["file"].endswith("multi-user.target.wants/docker.service")


def test_keys_may_stand_after_options(root: Path) -> None:
    done = tuner("boot", str(root), "--format", "json", "net.ipv4.tcp_sack", cwd=root.parent)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["hosts"]
    assert [key["key"] for key in row["keys"]] == ["net.ipv4.tcp_sack"]
    wrong = tuner("boot", str(root), "--format", "json", "--no-such-flag", cwd=root.parent)
    assert wrong.returncode == 2
    assert "unrecognized arguments: --no-such-flag" in wrong.stderr


def test_busybox_names_the_files_that_it_does_not_look_at(root: Path) -> None:
    told = keys(root, "--loader", "busybox")
    losses = {loss["file"]: loss["reason"] for loss in told["net.ipv4.tcp_fin_timeout"]["losses"]}
    assert losses["/etc/sysctl.d/10-a.conf"] == "not-read"


def test_only_what_makes_the_loader_fail_is_said_to(root: Path) -> None:
    (root / "etc/sysctl.d/50-bad.conf").write_text("net.ipv4.tcp_sack = yes\n")
    done = tuner("boot", str(root), cwd=root.parent)
    _, _, said = done.stdout.partition("the loader fails (exit code 1):\n")
    assert said.split() == ["/etc/sysctl.d/50-bad.conf:1:", "EINVAL", "at", "net/ipv4/tcp_sack"]
    problems = keys(root)[""]["problems"]
    assert {(it["line"], it["text"], it["fatal"]) for it in problems} == {
        (1, "EINVAL at net/ipv4/tcp_sack", True),
        (2, "ENOENT at net/ipv4/tcp_tw_recycle", False),
    }


@pytest.mark.parametrize(
    ("loader", "value"), [("procps:3.3.17", "12"), ("busybox", "12"), ("alpine:1.36.1", "12")]
)
def test_another_loader(root: Path, loader: str, value: str) -> None:
    told = keys(root, "--loader", loader)
    assert told["net.ipv4.tcp_fin_timeout"]["value"] == value
    assert told[""]["loader"]["name"] == loader.partition(":")[0]


def test_comparing_exits_with_1_where_loaders_differ(root: Path) -> None:
    told = keys(root, "--compare", "--loader", "procps:3.3.17", code=1)
    assert "net.ipv4.conf.lo.rp_filter" in told  # 3.3 knows no patterns
    assert "net.ipv4.tcp_fin_timeout" not in told
    assert told["net.ipv4.conf.lo.rp_filter"]["other"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--loader", "launchd"], "no loader is called 'launchd'"),
        (["--loader", "procps:new"], "not a version: 'new'"),
        (["net ipv4"], "not a sysctl key"),
        (["--trace", ""], "not a sysctl key"),
    ],
)
def test_wrong_arguments(root: Path, arguments: list[str], said: str) -> None:
    done = tuner("boot", str(root), *arguments, cwd=root.parent)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dump_and_a_folder_of_dumps() -> None:
    one = tuner("boot", "web1.dump", "--trace", "net.core.somaxconn", cwd=README)
    assert one.returncode == 0
    assert "/etc/sysctl.d/90-tuning.conf:4" in one.stdout
    many = tuner("boot", "inventory.yml", "net.core.somaxconn", cwd=README)
    assert many.returncode == 0
    assert many.stdout.count("\n  net.core.somaxconn = 1024\n") == 4


def test_a_source_without_files_is_incomplete(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("kernel.osrelease = 6.1.0\nnet.ipv4.x = 1\nnet.core.y = 1\n")
    done = tuner("boot", "a.txt", cwd=tmp_path)
    assert done.returncode == 3
    assert "no sysctl files" in done.stdout


def test_a_file_that_cannot_be_read_makes_it_incomplete(root: Path) -> None:
    big = root / "etc/sysctl.d/50-big.conf"
    big.write_bytes(b"#" * ((1 << 20) + 1))
    done = tuner("boot", str(root), cwd=root.parent)
    assert done.returncode == 3
    assert "could not read /etc/sysctl.d/50-big.conf" in done.stdout


def test_the_schema_is_printed(tmp_path: Path) -> None:
    assert tuner("schema", "boot", cwd=tmp_path).stdout == SCHEMA.read_text()


def test_hostile_names_are_made_visible(root: Path) -> None:
    name = os.fsencode(root) + b"/etc/sysctl.d/50-\x1b[31m.conf"
    with open(name, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(b"net.ipv4.tcp_sack\x1b[31m = \x1b]0;x\x07\n")
    done = tuner("boot", str(root), cwd=root.parent)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
