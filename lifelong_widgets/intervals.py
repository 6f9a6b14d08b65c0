"""How sure a ratio of sums is, when the events of one person belong together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]
Interval = Literal["bootstrap", "normal"]

DRAWS = 1000
"""How many resamples an interval is made of."""

_MOST_RESAMPLED = 2000  # users; beyond, the mean is near normal and the resamples take seconds


def ratio_of_sums(numerators: Numbers, denominators: Numbers) -> float:
    """``Σ_j (Σ_i numerators[i, j] / Σ_i denominators[i, j])``; NaN where a denominator is 0."""
    below = denominators.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float((numerators.sum(axis=0) / below).sum()) if below.all() else float("nan")


def interval_of(
    numerators: Numbers, denominators: Numbers, users: Sequence[Hashable], how: Interval, level: float = 0.95
) -> tuple[float, float]:
    """An interval of `ratio_of_sums` over n events, whose people are a sample of all people.

    ``"bootstrap"``: percentiles of 1,000 resamples of *people* with all their events, with a fixed seed
    (B. Efron and R. J. Tibshirani, "An introduction to the bootstrap", 1993; of clusters: A. C. Davison and
    D. V. Hinkley, 1997, section 3.8); for more than 2,000 people the next. ``"normal"``: Student's t of the
    linearised ratio, with a variance between people (K.-Y. Liang and S. L. Zeger, 1986).

    NaN for a single person, and where a denominator is 0.

    >>> rewards = np.array([[1.0], [0.0], [1.0], [0.0]])
    >>> low, high = interval_of(rewards, np.ones((4, 1)), ["a", "a", "b", "b"], "normal")
    >>> round(low, 3), round(high, 3)  # both people are alike: nothing varies between them
    (0.5, 0.5)
    """
    codes: dict[Hashable, int] = {}
    of_event = np.array([codes.setdefault(user, len(codes)) for user in users], dtype=np.int64)
    n = len(codes)
    if n < 2 or not denominators.sum(axis=0).all():
        return float("nan"), float("nan")
    above, below = _by_user(numerators, of_event, n), _by_user(denominators, of_event, n)
    if how == "bootstrap" and n <= _MOST_RESAMPLED:
        counts = _resamples(n)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = ((counts @ above) / (counts @ below)).sum(axis=1)
        return percentiles(values[np.isfinite(values)], level)
    total = below.sum(axis=0)
    shares = above.sum(axis=0) / total
    residuals = ((above - shares * below) / total).sum(axis=1)
    spread = np.sqrt(n / (n - 1) * (residuals**2).sum()) * stats.t.ppf(1.0 - (1.0 - level) / 2.0, n - 1)
    return float(shares.sum() - spread), float(shares.sum() + spread)


def resample(rng: np.random.Generator, n: int, draws: int = DRAWS) -> NDArray[np.int64]:
    """How often each of n people is there in each of so many samples of n with replacement, (draws, n).

    >>> resample(np.random.default_rng(0), 3, draws=2).sum(axis=1)
    array([3, 3])
    """
    return rng.multinomial(n, np.full(n, 1.0 / n), size=draws)


def percentiles(values: Numbers, level: float = 0.95) -> tuple[float, float]:
    """Between which two the middle share `level` of the values of resamples lies.

    >>> percentiles(np.arange(101.0), 0.5)
    (25.0, 75.0)
    """
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


@lru_cache(maxsize=1)  # several estimates of one log follow each other
def _resamples(n: int) -> Numbers:
    return resample(np.random.default_rng(0), n).astype(np.float64)


def _by_user(values: Numbers, of_event: NDArray[np.int64], n: int) -> Numbers:
    sums = np.zeros((n, values.shape[1]))
    np.add.at(sums, of_event, values)
    return sums
