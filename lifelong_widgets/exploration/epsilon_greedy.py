"""The best, but now and then anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifelong_widgets.exploration.candidates import Candidates, Numbers
from lifelong_widgets.exploration.policy import Policy, share


class EpsilonGreedy(Policy):
    """The best candidate that is left; with a chance of `epsilon` any of them, each alike.

    ``π(a | x, taken) = (1 - ε) [a is the best that is left] + ε / (number that are left)``

    With ``epsilon=0`` it is the greedy policy, whose logs cannot tell what another policy is worth; with
    ``epsilon=1`` it is uniform, whose logs can tell of all, at the price of the lists.

    Source: C. J. C. H. Watkins, "Learning from delayed rewards", 1989; R. S. Sutton and A. G. Barto,
    "Reinforcement learning", 2nd ed. 2018, section 2.2. Place by place it is the ε-greedy ranking of
    bandits with several plays.

    Args:
        epsilon: from 0 to 1.

    Raises:
        DataError: `epsilon` is outside.

    >>> pool = Candidates(("a", "b", "c", "d"), [4.0, 3.0, 2.0, 1.0])
    >>> rng = np.random.default_rng(0)
    >>> EpsilonGreedy(0.2).probabilities(pool, rng).round(3).tolist()
    [0.85, 0.05, 0.05, 0.05]
    >>> EpsilonGreedy(0.0).draw(pool, 2, rng).places
    (0, 1)
    """

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = share(epsilon, "epsilon")

    def probabilities(
        self, candidates: Candidates, rng: np.random.Generator, taken: Sequence[int] = ()
    ) -> Numbers:
        """(n,): as `Policy.probabilities`; exact."""
        return greedy_or_uniform(candidates.scores, candidates.remaining(taken), self.epsilon)

    def widened(self, factor: float) -> EpsilonGreedy:
        """The same with `factor` times the ε, at most 1.

        >>> EpsilonGreedy(0.3).widened(2.0), EpsilonGreedy(0.3).widened(10.0)
        (EpsilonGreedy(0.6), EpsilonGreedy(1))
        """
        return EpsilonGreedy(min(1.0, self.epsilon * factor))

    def __repr__(self) -> str:
        return f"EpsilonGreedy({self.epsilon:g})"


def greedy_or_uniform(scores: Numbers, remaining: np.ndarray, epsilon: float) -> Numbers:
    """(n,): ε over all that remain, and 1 - ε on the greatest score of them."""
    chances = np.where(remaining, epsilon / remaining.sum(), 0.0)
    chances[np.where(remaining, scores, -np.inf).argmax()] += 1.0 - epsilon
    return np.asarray(chances / chances.sum(), dtype=np.float64)
