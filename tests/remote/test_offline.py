"""Dumps, outputs of sysctl -a and sosreports as files."""

import io
import tarfile
from pathlib import Path

import pytest

from tuner.errors import DumpError
from tuner.remote.offline import dumps_in, read
from tuner.snapshot.snapshot import Source
from tuner.sysctl.files import Kind
from tuner.sysctl.key import Key

SYSCTL_A = b"kernel.osrelease = 5.14.0\nnet.core.somaxconn = 4096\nnet.ipv4.ip_forward = 0\n"


def make_sosreport(root: Path) -> Path:
    for name, content in {
        "sos_commands/kernel/sysctl_-a": SYSCTL_A,
        "etc/sysctl.conf": b"net.core.somaxconn = 128\n",
        "etc/sysctl.d/10-a.conf": b"net.ipv4.ip_forward = 1\n",
        "etc/os-release": b'ID="rhel"\n',
        "proc/cmdline": b"quiet\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    (root / "etc/sysctl.d/98-out.conf").symlink_to("/etc/passwd")
    return root


@pytest.mark.parametrize("form", ["folder", "tar", "tar.gz", "tar.xz"])
def test_a_sosreport_shows_values_and_files(tmp_path: Path, form: str) -> None:
    path = make_sosreport(tmp_path / "sosreport-web01")
    if form != "folder":
        archive = tmp_path / f"web01.{form}"
        mode = {"tar": "w:", "tar.gz": "w:gz", "tar.xz": "w:xz"}[form]
        with tarfile.open(archive, mode) as tar:  # type: ignore[call-overload]
            tar.add(path, arcname="sosreport-web01")
        path = archive
    snapshot = read(path)
    assert snapshot.source is Source.SOSREPORT
    assert snapshot.number(Key("net.core.somaxconn")) == 4096
    assert snapshot.system.os_id == "rhel"
    assert snapshot.cmdline == "quiet"
    assert snapshot.counters is None
    assert snapshot.files is not None
    by_name = {entry.name: entry for entry in snapshot.files}
    assert by_name["99-sysctl.conf"].content == b"net.core.somaxconn = 128\n"
    assert by_name["98-out.conf"].kind is Kind.UNREADABLE
    assert snapshot.boot is not None
    assert str(snapshot.boot.decisions[Key("net.core.somaxconn")].value) == "128"


def test_members_outside_the_report_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bad.tar"
    with tarfile.open(path, "w") as tar:
        for name in (
            "r/../etc/sysctl.conf",
            "r/etc/sysctl.d/../../x",
            "r/sos_commands/kernel/sysctl_-a",
        ):
            member = tarfile.TarInfo(name)
            member.size = len(SYSCTL_A)
            tar.addfile(member, io.BytesIO(SYSCTL_A))
    snapshot = read(path)
    assert snapshot.files is None
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["bad.tar"]


@pytest.mark.parametrize("data", [b"", b"\x1f\x8bnonsense", b"hello\x1b[31m\n", b"\0" * 600])
def test_anything_else_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "web01.dump"
    path.write_bytes(data)
    with pytest.raises(DumpError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_names_come_from_files_and_are_unique(tmp_path: Path) -> None:
    (tmp_path / "web02.dump").write_bytes(SYSCTL_A)
    (tmp_path / "web01.txt").write_bytes(SYSCTL_A)
    (tmp_path / "notes.md").write_bytes(b"")
    assert [name for name, _ in dumps_in([tmp_path])] == ["web01", "web02"]
    (tmp_path / "web01.dump").write_bytes(SYSCTL_A)
    with pytest.raises(DumpError, match="web01 has a second dump"):
        dumps_in([tmp_path])
    with pytest.raises(DumpError, match="missing"):
        dumps_in([tmp_path / "missing"])
