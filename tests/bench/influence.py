"""Does a step say which events taught an item? Against learning again without each event.

    python -m tests.bench.influence

A network learns examples in small batches, a new one with a replayed one as `learn_one` does; then it
learns the same batches again as often as there are examples to leave out, each time without one. How much
worse it is then at each of some items, its loss less that with all examples, is held against what
`influences` says of the example: the rank correlation (Spearman's), item by item, and the mean over items. In
both runs the same is drawn at random, so that the difference is the example.

How much of that difference is the example's own, and how much hangs on the batches that it happened to be in,
says the last column: the same is done again in another order (full batches know none: from other first
values), and the two truths are held against each other. What does not know the order cannot come much closer.

The worlds: a small network that learns the simulated bookshop from nothing, in three passes; the same in full
batches until it knows the examples by heart; and the default network, fitted to the first fifth of
MovieLens-100K, that learns the next 300 ratings online.

Source: the leave-one-out retraining of P. W. Koh and P. Liang, "Understanding black-box predictions via
influence functions", ICML 2017; its own noise, of K. Nguyen, M. Seo and S. J. Oh, "A Bayesian approach to
analysing training data attribution in deep learning", NeurIPS 2023.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from lifelong_widgets.data import datasets
from lifelong_widgets.explanation.influence import influences
from lifelong_widgets.intervals import interval_of
from lifelong_widgets.learning import OBJECTIVES, Examples, OnlineUpdater
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.models import Network, one_thread
from lifelong_widgets.recommender import Recommender

Floats = NDArray[np.float64]
Batches = Sequence[NDArray[np.int64]]
N_TARGETS = 20


@dataclass(frozen=True)
class World:
    """What is learned, from where, and what is asked about.

    Attributes:
        start: by the number of the order, a network as it is before, with the updater that takes its steps.
        batches: by the number of the order, the examples of each step.
        examples: that are learned.
        targets: which items are asked about.
    """

    start: Callable[[int], tuple[Network, OnlineUpdater]]
    batches: Callable[[int], Batches]
    examples: Examples
    targets: Examples


def bookshop(n: int, seed: int, how: str, batch: int, n_passes: int) -> World:
    """Next items of the simulated bookshop, of the 40 most taken, for a small network."""
    log = datasets.load("bookshop", seed=seed).interactions
    counts = Counter(event.item for event in log)
    kept = {item: row for row, (item, _) in enumerate(counts.most_common(40))}
    pasts: dict[object, list[int]] = {}
    rows = []
    for event in log:
        if event.item in kept and log.kinds[event.kind].reward > 0:
            past = pasts.setdefault(event.user, [])
            if past:
                rows.append((past[:10], kept[event.item]))
            past.insert(0, kept[event.item])
    whole = _examples(rows[: n + N_TARGETS], 10)

    def start(order: int) -> tuple[Network, OnlineUpdater]:
        network = Network(embedding_dim=8, hidden_dim=16, history_length=10)
        network.build(0, seed=order if batch == n else 0)
        network.grow(np.zeros((len(kept), 0), dtype=np.float32))
        rate = {"sgd": 0.002, "adam": 0.003}[how]
        updater = OnlineUpdater(learning_rate=rate, new_item_boost=0.0, n_negatives=len(kept), optimizer=how)
        updater.build(network)
        return network, updater

    def batches(order: int) -> Batches:
        rng = np.random.default_rng(order)
        passes = [rng.permutation(n) for _ in range(n_passes)]
        return [each[begin : begin + batch] for each in passes for begin in range(0, n, batch)]

    return World(start, batches, whole[np.arange(n)], whole[np.arange(n, n + N_TARGETS)])


def movielens(n: int, seed: int, how: str) -> World:
    """The next `n` ratings of MovieLens-100K after a fit of the first fifth, each with an earlier one."""
    data = datasets.load("movielens-100k")
    rec = Recommender(data.catalog, seed=seed, optimizer=how)
    rec.fit(data.interactions.before(0.2), progress=False)
    index = {user: person for person, user in enumerate(rec.users.ids)}
    length = rec.network.history_length
    pasts = {
        user: rec.histories.items_of(person)[rec.histories.rewards_of(person) > 0].tolist()
        for user, person in index.items()
    }
    rows = []
    for event in data.interactions.after(0.2):
        past = pasts.setdefault(event.user, [])
        if past:
            rows.append((past[:length], rec.index_of(event.item)))
        past.insert(0, rec.index_of(event.item))
        if len(rows) == n + N_TARGETS:
            break
    whole = _examples(rows, length)
    network_state, updater_state = rec.network.get_state(), rec.updater.get_state()

    def start(order: int) -> tuple[Network, OnlineUpdater]:
        rec.network.set_state(network_state)
        rec.updater.set_state(updater_state)
        return rec.network, rec.updater

    def batches(order: int) -> Batches:
        rng = np.random.default_rng(order)
        return [np.array([new, rng.integers(new)] if new else [new]) for new in range(n)]

    return World(start, batches, whole[np.arange(n)], whole[np.arange(n, n + N_TARGETS)])


def _examples(rows: Sequence[tuple[list[int], int]], length: int) -> Examples:
    items, rewards = np.zeros((len(rows), length), dtype=np.int64), np.zeros((len(rows), length), np.float32)
    for row, (past, _) in enumerate(rows):
        items[row, : len(past)], rewards[row, : len(past)] = past, 1.0
    targets = np.array([target for _, target in rows])
    return Examples(items, rewards, targets, np.ones(len(rows), dtype=np.float32))


def learned(world: World, order: int, left_out: int | None = None) -> tuple[Network, OnlineUpdater]:
    """A network that has learned all batches of an order, without one of the examples."""
    network, updater = world.start(order)
    for step, batch in enumerate(world.batches(order)):
        weights = (batch != left_out).astype(np.float32)
        rng = np.random.default_rng([order, step])  # the same negatives, whoever is left out
        updater.step(world.examples[batch], rng, weights=weights)
    return network, updater


def losses(network: Network, targets: Examples) -> Floats:
    """Of each target, held against all items."""
    scores = network.scores_of(network.user_vectors(*targets.read), np.arange(len(network.items))).numpy()
    own = scores[np.arange(len(targets)), targets.targets]
    top = scores.max(axis=1)
    return np.asarray(np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top - own, dtype=np.float64)


def worse_without(world: World, order: int, out: NDArray[np.int64]) -> Floats:
    """By how much the loss of each target is higher without each example, (n_out, n_targets)."""
    before = losses(learned(world, order)[0], world.targets)
    return np.array([losses(learned(world, order, one)[0], world.targets) - before for one in out.tolist()])


def products(network: Network, examples: Examples, targets: Examples) -> Floats:
    """The plain products of gradients, which do not know the optimizer: (n, n_targets)."""
    negatives, shapes = np.arange(len(network.items)), network.dense_parameters()

    def flat(one: Examples) -> Floats:
        into = [torch.zeros_like(parameter) for parameter in shapes]
        found = gradients(network, one, negatives, OBJECTIVES["sampled_softmax"], into)
        rows = np.zeros((len(network.items), network.embedding_dim))
        rows[found.indices] = found.embeddings
        return np.concatenate([*(part.numpy().ravel() for part in into), rows.ravel()])

    of = [np.array([flat(each[np.array([n])]) for n in range(len(each))]) for each in (examples, targets)]
    return np.asarray(of[0] @ of[1].T)


def ranked_alike(one: Floats, other: Floats) -> list[float]:
    """Spearman's correlation of each column with that of the other; 0 where one is constant."""
    found = [float(stats.spearmanr(a, b).statistic) for a, b in zip(one.T, other.T, strict=True)]
    return [0.0 if np.isnan(each) else each for each in found]


