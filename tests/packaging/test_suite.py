"""The suite's own promise: what could not run is a failure that says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SKIPPING = '''
"""
>>> 1 / 0  # doctest: +SKIP
"""
import pytest

@pytest.mark.skip(reason="too tired")
def test_skipped(): ...

def test_skips_itself():
    pytest.skip("no screen")

@pytest.mark.xfail(reason="known to be wrong")
def test_expected_to_fail():
    assert 1 == 2

def test_fine(): ...
'''
ABSENT = 'import pytest\npytest.importorskip("a_module_that_is_not_there")\ndef test_never_seen(): ...\n'


def run(folder: Path) -> str:
    (folder / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "pytest", "--doctest-modules", "-p", "no:cacheprovider", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True).stdout


def test_skipped_and_expected_failures_fail(tmp_path: Path) -> None:
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    output = run(tmp_path)
    assert "3 failed, 1 passed, 1 error" in output  # a marker counts as an error: it acts before the test
    for reason in ("too tired", "no screen", "known to be wrong"):
        assert reason in output


def test_a_module_that_skips_itself_fails(tmp_path: Path) -> None:
    (tmp_path / "test_absent.py").write_text(ABSENT)
    output = run(tmp_path)
    assert "a_module_that_is_not_there" in output
    assert "2 errors" in output  # as a file of tests, and as one that may hold doctests
    assert "passed" not in output
