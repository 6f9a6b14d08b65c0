"""Whether one learner is better than another on the same events, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
METRICS = ("HR@10", "nDCG@10", "MRR@100")


@dataclass(frozen=True)
class Ratio:
    """How much better ours is than theirs in the mean: the ratio, and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``wins``, ``loses``, or ``ties`` where the interval holds 1."""
        return "wins" if self.low > 1.0 else "loses" if self.high < 1.0 else "ties"

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def gains(ranks: NDArray[np.int32], metric: str) -> NDArray[np.float64]:
    """What each event adds to the mean that `metric` is.

    >>> gains(np.array([1, 3, 0, 11]), "nDCG@10")
    array([1. , 0.5, 0. , 0. ])
    """
    name, depth = metric.split("@")
    hit = (ranks > 0) & (ranks <= int(depth))
    places = np.maximum(ranks, 1).astype(np.float64)
    values = {"HR": np.ones(len(ranks)), "nDCG": 1.0 / np.log2(places + 1.0), "MRR": 1.0 / places}[name]
    return np.where(hit, values, 0.0)


def paired_ratio(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], people: NDArray[np.int64], seed: int = 0
) -> Ratio:
    """The ratio of two means over the same events, with a paired bootstrap interval.

    Whole people are drawn with replacement, each with all their events and both learners' gains: the events
    of a person are too much alike to be drawn one by one, which would make the interval too narrow.

    Source: B. Efron and R. Tibshirani, "An introduction to the bootstrap", 1993; C. Field and A. Welsh,
    "Bootstrapping clustered data", JRSS B 2007.

    >>> paired_ratio(np.array([2.0, 4.0]), np.array([1.0, 2.0]), np.array([0, 1]))
    Ratio(value=2.0, low=2.0, high=2.0)
    """
    _, codes = np.unique(people, return_inverse=True)
    sums = np.stack([np.bincount(codes, weights=values) for values in (ours, theirs)], axis=1)
    random, n = np.random.default_rng(seed), len(sums)
    totals = np.empty((RESAMPLES, 2))
    for place in range(RESAMPLES):
        totals[place] = np.bincount(random.integers(n, size=n), minlength=n) @ sums
    ratios = _divide(totals[:, 0], totals[:, 1])
    value = float(_divide(sums[:, :1].sum(0), sums[:, 1:].sum(0))[0])
    low, high = (float(bound) for bound in np.quantile(ratios, [0.025, 0.975]))
    return Ratio(value, low, high)


def _divide(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    # nothing hit by either is a tie; by ours alone, a ratio as large as the hits
    return np.where(theirs > 0, ours / np.maximum(theirs, 1e-12), 1.0 + ours)
