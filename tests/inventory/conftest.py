import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuner.errors import InventoryError
from tuner.inventory.load import read_inventory
from tuner.inventory.patterns import select_hosts
from tuner.inventory.source import Unsafe, Vaulted

Answer = dict[str, Any]
ORACLE = Path(__file__).parent / "oracle.py"


@pytest.fixture(scope="session")
def ansible_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("ansible-home")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }


@pytest.fixture(scope="session")
def ask_ansible(ansible_environment: dict[str, str]) -> Callable[[list[Answer]], list[Answer]]:
    def ask(questions: list[Answer]) -> list[Answer]:
        done = subprocess.run(
            [sys.executable, ORACLE],
            input=json.dumps(questions).encode(),
            capture_output=True,
            cwd=ansible_environment["HOME"],
            env=ansible_environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        answers: list[Answer] = json.loads(done.stdout)
        return answers

    return ask


def _plain(value: Any) -> Any:
    match value:
        case Vaulted():
            return "<vault>"
        case Unsafe():
            return {"__ansible_unsafe": str(value)}
        case dict():
            if "__ansible_vault" in value:
                return "<vault>"
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | set():
            items = [_plain(item) for item in value]
            return sorted(items) if isinstance(value, set) else items
        case dt.date():
            return value.isoformat()
    return value


def _tuners_answer(path: Path, limits: list[str]) -> Answer:
    try:
        tree, variables = read_inventory(path)
        hosts = list(tree.all.members())
        hostvars = {
            host: {name: _plain(v.value) for name, v in variables.scope(host).merged().items()}
            for host in hosts
        }
    except InventoryError as error:
        return {"error": str(error)}
    answers: dict[str, Any] = {}
    for limit in limits:
        try:
            answers[limit] = select_hosts(tree, limit)
        except InventoryError as error:
            answers[limit] = str(error)
    return {
        "hosts": hosts,
        "groups": {name: list(group.members()) for name, group in tree.groups.items()},
        "hostvars": hostvars,
        "limits": answers,
    }


@pytest.fixture(scope="session")
def tuners_answer() -> Callable[[Path, list[str]], Answer]:
    return _tuners_answer


@pytest.fixture(scope="session")
def plain() -> Callable[[Any], Any]:
    return _plain
