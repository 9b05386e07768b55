"""What is in force now, or will be after the next boot, as a rule about a value asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tuner.policy.policy import Policy
from tuner.rules._boot import next_boot
from tuner.rules._finding import Origin
from tuner.rules._values import endorsed, lines_for
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import mainline_default
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value


@dataclass(frozen=True, slots=True)
class InForce:
    """Numbers that are wrong, and when. ``lead`` begins the finding's message."""

    numbers: tuple[int, ...]
    live: bool

    @property
    def number(self) -> int:
        """The first number, or the only one."""
        return self.numbers[0]

    @property
    def lead(self) -> str:
        """What to say first: nothing where the value is live."""
        return "" if self.live else "The next boot sets it. "


def vector_in_force(
    snapshot: Snapshot, policy: Policy, key: Key, wrong: Callable[[tuple[int, ...]], bool]
) -> InForce | None:
    """Return the live numbers if they are wrong, else those of the next boot if they are.

    None where neither is, where the kernel has no such key here, or where the policy asks for the
    value: whoever writes that has decided.

    Raises:
        Unreadable: the key could not be read.
    """
    value = snapshot.value(key)
    if value is None:
        return None
    given = value.ints()
    if given and wrong(given):
        return None if endorsed(snapshot, policy, key, value) else InForce(given, live=True)
    if not _decided(snapshot, key):
        return None
    boot = next_boot(snapshot, key)
    if boot.origin is Origin.FILE and boot.value is not None:
        then = boot.value.written
        if then and wrong(then) and not endorsed(snapshot, policy, key, boot.value):
            return InForce(then, live=False)
    return None


def in_force(
    snapshot: Snapshot, policy: Policy, key: Key, wrong: Callable[[int], bool]
) -> InForce | None:
    """Return the number that is wrong, live or after the next boot, as for a vector.

    Raises:
        Unreadable: the key could not be read.
    """
    return vector_in_force(snapshot, policy, key, lambda given: len(given) == 1 and wrong(given[0]))


def _decided(snapshot: Snapshot, key: Key) -> bool:
    """Tell whether a line decides the key; a look-up, where ``next_boot`` works out a default."""
    return snapshot.boot is not None and key in snapshot.boot.decisions


def default_of(snapshot: Snapshot, key: Key) -> Value | None:
    """Return mainline's default on this kernel, None where it depends on the machine."""
    return mainline_default(key, snapshot.kernel)


def note_of(snapshot: Snapshot, key: Key) -> str:
    """Return what people wrote about the key at its lines, the deciding one last."""
    return "\n".join(line.note for line in lines_for(snapshot, key) if line.note)


def is_set(snapshot: Snapshot, key: Key) -> bool:
    """Tell whether somebody chose the value: a line sets it, or it is not the default."""
    if _decided(snapshot, key) and next_boot(snapshot, key).origin is Origin.FILE:
        return True
    default = default_of(snapshot, key)
    return default is not None and snapshot.reading(key) != default
