"""One host of the inventory: how to reach it and what tuner shall think of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import SecretStr

from tuner.inventory.source import Place
from tuner.policy.waiver import Waiver
from tuner.snapshot.facts import Facts


class Way(StrEnum):
    """How a host is asked."""

    SSH = "ssh"
    LOCAL = "local"
    DUMP = "dump"
    OTHER = "other"  # a connection of Ansible's that tuner has not, such as winrm


@dataclass(frozen=True, slots=True)
class Become:
    """Ask as another user, by sudo. ``password`` None: sudo must not need one."""

    user: str = "root"
    password: SecretStr | None = None
    flags: tuple[str, ...] = ()
    exe: str = "sudo"


@dataclass(frozen=True, slots=True)
class Host:
    """A host as the inventory describes it; empty and None leave the choice to ssh_config."""

    name: str
    way: Way = Way.SSH
    connection: str = ""  # ansible_connection, for Way.OTHER
    address: str = ""  # ansible_host; empty: the name
    port: int | None = None
    user: str = ""
    password: SecretStr | None = None
    private_key_file: str = ""
    private_key_passphrase: SecretStr | None = None
    ssh_common_args: str = ""  # ansible_ssh_args, ..._common_args and ..._extra_args, joined
    host_key_checking: bool | None = None  # ansible_host_key_checking, where someone wrote it
    become: Become | None = None
    dump: str = ""  # tuner_dump: the path of a file, for Way.DUMP
    roles: tuple[str, ...] = ()
    roles_at: tuple[Place, ...] = field(default=(), compare=False, repr=False)  # where each stands
    facts: Facts = field(default_factory=Facts)
    waivers: tuple[Waiver, ...] = ()
    groups: tuple[str, ...] = ()  # every group the host is in, "all" excepted, sorted
