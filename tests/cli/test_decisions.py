"""Checklist, baseline, waivers and diff from the command line: exit codes, files, messages."""

from __future__ import annotations

import json
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checklist.test_ticket import sealed
from tuner.cli import main

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FLEET = CHECKOUT / "tests" / "readme"
TODAY = datetime.now(UTC).date()
NEXT_YEAR = (TODAY + timedelta(days=365)).isoformat()
YESTERDAY = (TODAY - timedelta(days=1)).isoformat()

# Everything that nobody but a person can say of db1.
SAID = {
    "callers-keep": "yes",
    "accepted-closing-side": "peer",
    "callers-ports-scarce": "no",
    "stateful-firewall": "no",
    "path-idle-timeout": "application",
    "listen-backlog": "less-on-purpose",
    "reuse-addr": "yes",
    "linger": "nobody",
}


@dataclass(frozen=True)
class Run:
    returncode: int
    stdout: str
    stderr: str


def tuner(*arguments: str | Path, cwd: Path) -> Run:
    """Run a command within this process, which a hundred commands want; test_door starts real ones."""
    out, err = StringIO(), StringIO()
    with chdir(cwd), redirect_stdout(out), redirect_stderr(err):
        code = main([*map(str, arguments)])
    return Run(int(code), out.getvalue(), err.getvalue())


def write_inventory(folder: Path, **hosts: dict[str, Any]) -> None:
    rows = {
        name: {"tuner_dump": str(FLEET / f"{name}.dump"), **more} for name, more in hosts.items()
    }
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": rows}}))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an inventory of two hosts: db1, which is fine, and web1, which is not."""
    facts = {"nat": "no", "balancer": "none", "internet": "no"}
    write_inventory(
        tmp_path,
        db1={"tuner_roles": ["internal-server"], "tuner_facts": facts},
        web1={"tuner_roles": ["public-server"], "tuner_facts": {**facts, "nat": "yes"}},
    )
    return tmp_path


def attest_all(place: Path, **changed: str) -> None:
    rows = [
        {
            "item": item,
            "scope": "db1",
            "answer": answer,
            "who": "Kim",
            "when": TODAY.isoformat(),
            "until": NEXT_YEAR,
        }
        for item, answer in {**SAID, **changed}.items()
    ]
    (place / "attestations.yml").write_text(yaml.safe_dump(rows))


def standings(run: Run) -> dict[str, str]:
    document = json.loads(run.stdout)
    (section,) = document["sections"]
    return {line["item"]: line["standing"] for line in section["lines"]}


def test_exit_0_only_when_every_question_is_answered_and_none_is_against(place: Path) -> None:
    run = tuner("checklist", "--limit", "db1", cwd=place)
    assert run.returncode == 1
    assert "NOT READY" in run.stdout
    attest_all(place)
    run = tuner("checklist", "--limit", "db1", cwd=place)
    assert (run.returncode, run.stderr) == (0, "")
    assert "READY: every question is answered, and no answer is against." in run.stdout
    attest_all(place, **{"reuse-addr": "no"})
    run = tuner("checklist", "--limit", "db1", cwd=place)
    assert run.returncode == 1
    assert "NOT READY: 1 answer is against." in run.stdout


def test_a_contradicted_answer_is_open_again(place: Path) -> None:
    attest_all(place, **{"listen-backlog": "5432"})
    run = tuner("checklist", "--limit", "db1", "--format", "json", cwd=place)
    assert run.returncode == 1
    assert standings(run)["listen-backlog"] == "contradicted"
    assert "has a backlog of 128 in force" in run.stdout


def test_a_host_that_cannot_be_asked_makes_it_incomplete(place: Path) -> None:
    attest_all(place)
    write_inventory(place, gone={"tuner_roles": ["internal-server"]}, db1={})
    run = tuner("checklist", "--format", "json", cwd=place)
    assert run.returncode == 3
    hosts = {host["name"]: host["error"] for host in json.loads(run.stdout)["hosts"]}
    assert hosts["db1"] is None
    assert "gone.dump" in hosts["gone"]


