"""What nobody can see from the host, declared by the people who know (``tuner_facts``)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Known(StrEnum):
    """A question's answer; ``unknown`` is an answer too, and the default."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Balancer(StrEnum):
    """What spreads the load in front of the host."""

    NONE = "none"
    L4 = "l4"  # forwards packets; the host sees the clients' addresses
    L7 = "l7"  # ends the clients' connections and opens its own
    UNKNOWN = "unknown"


class Spread(StrEnum):
    """How that balancer chooses a host."""

    IP_HASH = "ip-hash"
    ROUND_ROBIN = "round-robin"
    OTHER = "other"
    UNKNOWN = "unknown"


class Facts(BaseModel):
    """Declared topology of one host.

    ``nat``: address translation lies between this host and its clients. ``balancer`` and
    ``spread``: what stands in front. ``internet``: the host accepts connections from the Internet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nat: Known = Known.UNKNOWN
    balancer: Balancer = Balancer.UNKNOWN
    spread: Spread = Spread.UNKNOWN
    internet: Known = Known.UNKNOWN
