"""What every test can rely on: nothing is skipped silently, and where Chromium is."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest

from tests.chromium import find_chromium

# No deadline: it would assert an absolute time. Derandomised: a run is green or red for its code alone.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")

BENCHMARKS = Path(__file__).parent / "benchmarks"

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """For Playwright's `launch(executable_path=…, args=CHROMIUM_FLAGS)`, flags from `tests.chromium`."""
    path = find_chromium()
    assert path, "no Chromium here: `make test` gets one, and so does `python tests/chromium.py`"
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` looks for benchmarks in their folder alone: elsewhere, one would never run."""
    for item in items:
        if item.get_closest_marker("benchmark") and not item.path.is_relative_to(BENCHMARKS):
            raise pytest.UsageError(f"{item.nodeid} compares durations: it belongs into tests/benchmarks")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _not_skipped((yield))


def _not_skipped(report: Report) -> Report:
    """What could not run is a failure that says why."""
    if report.skipped:
        why = getattr(report, "wasxfail", None) or report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} did not run, and this suite skips nothing: {why}"
        report.__dict__.pop("wasxfail", None)
    return report
