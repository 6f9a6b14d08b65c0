"""Values against a truth that is known, and each part of the rule by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lifelong_widgets.learning import Examples
from lifelong_widgets.models import Network
from lifelong_widgets.value import SLATE_SIZE, Awaiting, Slate, Transitions, ValueLearner

LENGTH = 3


def learner(n_items: int = 4, **settings: Any) -> ValueLearner:
    clicks = Network(embedding_dim=8, hidden_dim=16, history_length=LENGTH)
    made = ValueLearner(**{"discount": 0.9, **settings})
    made.build(clicks, content_dim=0, seed=1)
    made.grow(np.zeros((n_items, 0), dtype=np.float32))
    return made


def took(
    item: int, reward: float = 1.0, time: float | None = 0.0, person: int = 0, past: tuple[int, ...] = ()
) -> Awaiting:
    items, rewards = np.zeros(LENGTH, dtype=np.int64), np.zeros(LENGTH, dtype=np.float32)
    items[: len(past)], rewards[: len(past)] = past[::-1], 1.0
    return Awaiting(person, time, items, rewards, item, reward)


def slate(*items: int, chances: tuple[float, ...] = ()) -> Slate:
    likely = chances or (1 / len(items),) * len(items)
    return Slate(np.array(items), np.array(likely, dtype=np.float32))


def transitions(*rows: tuple[Awaiting, Slate | None]) -> Transitions:
    return Transitions.of(
        Examples(
            np.array([one.history_items for one, _ in rows]),
            np.array([one.history_rewards for one, _ in rows]),
            np.array([one.item for one, _ in rows]),
            np.array([one.reward for one, _ in rows], dtype=np.float32),
        ),
        [after for _, after in rows],
    )


def q_of(made: ValueLearner, past: tuple[int, ...]) -> np.ndarray:
    state = took(0, past=past)
    values = made.values(state.history_items, state.history_rewards)
    assert values is not None
    return values


def settled(made: ValueLearner, n: int = 30) -> ValueLearner:
    """One that has learned something, so that its networks differ."""
    for number in range(n):
        made.learn([took(number % 4, float(number % 3), time=float(number))], [slate(0, 1)])
    return made


def test_a_chain_of_three_states_converges_to_its_exact_solution() -> None:
    """0 leads to 1, that to 2, and then they leave: ``Q = r + γ Q'`` from the end, solved by hand.

    Instead of 2, the worthless 3 can be taken after 1, which ends it at once: the best next item counts.
    """
    made = learner(slate_decomposition=False, value_learning_rate=0.01, value_replay_ratio=16)
    now = 0.0
    for visit in range(250):
        now += 10_000.0
        rewards = {0: 1.0, 1: 0.5, 2: 2.0, 3: 0.25}
        walk, past = ((0, 1, 2) if visit % 4 else (0, 1, 3)), ()
        open_to = {(): slate(0), (0,): slate(1), (0, 1): slate(2, 3)}
        for step, item in enumerate(walk):
            one = took(item, rewards[item], now + step, past=past)
            made.learn([one], [open_to[past]])
            past = (*past, item)
    exact = {2: 2.0, 3: 0.25, 1: 0.5 + 0.9 * 2.0, 0: 1.0 + 0.9 * (0.5 + 0.9 * 2.0)}
    assert q_of(made, (0, 1))[2] == pytest.approx(exact[2], abs=0.1)
    assert q_of(made, (0, 1))[3] == pytest.approx(exact[3], abs=0.1)
    assert q_of(made, (0,))[1] == pytest.approx(exact[1], abs=0.1)
    assert q_of(made, ())[0] == pytest.approx(exact[0], abs=0.1)
    assert made.td_error < 0.5


def test_targets_by_hand() -> None:
    """``r``, or ``r + γ`` times what the target network says of the next list, by each rule."""
    here = took(1, 0.5, past=(2,))
    batch = transitions((here, slate(0, 3, chances=(0.25, 0.75))), (here, None))
    for decomposed in (True, False):
        for double in (True, False):
            made = settled(learner(slate_decomposition=decomposed, double_q=double, target_update=10))
            history = np.array([[1, 2, 0]]), np.array([[0.5, 1.0, 0.0]], dtype=np.float32)
            now, scale = made._now, made._now.scale
            top = now.highest / (1 - 0.9)
            frozen = now.target_mean + scale * made._target.network.score_all(*history)[0].numpy()
            frozen, live = np.clip(frozen, 0.0, top), made.network.score_all(*history)[0].numpy()
            pair = frozen[[0, 3]]
            if decomposed:
                worth = 0.25 * pair[0] + 0.75 * pair[1]
            else:
                worth = pair[live[[0, 3]].argmax()] if double else pair.max()
            found = made.targets(batch)
            assert found[0] == pytest.approx(0.5 + 0.9 * worth, abs=1e-5)
            assert found[1] == 0.5


def test_double_q_asks_one_network_and_believes_the_other() -> None:
    """The two disagree on which item is best: without double Q the larger value is taken."""
    batch = transitions((took(1, 0.0, past=(2,)), slate(0, 3)))
    values = {}
    for double in (True, False):
        made = settled(learner(slate_decomposition=False, double_q=double, target_update=10), n=31)
        online, target = made.network.items.array, made._target.network.items.array
        np.testing.assert_array_equal(online, target)  # it was just copied
        online[[0, 3]] = target[[3, 0]]  # what one thinks of the first, the other thinks of the second
        values[double] = float(made.targets(batch)[0])
    assert 0 < values[True] < values[False]


def test_the_target_network_stands_still_between_two_copies() -> None:
    made = learner(target_update=5)
    copies = []
    for number in range(21):  # the first event ends nothing
        made.learn([took(number % 4, 1.0, float(number), past=(1, 2))], [slate(0, 1)])
        copies.append(made._target.get_state()["embeddings"].clone())
        if made.n_steps and made.n_steps % 5 == 0:
            assert torch.equal(copies[-1], made.network.items.embeddings)
            for own, target in zip(
                made.network.dense_parameters(), made._target.network.dense_parameters(), strict=True
            ):
                assert torch.equal(own, target)
        elif number > 1:
            assert torch.equal(copies[-1], copies[-2])
            assert not torch.equal(copies[-1], made.network.items.embeddings)


def test_who_is_silent_for_longer_than_the_gap_has_left() -> None:
    made = learner(session_gap=100.0)
    made.learn([took(0, time=0.0)], [None])
    made.learn([took(1, time=100.0, past=(0,))], [slate(1, 2)])  # just within it
    made.learn([took(2, time=201.0, past=(0, 1))], [slate(1, 2)])  # one second too late
    assert made._buffer.scored(np.arange(2)).scores.any(axis=1).tolist() == [True, False]  # type: ignore[union-attr]
    # somebody else's clock tells of those who never come back
    assert made.n_pending == 1 and made.n_steps == 2
    made.learn([took(3, time=302.0, person=1)], [None])
    assert made.n_pending == 1 and made.n_steps == 3 and not made.awaits(0) and made.awaits(1)


def test_without_times_the_next_event_goes_on() -> None:
    made = learner(session_gap=1.0)
    for person in (0, 1):
        made.learn([took(0, time=None, person=person)], [None])
    made.learn([took(1, time=1e9, person=2)], [None])  # no clock says that they have left
    assert made.n_pending == 3 and made.n_steps == 0
    made.learn([took(1, time=None, past=(0,))], [slate(1)])
    made.learn([took(1, time=5.0, person=1, past=(0,))], [slate(1)])
    assert made._buffer.scored(np.arange(2)).scores.any(axis=1).all()  # type: ignore[union-attr]


def test_an_item_that_nobody_took_is_worth_what_any_is() -> None:
    """However large rewards are; and no value is beyond what rewards can add up to."""
    for size in (0.01, 1.0, 900.0):
        made, now = learner(n_items=40), 0.0
        for number in range(200):
            now += 1.0 if number % 3 else 1e5
            made.learn([took(number % 4, size, now, past=(1, 2))], [slate(0, 1, 2)])
        values = q_of(made, (1, 2))
        assert abs(values[4:].mean() - made._now.mean) < 0.25 * made._now.mean
        assert values[4:].std() < 0.25 * made._now.mean
        assert values.min() >= 0 and values.max() <= size / (1 - 0.9)


def test_dislikes_are_worth_less_than_nothing() -> None:
    made, now = learner(), 0.0
    for number in range(300):
        now += 1e5
        item = number % 2
        made.learn([took(item, (1.0, -1.0)[item], now)], [None])
    values = q_of(made, ())
    assert values[0] == pytest.approx(1.0, abs=0.2) and values[1] == pytest.approx(-1.0, abs=0.2)


def test_the_error_of_each_item_is_that_of_its_last_transitions() -> None:
    """One by one what `targets` and `values` say of what is kept; NaN for what nobody took."""
    made = settled(learner(n_items=6, target_update=10), n=83)
    kept, expected = made._buffer, {item: [] for item in range(6)}  # type: ignore[var-annotated]
    for slot in range(len(kept) - 1, -1, -1):
        past, scored = kept.examples(np.array([slot])), kept.scored(np.array([slot]))
        values = made.values(past.history_items[0], past.history_rewards[0])
        assert scored is not None and values is not None
        target = made.targets(Transitions(past, scored))[0]
        expected[int(past.targets[0])].append(abs(target - values[past.targets[0]]))
    assert len(expected[0]) > 16  # only the newest count
    found = made.td_errors(np.array([5, 2, 0, 1, 3]))
    assert np.isnan(found[0]) and np.isfinite(found[1:]).all()
    means = [np.mean(expected[item][:16]) for item in (2, 0, 1, 3)]
    np.testing.assert_allclose(found[1:], means, atol=1e-4)
    assert np.isnan(learner().td_errors(np.arange(4))).all()


def test_a_long_list_is_cut_to_what_is_seen_of_it() -> None:
    with pytest.raises(ValueError):
        transitions((took(0), slate(*range(SLATE_SIZE + 1))))
