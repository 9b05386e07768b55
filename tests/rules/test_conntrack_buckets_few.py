from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX, BUCKETS = "net.netfilter.nf_conntrack_max", "net.netfilter.nf_conntrack_buckets"

CASES: dict[str, dict[str, Any]] = {
    "long chains": {
        "live": {MAX: "1048576", BUCKETS: "65536"},
        "finds": [("warning", BUCKETS, "pass 32 of them")],
    },
    "too much memory": {
        "live": {MAX: "25000000", BUCKETS: "8388608"},
        "memory": 8 << 30,
        "finds": [("warning", MAX, "would take 7.51 GiB of 8 GiB")],
    },
    # A naive auditor wants max = buckets; eight a bucket is what the module's parameter gives.
    "naive: eight": {"live": {MAX: "524288", BUCKETS: "65536"}, "memory": 8 << 30},
    "default": {"live": {MAX: "262144", BUCKETS: "262144"}, "memory": 8 << 30},
    "no conntrack": {},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("conntrack-buckets-few", case)
