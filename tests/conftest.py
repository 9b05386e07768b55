"""Fixtures of all rooms: the test hosts in namespaces."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.fabric.fabric import Fabric, available

os.environ.pop("COLUMNS", None)  # what tests expect is as wide as in a pipe


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


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skip is a failure: everything that tests need is installed there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter is not None else ()
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        assert reporter is not None
        reporter.ensure_newline()
        for report in skipped:
            reporter.write_line(f"skipped, which is a failure in CI: {report.nodeid}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
