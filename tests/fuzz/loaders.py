"""Coverage-guided fuzzing of the line reader and of every loader: ``make fuzz RUNS=1000000``.

Whatever bytes a file holds, nothing raises, positions lie inside the file, and a value that a
loader would write is made of the file's own bytes.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["tuner.sysctl"]):
    from tests.fuzz.property import check


def one(data: bytes) -> None:
    """Check one input."""
    check(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
