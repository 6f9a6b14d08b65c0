"""Undo and the past: as if it had never been."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.errors import (
    DataError,
    DivergenceError,
)
from lifelong_widgets.progress import ProgressEvent
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.undo import UndoStack
from tests.engine.lives import QUIET, fresh, opened
from tests.engine.worlds import assert_same_state


def test_undo_is_as_if_it_had_never_been(shop: Path, log: Interactions) -> None:
    """At once or from a checkpoint, of single events and of parts of batches."""
    for n in (1, 5, 7, 20, 75, 100):
        rec, plain = opened(shop.with_name(f"{n}.lw")), fresh()
        for each, last in ((rec, 230), (plain, 230 - n)):
            each.fit(log[:100], **QUIET)
            for event in log[100 : min(150, last)]:
                each.learn_one(event)
            if last > 150:
                each.learn_many(log[150:last], batch_size=16, **QUIET)
        taken = rec.undo(n, **QUIET)
        assert [event.item for event in taken] == [event.item for event in reversed(list(log[230 - n : 230]))]
        assert_same_state(rec, plain)
        assert rec.audit(**QUIET).equal
        rec.close()
        with Recommender.open(rec.journal.folder) as again:  # type: ignore[union-attr]
            assert again.digest() == plain.digest()


def test_undo_without_a_journal_reaches_the_last_few(log: Interactions) -> None:
    rec = fresh()
    digests = []
    for event in log[:20]:
        digests.append(rec.digest())
        rec.learn_one(Feedback(event.user, event.item, "like", shown=(event.item,)))
    assert len(rec.undo(3)) == 3 and rec.digest() == digests[17]
    with pytest.raises(DataError, match="keeps them all"):
        rec.undo(50)
    rec.undo(1)
    assert rec.digest() == digests[16]
    for wrong in (0, -1, 1.0, True, "2"):
        with pytest.raises(DataError, match="whole number"):
            rec.undo(wrong)  # type: ignore[arg-type]


def test_a_part_of_a_batch_is_repeated_under_the_conditions_of_then(shop: Path, log: Interactions) -> None:
    def change_rate(rec: Recommender) -> None:
        rec.updater.learning_rate = 0.01

    def change_kinds(rec: Recommender) -> None:
        rec.kinds = rec.kinds.with_weights(like=3)

    def add_item(rec: Recommender) -> None:
        rec.catalog.add({"item": "late"})
        rec.recommend("p1")

    for change in (change_rate, change_kinds, add_item):
        rec, plain = opened(shop.with_name(f"{change.__name__}.lw")), fresh()
        rec.learn_many(log[:32], progress=False)
        change(rec)
        rec.undo(3)
        plain.learn_many(log[:29], progress=False)
        change(plain)
        assert rec.digest() == plain.digest(), change.__name__
        with pytest.raises(DataError, match="a part of a batch"):
            live = fresh()
            live.learn_many(log[:32], progress=False)
            change(live)
            live.undo(3)
        rec.close()


def test_items_are_written_before_the_step_that_draws_from_them(shop: Path, log: Interactions) -> None:
    rec, plain = opened(shop), fresh()

    def adding(rec: Recommender) -> Callable[[ProgressEvent], None]:
        def add(event: ProgressEvent) -> None:
            if event.done == 16:
                rec.catalog.add([{"item": f"late {n}"} for n in range(20)])

        return add

    for each in (rec, plain):
        each.learn_many(log[:48], batch_size=16, progress=adding(each))
        each.learn_many(log[48:56], progress=False)
        each.catalog.add({"item": "later still"})
    assert rec.digest() == plain.digest() and rec.audit(**QUIET).equal
    rec.undo(2)
    with pytest.raises(DataError, match="a part of a batch"):
        plain.undo(2)
    assert rec.audit(**QUIET).equal
    rec.close()


def test_a_setting_that_goes_and_comes_back_counts(shop: Path, log: Interactions) -> None:
    """The monitor starts afresh at each."""
    rec = opened(shop)
    for event in log[:5]:
        rec.learn_one(Feedback(event.user, event.item, "like", shown=(event.item,)))
    rec.drift.top_k = 5
    rec.drift.top_k = 10
    rec.learn_one(Feedback("p1", "i1", "like", shown=("i1",)))
    assert rec.audit(**QUIET).equal
    before = rec.journal.last_id if rec.journal else 0
    for rate in (0.001, 0.002, 0.003):
        rec.updater.learning_rate = rate  # a slider on its way
    rec.learn_one(log[9])
    assert rec.journal is not None and rec.journal.last_id == before + 2
    rec.close()


def test_a_setting_of_the_fit_that_changes_while_it_fits_is_refused(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    rec.learn_one(log[0])
    before = rec.digest()

    def turn(_event: ProgressEvent) -> None:
        rec.trainer.fit_learning_rate = 0.01

    with pytest.raises(DataError, match="changed during fit"):
        rec.fit(log, progress=turn)
    rec.trainer.fit_learning_rate = type(rec.trainer)().fit_learning_rate
    assert rec.digest() == before and rec.audit(**QUIET).equal
    rec.close()


def test_divergence_of_what_stays_of_a_batch_leaves_stack_and_log_in_step(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = opened(shop)
    rec.learn_many(log[:10], progress=False)

    def diverge(*_: object, **__: object) -> float:
        raise DivergenceError("the loss is nan")

    monkeypatch.setattr(type(rec.updater), "step", diverge)
    assert len(rec.undo(3)) == 3 and rec.n_events == 0
    monkeypatch.undo()
    assert [event.item for event in rec.undo(7)] == [event.item for event in reversed(list(log[:7]))]
    assert rec.audit(**QUIET).equal
    rec.close()


def test_undo_stays_quick_after_many(shop: Path, log: Interactions) -> None:
    """Each reads what is new of the log, not all that was ever undone."""
    rec, rows = opened(shop), 0
    assert rec.journal is not None
    original = rec.journal._log._rows

    def counting(*args: Any) -> list[Any]:
        nonlocal rows
        found = original(*args)
        rows += len(found)
        return found

    rec.journal._log._rows = counting  # type: ignore[method-assign]
    read = []
    for event in log[:60]:
        rec.learn_one(event)
        before = rows
        rec.undo()
        read.append(rows - before)
    assert max(read[-10:]) <= max(read[:10]) + 60  # undone events that lie in the way, a page at a time
    rec.close()


def test_an_interrupted_undo_without_a_journal_is_whole(
    log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, original = fresh(), UndoStack.take_back
    rec.learn_one(log[0])
    before = rec.digest()
    rec.learn_one(log[1])

    def pressed(stack: UndoStack, n: int) -> list[Feedback]:
        signal.raise_signal(signal.SIGINT)
        return original(stack, n)

    monkeypatch.setattr(UndoStack, "take_back", pressed)
    with pytest.raises(KeyboardInterrupt):
        rec.undo()
    assert rec.digest() == before


def test_a_step_learns_even_where_gradients_were_left_off(log: Interactions) -> None:
    """As by a Ctrl-C that came within torch's own `no_grad`."""
    rec = fresh()
    with torch.no_grad():
        assert np.isfinite(rec.learn_one(log[0]).loss)


