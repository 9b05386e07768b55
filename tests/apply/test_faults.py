"""Whatever goes wrong at whichever step: a host comes out entirely old or entirely new."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.apply.conftest import Bench
from tests.apply.faults import FAULTS, Case, Wholes, cases, play, references
from tests.fabric.fabric import Fabric
from tuner.apply.protocol import STEPS, Phase

pytestmark = pytest.mark.root

AT_ONCE = int(os.environ.get("TUNER_FAULTS_AT_ONCE", "16"))


@pytest.fixture(scope="module")
def wholes(fabric: Fabric, bench: Bench) -> dict[bool, Wholes]:
    return {systemd: references(fabric, bench, systemd=systemd) for systemd in (False, True)}


def play_all(
    chosen: Sequence[Case], wholes: dict[bool, Wholes], fabric: Fabric, bench: Bench, revert_in: int
) -> str:
    """Return the figure; every case that went wrong is told at once."""
    wrong = {}
    came_out: Counter[str] = Counter()

    def one(case: Case) -> None:
        try:
            came_out[play(case, wholes[case.systemd], fabric, bench, revert_in)] += 1
        except Exception as error:  # noqa: BLE001 - all cases are to be heard
            (*_, place) = traceback.extract_tb(error.__traceback__)
            wrong[str(case)] = f"line {place.lineno}: {type(error).__name__}: {error}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, chosen))
    assert wrong == {}, "\n\n".join(f"{case}\n{why}" for case, why in wrong.items())
    places = {(case.phase, case.point) for case in chosen}
    return (
        f"{len(places)} steps, {len({case.fault for case in chosen})} faults, {len(chosen)} cases: "
        f"{came_out['old']} old, {came_out['new']} new, none between"
    )


def test_a_slice_of_the_faults(
    fabric: Fabric, bench: Bench, wholes: dict[bool, Wholes], capsys: pytest.CaptureFixture[str]
) -> None:
    points = list(dict.fromkeys((case.phase, case.point) for case in cases()))
    names = list(FAULTS)
    chosen = [
        Case(*points[number], names[number % len(names)], systemd=number % 2 == 1)
        for number in range(0, len(points), 3)
    ]
    figure = play_all(chosen, wholes, fabric, bench, revert_in=6)
    with capsys.disabled():
        print(f"\n{figure}")


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_all_faults_at_every_step(
    fabric: Fabric, bench: Bench, wholes: dict[bool, Wholes], capsys: pytest.CaptureFixture[str]
) -> None:
    only = os.environ.get("TUNER_FAULTS", "")
    chosen = [case for case in cases() if only in str(case)]
    if only:
        print(play_all(chosen, wholes, fabric, bench, revert_in=15))
        return
    told = {case.point.partition(" ")[0] for case in chosen}
    assert told == {step.name for step in STEPS if step.phase in set(Phase)}
    figure = play_all(chosen, wholes, fabric, bench, revert_in=15)
    with capsys.disabled():
        print(f"\n{figure}")
