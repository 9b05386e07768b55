"""What other publishers recommend for a key, condensed, and why our profiles differ or agree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tuner.sysctl.key import Key

_LOADER: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_min_length=1)


class Publisher(_Record):
    """Who recommends something, and where it was read."""

    name: str
    source: str


class Recommendation(_Record):
    """What publishers say of one key (publisher → value), and ``why`` we differ or agree."""

    says: Mapping[str, str] = Field(min_length=1)
    why: str


class Peers(_Record):
    """All that was gathered."""

    publishers: Mapping[str, Publisher] = Field(default_factory=dict)
    keys: Mapping[Key, Recommendation] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _knows_every_publisher(self) -> Peers:
        for key, recommendation in self.keys.items():
            for name in recommendation.says:
                if name not in self.publishers:
                    raise ValueError(f"{key}: there is no publisher {name!r}")
        return self


@cache
def peers() -> Peers:
    """Return what was gathered, sorted by key."""
    text = Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")
    found = Peers.model_validate(yaml.load(text, Loader=_LOADER))  # noqa: S506 - makes text only
    return found.model_copy(update={"keys": dict(sorted(found.keys.items()))})
