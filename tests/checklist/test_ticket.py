"""A saved plan as people must agree to it."""

from __future__ import annotations

import json
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
    "digest": "4b7f",
    "hosts": [
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
}


def host(**more: Any) -> PlannedHost:
    return PlannedHost.model_validate({**PLAN["hosts"][0], **more})


def test_a_plan_says_what_happens_to_whom() -> None:
    ticket = read_ticket(json.dumps(PLAN), file="plan.json")
    assert (ticket.file, ticket.digest, list(ticket.hosts)) == (
        "plan.json",
        "4b7f",
        ["web1", "web2"],
    )
    web1 = ticket.hosts["web1"]
    assert web1.keys == {Key("net.core.somaxconn")}
    assert [file.verb for file in web1.files] == ["add"]
    assert not web1.empty
    assert ticket.hosts["web2"].empty


def test_a_plan_without_a_digest_has_that_of_its_file() -> None:
    text = json.dumps({"hosts": []})
    digest = "9a8d0d3e8e8c0c93"
    found = read_ticket(text, file="p").digest
    assert len(found) == 64
    assert found != digest
    assert found == read_ticket(text, file="q").digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "plan.json:1:2: not JSON: expecting property name"),
        ('{"hosts": 3}', "plan.json: no saved plan: hosts: input should be"),
        ('{"hosts": [{}]}', "plan.json: no saved plan: hosts[0].host: field required"),
        (
            '{"hosts": [{"host": "a", "changes": [{"key": "k"}]}]}',
            "plan.json: no saved plan: hosts[0].changes[0].after: field required",
        ),
        ("[" * 100_000, "plan.json: nested too deeply"),
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
