"""The same job in each tool's own words: are these 20 keys live and persisted as wanted?"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farm import DRIFTED, PERSISTED, PORT, WANTED, Farm, address
from measure import Cost

_ROOT = Path(__file__).resolve().parent.parent
_CACHE = _ROOT / ".cache" / "bench"
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_BIN = _CACHE / "venv" / "bin"
PYTHON = _BIN / "python"


@dataclass(frozen=True)
class Task:
    """A command for so many hosts, and how to see in its output that it did the job."""

    tool: str
    hosts: int
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def complaint(self, cost: Cost) -> str:
        """Return what is wrong with the run; nothing if every host was asked and the drift seen."""
        return _SEEN[self.tool](self, cost)


def install() -> None:
    """Put the peers into an environment of their own, once."""
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    stamp = _CACHE / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"bench: installing {_REQUIREMENTS.name} into {_CACHE / 'venv'}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", _CACHE / "venv"], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(_REQUIREMENTS)], check=True)
    stamp.write_text(wanted)


def tuner(farm: Farm, hosts: int, forks: int | None, role: str = "bench") -> Task:
    """Return an audit by tuner: one JSON report, judged by a profile of the 20 keys."""
    profiles = farm.folder / "profiles"
    profiles.mkdir(exist_ok=True)
    lines = [
        f"  {key}:\n    exactly: '{value}'\n    why: the benchmark wants it\n    sources: [bench]\n"
        for key, value in WANTED.items()
    ]
    (profiles / "bench.yml").write_text("summary: The 20 keys.\nexpect:\n" + "".join(lines))
    command = [sys.executable, "-m", "tuner", "audit", str(farm.inventory(hosts))]
    command += ["--ssh-config", str(farm.ssh_config), "--profiles", str(profiles)]
    command += ["--role", role, "--format", "json"]
    if forks:
        command += ["--forks", str(forks)]
    return Task("tuner", hosts, command)


def bare(farm: Farm, hosts: int, forks: int) -> Task:
    """Return the floor: the same script by paramiko and threads, nothing judged."""
    script = str(_ROOT / "tuner" / "remote" / "probe.sh")
    program = str(Path(__file__).with_name("bare.py"))
    rest = [str(farm.key), str(farm.host_key), str(PORT), str(forks), str(hosts)]
    return Task("bare", hosts, [sys.executable, program, script, *rest])


def ansible(farm: Farm, hosts: int, forks: int) -> Task:
    """Return ansible.posix.sysctl in check mode, with everything on that makes Ansible fast."""
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "/usr/bin/python3"},
        "tasks": [
            {
                "ansible.posix.sysctl": {
                    "name": "{{ item.key }}",
                    "value": "{{ item.value }}",
                    "sysctl_set": True,
                    "sysctl_file": str(PERSISTED),
                    "reload": False,
                },
                "loop": [{"key": key, "value": value} for key, value in WANTED.items()],
            }
        ],
    }
    playbook = farm.folder / "playbook.yml"
    playbook.write_text(json.dumps([play]))
    master = "-o ControlMaster=auto -o ControlPersist=60s"
    settings = farm.folder / "ansible.cfg"
    settings.touch()
    environment = {
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_HOME": str(farm.folder / "ansible"),
        "ANSIBLE_FORKS": str(forks),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_SSH_ARGS": f"-F {farm.ssh_config} {master}",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(farm.folder / "cp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    tool = str(_BIN / "ansible-playbook")
    command = [tool, "--check", "--inventory", str(farm.inventory(hosts)), str(playbook)]
    return Task("ansible", hosts, command, environment)


def pyinfra(farm: Farm, hosts: int, forks: int) -> Task:
    """Return pyinfra's server.sysctl, live and persisted, as a dry run."""
    data = {
        "ssh_user": "root",
        "ssh_port": PORT,
        "ssh_key": str(farm.key),
        "ssh_known_hosts_file": os.devnull,
        "ssh_look_for_keys": False,
        "ssh_allow_agent": False,
        "ssh_paramiko_connect_kwargs": {"look_for_keys": False, "allow_agent": False},
        "ssh_strict_host_key_checking": "off",  # in its favour: it reads known_hosts per host,
    }
    inventory = farm.folder / "hosts.py"
    pairs = [(address(number), data) for number in range(hosts)]
    inventory.write_text(f"hosts = {pairs!r}\n")
    deploy = farm.folder / "deploy.py"
    deploy.write_text(
        "from pyinfra.operations import server\n\n"
        f"for key, value in {WANTED!r}.items():\n"
        "    server.sysctl(name=key, key=key, value=value, persist=True, "
        f"persist_file={str(PERSISTED)!r})\n"
    )
    tool = str(_BIN / "pyinfra")
    command = [tool, "--dry", "--parallel", str(forks), str(inventory), str(deploy)]
    return Task("pyinfra", hosts, command, {"NO_COLOR": "1"})


def _tuner_saw(task: Task, cost: Cost) -> str:
    start = cost.output.find("{")
    try:
        report, _ = json.JSONDecoder().raw_decode(cost.output[max(start, 0) :])
    except json.JSONDecodeError:
        return f"exit {cost.status}: {cost.output[-1000:]}"
    failed = [host for host in report["hosts"] if host.get("failure")]
    if failed or len(report["hosts"]) != task.hosts:
        return f"{len(failed)} of {len(report['hosts'])} hosts failed, such as {failed[:1]}"
    if "bench" not in report["hosts"][0]["roles"]:
        return ""
    for host in report["hosts"]:
        missing = DRIFTED - {finding["key"] for finding in host["findings"]}
        if missing:
            return f"{host['name']}: nothing said of {', '.join(sorted(missing))}"
    return ""


def _bare_saw(task: Task, cost: Cost) -> str:
    said = re.match(r"(\d+) hosts, (\d+) bytes\n$", cost.output)
    if said and int(said[1]) == task.hosts and int(said[2]) > 1000 * task.hosts:
        return ""
    return cost.output[-1000:]


def _ansible_saw(task: Task, cost: Cost) -> str:
    recap = _rows(r"(\S+) +: ok=1 +changed=1 .*unreachable=0 +failed=0", cost.output)
    changed = _rows(r"changed: \[\S+\] => \(item=.*?'key': '([^']+)'", cost.output)
    if len(recap) == task.hosts and set(changed) == DRIFTED:
        return ""
    return f"{len(recap)} hosts done, changed {sorted(set(changed))}: {cost.output[-1000:]}"


def _pyinfra_saw(task: Task, cost: Cost) -> str:
    ready = len(_rows(r" +\[\S+\] +Ready: ", cost.output))
    changed = dict(_rows(r" +(net\.\S+) +(\d+) ", cost.output))
    if ready == task.hosts and changed == dict.fromkeys(DRIFTED, str(task.hosts)):
        return ""
    return f"{ready} hosts done, changed {changed}: {cost.output[-1000:]}"


def _rows(pattern: str, output: str) -> list[Any]:
    """Return what the groups of the pattern match at the start of each line."""
    return re.findall(f"^{pattern}", output, re.MULTILINE)


_SEEN = {
    "tuner": _tuner_saw,
    "bare": _bare_saw,
    "ansible": _ansible_saw,
    "pyinfra": _pyinfra_saw,
}


def environment(task: Task) -> dict[str, str]:
    """Return the environment of a run: ours, without what would change the tools' manners."""
    ours = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ANSIBLE_", "TUNER_", "PYTHON", "SSH_"))
    }
    return {**ours, **task.environment}
