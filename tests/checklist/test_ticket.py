"""A saved plan as people must agree to it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from tuner.checklist.ticket import PlannedHost, read_ticket, risks
from tuner.errors import ReportError
from tuner.sysctl.key import Key

CHANGE = {
    "key": "net.core.somaxconn",
    "after": "4096",
    "because": ["drift"],
    "live_before": "1024",
    "boot_before": None,
    "why": "It caps the backlog.",
}
PLAN: dict[str, Any] = {
    "schema_version": 1,
    "tool": {"name": "tuner", "version": "0.1.0"},
    "plans": [
        {
            "host": "web1",
            "roles": ["public-server"],
            "policy": "aa",
            "changes": [CHANGE],
            "files": [{"path": "/etc/sysctl.d/95-tuner.conf", "before": None, "after": "x"}],
            "left": [{"key": None, "rule": "tw-recycle", "reason": "a foreign line"}],
            "seen": {"kernel": "6.1.0", "files": {}, "values": {}},
            "more": "is passed over",
        },
        {"host": "web2"},
    ],
    "failures": [{"host": "web3", "kind": "connect", "message": "refused", "hint": ""}],
}


def host(**more: Any) -> PlannedHost:
    return PlannedHost.model_validate({**PLAN["plans"][0], **more})


def sealed(document: dict[str, Any]) -> str:
    """The text of a plan with the digest that `tuner plan` gives it."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return json.dumps({"digest": f"sha256:{hashlib.sha256(canonical).hexdigest()}", **document})


def test_a_plan_says_what_happens_to_whom() -> None:
    ticket = read_ticket(sealed(PLAN), file="plan.json")
    assert (ticket.file, list(ticket.hosts)) == ("plan.json", ["web1", "web2"])
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", ticket.digest)
    assert ticket.unplanned == {"web3": "refused"}
    web1 = ticket.hosts["web1"]
    assert web1.keys == {Key("net.core.somaxconn")}
    assert [file.verb for file in web1.files] == ["add"]
    assert not web1.empty
    assert ticket.hosts["web2"].empty


def test_a_plan_that_was_changed_is_refused() -> None:
    text = sealed(PLAN).replace('"4096"', '"8192"')
    with pytest.raises(ReportError, match="has been changed since tuner wrote it"):
        read_ticket(text, file="plan.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "plan.json:1:2: not JSON: expecting property name"),
        ('{"digest": "", "plans": 3}', "plan.json: no saved plan: plans: input should be"),
        ('{"digest": "", "plans": [{}]}', "no saved plan: plans[0].host: field required"),
        ('{"plans": []}', "plan.json: no saved plan: digest: field required"),
        (
            '{"digest": "", "plans": [{"host": "a", "changes": [{"key": "k"}]}]}',
            "plan.json: no saved plan: plans[0].changes[0].after: field required",
        ),
        ("[" * 100_000, "plan.json: not JSON: nested too deeply"),
        ("[]", "no saved plan"),
    ],
)
def test_what_is_no_plan_is_placed(text: str, said: str) -> None:
    with pytest.raises(ReportError) as caught:
        read_ticket(text, file="plan.json")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("more", "kernel", "said"),
    [
        ({}, "", "running listeners keep their backlog until they listen again"),
        ({"changes": [{**CHANGE, "safe": False}]}, "", "may cut connections or lose traffic"),
        ({"changes": [{**CHANGE, "restorable": False}]}, "", "cannot be put back"),
        ({"changes": [{**CHANGE, "write": False}]}, "", "only the next boot changes"),
        ({"files": [{"path": "/a", "before": "x", "after": "y"}]}, "", "/a: what is in it now is"),
        (
            {"files": [{"path": "/a", "before": "x", "after": "y", "foreign": True}]},
            "",
            "/a: not tuner's own file",
        ),
        (
            {"cannot_win": [{"key": "net.x", "rule": "drift", "reason": "docker writes it"}]},
            "",
            "net.x: the plan cannot decide it: docker writes it",
        ),
        ({}, "6.12.0", "the plan was made for kernel 6.1.0, and the host runs 6.12.0: plan again"),
    ],
)
def test_risks_are_named(more: dict[str, Any], kernel: str, said: str) -> None:
    found = list(risks(host(**more), kernel=kernel))
    assert any(said in risk for risk in found), found


def test_a_harmless_plan_has_no_risks() -> None:
    harmless = host(changes=[{**CHANGE, "key": "net.ipv4.tcp_sack"}])
    assert list(risks(harmless, kernel="6.1.0")) == []
