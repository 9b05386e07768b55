"""How a setting is written so that every loader reads the same.

The traps were measured with systemd-sysctl 247 to 262, procps 3.3.17 to 4.0.7 and busybox 1.30 to
1.38: a dotted interface name splits differently in each, ``*?[`` are patterns in some, and what
follows a value belongs to it in all.
"""

from __future__ import annotations

import re

from tuner.sysctl.catalog import describe
from tuner.sysctl.files import normalize_key
from tuner.sysctl.key import Key, key_path
from tuner.sysctl.value import Value

SECRETS = frozenset({"tcp_fastopen_key", "stable_secret"})
"""Last components of keys that hold secrets; a plan is shown and kept, so they stay out of it."""

_FAMILIES = {"conf", "neigh"}
_SHARED = {"all", "default"}
_INTERFACE_AT = 3
_TOKEN = re.compile(r"[A-Za-z0-9_.,:+/-]+")
_UNSAFE = re.compile(r"[*?\[\]=#;\\\s]|[^ -~]")
_NUMERIC = {"bool", "int", "enum", "bitmap", "vector"}


def interface_of(key: Key) -> str:
    """Return the interface that the key is of, empty for none, ``all`` and ``default``."""
    parts = key.split(".")
    if len(parts) != _INTERFACE_AT + 2 or parts[2] not in _FAMILIES:
        return ""
    name = parts[_INTERFACE_AT]
    return "" if name in _SHARED else name


def spell(key: Key) -> str:
    """Return the key as a file says it: slashes where an interface's name may hold dots."""
    return key_path(key) if interface_of(key) or "/" in key else key


def is_secret(key: Key) -> bool:
    """Tell whether the key's value is a secret."""
    return key.rpartition(".")[2] in SECRETS


def spellable(key: Key) -> bool:
    """Tell whether every loader reads the key's spelling as this very key."""
    name = spell(key)
    parts = key_path(key).split("/")
    return (
        not _UNSAFE.search(name)
        and not name.startswith(("-", "/"))
        and not {"", ".", ".."} & set(parts)
        and normalize_key(name) == key
    )


def decimal(key: Key, value: Value) -> Value:
    """Return the value with its numbers in decimal, as the kernel prints them."""
    parameter = describe(key)
    if parameter is None or parameter.type not in _NUMERIC:
        return value
    tokens = []
    for token in value.tokens:
        digits = token.removeprefix("-").lower()
        base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
        try:
            tokens.append(str(int(token, base if digits.strip("0") else 10)))
        except ValueError:
            tokens.append(token)
    return Value(tuple(tokens))


def writable_text(value: Value) -> bool:
    """Tell whether the value is plain text without quotes, comments or control characters."""
    return bool(value.tokens) and all(_TOKEN.fullmatch(token) for token in value.tokens)


def same(one: Value | None, other: Value | None) -> bool:
    """Tell whether two values are one to the kernel: white space and leading zeros aside."""
    if one is None or other is None:
        return one is other
    if one.tokens == other.tokens:
        return True
    numbers = one.ints()
    return numbers is not None and numbers == other.ints()
