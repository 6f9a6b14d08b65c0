"""Lists of the past, each with what was taken from it, for the gate to learn from again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.states import check_arrays
from lifelong_widgets.state_file import count_of

_CAPACITY = 2_000  # lists
_OTHERS = 32  # candidates of a list that are kept beside the right one


class SampledLists(NamedTuple):
    """Some lists of the past.

    Attributes:
        features: (n, most candidates, n_features), float32: of the item that was taken, then of others.
        facts: (n, 3), float32: how many candidates there are, what is added to the scores of the others, who
            stand for several each, and what it was worth that the item was taken.
    """

    features: NDArray[np.float32]
    facts: NDArray[np.float32]


class PastLists:
    """The latest lists, of which the oldest gives up its place for a new one.

    Of the candidates that were not taken a uniform sample is kept: with m out of n of them, ``log(n / m)``
    added to their scores makes the sum over the sample estimate that over all (the correction of sampled
    softmax). Half precision is enough for features. So a list takes 4 kB, and 9 MB are the most.

    Source: experience replay, L.-J. Lin, "Self-improving reactive agents based on reinforcement learning,
    planning and teaching", Machine Learning 1992; the correction: Y. Bengio and J.-S. Senécal, "Adaptive
    importance sampling to accelerate training of a neural probabilistic language model", IEEE Transactions
    on Neural Networks 2008.

    >>> lists = PastLists(n_features=2)
    >>> lists.add(np.array([[2, 2], [1, 1], [0, 0]], dtype=np.float32), 0, 1.0, np.random.default_rng(0))
    >>> lists.sample(1, np.random.default_rng(0)).features[0, 0]
    array([2., 2.], dtype=float32)
    """

    def __init__(self, n_features: int) -> None:
        self._n_added = 0
        self._features: NDArray[np.float16] = np.zeros((0, 1 + _OTHERS, n_features), dtype=np.float16)
        self._facts: NDArray[np.float32] = np.zeros((0, 3), dtype=np.float32)

    def __len__(self) -> int:
        return min(self._n_added, _CAPACITY)

    def add(
        self,
        features: NDArray[np.float32],
        right: int,
        weight: float,
        rng: np.random.Generator,
        ledger: Ledger | None = None,
    ) -> None:
        """Keep a list.

        Args:
            features: of the candidates, (n, n_features).
            right: where among them the one is that was taken.
            weight: what that was worth.
            rng: draws the others that are kept.
            ledger: can then take it back.
        """
        place, size = self._n_added % _CAPACITY, min(len(features), 1 + _OTHERS)
        self._make_room(place)
        if ledger is not None:
            ledger.keep_all(self, "_n_added")
            ledger.keep(self, "_features", place)
            ledger.keep(self, "_facts", place)
        kept = np.append(0, 1 + rng.permutation(len(features) - 1)[: size - 1])
        kept[kept == right] = 0  # as if these two had changed places
        kept[0] = right
        self._features[place, :size] = features[kept]
        self._facts[place] = size, np.log((len(features) - 1) / (size - 1)) if size > 1 else 0.0, weight
        self._n_added += 1

    def sample(self, n: int, rng: np.random.Generator) -> SampledLists:
        """`n` of them, drawn uniformly with replacement; none if there are none."""
        places = rng.integers(len(self), size=n) if len(self) else np.zeros(0, dtype=np.int64)
        return SampledLists(self._features[places].astype(np.float32), self._facts[places])

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and a number."""
        n = len(self)
        return {
            "n_added": self._n_added,
            "features": self._features[:n].copy(),
            "facts": self._facts[:n].copy(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back.

        Raises:
            FormatError: the arrays do not fit each other, or hold what no list can.
        """
        n_added = count_of(state["n_added"], "n_added")
        n = min(n_added, _CAPACITY)
        check_arrays(
            "past lists",
            state,
            features=((n, *self._features.shape[1:]), np.float16, None),
            facts=((n, 3), np.float32, None),
        )
        sizes, corrections, weights = state["facts"].T
        whole = np.isin(sizes, np.arange(1, 2 + _OTHERS)).all()
        if not whole or (corrections < 0).any() or (weights < 0).any():
            raise FormatError("past lists: one is empty or too long, or counts for less than nothing")
        self._n_added = n_added
        self._features, self._facts = state["features"].copy(), state["facts"].copy()

    def _make_room(self, place: int) -> None:
        if place >= len(self._facts):
            room = min(max(2 * len(self._facts), 16), _CAPACITY)
            for name in ("_features", "_facts"):
                old = getattr(self, name)
                new = np.zeros((room, *old.shape[1:]), dtype=old.dtype)
                new[: len(old)] = old
                setattr(self, name, new)
