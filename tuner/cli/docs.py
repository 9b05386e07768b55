"""`make docs`: write the manual into a folder, and take out pages that are no more."""

from __future__ import annotations

import sys
from pathlib import Path

from tuner.cli.manual import manual
from tuner.report.manual.site import site


def main(folder: Path) -> int:
    """Write every page that has changed; return how many."""
    pages = site(manual())
    written = 0
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written += 1
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in pages:
            path.unlink()
    return written


if __name__ == "__main__":
    print(f"{main(Path(sys.argv[1]))} pages written")
