"""The truth table: who answers, who is believed, and what is open again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.checklist.conftest import snapshot
from tuner.checklist.answer import Answer, By, Standing
from tuner.snapshot.snapshot import Flow, Listener
from tuner.sysctl.key import Key

Answers = Callable[..., dict[str, Answer]]
DRIFT = {"net.core.somaxconn": "128"}
WAITING = (Flow("TIME-WAIT", "192.0.2.1", 443, "", 0, 500),)


def attest(item: str, answer: str, **more: str) -> str:
    rows = {"item": item, "answer": f'"{answer}"', "who": "Kim", "when": "2030-01-01"}
    rows |= {"until": "2030-12-31", **more}
    first, *rest = [f"{name}: {value}" for name, value in rows.items()]
    return f"- {first}\n" + "".join(f"  {line}\n" for line in rest)


TABLE: dict[str, tuple[str, dict[str, Any], Standing, str]] = {
    # question of nobody but people
    "open": ("reuse-addr", {}, Standing.OPEN, "nobody has answered"),
    "answered by a person": (
        "reuse-addr",
        {"said": attest("reuse-addr", "yes")},
        Standing.ANSWERED,
        "",
    ),
    "answered, and against": (
        "reuse-addr",
        {"said": attest("reuse-addr", "no")},
        Standing.AGAINST,
        "",
    ),
    "on its last day": (
        "reuse-addr",
        {"said": attest("reuse-addr", "yes", until="2030-06-01")},
        Standing.ANSWERED,
        "",
    ),
    "the day after": (
        "reuse-addr",
        {"said": attest("reuse-addr", "yes", until="2030-05-31")},
        Standing.EXPIRED,
        "until 2030-05-31",
    ),
    "expired, though it was against": (
        "reuse-addr",
        {"said": attest("reuse-addr", "no", until="2030-05-31")},
        Standing.EXPIRED,
        "until 2030-05-31",
    ),
    # question that the inventory may answer
    "unknown is no answer": ("nat-in-path", {"facts": {"nat": "unknown"}}, Standing.OPEN, ""),
    "answered by the inventory": (
        "nat-in-path",
        {"facts": {"nat": "yes"}},
        Standing.ANSWERED,
        "",
    ),
    "a person agrees with the inventory": (
        "nat-in-path",
        {"facts": {"nat": "yes"}, "said": attest("nat-in-path", "yes")},
        Standing.ANSWERED,
        "",
    ),
    "a person contradicts the inventory": (
        "nat-in-path",
        {"facts": {"nat": "yes"}, "said": attest("nat-in-path", "no")},
        Standing.CONTRADICTED,
        "the inventory says nat: yes",
    ),
    "an expired answer contradicts nobody": (
        "nat-in-path",
        {"facts": {"nat": "yes"}, "said": attest("nat-in-path", "no", until="2030-05-31")},
        Standing.ANSWERED,
        "",
    ),
    "a person answers what the inventory leaves out": (
        "nat-in-path",
        {"said": attest("nat-in-path", "no")},
        Standing.ANSWERED,
        "",
    ),
    # question that the host may answer
    "the host decides": ("role-settings", {}, Standing.ANSWERED, ""),
    "the host decides against": (
        "role-settings",
        {"given": snapshot(DRIFT)},
        Standing.AGAINST,
        "",
    ),
    "the plan puts it right": (
        "role-settings",
        {"given": snapshot(DRIFT), "planned": frozenset({Key("net.core.somaxconn")})},
        Standing.ANSWERED,
        "",
    ),
    "the host cannot tell, and nobody else may": (
        "next-boot",
        {"given": snapshot(files=None)},
        Standing.UNSEEN,
        "could not see sysctl.d files",
    ),
    "the host shows what nobody said": (
        "accepted-closing-side",
        {"given": snapshot(flows=WAITING)},
        Standing.ANSWERED,
        "",
    ),
    "the host contradicts": (
        "accepted-closing-side",
        {"given": snapshot(flows=WAITING), "said": attest("accepted-closing-side", "peer")},
        Standing.CONTRADICTED,
        "this host does: 500 accepted connections in TIME_WAIT",
    ),
    "the host does not contradict": (
        "accepted-closing-side",
        {"given": snapshot(flows=WAITING), "said": attest("accepted-closing-side", "either")},
        Standing.ANSWERED,
        "",
    ),
    "an expired answer is the host's to give": (
        "accepted-closing-side",
        {
            "given": snapshot(flows=WAITING),
            "said": attest("accepted-closing-side", "peer", until="2030-05-31"),
        },
        Standing.ANSWERED,
        "",
    ),
    "the host finds a true answer against": (
        "path-idle-timeout",
        {
            "given": snapshot({"net.ipv4.tcp_keepalive_time": "7200"}),
            "said": attest("path-idle-timeout", "350"),
        },
        Standing.AGAINST,
        "the path forgets a connection after 350 s",
    ),
    # hosts that could not be asked
    "unseen": (
        "role-settings",
        {"failure": "no route"},
        Standing.UNSEEN,
        "the host could not be asked: no route",
    ),
    "a person knows nevertheless": (
        "listen-backlog",
        {"failure": "no route", "said": attest("listen-backlog", "443")},
        Standing.ANSWERED,
        "",
    ),
    "nobody knows": ("listen-backlog", {"failure": "no route"}, Standing.OPEN, ""),
    # questions that turn on others
    "waits": ("nat-quarantine", {}, Standing.WAITING, "it turns on nat-in-path"),
    "moot": ("nat-quarantine", {"facts": {"nat": "no"}}, Standing.MOOT, "nat-in-path is no"),
    "asked": ("nat-quarantine", {"facts": {"nat": "yes"}}, Standing.OPEN, ""),
    "waits for one that is contradicted": (
        "nat-quarantine",
        {"facts": {"nat": "yes"}, "said": attest("nat-in-path", "no")},
        Standing.WAITING,
        "it turns on nat-in-path",
    ),
    "moot two steps down": (
        "firewall-timers",
        {"said": attest("stateful-firewall", "no")},
        Standing.MOOT,
        "stateful-firewall is no",
    ),
    "needs both": (
        "hashed-nat",
        {"facts": {"balancer": "l4", "spread": "ip-hash", "nat": "yes"}},
        Standing.OPEN,
        "",
    ),
    "has one of both": (
        "hashed-nat",
        {"facts": {"balancer": "l4", "spread": "ip-hash", "nat": "no"}},
        Standing.MOOT,
        "nat-in-path is no",
    ),
}


@pytest.mark.parametrize(("item", "host", "standing", "because"), TABLE.values(), ids=TABLE)
def test_truth_table(
    answers: Answers, item: str, host: dict[str, Any], standing: Standing, because: str
) -> None:
    found = answers(**host)[item]
    assert found.standing is standing, found
    assert because in found.because


def test_who_answered_is_kept(answers: Answers) -> None:
    found = answers(
        facts={"balancer": "l7"},
        said=attest("reuse-addr", "yes", note="seen in staging")
        + attest("idle-owner", "team edge"),
    )
    assert (found["balancer"].by, found["balancer"].answer) == (By.INVENTORY, "l7")
    assert found["role-settings"].by is By.HOST
    person = found["reuse-addr"]
    assert (person.by, person.who, person.note) == (By.PERSON, "Kim", "seen in staging")
    assert (person.when, person.until) == (date(2030, 1, 1), date(2030, 12, 31))
    assert found["idle-owner"].answer == "team edge"


def test_the_latest_valid_answer_counts(answers: Answers) -> None:
    later = attest("reuse-addr", "no", when="2030-02-01")
    assert answers(said=later + attest("reuse-addr", "yes"))["reuse-addr"].answer == "no"
    ended = attest("reuse-addr", "no", when="2030-02-01", until="2030-03-01")
    assert answers(said=ended + attest("reuse-addr", "yes"))["reuse-addr"].answer == "yes"
    same_day = attest("reuse-addr", "yes") + attest("reuse-addr", "no")
    assert answers(said=same_day)["reuse-addr"].answer == "no"


def test_evidence_is_shown_whoever_answers(answers: Answers) -> None:
    listener = Listener("192.0.2.1", 443, 0, 128)
    given = snapshot({"net.core.somaxconn": "4096"}, listeners=(listener,))
    shown = "192.0.2.1:443 has a backlog of 128 in force; net.core.somaxconn is 4096"
    said = attest("listen-backlog", "less-on-purpose")
    for found in (answers(given=given), answers(given=given, said=said)):
        assert found["listen-backlog"].evidence == (shown,)
    wrong = answers(given=given, said=attest("listen-backlog", "443"))["listen-backlog"]
    assert wrong.standing is Standing.CONTRADICTED
    assert "the program asked for less, or listened before" in wrong.because
    missed = answers(given=given, said=attest("listen-backlog", "8443"))["listen-backlog"]
    assert missed.because == "nothing listens on port 8443"


def test_each_role_has_its_own_questions(answers: Answers) -> None:
    every = {"role-settings", "next-boot", "no-hazards"}
    assert every <= set(answers("base"))
    assert "reuse-addr" not in answers("base")
    assert {"ports-scarce", "bound-source"} <= set(answers("client-heavy"))
    assert "nat-in-path" not in answers("client-heavy")
    assert {"port-quarantine", "nat-capacity"} <= set(answers("nat-gateway"))
