"""The tree of groups and hosts, grown by Ansible's rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tuner.errors import InventoryError
from tuner.inventory.source import Place, Source, Variable

PRIORITY = "ansible_group_priority"


@dataclass(eq=False)
class Group:
    """A group; ``depth`` is right only after `Tree.settle`."""

    name: str
    hosts: dict[str, Member] = field(default_factory=dict, repr=False)
    children: dict[str, Group] = field(default_factory=dict, repr=False)
    parents: dict[str, Group] = field(default_factory=dict, repr=False)
    variables: dict[str, Variable] = field(default_factory=dict, repr=False)
    priority: int = 1
    depth: int = 0

    def ancestors(self) -> dict[str, Group]:
        """Return every group above this one."""
        found: dict[str, Group] = {}
        todo = list(self.parents.values())
        while todo:
            group = todo.pop()
            if group.name not in found:
                found[group.name] = group
                todo.extend(group.parents.values())
        return found

    def members(self) -> dict[str, Member]:
        """Return the hosts of this group and of all groups below it, nearest group first."""
        seen = {self.name}
        level = [self]
        hosts: dict[str, Member] = {}
        while level:
            below: list[Group] = []
            for group in level:
                hosts.update(
                    (name, host) for name, host in group.hosts.items() if name not in hosts
                )
                for name, child in group.children.items():
                    if name not in seen:
                        seen.add(name)
                        below.append(child)
            level = below
        return hosts


@dataclass(eq=False)
class Member:
    """A host as sources describe it, before group variables and files reach it."""

    name: str
    source: Source = field(repr=False)
    variables: dict[str, Variable] = field(default_factory=dict, repr=False)
    groups: dict[str, Group] = field(default_factory=dict, repr=False)  # only the direct ones
    left_ungrouped: bool = False

    def all_groups(self) -> dict[str, Group]:
        """Return every group the host is in, directly or through a child."""
        found = dict(self.groups)
        for group in self.groups.values():
            found.update(group.ancestors())
        if self.left_ungrouped:  # for good, even if one of its groups is a child of that
            found.pop("ungrouped", None)
        return found


class Tree:
    """All groups and hosts. ``notes`` are things that Ansible warns of and passes over."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.hosts: dict[str, Member] = {}
        self.notes: list[InventoryError] = []
        self.all = self.add_group("all")
        self.ungrouped = self.add_group("ungrouped")
        self.adopt(self.all, self.ungrouped, Place(""))

    def add_group(self, name: str) -> Group:
        """Return the group of that name, which is new if it was not there."""
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = Group(name)
        return group

    def add_host(
        self,
        name: str,
        source: Source,
        place: Place,
        *,
        group: Group | None,
        port: int | None = None,
    ) -> Member:
        """Return the host of that name, now in the group; a port counts at first mention only.

        Raises:
            InventoryError: the name is empty or not text.
        """
        host = self.hosts.get(name)
        if host is None:
            if not name:
                raise place.error("a host's name is empty", hint="write its name, or take it out")
            if not name.isascii() and not _encodable(name):
                raise place.error("a host's name is not UTF-8", hint="save the file as UTF-8")
            host = self.hosts[name] = Member(name, source)
            if port:
                host.variables["ansible_port"] = Variable("ansible_port", port, source, place.line)
        if group is not None and name not in group.hosts:
            group.hosts[name] = host
            host.groups[group.name] = group
        return host

    def adopt(self, parent: Group, child: Group, place: Place) -> None:
        """Make one group a child of another.

        Raises:
            InventoryError: the child is above the parent already, or is the parent.
        """
        if child.name in parent.children:
            return
        if child is parent or child.name in parent.ancestors():
            raise place.error(
                f"group {child.name} cannot be a child of {parent.name}: it is above it already",
                hint="take one of the two out of the other's children",
            )
        parent.children[child.name] = child
        child.parents[parent.name] = parent

    def assign(self, owner: Group | Member, variable: Variable) -> None:
        """Set a variable; a host that is named like a group gives it to the group, as in Ansible.

        Raises:
            InventoryError: a group's priority is no number.
        """
        owner = self.groups.get(owner.name, owner)
        if isinstance(owner, Group) and variable.name == PRIORITY:
            try:
                owner.priority = int(variable.value)
            except (TypeError, ValueError, OverflowError):
                raise variable.place().error(
                    f"{PRIORITY} must be a whole number",
                    hint="write digits, such as 10; 1 is usual",
                ) from None
            return
        owner.variables[variable.name] = variable

    def note(self, place: Place, message: str, *, hint: str = "") -> None:
        """Remember something that Ansible only warns of."""
        self.notes.append(place.error(message, hint=hint))

    def settle(self, source: str) -> None:
        """Apply the rules of ``all`` and ``ungrouped``, and count depths.

        Raises:
            InventoryError: ``all`` is below one of its own groups.
        """
        for group in self.groups.values():
            if group is not self.all and not group.parents:
                self.adopt(self.all, group, Place(source))
        for host in self.hosts.values():
            groups = set(host.all_groups())
            if "ungrouped" in groups:
                if groups - {"all", "ungrouped"} and host.name in self.ungrouped.hosts:
                    del self.ungrouped.hosts[host.name], host.groups["ungrouped"]
                    host.left_ungrouped = True
            elif not groups - {"all"}:
                if host.name in self.groups:  # Ansible, too, takes the name for the group's
                    self.adopt(self.ungrouped, self.groups[host.name], Place(source))
                    continue
                self.ungrouped.hosts[host.name] = host
                host.groups["ungrouped"] = self.ungrouped
        self._count_depths()

    def _count_depths(self) -> None:
        waiting = {name: len(group.parents) for name, group in self.groups.items()}
        ready = [group for group in self.groups.values() if not group.parents]
        while ready:
            group = ready.pop()
            for child in group.children.values():
                child.depth = max(child.depth, group.depth + 1)
                waiting[child.name] -= 1
                if not waiting[child.name]:
                    ready.append(child)


def by_precedence(groups: Iterable[Group]) -> list[Group]:
    """Return the groups in the order in which a later one's variables win."""
    return sorted(groups, key=lambda group: (group.depth, group.priority, group.name))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
