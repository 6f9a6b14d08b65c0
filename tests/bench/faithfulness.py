"""Do past events matter as much as an explanation says? Deletion and insertion curves.

    python -m tests.bench.faithfulness [movielens-100k | folder]

A recommender is fitted to the first fifth of the log and learns the second. Then, for people with a whole
history, the item on top of their list is explained, and their past events are taken out one after the other,
in the order of what each is said to add (deletion), or put into an empty past in that order (insertion). What
is measured is the score of the item, and whether it is among their first ten. An order that knows what
matters makes the curve of deletion fall early and that of insertion rise early.

Source: the curves of V. Petsiuk, A. Das and K. Saenko, "RISE", BMVC 2018; after W. Samek et al., "Evaluating
the visualization of what a deep neural network has learned", IEEE TNNLS 2017.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.explanation import Explanation
from lifelong_widgets.intervals import interval_of
from lifelong_widgets.models import one_thread
from lifelong_widgets.recommender import Recommender
from tests.bench.logs import load

K = 10
SHARES = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0])  # of the events that are gone, or there

ORDERS = ("explanation", "leave one out", "both ends", "recency", "popularity", "random")


def worths(
    rec: Recommender, person: int, item: int, why: Explanation, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """How much each event of a person's past is said to add, by each of `ORDERS`.

    ``"leave one out"`` is by how much the score falls without each event alone, a look for each; ``"both
    ends"`` the mean of that and of what each adds to an empty past, two looks for each: of all the orders in
    which the Shapley value puts events in, the first place and the last. ``"popularity"`` is how many events
    the item has had.
    """
    places = range(len(why.events))

    def score_without(gone: Collection[int]) -> float:
        return rec.ranker.score_of(person, item, look=rec.ranker.look_without(person, gone))

    nothing = score_without(places)
    left_out = np.array([why.score - score_without([place]) for place in places])
    alone = np.array([score_without(set(places) - {place}) - nothing for place in places])
    items = np.array([rec.index_of(event.item) for event in why.events])
    every = (
        np.array([event.amount for event in why.events]),
        left_out,
        (left_out + alone) / 2.0,
        -np.arange(len(places), dtype=np.float64),
        rec.memory.popularity.counts(items),
        rng.random(len(places)),
    )
    return dict(zip(ORDERS, every, strict=True))


def curves(
    rec: Recommender, person: int, item: int, order: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Deletion and insertion, (len(SHARES), 2) each: the score of the item, and whether it is listed."""

    def measured(gone: NDArray[np.int64]) -> tuple[float, float]:
        look = rec.ranker.look_without(person, gone.tolist())
        listed = rec.ranker.best(person, K, True, look=look)[0]
        return rec.ranker.score_of(person, item, look=look), float(item in listed)

    counts = np.round(SHARES * len(order)).astype(int)
    deletion = np.array([measured(order[:n]) for n in counts])
    insertion = np.array([measured(order[n:]) for n in counts])
    return deletion, insertion


def area(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Below a curve over `SHARES`, of each column."""
    return np.asarray(np.trapezoid(curve, SHARES, axis=0))


@one_thread()
def measure(
    rec: Recommender, n_people: int, seed: int, least: int = 20
) -> tuple[dict[str, NDArray[np.float64]], list[int]]:
    """The curves by order, (n, 2, len(SHARES), 2): of deletion and insertion; and whose they are.

    Of people with at least `least` events that the model reads.
    """
    rng = np.random.default_rng(seed)
    whole = [
        person
        for person in range(len(rec.users))
        if np.count_nonzero(rec.histories.rewards_of(person)) >= least
    ]
    people = rng.permutation(whole)[:n_people].tolist()
    found: dict[str, list[Any]] = {name: [] for name in ORDERS}
    for n, person in enumerate(people):
        user = rec.users.ids[person]
        listed = rec.recommend(user, k=1, reasons=False)
        item, why = rec.index_of(listed.items[0]), rec.explain(user, listed.items[0])
        for name, worth in worths(rec, person, item, why, rng).items():
            found[name].append(curves(rec, person, item, np.argsort(-worth, kind="stable")))
        if n % 25 == 24:
            print(".", end="", file=sys.stderr, flush=True)
    return {name: np.array(each) for name, each in found.items()}, people


def interval(values: NDArray[np.float64], people: list[int], digits: int = 3) -> str:
    """A mean with its 95 % bootstrap interval over people."""
    low, high = interval_of(values[:, None], np.ones((len(values), 1)), people, "bootstrap")
    return f"{values.mean():.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def table(found: Mapping[str, NDArray[np.float64]], people: list[int]) -> str:
    """A row for each order: the areas, and their differences to those of the explanation."""
    areas = {
        name: np.array([[area(curve) for curve in pair] for pair in each]) for name, each in found.items()
    }
    own = areas["explanation"]
    head = ["order", "deletion: score", "insertion: score", "deletion: listed", "insertion: listed"]
    head += ["deletion less the explanation's", "the explanation's insertion less"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for name, each in areas.items():
        cells = [
            interval(each[:, 0, 0], people),
            interval(each[:, 1, 0], people),
            interval(each[:, 0, 1], people),
            interval(each[:, 1, 1], people),
        ]
        if name == "explanation":
            cells += ["", ""]
        else:
            cells.append(interval(each[:, 0, 0] - own[:, 0, 0], people))
            cells.append(interval(own[:, 1, 0] - each[:, 1, 0], people))
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def points(found: Mapping[str, NDArray[np.float64]]) -> str:
    """The mean curves themselves."""
    lines = ["| curve | " + " | ".join(f"{share:.0%}" for share in SHARES) + " |"]
    lines.append("|---" + "|--:" * len(SHARES) + "|")
    for place, curve in enumerate(("deletion", "insertion")):
        for name, each in found.items():
            means = each[:, place, :, 0].mean(axis=0)
            lines.append(f"| {curve}, {name} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    return "\n".join(lines)


def counterfactuals(rec: Recommender, people: list[int]) -> str:
    """How often there is one for the first and for the last of the ten, how large, after how many lists."""
    lines = ["| place | found | one event | two | median events | median lists | stays without any past |"]
    lines.append("|---" + "|--:" * 6 + "|")
    for place in (1, K):
        found = []
        for person in people:
            user = rec.users.ids[person]
            listed = rec.recommend(user, k=K, reasons=False).items
            found.append(rec.counterfactual(user, listed[place - 1], k=K))
        sizes = np.array([len(each.events) for each in found if each.found])
        cells = [
            f"{place}",
            f"{len(sizes)} of {len(found)}",
            f"{np.count_nonzero(sizes == 1)}",
            f"{np.count_nonzero(sizes == 2)}",
            f"{np.median(sizes):.0f}",
            f"{np.median([each.n_lists for each in found]):.0f}",
            f"{sum(each.stays_without_any for each in found)}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--least", type=int, default=20, help="the events that people must have")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="decayed_mlp")
    parser.add_argument("log", nargs="?", default="movielens-100k", help="a data set, or a folder of one")
    given = parser.parse_args()
    log = load(given.log)
    rec = Recommender(log.catalog, seed=given.seed, model=given.model)
    rec.fit(log.events.before(0.2), progress=False)
    rec.learn_many(log.events.before(0.4).after(0.5), progress=False)
    found, people = measure(rec, given.people, given.seed, given.least)
    print(f"\n{len(people)} people\n\n{table(found, people)}\n\n{points(found)}", flush=True)
    print(f"\ncounterfactuals\n\n{counterfactuals(rec, people[:100])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
