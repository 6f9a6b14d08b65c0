"""Estimates against the truth. ``python -m tests.benchmarks.off_policy`` prints what docs/exploration.md has.

A world of 400 people and 12 items with known chances of a click, in which the value of every policy is known
exactly. Of each of three pairs of a logging policy and a target many logs are drawn, and every estimator is
asked about each:

* ``near``: the log is softmax at temperature 1 over noisy scores, the target softmax at 0.5 over better ones;
* ``far``: the log is ε-greedy with ε = 0.3 over noisy scores, the target the greedy policy of the true ones;
* ``no support``: the log is uniform over every other item, the target the same greedy policy.

Then whole slates of one to three places in a world of 200 people and 4 items, along the cascade: the log is
softmax at temperature 2 over noisy scores, the target softmax at 0.5 over the true ones.

The good model is the true chances with a noise of 0.05; the wrong one says 0.9 of everything.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from lifelong_widgets.evaluation import Estimate, slate_value
from lifelong_widgets.exploration import Explorer, Softmax
from lifelong_widgets.simulation import ClickWorld
from tests.evaluation.bandit_logs import Setting, settings

COLUMNS = ("mean", "bias", "deviation", "coverage", "width", "effective", "warned")


def figures(setting: Setting, seeds: range, interval: str) -> dict[str, list[float]]:
    """For each estimator the `COLUMNS`."""
    wrong = np.full_like(setting.world.clicks, 0.9)
    found: dict[str, list[Estimate]] = {}
    for seed in seeds:
        log = setting.draw(seed)
        for name, estimate in log.estimates(interval=interval).items():
            found.setdefault(name, []).append(estimate)
        for name, estimate in log.estimates(wrong, interval).items():
            if name in ("direct method", "doubly robust"):
                found.setdefault(f"{name}, wrong", []).append(estimate)
    return {name: columns_of(estimates, setting.truth) for name, estimates in found.items()}


def slates(k: int, seeds: range) -> tuple[float, list[float]]:
    """The truth and the `COLUMNS` of slates of `k`."""
    world = ClickWorld(n_people=200, n_items=4, seed=5)
    target, found = Explorer(world.scorer(), Softmax(0.5)), []
    for seed in seeds:
        logging = Explorer(world.scorer(noise=1.0), Softmax(2.0), seed=seed)
        found.append(slate_value(world.log(logging, 300, k=k, each=1, seed=seed), target))
    truth = world.slate_value(target, k)
    return truth, columns_of(found, truth)


def columns_of(estimates: list[Estimate], truth: float) -> list[float]:
    values = np.array([estimate.value for estimate in estimates])
    low, high = (np.array([getattr(one, end) for one in estimates]) for end in ("low", "high"))
    return [
        float(values.mean()),
        float(values.mean() - truth),
        float(values.std(ddof=1)),
        float(((low <= truth) & (truth <= high)).mean()),
        float(np.median(high - low)),
        float(np.median([estimate.effective_sample_size for estimate in estimates])),
        float(np.mean([bool(estimate.warnings) for estimate in estimates])),
    ]


def line(name: str, row: list[float]) -> str:
    cells = [f"{row[0]:.4f}", f"{row[1]:+.4f}", f"{row[2]:.4f}", f"{row[3]:.3f}", f"{row[4]:.3f}"]
    cells += [f"{row[5]:.0f}", f"{row[6]:.0%}"]
    return f"{name:<22}" + "".join(f"{cell:>11}" for cell in cells)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--logs", type=int, default=400, help="of each pair; seeds 1, 2, … up to this")
    parser.add_argument("--interval", choices=["bootstrap", "normal"], default="bootstrap")
    given = parser.parse_args()
    for title, setting in settings().items():
        print(f"\n{title}: the truth is {setting.truth:.4f}; {given.logs} logs of 150 people × 4 impressions")
        print(f"{'':<22}" + "".join(f"{name:>11}" for name in COLUMNS))
        for name, row in figures(setting, range(1, given.logs + 1), given.interval).items():
            print(line(name, row), flush=True)
    n = max(2, given.logs // 10)
    print(f"\nslates along the cascade; {n} logs of 300 impressions")
    print(f"{'':<22}" + "".join(f"{name:>11}" for name in COLUMNS))
    for k in range(1, 4):
        truth, row = slates(k, range(1, n + 1))
        print(line(f"{k} places, {truth:.4f}", row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
