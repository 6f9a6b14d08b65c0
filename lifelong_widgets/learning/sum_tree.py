"""Drawing in proportion to weights that change all the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled


class SumTree:
    """Weights of `capacity` slots, from which slots are drawn in proportion.

    A sum tree of three levels, each about the cube root of `capacity` wide: the running sums within blocks of
    slots, those over all blocks, and of these every last one of a group of blocks. To find a slot, the sums
    that a mass has passed are counted on each level, for any number of masses at once: some thirty numbers
    beside each other, which a processor compares several at a time and without a branch to guess, so that it
    takes a third of the time of binary searches. Only the blocks that changed since the last draw are summed
    again. Every sum runs from the left over the weights as they are and is never moved by a difference, so
    the tree is a function of its weights, bit for bit, whatever was set before. Schaul et al. (2016),
    "Prioritized experience replay", appendix B.2.1, has a binary one.

    >>> tree = SumTree(4)
    >>> tree.set(np.array([0, 2]), np.array([1.0, 3.0]))
    >>> tree.total, tree.find(np.array([0.5, 1.5, 3.9])).tolist()
    (4.0, [0, 2, 2])
    """

    def __init__(self, capacity: int) -> None:
        self._bits = -(-max(capacity - 1, 1).bit_length() // 3)
        width = 1 << self._bits
        n_blocks = -(-capacity // width)
        self._weights = np.zeros((n_blocks, width), dtype=np.float64)
        # the running sum as a share of its block, plus the number of the block: ascending over all slots
        self._shares = np.repeat(np.arange(n_blocks, dtype=np.float64), width).reshape(n_blocks, width)
        self._totals = np.zeros(n_blocks, dtype=np.float64)
        n_groups = -(-n_blocks // width)
        self._sums = np.full(n_groups * width, np.inf)  # beyond the last block there is nothing to find
        self._sums[:n_blocks] = 0.0
        self._changed: set[int] = set()

    @property
    def total(self) -> float:
        """The sum of all weights."""
        self._sum()
        return float(self._sums[len(self._totals) - 1])

    def weights(self, slots: np.ndarray) -> np.ndarray:
        """The weights of `slots`, float64 (a copy)."""
        weights: np.ndarray = self._weights.reshape(-1)[slots]
        return weights

    def set(self, slots: np.ndarray, weights: np.ndarray) -> None:
        """Give `slots`, each at most once, these weights, none of them negative."""
        self._weights.reshape(-1)[slots] = weights
        self._changed.update((slots >> self._bits).tolist())

    def find(self, masses: np.ndarray) -> np.ndarray:
        """For each mass in ``[0, total)`` the slot in whose stretch it lies, the stretches in slot order.

        Raises:
            ValueError: all weights are 0, so that there is no stretch.
        """
        if len(masses) and not self.total > 0:
            raise ValueError("a sum tree without any weight has no slot to find")
        self._sum()
        return _find(masses, self._sums, self._totals, self._shares)

    def _sum(self) -> None:
        if not self._changed:
            return
        blocks = np.fromiter(self._changed, dtype=np.int64, count=len(self._changed))
        sums = self._weights.take(blocks, axis=0).cumsum(axis=1)
        totals = self._totals[blocks] = sums[:, -1]
        sums /= np.where(totals > 0, totals, 1.0)[:, None]
        sums += blocks[:, None]
        self._shares[blocks] = sums
        np.cumsum(self._totals, out=self._sums[: len(self._totals)])
        self._changed.clear()


@compiled
def _find(
    masses: NDArray[np.float64],
    sums: NDArray[np.float64],
    totals: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> NDArray[np.int64]:
    """See `SumTree.find`; the arrays are those of the tree."""
    slots = np.empty(len(masses), dtype=np.int64)
    width = shares.shape[1]
    ends = sums[width - 1 :: width].copy()
    # what rounding has put at the end, or beyond, is drawn back: a slot without weight is never found
    end = np.nextafter(sums[len(totals) - 1], 0.0)
    for n in range(len(masses)):
        mass = min(masses[n], end)
        first = _passed(ends, mass) * width
        block = first + _passed(sums[first : first + width], mass)
        place = block + max(mass - (sums[block] - totals[block]), 0.0) / totals[block]
        place = min(place, np.nextafter(block + 1.0, 0.0))
        slots[n] = block * width + _passed(shares[block], place)
    return slots


@compiled
def _passed(ascending: NDArray[np.float64], mass: float) -> int:
    """How many of these are at most `mass`: ``searchsorted(ascending, mass, side="right")``."""
    count = 0
    for n in range(len(ascending)):
        count += ascending[n] <= mass
    return count
