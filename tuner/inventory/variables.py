"""Which of the many places that may set a host's variable wins, by Ansible's precedence."""

from __future__ import annotations

from dataclasses import dataclass, field

from tuner.inventory.directory import VariableFiles
from tuner.inventory.groups import Group, Member, Tree, by_precedence
from tuner.inventory.source import Variable


@dataclass(eq=False, slots=True)
class Scope:
    """The variables that one host sees: its files', then its own, then its groups'."""

    host: str
    groups: tuple[str, ...]  # all of them, sorted, "all" excepted
    source: str  # the path of the file that mentions the host first
    layers: tuple[dict[str, Variable], ...] = field(repr=False)

    def find(self, name: str) -> Variable | None:
        """Return the variable of that name that wins, or None."""
        for layer in self.layers:
            if name in layer:
                return layer[name]
        return None

    def merged(self) -> dict[str, Variable]:
        """Return every variable that the host sees."""
        result: dict[str, Variable] = {}
        for layer in reversed(self.layers):
            result |= layer
        return result


class Variables:
    """The scopes of an inventory's hosts; hosts in the same groups share what the groups say."""

    def __init__(self, tree: Tree, files: VariableFiles) -> None:
        self.tree = tree
        self.files = files
        self._scopes: dict[str, Scope] = {}
        self._group_layers: dict[tuple[str, ...], dict[str, Variable]] = {}
        self._group_files: dict[str, dict[str, Variable]] = {}

    def scope(self, host: str) -> Scope:
        """Return the scope of a host of the tree.

        Raises:
            InventoryError: a file of variables that cannot be read.
        """
        if host not in self._scopes:
            member = self.tree.hosts[host]
            groups = self._groups(member)
            self._scopes[host] = Scope(
                host,
                tuple(sorted(group.name for group in groups)),
                member.source.path,
                (
                    self.files.read("host_vars", host),
                    member.variables,
                    self._group_layer(groups),
                ),
            )
        return self._scopes[host]

    def _groups(self, member: Member) -> list[Group]:
        found = member.all_groups()
        found.pop("all", None)
        return by_precedence(found.values())

    def _group_layer(self, groups: list[Group]) -> dict[str, Variable]:
        names = tuple(group.name for group in groups)
        if names not in self._group_layers:
            layer = dict(self.tree.all.variables)
            for group in groups:
                layer |= group.variables
            for name in ("all", *names):
                layer |= self._group_file(name)
            self._group_layers[names] = layer
        return self._group_layers[names]

    def _group_file(self, name: str) -> dict[str, Variable]:
        if name not in self._group_files:
            self._group_files[name] = self.files.read("group_vars", name)
        return self._group_files[name]
