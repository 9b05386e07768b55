"""Values that a profile must not ask for, because no kernel ever shows them."""

from __future__ import annotations

from tuner.policy.compliance import same
from tuner.sysctl.catalog import describe, latest_release
from tuner.sysctl.forms import NUMERIC, PORT_RANGE, count
from tuner.sysctl.kernel import LONGEST_NAMES, Kernel
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value


def is_numeric(key: Key) -> bool:
    """Tell whether the key is known to hold numbers."""
    parameter = describe(key)
    return key == PORT_RANGE or (parameter is not None and parameter.type in NUMERIC)


def why_refused(key: Key, text: str) -> tuple[str, str]:
    """Return why the kernel never shows that text, and what to write; empty where it may."""
    refused = f"the kernel refuses {text!r}"
    parameter = describe(key)
    longest = LONGEST_NAMES.get(key)
    if longest is not None:
        if len(text.split()) == 1 and len(text.encode("utf-8", "replace")) <= longest:
            return "", ""  # whether a module provides that name, a host can tell
        return refused, f"it takes one name of at most {longest} characters"
    kernel = Kernel({key: None}, version=latest_release())
    many = count(key)
    if is_numeric(key):
        numbers = parse_value(text).written
        if not numbers:
            takes = "two ports, as in 1024 65000" if key == PORT_RANGE else "whole numbers"
            return refused, f"it takes {takes}"
        if many and len(numbers) != many:
            return (
                f"{text!r} is not what the kernel can show: it has "
                + ("one number" if many == 1 else f"{many} numbers"),
                f"write {' '.join(map(str, numbers[:many]))}"
                if len(numbers) > many
                else "write all of them",
            )
    error = kernel.write(key, text.encode("utf-8", "replace") + b"\n").error
    if error == "EINVAL":
        if key == PORT_RANGE:
            return refused, "the first port comes first, and both lie between 1 and 65535"
        return refused, (parameter.accepts if parameter else "") or "write what it shows on a host"
    shown = kernel.text(key)
    if not error and shown is not None and not same(parse_value(text), parse_value(shown)):
        return f"{text!r} is never what the kernel shows", f"it makes {shown!r} of it; write that"
    return "", ""
