"""Fixtures of all rooms: the test hosts in namespaces."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.fabric.fabric import Fabric, available


@pytest.fixture(scope="session")
def fabric() -> Iterator[Fabric]:
    """A fabric for the whole run; hosts of one test must not carry the names of another's."""
    reason = available()
    if reason:
        if os.environ.get("CI"):
            pytest.fail(f"no test hosts: {reason}")
        pytest.skip(f"no test hosts: {reason}")
    with Fabric() as made:
        yield made
