"""The labels name what exists, and the comparison that they are for counts right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.corpus.check import LABELS, compare, judge, load, main, told
from tuner.policy.resolve import load_profiles, resolve
from tuner.rules._check import check, registry
from tuner.snapshot.sysctl_a import parse_sysctl_a
from tuner.sysctl.catalog import describe
from tuner.sysctl.key import Key

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
HOST = """\
kernel.osrelease = 6.1.0-9-amd64
kernel.hostname = h
net.core.somaxconn = 4096
net.ipv4.conf.all.accept_redirects = 1
net.ipv4.conf.default.accept_redirects = 1
net.ipv4.conf.eth0.accept_redirects = 1
net.ipv4.ip_forward = 0
net.ipv4.tcp_fin_timeout = 60
net.ipv4.tcp_rmem = 4096\t131072\t6291456
net.ipv4.tcp_sack = 1
"""


def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(LABELS.read_text(encoding="utf-8"))
    return found


def test_the_labels_name_rules_and_keys_that_exist() -> None:
    labels = document()
    assert len(labels["files"]) >= 40
    entries = [it for file in labels["files"].values() for it in file["deserves"]]
    assert len(entries) > 250
    for entry in entries:
        rule, _, key = entry.partition(" ")
        assert rule in registry(), entry
        assert not key or rule == "boot-drift" or describe(Key(key)) is not None, entry
    for difference in labels["known"]:
        assert difference.partition(": ")[0] in labels["files"]


def test_a_host_loads_a_file_as_the_kernel_would() -> None:
    host = load(
        parse_sysctl_a(HOST.encode()),
        b"net.ipv4.tcp_sack = 0\n"
        b"net.ipv4.tcp_rmem = 8192\n"
        b"net.ipv4.tcp_fin_timeout = many\n"
        b"net.ipv4.conf.default.accept_redirects = 0\n",
    )
    assert host.number(Key("net.ipv4.tcp_sack")) == 0
    assert str(host.value(Key("net.ipv4.tcp_rmem"))) == "8192 131072 6291456"
    assert host.number(Key("net.ipv4.tcp_fin_timeout")) == 60
    assert host.number(Key("net.ipv4.conf.eth0.accept_redirects")) == 0
    assert host.number(Key("net.ipv4.conf.all.accept_redirects")) == 1


def test_what_is_told_of_a_host() -> None:
    host = load(parse_sysctl_a(HOST.encode()), b"net.ipv4.tcp_sack = 0\n")
    policy = resolve(load_profiles([PROFILES]), ("base",))
    assert told(check(host, policy, registry().values())) == {"sack-off net.ipv4.tcp_sack"}


def test_the_score_counts_right_wrong_and_missing() -> None:
    score = compare({"a": {"x", "y"}, "b": {"z"}}, {"a": {"deserves": ["x", "w"]}})
    assert (score.right, score.wrong, score.missing) == (1, ["a: y", "b: z"], ["a: w"])
    assert (score.precision, score.recall) == (1 / 3, 1 / 2)


def test_a_folder_of_files_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("conf", "dumps"):
        (tmp_path / folder).mkdir()
    labels = document()
    (tmp_path / "dumps" / labels["base"]).write_text(HOST)
    (tmp_path / "conf" / "new.conf").write_text("net.ipv4.tcp_sack = 0\n")
    policy = resolve(load_profiles([PROFILES]), ("base",))
    found = judge(tmp_path, labels["base"], policy)
    assert found["new.conf"] == {"sack-off net.ipv4.tcp_sack"}
    assert main([str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "not deserved: new.conf: sack-off net.ipv4.tcp_sack  <- new" in said
    assert "no label: new.conf" in said
