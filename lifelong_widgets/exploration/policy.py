"""What every policy is: a distribution over the candidates that are left."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration.candidates import Candidates, Numbers, Slate
from lifelong_widgets.recommendations import check_k


class Policy(ABC):
    """A stochastic choice of items: ``π(a | x, a_1 … a_{j-1})`` for place j of a slate.

    A slate is sampled place by place without replacement, so that its probability is the product of the
    propensities of its places. A subclass gives `probabilities`; everything else follows from it.
    """

    needs_features = False
    """Whether the policy reads the features of the candidates."""

    @abstractmethod
    def probabilities(
        self, candidates: Candidates, rng: np.random.Generator, taken: Sequence[int] = ()
    ) -> Numbers:
        """(n,): the probability of each candidate to be chosen next; 0 where it is taken, the sum is 1.

        Args:
            candidates: the pool.
            rng: for a policy that estimates its own probabilities; others leave it alone.
            taken: the places of the pool that are in the slate already.

        Raises:
            DataError: all candidates are taken, or they have no features and this policy needs them.
        """

    def widened(self, factor: float) -> Policy:
        """This policy, trying `factor` times as widely; itself if there is nothing about it to widen.

        What it learns from here on the two share.

        Args:
            factor: at least 1.
        """
        return self

    def draw(self, candidates: Candidates, k: int, rng: np.random.Generator) -> Slate:
        """An ordered slate of `k` (fewer, if the pool is smaller), with its propensities.

        Raises:
            DataError: `k` is not a whole number of at least 1, or as for `probabilities`.
        """
        places: list[int] = []
        propensities: list[float] = []
        first: Numbers | None = None
        for _ in range(min(check_k(k), len(candidates))):
            chances = self.probabilities(candidates, rng, places)
            first = chances if first is None else first
            place = sample(chances, rng)
            places.append(place)
            propensities.append(float(chances[place]))
        assert first is not None  # k is at least 1, and so is the pool
        return Slate(tuple(places), tuple(propensities), first)

    def propensities(
        self, candidates: Candidates, places: Sequence[int], rng: np.random.Generator
    ) -> tuple[float, ...]:
        """Of each place of a slate that is given, the probability that this policy would choose it there."""
        return tuple(
            float(self.probabilities(candidates, rng, places[:depth])[place])
            for depth, place in enumerate(places)
        )


def sample(chances: Numbers, rng: np.random.Generator) -> int:
    """A place with these chances, never one whose chance is 0."""
    possible = np.flatnonzero(chances)
    bounds = chances[possible].cumsum()
    drawn = int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))
    return int(possible[min(drawn, len(possible) - 1)])


def positive(value: object, name: str) -> float:
    """`value` as a float that is finite and above 0.

    >>> positive(-1, "temperature")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: temperature is -1; it must be a finite number above 0
    """
    number = _number(value)
    if not (np.isfinite(number) and number > 0):
        raise DataError(f"{name} is {brief(value)}; it must be a finite number above 0")
    return number


def share(value: object, name: str) -> float:
    """`value` as a float from 0 to 1."""
    number = _number(value)
    if not 0.0 <= number <= 1.0:
        raise DataError(f"{name} is {brief(value)}; it must be a number from 0 to 1")
    return number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return float("nan")
    return float(value)
