"""Ansible's YAML inventories: groups with ``hosts``, ``vars`` and ``children``."""

from __future__ import annotations

from typing import Any

from yaml.nodes import Node

from tuner.documents import kind_of
from tuner.errors import InventoryError
from tuner.inventory.addresses import RANGE_HINT, parse_pattern
from tuner.inventory.groups import Group, Tree
from tuner.inventory.json_source import is_listing, parse_listing
from tuner.inventory.source import Source, Variable, suggest
from tuner.inventory.yaml_text import Entry, YamlText

_SECTIONS = ("vars", "children", "hosts")


class ForeignPlugin(InventoryError):  # noqa: N818 - it names what was found
    """A YAML file that configures an inventory plugin, which only Ansible can run."""


def parse_yaml(tree: Tree, source: Source) -> None:
    """Read a YAML inventory, or the JSON of ``ansible-inventory --list``, into the tree.

    Raises:
        InventoryError: what Ansible refuses too, and a plugin's configuration.
    """
    document = YamlText(source, tree.note)
    root = document.value
    if not root:
        raise source.place().error("the file is empty", hint="add a group and a host")
    if not isinstance(root, dict):
        raise document.place(document.node).error(
            f"an inventory is a mapping of groups, and this is {kind_of(root)}",
            hint="start with:  all: {hosts: {name: }}",
        )
    if document.node is None and is_listing(root):
        parse_listing(tree, source, root)
        return
    if root.get("plugin"):
        raise ForeignPlugin(
            f"this configures the inventory plugin {root['plugin']!r}, which only Ansible can run",
            file=source.path,
            hint=f"run ansible-inventory -i {source.path} --list > list.json and use that file",
        )
    reader = _Reader(tree, document)
    for name, name_node, value, node in document.entries(root, document.node):
        reader.read_group(name, name_node, value, node)


class _Reader:
    def __init__(self, tree: Tree, document: YamlText) -> None:
        self.tree = tree
        self.document = document

    def read_group(
        self, name: Any, name_node: Node | None, value: Any, node: Node | None
    ) -> Group | None:
        place = self.document.place(name_node)
        if not isinstance(value, (dict, type(None))):
            self.tree.note(place, f"{name!r} is {kind_of(value)}, not a group; it is passed over")
            return self.tree.groups.get(name) if isinstance(name, str) else None
        if not isinstance(name, str) or not name:
            raise place.error(f"{name!r} is not a group's name", hint="put the name in quotes")
        group = self.tree.add_group(name)
        if value is None:
            return group
        entries = self.document.entries(value, node)
        for section, section_node, content, _ in entries:
            if section in _SECTIONS and not isinstance(content, (dict, str, type(None))):
                raise self.document.place(section_node).error(
                    f"{section} of group {name} must be a mapping, and this is {kind_of(content)}",
                    hint=f"write each of the {section} with a colon after it, and no dash",
                )
        for section, section_node, content, content_node in entries:
            self._read_section(group, section, section_node, content, content_node)
        return group

    def _read_section(
        self, group: Group, section: Any, section_node: Node | None, content: Any, node: Node | None
    ) -> None:
        entries: list[Entry] = []
        if isinstance(content, str) and section in _SECTIONS:
            entries = [(content, node, None, None)]
        elif isinstance(content, dict):
            entries = self.document.entries(content, node)
        elif content is None:
            return
        match section:
            case "vars":
                for name, name_node, value, value_node in entries:
                    self.tree.assign(group, self._variable(name, value, name_node, value_node))
            case "children":
                for entry in entries:
                    self._read_child(group, *entry)
            case "hosts":
                for entry in entries:
                    self._read_hosts(group, *entry)
            case _:
                self.tree.note(
                    self.document.place(section_node),
                    f"group {group.name} has no {section!r}: only hosts, vars and children; "
                    "it is passed over",
                    hint=suggest(repr(section).strip("'"), _SECTIONS),
                )

    def _read_child(
        self, group: Group, name: Any, name_node: Node | None, value: Any, node: Node | None
    ) -> None:
        child = self.read_group(name, name_node, value, node)
        place = self.document.place(name_node)
        if child is None and name in self.tree.hosts:
            self.tree.add_host(name, self.document.source, place, group=group)
            return
        if child is None:
            raise place.error(
                f"{name!r} among the children of {group.name} is not a group",
                hint=f"write the group's name with a colon: {name}:",
            )
        self.tree.adopt(group, child, place)

    def _read_hosts(
        self, group: Group, name: Any, name_node: Node | None, value: Any, node: Node | None
    ) -> None:
        place = self.document.place(name_node)
        if not isinstance(name, str):
            written = str(getattr(name_node, "value", name))
            raise place.error(
                f"the host {written} is {kind_of(name)} to YAML, not text",
                hint=f'put the name in quotes: "{written}":',
            )
        try:
            names, port = parse_pattern(name)
        except ValueError as error:
            raise place.error(str(error), hint=RANGE_HINT) from None
        if value and not isinstance(value, dict):
            raise place.error(
                f"the variables of host {name} must be a mapping, and this is {kind_of(value)}",
                hint="write one variable per line, indented, as name: value",
            )
        variables = [
            self._variable(key, item, key_node, item_node)
            for key, key_node, item, item_node in self.document.entries(value or {}, node)
        ]
        for each in names:
            host = self.tree.add_host(each, self.document.source, place, group=group, port=port)
            for variable in variables:
                self.tree.assign(host, variable)

    def _variable(
        self, name: Any, value: Any, name_node: Node | None, node: Node | None
    ) -> Variable:
        return Variable(
            name if isinstance(name, str) else repr(name),
            value,
            self.document.source,
            key=name_node,
            node=node,
        )