def test_a_source_without_files_leaves_questions_unseen(place: Path) -> None:
    (place / "bare.txt").write_text("kernel.osrelease = 6.1.0\nnet.ipv4.tcp_sack = 1\n")
    run = tuner("checklist", "--from", "bare.txt", "--format", "json", cwd=place)
    assert run.returncode == 3
    assert standings(run)["next-boot"] == "unseen"


def test_answers_for_one_person_at_a_time(place: Path) -> None:
    file = place / "attestations.yml"
    for item, answer in SAID.items():
        run = tuner(
            *("checklist", "--attest", item, "--answer", answer, "--who", "Kim O'Neil"),
            *("--scope", "role=internal-server", "--until", NEXT_YEAR, "--note", "see #12"),
            cwd=place,
        )
        assert (run.returncode, run.stderr) == (0, ""), run
        assert f"{item} is {answer} for role=internal-server" in run.stdout
    text = file.read_text()
    assert text.startswith("# Answers to `tuner checklist`")
    assert len(yaml.safe_load(text)) == len(SAID)
    assert tuner("checklist", "--limit", "db1", cwd=place).returncode == 0
    assert [path.name for path in place.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--attest", "reuse-adr"], "did you mean reuse-addr?"),
        (["--attest", "reuse-addr"], "--attest needs --answer"),
        (["--attest", "reuse-addr", "--answer", "yes"], "--attest needs --who"),
        (["--attest", "reuse-addr", "--answer", "ja", "--who", "K"], "is one of yes, no"),
        (
            ["--attest", "reuse-addr", "--answer", "yes", "--who", "K", "--until", "soon"],
            "--until: ",
        ),
        (
            ["--attest", "reuse-addr", "--answer", "yes", "--who", "K", "--until", YESTERDAY],
            "is before when",
        ),
        (
            ["--attest", "reuse-addr", "--answer", "yes", "--who", "K", "--scope", "web9"],
            "--scope: 'web9' means no host",
        ),
        (
            ["--attest", "role-settings", "--answer", "yes", "--who", "K"],
            "answered by the host alone",
        ),
        (["--plan", "gone.json"], "gone.json: cannot read"),
        (["--checklists", "gone"], "cannot read the folder of questions"),
        (["--format", "pdf"], "invalid choice: 'pdf'"),
        (["--output", "pdf:x"], "'pdf:x' is not FORMAT:FILE"),
        (["--output", "json:gone/x.json"], "there is no folder gone"),
        (["gone.yml"], "no such inventory: gone.yml"),
    ],
)
def test_wrong_usage_exits_2_and_writes_nothing(
    arguments: list[str], said: str, place: Path
) -> None:
    run = tuner("checklist", *arguments, cwd=place)
    assert (run.returncode, run.stdout) == (2, ""), run
    assert said in run.stderr
    assert not (place / "attestations.yml").exists()


def test_a_wrong_file_of_answers_is_named_with_its_line(place: Path) -> None:
    (place / "attestations.yml").write_text("- item: linger\n  anwser: nobody\n")
    run = tuner("checklist", cwd=place)
    assert run.returncode == 2
    assert "attestations.yml:2:3: there is no field 'anwser'" in run.stderr
    assert "did you mean answer?" in run.stderr
    before = (place / "attestations.yml").read_text()
    run = tuner("checklist", "--attest", "linger", "--answer", "zero", "--who", "K", cwd=place)
    assert run.returncode == 2
    assert (place / "attestations.yml").read_text() == before


def test_answers_lie_beside_a_folder_of_inventories_never_in_it(place: Path) -> None:
    attest_all(place)
    folder = place / "prod"
    folder.mkdir()
    (place / "inventory.yml").rename(folder / "hosts.yml")
    for cwd, name in ((place, "prod"), (folder, ".")):
        run = tuner("checklist", name, "--limit", "db1", cwd=cwd)
        assert (run.returncode, run.stderr) == (0, "")


