"""What a copy is told of steps, and how it takes that in."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.compression.following import Touched, Twin, parts_of
from lifelong_widgets.compression.linear import CompactLinear
from lifelong_widgets.compression.methods import plan_of
from lifelong_widgets.compression.teaching import TuningSteps
from lifelong_widgets.memory import ALWAYS, Moment, Newcomers
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.linear import LinearMemory
from tests.compression.test_copies import made


def mark_of(ledger: Ledger) -> SimpleNamespace:
    step = SimpleNamespace(rows=[], content=[])
    histories = SimpleNamespace(rows=[], n=0)
    return SimpleNamespace(step=step, value=None, n_users=0, histories=histories, memory=ledger)


def test_only_what_is_watched_is_noted_and_under_its_name() -> None:
    mine, other = SimpleNamespace(of=np.zeros(9)), SimpleNamespace(of=np.zeros(9))
    touched, ledger = Touched(), Ledger()
    touched.watch({"mine": mine})
    ledger.keep(mine, "of", np.array([4, 2]))
    ledger.keep(other, "of", 7)
    touched.note(mark_of(ledger), 0)
    assert touched.of_parts == {("mine", "of"): {2, 4}}
    assert touched.rows_of("mine", "of").tolist() == [2, 4] and not len(touched.rows_of("other", "of"))


def test_another_object_at_the_same_address_is_not_taken_for_a_part() -> None:
    """An id is free again when its object is gone: so parts are held, and compared themselves."""
    touched, ledger = Touched(), Ledger()
    part = SimpleNamespace(of=np.zeros(3))
    touched.watch({"part": part})
    impostor = SimpleNamespace(of=np.zeros(3))
    touched._parts[id(impostor)] = part, "part"
    ledger.keep(impostor, "of", 1)
    touched.note(mark_of(ledger), 0)
    assert not touched.of_parts


def test_a_live_model_and_its_copy_have_parts_of_the_same_names() -> None:
    rec, _ = made()
    small = rec.compress("int8")
    live, own = parts_of(rec.memory, rec.gate), parts_of(small.parts.memory, small.parts.gate)
    assert live.keys() == own.keys() and len(live) == len({id(part) for part in live.values()})


@given(
    st.lists(st.floats(0, 9) | st.just(ALWAYS), min_size=1, max_size=9),
    st.lists(st.lists(st.floats(0, 9), max_size=5), max_size=4),
    st.lists(st.integers(0, 28), max_size=12),
    st.floats(0, 10),
)
def test_newcomers_that_follow_know_what_the_others_know(
    listed: list[float], added: list[list[float]], taken: list[int], now: float
) -> None:
    live, twin = Newcomers(np.array(listed)), Newcomers(np.array(listed))
    at_once = Newcomers(np.array(listed))
    for number, some in enumerate(added):
        live.grow(np.array(some))
        touched = taken[number::4]
        for item in touched:
            live.take(item)
        twin.copy_items(live, np.array(touched, dtype=np.int64))
    at_once.copy_items(live, np.array(taken, dtype=np.int64))
    n = len(listed) + sum(map(len, added))
    for other in (twin, at_once):
        assert [other.is_new(item) for item in range(n + 1)] == [live.is_new(item) for item in range(n + 1)]
        for moment in (Moment(now), Moment(now, told=False)):
            assert np.array_equal(other.there(moment), live.there(moment))


def test_an_eviction_that_is_taken_back_is_followed() -> None:
    """The column of the item that had to go is empty, and is as it was after the undo."""
    model = LinearMemory(0.9, 1.0, 1.0, backward=0.3, max_items=4, history_length=9)
    for last, item in [([], 0), ([0], 1), ([1, 0], 2), ([2, 1, 0], 3), ([3, 2], 1)]:
        model.learn(np.array(last, dtype=np.int64), item)
    plan, ledger = plan_of("float32"), Ledger()
    twin = CompactLinear(model, lambda matrix: plan.held(matrix, "linear"), lambda *_: None, TuningSteps())
    touched = Touched()
    touched.watch({"linear": model})

    def follow() -> None:
        touched.note(mark_of(ledger), 0)

    def up_to_date() -> bool:
        rows = touched.rows_of("linear", LinearMemory.NOTED)
        twin.copy_rows(model, rows, touched.emptied.get("linear", []), TuningSteps())
        touched.clear()
        held = twin.rows.take(np.arange(4))[:, :4]
        return bool(np.array_equal(held, model.weights_of(np.arange(4))))

    assert up_to_date()
    model.learn(np.array([1, 2], dtype=np.int64), 9, ledger)
    follow()
    assert touched.emptied and up_to_date()
    follow()
    ledger.revert()
    assert up_to_date()


def test_a_column_that_is_emptied_alone_is_followed() -> None:
    """No row was written beside it."""
    model = LinearMemory(0.9, 1.0, 1.0, backward=0.3, max_items=4, history_length=9)
    for last, item in [([], 0), ([0], 1), ([1, 0], 2), ([2, 1, 0], 3)]:
        model.learn(np.array(last, dtype=np.int64), item)
    plan, ledger, touched = plan_of("float32"), Ledger(), Touched()
    copy = CompactLinear(model, lambda matrix: plan.held(matrix, "linear"), lambda *_: None, TuningSteps())
    touched.watch({"linear": model})
    twin = Twin({"linear": model}, {"linear": copy})
    assert copy.rows.take(np.arange(4))[:, 1].any()
    ledger.keep(model, "_weights", (slice(None), 1))
    model._weights[:, 1] = 0.0
    touched.note(mark_of(ledger), 0)
    twin.follow(touched, TuningSteps())
    assert np.array_equal(copy.rows.take(np.arange(4))[:, :4], model.weights_of(np.arange(4)))
