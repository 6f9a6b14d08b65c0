"""The elastic penalty: what it pulls at, how hard, and how slice upon slice adds up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from lifelong_widgets.errors import DataError, DivergenceError
from lifelong_widgets.learning import OBJECTIVES, ElasticPenalty, Examples, OnlineUpdater
from lifelong_widgets.learning.at_items import Gradients
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.models import Network

N_ITEMS, DIM, LENGTH = 12, 4, 5
LOSS = OBJECTIVES["sampled_softmax"]


def network() -> Network:
    made = Network(embedding_dim=DIM, hidden_dim=6, history_length=LENGTH)
    made.build(3, seed=0)
    made.items.grow(np.random.default_rng(0).normal(size=(N_ITEMS, 3)).astype(np.float32))
    return made


def examples(seed: int, n: int = 6) -> Examples:
    rng = np.random.default_rng(seed)
    return Examples(
        rng.integers(N_ITEMS, size=(n, LENGTH)),
        (rng.random((n, LENGTH)) < 0.7).astype(np.float32),
        rng.integers(N_ITEMS, size=n),
        rng.choice(np.array([1.0, 0.5, -0.5], dtype=np.float32), size=n),
    )


def shaken(net: Network, seed: int = 0) -> None:
    """Move every parameter a little."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in [*net.dense_parameters(), net.items.embeddings]:
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)


def learned(net: Network) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in [*net.dense_parameters(), net.items.embeddings]]


def fisher_of(net: Network, batch: Examples) -> list[torch.Tensor]:
    """By autograd: the mean of the squared gradient of each example's loss against all items."""
    content = net.items.rows[:, DIM:].clone()
    table = net.items.embeddings.clone().requires_grad_()
    leaves = [*net.dense_parameters(), table]
    total = [torch.zeros_like(leaf) for leaf in leaves]
    for place in range(len(batch)):
        one = batch[place : place + 1]
        vectors = table + content @ net.projection
        rewards = torch.from_numpy(one.history_rewards)
        weights = net.encoder.averaging(rewards)
        assert weights is not None
        user = net.encoder.read(weights @ vectors[torch.from_numpy(one.history_items)], rewards)
        scores = user @ vectors.T
        target = int(one.targets[0])
        others = scores.clone()
        others[0, target] = -torch.inf
        loss = LOSS(scores[:, target], others, torch.from_numpy(one.rewards), N_ITEMS).sum()
        for sum_, gradient in zip(total, torch.autograd.grad(loss, leaves), strict=True):
            sum_.add_(gradient.square() / len(batch))
    return total


def test_its_importance_is_the_mean_squared_gradient_of_each_example() -> None:
    net, batch, penalty = network(), examples(1), ElasticPenalty(2.0)
    penalty.consolidate(net, batch, LOSS)
    before = learned(net)
    expected = fisher_of(net, batch)
    shaken(net)
    moved = [now - then for now, then in zip(learned(net), before, strict=True)]
    value = sum(float((f * m.square()).sum()) for f, m in zip(expected, moved, strict=True))
    assert value > 0
    assert penalty.value(net) == pytest.approx(2.0 / 2 * value, rel=1e-4)


def test_its_gradient_is_that_of_autograd_on_the_rows_of_the_batch() -> None:
    net, penalty = network(), ElasticPenalty(3.0)
    batch, everything = examples(1), np.arange(N_ITEMS)
    penalty.consolidate(net, batch, LOSS)
    fisher, anchors = fisher_of(net, batch), learned(net)
    shaken(net)
    leaves = [value.requires_grad_() for value in learned(net)]
    value = sum((f * (x - a).square()).sum() for f, x, a in zip(fisher, leaves, anchors, strict=True))
    assert isinstance(value, torch.Tensor)
    *of_dense, of_items = torch.autograd.grad(1.5 * value, leaves)

    into = [torch.empty_like(parameter) for parameter in net.dense_parameters()]
    plain = gradients(net, batch[:1], everything[:3], LOSS, into)
    without, rows_without = [part.clone() for part in into], plain.embeddings.copy()
    penalty.add_to(net, plain, into)
    for with_, bare, expected in zip(into, without, of_dense, strict=True):
        torch.testing.assert_close(with_ - bare, expected, rtol=1e-3, atol=1e-6)
    assert len(plain.indices) < N_ITEMS
    torch.testing.assert_close(
        torch.from_numpy(plain.embeddings - rows_without), of_items[plain.indices], rtol=1e-3, atol=1e-6
    )


