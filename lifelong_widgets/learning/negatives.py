"""What the right item is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Negatives:
    """The items that negatives are drawn from, where some of the catalogue are not there yet.

    Attributes:
        items: some of them.
        begin: and all from this one
        end: to before this one.

    >>> Negatives(np.array([4, 0]), 5, 7).draw(9, np.random.default_rng(0)).tolist()
    [4, 0, 5, 6]
    >>> Negatives(np.array([4, 0]), 5, 100_000).draw(2, np.random.default_rng(0)).tolist()
    [85062, 63697]
    """

    items: NDArray[np.int64]
    begin: int
    end: int

    @classmethod
    def all_of(cls, n_items: int) -> Negatives:
        """The whole catalogue."""
        return cls(np.zeros(0, dtype=np.int64), 0, n_items)

    def __len__(self) -> int:
        return len(self.items) + self.end - self.begin

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """`n` of them, with replacement, or all if there are no more. O(`n`)."""
        n_some = len(self.items)
        drawn = np.arange(len(self)) if len(self) <= n else rng.integers(len(self), size=n)
        if not n_some:
            return drawn + self.begin if self.begin else drawn
        some = drawn < n_some
        return np.where(some, self.items[np.where(some, drawn, 0)], drawn - n_some + self.begin)
