"""The policy of every combination of roles that a run needs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.errors import PolicyError
from tuner.inventory.host import Host
from tuner.policy.policy import Policy
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
                raise
    return policies
