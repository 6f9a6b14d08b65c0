from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory import FEATURES, Ledger
from lifelong_widgets.memory.personal import PersonalWeights
from lifelong_widgets.state_file import digest_of
from tests.memory.test_gate import candidates, gate, lesson


@pytest.mark.parametrize("personal_learning_rate", [1.0, 0.0])
def test_each_is_known_by_their_own_choices(personal_learning_rate: float) -> None:
    """One takes what is highest in a column, another what is lowest: what both share says nothing."""
    made = gate(personal_learning_rate=personal_learning_rate)
    rng, column = np.random.default_rng(0), FEATURES.index("popularity.3")
    hits: dict[int, list[bool]] = {0: [], 1: []}
    for n in range(800):
        person, one = n % 2, candidates(rng)
        told = one.features[:, column]
        right = int(told.argmax() if person == 0 else told.argmin())
        hits[person].append(int(made.judge(person, one.items, one.features).scores.argmax()) == right)
        made.step([lesson(made, one, right, person=person)], rng)
    worst = min(float(np.mean(of_one[-200:])) for of_one in hits.values())
    assert worst > 0.7 if personal_learning_rate else worst < 0.55


def test_a_stranger_is_anybody() -> None:
    weights, facts = PersonalWeights(3), np.eye(3, dtype=np.float32)
    weights.learn(4, facts, np.zeros(3), 1, 1.0, 0.1)
    assert weights.scores(4, facts)[1] > 0 > weights.scores(4, facts)[0]
    assert not any(weights.scores(who, facts).any() for who in (None, 0, 3, 5, 10**6))


def test_a_lesson_can_be_taken_back_and_a_state_goes_on_alike() -> None:
    rng = np.random.default_rng(0)
    weights, again, ledger = PersonalWeights(5), PersonalWeights(5), Ledger()
    facts = rng.standard_normal((7, 5)).astype(np.float32)
    weights.learn(2, facts, np.zeros(7), 0, 1.0, 0.1)
    before = digest_of(weights.get_state())
    again.set_state(weights.get_state(), 3)
    for person in (2, 90):
        weights.learn(person, facts, np.ones(7), 3, 2.0, 0.1, ledger)
    after = digest_of(weights.get_state())
    ledger.revert()
    assert digest_of(weights.get_state()) == before != after
    for person in (2, 90):
        again.learn(person, facts, np.ones(7), 3, 2.0, 0.1)
    assert digest_of(again.get_state()) == after


def test_a_wrong_state_is_refused() -> None:
    weights = PersonalWeights(5)
    weights.learn(1, np.ones((2, 5), dtype=np.float32), np.zeros(2), 0, 1.0, 0.1)
    weights.learn(1, np.eye(5, dtype=np.float32), np.zeros(5), 0, 1.0, 0.1)
    state = weights.get_state()
    slopes, rows = state["slopes"], state["weights"]
    wrongs = (
        {"slopes": -slopes},
        {"weights": rows[:-1]},
        {"weights": rows[:, 1:]},
        {"weights": rows * np.nan},
    )
    for wrong in wrongs:
        with pytest.raises(FormatError):
            weights.set_state({**state, **wrong}, 2)
    assert digest_of(weights.get_state()) == digest_of(state)
    with pytest.raises(FormatError, match="more than the people"):
        weights.set_state(state, 1)
