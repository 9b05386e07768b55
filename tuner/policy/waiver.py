"""A finding that somebody decided to live with: which, why, who and until when."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, model_validator


class Waiver(BaseModel):
    """A waiver for one rule, one key, or one rule on one key."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_min_length=1)

    rule: str | None = None
    key: str | None = None
    reason: str
    owner: str
    until: date

    @model_validator(mode="after")
    def _names_something(self) -> Waiver:
        if self.rule is None and self.key is None:
            raise ValueError("a waiver names a rule, a key, or both")
        return self

    def covers(self, rule: str, key: str | None) -> bool:
        """Tell whether a finding of that rule on that key is meant."""
        return self.rule in {None, rule} and (self.key is None or self.key == key)
