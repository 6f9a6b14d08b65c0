"""A history as a bag of items that fades."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled


def bag(
    items: NDArray[np.int64], weights: NDArray[np.floating]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The distinct `items`, ascending, and the sum of the weights of each; items below 0 are nobody's.

    Args:
        items: (n,), int64, the latest first.
        weights: at least as many; of each place.

    >>> bag(np.array([7, 3, 7, -1]), 0.5 ** np.arange(4))
    (array([3, 7]), array([0.5 , 1.25], dtype=float32))
    """
    return _bag(items, weights)


@compiled
def _bag(
    items: NDArray[np.int64], weights: NDArray[np.floating]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    order = np.argsort(items, kind="mergesort")
    distinct = np.empty(len(items), dtype=np.int64)
    sums = np.empty(len(items), dtype=np.float64)
    size = 0
    for place in order:
        if items[place] < 0:
            continue
        if size == 0 or items[place] != distinct[size - 1]:
            distinct[size] = items[place]
            sums[size] = 0.0
            size += 1
        sums[size - 1] += weights[place]
    return distinct[:size], sums[:size].astype(np.float32)
