"""What a number is split into, where what it stands for is a sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LEAST = 0.5  # below this share of the sizes, a sum is too small to be divided by


def shares(terms: NDArray[np.floating]) -> NDArray[np.float64]:
    """What share each of `terms` has in their sum; the shares add up to 1, also where the sum is 0.

    They are ``t / Σ t`` as long as the sum is at least half of ``Σ |t|``. Where the terms cancel out, what
    is missing to 1 is handed out by size, so that no share is beyond 3: the rescale rule of A. Shrikumar, P.
    Greenside and A. Kundaje, "Learning important features through propagating activation differences", ICML
    2017, with a floor below its denominator. Zeros have equal shares.

    Args:
        terms: (n,), or (…, n, k) for sums down the columns.

    >>> shares(np.array([3.0, 1.0])), shares(np.array([1.0, -1.0])), shares(np.array([0.0, 0.0]))
    (array([0.75, 0.25]), array([ 1.5, -0.5]), array([0.5, 0.5]))
    """
    numbers = np.asarray(terms, dtype=np.float64)
    down = -2 if numbers.ndim > 1 else 0
    sizes = np.abs(numbers)
    size, total = sizes.sum(axis=down, keepdims=True), numbers.sum(axis=down, keepdims=True)
    nothing = size == 0.0
    size[nothing] = 1.0
    floor = np.maximum(total, _LEAST * size)
    split: NDArray[np.float64] = numbers / floor + sizes / size * (1.0 - total / floor)
    return np.where(nothing, 1.0 / max(numbers.shape[down], 1), split) if nothing.any() else split
