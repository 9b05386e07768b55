"""What a line's right-hand side comes to once the kernel has read it."""

from __future__ import annotations

from tuner.errors import Unreadable
from tuner.policy.compliance import complies
from tuner.policy.policy import Expectation, Policy
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import Parameter, describe, mainline_default
from tuner.sysctl.files import Setting
from tuner.sysctl.forms import NUMERIC, PORT_RANGE
from tuner.sysctl.key import Key
from tuner.sysctl.numbers import Span, parse_ports
from tuner.sysctl.value import Value
from tuner.sysctl.version import KernelVersion, parse_version

RESERVED_PORTS = Key("net.ipv4.ip_local_reserved_ports")


def outside(parameter: Parameter, number: int) -> bool:
    """Tell whether the kernel's range leaves the number out."""
    limits = parameter.range
    return limits is not None and number not in limits


def refused(key: Key, value: Value, kernel: KernelVersion) -> bool:
    """Tell whether the kernel is known not to take the value, so that the line changes nothing."""
    parameter = describe(key)
    if parameter is None:
        return False
    if not parameter.writable:
        return True
    if parameter.type not in NUMERIC and key != PORT_RANGE:
        return False
    given = value.written
    if not given:
        return True
    limits = parameter.range
    if limits is None or (limits.since is not None and kernel < parse_version(limits.since)):
        return False
    return not all(number in limits for number in given)


def memory_for(expectation: Expectation, snapshot: Snapshot) -> int:
    """Return the host's memory in bytes, or 0 where what is wanted does not depend on it.

    Hosts that are alike in all else differ in their last kilobytes.
    """
    return snapshot.system.memory if expectation.per_gib else 0


def agrees(key: Key, line: Value, live: Value) -> bool:
    """Tell whether the live value is what the line says.

    A vector's line may name only its first numbers; a single number's may have more than the
    kernel reads; port lists are compared as ports.
    """
    if line.tokens == live.tokens:
        return True
    said, shown = line.written, live.ints()
    if not said or not shown:
        return key == RESERVED_PORTS and _ports(line) == _ports(live)
    length = min(len(said), len(shown))
    return said[:length] == shown[:length]


def completed(line: Value, default: Value | None) -> Value:
    """Return what a boot makes of the line: numbers it leaves out keep their default."""
    said = line.written
    tokens = line.tokens if said is None else tuple(map(str, said))
    rest = default.tokens[len(tokens) :] if default is not None and tokens else ()
    return Value(tokens + rest)


def port_range(snapshot: Snapshot) -> tuple[int, int] | None:
    """Return the first and last local port, None where the key is absent.

    Raises:
        Unreadable: it could not be read, or is not two numbers.
    """
    value = snapshot.value(PORT_RANGE)
    if value is None:
        return None
    given = value.ints()
    if given is None or len(given) != 2:  # noqa: PLR2004 - first and last
        raise Unreadable(f"{PORT_RANGE} (not two numbers: {value})")
    return given[0], given[1]


def reserved_ports(snapshot: Snapshot) -> tuple[Span, ...]:
    """Return the ports that the kernel gives to nobody by itself.

    Raises:
        Unreadable: the key could not be read.
    """
    value = snapshot.value(RESERVED_PORTS)
    return () if value is None else _ports(value) or ()


def _ports(value: Value) -> tuple[Span, ...] | None:
    return parse_ports(str(value).encode())


def lines_for(snapshot: Snapshot, key: Key) -> tuple[Setting, ...]:
    """Return the lines that take part in boot and assign the key by its name."""
    if snapshot.boot is None:
        return ()
    return tuple(
        setting
        for setting in snapshot.boot.settings
        if setting.key == key and setting.value is not None
    )


def endorsed(snapshot: Snapshot, policy: Policy, key: Key, value: Value | None = None) -> bool:
    """Tell whether the policy asks for the value, so that advice against it is moot.

    A policy that merely allows the value besides the kernel's own default has decided nothing.

    Args:
        snapshot: the host.
        policy: what its roles want.
        key: the setting.
        value: what it is or would be; the live value where none is given.
    """
    expectation = policy.expectations.get(key)
    asked = snapshot.value(key) if value is None and expectation is not None else value
    if expectation is None or asked is None:
        return False
    default = mainline_default(key, snapshot.kernel)
    memory = memory_for(expectation, snapshot)
    if complies(expectation, asked, default=default, memory=memory) is not True:
        return False
    if expectation.relation in {"exactly", "one_of"}:
        return True
    return default is not None and not complies(
        expectation, default, default=default, memory=memory
    )
