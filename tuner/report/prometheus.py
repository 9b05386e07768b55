"""Metrics for node_exporter's textfile collector, in Prometheus' text format 0.0.4.

Labels are host, group, outcome, severity, state and rule: 19 series a host and two a rule, whatever
is found. Values, paths and sentences are no labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from tuner.policy.policy import Severity
from tuner.report._clean import clean
from tuner.report._report import HostReport, Outcome, Report
from tuner.rules._finding import State, Verdict


def render_prometheus(report: Report, rules: Iterable[str], *, exit_code: int) -> Iterator[str]:
    """Yield the metrics, a family at a time.

    Args:
        report: what was found.
        rules: the ids of all rules; those that found nothing are 0.
        exit_code: what the run ends with.
    """
    yield _family("tuner_build_info", "The version of tuner that wrote this.")
    yield f"tuner_build_info{_labels(version=report.version)} 1\n"
    started, finished = _seconds(report.started), _seconds(report.finished)
    single = (
        ("tuner_audit_timestamp_seconds", "When the audit ended, in Unix time.", finished),
        ("tuner_audit_duration_seconds", "How long the audit took.", finished - started),
        ("tuner_audit_exit_code", "The exit code: 0 clean, 1 findings, 3 incomplete.", exit_code),
    )
    for name, text, value in single:
        yield f"{_family(name, text)}{name} {value}\n"
    yield _family("tuner_hosts", "Hosts by how they came out.")
    for outcome in Outcome:
        yield f"tuner_hosts{_labels(outcome=outcome)} {report.count(outcome)}\n"
    found: Counter[str] = Counter()
    blind: Counter[str] = Counter()
    for host in report.hosts:
        verdict = host.verdict or Verdict()
        found.update({finding.rule for finding in verdict.findings})
        blind.update({skipped.rule for skipped in verdict.skipped})
    known = sorted({*rules, *found, *blind})
    yield _family(
        "tuner_rule_hosts", "Hosts that a rule found something on, known and waived apart."
    )
    yield from (f"tuner_rule_hosts{_labels(rule=name)} {found[name]}\n" for name in known)
    yield _family("tuner_rule_unjudged_hosts", "Hosts that a rule could not judge.")
    yield from (f"tuner_rule_unjudged_hosts{_labels(rule=name)} {blind[name]}\n" for name in known)
    yield from _hosts(report)


def _hosts(report: Report) -> Iterator[str]:
    rows = list(zip(_names(report.hosts), report.hosts, strict=True))
    name = "tuner_host_outcome"
    yield _family(name, "How a host came out: 1 for the one that applies.")
    for label, host in rows:
        for outcome in Outcome:
            yield f'{name}{{{label},outcome="{outcome}"}} {int(host.outcome is outcome)}\n'
    groups = {name: block.id for block in report.blocks for name in block.hosts}
    name = "tuner_host_group"
    yield _family(name, "The group of hosts that came out alike, by the id that reports give it.")
    for label, host in rows:
        yield f'{name}{{{label},group="{groups[host.name]}"}} 1\n'
    name = "tuner_host_findings"
    yield _family(name, "Findings of a host, known and waived ones apart.")
    for label, host in rows:
        verdict = host.verdict or Verdict()
        counts = Counter(finding.severity for finding in verdict.findings)
        for severity in sorted(Severity, reverse=True):
            yield f'{name}{{{label},severity="{severity}"}} {counts[severity]}\n'
    name = "tuner_host_waived_findings"
    yield _family(name, "Findings of a host that somebody lives with.")
    for label, host in rows:
        yield f"{name}{{{label}}} {len(host.verdict.waived) if host.verdict else 0}\n"
    name = "tuner_host_known_findings"
    yield _family(name, "Findings of a host that the baseline knows.")
    for label, host in rows:
        yield f"{name}{{{label}}} {len(host.verdict.known) if host.verdict else 0}\n"
    name = "tuner_host_unjudged_rules"
    yield _family(name, "Rules that could not judge a host.")
    for label, host in rows:
        yield f"{name}{{{label}}} {len(host.verdict.skipped) if host.verdict else 0}\n"
    name = "tuner_host_keys"
    yield _family(name, "Settings of the host's policy by where they stand.")
    for label, host in rows:
        states = Counter(row.state for row in host.keys)
        for state in State:
            yield f'{name}{{{label},state="{state}"}} {states[state]}\n'


def _names(hosts: Iterable[HostReport]) -> Iterator[str]:
    """Yield the host's label; one series twice would make the collector refuse the whole file."""
    seen: set[str] = set()
    for host in hosts:
        name = stem = clean(host.name)
        number = 1
        while name in seen:
            number += 1
            name = f"{stem}~{number}"
        seen.add(name)
        yield f'host="{_escape(name)}"'


def _family(name: str, text: str) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n"


def _labels(**values: str) -> str:
    pairs = ",".join(f'{name}="{_escape(clean(value))}"' for name, value in values.items())
    return f"{{{pairs}}}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _seconds(time: str) -> int:
    try:
        return round(datetime.fromisoformat(time).timestamp())
    except ValueError:
        return 0
