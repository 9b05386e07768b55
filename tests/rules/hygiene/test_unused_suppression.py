"""unused-suppression: what shows when all rules have judged."""

from __future__ import annotations

from collections.abc import Callable

from tests.rules.hygiene.conftest import FILE, LineCase
from tuner.rules._check import registry
from tuner.rules._lint import lint
from tuner.snapshot.snapshot import Snapshot

CASES: dict[str, tuple[str, list[tuple[str, str]], list[str]]] = {
    "used": (
        "# tuner: ignore[pinned-default] ticket 4711\nnet.ipv4.tcp_fin_timeout = 60\n",
        [],
        ["pinned-default"],
    ),
    "used through other comments": (
        (
            "# tuner: ignore[pinned-default] ticket 4711\n# the vendor asks for it\n"
            "net.ipv4.tcp_fin_timeout = 60 # x\n"
        ),
        [("3:31", "trailing-comment"), ("1:1", "unused-suppression")],
        [],
    ),
    "unused": (
        "# tuner: ignore[pinned-default] ticket 4711\nnet.core.somaxconn = 8192\n",
        [("1:1", "unused-suppression")],
        [],
    ),
    "a blank line ends it": (
        "# tuner: ignore[quoted-value] ticket 4711\n\nnet.core.somaxconn = '1'\n",
        [("1:1", "unused-suppression"), ("3:22", "quoted-value")],
        [],
    ),
    "whole file": (
        (
            "net.core.somaxconn = '1'\nnet.core.somaxconn = '2'\n"
            "# tuner: ignore-file[quoted-value,duplicate-key] the test of a parser\n"
        ),
        [],
        ["duplicate-key", "quoted-value", "quoted-value"],
    ),
    "no such rule": (
        "# tuner: ignore[quoted-valeu] ticket 4711\nnet.core.somaxconn = '1'\n",
        [("1:1", "unused-suppression"), ("2:22", "quoted-value")],
        [],
    ),
    "what turns on kernel and role is not called unused": (
        "# tuner: ignore[tw-recycle,sack-off] old kernels\nnet.core.somaxconn = 8192\n",
        [],
        [],
    ),
    "without a reason nothing is suppressed, and a naive auditor would call it unused": (
        "# tuner: ignore[quoted-value]\nnet.core.somaxconn = '1'\n",
        [("1:1", "unreasoned-suppression"), ("2:22", "quoted-value")],
        [],
    ),
}


def test_unused_suppression(
    files: Callable[[LineCase], Snapshot],
    case: tuple[str, list[tuple[str, str]], list[str]],
) -> None:
    text, expected, suppressed = case
    linted = lint(files({"text": text}))
    found = [(f"{it.line}:{it.column}", it.rule) for it in linted.findings]
    assert sorted(found) == sorted(expected)
    assert [it.finding.rule for it in linted.suppressed] == suppressed
    assert all(it.reason for it in linted.suppressed)


def test_a_rule_that_was_not_asked_leaves_its_comment_in_peace(
    files: Callable[[LineCase], Snapshot],
) -> None:
    text = "# tuner: ignore[quoted-value] ticket 4711\nnet.core.somaxconn = 1\n"
    rules = [registry()["unused-suppression"], registry()["empty-value"]]
    assert lint(files({"files": {FILE: text}}), rules).findings == ()
