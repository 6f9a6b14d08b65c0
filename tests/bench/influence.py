"""Does the gradient say which events taught an item? Against learning again without each event.

    python -m tests.bench.influence

A small network learns the simulated bookshop by steps over all examples, the same number of them each time;
then it learns again as often as there are examples to leave out, each time without one. How much worse it is
then at each of some items, its loss less that with all examples, is held against what `influences` said of
the example before: the rank correlation (Spearman's), item by item, and the mean over items. Nothing is drawn
at random in either run, so that the difference is the example.

Source: the leave-one-out retraining of P. W. Koh and P. Liang, "Understanding black-box predictions via
influence functions", ICML 2017.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifelong_widgets.data import datasets
from lifelong_widgets.explanation.influence import influences
from lifelong_widgets.intervals import interval_of
from lifelong_widgets.learning import OBJECTIVES, Examples, OnlineUpdater
from lifelong_widgets.models import Network, one_thread


def examples_of(n: int, length: int, seed: int) -> tuple[Examples, int]:
    """Next items of the simulated bookshop, and how many items there are (the 40 most taken)."""
    log = datasets.load("bookshop", seed=seed).interactions
    counts = Counter(event.item for event in log)
    kept = {item: row for row, (item, _) in enumerate(counts.most_common(40))}
    pasts: dict[object, list[int]] = {}
    rows = []
    for event in log:
        if event.item in kept and log.kinds[event.kind].reward > 0:
            past = pasts.setdefault(event.user, [])
            if past:
                rows.append((past[:length], kept[event.item]))
            past.insert(0, kept[event.item])
    rows = rows[:n]
    items, rewards = np.zeros((len(rows), length), dtype=np.int64), np.zeros((len(rows), length), np.float32)
    for row, (past, _) in enumerate(rows):
        items[row, : len(past)], rewards[row, : len(past)] = past, 1.0
    targets = np.array([target for _, target in rows])
    return Examples(items, rewards, targets, np.ones(len(rows), dtype=np.float32)), len(kept)


def learned(
    examples: Examples, n_items: int, weights: NDArray[np.float32], n_steps: int, how: str
) -> Network:
    """A network after full steps over the examples; one with a weight of 0 is left out."""
    network = Network(embedding_dim=8, hidden_dim=16, history_length=examples.history_items.shape[1])
    network.build(0, seed=0)
    network.grow(np.zeros((n_items, 0), dtype=np.float32))
    rate = {"sgd": 0.002, "adam": 0.003}[how]
    updater = OnlineUpdater(learning_rate=rate, new_item_boost=0.0, n_negatives=n_items, optimizer=how)
    updater.build(network)
    for _ in range(n_steps):
        updater.step(examples, np.random.default_rng(0), weights=weights)
    return network


def losses(network: Network, targets: Examples) -> NDArray[np.float64]:
    """Of each target, held against all items."""
    scores = network.scores_of(network.user_vectors(*targets.read), np.arange(len(network.items))).numpy()
    own = scores[np.arange(len(targets)), targets.targets]
    top = scores.max(axis=1)
    return np.asarray(np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top - own, dtype=np.float64)


@one_thread()
def correlations(n: int, n_left_out: int, n_steps: int, seed: int, how: str) -> list[float]:
    """Spearman's, for each of the targets."""
    examples, n_items = examples_of(n + 20, 10, seed)
    targets, examples = examples[np.arange(n, n + 20)], examples[np.arange(n)]
    everything = np.ones(n, dtype=np.float32)
    network = learned(examples, n_items, everything, n_steps, how)
    before, out = losses(network, targets), np.linspace(0, n - 1, n_left_out).astype(int)
    worse = np.zeros((n_left_out, len(targets)))
    for row, example in enumerate(out):
        weights = everything.copy()
        weights[example] = 0.0
        worse[row] = losses(learned(examples, n_items, weights, n_steps, how), targets) - before
    objective, negatives = OBJECTIVES["sampled_softmax"], np.arange(n_items)
    return [
        float(
            stats.spearmanr(
                influences(network, examples[out], targets[np.array([place])], negatives, objective),
                worse[:, place],
            ).statistic
        )
        for place in range(len(targets))
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--examples", type=int, default=150)
    parser.add_argument("--left-out", type=int, default=50)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    print("| optimizer | rank correlation, mean [95 %] | lowest | highest |\n|---|--:|--:|--:|")
    for how in ("sgd", "adam"):
        found, worlds = [], []
        for seed in range(given.seeds):
            of_seed = correlations(given.examples, given.left_out, given.steps, seed, how)
            found += of_seed
            worlds += [f"{seed} {place}" for place in range(len(of_seed))]
        values = np.array(found)
        low, high = interval_of(values[:, None], np.ones((len(values), 1)), worlds, "bootstrap")
        mean, ends = (
            f"{values.mean():.2f} [{low:.2f}, {high:.2f}]",
            f"{values.min():.2f} | {values.max():.2f}",
        )
        print(f"| {how} | {mean} | {ends} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
