"""How well ranked lists predict what was taken next.

Every measure reads *ranks*: for each tested event the 1-based place of the item in the list that was shown
before the event, with 0 or NaN for a miss (not in the list). One item is right per event, which makes the
formulas short. All three lie between 0 and 1, and the empty stream has none (NaN).

Source: K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002 (nDCG);
E. Voorhees, "The TREC-8 question answering track report", 1999 (MRR).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifelong_widgets.errors import DataError

COLD = 5
"""An item that has had fewer events is cold."""


def hit_rate(ranks: ArrayLike, k: int = 10) -> float:
    """HR@k, the share of events whose item was among the first `k`: mean of 1[1 ≤ rank ≤ k].

    >>> hit_rate([1, 10, 11, 0], k=10)
    0.5
    """
    return _mean(_within(ranks, k) > 0)


def ndcg(ranks: ArrayLike, k: int = 10) -> float:
    """nDCG@k with one right item per event: mean of 1[1 ≤ rank ≤ k] / log2(1 + rank).

    The ideal list has the item first, whose gain 1 / log2(2) is 1: nothing is left to normalise.

    >>> ndcg([1, 3, 0, 11], k=10)
    0.375
    """
    places = _within(ranks, k)
    return _mean(np.where(places > 0, 1.0 / np.log2(1.0 + np.maximum(places, 1.0)), 0.0))


def mrr(ranks: ArrayLike, depth: int = 100) -> float:
    """MRR@depth, the mean reciprocal rank: mean of 1[1 ≤ rank ≤ depth] / rank.

    >>> mrr([1, 4, 0, 101], depth=100)
    0.3125
    """
    places = _within(ranks, depth)
    return _mean(np.where(places > 0, 1.0 / np.maximum(places, 1.0), 0.0))


def _within(ranks: ArrayLike, k: int) -> NDArray[np.float64]:
    """The ranks as floats, with everything beyond `k` made a miss."""
    if k < 1:
        raise DataError(f"k must be at least 1, not {k}")
    places = np.nan_to_num(np.asarray(ranks, dtype=np.float64), nan=0.0)
    if places.ndim != 1:
        raise DataError(f"ranks must be one-dimensional, got shape {places.shape}")
    if (places < 0).any() or (places != np.floor(places)).any():
        position = int(np.argmax((places < 0) | (places != np.floor(places))))
        raise DataError(
            f"rank {places[position]:g} at position {position}: a rank is 1, 2, 3, … or 0 for a miss"
        )
    return np.where(places <= k, places, 0.0)


def _mean(values: NDArray[np.bool_] | NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
