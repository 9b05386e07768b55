"""Hosts that cannot be judged: each is told apart, none disturbs another, and none takes for ever."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fabric.fabric import Fabric, NamespaceHost, User

pytestmark = pytest.mark.root

GOOD = "web1:web3:db2:gw3"
TIMEOUT, CONNECT_TIMEOUT = 4, 2
SUDO = {"ansible_become": True}
PROBE = Path(__file__).resolve().parent.parent.parent / "tuner" / "remote" / "probe.sh"

# What does not answer as an SSH server: behaviour, kind of error, what the message says.
WIRE = {
    "refuses": ("connect", "refused"),
    "blackhole": ("timed-out", "2 s"),
    "silent": ("timed-out", "no SSH greeting within 2 s"),
    "garbage banner": ("connect", "SSH"),
    "silent after banner": ("timed-out", "did not agree on keys within 2 s"),
    "closes after banner": ("connect", "dropped the connection while keys were agreed"),
    "closes at once": ("connect", "dropped the connection before it named itself"),
    "resets": ("connect", "dropped the connection before it named itself"),
}

# What a host that lets us in says instead of the probe's output.
ANSWERS = {
    "endless": ("head -c 1073741824 /dev/zero | tr '\\0' x", "larger than 16 MiB"),
    "binary": ("head -c 100000 /dev/urandom", "what answered is not the probe"),
    "cut": ("head -c 20000 /srv/dump", "its answer is not whole"),
    "hangs": ("head -c 20000 /srv/dump; sleep 1000", "not complete after 4 s"),
    "mute": ("exit 0", "it said nothing"),
    "fails": ("echo 'disk \033[31mfull\033[0m' >&2; exit 7", "status 7"),
}


@pytest.fixture(scope="module")
def bad(fabric: Fabric, fleet: Any) -> dict[str, tuple[NamespaceHost, str, str]]:
    """Every bad host, its kind of error, and what its message must say."""
    hosts: dict[str, tuple[NamespaceHost, str, str]] = {}
    for behaviour, (kind, says) in WIRE.items():
        name = f"bad-{behaviour.replace(' ', '-')}"
        hosts[name] = (fabric.add_fake(name, behaviour), kind, says)
    answer = real_dump(fabric, fleet.hosts[0])
    for name, (script, says) in ANSWERS.items():
        host = fabric.add(
            f"bad-{name}",
            files={"/srv/say": script, "/srv/dump": answer},
            sshd_config="ForceCommand sh /srv/say\n",
            wait=False,
        )
        kind = "timed-out" if name == "hangs" else "answer"
        hosts[host.name] = (host, kind, says)
    for name, options, kind, says in LOGINS:
        host = fabric.add(f"bad-{name}", wait=False, **options)
        hosts[host.name] = (host, kind, says)
    wrong = fabric.folder / "wrong_known_hosts"
    wrong.write_text(f"10.77.* {fabric.key.with_suffix('.pub').read_text()}")
    changed = {"ansible_ssh_common_args": f"-o UserKnownHostsFile={wrong}"}
    host = fabric.add("bad-changed-key", variables=changed, wait=False)
    hosts[host.name] = (host, "host-key", "changed")
    fabric.wait_for_all(host for host, _, _ in hosts.values())
    return hosts


def real_dump(fabric: Fabric, host: NamespaceHost) -> str:
    done = fabric.ssh(host, "sh -s", input=PROBE.read_text(), user="root")
    assert done.returncode == 0, done.stderr
    assert "@@ end" in str(done.stdout)
    return str(done.stdout)


def ops(sudoers: str = "", password: str = "", shell: str = "/bin/bash") -> dict[str, Any]:
    return {
        "users": [User("ops", password, shell)],
        "user": "ops",
        "sudoers": sudoers,
    }


LOGINS: list[tuple[str, dict[str, Any], str, str]] = [
    ("nologin", ops("", "", "/usr/sbin/nologin"), "answer", "currently not available"),
    ("no-such-user", {"user": "nobody-here"}, "auth", "nobody-here"),
    (
        "other-key",
        {"variables": {"ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null"}},
        "host-key",
        "not on record",
    ),
    ("not-in-sudoers", {**ops(), "variables": SUDO}, "become", "password"),
    (
        "needs-password",
        {**ops("ops ALL=(ALL) ALL\n", "right"), "variables": SUDO},
        "become",
        "needs a password",
    ),
    (
        "wrong-password",
        {
            **ops("ops ALL=(ALL) ALL\n", "right"),
            "variables": {**SUDO, "ansible_become_password": "wrong"},
        },
        "become",
        "refused the password",
    ),
    (
        "outside-sudoers",
        {
            **ops("", "right"),
            "variables": {**SUDO, "ansible_become_password": "right"},
        },
        "become",
        "not in sudoers",
    ),
    (
        "requiretty",
        {**ops("Defaults requiretty\nops ALL=(ALL) NOPASSWD: ALL\n"), "variables": SUDO},
        "become",
        "wants a terminal",
    ),
    (
        "crowded",
        {"sshd_config": "MaxStartups 1:100:1\nLoginGraceTime 600\n", "crowd": 1},
        "connect",
        "dropped the connection",
    ),
]


def test_every_bad_host_is_told_apart_and_disturbs_no_other(
    cli: Any, fleet: Any, fabric: Fabric, bad: Mapping[str, Any], tmp_path: Path
) -> None:
    alone = cli.json(fleet.inventory, "--limit", GOOD, code=1)
    good = [host for host in fleet.hosts if host.name in GOOD.split(":")]
    inventory = fabric.inventory(
        tmp_path / "inventory.yml", [*(host for host, _, _ in bad.values()), *good]
    )
    limits = ["--timeout", str(TIMEOUT), "--connect-timeout", str(CONNECT_TIMEOUT)]
    started = time.monotonic()
    report = cli.json(inventory, *limits, code=3)
    took = time.monotonic() - started
    hosts = {host["name"]: host for host in report["hosts"]}
    for host in alone["hosts"]:
        other = hosts[host["name"]]
        assert {**other, "gauges": None} == {**host, "gauges": None}
    wrong = {}
    for name, (_, kind, says) in bad.items():
        error = hosts[name]["error"] or {"kind": None, "message": str(hosts[name])[:300]}
        if error["kind"] != kind or says not in error["message"]:
            wrong[name] = (kind, says, error)
        assert not any(ord(letter) < 32 for letter in error["message"]), error
        assert error["hint"], error
        assert len(error["message"]) < 600
    assert wrong == {}
    assert report["totals"]["unreachable"] == len(bad)
    assert took < 20, took


@pytest.mark.parametrize("name", ["bad-silent", "bad-hangs"])
def test_a_bad_host_takes_its_own_timeout_and_no_more(
    cli: Any, fabric: Fabric, bad: Mapping[str, Any], tmp_path: Path, name: str
) -> None:
    inventory = fabric.inventory(tmp_path / "inventory.yml", [bad[name][0]])
    started = time.monotonic()
    cli.json(inventory, "--timeout", "2", "--connect-timeout", "2", code=3)
    assert 2 <= time.monotonic() - started < 7


def test_values_made_of_escapes_reach_no_terminal(
    cli: Any, fabric: Fabric, fleet: Any, tmp_path: Path
) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[red]x[/red][link=file:///etc/passwd]y" + "A" * 10000
    honest = real_dump(fabric, fleet.hosts[0])
    values = {
        "tcp_timestamps:1": f"tcp_timestamps:{evil}",
        "somaxconn:4096": f"somaxconn:{evil}",
        "tcp_sack:1": "tcp_sack:\u202e\u2066\udcff",
    }
    forged = honest
    for old, new in values.items():
        assert f"/{old}\n" in forged, old
        forged = forged.replace(f"/{old}\n", f"/{new}\n")
    host = fabric.add(
        "forger",
        files={"/srv/dump": forged},
        sshd_config="ForceCommand cat /srv/dump\n",
        variables={"tuner_roles": ["public-server"]},
    )
    inventory = fabric.inventory(tmp_path / "inventory.yml", [host])
    text = cli("audit", inventory, COLUMNS="80")
    assert text.returncode in {1, 3}
    for bad_letter in "\x1b\x07\u202e\u2066":
        assert bad_letter not in text.stdout
        assert bad_letter not in text.stderr
    lines = [line for line in text.stdout.splitlines() if "  # group " not in line]
    assert max(map(len, lines)) <= 80
    assert len(text.stdout) < 8000
    report = cli.json(inventory, code=text.returncode)
    keys = {finding["key"] for finding in report["hosts"][0]["findings"]}
    unjudged = json.dumps(report["hosts"][0]["unjudged"])
    for key in ("net.core.somaxconn", "net.ipv4.tcp_sack"):
        assert key in keys or key in unjudged


ODD_WORDS = "two words'"
SHELLS = [
    ("banner", ops("ops ALL=(ALL) NOPASSWD: ALL\n") | {"sshd_config": "Banner /etc/banner\n"}),
    ("fish", ops("ops ALL=(ALL) NOPASSWD: ALL\n", "", "/usr/bin/fish")),
    ("csh", ops("ops ALL=(ALL) NOPASSWD: ALL\n", "", "/bin/tcsh")),
    ("noisy", ops("ops ALL=(ALL) NOPASSWD: ALL\n")),
    ("password", ops("ops ALL=(ALL) ALL\n", ODD_WORDS)),
]


def test_odd_logins_are_judged_like_any_other(cli: Any, fabric: Fabric, tmp_path: Path) -> None:
    hosts = []
    noise = {
        "/etc/banner": "Authorised use only\n",
        "/home/ops/.bashrc": "echo Welcome to noisy; echo '@@ live'\n",
    }
    for name, options in SHELLS:
        become: dict[str, Any] = {**SUDO, "tuner_roles": ["public-server"]}
        if name == "password":
            become |= {"ansible_become_password": ODD_WORDS}
        hosts.append(
            fabric.add(f"odd-{name}", files=noise, variables=become, wait=False, **options)
        )
    fabric.wait_for_all(hosts)
    report = cli.json(fabric.inventory(tmp_path / "inventory.yml", hosts), code=0)
    outcomes = {host["name"]: host["outcome"] for host in report["hosts"]}
    assert outcomes == {f"odd-{name}": "clean" for name, _ in SHELLS}


SERVER = {"tuner_roles": ["public-server"]}


def test_a_directory_that_may_not_be_read_is_never_called_clean(
    cli: Any, fabric: Fabric, tmp_path: Path
) -> None:
    masks = {"/proc/sys/net/ipv4": "closed"}
    host = fabric.add("closed", **ops(), masks=masks, variables=SERVER)
    report = cli.json(fabric.inventory(tmp_path / "inventory.yml", [host]), code=3)
    unjudged = {item["rule"]: item["reason"] for item in report["hosts"][0]["unjudged"]}
    assert report["hosts"][0]["outcome"] == "unjudged"
    assert "net.ipv4.tcp_timestamps" in unjudged["drift"]


@pytest.mark.parametrize("how", ["closed", "empty"])
def test_a_host_that_hides_proc_sys_is_not_judged(
    cli: Any, fabric: Fabric, tmp_path: Path, how: str
) -> None:
    masks = {"/proc/sys": how}
    host = fabric.add(f"no-proc-sys-{how}", **ops(), masks=masks, variables=SERVER)
    report = cli.json(fabric.inventory(tmp_path / "inventory.yml", [host]), code=3)
    (judged,) = report["hosts"]
    assert judged["outcome"] == "unjudged"
    assert judged["kernel"]
    unjudged = {item["rule"]: item["reason"] for item in judged["unjudged"]}
    assert "net.ipv4.tcp_timestamps (denied)" in unjudged["timestamps-off"]


def test_settings_that_may_not_be_read_leave_the_boot_unjudged(
    cli: Any, fabric: Fabric, tmp_path: Path
) -> None:
    masks = {"/etc/sysctl.d": "closed"}
    host = fabric.add("no-files", **ops(), masks=masks, variables=SERVER)
    report = cli.json(fabric.inventory(tmp_path / "inventory.yml", [host]), code=3)
    unjudged = {item["rule"]: item["reason"] for item in report["hosts"][0]["unjudged"]}
    assert report["hosts"][0]["outcome"] == "unjudged"
    assert "/etc/sysctl.d" in unjudged["boot-drift"]


def test_a_gateway_without_conntrack_and_a_read_only_host_are_judged(
    cli: Any, fabric: Fabric, tmp_path: Path
) -> None:
    no_conntrack = fabric.add(
        "no-conntrack",
        masks={"/proc/sys/net/netfilter": "empty"},
        sysctls={"net.ipv4.ip_forward": 1},
        files={"/etc/sysctl.d/f.conf": "net.ipv4.ip_forward=1\n"},
        variables={"tuner_roles": ["nat-gateway"]},
    )
    read_only = fabric.add("read-only", masks={"/proc/sys/net": "readonly"}, variables=SERVER)
    inventory = fabric.inventory(tmp_path / "inventory.yml", [no_conntrack, read_only])
    report = cli.json(inventory, code=1)
    hosts = {host["name"]: host for host in report["hosts"]}
    (finding,) = hosts["no-conntrack"]["findings"]
    assert (finding["rule"], finding["key"]) == ("drift", "net.netfilter.nf_conntrack_max")
    assert "no such key" in finding["message"]
    assert hosts["read-only"]["outcome"] == "clean"


def test_ctrl_c_reports_the_hosts_that_had_answered(
    cli: Any, fabric: Fabric, fleet: Any, bad: Mapping[str, Any], tmp_path: Path
) -> None:
    good = [host for host in fleet.hosts if host.name in GOOD.split(":")]
    inventory = fabric.inventory(tmp_path / "inventory.yml", [*good, bad["bad-hangs"][0]])
    command = cli.command("audit", inventory, "--format", "json", "-v", "--timeout", "60")
    # a test run in the background of a shell ignores SIGINT, and so would its children
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *command],
        cwd=cli.home,
        env=cli.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    waiting = {host.name for host in good}
    while waiting:
        line = process.stderr.readline()
        assert line, "it ended before the good hosts had answered"
        waiting -= {name for name in waiting if name in line}
    interrupted = time.monotonic()
    process.send_signal(signal.SIGINT)
    output = process.stdout.read()
    errors = process.stderr.read()
    assert process.wait(20) == 130, errors
    assert time.monotonic() - interrupted < 5
    process.stdout.close()
    process.stderr.close()
    assert "Traceback" not in errors
    report = json.loads(output)
    assert report["interrupted"] is True
    assert report["exit_code"] == 130
    hosts = {host["name"]: host for host in report["hosts"]}
    assert hosts["bad-hangs"]["error"]["kind"] == "interrupted"
    assert all(hosts[host.name]["error"] is None for host in good)
    assert {f["rule"] for f in hosts["web3"]["findings"]} == {"tw-reuse-on-server"}


OTHER_WRITERS = {
    "ufw": (
        {
            "/etc/ufw/ufw.conf": "ENABLED=yes\n",
            "/etc/default/ufw": "IPT_SYSCTL=/etc/ufw/sysctl.conf\n",
            "/etc/ufw/sysctl.conf": "# ufw\nnet/ipv4/tcp_mtu_probing=1\n",
        },
        ("/etc/ufw/sysctl.conf", 2),
    ),
    "tuned": (
        {
            "/etc/tuned/active_profile": "ours\n",
            "/etc/tuned/ours/tuned.conf": "[main]\nsummary=x\n\n[sysctl]\nnet.ipv4.tcp_mtu_probing=1\n",
        },
        ("/etc/tuned/ours/tuned.conf", 5),
    ),
}


def test_what_ufw_and_tuned_will_write_is_seen(cli: Any, fabric: Fabric, tmp_path: Path) -> None:
    hosts = [
        fabric.add(f"later-{name}", files=files, variables={"tuner_roles": ["public-server"]})
        for name, (files, _) in OTHER_WRITERS.items()
    ]
    report = cli.json(fabric.inventory(tmp_path / "inventory.yml", hosts), code=1)
    places = {
        host["name"]: [(f["rule"], f["key"], f["file"], f["line"]) for f in host["findings"]]
        for host in report["hosts"]
    }
    assert places == {
        f"later-{name}": [("boot-drift", "net.ipv4.tcp_mtu_probing", *place)]
        for name, (_, place) in OTHER_WRITERS.items()
    }
