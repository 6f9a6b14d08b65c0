from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lifelong_widgets.errors import DataError
from lifelong_widgets.memory import FEATURES, Candidates, Gate, Ledger
from lifelong_widgets.memory.gate import Lesson
from lifelong_widgets.state_file import digest_of


def candidates(rng: np.random.Generator, n: int = 20) -> Candidates:
    features = rng.standard_normal((n, len(FEATURES))).astype(np.float32)
    features[0, FEATURES.index("popularity.count")] = 0.0  # a new one, beside which the gate imagines none
    return Candidates(np.arange(n), features, np.zeros(n, dtype=np.bool_))


def gate(**hyperparameters: float) -> Gate:
    made = Gate(**hyperparameters)
    made.build(0)
    return made


def scores_of(made: Gate, one: Candidates) -> NDArray[np.float32]:
    return made.judge(0, one.items, one.features).scores


def lesson(made: Gate, one: Candidates, place: int, weight: float = 1.0, person: int = 0) -> Lesson:
    return Lesson(one, made.judge(person, one.items, one.features), place, weight, person)


def test_a_step_is_that_of_autograd_and_adam() -> None:
    rng = np.random.default_rng(0)
    made = gate(gate_learning_rate=0.01)
    examples = [(candidates(rng, n), n // 2, weight) for n, weight in ((5, 1.0), (9, 0.5), (30, 2.0))]
    parameters = torch.tensor(made._parameters, requires_grad=True)
    optimizer = torch.optim.Adam([parameters], lr=0.01 / (1 + 1 / 20_000))
    n, width = len(FEATURES), made.gate_hidden_dim
    weights, bias, output, linear = parameters.split([n * width, width, width, n])
    hidden = weights.view(n, width)
    loss = torch.zeros(())
    for one, place, weight in examples:
        x = torch.from_numpy(one.features)
        scores = (x @ hidden + bias).relu() @ output + x @ linear
        np.testing.assert_allclose(scores_of(made, one), scores.detach().numpy(), atol=1e-5)
        loss = loss - weight * torch.log_softmax(scores, 0)[place] / len(examples)
    loss.backward()
    lessons = [lesson(made, *example) for example in examples]
    assert made.step(lessons, rng) == pytest.approx(float(loss.detach()), rel=1e-5)
    optimizer.step()
    np.testing.assert_allclose(made._parameters, parameters.detach().numpy(), atol=2e-5)


def test_it_finds_out_whom_to_trust() -> None:
    """The item that is taken has the highest value in one column; all the others are noise."""
    rng = np.random.default_rng(1)
    made = gate(gate_learning_rate=0.005)
    column = FEATURES.index("popularity.1")
    ranks = []
    for _ in range(600):
        one = candidates(rng)
        right = int(one.features[:, column].argmax())
        scores = scores_of(made, one)
        ranks.append(int((scores > scores[right]).sum()))
        made.step([lesson(made, one, right)], rng)
    assert np.mean(ranks[:100]) > 3 and np.mean(ranks[-100:]) < 1


def test_it_learns_again_what_it_has_seen() -> None:
    """Two kinds of lists, of which the second drives out what the first has taught, unless it is replayed."""
    rng = np.random.default_rng(3)

    def loss(made: Gate, lists: list[Candidates]) -> float:
        of_each = [scores_of(made, one) for one in lists]
        return float(np.mean([np.log(np.exp(scores - scores[0]).sum()) for scores in of_each]))

    def lists(column: str, sign: float) -> list[Candidates]:
        made = [candidates(rng) for _ in range(300)]
        for one in made:
            one.features[:, FEATURES.index("context.gap")] = sign
            one.features[0, FEATURES.index(column)] = 2.0 * sign
        return made

    first, second = lists("close.share", 1.0), lists("close.share", -1.0)
    after: dict[int, float] = {}
    for ratio in (0, 7):
        made = gate(gate_replay_ratio=ratio, gate_learning_rate=0.01)
        for one in first + second:
            made.step([lesson(made, one, 0)], rng)
        after[ratio] = loss(made, first)
    assert after[7] < 0.7 * after[0]


def test_a_step_can_be_taken_back() -> None:
    rng = np.random.default_rng(2)
    made, ledger = gate(), Ledger()
    made.step([lesson(made, candidates(rng), 3)], rng)
    before = made.get_state()
    made.step([lesson(made, candidates(rng), 4)], rng, ledger)
    assert made.n_steps == 2
    ledger.revert()
    after = made.get_state()
    assert digest_of(before) == digest_of(after)
    assert made.step([], rng) is None and made.n_steps == 1


def test_its_width_cannot_change_once_it_is_built() -> None:
    with pytest.raises(DataError, match="gate_hidden_dim"):
        gate().gate_hidden_dim = 8
