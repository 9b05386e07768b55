"""Ansible itself, asked about many inventories in one process: JSON in, JSON out.

Each question is ``{"path": …, "limits": […], "resolve": […]}``. An answer has ``hosts`` in
Ansible's order, ``groups``, ``hostvars``, ``limits`` and ``resolved``, or ``error``.
"""

import json
import sys
from typing import Any

from ansible import constants  # type: ignore[import-untyped]
from ansible._internal._json._profiles import _inventory_legacy  # type: ignore[import-untyped]
from ansible.inventory.manager import InventoryManager  # type: ignore[import-untyped]
from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]
from ansible.template import Templar  # type: ignore[import-untyped]
from ansible.vars.hostvars import HostVars  # type: ignore[import-untyped]
from ansible.vars.manager import VariableManager  # type: ignore[import-untyped]


def _as_listed(hostvars: dict[str, Any]) -> Any:
    listing = {"_meta": {"hostvars": hostvars}}
    return json.loads(json.dumps(listing, cls=_inventory_legacy.Encoder))["_meta"]["hostvars"]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    loader = DataLoader()
    try:
        inventory = InventoryManager(loader=loader, sources=[question["path"]])
        variables = VariableManager(loader=loader, inventory=inventory)
        hostvars = {}
        resolved: dict[str, Any] = {}
        for host in inventory.get_hosts("all"):
            found = variables.get_vars(host=host, include_hostvars=False, stage="all")
            hostvars[host.name] = {
                name: value
                for name, value in found.items()
                if name not in constants.INTERNAL_STATIC_VARS
            }
            everyone = HostVars(inventory, variables, loader)
            templar = Templar(loader=loader, variables=found | {"hostvars": everyone})
            resolved[host.name] = {
                name: templar.template(found[name])
                for name in question.get("resolve", ())
                if name in found
            }
    except Exception as error:  # noqa: BLE001 - whatever Ansible says no with
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    limits: dict[str, Any] = {}
    for limit in question.get("limits", []):
        try:
            inventory.clear_caches()
            inventory.subset(limit)
            limits[limit] = [host.name for host in inventory.get_hosts("all")]
        except Exception as error:  # noqa: BLE001 - whatever Ansible says no with
            limits[limit] = f"{type(error).__name__}: {error}"[:300]
    inventory.subset(None)
    return {
        "hosts": [host.name for host in inventory.get_hosts("all")],
        "groups": {n: [h.name for h in g.get_hosts()] for n, g in inventory.groups.items()},
        "hostvars": _as_listed(hostvars),
        "limits": limits,
        "resolved": json.loads(json.dumps(resolved, cls=_inventory_legacy.Encoder)),
    }


json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
