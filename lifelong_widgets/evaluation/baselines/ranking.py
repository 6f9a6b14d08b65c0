"""The first of a ranking: by score, then by popularity, then in the order of the catalogue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.evaluation.baselines.fading import FadingPopularity


def best(scores: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """Indices of the `k` highest scores, best first, equal ones in their own order; O(n + k log k).

    >>> best(np.array([1.0, 3.0, 1.0, 2.0]), 3)
    array([1, 3, 0])
    """
    n = len(scores)
    if k >= n:
        return np.argsort(-scores, kind="stable")
    threshold = np.partition(scores, n - k)[n - k]
    above = np.flatnonzero(scores > threshold)
    level = np.flatnonzero(scores == threshold)[: k - len(above)]
    chosen = np.concatenate([above, level])
    return chosen[np.argsort(-scores[chosen], kind="stable")]


def best_with_back_off(
    scores: NDArray[np.float64] | None, popularity: FadingPopularity, n: int, k: int, hidden: list[int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The `k` best of `n` items: those of a positive score by score, the others by popularity.

    Args:
        scores: (n,), written to where items are hidden; None if nothing is known but popularity.
        popularity: The order of the items that have no positive score.
        n: How many items there are.
        k: How many are wanted; fewer come back if no more are left.
        hidden: Indices of items that must not appear.

    Returns:
        Indices, best first, and what they scored: above 0 by score; from -1 to 0 by popularity, which is
        the popularity relative to the most popular item, less 1.

    >>> popularity = FadingPopularity("1D")
    >>> popularity.add(3, time=0.0)
    >>> best_with_back_off(np.array([0.0, 0.2, 0.7, 0.0]), popularity, n=4, k=3, hidden=[2])
    (array([1, 3, 0]), array([ 0.2,  0. , -1. ]))
    """
    chosen, values = np.empty(0, dtype=np.int64), np.empty(0)
    if scores is not None:
        scores[hidden] = -np.inf
        chosen = best(scores, k)
        chosen = chosen[scores[chosen] > 0]
        values = scores[chosen]
    if len(chosen) == k:
        return chosen, values
    logs = popularity.logs(n)
    logs[hidden] = -np.inf
    logs[chosen] = -np.inf
    others = best(logs, k - len(chosen))
    others = others[logs[others] > -np.inf]
    shares = popularity.relative(n)[others] - 1.0
    return np.concatenate([chosen, others]), np.concatenate([values, shares])