def test_an_added_answer_keeps_the_file_s_mode_and_its_link(place: Path) -> None:
    attest_all(place)
    real = place / "answers"
    (place / "attestations.yml").rename(real)
    (place / "attestations.yml").symlink_to(real)
    real.chmod(0o664)
    run = tuner("checklist", "--attest", "linger", "--answer", "zero", "--who", "K", cwd=place)
    assert run.returncode == 0
    assert (place / "attestations.yml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o664
    assert len(yaml.safe_load(real.read_text())) == len(SAID) + 1


def test_another_role_leaves_scopes_by_role_without_hosts(place: Path) -> None:
    tuner(
        *("checklist", "--attest", "linger", "--answer", "nobody", "--who", "K"),
        *("--scope", "role=internal-server"),
        cwd=place,
    )
    run = tuner("checklist", "--role", "public-server", cwd=place)
    assert (run.returncode, run.stderr) == (1, "")


def test_answers_in_another_file(place: Path) -> None:
    attest_all(place)
    (place / "attestations.yml").rename(place / "ours.yml")
    run = tuner("checklist", "--limit", "db1", "--attestations", "ours.yml", cwd=place)
    assert run.returncode == 0
    assert tuner("checklist", "--limit", "db1", cwd=place).returncode == 1


def test_every_form_at_once_and_questions_of_ones_own(place: Path) -> None:
    own = place / "own"
    own.mkdir()
    (own / "backup.yml").write_text(
        "title: Ours\nitems:\n  backup:\n    roles: internal-server\n    question: Is there one?\n"
        "    answers: [yes, no]\n    find_out: [{how: Look.}]\n    why: Disks fail.\n"
        "    sources: [our runbook]\n"
    )
    run = tuner(
        *("checklist", "--limit", "db1", "--checklists", "own", "--output", "markdown:c.md"),
        *("--output", "html:c.html", "--output", "json:c.json", "--output", "text:c.txt"),
        cwd=place,
    )
    assert run.returncode == 1
    assert (place / "c.txt").read_text() == run.stdout
    assert "backup" in json.loads((place / "c.json").read_text())["items"]
    assert (place / "c.md").read_text().startswith("# Pre-deployment checklist")
    assert (place / "c.html").read_text().startswith("<!doctype html>")
    listed = tuner("checklist", "--list", "--checklists", "own", cwd=place).stdout
    assert "backup" in listed
    assert "nat-quarantine" in listed


def plan(*hosts: dict[str, Any]) -> str:
    return sealed({"schema_version": 1, "plans": list(hosts), "failures": []})


SOMAXCONN = {
    "key": "net.core.somaxconn",
    "after": "4096",
    "because": ["drift"],
    "live_before": "1024",
    "boot_before": "1024",
}


def test_a_plan_makes_it_the_change_ticket_of_its_hosts(place: Path) -> None:
    (place / "plan.json").write_text(plan({"host": "web1", "changes": [SOMAXCONN]}))
    run = tuner("checklist", "--plan", "plan.json", "--format", "json", cwd=place)
    assert run.returncode == 1
    document = json.loads(run.stdout)
    assert [host["name"] for host in document["hosts"]] == ["web1"]
    assert document["change"]["digest"] in (place / "plan.json").read_text()
    assert document["change"]["commands"]["undo"] == "tuner rollback inventory.yml --limit web1"
    assert standings(run)["role-settings"] == "answered"  # the plan puts it right
    assert "CHANGE TICKET" in tuner("checklist", "--plan", "plan.json", cwd=place).stdout


def test_a_plan_for_others_is_refused_or_makes_it_incomplete(place: Path) -> None:
    path = place / "plan.json"
    path.write_text(plan({"host": "wbe1", "changes": [SOMAXCONN]}))
    run = tuner("checklist", "--plan", path.name, cwd=place)
    assert run.returncode == 2
    assert "plan.json: the plan has the host 'wbe1', which inventory.yml does not" in run.stderr
    assert "did you mean web1?" in run.stderr
    both = [{"host": name, "changes": [SOMAXCONN]} for name in ("db1", "web1")]
    path.write_text(plan(*both))
    attest_all(place)
    run = tuner("checklist", "--plan", path.name, "--limit", "db1", cwd=place)
    assert run.returncode == 3
    assert "The plan also changes web1, which this checklist leaves out." in run.stdout
    path.write_text(plan({"host": "web1"}))
    run = tuner("checklist", "--plan", path.name, "--limit", "db1", cwd=place)
    assert "the plan has none of the chosen hosts" in run.stderr


def test_a_baseline_keeps_known_findings_from_failing(place: Path) -> None:
    assert tuner("audit", cwd=place).returncode == 1
    run = tuner("audit", "--write-baseline", "known.yml", cwd=place)
    assert run.returncode == 0
    run = tuner("audit", "--baseline", "known.yml", "--format", "json", cwd=place)
    assert run.returncode == 0
    document = json.loads(run.stdout)
    web1 = next(host for host in document["hosts"] if host["name"] == "web1")
    assert (web1["findings"], len(web1["known"])) == ([], 3)
    assert document["baseline"] == {"file": "known.yml", "known": 3, "gone": []}
    run = tuner("audit", "--baseline", "known.yml", cwd=place)
    assert "3 findings are known, by known.yml" in run.stdout
    assert "known=3" in run.stdout


def test_what_a_baseline_does_not_know_fails_and_what_is_gone_is_told(place: Path) -> None:
    tuner("audit", "--write-baseline", "known.yml", cwd=place)
    known = yaml.safe_load((place / "known.yml").read_text())
    drift = next(entry for entry in known["findings"] if entry["rule"] == "lowers-default")
    drift["key"] = "net.ipv4.tcp_sack"
    (place / "known.yml").write_text(yaml.safe_dump(known))
    run = tuner("audit", "--baseline", "known.yml", cwd=place)
    assert run.returncode == 1
    assert "net.core.somaxconn" in run.stdout
    assert "no longer there" in run.stdout
    assert "lowers-default net.ipv4.tcp_sack: web1" in run.stdout
    assert (
        tuner("audit", "--baseline", "known.yml", "--fail-on", "error", cwd=place).returncode == 0
    )


def test_a_baseline_written_anew_keeps_what_was_not_judged(place: Path) -> None:
    tuner("audit", "--write-baseline", "known.yml", cwd=place)
    before = (place / "known.yml").read_text()
    tuner(
        *("audit", "--limit", "db1", "--baseline", "known.yml", "--write-baseline", "known.yml"),
        cwd=place,
    )
    assert (place / "known.yml").read_text() == before
    tuner("audit", "--limit", "db1", "--write-baseline", "known.yml", cwd=place)
    assert yaml.safe_load((place / "known.yml").read_text())["findings"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "known.yml: cannot read the baseline: No such file"),
        ("version: 9\n", "known.yml:1:1: a baseline of version 9"),
        ("- x\n", "known.yml:1:1: this file is a list, not a mapping"),
    ],
)
def test_a_wrong_baseline_is_told_before_anybody_is_asked(
    place: Path, text: str | None, said: str
) -> None:
    if text is not None:
        (place / "known.yml").write_text(text)
    run = tuner("audit", "--baseline", "known.yml", cwd=place)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    run = tuner("audit", "--write-baseline", "gone/known.yml", cwd=place)
    assert (run.returncode, run.stdout) == (2, "")
    assert "there is no folder gone" in run.stderr


