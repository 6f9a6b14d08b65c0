"""Learn slice after slice, and after each look at all: what is kept, and what carries over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Feedback, Id, Interactions
from lifelong_widgets.errors import DataError, LifelongWidgetsError
from lifelong_widgets.evaluation.continual_report import ContinualReport
from lifelong_widgets.evaluation.learners import Learner, admit, check_ids, check_kinds, rank_of
from lifelong_widgets.progress import Progress, ProgressCallback, Stop, check_progress, held_interrupts, track


def continual(
    learner: Learner,
    slices: Sequence[Interactions],
    k: int = 10,
    *,
    hold_out: float = 0.2,
    names: Sequence[str] | None = None,
    arrivals: Catalog | None = None,
    exclude_seen: bool = False,
    batch_size: int | None = None,
    learn: bool = True,
    about: Mapping[str, Any] | None = None,
    progress: bool | ProgressCallback = True,
) -> ContinualReport:
    """Learn one slice of a stream after the other; after each, test the held-out events of all slices.

    The last part of each slice is held out and never learned. A held-out event is tested by asking for the
    list of its person as the learner holds them *at that moment*: their history is all that was learned of
    them so far, which may end seasons before or after the event. Only `recommend` is called, so that a test
    changes nothing. An item that the catalogue does not hold (yet) is a miss; events of a kind that speaks
    against the item (skip, dislike) are learned but test nothing.

    A learner that has a `consolidate`, such as `ElasticLearner`, is told so when a slice was learned.

    The first row of tests is taken before anything is learned. Of an untrained learner it is the baseline
    that forward transfer is measured against; it holds no histories, so that part of forward transfer may be
    what *reading* is worth. To take that apart, run a `frozen_twin` of the untrained learner over the same
    slices, and hand its accuracies R[i-1, i] as the baseline to `transfer.forward_transfer`.

    Ctrl-C (or a `Stop` from the progress callback) ends the run between two events, a second Ctrl-C at once;
    an error of this package that the learner raises ends it too, and the report says which in `error`. The
    report then has the rows that were finished.

    Args:
        learner: A `Recommender`, a baseline, or yours with the same verbs. It learns.
        slices: Parts of a stream, in the order in which they are learned; at least one, each of two events.
        k: Length of the lists.
        hold_out: Which part of each slice's events, its last, is held out, in (0, 1).
        names: What each slice is called; ``"1"``, ``"2"``, … by default. They may repeat.
        arrivals: Where titles, categories and texts of new items come from (see `prequential`).
        exclude_seen: Ask for lists without what the person has consumed *so far*. Leave it False where
            people come back to the same items: what somebody took in a later slice would be a miss of the
            earlier one, and look like forgetting.
        batch_size: Learn with `learn_many` in batches of so many events, instead of with `learn_one`.
        learn: False to take the events into the histories only (`observe`), which makes a frozen line.
        about: Facts for the report (a ``"title"``, settings), as JSON-able values.
        progress: True for a bar, False for none, or a callback.

    Returns:
        The matrix of accuracies, and its measures.

    Raises:
        DataError: Nothing to learn or to test in a slice, a number out of range, a learner that lacks
            `learn_many`, or a log that does not go with the learner (see `prequential`). Nothing is learned
            then.

    Source: D. Lopez-Paz and M. Ranzato, "Gradient episodic memory for continual learning", 2017.

    >>> import pandas as pd
    >>> from lifelong_widgets.data import Catalog, Interactions
    >>> from lifelong_widgets.evaluation import RecencyPopularity
    >>> catalog = Catalog.from_pandas(pd.DataFrame({"item": ["a", "b", "c"]}))
    >>> def season(item, day):
    ...     times = [86_400 * day + second for second in range(4)]
    ...     return Interactions.from_pandas(pd.DataFrame({"user": "ada", "item": item, "time": times}))
    >>> popular = RecencyPopularity(catalog, half_life="1D")
    >>> report = continual(popular, [season("b", 0), season("c", 9)], k=1, hold_out=0.5, progress=False)
    >>> report.matrix()  # the fashion of the day is hit, the one before is forgotten
    array([[1., 0.],
           [0., 1.]])
    >>> report.measures()["forgetting"]
    1.0
    """
    check_progress(progress)
    parts = _split(slices, k, hold_out, names, batch_size)
    if batch_size is not None and learn and not hasattr(learner, "learn_many"):
        raise DataError(f"batch_size={batch_size}, but a {type(learner).__name__} has no learn_many")
    for whole in slices:
        check_ids({"live": learner}, whole, arrivals)
        check_kinds({"live": learner}, whole)
    run = _Run(learner, parts, k, arrivals, exclude_seen, batch_size if learn else None, learn)
    started = time.perf_counter()
    stopped, error = run.go(progress)
    n_tests = sum(len(part.tests) for part in parts)
    return ContinualReport(
        k=k,
        names=tuple(part.name for part in parts),
        n_learned=tuple(len(part.lessons) for part in parts),
        n_tested=tuple(len(part.tests) for part in parts),
        ranks=np.array(run.rows, dtype=np.int32).reshape(-1, n_tests),
        seconds=time.perf_counter() - started,
        interrupted=stopped,
        about=dict(about or {}),
        error=error,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    lessons: Interactions
    tests: tuple[tuple[Id, Id], ...]  # person and item


class _Run:
    """The books of one run: a row of ranks is entered when all slices were tested, or not at all."""

    def __init__(
        self,
        learner: Learner,
        parts: Sequence[_Part],
        k: int,
        arrivals: Catalog | None,
        exclude_seen: bool,
        batch_size: int | None,
        learn: bool,
    ) -> None:
        self.learner, self.parts, self.k = learner, parts, k
        self.arrivals, self.exclude_seen = arrivals, exclude_seen
        self.batch_size, self.learn = batch_size, learn
        self.rows: list[NDArray[np.int32]] = []

    def go(self, progress: bool | ProgressCallback) -> tuple[bool, str | None]:
        """Whether the run was stopped before its end, and the error that ended it."""
        lessons = sum(len(part.lessons) for part in self.parts)
        tests = sum(len(part.tests) for part in self.parts)
        where = "before slice 1"
        try:
            with (
                track(lessons + tests * (len(self.parts) + 1), "slice by slice", progress) as bar,
                held_interrupts() as interrupt,
            ):
                self._test(bar, interrupt.is_set)
                for number, part in enumerate(self.parts, start=1):
                    where = f"in slice {number}, {part.name!r}"
                    self._learn(part.lessons, bar, interrupt.is_set)
                    if self.learn and hasattr(self.learner, "consolidate"):
                        self.learner.consolidate()
                    self._test(bar, interrupt.is_set)
        except (KeyboardInterrupt, Stop):
            return len(self.rows) <= len(self.parts), None
        except LifelongWidgetsError as problem:
            return True, f"{where}: {problem}"
        return False, None

    def _test(self, bar: Progress, stop: Any) -> None:
        row: list[int] = []
        for part in self.parts:
            for user, item in part.tests:
                if stop():
                    raise Stop
                shown = self.learner.recommend(user, k=self.k, exclude_seen=self.exclude_seen, reasons=False)
                row.append(rank_of(item, tuple(shown.items)))
        self.rows.append(np.array(row, dtype=np.int32))
        bar.update(len(row))

    def _learn(self, lessons: Interactions, bar: Progress, stop: Any) -> None:
        if self.batch_size is not None:
            for item in lessons.items:
                admit(item, self.learner.catalog, self.arrivals)
            report = self.learner.learn_many(lessons, self.batch_size, progress=False)  # type: ignore[attr-defined]
            if getattr(report, "interrupted", False) or stop():  # it holds the interrupts back itself
                raise Stop
            bar.update(len(lessons))
            return
        for event in lessons:
            if stop():
                raise Stop
            self._take(event)
            bar.update(1)

    def _take(self, event: Feedback) -> None:
        admit(event.item, self.learner.catalog, self.arrivals)
        if self.learn:
            self.learner.learn_one(event)
        else:
            self.learner.observe(event)


def _split(
    slices: Sequence[Interactions],
    k: int,
    hold_out: float,
    names: Sequence[str] | None,
    batch_size: int | None,
) -> list[_Part]:
    """The slices, each cut in two, if all is well with them."""
    for name, count in (("k", k), ("batch_size", batch_size)):
        if count is not None and (type(count) is not int or count < 1):
            raise DataError(f"{name} must be a whole number of at least 1, not {count!r:.80}")
    if isinstance(hold_out, bool) or not isinstance(hold_out, (int, float)) or not 0 < hold_out < 1:
        raise DataError(f"hold_out={hold_out!r:.80}; it is the part of each slice that tests, in (0, 1)")
    given: object = slices
    if isinstance(given, Interactions) or not len(slices):
        raise DataError("continual takes a sequence of slices, such as [log.before(0.5), log.after(0.5)]")
    called = [str(number) for number in range(1, len(slices) + 1)] if names is None else list(names)
    if len(called) != len(slices):
        raise DataError(f"{len(called)} names for {len(slices)} slices")
    return [_cut(str(name), whole, hold_out) for name, whole in zip(called, slices, strict=True)]


def _cut(name: str, whole: Interactions, hold_out: float) -> _Part:
    if not isinstance(whole, Interactions):
        raise DataError(f"slice {name!r:.80} is a {type(whole).__name__}; slices are Interactions")
    n_tests = min(max(1, round(len(whole) * hold_out)), len(whole) - 1)
    if n_tests < 1:
        raise DataError(f"slice {name!r:.80} has {len(whole)} events; one must be learned, one test")
    lessons, held_out = whole[: len(whole) - n_tests], whole[len(whole) - n_tests :]
    tests = tuple((event.user, event.item) for event in held_out if whole.kinds[event.kind].positive)
    if not tests:
        raise DataError(f"slice {name!r:.80}: none of its {n_tests} held-out events is of a positive kind")
    return _Part(name, lessons, tests)
