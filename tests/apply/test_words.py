"""What scripts are made of, what hosts answer, and what is concluded from it: no host needed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.apply.conftest import change
from tuner.apply import words
from tuner.apply.answer import Problem, parse_answer
from tuner.apply.bundle import Bundle, KeptFile, KeptKey, Memory, read_memory, to_undo, way_back
from tuner.apply.gate import SIGNS, Sample, compare
from tuner.apply.job import NOTHING, Job, digest, in_order, make_job, shown_as, side_effects
from tuner.apply.journal import Journal, default_path, read_runs
from tuner.apply.outcome import Ending, Outcome
from tuner.apply.protocol import STEPS, Phase, _printer, points, quote, script
from tuner.apply.rollout import Size, Strategy, batches, parse_size
from tuner.errors import UsageError
from tuner.inventory.host import Host
from tuner.plan.plan import FileChange, Plan, Seen
from tuner.sysctl.key import Key

SHELLS = [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "ash"]]


def shell(command: list[str], text: str) -> bytes:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    done = subprocess.run([*command, "-s"], input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", SHELLS, ids=" ".join)
def test_every_byte_of_a_file_passes_through_every_shell(command: list[str]) -> None:
    content = (
        bytes(range(256))
        + b"\n-n\n%s %% %d\\n \\\\ '\"$HOME`id`\n\n\n"
        + b"x" * 9000
        + b"%" * 5000
        + b"\\" * 3000
        + b"\n-last without an end"
    )
    text = "\n".join([*_printer("show", content), "show"])
    assert shell(command, text) == content


@given(content=some.binary(max_size=300), word=some.text(max_size=40))
@settings(max_examples=20, deadline=None)
def test_bytes_and_words_come_back_from_sh(content: bytes, word: str) -> None:
    word = word.replace("\0", "").replace("\r", "")
    word = word.encode("utf-8", "ignore").decode()
    text = "\n".join([*_printer("show", content), "show", f"printf %s {quote(word)}"])
    assert shell(["sh"], text) == content + word.encode()


def test_points_are_the_steps_for_each_key_and_file() -> None:
    plan = Plan(
        "h",
        changes=(change("net.ipv4.tcp_sack", "1", "0"), change("net.core.somaxconn", "1", "2")),
        files=(FileChange("/etc/sysctl.d/90-tuner.conf", None, b"x\n"),),
    )
    job = make_job(plan, "1")
    assert list(points(job, Phase.CONFIRM)) == [
        "claim", "again", "guard", "place 1", "unguard", "seal", "disarm", "tidy",
    ]  # fmt: skip
    assert "write 2" in set(points(job, Phase.BEGIN))
    assert len({step.name for step in STEPS}) == len(STEPS)
    text = script(Phase.BEGIN, job, "abc", who="me", revert_in="60")
    assert text.startswith("{\nnonce='abc'\n")
    assert text.endswith("\n}\n")


# --- jobs


def test_a_job_holds_digests_and_refuses_what_no_host_can_be_told() -> None:
    plan = Plan(
        "h",
        changes=(
            change("net.ipv4.tcp_rmem", "4096  87380\t6291456", "4096 87380 16777216"),
            change("net.ipv4.tcp_sack", "1", "0", write=False),
            change("net.core.somaxconn", None, "4096"),
        ),
        files=(FileChange("/etc/sysctl.d/90-tuner.conf", None, b"a\n", mode=0o600),),
        seen=Seen(values={Key("net.ipv4.conf.eth0/1.rp_filter"): "0"}),
    )
    job = make_job(plan, "1")
    assert [(it.path, it.before, it.after, it.restorable) for it in job.writes] == [
        ("net/ipv4/tcp_rmem", "4096 87380 6291456", "4096 87380 16777216", True),
        ("net/core/somaxconn", "", "4096", False),
    ]
    (file,) = job.files
    assert (file.before, file.after, file.mode) == (NOTHING, digest(b"a\n"), 0o600)
    assert file.switch
    assert not job.empty
    assert make_job(Plan("h"), "1").empty
    for path in ("etc/x", "/etc/../x", "/etc/a b", "/etc/x\n", "/etc/$x", "/etc/", "/etc/%i"):
        with pytest.raises(UsageError, match="no path that tuner writes to"):
            make_job(Plan("h", files=(FileChange(path, None, b""),)), "1")
    with pytest.raises(UsageError, match="holds characters that no value has"):
        make_job(Plan("h", changes=(change("net.ipv4.tcp_sack", "1", "0\x1b"),)), "1")


def test_files_without_settings_go_first_and_removals_last() -> None:
    changes = [
        FileChange("/etc/sysctl.d/80-tuner.conf", b"x", None),
        FileChange("/etc/sysctl.d/90-tuner.conf", None, b"x"),
        FileChange("/etc/modules-load.d/tuner.conf", None, b"x"),
        FileChange("/etc/sysctl.conf", b"y", b"x"),
    ]
    job = make_job(Plan("h", files=tuple(changes)), "1")
    assert [file.path for file in in_order(job.files)] == [
        "/etc/modules-load.d/tuner.conf",
        "/etc/sysctl.d/90-tuner.conf",
        "/etc/sysctl.conf",
        "/etc/sysctl.d/80-tuner.conf",
    ]
    assert [file.switch for file in job.files] == [False, True, True, False]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("8080", "8080"), ("3,1-2,9", "1-3,9"), ("1,2", "1-2"), ("", ""), ("1-x", "1-x")],
)
def test_port_lists_as_the_kernel_shows_them(value: str, shown: str) -> None:
    assert shown_as(Key("net.ipv4.ip_local_reserved_ports"), value) == shown
    assert shown_as(Key("net.ipv4.tcp_sack"), value) == value


def test_what_a_write_changes_besides() -> None:
    cases = {
        "net.ipv4.ip_forward": {"net/ipv4/conf/*/forwarding", "net/ipv4/conf/*/accept_redirects"},
        "net.ipv4.conf.default.rp_filter": {"net/ipv4/conf/*/rp_filter"},
        "net.ipv6.conf.all.disable_ipv6": {"net/ipv6/conf/*/disable_ipv6"},
        "net.ipv4.neigh.default.unres_qlen": {
            "net/ipv4/neigh/*/unres_qlen",
            "net/ipv4/neigh/default/unres_qlen_bytes",
        },
        "net.ipv4.neigh.eth0.retrans_time_ms": {"net/ipv4/neigh/eth0/retrans_time"},
    }
    for key, patterns in cases.items():
        assert set(side_effects(Key(key))) >= patterns
    assert not any("*" in pattern for pattern in side_effects(Key("net.ipv4.tcp_sack")))


# --- answers


def test_an_answer_is_told_from_noise_and_bounded() -> None:
    output = (
        b"Welcome\n@other end confirmed\n@n step lock\n@n problem moved value net/x 1 2\n"
        b"@n problem moved value net/x 1 2\n@n stuck /etc/x busy\n@n end reverted\r\n\xff\n"
        b"@n step " + b"x" * 10000
    )
    answer = parse_answer(output, "n")
    assert answer.end == "reverted"
    assert answer.steps[0] == "lock"
    assert max(map(len, answer.steps)) < 4200
    assert answer.problems == (Problem("moved", ("value", "net/x", "1", "2")),)
    assert answer.stuck == ("/etc/x busy",)
    assert parse_answer(b"", "n").end == ""


CODES = [
    "root",
    "tool",
    "timer",
    "ip",
    "folder",
    "link",
    "kind",
    "file",
    "mounted",
    "source",
    "guard",
    "locked",
    "keep",
    "stage",
    "place",
    "full",
    "late",
    "absent",
    "locked-key",
    "refused",
    "differs",
    "moved",
    "unheard",
]


@pytest.mark.parametrize("code", CODES)
def test_every_problem_has_words_whatever_the_host_says_of_it(code: str) -> None:
    for about in ((), ("a",), ("net/ipv4/tcp_sack", "No", "space", "left"), ("value", "x", "y")):
        sentence, _ = words.tell(Job("1"), Problem(code, about))
        assert sentence


def test_the_scripts_say_no_problem_that_has_no_words() -> None:
    folder = Path(words.__file__).parent
    said = set()
    for path in folder.glob("*.sh"):
        for line in path.read_text().splitlines():
            for start in ("problem ", "trouble "):
                _, found, rest = line.partition(start)
                if found and rest[:1].isalpha() and "()" not in line and "#" not in line:
                    said.add(rest.split()[0].strip(";"))
    assert said >= {"root", "locked", "refused", "moved"}
    assert said <= set(CODES)


# --- what hosts remember


LINES = """\
@n lock 12 20260101T000000Z-aaaa pending root@ctl
@n bundle 20260101T000002Z-bbbb confirmed idle 33 same
@n meta kind apply
@n meta who root@ctl
@n file 1 - {new} 644 - {new} /etc/sysctl.d/90-tuner.conf
@n key yes net/ipv4/tcp_sack
@n old 1
@n new 0
@n now 0
@n bundle 20260101T000001Z-aaaa reverted busy - other
@n bundle broken
@n end told
"""


def test_memories_are_read_and_the_newest_apply_is_taken_back() -> None:
    new = digest(b"new")
    memory = read_memory(parse_answer(LINES.format(new=new).encode(), "n"))
    assert memory.holder == "20260101T000000Z-aaaa pending root@ctl since 12 s"
    first, second = memory.bundles
    assert (first.state, first.busy, first.left, first.same_start) == (
        "reverted",
        True,
        None,
        False,
    )
    assert (second.kind, second.left, second.keys[0].now) == ("apply", 33, "0")
    assert to_undo(memory) == (second,)
    way = way_back(to_undo(memory), "20260101T000003Z-cccc")
    assert [(it.key, it.before, it.after) for it in way.job.writes] == [
        ("net.ipv4.tcp_sack", "0", "1")
    ]
    (file,) = way.job.files
    assert (file.before, file.after, file.source) == (new, NOTHING, "")
    undone = Bundle("20260101T000003Z-cccc", "confirmed", meta={
        "kind": "rollback", "undoes": second.id,
    })  # fmt: skip
    assert to_undo(Memory((first, second, undone))) == ()
    assert to_undo(Memory((first, second, undone)), second.id) == (undone, second)
    assert to_undo(memory, first.id) == (), "what was reverted cannot be taken back"


def test_a_way_back_over_several_changes_ends_at_the_oldest_values() -> None:
    path = "/etc/sysctl.d/90-tuner.conf"
    one, two, three = "1" * 64, "2" * 64, "3" * 64
    older = Bundle(
        "1",
        "confirmed",
        files=(KeptFile(1, path, one, two, one, three),),
        keys=(
            KeptKey(Key("net.ipv4.tcp_sack"), "1", "0", "0"),
            KeptKey(Key("net.ipv4.ip_forward"), "0", "1", "1"),
        ),
    )
    newer = Bundle(
        "2",
        "confirmed",
        files=(KeptFile(2, path, two, three, two, three),),
        keys=(
            KeptKey(Key("net.ipv4.tcp_sack"), "0", "2", "0"),
            KeptKey(Key("net.ipv4.conf.d0.x"), "5", "6", None),
            KeptKey(Key("net.core.somaxconn"), "", "6", "6", restorable=False),
        ),
    )
    way = way_back((newer, older), "3")
    assert [(it.key, it.after) for it in way.job.writes] == [
        ("net.ipv4.ip_forward", "0"),
        ("net.ipv4.tcp_sack", "1"),
    ]
    assert [(it.after, it.source) for it in way.job.files] == [(one, "/var/lib/tuner/1/old.1")]
    assert [text.split()[0] for text in way.cannot] == ["net.core.somaxconn", "net.ipv4.conf.d0.x"]
    assert way.job.undoes == ("2", "1")
    between = replace(older, files=(replace(older.files[0], after="4" * 64),))
    assert "was changed by somebody else" in way_back((newer, between), "3").refused
    damaged = replace(older, files=(replace(older.files[0], kept="4" * 64),))
    assert "is damaged" in way_back((newer, damaged), "3").refused


# --- batches


def hosts(**roles: str) -> list[Host]:
    return [Host(name, roles=(role,)) for name, role in roles.items()]


def names(found: list[list[Host]]) -> list[str]:
    return [" ".join(host.name for host in batch) for batch in found]


def test_batches_begin_with_canaries_of_every_role() -> None:
    everyone = hosts(w1="w", w2="w", w3="w", w4="w", w5="w", d1="d", d2="d")
    one = Size(1)
    assert names(batches(everyone, Strategy())) == ["w1 w2 w3 w4 w5 d1 d2"]
    assert names(batches(everyone, Strategy((one,)))) == ["w1 d1", "w2", "w3", "w4", "w5", "d2"]
    assert names(batches(everyone, Strategy((one, Size(30, percent=True))))) == [
        "w1 d1", "w2 w3", "w4 w5", "d2",
    ]  # fmt: skip
    assert names(batches(everyone, Strategy((one, Size(1), Size(100, percent=True))))) == [
        "w1 d1", "w2", "w3 w4 w5 d2",
    ]  # fmt: skip
    assert batches([], Strategy((one,))) == []


@given(
    roles=some.lists(some.sampled_from("abc"), max_size=30),
    sizes=some.lists(some.builds(Size, some.integers(1, 40), some.booleans()), max_size=4),
)
def test_batches_hold_every_host_once(roles: list[str], sizes: list[Size]) -> None:
    everyone = [Host(f"h{number}", roles=(role,)) for number, role in enumerate(roles)]
    found = batches(everyone, Strategy(tuple(sizes)))
    assert sorted(host.name for batch in found for host in batch) == sorted(
        host.name for host in everyone
    )
    assert all(found)


def test_sizes_are_numbers_or_shares() -> None:
    assert parse_size("10%", flag="--serial").of(400) == 40
    assert parse_size("10%", flag="--serial").of(3) == 1
    assert parse_size("10%", flag="--max-fail", least=0).allows(9) == 0
    for text in ("", "0", "x", "-1", "1.5", "101%", "²", "%", "9999999"):
        with pytest.raises(UsageError, match="--serial"):
            parse_size(text, flag="--serial")


# --- counters


def around(sign: str, before: int, after: int, load: tuple[int, int] = (1000, 1000)) -> list[str]:
    """What is worse when a sign's first counter grows so in ten seconds before and after."""
    found = next(it for it in SIGNS if it.name == sign)
    counter = found.counters[0]
    start = dict.fromkeys([counter, *found.load], 5)

    def pair(growth: int, work: int) -> tuple[Sample, Sample]:
        end = {**dict.fromkeys(found.load, 5 + work), counter: 5 + growth}
        return Sample(100.0, start), Sample(110.0, end)

    worse = compare(pair(before, load[0]), pair(after, load[1]))
    return [it.sign for it in worse]


