"""tcp_tw_reuse is taken for a way to clear TIME_WAIT.

What it flags
    A line that switches tcp_tw_reuse on and whose comment wants TIME_WAIT recycled, cleared,
    reduced or shortened, and does not speak of outgoing connections.

Why it is wrong
    It clears and shortens nothing. An entry stays its 60 s; all that changes is that connect() may
    take the port of one of this host's own outgoing connections a second after it closed. A
    server's entries, which belong to connections it accepted, are never touched. Files that have
    the two comments of tcp_tw_reuse and tcp_tw_recycle the wrong way round have been copied for
    fifteen years.

Instead
    On a server no line; on a client that runs out of ports keep it, with a comment that says so.

Applies to
    Every kernel. Only the comment is judged. A comment that speaks of reuse for new or outgoing
    connections says what the key does.

Evidence
    linux tcp_twsk_unique(), which connect() alone calls; tcp_timewait_state_process() never reads
    the key.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Kind
from tuner.rules._rule import Rule
from tuner.rules._values import lines_for
from tuner.rules._words import TIME_WAIT as TIME_WAIT_WORDS
from tuner.rules._words import believes, says
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.ipv4.tcp_tw_reuse")
_CLEAR = (
    r"recycl|clear|clean|kill|shorten|reduc|decreas|faster|回收|清理|减少|缩短|재활용|정리|줄이|단축"
    r"|daur ulang|kurang|очист|уменьш|сократ|recicl|limpia|reduc"
)
_KNOWS = (
    r"outgoing|outbound|new conn|connect\(|client|reus(?:e|ing) .{0,30}(?:new|conn)"
    r"|新的?(?:TCP)?连接|새로운|исходящ|новы|koneksi baru|nuevas"
)


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:  # noqa: ARG001
    """Yield a finding for a line that hopes for it."""
    if snapshot.number(KEY) is None:
        return
    for line in lines_for(snapshot, KEY):
        given = parse_value(line.effective or "").written
        if not given or not given[0] or says(_KNOWS, line.note):
            continue
        if believes(line.note, TIME_WAIT_WORDS, _CLEAR):
            yield RULE.finding(
                "It clears no TIME_WAIT entry and shortens none: it lets connect() take the port "
                "of this host's own closed connections, and never touches accepted ones.",
                key=KEY,
                wanted="a reason that holds, or no such line",
                at=line,
            )
            return


RULE = Rule(
    id="tw-reuse-as-recycle",
    kind=Kind.MYTH,
    severity=Severity.NOTE,
    confidence=Confidence.LIKELY,
    sources=(
        "linux v6.18 net/ipv4/tcp_ipv4.c tcp_twsk_unique",
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_timewait_state_process",
    ),
    doc=__doc__,
    check=check,
)
