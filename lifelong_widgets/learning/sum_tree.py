"""Drawing in proportion to weights that change all the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled


class SumTree:
    """Weights of `capacity` slots, from which slots are drawn in proportion.

    A sum tree of two levels: blocks of about the cube root of `capacity` slots, and the running sums within
    each and over all of them. Two binary searches over arrays find a slot, for any number of masses at once,
    and only the blocks that changed since the last draw are summed again. Every sum runs from the left over
    the weights as they are and is never moved by a difference, so the tree is a function of its weights, bit
    for bit, whatever was set before. Schaul et al. (2016), "Prioritized experience replay", appendix B.2.1,
    has a binary one.

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
        self._sums = np.zeros(n_blocks, dtype=np.float64)
        self._changed: set[int] = set()

    @property
    def total(self) -> float:
        """The sum of all weights."""
        self._sum()
        return float(self._sums[-1])

    def weights(self, slots: np.ndarray) -> np.ndarray:
        """The weights of `slots`, float64 (a copy)."""
        weights: np.ndarray = self._weights.reshape(-1)[slots]
        return weights

    def set(self, slots: np.ndarray, weights: np.ndarray) -> None:
        """Give `slots`, each at most once, these weights, none of them negative."""
        self._weights.reshape(-1)[slots] = weights
        self._changed.update((slots >> self._bits).tolist())

    def find(self, masses: np.ndarray) -> np.ndarray:
        """For each mass in ``[0, total)`` the slot in whose stretch it lies, the stretches in slot order."""
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
        np.cumsum(self._totals, out=self._sums)
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
    # what rounding has put at the end, or beyond, is drawn back: a slot without weight is never found
    end = np.nextafter(sums[-1], 0.0)
    for n in range(len(masses)):
        mass = min(masses[n], end)
        block = np.searchsorted(sums, mass, side="right")
        place = block + max(mass - (sums[block] - totals[block]), 0.0) / totals[block]
        place = min(place, np.nextafter(block + 1.0, 0.0))
        slots[n] = block * shares.shape[1] + np.searchsorted(shares[block], place, side="right")
    return slots