@pytest.mark.parametrize("sign", [sign.name for sign in SIGNS])
def test_every_sign_can_be_worse_and_is_not_by_chance(sign: str) -> None:
    assert around(sign, 0, 40) == [sign]
    assert around(sign, 0, 0) == []
    assert around(sign, 0, 6) == [], "six may be chance"
    assert around(sign, 100, 120) == []
    assert around(sign, 100, 90) == []
    assert around(sign, 100, 400) == [sign]


def test_more_work_explains_more_trouble_and_less_work_does_not_excuse_it() -> None:
    assert around("retransmissions", 20, 60, (1000, 4000)) == []
    assert around("retransmissions", 20, 60, (4000, 1000)) == ["retransmissions"]


def test_samples_that_cannot_be_compared_say_nothing() -> None:
    here = Sample(10.0, {"TcpExt.ListenDrops": 5})
    later = Sample(20.0, {"TcpExt.ListenDrops": 500})
    assert compare((here, here), (here, later)) == ()
    assert compare((here, Sample(20.0, {})), (here, Sample(20.0, {}))) == ()
    again = Sample(20.0, {"TcpExt.ListenDrops": 0})
    assert compare((here, again), (here, again)) == ()
    worse = compare((here, Sample(20.0, {"TcpExt.ListenDrops": 5})), (here, later))
    assert [str(it) for it in worse] == ["listen drops 0/s → 49.5/s"]


