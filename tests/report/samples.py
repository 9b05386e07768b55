"""Reports for the tests of every format: an ordinary one, and one in which every word is hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

from tuner.cli.exits import Exit
from tuner.cli.outputs import FORMS
from tuner.compare.baseline import Gone, Use
from tuner.policy.policy import Confidence, Severity
from tuner.policy.waiver import Waiver
from tuner.report._gauges import Destination, Gauges
from tuner.report._report import Failure, HostReport, Report
from tuner.rules._finding import (
    Finding,
    Fix,
    Kind,
    NextBoot,
    Origin,
    Skipped,
    State,
    Verdict,
    Waived,
)
from tuner.rules._state import KeyState
from tuner.rules._waivers import Unused
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
FORMATS = tuple(FORMS)

HOSTILE = (
    "\x1b[31m\x07\x00\u202e\u200b\ud800\ufffe\r\n\u2028\x85[bold]",
    "</script><script>alert(1)</script><!--",
    "\"'><img src=x onerror=alert(1)>]]>&amp;",
    "`` ` ```|\\|*_~x_*{{7*7}}{%x%}{0}${x}$(x)",
    "@octocat #1 GH-1 www.evil.example https://evil.example [a](javascript:alert(1))",
    "../../%2e%2e/x?y#z;--limit\t=1\\n__proto__",
    "é漢\U0001f4a5" + "x" * 5000,
)
"""Words that mean something to a terminal, XML, HTML, a script, Markdown, SARIF or a shell."""


def hostile_report() -> Report:
    """Return a report in which every word that could come from outside is each hostile one."""
    return Report(
        hosts=tuple(host for number, word in enumerate(HOSTILE) for host in _hosts(number, word)),
        version="0.1.0",
        started="2030-01-01T00:00:00Z",
        finished="2030-01-01T00:00:01Z",
        whom=(HOSTILE[1], HOSTILE[3]),
        baseline=Use(HOSTILE[0], 7, (Gone("drift", HOSTILE[1], Severity.ERROR, HOSTILE[2:4]),)),
        unused_waivers=(Unused(_waiver(HOSTILE[4]), HOSTILE[4:6]),),
    )


def _waiver(word: str) -> Waiver:
    valid = word.encode("utf-8", "replace").decode()
    return Waiver(rule="drift", reason=valid, owner=valid, until=date(2031, 1, 1))


def _hosts(number: int, word: str) -> list[HostReport]:
    value = Value((word,))
    boot = NextBoot(Origin.FILE, value, f"/etc/sysctl.d/{word}.conf", 3)
    finding = Finding(
        rule="drift",
        kind=Kind.POLICY,
        severity=Severity.ERROR,
        confidence=Confidence.POSSIBLE,
        message=f"says {word}",
        key=Key(f"net.{word}"),
        live=value,
        wanted=word,
        next_boot=boot,
        path=f"/etc/sysctl.d/{word}.conf",
        line=3,
        fix=Fix(word, safe=False),
    )
    part = replace(finding, rule="tw-recycle", key=Key(f"net.part.{word}"), severity=Severity.NOTE)
    finding = replace(finding, parts=(part,))
    finding = replace(finding, state=State.SHADOWED, note=word)
    known = replace(finding, rule="removed-key", key=Key(f"net.known.{word}"))
    waived = Waived(replace(finding, key=Key(f"vm.{word}")), _waiver(word))
    state = KeyState(Key(f"net.{word}"), State.WRONG, word, value, boot, value, word)
    gauges = Gauges(10, (Destination(word, word, 443, 5, 2),), (1, 2), 3, 1.0, (4, 5))
    judged = HostReport(
        name=f"{word}{number}",
        roles=(word,),
        groups=(word, "g"),
        kernel=word,
        os=word,
        verdict=Verdict((finding,), (waived,), (Skipped("boot-drift", word, word),), (known,)),
        keys=(state,),
        gauges=gauges,
    )
    lost = HostReport(
        name=f"lost {word}{number}",
        roles=(word,),
        groups=(word,),
        failure=Failure(word, f"refused {word}", word),
    )
    return [judged, lost]


def empty_report() -> Report:
    """Return a report on no host at all."""
    return Report((), "0.1.0", "2030-01-01T00:00:00Z", "2030-01-01T00:00:01Z")


@cache
def rendered(form: str) -> str:
    """Return the hostile report in a format."""
    return render(form, hostile_report())


def render(form: str, report: Report, code: Exit = Exit.FINDINGS) -> str:
    """Return a report in a format, as the command line writes it."""
    return "".join(FORMS[form](report, code))
