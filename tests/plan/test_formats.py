"""A role's settings in other people's languages, each read by its own real parser.

``tests/plan/parsers.sh FOLDER`` unpacks the parsers that Debian has; $TUNER_PARSERS names the
folder. butane (root/usr/bin/butane) and Talos' schema (schemas/talos.json, up to 1.13, from its
pkg/machinery/config/schemas) are used where they are put there by hand.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
import yaml

from tests.plan.conftest import CHECKOUT, TEMPLATE, full, host, policy_of
from tuner.plan.digest import policy_digest
from tuner.plan.formats import PATH, Form, Work, put
from tuner.plan.own import MARKER, MODULES
from tuner.plan.render import Header, says
from tuner.plan.sheet import Sheet, sheet, with_notes
from tuner.policy.policy import Policy
from tuner.snapshot.snapshot import Missing, Snapshot
from tuner.snapshot.system import System
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value
from tuner.sysctl.version import parse_version

PARSERS = Path(os.environ.get("TUNER_PARSERS", CHECKOUT / ".cache" / "parsers"))
ROOT = PARSERS / "root"
TRICKY = """\
expect:
  net.ipv4.conf.eth0/100.rp_filter: {exactly: "1", why: 'Braces {{ x }}, ${y}, "quotes" and a \\', sources: [x]}
  net.ipv4.conf.eth1.rp_filter: {exactly: "2", why: "'': # ; %", sources: [x]}
  net.ipv4.tcp_rmem: {exactly: "4096 131072 16777216", why: A vector., sources: [x]}
  net.ipv4.tcp_congestion_control: {exactly: bbr, why: A word., sources: [x]}
  net.core.rmem_max: {at_most: 33554432, why: A number that NixOS merges., sources: [x]}
"""
KEYS = {
    "net.ipv4.conf.eth0/100.rp_filter": "1",
    "net.ipv4.conf.eth1.rp_filter": "2",
    "net.ipv4.tcp_rmem": "4096 131072 16777216",
    "net.ipv4.tcp_congestion_control": "bbr",
    "net.core.rmem_max": "212992",
    "net.ipv4.ip_forward": "1",
    "net.netfilter.nf_conntrack_max": "262144",
}


def described(kernel: str = "6.12", memory: int = 16 << 30) -> Snapshot:
    return Snapshot(
        host="",
        kernel=parse_version(kernel),
        system=System(memory=memory),
        complete=frozenset(),
    )


def work(policy: Policy, host: Snapshot | None = None) -> Work:
    header = Header(policy.roles, policy_digest(policy))
    return Work(sheet(policy, host or described()), header, TEMPLATE)


TRICKY_GATEWAY = policy_of("nat-gateway", profile=TRICKY)


def parser(*names: str) -> Path:
    """Return one of the real parsers' files."""
    for name in names:
        path = PARSERS / name
        if path.exists():
            return path
    pytest.skip(f"no {names[0]} in {PARSERS}: see tests/plan/parsers.sh")


def debian(name: str) -> Path:
    """Return a file of the packages that parsers.sh unpacks; in CI it has to be there."""
    if os.environ.get("CI"):
        assert (ROOT / name).exists(), f"no {name} in {ROOT}: tests/plan/parsers.sh unpacks it"
    return parser(f"root/{name}")


