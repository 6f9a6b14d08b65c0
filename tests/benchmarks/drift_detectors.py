"""What each drift detector is worth. ``python -m tests.benchmarks.drift_detectors`` prints it, in a minute.

Each stream of outcomes has known moments at which the hit rate falls. Every detector has the default `delta`
and `min_events`. The two dummies stand beside: ``never``, and ``always`` at every `min_events`-th outcome.

* ``steady``: no fall; hit rates .1, .3 and .5, a third of the streams each.
* ``halved``: .3, then .15, for good.
* ``deep``: .4, then .1, for good.
* ``dip``: .3, then .1 for 400 events, then .3 again: a model that catches up.
* ``slow``: .3 down to .1 over 1,000 events; the fall is where that begins.
* ``clustered``: no fall, but visits: runs of 20 outcomes have one rate, which is .1, .3 or .5 by chance.
* ``tastes``: the hits of recent popularity on `recurring_tastes`, whose seasons change; a quarter as many
  streams, at least two.

Then by group: of 20 categories with 600 outcomes each, 4 fall from .5 to .15 after 400 and 16 stay at .5; how
many of either ring, and how many `DriftByGroup.fallen` names at the end, over half as many seeds. Then input
drift: two parts of the bookshop's log before its fashion turns, and before against after.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import pandas as pd

from lifelong_widgets.data import Interactions, datasets
from lifelong_widgets.drift import DETECTORS, DriftByGroup, input_drift, make_detector
from lifelong_widgets.evaluation import (
    OutcomeStream,
    RecencyPopularity,
    bernoulli_stream,
    compare_detectors,
    prequential,
)
from lifelong_widgets.simulation import recurring_tastes

_BEFORE, _AFTER = 2_000, 2_000


def steady(seed: int) -> OutcomeStream:
    return bernoulli_stream(seed, (_BEFORE + _AFTER, (0.1, 0.3, 0.5)[seed % 3]))


def halved(seed: int) -> OutcomeStream:
    return bernoulli_stream(seed, (_BEFORE, 0.3), (_AFTER, 0.15))


def deep(seed: int) -> OutcomeStream:
    return bernoulli_stream(seed, (_BEFORE, 0.4), (_AFTER, 0.1))


def dip(seed: int) -> OutcomeStream:
    return bernoulli_stream(seed, (_BEFORE, 0.3), (400, 0.1), (_AFTER - 400, 0.3))


def slow(seed: int) -> OutcomeStream:
    rates = np.concatenate(
        [np.full(_BEFORE, 0.3), np.linspace(0.3, 0.1, 1_000), np.full(_AFTER - 1_000, 0.1)]
    )
    return OutcomeStream(np.random.default_rng(seed).random(len(rates)) < rates, falls=(_BEFORE + 1,))


def clustered(seed: int) -> OutcomeStream:
    rng = np.random.default_rng(seed)
    rates = np.repeat(rng.choice([0.1, 0.3, 0.5], size=(_BEFORE + _AFTER) // 20), 20)
    return OutcomeStream(rng.random(len(rates)) < rates)


def tastes(seed: int) -> OutcomeStream:
    """Hits of recent popularity, which adapts within days, over four seasons of 800 clicks each."""
    stream = recurring_tastes(seed, n_slices=4, events_per_slice=800)
    frames = [part.to_pandas() for part in stream.slices]
    log = Interactions.from_pandas(pd.concat(frames, ignore_index=True))
    learner = RecencyPopularity(stream.catalog, half_life="3D")
    report = prequential(learner, log, k=10, depth=10, exclude_seen=False, progress=False)
    ranks = next(iter(report.ranks.values()))
    starts = np.cumsum([len(part) for part in stream.slices])[:-1] + 1
    return OutcomeStream(ranks > 0, falls=tuple(starts.tolist()))


STREAMS = {make.__name__: make for make in (steady, halved, deep, dip, slow, clustered, tastes)}


def table(name: str, n_streams: int, first_seed: int) -> pd.DataFrame:
    n = max(2, n_streams // 4) if name == "tastes" else n_streams
    return compare_detectors([STREAMS[name](seed) for seed in range(first_seed, first_seed + n)])


def cost() -> str:
    """Microseconds of an update, over 5,000 outcomes."""
    hits = (np.random.default_rng(0).random(5_000) < 0.3).tolist()
    cells = []
    for name in DETECTORS:
        detector = make_detector(name, 0.002, 300)
        started = time.process_time()
        for hit in hits:
            detector.update(hit)
        cells.append(f"{name} {(time.process_time() - started) / len(hits) * 1e6:.1f}")
    return "µs per outcome: " + ", ".join(cells)


def of_inputs(n_streams: int, first_seed: int, size: int = 400) -> str:
    """How often `input_drift` says moved, where nothing has and where the fashion has turned."""
    shares = []
    for by in ("category", "item"):
        moved = {"same mix": 0, "after the turn": 0}
        for seed in range(first_seed, first_seed + n_streams):
            shop = datasets.load("bookshop", seed=seed, n_events=3_000)
            log, turn = shop.interactions, 1_800
            pairs = {"same mix": (turn - size, turn), "after the turn": (turn, turn + size)}
            for name, (begin, end) in pairs.items():
                found = input_drift(
                    log[turn - 2 * size : turn - size], log[begin:end], shop.catalog, by, n_permutations=199
                )
                moved[name] += found.status == "moved"
        shares.append(f"by {by}: " + ", ".join(f"{name} {n}/{n_streams}" for name, n in moved.items()))
    return "input drift says moved\n  " + "\n  ".join(shares) + "\n  always: all; never: none"


def of_groups(n_streams: int, first_seed: int) -> pd.DataFrame:
    """Groups that rang or were named after the fall, for each detector and each correction."""
    seeds = range(first_seed, first_seed + max(2, n_streams // 2))
    rows: dict[str, dict[str, int]] = {}
    for detector in DETECTORS:
        found = dict.fromkeys(("fell", "of those", "steady", "of them"), 0)
        rows[detector] = found
        for seed in seeds:
            views = DriftByGroup(max_groups=20, detector=detector)
            for group in range(20):
                phases = ((400, 0.5), (200, 0.15)) if group < 4 else ((600, 0.5),)
                hits = bernoulli_stream(1_000 * seed + group, *phases).hits.tolist()
                rang = [n for n, hit in enumerate(hits, start=1) if views.update(group, hit, n)]
                found["fell"] += group < 4 and bool(rang) and rang[-1] > 400
                found["steady"] += group >= 4 and bool(rang)
            if detector == "never":
                for correction in ("bh", "bonferroni"):
                    named = [view.group for view in views.fallen(0.05, correction)]
                    row = rows.setdefault(f"fallen, {correction}", dict.fromkeys(found, 0))
                    row["fell"] += sum(group < 4 for group in named)  # type: ignore[operator]
                    row["steady"] += sum(group >= 4 for group in named)  # type: ignore[operator]
    for row in rows.values():
        row["of those"], row["of them"] = 4 * len(seeds), 16 * len(seeds)
    return pd.DataFrame(rows).T


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--streams", type=int, default=12, help="of each kind")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=list(STREAMS), default=list(STREAMS))
    given = parser.parse_args()
    for name in given.kinds:
        print(f"\n{name}", flush=True)
        print(table(name, given.streams, given.first_seed).round(2).to_string(index_names=False), flush=True)
    print(f"\nby group: which ring\n{of_groups(given.streams, given.first_seed).to_string()}", flush=True)
    print(f"\n{of_inputs(given.streams, given.first_seed)}\n\n{cost()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
