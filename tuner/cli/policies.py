"""Which policy each host is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tuner.errors import PolicyError
from tuner.inventory.host import Host
from tuner.policy.policy import Policy
from tuner.policy.profile import Profile
from tuner.policy.resolve import load_profiles, resolve
from tuner.resources import folder

DEFAULT_ROLE = "base"


def profiles_of(folders: Sequence[str]) -> Mapping[str, Profile]:
    """Return tuner's own profiles and those of the folders.

    Raises:
        PolicyError: a profile is wrong.
    """
    return load_profiles([folder("profiles"), *map(Path, folders)])


def policies_of(
    hosts: Iterable[Host], profiles: Mapping[str, Profile]
) -> Mapping[tuple[str, ...], Policy]:
    """Return the policy of every combination of roles among the hosts.

    Raises:
        PolicyError: a role is unknown, or two roles of a host contradict.
    """
    policies: dict[tuple[str, ...], Policy] = {}
    for host in hosts:
        if host.roles not in policies:
            try:
                policies[host.roles] = resolve(profiles, host.roles or (DEFAULT_ROLE,))
            except PolicyError as error:
                if not error.file:
                    error.message = f"{host.name}: {error.message}"
                raise
    return policies
