"""unread-file: cases."""

from __future__ import annotations

from tests.rules.hygiene.conftest import JudgeLines, LineCase
from tuner.sysctl.files import Entry, Kind

CASES: dict[str, LineCase] = {
    "suffix": {
        "files": {"/etc/sysctl.d/90-ours": "net.core.somaxconn = 1\n"},
        "finds": [("warning", "/etc/sysctl.d/90-ours:1:1", "does not end in .conf")],
    },
    "dot": {
        "files": {"/etc/sysctl.d/.90-ours.conf": "net.core.somaxconn = 1\n"},
        "finds": [("warning", "/etc/sysctl.d/.90-ours.conf:1:1", "begins with a dot")],
    },
    "folder and dangling link": {
        "entries": (
            Entry("/etc/sysctl.d/a.conf", Kind.DIRECTORY),
            Entry("/etc/sysctl.d/b.conf", Kind.DANGLING, target="gone"),
        ),
        "finds": [
            ("warning", "/etc/sysctl.d/a.conf:1:1", "It is a folder"),
            ("warning", "/etc/sysctl.d/b.conf:1:1", "a link to nothing"),
        ],
    },
    "a naive auditor flags masks and what was put aside": {
        "files": {
            "/etc/sysctl.d/README.sysctl": "Files in this folder are read.\n",
            "/etc/sysctl.d/a.conf.rpmnew": "net.core.somaxconn = 1\n",
            "/etc/sysctl.d/notes": "nothing here\n",
        },
        "entries": (Entry("/etc/sysctl.d/m.conf", Kind.OTHER, target="/dev/null"),),
    },
}


def test_unread_file(judge_lines: JudgeLines, case: LineCase) -> None:
    judge_lines("unread-file", case)
