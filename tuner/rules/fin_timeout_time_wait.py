"""tcp_fin_timeout is set in the belief that it shortens TIME_WAIT.

What it flags
    A line whose comment says TIME_WAIT next to tcp_fin_timeout, in whatever language; and without
    such a comment any value but 60: 61 to 119, which do not do what they say, as a warning; 5 and
    less, which reset slow peers, as a warning; the rest as a note.

Why it is wrong
    tcp_fin_timeout limits how long a socket that no program holds any more waits in FIN_WAIT2 for
    the peer's FIN. TIME_WAIT lasts 60 s whatever it says. Above 60 the time is 2·(t-60): 61 gives 2
    s, and every number up to 89 is shorter than the default; 90, a number often advised, gives 60 s
    again, half of them as a full socket of 2.3 KiB instead of a stand-in of 256 bytes.

Instead
    60, the default; or nothing, which is the same. A host with many TIME_WAIT entries needs nothing
    done unless it runs out of ports towards one destination, for which see tcp_tw_reuse.

Applies to
    Every kernel. A comment that speaks of FIN_WAIT, or that says the key does not touch TIME_WAIT,
    is not the belief.

Evidence
    linux tcp_minisocks.c: tcp_time_wait() always takes TCP_TIMEWAIT_LEN. Measured on Linux 6.18:
    the timer of a new TIME_WAIT entry shows 60 s under 1, 5, 30, 60, 90, 120 and 3600 alike; an
    orphan in FIN_WAIT2 is gone after 2 s under 61 and after 60 s under 90.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuner.policy.policy import Confidence, Policy, Severity
from tuner.rules._finding import Finding, Fix, Kind
from tuner.rules._formulas import TIME_WAIT, fin_wait2_seconds
from tuner.rules._growth import events
from tuner.rules._rule import Rule
from tuner.rules._values import endorsed, lines_for
from tuner.rules._words import FIN_WAIT, believes, says
from tuner.rules._words import TIME_WAIT as TIME_WAIT_WORDS
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.files import Setting
from tuner.sysctl.key import Key
from tuner.sysctl.value import parse_value

KEY = Key("net.ipv4.tcp_fin_timeout")
_TOO_SHORT = 5
_AS_LONG_AS_IT_SAYS = 120
_NOTEWORTHY = 1000


def check(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """Yield one finding about the value in force, or about a line that carries the belief."""
    live = snapshot.number(KEY)
    if live is None:
        return
    believed = next(
        (line for line in lines_for(snapshot, KEY) if _sets_another(line) and _believes(line.note)),
        None,
    )
    if believed is None and (live == TIME_WAIT or endorsed(snapshot, policy, KEY)):
        return
    value = live if live != TIME_WAIT or believed is None else _number(believed)
    trap = TIME_WAIT < value < _AS_LONG_AS_IT_SAYS
    severity = (
        Severity.WARNING if believed is not None or trap or value <= _TOO_SHORT else Severity.NOTE
    )
    yield RULE.finding(
        f"{KEY.rpartition('.')[2]} limits FIN_WAIT2 of orphaned sockets; TIME_WAIT stays 60 s "
        f"whatever it says.{_effect(value)}{_here(snapshot, value)}",
        key=KEY,
        wanted=f"{TIME_WAIT}",
        at=believed,
        severity=severity,
        fix=Fix(str(TIME_WAIT), safe=True),
    )


def _effect(value: int) -> str:
    """Return a sentence on what that very number does, empty where it does what it says."""
    if value <= 0:
        return f" {value} gives FIN_WAIT2 3.5 retransmission timeouts, under a second on a LAN."
    if value <= _TOO_SHORT:
        unit = "second" if value == 1 else "seconds"
        return f" {value} resets peers that need more than {value} {unit} to close their side."
    if value == TIME_WAIT or value >= _AS_LONG_AS_IT_SAYS:
        return ""
    if value > TIME_WAIT:
        return f" And {value} makes FIN_WAIT2 last {fin_wait2_seconds(value)} s, not {value}."
    return ""


def _here(snapshot: Snapshot, value: int) -> str:
    """Return what the host's own sockets and counters say to it."""
    cut = events(snapshot, "TcpExt.TWKilled")
    if 0 < value < _TOO_SHORT and cut:
        return f" {cut:,} orphans since boot had no more time than that (TWKilled)."
    if snapshot.sockets is None or snapshot.sockets.truncated:
        return ""
    states = snapshot.sockets.states
    waiting, half = states.get("TIME-WAIT", 0), states.get("FIN-WAIT-2", 0)
    if waiting <= _NOTEWORTHY:
        return ""
    return f" Of the host's sockets {waiting:,} are in TIME_WAIT and {half:,} in FIN_WAIT2."


def _believes(note: str) -> bool:
    """Tell whether a comment holds that the key governs TIME_WAIT."""
    return not says(FIN_WAIT, note) and believes(note, TIME_WAIT_WORDS)


def _number(line: Setting) -> int:
    given = parse_value(line.effective or "").written
    return given[0] if given else TIME_WAIT


def _sets_another(line: Setting) -> bool:
    return _number(line) != TIME_WAIT


RULE = Rule(
    id="fin-timeout-time-wait",
    kind=Kind.MYTH,
    severity=Severity.WARNING,
    confidence=Confidence.PROVEN,
    sources=(
        "linux v6.18 net/ipv4/tcp_minisocks.c tcp_time_wait",
        "linux v6.18 net/ipv4/tcp_timer.c tcp_keepalive_timer",
        "linux v6.18 Documentation/networking/ip-sysctl.rst tcp_fin_timeout",
    ),
    doc=__doc__,
    check=check,
)