def waive(place: Path, until: str, **names: str) -> None:
    waiver = {"reason": "agreed", "owner": "netops", "until": until, **names}
    roles = {"tuner_roles": ["public-server"], "tuner_waivers": [waiver]}
    write_inventory(place, web1={**roles, "tuner_facts": {"nat": "yes"}}, web2=roles)


def test_waivers_expire_into_findings_and_idle_ones_are_noted(place: Path) -> None:
    waive(place, NEXT_YEAR, key="net.core.somaxconn")
    run = tuner("audit", "--fail-on", "note", "--format", "json", cwd=place)
    document = json.loads(run.stdout)
    web1 = document["hosts"][0]
    assert "lowers-default" not in {finding["rule"] for finding in web1["findings"]}
    assert [waived["rule"] for waived in web1["waived"]] == ["lowers-default"]
    waive(place, YESTERDAY, key="net.core.somaxconn")
    document = json.loads(tuner("audit", "--format", "json", cwd=place).stdout)
    found = {finding["rule"]: finding for finding in document["hosts"][0]["findings"]}
    assert {"lowers-default", "expired-waiver"} <= set(found)
    assert found["expired-waiver"]["severity"] == "warning"
    assert document["unused_waivers"] == []
    waive(place, NEXT_YEAR, rule="tw-recyle")
    run = tuner("audit", cwd=place)
    assert (run.returncode, run.stdout) == (2, "")
    assert "of host web1: there is no rule 'tw-recyle'\n  did you mean tw-recycle?" in run.stderr
    waive(place, NEXT_YEAR, key="net.ipv4.tcp_fin_timeoutt")
    run = tuner("audit", cwd=place)
    assert "(2 hosts); did you mean net.ipv4.tcp_fin_timeout?" in " ".join(run.stdout.split())
    waive(place, NEXT_YEAR, rule="window-scaling-off")
    run = tuner("audit", cwd=place)
    told = (
        f"note: the waiver of window-scaling-off (netops, until {NEXT_YEAR}) covers nothing on web1, web2 "
        "(2 hosts); take it out"
    )
    assert told in " ".join(run.stdout.split())
    assert told not in " ".join(tuner("audit", "--limit", "web1", cwd=place).stdout.split())