@one_thread()
def correlations(world: World, n_left_out: int) -> dict[str, list[float]]:
    """Of each target: that of its influences with the truth, of the plain products, and of another truth."""
    out = np.linspace(0, len(world.examples) - 1, n_left_out).astype(int)
    truth, other = (worse_without(world, order, out) for order in (0, 1))
    network, updater = learned(world, 0)
    negatives = np.arange(len(network.items))
    said = [
        influences(network, updater, world.examples[out], world.targets[np.array([place])], negatives)
        for place in range(len(world.targets))
    ]
    return {
        "influence": ranked_alike(np.array(said).T, truth),
        "plain": ranked_alike(products(network, world.examples[out], world.targets), truth),
        "again": ranked_alike(other, truth),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--examples", type=int, default=150)
    parser.add_argument("--left-out", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--film-seeds", type=int, default=2, help="fits of MovieLens")
    given = parser.parse_args()
    n = given.examples
    rows: list[tuple[str, int, Callable[[int], World]]] = [
        ("bookshop, sgd", given.seeds, lambda seed: bookshop(n, seed, "sgd", 2, 3)),
        ("bookshop, adam", given.seeds, lambda seed: bookshop(n, seed, "adam", 2, 3)),
        ("bookshop, adam, by heart", given.seeds, lambda seed: bookshop(n, seed, "adam", n, 150)),
        ("MovieLens, adam", given.film_seeds, lambda seed: movielens(2 * n, seed, "adam")),
    ]
    print("| world | influence | lowest | highest | plain gradients | learned again |\n|---|" + "--:|" * 5)
    for name, n_seeds, world in rows:
        found: dict[str, list[float]] = {}
        worlds = []
        for seed in range(n_seeds):
            of_seed = correlations(world(seed), given.left_out)
            worlds += [f"{seed} {place}" for place in range(N_TARGETS)]
            for column, values in of_seed.items():
                found.setdefault(column, []).extend(values)
        cells = {column: _mean(values, worlds) for column, values in found.items()}
        own = found["influence"]
        print(
            f"| {name} | {cells['influence']} | {min(own):.2f} | {max(own):.2f} | {cells['plain']} "
            f"| {cells['again']} |",
            flush=True,
        )
    return 0


def _mean(values: list[float], worlds: list[str]) -> str:
    numbers = np.array(values)
    low, high = interval_of(numbers[:, None], np.ones((len(numbers), 1)), worlds, "bootstrap")
    return f"{numbers.mean():.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    sys.exit(main())
