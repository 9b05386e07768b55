"""Inventories from the wild, with what the real Ansible says of them; in the folder TUNER_CORPUS."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.long
@pytest.mark.skipif("TUNER_CORPUS" not in os.environ, reason="TUNER_CORPUS is not set")
def test_everything_that_the_corpus_says(
    tuners_answer: Callable[[Path, list[str]], dict[str, Any]],
) -> None:
    folder = Path(os.environ["TUNER_CORPUS"]) / "inventories"
    wrong: list[str] = []
    agreed = 0
    for line in (folder / "index.jsonl").read_text().splitlines():
        entry = json.loads(line)
        path = folder / entry["dir"] / entry["file"]
        if not path.exists():
            continue
        ours = tuners_answer(path, [])
        if entry["rc"]:
            same = "error" in ours
        else:
            said = json.loads((path.parent / "expected.hosts.json").read_text())
            hostvars = json.loads(json.dumps(ours.get("hostvars")))
            same = (
                sorted(ours.get("hosts", ())) == sorted(said["all_hosts"])
                and {n: sorted(h) for n, h in ours["groups"].items()}
                == {n: sorted(h) for n, h in said["groups"].items()}
                and {h: v for h, v in hostvars.items() if v} == said["hostvars"]
            )
        agreed += same
        if not same:
            wrong.append(f"{entry['dir']}/{entry['file']}: {ours.get('error', 'differs')}")
    assert not wrong
    assert agreed > 0
