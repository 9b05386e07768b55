"""The name of a kernel setting, in one canonical spelling.

sysctl(8) and sysctl.d(5) accept ``net.ipv4.ip_forward`` and ``net/ipv4/ip_forward``. Whichever of
the two characters comes first is the separator; the other one then stands for itself, so that an
interface named ``eth0.100`` is ``net/ipv4/conf/eth0.100/rp_filter`` or
``net.ipv4.conf.eth0/100.rp_filter``. The dotted form is the canonical one here.
"""

from __future__ import annotations

import re
from typing import NewType

Key = NewType("Key", str)

_SWAP = str.maketrans("./", "/.")
_ROOT = "/proc/sys/"
_PLAIN = re.compile(r"[^\s\x00-\x1f=]+")


def swap_separators(text: str) -> str:
    """Return the text with every dot and slash exchanged."""
    return text.translate(_SWAP)


def parse_key(text: str) -> Key:
    """Return the key that a person spelled with dots or with slashes.

    Raises:
        ValueError: the text is empty, holds blanks or ``=``, or has an empty component.
    """
    text = text.strip().removeprefix(_ROOT)
    cut = re.search(r"[./]", text)
    dotted = swap_separators(text) if cut and cut.group() == "/" else text
    if not _PLAIN.fullmatch(dotted) or "" in dotted.split("."):
        raise ValueError(f"not a sysctl key: {text!r}")
    return Key(dotted)


def key_from_path(path: str) -> Key:
    """Return the key of a path below ``/proc/sys``, given with or without that prefix."""
    path = path.removeprefix(_ROOT)
    return Key(swap_separators(path) if "." in path else path.replace("/", "."))


def key_path(key: Key) -> str:
    """Return the key's path below ``/proc/sys``, without a leading slash."""
    return swap_separators(key) if "/" in key else key.replace(".", "/")
