"""Logs whose answer anybody can see: two tastes that never mix, and a round that never changes."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.evaluation import ItemKNN, LastItem, LinearModel, SequenceKNN
from tests.evaluation.baseline_learners import READERS, teach
from tests.evaluation.learners import catalog_of

ITEMS = 12


def checkerboard(people: int = 120, seed: int = 0) -> list[tuple[int, int]]:
    """Even people take even items and odd people odd ones, five each, in any order."""
    random = np.random.default_rng(seed)
    return [
        (person, int(2 * item + person % 2))
        for person in range(people)
        for item in random.permutation(ITEMS // 2)[:5]
    ]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("colour", [0, 1])
def test_a_checkerboard(name: str, colour: int) -> None:
    learner = teach(READERS[name](catalog_of(*range(ITEMS))), checkerboard())
    teach(learner, [("me", colour)])
    mine = learner.recommend("me", k=5).items
    assert {item % 2 for item in mine} == {colour}


@pytest.mark.parametrize(
    "learner",
    [
        LastItem(catalog_of(*range(ITEMS)), smoothing=0.1),
        SequenceKNN(catalog_of(*range(ITEMS)), backward=0.0, decay=0.5, history_decay=0.5),
        LinearModel(catalog_of(*range(ITEMS)), ridge=0.1),
    ],
    ids=["last item", "sequence kNN", "linear"],
)
def test_a_round(learner: LastItem | SequenceKNN | LinearModel) -> None:
    teach(learner, [(person, (person + step) % ITEMS) for person in range(10) for step in range(30)])
    for start in range(ITEMS):
        user = f"starts at {start}"
        teach(learner, [(user, start), (user, (start + 1) % ITEMS)])
        assert learner.recommend(user, k=1, exclude_seen=False).items == ((start + 2) % ITEMS,)


def test_only_a_directed_neighbour_knows_which_way_round() -> None:
    events = [(person, step) for person in range(10) for step in range(3)]
    follows, touches = (
        teach(SequenceKNN(catalog_of(*range(3)), backward=back), [*events, ("me", 1)]) for back in (0.0, 1.0)
    )
    assert follows.recommend("me", k=1).items == (2,)
    before, after = sorted(touches.recommend("me", k=2).scores)
    assert before > 0.9 * after  # what comes before is as near as what comes after


def test_people_who_come_back_are_shown_what_they_had() -> None:
    events = [(person, person % 4) for _ in range(10) for person in range(8)]
    for learner in (
        ItemKNN(catalog_of(*range(4))),
        *(make(catalog_of(*range(4))) for make in READERS.values()),
    ):
        teach(learner, events)
        for person in range(8):
            assert learner.recommend(person, k=1, exclude_seen=False).items == (person % 4,)


def test_smoothing_decides_between_a_lone_transition_and_what_is_popular() -> None:
    events = [
        ("ada", "rare"),
        ("ada", "next"),
        *((f"user {n}", "popular") for n in range(50)),
        ("me", "rare"),
    ]
    items = ("rare", "next", "popular")
    trusting = teach(LastItem(catalog_of(*items), smoothing=0.1), events)
    cautious = teach(LastItem(catalog_of(*items), smoothing=100.0), events)
    assert trusting.recommend("me", k=1).items == ("next",)
    assert cautious.recommend("me", k=1).items == ("popular",)
    assert sum(cautious.recommend("me", k=3, exclude_seen=False).scores) == pytest.approx(1.0)
