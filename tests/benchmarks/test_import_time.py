"""`import lifelong_widgets` is quick: what is heavy is loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.benchmark


def seconds_to_import(module: str) -> float:
    program = f"import time; start = time.process_time(); import {module}; print(time.process_time() - start)"
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120
    )
    return float(ran.stdout)


def test_the_import_takes_less_than_a_third_of_that_of_torch() -> None:
    ratios = []
    for _ in range(3):
        ours, torch = seconds_to_import("lifelong_widgets"), seconds_to_import("torch")
        ratios.append(ours / torch)
        print(f"import: {ours * 1e3:.0f} ms, torch {torch * 1e3:.0f} ms: × {ratios[-1]:.3f}")
        if ratios[-1] < 0.3:
            return
    raise AssertionError(f"the import takes {min(ratios):.2f} times that of torch")
