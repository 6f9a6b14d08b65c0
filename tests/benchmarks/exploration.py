"""What exploration costs, and what is learned by it. ``python -m tests.benchmarks.exploration`` prints it.

50 simulated people look at 1,000 lists of five out of a pool of 50 and click or not; the recommender learns
every click. *Early* and *late* are clicks per list in the first and the last quarter; *greedy at the end* is
the exact chance of a click on a list of one, the best of what was learned, over all people.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
from scipy import stats

from lifelong_widgets.data import datasets
from lifelong_widgets.exploration import (
    EpsilonGreedy,
    Explorer,
    LastLayer,
    LinearThompson,
    LinUCB,
    Policy,
    Softmax,
)
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import SimulatedPeople

COLUMNS = ("early", "late", "all", "greedy at the end")


def as_the_recommender(dim: int) -> np.ndarray:
    """A prior mean by which more score is more reward, and nothing else is known."""
    mean = np.zeros(dim)
    mean[1] = 0.1
    return mean


POLICIES: dict[str, Callable[[int], Policy]] = {
    "greedy": lambda dim: EpsilonGreedy(0.0),
    "ε-greedy, 0.1": lambda dim: EpsilonGreedy(0.1),
    "softmax, 0.3": lambda dim: Softmax(0.3),
    "Thompson": lambda dim: LinearThompson(dim),
    "Thompson, prior mean": lambda dim: LinearThompson(dim, 10.0, prior_mean=as_the_recommender(dim)),
    "LinUCB": lambda dim: LinUCB(dim),
}


def run(make: Callable[[int], Policy], seed: int, n: int) -> list[float]:
    data = datasets.load("bookshop", n_events=1000)
    rec = Recommender(data.catalog, seed=seed, embedding_dim=16, hidden_dim=64, learning_rate=0.003)
    rec.learn_many(data.interactions, progress=False)
    people = SimulatedPeople(data.catalog, n_people=50, seed=seed)
    features = LastLayer(rec)
    explorer = Explorer(rec, make(features.dim), pool=50, seed=seed, features=features)
    rng, clicks = np.random.default_rng(seed), []
    for _ in range(n):
        shown = explorer.recommend(people.people[int(rng.integers(50))], k=5, exclude_seen=False)
        click = people.choose(shown.user, shown)
        explorer.learn(shown.impression(None if click is None else click.item))
        if click is not None:
            rec.learn_one(click)
        clicks.append(float(click is not None))
    best = [(one, rec.recommend(one, 1, exclude_seen=False, reasons=False).items) for one in people.people]
    chances = [1.0 / (1.0 + np.exp(2.0 - people.utility(one, items)[0])) for one, items in best]
    quarter = n // 4
    early, late = np.mean(clicks[:quarter]), np.mean(clicks[-quarter:])
    return [float(early), float(late), float(np.mean(clicks)), float(np.mean(chances))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="of people and model: 1, 2, … up to this")
    parser.add_argument("--lists", type=int, default=1000)
    given = parser.parse_args()
    print(f"{'':<22}" + "".join(f"{name:>20}" for name in COLUMNS))
    for name, make in POLICIES.items():
        found = np.array([run(make, seed, given.lists) for seed in range(1, given.seeds + 1)])
        half = stats.t.ppf(0.975, len(found) - 1) * found.std(axis=0, ddof=1) / np.sqrt(len(found))
        cells = (f"{mean:.3f} ± {error:.3f}" for mean, error in zip(found.mean(axis=0), half, strict=True))
        print(f"{name:<22}" + "".join(f"{cell:>20}" for cell in cells), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
