"""The release of a kernel, as far as versions can explain behaviour.

Vendors backport, so a version explains what a host shows and never overrules it
(RHEL 8's "4.18" has ``tcp_tw_reuse = 2`` and many later changes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_RELEASE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, order=True)
class KernelVersion:
    """Major, minor and patch level, ordered; ``release`` is the whole of ``uname -r``."""

    major: int
    minor: int
    patch: int = 0
    release: str = field(default="", compare=False)

    def __hash__(self) -> int:
        return self.major << 20 ^ self.minor << 10 ^ self.patch  # the generated one makes a tuple

    def __str__(self) -> str:
        return self.release or f"{self.major}.{self.minor}.{self.patch}"

    def at_least(self, major: int, minor: int) -> bool:
        """Tell whether this kernel is of that mainline release or a later one."""
        return (self.major, self.minor) >= (major, minor)


@lru_cache(maxsize=1024)  # the catalogue's releases are asked for again for every host
def parse_version(release: str) -> KernelVersion:
    """Return the version in a ``uname -r`` such as ``4.18.0-553.el8_10.x86_64``.

    Raises:
        ValueError: the text does not begin with two numbers.
    """
    match = _RELEASE.match(release.strip())
    if match is None:
        raise ValueError(f"not a kernel release: {release!r}")
    major, minor, patch = match.groups(default="0")
    return KernelVersion(int(major), int(minor), int(patch), release.strip())
