"""The better, the likelier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifelong_widgets.exploration.candidates import Candidates, Numbers, Slate
from lifelong_widgets.exploration.policy import Policy, positive
from lifelong_widgets.recommendations import check_k


class Softmax(Policy):
    """A softmax over the scores of what is left: slates are Plackett-Luce.

    ``π(a | x, taken) = exp(s_a / T) / Σ_{b not taken} exp(s_b / T)``

    A slate is drawn at once by the Gumbel-top-k trick: the k greatest of ``s_a / T + Gumbel noise`` have
    exactly this distribution, in this order.

    Source: R. L. Plackett, "The analysis of permutations", 1975; R. D. Luce, "Individual choice behavior",
    1959; W. Kool, H. van Hoof and M. Welling, "Stochastic beams and where to find them", ICML 2019.

    Args:
        temperature: T, in units of the scores: small is greedy, large is uniform.

    Raises:
        DataError: `temperature` is not above 0.

    >>> pool = Candidates(("a", "b", "c"), np.log([6.0, 3.0, 1.0]))
    >>> rng = np.random.default_rng(0)
    >>> Softmax(1.0).probabilities(pool, rng).round(3).tolist()
    [0.6, 0.3, 0.1]
    >>> Softmax(1.0).probabilities(pool, rng, taken=[0]).round(3).tolist()
    [0.0, 0.75, 0.25]
    """

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = positive(temperature, "temperature")

    def probabilities(
        self, candidates: Candidates, rng: np.random.Generator, taken: Sequence[int] = ()
    ) -> Numbers:
        """(n,): as `Policy.probabilities`; exact."""
        logits = np.where(candidates.remaining(taken), self._logits(candidates), -np.inf)
        chances = np.exp(logits - logits.max())
        return np.asarray(chances / chances.sum(), dtype=np.float64)

    def draw(self, candidates: Candidates, k: int, rng: np.random.Generator) -> Slate:
        """An ordered slate, as `Policy.draw`, by one sort instead of `k` choices."""
        k = min(check_k(k), len(candidates))
        logits = self._logits(candidates)
        order = np.argsort(-(logits + rng.gumbel(size=len(logits))), kind="stable")
        ordered = logits[order]
        left = np.logaddexp.accumulate(ordered[::-1])[::-1]  # log Σ over what is left at each place
        propensities = np.minimum(np.exp(ordered - left)[:k], 1.0)
        return Slate(
            tuple(order[:k].tolist()), tuple(propensities.tolist()), self.probabilities(candidates, rng)
        )

    def widened(self, factor: float) -> Softmax:
        """The same at `factor` times the temperature.

        >>> Softmax(0.5).widened(4.0)
        Softmax(2)
        """
        return Softmax(self.temperature * factor)

    def _logits(self, candidates: Candidates) -> Numbers:
        # subtracted before the division: scores of 1e300 must not overflow
        shifted: Numbers = candidates.scores - candidates.scores.max()
        with np.errstate(over="ignore"):
            return np.maximum(shifted / self.temperature, -1e300)

    def __repr__(self) -> str:
        return f"Softmax({self.temperature:g})"
