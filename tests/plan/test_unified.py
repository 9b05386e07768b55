"""The diff of a plan's files is one that git applies."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.plan.plan import FileChange, Plan
from tuner.plan.unified import unified

OLD = b"# one\nnet.ipv4.tcp_sack = 0\n# three\n"
NEW = b"# one\nnet.ipv4.tcp_sack = 1\n# three\n"


def test_it_reads_as_usual() -> None:
    plan = Plan("h", files=(FileChange("/etc/sysctl.d/x.conf", OLD, NEW),))
    assert unified(plan) == (
        "diff --git a/etc/sysctl.d/x.conf b/etc/sysctl.d/x.conf",
        "--- a/etc/sysctl.d/x.conf",
        "+++ b/etc/sysctl.d/x.conf",
        "@@ -1,3 +1,3 @@",
        " # one",
        "-net.ipv4.tcp_sack = 0",
        "+net.ipv4.tcp_sack = 1",
        " # three",
    )


def apply(tmp_path: Path, files: tuple[FileChange, ...]) -> None:
    """Lay the old files out, let git apply the diff, and compare with the new ones."""
    root = tmp_path
    for file in files:
        path = root / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.before is not None:
            path.write_bytes(file.before)
    text = "".join(f"{line}\n" for line in unified(Plan("h", files=files)))
    done = subprocess.run(
        ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-"],
        cwd=root,
        input=text.encode(),
        env={"GIT_CEILING_DIRECTORIES": str(root.parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (done.stderr, text)
    for file in files:
        path = root / file.path.lstrip("/")
        assert (path.read_bytes() if path.exists() else None) == file.after
        path.unlink(missing_ok=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="this machine has no git")
def test_git_applies_it(tmp_path: Path) -> None:
    many = b"".join(b"net.x%d = 1\n" % number for number in range(40))
    apply(
        tmp_path,
        (
            FileChange("/etc/a.conf", OLD, NEW),
            FileChange("/etc/b.conf", None, NEW),
            FileChange("/etc/c.conf", OLD, None),
            FileChange("/etc/d.conf", many, many.replace(b"x7 = 1", b"x7 = 2")),
            FileChange("/etc/e.conf", b"no end", b"no end still"),
            FileChange("/etc/f.conf", b"-- x\nno end", b"-- y\nno end\n"),
            FileChange(
                "/etc/g.conf", b"a\r\nb\x0c\x85\xe2\x80\xa8c\r\n".replace(b"\x85", b""), b"a\r\n"
            ),
        ),
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="this machine has no git")
@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.text(alphabet="ab\n\r-+ @", max_size=30), st.text(alphabet="ab\n\r-+ @", max_size=30))
def test_git_applies_any(tmp_path_factory: pytest.TempPathFactory, old: str, new: str) -> None:
    if old != new and old and new:
        files = (FileChange("/etc/a.conf", old.encode(), new.encode()),)
        apply(tmp_path_factory.mktemp("tree"), files)


def test_bytes_that_are_no_text_become_escapes() -> None:
    plan = Plan("h", files=(FileChange("/etc/a.conf", None, b"\xff\x1b[31m\n"),))
    assert unified(plan)[-1] == "+\\xff\x1b[31m"
