"""A feature that the project has never heard of works from new files only: a table, a command, words, a line in home,
in the digest, a badge counter, an export. It is laid over a copy of the house, where no file that stands is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = Path(__file__).parent / "foreign"
HOUSE = ("bot", "cohorts", "templates", "tests/support", "tests/conftest.py", "tests/__init__.py")
SETTINGS = ("pyproject.toml",)
MARK = ".new"  # so that no tool takes the files for ours


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the feature's files in it."""
    copy = tmp_path_factory.mktemp("house")
    for name in (*HOUSE, *SETTINGS):
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for file in sorted(FOREIGN.rglob("*" + MARK)):
        target = copy / file.relative_to(FOREIGN).with_suffix("")
        assert not target.exists(), f"{target.name} stands already: the feature may only bring new files"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return copy


def run(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CARAVAN_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=house,
        env={**environment, "PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_copy_is_what_runs(house: Path) -> None:
    shown = run(house, "-c", "import bot, cohorts; print(bot.__file__); print(cohorts.__file__)").stdout.split()
    assert [Path(line).is_relative_to(house) for line in shown] == [True, True]


@pytest.mark.slow
def test_the_feature_s_own_tests_pass(house: Path) -> None:
    """Its command, its rows, its words, home, digest, badge, export and migration: see `foreign/tests`."""
    done = run(house, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/features/test_waves.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_lint_knows_what_its_badges_count(house: Path) -> None:
    done = run(house, "-m", "bot", "lint", "waving")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Waving together is fine" in done.stdout


def test_without_the_feature_lint_refuses_what_its_badges_count(tmp_path: Path) -> None:
    program = tmp_path / "waving.toml"
    shutil.copy(FOREIGN / "templates" / "programs" / "waving.toml.new", program)
    done = run(ROOT, "-m", "bot", "lint", str(program))
    assert done.returncode == 2
    assert "waves" in done.stderr
