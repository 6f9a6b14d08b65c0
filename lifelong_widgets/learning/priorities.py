"""What the kept examples have cost, and the draws that go by it."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.learning.sum_tree import SumTree

_POOL = 4  # slots that are looked at for each that `hardest` draws
_LEAST_LOSS = 1e-3  # so that what was learned well is still replayed, now and then


class Priorities:
    """The loss of each slot when its example was last learned; 0 where there is none.

    Args:
        capacity: the number of slots.
        exponent: of the losses, to be drawn in proportion to; None if they are not.

    >>> priorities = Priorities(4, exponent=1.0)
    >>> priorities.note(np.array([1, 3]), np.array([0.5, 1.5]))
    >>> set(priorities.draw(100, np.random.default_rng(0)).tolist())
    {1, 3}
    """

    def __init__(self, capacity: int, exponent: float | None) -> None:
        self._losses = np.zeros(capacity, dtype=np.float32)
        self._exponent = exponent
        self._tree = None if exponent is None else SumTree(capacity)
        self._noted: set[int] = set()  # slots whose weight in the tree is still that of an older loss

    def losses(self, n: int) -> np.ndarray:
        """The losses of the first `n` slots, float32 (a copy)."""
        return self._losses[:n].copy()

    def highest(self, n: int) -> float:
        """The largest loss of the first `n` slots."""
        return float(self._losses[:n].max())

    def note(self, slots: np.ndarray, losses: np.ndarray, before: dict[int, float] | None = None) -> None:
        """Let `slots`, each at most once, have these losses; `before` is told what they had first."""
        each = slots.tolist()
        if before is not None:
            for slot, old in zip(each, self._losses[slots].tolist(), strict=True):
                before.setdefault(slot, old)
        self._losses[slots] = np.maximum(losses, _LEAST_LOSS)
        self._noted.update(each)

    def note_one(self, slot: int, loss: float, before: dict[int, float] | None = None) -> None:
        """`note` of one slot, in plain numbers."""
        if before is not None:
            before.setdefault(slot, float(self._losses[slot]))
        self._losses[slot] = loss if loss > _LEAST_LOSS else _LEAST_LOSS
        self._noted.add(slot)

    def restore(self, slots: np.ndarray, losses: np.ndarray) -> None:
        """Let `slots` have exactly these losses; 0 for one that is not filled, which is never drawn."""
        self._losses[slots] = losses
        self._noted.update(slots.tolist())

    def clear(self) -> None:
        """Forget all losses."""
        every = np.flatnonzero(self._losses)
        self.restore(every, np.zeros(len(every), dtype=np.float32))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` slots in proportion to their losses to the power of the exponent, with replacement."""
        tree = self._weighed()
        return tree.find(rng.random(n) * tree.total)

    def hardest(self, n: int, n_filled: int, rng: np.random.Generator) -> np.ndarray:
        """The `n` largest losses among four times as many slots drawn uniformly."""
        pool = rng.integers(n_filled, size=_POOL * n)
        hardest: np.ndarray = pool[np.argsort(-self._losses[pool], kind="stable")[:n]]
        return hardest

    def probabilities(self, slots: np.ndarray) -> np.ndarray:
        """How likely each of `slots` is to be the next that `draw` gives."""
        tree = self._weighed()
        chances: np.ndarray = tree.weights(slots) / tree.total
        return chances

    def _weighed(self) -> SumTree:
        assert self._tree is not None and self._exponent is not None
        if self._noted:
            slots = np.fromiter(self._noted, dtype=np.int64, count=len(self._noted))
            losses = self._losses[slots].astype(np.float64)
            self._tree.set(slots, np.where(losses > 0, losses**self._exponent, 0.0))
            self._noted.clear()
        return self._tree
