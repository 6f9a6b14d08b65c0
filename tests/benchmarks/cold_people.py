"""What edges are worth where a history says little: HR@10 on people with fewer than five events.

    python -m tests.benchmarks.cold_people [influence [seeds]]

Half of the people of `Followers` are there from the first day and make half of the log, which is fitted. The
others come with their edges before their first click. Every event is learned; the first five of a person test
the list just before them. Intervals: of all these events over people (bootstrap), paired with ``none``; of
the very first events, Student's t over the seeds.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats

from lifelong_widgets.data import datasets
from lifelong_widgets.intervals import interval_of
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import Followers

FEATURES = ("none", "neighbor_tastes", "node_embedding")
COLD = 5


def hits(seed: int, influence: float, features: str) -> list[tuple[str, int, bool]]:
    """Person, how many events they had, and whether the next was among ten, of each event of the cold."""
    shelf = datasets.load("bookshop", n_events=10).catalog
    crowd = Followers(shelf, n_people=300, influence=influence, seed=seed)
    log = crowd.log(6_000)
    past, stream = log[: len(log) // 2], log[len(log) // 2 :]
    rec = Recommender(shelf, graph=crowd.graph_at(stream[0].time or 0.0), seed=seed, person_features=features)
    rec.fit(past, progress=False)
    for edge in crowd.graph:
        if edge[:2] not in rec.graph:
            rec.follow(*edge)
    known = dict(zip(past.users, np.bincount(past.user_codes).tolist(), strict=True))
    found = []
    for event in stream:
        n = known.get(event.user, 0)
        if n < COLD:
            listed = rec.recommend(event.user, 10, reasons=False).items
            found.append((f"{seed} {event.user}", n, event.item in listed))
        rec.learn_one(event)
        known[event.user] = n + 1
    return found


def main(influence: float, n_seeds: int) -> None:
    """Print a row for each of `FEATURES`."""
    made = {name: [hits(seed, influence, name) for seed in range(n_seeds)] for name in FEATURES}
    users = [user for part in made["none"] for user, _, _ in part]
    ones = np.ones((len(users), 1))
    base = np.array([hit for part in made["none"] for _, _, hit in part], dtype=float)
    first = {
        name: np.array([np.mean([hit for _, n, hit in part if n == 0]) for part in parts])
        for name, parts in made.items()
    }
    for name, parts in made.items():
        own = np.array([hit for part in parts for _, _, hit in part], dtype=float)
        low, high = interval_of((own - base)[:, None], ones, users, "bootstrap")
        gains = first[name] - first["none"]
        margin = stats.t.ppf(0.975, n_seeds - 1) * gains.std(ddof=1) / n_seeds**0.5
        print(
            f"{name:<16} HR@10 {own.mean():.3f}, more by {(own - base).mean():+.3f} "
            f"[{low:+.3f}, {high:+.3f}]; "
            f"of first events {first[name].mean():.3f}, more by {gains.mean():+.3f} ±{margin:.3f}"
        )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.8, int(sys.argv[2]) if len(sys.argv) > 2 else 6)
