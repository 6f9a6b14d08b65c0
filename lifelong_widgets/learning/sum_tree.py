"""Drawing in proportion to weights that change all the time."""

from __future__ import annotations

import numpy as np


class SumTree:
    """Weights of `capacity` slots, from which slots are drawn in proportion, in O(log capacity) each.

    A binary tree in one array: a leaf is a weight, every other node the sum of its two children. A node is
    always computed from its children and never moved by a difference, so the tree is a function of its
    leaves, bit for bit, whatever was set before. Schaul et al. (2016), "Prioritized experience replay",
    appendix B.2.1.

    >>> tree = SumTree(4)
    >>> tree.set(np.array([0, 2]), np.array([1.0, 3.0]))
    >>> tree.total, tree.find(np.array([0.5, 1.5, 3.9])).tolist()
    (4.0, [0, 2, 2])
    """

    def __init__(self, capacity: int) -> None:
        self._first_leaf = 1 << max(capacity - 1, 0).bit_length()
        self._nodes = np.zeros(2 * self._first_leaf, dtype=np.float64)

    @property
    def total(self) -> float:
        """The sum of all weights."""
        return float(self._nodes[1])

    def weights(self, slots: np.ndarray) -> np.ndarray:
        """The weights of `slots`, float64 (a copy)."""
        weights: np.ndarray = self._nodes[self._first_leaf + slots]
        return weights

    def set(self, slots: np.ndarray, weights: np.ndarray) -> None:
        """Give `slots`, each at most once, these weights, none of them negative."""
        nodes = self._nodes
        at = self._first_leaf + slots
        nodes[at] = weights
        if len(at) == 1:  # the commonest case by far, in plain numbers
            node = int(at[0]) >> 1
            while node:
                nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
                node >>= 1
            return
        while len(at) and at[0] > 1:  # all are on the same level
            at >>= 1
            nodes[at] = nodes[2 * at] + nodes[2 * at + 1]  # a parent that is there twice is set twice alike

    def find(self, masses: np.ndarray) -> np.ndarray:
        """For each mass in ``[0, total)`` the slot in whose stretch it lies, the stretches in slot order."""
        at, rest = np.ones(len(masses), dtype=np.int64), masses.astype(np.float64)
        for _ in range(self._first_leaf.bit_length() - 1):
            at *= 2
            left = self._nodes[at]
            # a right child without weight is never entered, however the sums were rounded
            right = (rest >= left) & (self._nodes[at + 1] > 0)
            rest -= np.where(right, left, 0.0)
            at += right
        return at - self._first_leaf
