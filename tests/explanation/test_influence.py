"""Which replayed events taught the network an item."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import pytest
import torch

from lifelong_widgets.errors import DataError, UnknownItemError
from lifelong_widgets.explanation.influence import Lesson, Lessons, influences
from lifelong_widgets.learning import OBJECTIVES, Examples
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.models import Network
from lifelong_widgets.recommender import Recommender
from tests.bench.influence import bookshop, correlations
from tests.explanation.test_explanation import life


def loss_of(network: Network, one: Examples, negatives: np.ndarray) -> float:
    into = [torch.zeros_like(parameter) for parameter in network.dense_parameters()]
    return gradients(network, one, negatives, OBJECTIVES["sampled_softmax"], into).loss


@pytest.mark.parametrize(
    ("model", "optimizer"),
    [
        ("decayed_mlp", "adam"),
        ("gru", "adam"),
        ("mlp", "sgd"),
        ("decayed_mlp", "adagrad"),
        ("mlp", "momentum"),
    ],
)
def test_a_step_on_an_event_does_what_its_influence_says(model: str, optimizer: str) -> None:
    """The real step, from the real state, and those after it in which its momentum fades."""
    rec = life(3, 300, model=model, optimizer=optimizer, n_negatives=50, learning_rate=2e-5)
    buffer, negatives = rec.buffer, np.arange(20)
    target, slots = buffer.examples(np.array([7])), np.arange(0, 40, 8)
    said = influences(rec.network, rec.updater, buffer.examples(slots), target, negatives)

    def loss_after(slot: int, weight: float) -> float:
        twin = rec.frozen_twin()
        for n in range(25):
            weights = np.array([weight if n == 0 else 0.0], dtype=np.float32)
            example = buffer.examples(np.array([slot]))
            twin.updater.step(example, np.random.default_rng(0), weights=weights)
        return loss_of(twin.network, target, negatives)

    fell = [loss_after(slot, 0.0) - loss_after(slot, 1.0) for slot in slots]
    assert fell == pytest.approx(said, rel=0.15, abs=0.03 * np.abs(said).max())


def test_learning_without_an_event_is_foretold() -> None:
    """The rank correlation of the bench, on less; Adam's own step foretells it better than a gradient."""
    for how in ("sgd", "adam"):
        found = correlations(bookshop(60, 0, how, batch=2, n_passes=2), 20)
        assert np.mean(found["influence"]) > 0.3
    assert np.mean(found["influence"]) > np.mean(found["plain"])


def test_what_taught_an_item_is_named() -> None:
    rec = Recommender(life(1, 0, n_items=30).catalog, embedding_dim=8, hidden_dim=16, history_length=10)
    for n in range(40):
        rec.learn_one(user=f"p{n}", item=3, kind="like")
        rec.learn_one(user=f"p{n}", item=5 if n % 2 else 17, kind="like")
    before = rec.digest()
    found = rec.influence("p1", 5, n=3)
    assert len(found) == 6 and found.finished and found.n_looked_at == len(rec.buffer)
    assert {lesson.item for lesson in found[:3]} == {5}
    assert all(lesson.item != 5 and lesson.influence < found[2].influence for lesson in found[3:])
    assert [lesson.influence for lesson in found] == sorted(
        (lesson.influence for lesson in found), reverse=True
    )
    assert list(found.to_pandas().columns) == ["slot", "item", "title", "reward", "after", "influence"]
    assert (
        "would teach the network about" in repr(found)
        and "first order" in repr(found)
        and "the network's loss on this item for this person" in repr(found)
        and f"“{found[0].title}”" in repr(found)
        and "first order" in found._repr_html_()
    )
    assert rec.digest() == before
    with pytest.raises(UnknownItemError):
        rec.influence("p1", "nothing")
    with pytest.raises(DataError, match="n is 0; it must be a whole number of at least 1"):
        rec.influence("p1", 5, n=0)
    assert not len(Recommender(rec.catalog).influence("ada", 5))


def test_it_can_be_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    rec, calls = life(3, 60), []
    examples = rec.buffer.examples

    def interrupted(slots: np.ndarray) -> Any:
        calls.append(slots)
        return examples(slots)

    monkeypatch.setattr(rec.buffer, "examples", interrupted)
    product = Examples.__getitem__

    def after_three(self: Examples, which: Any) -> Examples:
        if isinstance(which, slice) and which.start == 3:
            signal.raise_signal(signal.SIGINT)
        return product(self, which)

    monkeypatch.setattr(Examples, "__getitem__", after_three)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        found = rec.influence(1, 5)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not found.finished and found.n_looked_at == 4 and len(calls) == 1


def test_the_numbers_stand_below_each_other() -> None:
    """Bug: -0.41 stood beside -0.411, one place to the right."""
    amounts = (0.386, 0.0412, -0.41, -0.411)
    rows = [Lesson(n, n, "Ant", 1.0, (), amount) for n, amount in enumerate(amounts)]
    lines = repr(Lessons("ada", 1, "Bee", rows, 4, True)).splitlines()[1:5]
    assert {line.index(".") for line in lines} == {lines[0].index(".")}
    assert [line.split()[0] for line in lines] == ["+0.386", "+0.0412", "-0.410", "-0.411"]
    assert len({line.index("“") for line in lines}) == 1