# --- the journal


def test_a_journal_tells_how_far_every_host_came(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal"
    first = Journal(path, "run1")
    first.begin("apply", "/inv", ["a", "b", "c", "d"], {"serial": "1"})
    first.stage("a", "begin")
    first.stage("a", "confirm")
    first.outcome(Outcome("a", Ending.CONFIRMED))
    first.stage("b", "begin")
    first.outcome(Outcome("c", Ending.REVERTED, "refused"))
    first.close()
    second = Journal(path, "run2")
    second.begin("rollback", "/inv", ["a"], {})
    second.outcome(Outcome("a", Ending.UNCHANGED))
    second.stop("because")
    second.end()
    second.close()
    one, two = read_runs(path)
    assert (one.id, one.kind, one.source, one.names) == ("run1", "apply", "/inv", tuple("abcd"))
    assert (one.open, set(one.done)) == (("b",), {"a"})
    assert not one.ended
    assert not one.complete
    assert (one.hosts["c"].ending, one.hosts["c"].message) == (Ending.REVERTED, "refused")
    assert "d" not in one.hosts
    assert (two.stopped, two.ended, two.complete) == ("because", True, True)


def test_a_torn_last_line_is_passed_over_and_any_other_is_not(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, "run")
    journal.begin("apply", "/inv", ["a"], {})
    journal.stage("a", "begin")
    journal.close()
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        runs = read_runs(path)
        assert len(runs) == (1 if length >= whole.index(b"\n") else 0), length
    path.write_bytes(b"what is this\n" + whole)
    with pytest.raises(UsageError, match=r"journal:1: this is no line of a journal"):
        read_runs(path)
    assert read_runs(tmp_path / "none") == ()


def test_where_the_journal_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path({"XDG_STATE_HOME": "/x"}) == Path("/x/tuner/journal.jsonl")
    home = tmp_path / ".local/state/tuner/journal.jsonl"
    assert default_path({}) == default_path({"XDG_STATE_HOME": "relative"}) == home
