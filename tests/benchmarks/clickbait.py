"""What a discount is worth where there is clickbait. ``python -m tests.benchmarks.clickbait`` prints it.

The arms begin knowing nothing and live for the same days with the same people of a `ClickbaitWorld`, each of
whom is inclined to come on the same days:

* ``clicks``: a recommender as it comes, which ranks by the chance of a click (``discount=0``);
* ``values``: the same with ``discount=0.9``;
* ``product``: that with ``substitution=0``: the chance of a click times the value, as SlateQ's top k;
* ``slates``: ``values`` with ``slate_decomposition=True``: a list is worth its mean, not its best item;
* ``half``: ``values`` with ``discount=0.5``;
* ``counts``: no network, one list for everybody, by clicks and how often people stayed (`Counts`).

The worlds: ``bait``, as it comes; and ``none``, in which people stay after one item as they do after the
other, so that nothing is to be had but the clicks. What is compared is the reward of all the days, beginning
included, seed by seed: the ratio of the sums over the seeds, with a bootstrap over the seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Feedback, Id
from lifelong_widgets.intervals import interval_of, ratio_of_sums
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import ClickbaitWorld

_SIZES = {"embedding_dim": 16, "hidden_dim": 32, "history_length": 10}
ARMS: dict[str, dict[str, Any]] = {
    "clicks": {},
    "values": {"discount": 0.9},
    "product": {"discount": 0.9, "substitution": 0.0},
    "slates": {"discount": 0.9, "slate_decomposition": True},
    "half": {"discount": 0.5},
    "counts": {},
}
WORLDS: dict[str, dict[str, Any]] = {"bait": {}, "none": {"stay_bait": 0.85}}
COLUMNS = ("reward", "visits", "bait")

Figures = dict[str, NDArray[np.float64]]


class Listed(NamedTuple):
    """A list."""

    items: tuple[Id, ...]


class Counts:
    """What anybody can do without a network: ``(n_stayed + 1)² / (n_clicks + 2)`` ranks the items, for all.

    That is how often an item was clicked on times the square of how often another click came within half an
    hour, smoothed so that new items come first.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._ids = list(catalog.ids)
        self._clicks: Counter[Id] = Counter()
        self._stayed: Counter[Id] = Counter()
        self._last: dict[Id, Feedback] = {}

    def recommend(self, user: Id, k: int, exclude_seen: bool, reasons: bool) -> Listed:
        return Listed(tuple(sorted(self._ids, key=self._worth, reverse=True)[:k]))

    def learn_one(self, feedback: Feedback, /) -> None:
        last = self._last.get(feedback.user)
        if last is not None and (feedback.time or 0.0) - (last.time or 0.0) < 1800.0:
            self._stayed[last.item] += 1
        self._clicks[feedback.item] += 1
        self._last[feedback.user] = feedback

    def _worth(self, item: Id) -> float:
        return float((self._stayed[item] + 1) ** 2 / (self._clicks[item] + 2))


def live(world: str, arm: str, seed: int, days: int, people: int) -> list[float]:
    """The `COLUMNS` of one life: all clicks, all visits, and the clicks on bait."""
    made = ClickbaitWorld(seed=seed, n_people=people, **WORLDS[world])
    if arm == "counts":
        lived = made.live(Counts(made.catalog), days)
    else:
        lived = made.live(Recommender(made.catalog, seed=seed, **_SIZES, **ARMS[arm]), days)
    return [lived.reward, float(lived.visits.sum()), float(lived.bait.sum())]


def truth(world: str, seed: int, people: int) -> tuple[float, float]:
    """The clicks of a visit, exactly: of who knows everything and is greedy, and of who looks ahead."""
    made = ClickbaitWorld(seed=seed, n_people=people, **WORLDS[world])
    values = [
        np.mean([made.visit_value(one, made.best_list(one, discount)) for one in range(people)])
        for discount in (0.0, 1.0)
    ]
    return float(values[0]), float(values[1])


def figures(
    world: str, seeds: Sequence[int], arms: Sequence[str], days: int, people: int, jobs: int = 1
) -> Figures:
    """For each arm (seeds, columns)."""
    lives = [(world, arm, seed, days, people) for arm in arms for seed in seeds]
    if jobs == 1:
        rows = [live(*one) for one in lives]
    else:
        with ProcessPoolExecutor(jobs) as pool:
            rows = list(pool.map(live, *zip(*lives, strict=True)))
    table = np.array(rows).reshape(len(arms), len(seeds), len(COLUMNS))
    return dict(zip(arms, table, strict=True))


def ratio(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float, float]:
    """The ratio of the sums over the seeds, and a paired bootstrap's 95 %."""
    above, below = ours[:, None], theirs[:, None]
    return ratio_of_sums(above, below), *interval_of(above, below, range(len(ours)), "bootstrap")


def report(found: Figures) -> str:
    """The table: clicks in all and per visit, the share on bait, and the ratio to the click model."""
    lines = [f"{'':<10}{'clicks':>9}{'a visit':>9}{'on bait':>9}  {'ratio of clicks':<21}{'a visit':<20}"]
    for arm, table in found.items():
        clicks, visits, bait = table.sum(axis=0)
        line = f"{arm:<10}{clicks / len(table):>9.0f}{clicks / visits:>9.2f}{bait / clicks:>9.0%}"
        if arm != "clicks" and "clicks" in found:
            base = found["clicks"]
            for ours, theirs in (
                (table[:, 0], base[:, 0]),
                (table[:, 0] / table[:, 1], base[:, 0] / base[:, 1]),
            ):
                line += "  {:.2f} [{:.2f}, {:.2f}]".format(*ratio(ours, theirs))
        lines.append(line)
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="how many, of world and model")
    parser.add_argument("--first", type=int, default=1, help="the first of these seeds")
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=["clicks", "values"])
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    for world in given.worlds:
        known = np.mean([truth(world, seed, given.people) for seed in seeds], axis=0)
        found = figures(world, seeds, given.arms, given.days, given.people, given.jobs)
        print(f"\nworld: {world}, seeds {seeds[0]} to {seeds[-1]}, {given.people} people, {given.days} days")
        print(f"who knows everything: {known[0]:.2f} clicks a visit greedily, {known[1]:.2f} looking ahead")
        print(report(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
