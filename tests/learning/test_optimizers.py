"""What the optimizers do to item rows, and what a fit by the gradient of the whole log is."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.learning import LogExamples, OnlineUpdater, Trainer
from lifelong_widgets.learning.optimizers import OPTIMIZERS
from lifelong_widgets.models import ItemTable, Network
from tests.learning.test_elastic import DIM, N_ITEMS, examples, learned
from tests.learning.test_elastic import network as small


def table(optimizer: str) -> ItemTable:
    made = ItemTable(DIM, 2, seed=0)
    made.optimize_with(OPTIMIZERS[optimizer].rows)
    made.grow(np.ones((5, 2), dtype=np.float32))
    return made


def reference(name: str, gradients: np.ndarray, start: np.ndarray, rate: float) -> np.ndarray:
    """Where one row is after these gradients, in plain numpy."""
    row, velocity, total = start.astype(np.float64), np.zeros(DIM), 0.0
    for slope in gradients.astype(np.float64):
        if name == "adagrad":
            total += (slope**2).mean()
            row -= rate * slope / total**0.5
        else:
            velocity = (0.9 if name == "momentum" else 0.0) * velocity + slope
            row -= rate * velocity
    return row


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "adam"])
def test_a_row_moves_by_its_own_gradients_only(name: str) -> None:
    rows, rng = table(name), np.random.default_rng(0)
    before, start = rows.rows.clone(), rows.embeddings[3].numpy().copy()
    gradients = rng.normal(size=(12, DIM)).astype(np.float32)
    for slope in gradients:
        rows.step(np.array([3]), slope[None], 0.05)
    expected = reference(name, gradients, start, 0.05)
    np.testing.assert_allclose(rows.embeddings[3], expected, atol=1e-5)
    assert torch.equal(rows.rows[:3], before[:3]) and torch.equal(rows.rows[:, DIM:], before[:, DIM:])
    assert rows.n_updates.tolist() == [0, 0, 0, 12, 0]


def test_row_wise_adagrad_keeps_one_number_a_row_and_sgd_none() -> None:
    widths = {name: table(name).get_state()["adam"].shape[1] - 1 for name in OPTIMIZERS}
    assert widths == {
        "adam": 2 * DIM, "adagrad": 1, "momentum": DIM, "sgd": 0, "gradient_descent": 0
    }  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_is_taken_back_or_refused(name: str) -> None:
    def step(net: Network, updater: OnlineUpdater, seed: int) -> None:
        updater.step(examples(seed), np.random.default_rng(seed), learning_rate=0.002)

    net, updater = small(), OnlineUpdater(optimizer=name)
    updater.build(net)
    step(net, updater, 0)
    saved = net.get_state(), updater.get_state()
    other, twin = small(), OnlineUpdater(optimizer=name)
    twin.build(other)
    other.set_state(saved[0])
    twin.set_state(saved[1])
    mark = updater.mark()
    updater.step(examples(1), np.random.default_rng(1), learning_rate=0.002, mark=mark)
    step(other, twin, 1)
    assert all(torch.equal(a, b) for a, b in zip(learned(net), learned(other), strict=True))
    updater.revert(mark)
    for before, after in ((saved[0], net.get_state()), (saved[1], updater.get_state())):
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)

    wrong = OnlineUpdater(optimizer="momentum" if name != "momentum" else "adagrad")
    strange = small()
    wrong.build(strange)
    with pytest.raises(FormatError, match="item table: adam has shape"):
        strange.set_state(saved[0])
    with pytest.raises(FormatError, match="optimizer"):
        wrong.set_state(saved[1])
    with pytest.raises(DataError, match="optimizer shapes the updater and cannot change"):
        updater.optimizer = "sgd" if name != "sgd" else "adam"


def test_the_gradient_of_the_whole_log_is_that_of_one_batch_of_it_all() -> None:
    """With as many negatives as items nothing is drawn, so both are exact."""
    nets, rng = (small(), small()), np.random.default_rng(0)
    batch, updaters = examples(0, n=9), [OnlineUpdater(optimizer="gradient_descent") for _ in nets]
    for net, updater in zip(nets, updaters, strict=True):
        updater.build(net)
    in_parts, at_once = updaters
    whole = None
    for part in (slice(0, 4), slice(4, 6), slice(6, 9)):
        before = learned(nets[0])
        losses, whole = in_parts.gather(batch[part], rng, whole, len(batch[part]) / 9)
        assert losses.shape == (len(batch[part]),)
        assert all(torch.equal(a, b) for a, b in zip(learned(nets[0]), before, strict=True))
    assert whole is not None
    in_parts.step_by(whole, 0.001)
    at_once.step(batch, rng, learning_rate=0.001)
    for one, other in zip(learned(nets[0]), learned(nets[1]), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_gradient_descent_fits_with_one_step_an_epoch() -> None:
    rng = np.random.default_rng(0)
    users, items = rng.integers(6, size=200), rng.integers(N_ITEMS, size=200)
    log = LogExamples(users, items // 6 * 6 + users % 6, np.ones(200, dtype=np.float32), 5)
    net, updater = small(), OnlineUpdater(optimizer="gradient_descent")
    updater.build(net)
    trainer = Trainer(epochs=15, validation_fraction=0.0)
    report = trainer.fit(net, updater, log, rng, threading.Event(), progress=False)
    assert net.items.n_updates.tolist() == [15.0] * N_ITEMS
    assert report.losses[-1] < report.losses[0] - 0.05, report.losses


@pytest.mark.parametrize(
    ("name", "stops_after"),
    [("adam", 4), ("adagrad", 4), ("momentum", 13), ("sgd", 13), ("gradient_descent", 70)],
)
def test_patience_waits_for_what_begins_slowly(
    name: str, stops_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: momentum and gradient descent were stopped after four epochs in which they had learned nothing."""
    log = LogExamples(np.zeros(200, dtype=int), np.arange(200) % N_ITEMS, np.ones(200, dtype=np.float32), 5)
    net, updater = small(), OnlineUpdater(optimizer=name)
    updater.build(net)
    losses, quality = iter([4.0] * 10 + [3.0] * 90), iter(np.linspace(0.9, 0.1, 100).tolist())
    monkeypatch.setattr(Trainer, "_epoch", lambda *_: next(losses))
    monkeypatch.setattr(Trainer, "validation_ndcg_of", lambda *_: next(quality))
    trainer = Trainer(epochs=100, patience=3)  # of 160 examples, so 20 batches
    report = trainer.fit(net, updater, log, np.random.default_rng(0), threading.Event(), progress=False)
    assert (report.epochs, report.best_epoch) == (stops_after, 1)