def python(script: str, *arguments: str | Path) -> str:
    """Run a script with Debian's own packages at hand."""
    packages = debian("usr/lib/python3/dist-packages")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)],
        env={"PYTHONPATH": str(packages), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def settings_of(text: str) -> dict[Key, tuple[str, ...] | None]:
    assert text.startswith(MARKER)
    return dict(says(text.encode()))


def expected(sheet: Sheet) -> dict[Key, tuple[str, ...]]:
    return {line.key: line.value.tokens for line in sheet.lines}


def check_files(files: Mapping[str, str]) -> None:
    """Compare what a format's files say with what was meant."""
    assert set(files) == {PATH, MODULES}
    assert files[MODULES].splitlines()[-1] == "nf_conntrack"
    said = settings_of(files[PATH])
    assert said == expected(work(TRICKY_GATEWAY).sheet)
    for key, value in KEYS.items():
        assert said[Key(key)] == tuple(value.split())


def test_every_form_is_reproducible() -> None:
    for form in Form:
        assert put(work(TRICKY_GATEWAY), form) == put(work(TRICKY_GATEWAY), form)


def test_the_file_alone() -> None:
    text = put(work(TRICKY_GATEWAY), Form.SYSCTL_D)
    assert settings_of(text) == expected(work(TRICKY_GATEWAY).sheet)
    digest = policy_digest(TRICKY_GATEWAY)[:12]
    assert f"# Roles: nat-gateway, own. Policy {digest}, tuner " in text
    assert "# nat-gateway:7: With 0 the host forwards no IPv4 packet at all.\n" in text
    assert "Needs the kernel module nf_conntrack" in text
    assert text.index("net.ipv4.ip_forward = 1") < text.index(
        "net/ipv4/conf/eth0.100/rp_filter = 1"
    )


class TestAnsible:
    def write(self, folder: Path) -> Path:
        path = folder / "site.yml"
        path.write_text(put(work(TRICKY_GATEWAY), Form.ANSIBLE))
        return path

    @pytest.mark.root
    def test_ansible_would_write_these_very_files(self, tmp_path: Path) -> None:
        """In check mode, which changes nothing, in a copy whose files go elsewhere."""
        path = self.write(tmp_path)
        (tmp_path / "etc").mkdir()
        text = path.read_text()
        for name in (PATH, MODULES):
            text = text.replace(f"dest: {name}", f"dest: {tmp_path}/etc/{name.replace('/', '-')}")
        path.write_text(text)
        playbook = str(Path(sys.executable).with_name("ansible-playbook"))
        done = subprocess.run(
            [playbook, "-i", "localhost,", "-c", "local", "--check", "--diff", path],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"localhost +: ok=2 +changed=2 .*failed=0 ", done.stdout), done.stdout
        assert "RUNNING HANDLER [Load the settings]" in done.stdout
        assert "+net.ipv4.ip_forward = 1" in done.stdout
        assert 'Braces {{ x }}, ${y}, "quotes"' in done.stdout
        assert list((tmp_path / "etc").iterdir()) == []

    def test_its_files(self, tmp_path: Path) -> None:
        class Loader(yaml.SafeLoader):
            """Ansible's own tag for text that is no template."""

        yaml.add_constructor("!unsafe", lambda _, node: node.value, Loader)
        (play,) = yaml.load(self.write(tmp_path).read_text(), Loader)  # noqa: S506 - a safe loader
        copies = [task["ansible.builtin.copy"] for task in play["tasks"]]
        check_files({it["dest"]: it["content"] for it in copies})
        assert {task["notify"] for task in play["tasks"]} == {it["name"] for it in play["handlers"]}
        commands = [it["ansible.builtin.command"]["argv"] for it in play["handlers"]]
        assert commands == [["modprobe", "-a", "nf_conntrack"], ["sysctl", "-p", PATH]]


TUNED = """
import json, sys
from tuned.profiles.factory import Factory
from tuned.profiles.loader import Loader
from tuned.profiles.locator import Locator
from tuned.profiles.merger import Merger
from tuned.profiles.variables import Variables
from tuned.plugins.plugin_sysctl import _get_sysctl_path
loader = Loader(Locator([sys.argv[1]]), Factory(), Merger(), None, Variables())
profile = loader.load("mine")
print(json.dumps({
    "units": {name: dict(unit.options) for name, unit in profile.units.items()},
    "options": dict(profile.options),
    "paths": {key: _get_sysctl_path(key) for key in profile.units["sysctl"].options},
}))
"""


class TestTuned:
    def load(self, policy: Policy, folder: Path, host: Snapshot | None = None) -> dict[str, Any]:
        (folder / "mine").mkdir()
        (folder / "mine" / "tuned.conf").write_text(put(work(policy, host), Form.TUNED))
        loaded: dict[str, Any] = json.loads(python(TUNED, folder).splitlines()[-1])
        return loaded

    def test_its_loader_reads_the_profile(self, tmp_path: Path) -> None:
        loaded = self.load(TRICKY_GATEWAY, tmp_path)
        assert set(loaded["units"]) == {"sysctl"}
        assert loaded["options"]["summary"].startswith("Settings of nat-gateway, own (policy ")
        said = loaded["units"]["sysctl"]
        assert said["net.ipv4.ip_forward"] == "1"
        assert said["net.ipv4.tcp_rmem"] == "4096 131072 16777216"
        assert said["net.netfilter.nf_conntrack_max"] == ">65536"
        assert said["net.core.rmem_max"] == "<33554432"
        assert said["net.ipv4.conf.eth1.rp_filter"] == "2"
        assert "net.ipv4.conf.eth0/100.rp_filter" not in said
        assert loaded["paths"]["net.ipv4.conf.eth1.rp_filter"] == (
            "/proc/sys/net/ipv4/conf/eth1/rp_filter"
        )

    def test_it_says_what_tuned_cannot(self) -> None:
        text = put(work(TRICKY_GATEWAY), Form.TUNED)
        assert (
            "# net.ipv4.conf.eth0/100.rp_filter: TuneD cannot name an interface with a dot" in text
        )
        assert "nf_conntrack, which /etc/modules-load.d/tuner.conf" in text

    def test_a_bound_needs_no_memory(self, tmp_path: Path) -> None:
        loaded = self.load(policy_of("nat-gateway"), tmp_path, described(memory=0))
        assert loaded["units"]["sysctl"]["net.netfilter.nf_conntrack_max"] == ">65536"


class TestCloudInit:
    def test_its_schema_takes_it(self, tmp_path: Path) -> None:
        path = tmp_path / "user-data"
        path.write_text(put(work(TRICKY_GATEWAY), Form.CLOUD_INIT))
        script = (
            "import sys; sys.argv[1:1] = ['schema', '--config-file'];"
            "from cloudinit.cmd.main import main; main()"
        )
        debian("usr/lib/python3/dist-packages/cloudinit")
        assert "Valid cloud-config" in python(script, path)

    def test_its_files(self) -> None:
        text = put(work(TRICKY_GATEWAY), Form.CLOUD_INIT)
        assert text.startswith("#cloud-config\n")
        config = yaml.safe_load(text)
        check_files({it["path"]: it["content"] for it in config["write_files"]})
        assert config["runcmd"] == [["modprobe", "-a", "nf_conntrack"], ["sysctl", "-p", PATH]]


class TestButane:
    def test_its_files(self) -> None:
        config = yaml.safe_load(put(work(TRICKY_GATEWAY), Form.BUTANE))
        assert (config["variant"], config["version"]) == ("fcos", "1.5.0")
        files = config["storage"]["files"]
        check_files({it["path"]: it["contents"]["inline"] for it in files})
        assert {it["mode"] for it in files} == {0o644}

    @pytest.mark.long
    def test_butane_makes_ignition_of_it(self) -> None:
        butane = parser("root/usr/bin/butane")
        done = subprocess.run(
            [butane, "--strict"],
            input=put(work(TRICKY_GATEWAY), Form.BUTANE),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        files = json.loads(done.stdout)["storage"]["files"]
        texts = {it["path"]: it["contents"] for it in files}
        assert set(texts) == {PATH, MODULES}
        assert unquote(texts[MODULES]["source"]).endswith("\nnf_conntrack\n")
        assert {it["mode"] for it in files} == {0o644}


class TestTalos:
    @pytest.mark.long
    def test_its_schema_takes_it(self) -> None:
        schema = json.loads(parser("schemas/talos.json").read_text())
        config = yaml.safe_load(put(work(TRICKY_GATEWAY), Form.TALOS))
        machine = schema["$defs"]["v1alpha1.MachineConfig"]
        if "runtime.SysctlConfigV1Alpha1" in schema["$defs"]:
            pytest.skip("Talos 1.14 takes machine.sysctls, and its schema no longer names it")
        jsonschema.validate(config["machine"], {**machine, "$defs": schema["$defs"]})
        assert "sysctls" in machine["properties"]

    def test_its_settings(self) -> None:
        config = yaml.safe_load(put(work(TRICKY_GATEWAY), Form.TALOS))
        said = config["machine"]["sysctls"]
        assert all(isinstance(value, str) for value in said.values())
        assert {full(key): tuple(value.split()) for key, value in said.items()} == expected(
            work(TRICKY_GATEWAY).sheet
        )
        assert config["machine"]["kernel"]["modules"] == [{"name": "nf_conntrack"}]


class TestNixos:
    def test_nix_parses_it(self, tmp_path: Path) -> None:
        path = tmp_path / "sysctl.nix"
        path.write_text(put(work(TRICKY_GATEWAY), Form.NIXOS))
        nix = debian("usr/bin/nix-instantiate")
        (triplet,) = {it.parent for it in ROOT.glob("usr/lib/*/libgc.so.1")}
        done = subprocess.run(
            [nix, "--store", "dummy://", "--parse", path],  # without a store, none is made
            env={"HOME": str(tmp_path), "LD_LIBRARY_PATH": f"{triplet}:{ROOT}/usr/lib/nix"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert '"net.ipv4.ip_forward" = 1;' in done.stdout
        assert '"net/ipv4/conf/eth0.100/rp_filter" = 1;' in done.stdout
        assert '"net.ipv4.tcp_rmem" = "4096 131072 16777216";' in done.stdout
        assert '"nf_conntrack"' in done.stdout

    def test_numbers_are_numbers_for_nixos_to_merge(self) -> None:
        assert '    "net.core.rmem_max" = 212992;' in put(work(TRICKY_GATEWAY), Form.NIXOS)


class TestSheet:
    """Which value a role's expectation becomes when no host is asked."""

    def value(self, profile: str, host: Snapshot | None = None) -> str:
        found = sheet(policy_of(profile=f"expect:\n  {profile}\n"), host or described())
        if found.lines:
            return str(found.lines[0].value)
        return found.unsaid[0].text

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ("net.ipv4.tcp_retries2: {at_least: 8, why: w, sources: [x]}", "15"),
            ("net.ipv4.tcp_retries2: {at_least: 20, why: w, sources: [x]}", "20"),
            ("net.ipv4.tcp_retries2: {between: [3, 10], why: w, sources: [x]}", "10"),
            (
                "net.ipv4.tcp_sack: {default: true, why: w, sources: [x]}",
                "the kernel's own default is",
            ),
            ("net.netfilter.nf_conntrack_max: {at_least: 65536, why: w, sources: [x]}", "262144"),
            (
                "net.netfilter.nf_conntrack_max: {at_least: 32768, per_gib: true, why: w, sources: [x]}",
                "524288",
            ),
            ("net.ipv4.tcp_max_tw_buckets: {at_least: 1000, why: w, sources: [x]}", "65536"),
            (
                "net.ipv4.tcp_tw_recycle: {exactly: '0', why: w, sources: [x]}",
                "Linux 6.12 has no such key",
            ),
            (
                "net.ipv4.tcp_mem: {at_least: [1, 2, 3], why: w, sources: [x]}",
                "follows the host's memory",
            ),
            (
                "net.ipv4.tcp_fastopen_key: {exactly: 1-2-3-4, why: w, sources: [x]}",
                "it is a secret",
            ),
            (
                "net.core.default_qdisc: {exactly: 'fq#', why: w, sources: [x]}",
                "no sysctl file can say",
            ),
        ],
    )
    def test_without_a_host(self, row: str, expected: str) -> None:
        assert expected in self.value(row)

    def test_a_bound_whose_default_is_not_known_is_not_lowered(self) -> None:
        row = "net.netfilter.nf_conntrack_max: {at_least: 65536, why: w, sources: [x]}"
        said = self.value(row, described(memory=0))
        assert said == (
            "net.netfilter.nf_conntrack_max: at least 65536, and its default follows the host's "
            "memory, so no line sets it; --memory or --host-facts decides it"
        )

    def test_a_hosts_own_value_counts(self) -> None:
        row = "net.core.somaxconn: {at_least: 4096, why: w, sources: [x]}"
        assert self.value(row, host({"net.core.somaxconn": "8192"})) == "8192"
        assert "shows no such key" in self.value(row, host({}))
        assert self.value(row, host({"net.core.somaxconn": Missing.DENIED})) == "4096"
        vector = "net.ipv4.tcp_rmem: {at_least: [1, 2, 16777216], why: w, sources: [x]}"
        said = self.value(vector, host({"net.ipv4.tcp_rmem": "4096\t131072\t6291456"}))
        assert parse_value(said) == parse_value("4096 131072 16777216")

    def test_notes_stand_in_the_head(self) -> None:
        policy = policy_of("base")
        found = with_notes(sheet(policy, described()), "For a test.")
        header = Header(policy.roles, policy_digest(policy))
        assert "#\n# For a test.\n" in put(Work(found, header, TEMPLATE), Form.SYSCTL_D)
