from __future__ import annotations

from collections.abc import Callable
from typing import Any

ALL, DEFAULT = "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"
FILE = "/etc/sysctl.d/9.conf"

CASES: dict[str, dict[str, Any]] = {
    "both, once": {
        "live": {ALL: "1", DEFAULT: "1"},
        "files": {FILE: f"{ALL} = 1\n{DEFAULT} = 1"},
        "finds": [("note", ALL, "takes ::1")],
    },
    # A naive auditor sees the key in the file; the line keeps IPv6 on.
    "naive: 0": {"live": {ALL: "0"}, "files": {FILE: f"{ALL} = 0"}},
    "the policy wants it": {
        "live": {ALL: "1"},
        "files": {FILE: f"{ALL} = 1"},
        "profile": f"expect: {{{ALL}: {{exactly: 1, why: w, sources: s}}}}",
    },
    "no IPv6 at all": {"files": {FILE: f"{ALL} = 1"}},
}


def test_case(judge: Callable[..., Any], case: dict[str, Any]) -> None:
    judge("ipv6-disabled", case)
