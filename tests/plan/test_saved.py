"""Plans in a file: the same when read again, refused when they are not what tuner wrote."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.plan.conftest import CHECKOUT, host, plan_of, policy_of
from tuner.errors import PlanError
from tuner.plan.digest import canonical, digest
from tuner.plan.plan import Plan
from tuner.plan.saved import _Saved, read_plan, save_plans
from tuner.plan.seen import stale
from tuner.sysctl.files import Entry

SCHEMA = CHECKOUT / "tuner" / "plan" / "schema" / "plan-1.json"
ROLE = "/etc/sysctl.d/50-role.conf"
FAILURE = {"host": "h9", "kind": "timed-out", "message": "no answer", "hint": "wait"}
Document = dict[str, Any]


def example() -> Plan:
    files = {ROLE: b"net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_tw_recycle = 1\n# \xff\x00\n"}
    snapshot = host({"tcp_sack": "0", "tcp_retries2": "5"}, files)
    return plan_of(snapshot, policy_of(), edit_others=True)


def schema() -> Document:
    """Return the schema of the model, with plainer names."""
    made = json.dumps(_Saved.model_json_schema())
    made = re.sub(r"#/\$defs/_(\w+)", lambda match: f"#/$defs/{match[1].lower()}", made)
    document: Document = json.loads(made)
    definitions = {name.lstrip("_").lower(): body for name, body in document.pop("$defs").items()}
    plain: Document = _without_titles({**document, "$defs": definitions})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tuner:plan:1",
        "title": "tuner saved plan",
        **plain,
    }


def _without_titles(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: _without_titles(value)
            for name, value in node.items()
            if name != "title" or not isinstance(value, str)
        }
    return [_without_titles(item) for item in node] if isinstance(node, list) else node


def test_the_shipped_schema_is_that_of_the_model() -> None:
    text = json.dumps(schema(), indent=2) + "\n"
    if os.environ.get("TUNER_REFRESH"):
        SCHEMA.parent.mkdir(exist_ok=True)
        SCHEMA.write_text(text)
    assert SCHEMA.read_text() == text
    jsonschema.Draft202012Validator.check_schema(schema())


def test_a_saved_plan_keeps_to_the_schema_and_comes_back_as_it_was() -> None:
    plan = example()
    text = save_plans([plan, Plan("h2")], failures=[FAILURE])
    jsonschema.validate(json.loads(text), schema())
    assert read_plan(text) == (plan, Plan("h2"))
    assert save_plans(read_plan(text), failures=[FAILURE]) == text
    assert plan.files
    assert plan.changes
    assert "\\u2192" in text  # → in the words for people


def reseal(document: Document) -> str:
    """Return the document with a digest that fits, as somebody with bad intent would."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    return json.dumps({**rest, "digest": f"sha256:{digest(canonical(rest))}"})


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_cut_plan(cut: float) -> None:
    text = save_plans([example()])
    with pytest.raises(PlanError, match=r"^p\.json:\d+:\d+: the plan is cut off") as caught:
        read_plan(text[: int(len(text) * cut)], file="p.json")
    assert "tuner plan -o" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the plan is cut off"),
        ("{}}", "is not JSON: Extra data"),
        ("[]", "this is no saved plan"),
        ("{}", "this is no saved plan"),
        ('{"schema_version": 2}', "a plan of version 2, and this tuner reads version 1"),
        ('{"schema_version": 0}', "a plan of version 0"),
        ('{"schema_version": true}', "a plan of version True"),
        ('{"schema_version": "1"}', "a plan of version '1'"),
        ('{"schema_version": 1}', "has been changed since tuner wrote it"),
        ('{"schema_version": 1, "schema_version": 1}', "a name occurs twice"),
        ("[" * 100_000, "is not JSON"),
        ("9" * 5000 + "}", "is not JSON"),
    ],
)
def test_what_is_no_plan(text: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(text)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_newer_plan_wants_the_newer_tuner() -> None:
    with pytest.raises(PlanError) as caught:
        read_plan('{"schema_version": 7}')
    assert caught.value.hint == "apply it with the tuner that made it"


def put(*path: str | int, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        node: Any = document
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    return change


CHANGE = ("plans", 0, "changes", 0)
FILE = ("plans", 0, "files", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(*CHANGE, "after", value="9"), ""),
        (put(*CHANGE, "after", value="1\nnet.x = 2"), "is no value that a plan may write"),
        (put(*CHANGE, "after", value="1  2"), "is no value that a plan may write"),
        (put(*CHANGE, "after", value=9), "plans.0.changes.0.after"),
        (put(*CHANGE, "key", value="net.//.//.//etc.passwd"), "is no key that a plan may write"),
        (put(*CHANGE, "key", value="net.ipv4.conf.*.rp_filter"), "is no key that a plan may"),
        (put(*CHANGE, "key", value="net.ipv4.tcp_fastopen_key"), "is no key that a plan may write"),
        (put(*CHANGE, "key", value="net/ipv4/tcp_sack"), "is no key that a plan may write"),
        (put(*CHANGE, "key", value=""), "not a sysctl key"),
        (put(*CHANGE, "because", value=[]), "plans.0.changes.0.because"),
        (put(*CHANGE, "write", value="yes"), "plans.0.changes.0.write"),
        (put(*CHANGE, "extra", value=1), "plans.0.changes.0.extra"),
        (
            put(*FILE, "path", value="/root/.ssh/authorized_keys"),
            "is no path that a plan may write",
        ),
        (put(*FILE, "path", value="/etc/../root/x"), "is no path that a plan may write"),
        (put(*FILE, "path", value="/etc//passwd"), "is no path that a plan may write"),
        (put(*FILE, "path", value="/etc/passwd"), "is not tuner's own and not marked as foreign"),
        (put(*FILE, "after", value="no base64!"), "plans.0.files.0.after"),
        (put(*FILE, "mode", value=0o100644), "plans.0.files.0.mode"),
        (put("plans", 0, "seen", "files", value={"/etc/x": "abc"}), "plans.0.seen.files"),
        (put("plans", 0, "host", value=""), "plans.0.host"),
        (put("plans", value="x"), "plans: "),
        (put("tool", "name", value="other"), "tool.name"),
    ],
)
def test_a_changed_plan_is_refused_even_with_a_digest_that_fits(
    change: Callable[[Document], None], message: str
) -> None:
    document = json.loads(save_plans([example()]))
    change(document)
    with pytest.raises(PlanError, match="has been changed since tuner wrote it"):
        read_plan(json.dumps(document))
    if not message:
        assert read_plan(reseal(document))
        return
    with pytest.raises(PlanError) as caught:
        read_plan(reseal(document), file="p.json")
    assert message in caught.value.message
    assert str(caught.value).startswith("p.json: not a plan: ")