@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_slice_upon_slice_adds_up_as_online_ewc_says(decay: float) -> None:
    """F becomes decay · F + the new one, with one anchor, which is where the parameters are now."""
    net, penalty = network(), ElasticPenalty(1.0, decay)
    one, two = examples(1), examples(2)
    first = fisher_of(net, one)
    penalty.consolidate(net, one, LOSS)
    shaken(net)
    second = fisher_of(net, two)
    penalty.consolidate(net, two, LOSS)
    assert penalty.value(net) == 0.0
    anchors = learned(net)
    shaken(net, seed=1)
    moved = [now - then for now, then in zip(learned(net), anchors, strict=True)]
    value = sum(
        float(((decay * a + b) * m.square()).sum()) for a, b, m in zip(first, second, moved, strict=True)
    )
    assert penalty.value(net) == pytest.approx(value / 2, rel=1e-4)


def step_of(net: Network, penalty: ElasticPenalty | None) -> Callable[[int], np.ndarray]:
    updater = OnlineUpdater(learning_rate=0.01, new_item_boost=0.0)
    updater.build(net)
    updater.penalty = penalty
    return lambda seed: updater.step(examples(seed), np.random.default_rng(seed))


def test_strength_is_how_little_what_mattered_moves_and_none_changes_no_bit() -> None:
    def after(penalty: ElasticPenalty | None) -> tuple[list[torch.Tensor], float]:
        net = network()
        step = step_of(net, penalty)
        for _ in range(30):
            step(1)
        ruler = ElasticPenalty(1.0)  # the same past for all: distances weighed by what mattered for it
        ruler.consolidate(net, examples(1), LOSS)
        if penalty is not None:
            penalty.consolidate(net, examples(1), LOSS)
        for seed in range(2, 60):
            step(seed)
        return learned(net), ruler.value(net)

    naive, far = after(None)
    loose, same = after(ElasticPenalty(0.0))
    assert far == same > 0
    assert all(torch.equal(a, b) for a, b in zip(naive, loose, strict=True))
    _, near = after(ElasticPenalty(1e2))
    _, held = after(ElasticPenalty(1e6))
    assert near < far / 2 and held < far / 10


def test_items_that_came_later_are_free_until_the_next_time() -> None:
    net, penalty = network(), ElasticPenalty(5.0)
    penalty.consolidate(net, examples(1), LOSS)
    net.items.grow(np.ones((2, 3), dtype=np.float32))
    net.items.embeddings[N_ITEMS:] += 1.0
    assert penalty.value(net) == 0.0
    new = np.array([0, N_ITEMS, N_ITEMS + 1])
    found = Gradients(np.zeros(1), 0.0, new, np.zeros((3, DIM), dtype=np.float32))
    net.items.embeddings[0] += 1.0
    penalty.add_to(net, found, [torch.zeros_like(parameter) for parameter in net.dense_parameters()])
    assert np.abs(found.embeddings[0]).sum() > 0 and not found.embeddings[1:].any()
    penalty.consolidate(net, examples(2), LOSS)
    net.items.embeddings[N_ITEMS:] += 1.0
    assert penalty.value(net) > 0.0  # as negatives they matter now


def test_nothing_to_consolidate_and_numbers_out_of_range_are_refused() -> None:
    net, penalty = network(), ElasticPenalty(5.0)
    penalty.consolidate(net, examples(1), LOSS)
    shaken(net)
    value = penalty.value(net)
    with pytest.raises(DataError, match="nothing to consolidate"):
        penalty.consolidate(net, examples(1, n=0), LOSS)
    assert penalty.value(net) == value
    for strength in (-1, 1e10, float("nan"), float("inf"), "1", True):
        with pytest.raises(DataError, match="strength"):
            ElasticPenalty(strength)  # type: ignore[arg-type]
    for decay in (-0.1, 1.1, float("nan")):
        with pytest.raises(DataError, match="decay"):
            ElasticPenalty(1.0, decay)


def test_a_pull_that_is_not_finite_changes_nothing() -> None:
    net = network()
    penalty = ElasticPenalty(1e9)
    step = step_of(net, penalty)
    step(1)
    huge = examples(1)
    penalty.consolidate(
        net, Examples(huge.history_items, huge.history_rewards, huge.targets, huge.rewards * 1e17), LOSS
    )
    shaken(net)
    before = learned(net)
    with pytest.raises(DivergenceError, match="smaller strength"):
        step(2)
    assert all(torch.equal(a, b) for a, b in zip(learned(net), before, strict=True))
