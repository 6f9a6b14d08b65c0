"""The contrasts that a class compares: replay, naive fine-tuning and elastic weight consolidation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lifelong_widgets.data import DEFAULT_KINDS, Feedback, Interactions
from lifelong_widgets.errors import DataError, LifelongWidgetsError, UnknownItemError
from lifelong_widgets.evaluation import ElasticLearner, continual, continual_learners, prequential
from lifelong_widgets.recommender import Recommender
from tests.evaluation.learners import Scripted, catalog_of, log_of

TINY = {"embedding_dim": 8, "hidden_dim": 8, "learning_rate": 0.01}


def season(*items: str) -> Interactions:
    return log_of([(user, item) for item in items for user in "uvw"] * 3)


SLICES = [season("a", "b"), season("c", "d"), season("e", "a")]


def weights(learner: Any) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = learner.network.get_state()
    return state


def test_without_strength_it_is_naive_fine_tuning_bit_for_bit() -> None:
    made = continual_learners(catalog_of(*"abcdefgh"), strength=0.0, replay_ratio=8, **TINY)
    reports = {name: continual(learner, SLICES, k=2, progress=False) for name, learner in made.items()}
    naive, elastic = weights(made["naive"]), weights(made["ewc"])
    assert all(torch.equal(value, elastic[name]) for name, value in naive.items())
    assert np.array_equal(reports["ewc"].ranks, reports["naive"].ranks)
    steps = {n: float(learner.network.items.n_updates.max()) for n, learner in made.items()}  # type: ignore[attr-defined]
    assert steps["replay"] == steps["naive"] == steps["ewc"] == sum(reports["naive"].n_learned)
    assert not torch.equal(weights(made["replay"])["projection"], weights(made["naive"])["projection"])


def test_with_strength_the_past_is_left_nearly_where_it_was() -> None:
    def moved(strength: float) -> float:
        learner = ElasticLearner(
            catalog_of(*"abcdefgh"), strength, replay_ratio=0, new_item_boost=0.0, **TINY
        )
        for event in SLICES[0]:
            learner.learn_one(event)
        before = weights(learner)
        learner.consolidate()
        for event in SLICES[1]:
            learner.learn_one(event)
        return max(float((now - before[n]).norm()) for n, now in weights(learner).items() if "adam" not in n)

    assert moved(1e9) < moved(0.0) / 5


def test_each_learner_has_a_catalogue_of_its_own() -> None:
    everything = catalog_of(*"abcdef")
    made = continual_learners(everything.subset(["a"]), **TINY)
    continual(made["naive"], SLICES[:1], arrivals=everything, progress=False)
    assert list(made["ewc"].catalog.ids) == list(made["replay"].catalog.ids) == ["a"]
    continual(made["ewc"], SLICES, arrivals=everything, progress=False)  # the catalogue grows between slices
    assert list(made["ewc"].catalog.ids) == [*"abcde"]


def test_a_learner_is_told_when_a_slice_was_learned_and_only_if_it_learns() -> None:
    class Told(Scripted):
        def consolidate(self) -> None:
            told.append(len(self.learned))

    told: list[int] = []
    continual(Told(catalog_of(*"abcde")), SLICES, hold_out=0.5, progress=False)
    assert told == [9, 18, 27]
    continual(Told(catalog_of(*"abcde")), SLICES, learn=False, progress=False)
    assert len(told) == 3


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (Feedback("u", "nowhere"), UnknownItemError),
        (Feedback("u", "a", kind="yawn"), DataError),
        ("u", DataError),
    ],
)
def test_what_fails_leaves_it_as_it_was(wrong: Any, error: type[LifelongWidgetsError]) -> None:
    def life(stumbling: bool) -> dict[str, torch.Tensor]:
        learner = ElasticLearner(catalog_of(*"abcde"), **TINY)
        for event in SLICES[0]:
            learner.learn_one(event)
            if stumbling:
                with pytest.raises(error):
                    learner.learn_one(wrong)
        learner.consolidate()
        for event in SLICES[1]:
            learner.learn_one(event)
        return weights(learner)

    one, other = life(stumbling=True), life(stumbling=False)
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_a_slice_that_taught_nothing_is_refused_and_ends_a_run_with_its_name() -> None:
    kinds = DEFAULT_KINDS.with_weights(click=0.0)
    learner = ElasticLearner(catalog_of(*"abcde"), kinds=kinds, **TINY)
    with pytest.raises(DataError, match="nothing to consolidate"):
        learner.consolidate()
    liked = log_of([("u", "a", "like"), ("u", "b", "like")])
    clicked = log_of([("u", "a", "click"), ("u", "b", "like")])
    parts = [Interactions.from_events(list(part), kinds=kinds) for part in (liked, clicked)]
    report = continual(learner, parts, hold_out=0.5, progress=False)
    assert (
        report.error == "in slice 2, '2': nothing to consolidate: no example was learned since the last time"
    )
    assert len(report.ranks) == 2  # before anything, and after the first slice


@pytest.mark.parametrize(
    "verb", ["save", "load", "open", "undo", "fit", "learn_many", "frozen_twin", "get_state"]
)
def test_it_has_no_verb_that_would_lose_the_penalty(verb: str) -> None:
    assert hasattr(Recommender, verb) and not hasattr(ElasticLearner(catalog_of("a"), **TINY), verb)


def test_in_batches_it_is_refused_before_anything_is_learned() -> None:
    learner = ElasticLearner(catalog_of(*"abcde"), **TINY)
    with pytest.raises(DataError, match="no learn_many"):
        continual(learner, SLICES, batch_size=4, progress=False)
    assert not len(learner.users)


def test_it_can_be_tested_event_by_event_too() -> None:
    learner = ElasticLearner(catalog_of(*"abcde"), **TINY)
    report = prequential({"ewc": learner}, SLICES[0], k=3, progress=False)
    assert report.error is None and report.n_events == len(SLICES[0])