def test_one_host_has_one_plan() -> None:
    with pytest.raises(PlanError, match="there are two plans for h1"):
        read_plan(save_plans([example(), example()]))


def test_a_file_that_does_not_change_is_refused() -> None:
    document = json.loads(save_plans([example()]))
    document["plans"][0]["files"][0]["before"] = document["plans"][0]["files"][0]["after"]
    with pytest.raises(PlanError, match="does not change"):
        read_plan(reseal(document))


def test_white_space_of_the_document_does_not_matter() -> None:
    document = json.loads(save_plans([example()]))
    assert read_plan(json.dumps(document, separators=(",", ":"))) == (example(),)


def test_no_secret_gets_into_a_plan() -> None:
    secret = "-".join(f"{number:08}" for number in range(1, 5))
    files = {ROLE: f"net.ipv4.tcp_fastopen_key = {secret}\nnet.ipv4.tcp_tw_recycle = 1\n"}
    snapshot = host({"tcp_fastopen_key": secret, "tcp_sack": "0"}, files)
    profile = (
        f"expect:\n  net.ipv4.tcp_fastopen_key: {{exactly: {secret[::-1]}, why: w, sources: [x]}}\n"
    )
    plan = plan_of(snapshot, policy_of(profile=profile), unsafe=True, edit_others=True)
    text = save_plans([plan])
    for word in (secret, secret[::-1]):
        assert word not in text
        assert b64encode(word.encode()).decode()[4:-4] not in text


class TestStale:
    """What has moved since a plan was made."""

    def test_nothing(self) -> None:
        snapshot = host({"tcp_sack": "0"}, {ROLE: "net.ipv4.tcp_sack = 0"})
        plan = plan_of(snapshot, policy_of())
        assert stale(plan, snapshot) == ()
        spelled = host({"tcp_sack": " 0 "}, {ROLE: "net.ipv4.tcp_sack = 0"})
        assert stale(plan, spelled) == ()

    def test_everything_is_named(self) -> None:
        before = host(
            {"tcp_sack": "0", "tcp_retries2": "5", "tcp_timestamps": "0"},
            {ROLE: "net.ipv4.tcp_sack = 0", "/etc/sysctl.d/10-x.conf": "# x\n"},
            kernel="6.1.0-21",
        )
        plan = plan_of(before, policy_of())
        now = host(
            {"tcp_sack": "1", "tcp_retries2": "5"},
            {
                ROLE: "net.ipv4.tcp_sack = 1",
                "/etc/sysctl.d/99-new.conf": "",
                "/etc/sysctl.d/90-tuner.conf": "x",
            },
            kernel="6.1.0-25",
        )
        assert stale(plan, now) == (
            "the kernel was 6.1.0-21 and is 6.1.0-25",
            "/etc/sysctl.d/10-x.conf is gone",
            f"{ROLE} has changed",
            "/etc/sysctl.d/90-tuner.conf is new",
            "/etc/sysctl.d/99-new.conf is new",
            "net.ipv4.tcp_sack was 0 and is 1",
            "net.ipv4.tcp_timestamps was 0 and is absent",
        )

    def test_other_files_than_sysctl_d_count(self) -> None:
        key = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"
        later = {"/etc/ufw/sysctl.conf": "# x\n"}
        modules = {"/etc/modules-load.d/x.conf": "nf_conntrack\n"}
        before = host({key: "30"}, {ROLE: f"{key} = 30"}, later=later, modules=modules)
        plan = plan_of(before, policy_of("nat-gateway"), unsafe=True)
        now = host(
            {key: "30"},
            {ROLE: f"{key} = 30"},
            later={"/etc/ufw/sysctl.conf": "# y\n"},
            modules={"/etc/modules-load.d/x.conf": ""},
        )
        assert stale(plan, now) == (
            "/etc/modules-load.d/x.conf has changed",
            "/etc/ufw/sysctl.conf has changed",
        )

    @pytest.mark.parametrize("path", ["/etc/sysctl.d/x.conf", "/usr/lib/sysctl.d/x.conf"])
    def test_a_link_counts_by_what_it_leads_to(self, path: str) -> None:
        before = host({"tcp_sack": "0"}, [Entry(path, content=b"a\n", target="../y")])
        plan = plan_of(before, policy_of())
        now = host({"tcp_sack": "0"}, [Entry(path, content=b"b\n", target="../y")])
        assert stale(plan, now) == (f"{path} has changed",)


def test_the_wheel_would_carry_the_schema() -> None:
    assert Path(SCHEMA).is_file()
