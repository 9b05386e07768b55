"""Write one report in one format and say what it cost: render.py FORMAT HOSTS alike|unlike FILE.

Prints CPU seconds of the rendering alone, bytes written, and by how many bytes memory grew.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.fleet import fleet
from tuner.cli.exits import Exit
from tuner.cli.outputs import FORMS


def main() -> None:
    form, hosts, likeness, name = sys.argv[1:]
    report = fleet(int(hosts), alike=likeness == "alike")
    before = _memory()
    start = time.process_time()
    path = Path(name)
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(FORMS[form](report, Exit.FINDINGS))
    cpu = time.process_time() - start
    print(f"{cpu} {path.stat().st_size} {_memory() - before}")


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