def test_diff_is_silent_until_something_moves(place: Path) -> None:
    tuner("audit", "--output", "json:old.json", cwd=place)
    tuner("audit", "--output", "json:same.json", cwd=place)
    run = tuner("diff", "old.json", "same.json", cwd=place)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    document = json.loads((place / "same.json").read_text())
    web1 = next(host for host in document["hosts"] if host["name"] == "web1")
    document["hosts"][0]["findings"] = [web1["findings"][0]]
    web1["findings"] = web1["findings"][1:]
    (place / "new.json").write_text(json.dumps(document))
    run = tuner("diff", "old.json", "new.json", cwd=place)
    assert run.returncode == 1
    assert "1 appeared, 1 fixed, 0 changed" in run.stdout
    for form, start in (("json", "{"), ("markdown", "**1 appeared")):
        run = tuner("diff", "old.json", "new.json", "--format", form, cwd=place)
        assert run.returncode == 1
        assert run.stdout.startswith(start)
    never = tuner("diff", "old.json", "new.json", "--fail-on", "never", cwd=place)
    assert never.returncode == 0
    back = tuner("diff", "new.json", "old.json", "--fail-on", "error", cwd=place)
    assert back.returncode == 1
    by_host = tuner("diff", "old.json", "new.json", "--by", "host", cwd=place).stdout
    assert "\ndb1\n" in by_host


def test_diff_exits_3_when_a_host_can_no_longer_be_judged(place: Path) -> None:
    tuner("audit", "--output", "json:old.json", cwd=place)
    write_inventory(place, gone={}, db1={"tuner_roles": ["internal-server"]})
    (place / "inventory.yml").write_text(
        (place / "inventory.yml").read_text().replace("gone:", "web1:")
    )
    tuner("audit", "--output", "json:new.json", cwd=place)
    run = tuner("diff", "old.json", "new.json", cwd=place)
    assert run.returncode == 3
    assert "could no longer be judged: web1: dump: " in run.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "new.json: cannot read: No such file"),
        ("{", "new.json:1:2: not JSON"),
        ('{"schema_version": 7}', "new.json:1:21: schema_version is 7; this tuner reads 1"),
    ],
)
def test_diff_names_the_place_of_what_is_wrong(place: Path, text: str | None, said: str) -> None:
    tuner("audit", "--output", "json:old.json", cwd=place)
    if text is not None:
        (place / "new.json").write_text(text)
    run = tuner("diff", "old.json", "new.json", cwd=place)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