def test_undo_of_the_first_event_of_all(log: Interactions) -> None:
    rec = fresh()
    before = rec.digest()
    rec.learn_one(log[0])
    rec.undo()
    assert rec.digest() == before


def test_a_fit_cannot_be_undone(lived: tuple[Recommender, list[int]]) -> None:
    rec, _ = lived
    before = rec.digest()
    with pytest.raises(DataError, match="a fit"):
        rec.undo(10_000)
    assert rec.digest() == before


def test_any_moment_can_be_looked_at(shop: Path, log: Interactions) -> None:
    rec = opened(shop, checkpoint_every=7)
    moments = {0: rec.digest()}
    for event in log[:30]:
        id = rec.learn_one(event).event_id or 0
        moments[id] = rec.digest()
    rec.undo(12)
    for event in log[50:55]:
        id = rec.learn_one(event).event_id or 0
        moments[id] = rec.digest()
    for id in (0, 3, 18, 19, 30, 32, 35):
        then = rec.at(id, **QUIET)
        assert then.digest() == moments[id], id
        assert then.read_only and then.recommend("p1", k=3).items
    assert rec.at(31, **QUIET).digest() == moments[18]  # the undo itself
    for wrong in (-1, 99, 1.0, "3"):
        with pytest.raises(DataError, match="from 0, the beginning, to"):
            rec.at(wrong)  # type: ignore[arg-type]
    rec.close()
