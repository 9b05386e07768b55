"""The wheel carries profiles, templates and the schema, and works away from the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, CHECKOUT],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-index",
            "--target",
            target,
            wheel,
        ],
        check=True,
    )
    return target


def test_every_profile_template_and_data_file_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("profiles", "templates"):
        for path in (CHECKOUT / folder).rglob("*"):
            if path.is_file():
                assert f"tuner/_data/{path.relative_to(CHECKOUT)}" in names
    data = {".py", ".yml", ".md", ".sh", ".json", ".typed"}
    for path in (CHECKOUT / "tuner").rglob("*"):
        if path.suffix in data and "__pycache__" not in path.parts:
            assert f"tuner/{path.relative_to(CHECKOUT / 'tuner')}" in names


def test_an_installed_tuner_audits_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "web1.txt").write_text(
        "kernel.osrelease = 4.9.0-8-amd64\nnet.ipv4.tcp_timestamps = 0\nnet.core.somaxconn = 128\n"
    )
    environment = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    where = subprocess.run(
        [sys.executable, "-c", "import tuner; print(tuner.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(installed))
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tuner",
            "audit",
            "--from",
            "web1.txt",
            "--role",
            "public-server",
            "--format",
            "json",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 3, run.stderr
    (host,) = json.loads(run.stdout)["hosts"]
    assert host["name"] == "web1"
    assert "timestamps-off" in {finding["rule"] for finding in host["findings"]}
