"""Profiles in, one policy out: folders, ``extends``, and roles that meet on one host."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tuner.errors import PolicyError
from tuner.policy.combine import combine
from tuner.policy.policy import Avoid, Expectation, LeaveAlone, Policy
from tuner.policy.profile import Profile, parse_profile
from tuner.sysctl.key import Key

_SUFFIXES = {".yml", ".yaml"}
_SHADOWED = " (overridden)"


def load_profiles(folders: Sequence[Path]) -> Mapping[str, Profile]:
    """Return every profile of the folders by its name, which is the file's without suffix.

    A later folder's profile takes the place of an earlier one's of the same name, and may extend
    the one that it replaces by that very name.

    Raises:
        PolicyError: a folder or file cannot be read, or a profile is wrong.
    """
    profiles: dict[str, Profile] = {}
    for folder in folders:
        here: dict[str, Profile] = {}
        for path in _files(folder):
            if path.stem in here:
                raise PolicyError(
                    f"there are two profiles called {path.stem!r}: {here[path.stem].file} and this",
                    file=str(path),
                    hint="remove or rename one",
                )
            here[path.stem] = parse_profile(path.stem, _read(path), file=str(path))
        for name, profile in here.items():
            ours = profile
            if name in profiles and name in profile.extends:
                old = name + _SHADOWED
                while old in profiles:
                    old += _SHADOWED
                profiles[old] = replace(profiles[name], name=old)
                ours = replace(
                    profile, extends=tuple(old if it == name else it for it in profile.extends)
                )
            profiles[name] = ours
    return dict(sorted(profiles.items()))


def resolve(profiles: Mapping[str, Profile], roles: Sequence[str]) -> Policy:
    """Return what all the roles together want.

    A profile overrides what it extends. Two roles that want different things of one key are
    combined where both can be had (the stricter of two minima) and refused where they cannot.

    Raises:
        PolicyError: an unknown role, a cycle of ``extends``, or two roles that contradict.
    """
    whole = _Sum()
    for role in dict.fromkeys(roles):
        if role not in profiles:
            raise _unknown(profiles, role, f"there is no role {role!r}")
        whole = _add(whole, _flatten(profiles, role, ()))
    return Policy(
        roles=tuple(roles),
        lineage=frozenset(whole.lineage),
        expectations=dict(sorted(whole.expectations.items())),
        leave_alone={
            key: entry
            for key, entry in sorted(whole.leave_alone.items())
            if key not in whole.expectations
        },
        avoid={
            key: entry
            for key, entry in sorted(whole.avoid.items())
            if key not in whole.expectations
        },
    )


@dataclass(frozen=True)
class _Sum:
    """What one or several profiles say with all they extend. ``owners``: who said it last."""

    lineage: Mapping[str, frozenset[str]] = field(default_factory=dict)  # name → all it extends
    expectations: Mapping[Key, Expectation] = field(default_factory=dict)
    leave_alone: Mapping[Key, LeaveAlone] = field(default_factory=dict)
    avoid: Mapping[Key, Avoid] = field(default_factory=dict)
    owners: Mapping[Key, str] = field(default_factory=dict)


def _flatten(profiles: Mapping[str, Profile], name: str, path: tuple[str, ...]) -> _Sum:
    """Return a profile with everything it extends.

    Raises:
        PolicyError: it extends something unknown, or itself.
    """
    profile = profiles[name]
    path = (*path, name)
    below = _Sum()
    for parent in profile.extends:
        if parent in path:
            circle = " → ".join((*path[path.index(parent) :], parent))
            raise PolicyError(
                f"profiles extend each other in a circle: {circle}",
                file=profile.file,
                line=profile.extends_at[0],
                column=profile.extends_at[1],
                hint="take one of the `extends` out",
            )
        if parent not in profiles:
            error = _unknown(
                {other: it for other, it in profiles.items() if other not in path},
                parent,
                f"extends an unknown profile {parent!r}",
            )
            error.file = profile.file
            error.line, error.column = profile.extends_at
            raise error
        below = _add(below, _flatten(profiles, parent, path))
    own = {*profile.expectations, *profile.leave_alone}
    return _Sum(
        lineage={**below.lineage, name: frozenset(below.lineage)},
        expectations={
            **{key: it for key, it in below.expectations.items() if key not in own},
            **profile.expectations,
        },
        leave_alone={
            **{key: it for key, it in below.leave_alone.items() if key not in own},
            **profile.leave_alone,
        },
        avoid={**below.avoid, **profile.avoid},
        owners={**below.owners, **dict.fromkeys(own, name)},
    )


def _add(one: _Sum, other: _Sum) -> _Sum:
    """Return two roles as one.

    Raises:
        PolicyError: they contradict each other on a key.
    """
    lineage = {**one.lineage, **other.lineage}
    expectations = dict(one.expectations)
    leave_alone = dict(one.leave_alone)
    owners = dict(one.owners)
    for key, owner in other.owners.items():
        present = owners.get(key)
        if present is not None and owner in lineage[present]:
            continue  # the first role knows that line and overrides it
        if present is None or present in lineage[owner]:
            owners[key] = owner
            expectations.pop(key, None)
            leave_alone.pop(key, None)
            if key in other.expectations:
                expectations[key] = other.expectations[key]
            else:
                leave_alone[key] = other.leave_alone[key]
        elif key in other.expectations:
            owners[key] = owner
            expectations[key] = (
                _both(expectations[key], other.expectations[key])
                if key in expectations
                else other.expectations[key]
            )
        else:
            leave_alone.setdefault(key, other.leave_alone[key])
    avoid = dict(one.avoid)
    for key, entry in other.avoid.items():
        known = avoid.get(key)
        if known is None or _author(known) in lineage.get(_author(entry), ()):
            avoid[key] = entry  # the more special profile says it better
    return _Sum(lineage, expectations, leave_alone, avoid, owners)


def _author(entry: Avoid) -> str:
    return entry.origin.rpartition(":")[0]


def _both(one: Expectation, other: Expectation) -> Expectation:
    combined = combine(one, other)
    if combined is None:
        raise PolicyError(
            f"two roles of one host contradict each other on {one.key}: "
            f"{one.origin} and {other.origin}",
            hint="give the host one of the roles, or a profile of its own that extends both "
            "and settles the key",
        )
    return combined


def _unknown(profiles: Mapping[str, Profile], name: str, message: str) -> PolicyError:
    known = [it for it in profiles if not it.endswith(_SHADOWED)]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return PolicyError(message, hint=f"{hint}There are: {', '.join(sorted(known))}")


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    except OSError as error:
        raise PolicyError(
            f"cannot read the folder of profiles: {error.strerror}",
            file=str(folder),
            hint="check --profiles and its permissions",
        ) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(
            f"cannot read: {error.strerror}",
            file=str(path),
            hint="check the path and its permissions",
        ) from None
    except UnicodeDecodeError as error:
        raise PolicyError(
            f"not UTF-8 (byte {error.start})", file=str(path), hint="save it as UTF-8"
        ) from None
