"""The JSON of ``ansible-inventory --list``, which inventory scripts speak as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuner.inventory.groups import Group, Tree
from tuner.inventory.source import Source, Variable

_LOOK = "a listing is what ansible-inventory --list prints: {group: {hosts: [name], vars: {}}}"
_SECTIONS = ("hosts", "vars", "children")


def is_listing(root: dict[Any, Any]) -> bool:
    """Tell whether JSON is a listing with its hosts' variables, not a YAML inventory in JSON."""
    meta = root.get("_meta")
    return isinstance(meta, dict) and isinstance(meta.get("hostvars"), dict)


def parse_listing(
    tree: Tree,
    source: Source,
    root: Any,
    *,
    host_variables: Callable[[str], Any] | None = None,
) -> None:
    """Read a listing into the tree.

    Args:
        tree: where it goes.
        source: whose answer it is.
        root: the listing, parsed.
        host_variables: asked for a host's variables if the listing has no ``_meta``.

    Raises:
        InventoryError: what Ansible refuses too.
    """
    place = source.place()
    if not isinstance(root, dict):
        raise place.error("the listing is not a JSON object", hint=_LOOK)
    listed: dict[str, None] = {}
    for name, content in root.items():
        if name != "_meta":
            _read_group(tree, source, name, content, listed)
    meta = root.get("_meta", {})
    if "_meta" in root and not (isinstance(meta, dict) and isinstance(meta.get("hostvars"), dict)):
        raise place.error("_meta.hostvars of the listing is not a JSON object", hint=_LOOK)
    for host in listed:
        if "_meta" in root:
            found = meta["hostvars"].get(host, {})
        else:
            found = host_variables(host) if host_variables else {}
        if not isinstance(found, dict):
            raise place.error(f"the variables of host {host} are not a JSON object", hint=_LOOK)
        for key, value in found.items():
            tree.assign(tree.hosts[host], Variable(key, value, source))


def _read_group(
    tree: Tree, source: Source, name: str, content: Any, listed: dict[str, None]
) -> None:
    place = source.place()
    if not name:
        raise place.error("a group's name is empty", hint=_LOOK)
    group = tree.add_group(name)
    if not isinstance(content, dict):
        content = {"hosts": content}
    elif not any(section in content for section in _SECTIONS):
        content = {"hosts": [name], "vars": content}
    _read_members(tree, source, group, content.get("hosts", []), listed)
    variables = content.get("vars", {})
    if not isinstance(variables, dict):
        raise place.error(f"vars of group {name} are not a JSON object", hint=_LOOK)
    for key, value in variables.items():
        tree.assign(group, Variable(key, value, source))
    children = content.get("children", [])
    if not isinstance(children, (list, dict)):
        raise place.error(f"children of group {name} are not a JSON array", hint=_LOOK)
    for child in children:
        if not isinstance(child, str) or not child:
            raise place.error(f"a child of group {name} is not a group's name", hint=_LOOK)
        tree.adopt(group, tree.add_group(child), place)


def _read_members(
    tree: Tree, source: Source, group: Group, hosts: Any, listed: dict[str, None]
) -> None:
    place = source.place()
    if not isinstance(hosts, list):
        raise place.error(f"hosts of group {group.name} are not a JSON array", hint=_LOOK)
    for host in hosts:
        if not isinstance(host, str):
            raise place.error(f"a host of group {group.name} is not text", hint=_LOOK)
        tree.add_host(host, source, place, group=group)
        listed[host] = None
