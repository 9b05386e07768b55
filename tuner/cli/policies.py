"""The policy of every combination of roles that a run needs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.errors import PolicyError
from tuner.inventory.host import Host
from tuner.policy.policy import Policy
from tuner.policy.profile import Profile
from tuner.policy.resolve import load_profiles, resolve
from tuner.resources import folder

DEFAULT_ROLE = "base"


def policies_of(
    hosts: Sequence[Host], options: argparse.Namespace
) -> Mapping[tuple[str, ...], Policy]:
    """Return the policy of every combination of roles among the hosts.

    Raises:
        PolicyError: a profile is wrong, a role unknown, or two roles of a host contradict.
    """
    profiles = load_profiles([folder("profiles"), *map(Path, options.profiles)])
    policies: dict[tuple[str, ...], Policy] = {}
    for host in hosts:
        if host.roles not in policies:
            try:
                policies[host.roles] = resolve(profiles, host.roles or (DEFAULT_ROLE,))
            except PolicyError as error:
                if not error.file:
                    error.message = f"{host.name}: {error.message}"
                    _locate(error, host, profiles)
                raise
    return policies


def _locate(error: PolicyError, host: Host, profiles: Mapping[str, Profile]) -> None:
    """Say where the inventory gives the host the role that is wrong, or else the first one."""
    wrong = next((i for i, role in enumerate(host.roles) if role not in profiles), 0)
    for place in host.roles_at[wrong : wrong + 1]:
        error.file, error.line, error.column = place.file, place.line, place.column
