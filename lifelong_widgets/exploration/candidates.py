"""What a policy chooses from, and what it chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError

Numbers = NDArray[np.float64]


class Candidates:
    """The pool that a slate is drawn from: items with their scores and, for linear policies, features.

    Attributes:
        items: the ids, each once; those of `recommend` come best first, but a policy does not rely on it.
        scores: (n,), float64, finite.
        features: (n, d), float64, finite; or None, for a policy that reads scores only.

    Raises:
        DataError: no item, one that is there twice, or numbers that are not finite or not one per item.

    >>> Candidates(("a", "b"), [2.0, 1.0]).best()
    0
    """

    def __init__(self, items: Sequence[Id], scores: ArrayLike, features: ArrayLike | None = None) -> None:
        self.items = tuple(items)
        n = len(self.items)
        if not n:
            raise DataError("there is no candidate to choose from")
        if len(set(self.items)) != n:
            twice = next(item for item in self.items if self.items.count(item) > 1)
            raise DataError(f"the candidate {brief(twice)} is there twice; a pool holds each item once")
        self.scores = np.asarray(scores, dtype=np.float64)
        if self.scores.shape != (n,) or not np.isfinite(self.scores).all():
            raise DataError(f"scores are {n} finite numbers, one for each candidate, not {brief(scores)}")
        self.features: Numbers | None = None
        if features is not None:
            self.features = np.asarray(features, dtype=np.float64)
            if self.features.ndim != 2 or len(self.features) != n or not np.isfinite(self.features).all():
                raise DataError(
                    f"features are a finite ({n}, d) array, a row for each candidate, not one of shape "
                    f"{self.features.shape}"
                )

    def __len__(self) -> int:
        return len(self.items)

    def remaining(self, taken: Sequence[int] = ()) -> NDArray[np.bool_]:
        """(n,): which places of the pool are not yet in the slate."""
        free = np.ones(len(self), dtype=bool)
        free[list(taken)] = False
        if not free.any():
            raise DataError(f"all {len(self)} candidates are taken; a slate cannot be longer than its pool")
        return free

    def best(self, taken: Sequence[int] = ()) -> int:
        """The place of the greatest score that is not taken; of equal ones the first."""
        return int(np.where(self.remaining(taken), self.scores, -np.inf).argmax())


@dataclass(frozen=True, slots=True)
class Slate:
    """An ordered choice out of `Candidates`.

    Attributes:
        places: the chosen places of the pool, in the order of the slate.
        propensities: of each, the probability of this choice given those before it.
        first: (n,): the probability of each place of the pool to be chosen first.
    """

    places: tuple[int, ...]
    propensities: tuple[float, ...]
    first: Numbers
