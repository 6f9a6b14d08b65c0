"""The books of a prequential run cost little beside what learners take."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lifelong_widgets.evaluation import prequential
from tests.evaluation.learners import Scripted, catalog_of, log_of

pytestmark = pytest.mark.benchmark


def test_the_protocol_itself_costs_little_more_than_reading_the_log() -> None:
    # learners take a millisecond or more; the books beside them must not show
    items = [f"item-{number}" for number in range(1_000)]
    log = log_of([(f"user-{number % 50}", items[number % 1_000]) for number in range(10_000)])
    learner = Scripted(catalog_of(*items), lambda self, user, k: tuple(items[:k]))

    def seconds(work: Callable[[], object]) -> float:
        durations = []
        for _ in range(3):
            start = time.process_time()
            work()
            durations.append(time.process_time() - start)
        return min(durations)

    reading = seconds(lambda: list(log))
    assert seconds(lambda: prequential(learner, log, progress=False)) < 25 * reading
