"""From the path of an inventory to the hosts that are meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from pydantic import SecretStr

from tuner.errors import InventoryError
from tuner.inventory.directory import VariableFiles, read_sources
from tuner.inventory.expressions import Expressions
from tuner.inventory.groups import Tree
from tuner.inventory.host import Host
from tuner.inventory.patterns import select_hosts
from tuner.inventory.settings import Given, check_names, make_host
from tuner.inventory.variables import Variables


def load_inventory(
    path: Path,
    *,
    limit: str = "",
    roles: Sequence[str] = (),
    become: bool = False,
    become_password: SecretStr | None = None,
    password: SecretStr | None = None,
    offline: bool = False,
    script_timeout: float = 60,
    warn: Callable[[InventoryError], None] | None = None,
    rules: Callable[[], Collection[str]] | None = None,
) -> tuple[Host, ...]:
    """Return the hosts of an inventory that a limit leaves, in the inventory's order.

    Args:
        path: Ansible's inventory: YAML, INI, the JSON of ``ansible-inventory --list``, an
            executable script, or a folder of such.
        limit: which hosts, in the patterns of Ansible's ``--limit``; empty means all.
        roles: take the place of every host's ``tuner_roles``.
        become: ask through sudo even where the inventory does not say so.
        become_password: sudo's password where the inventory has none that tuner can read.
        password: SSH's password where the inventory has none that tuner can read.
        offline: no host will be connected to: passwords in a vault and foreign connections
            do not matter.
        script_timeout: seconds that one run of an inventory script may take.
        warn: is told what Ansible, too, only warns of: keys written twice, misplaced keys.
        rules: returns the names of the rules that a waiver may name; None leaves them unchecked.

    Raises:
        InventoryError: the inventory cannot be read, means nothing, or leaves no host.
    """
    tree, variables = read_inventory(path, script_timeout=script_timeout)
    for group in tree.groups.values():
        check_names(group.variables)
    for member in tree.hosts.values():
        check_names(member.variables)
    if not tree.all.members():
        raise _emptiness(tree, path)
    given = Given(
        roles=tuple(dict.fromkeys(roles)),
        become=become,
        become_password=become_password,
        password=password,
        offline=offline,
        rules=rules,
    )
    expressions = Expressions(variables)
    hosts = []
    checked: set[int] = set()
    for name in select_hosts(tree, limit):
        scope = variables.scope(name)
        for layer in scope.layers:
            if id(layer) not in checked:
                checked.add(id(layer))
                check_names(layer)
        hosts.append(make_host(scope, expressions, given))
    if warn is not None:
        for note in tree.notes:
            warn(note)
    return tuple(hosts)


def read_inventory(path: Path, *, script_timeout: float = 60) -> tuple[Tree, Variables]:
    """Return the groups and hosts of an inventory, and the variables that each host sees.

    Raises:
        InventoryError: a source that cannot be read, or that Ansible refuses.
    """
    tree = read_sources(path, script_timeout=script_timeout)
    return tree, Variables(tree, VariableFiles(path, tree.note))


def _emptiness(tree: Tree, path: Path) -> InventoryError:
    if tree.notes:
        note = tree.notes[0]
        return InventoryError(
            f"the inventory has no host; {note.message}",
            file=note.file,
            line=note.line,
            column=note.column,
            hint=note.hint,
        )
    return InventoryError("the inventory has no host", file=str(path), hint="add one")
