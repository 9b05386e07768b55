"""The words that all forms of a report share."""

from __future__ import annotations

import pytest

from tuner.report._report import Failure
from tuner.report._words import next_boot, said
from tuner.rules._finding import NextBoot, Origin
from tuner.sysctl.value import Value


@pytest.mark.parametrize(
    ("boot", "words"),
    [
        (NextBoot(Origin.FILE, Value(("1024", "60999")), "/etc/sysctl.conf", 1), "1024 60999"),
        (NextBoot(Origin.FILE, Value(()), "/etc/sysctl.conf", 1), "empty"),
        (NextBoot(Origin.DEFAULT, Value(("60",))), "60 (kernel default)"),
        (NextBoot(Origin.DEFAULT, Value(())), "empty (kernel default)"),
        (NextBoot(Origin.UNSET), "kernel default"),
        (NextBoot(Origin.ABSENT), "no such key"),
        (NextBoot(Origin.UNKNOWN), "unknown"),
    ],
)
def test_what_the_next_boot_gives(boot: NextBoot, words: str) -> None:
    assert next_boot(boot) == words


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("a: no answer", "no answer"),
        ("a (root@a): no answer", "(root@a): no answer"),
        ("authentication failed", "authentication failed"),
        ("a is a dump", "a is a dump"),
    ],
)
def test_a_failure_is_told_without_the_name_before_it(message: str, told: str) -> None:
    assert said("a", Failure("connect", message)) == told
