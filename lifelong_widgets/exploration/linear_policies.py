"""Policies that know how little they know: Thompson sampling and upper confidence bounds."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration.candidates import Candidates, Numbers
from lifelong_widgets.exploration.epsilon_greedy import greedy_or_uniform
from lifelong_widgets.exploration.policy import Policy, positive, share
from lifelong_widgets.exploration.posterior import LinearPosterior
from lifelong_widgets.recommendations import check_k


class LinearPolicy(Policy):
    """A policy that holds a `LinearPosterior` of the reward over the features of the candidates."""

    needs_features = True

    def __init__(self, dim: int, prior_precision: float, noise: float, prior_mean: ArrayLike | None) -> None:
        self.posterior = LinearPosterior(dim, prior_precision, noise, prior_mean)

    def learn(self, features: Numbers, rewards: Numbers) -> None:
        """Take in what was seen; see `LinearPosterior.learn`."""
        self.posterior.learn(features, rewards)

    def _features(self, candidates: Candidates) -> Numbers:
        if candidates.features is None:
            name = type(self).__name__
            raise DataError(
                f"{name} reads features and the candidates have none; give the Explorer "
                "features=LastLayer(recommender), or a function of yours that returns (n, d)"
            )
        return candidates.features


class LinearThompson(LinearPolicy):
    """Thompson sampling on a linear reward: each candidate as often as it is likely to be the best.

    ``π(a | x, taken) = P(a = argmax_{b not taken} θ·x_b),  θ ~ N(μ, A⁻¹)``

    This probability has no closed form. For each place `n_samples` draws of θ are made, π is the share of
    them in which a candidate wins, and *the item is then drawn from these shares*. So the propensity that is
    logged is exact for what was done, given the draws. What Monte-Carlo costs is support: a candidate that
    should win with probability p is out of reach in (1 - p)^n_samples of the lists. Each place has draws of
    its own, so a slate varies more than one that is sorted by a single θ.

    Source: W. R. Thompson, "On the likelihood that one unknown probability exceeds another", 1933;
    S. Agrawal and N. Goyal, "Thompson sampling for contextual bandits with linear payoffs", ICML 2013.

    Args:
        dim: the number of features.
        prior_precision: λ of the `LinearPosterior`; small explores more.
        noise: σ of the rewards; large explores more.
        n_samples: draws of θ for each place of a slate.
        prior_mean: m of the `LinearPosterior`, (dim,); zeros by default.

    Raises:
        DataError: a number out of range.

    >>> pool = Candidates(("a", "b"), [0.0, 0.0], features=[[1.0, 0.0], [0.0, 1.0]])
    >>> policy, rng = LinearThompson(dim=2, n_samples=1000), np.random.default_rng(0)
    >>> policy.learn(np.array([[1.0, 0.0]] * 50), np.ones(50))  # a is known to be good, b is not known
    >>> policy.probabilities(pool, rng).round(1).tolist()
    [0.8, 0.2]
    """

    def __init__(
        self,
        dim: int,
        prior_precision: float = 1.0,
        noise: float = 0.5,
        n_samples: int = 200,
        prior_mean: ArrayLike | None = None,
    ) -> None:
        super().__init__(dim, prior_precision, noise, prior_mean)
        self._width = 1.0
        try:
            self.n_samples = check_k(n_samples)
        except DataError:
            raise DataError(
                f"n_samples is {n_samples!r:.80}; it must be a whole number of at least 1"
            ) from None

    def probabilities(
        self, candidates: Candidates, rng: np.random.Generator, taken: Sequence[int] = ()
    ) -> Numbers:
        """(n,): as `Policy.probabilities`; shares of `n_samples` draws, different ones in each call."""
        features, remaining = self._features(candidates), candidates.remaining(taken)
        worth = features @ self.posterior.sample(self.n_samples, rng, self._width).T
        worth[~remaining] = -np.inf
        wins = np.bincount(worth.argmax(axis=0), minlength=len(candidates))
        return np.asarray(wins / self.n_samples, dtype=np.float64)

    def widened(self, factor: float) -> LinearThompson:
        """The same with draws of `factor` times the standard deviation, of the same posterior."""
        wide = copy.copy(self)
        wide._width = self._width * factor
        return wide

    def __repr__(self) -> str:
        return f"LinearThompson(dim={self.posterior.dim}, n_samples={self.n_samples})"


class LinUCB(LinearPolicy):
    """The candidate with the greatest upper confidence bound of a linear reward.

    ``a = argmax_{b not taken} μ·x_b + α √(x_bᵀ A⁻¹ x_b)``

    It is deterministic: its propensities are 1, and such a log cannot tell what another policy is worth.
    With ``epsilon`` above 0 any candidate is taken with that chance, as in `EpsilonGreedy`, which is the
    price of an honest estimate.

    Source: L. Li, W. Chu, J. Langford and R. E. Schapire, "A contextual-bandit approach to personalized news
    article recommendation", WWW 2010 (disjoint there; here one θ for all items, on their features).

    Args:
        dim: the number of features.
        alpha: α, how many standard deviations above the mean.
        prior_precision: λ of the `LinearPosterior`.
        noise: σ of the rewards.
        epsilon: the chance of a uniform choice, at each place.
        prior_mean: m of the `LinearPosterior`, (dim,); zeros by default.

    Raises:
        DataError: a number out of range.

    >>> pool = Candidates(("a", "b"), [0.0, 0.0], features=[[1.0, 0.0], [0.0, 1.0]])
    >>> policy, rng = LinUCB(dim=2, alpha=2.0), np.random.default_rng(0)
    >>> policy.learn(np.array([[1.0, 0.0]] * 50), np.ones(50))
    >>> pool.items[policy.draw(pool, 1, rng).places[0]]  # b might be better still
    'b'
    """

    def __init__(
        self,
        dim: int,
        alpha: float = 1.0,
        prior_precision: float = 1.0,
        noise: float = 0.5,
        epsilon: float = 0.0,
        prior_mean: ArrayLike | None = None,
    ) -> None:
        super().__init__(dim, prior_precision, noise, prior_mean)
        self.alpha = positive(alpha, "alpha")
        self.epsilon = share(epsilon, "epsilon")

    def bounds(self, candidates: Candidates) -> Numbers:
        """(n,): the upper confidence bound of each candidate."""
        features = self._features(candidates)
        return self.posterior.expected(features) + self.alpha * self.posterior.deviation(features)

    def probabilities(
        self, candidates: Candidates, rng: np.random.Generator, taken: Sequence[int] = ()
    ) -> Numbers:
        """(n,): as `Policy.probabilities`; exact."""
        return greedy_or_uniform(self.bounds(candidates), candidates.remaining(taken), self.epsilon)

    def widened(self, factor: float) -> LinUCB:
        """The same with `factor` times the α, and times the ε, at most 1, on the same posterior."""
        wide = copy.copy(self)
        wide.alpha, wide.epsilon = self.alpha * factor, min(1.0, self.epsilon * factor)
        return wide

    def __repr__(self) -> str:
        return f"LinUCB(dim={self.posterior.dim}, alpha={self.alpha:g}, epsilon={self.epsilon:g})"
