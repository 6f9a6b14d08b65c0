"""What is known of a linear reward: a Gaussian over its weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_solve, cholesky, solve_triangular

from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration.candidates import Numbers
from lifelong_widgets.exploration.policy import positive


class LinearPosterior:
    """Bayesian linear regression of rewards on features: ``r = θ·x + noise``, both Gaussian.

    With the prior ``θ ~ N(m, I/λ)`` and noise of variance σ², after rows X with rewards r:

    ``A = λI + XᵀX/σ²,  μ = A⁻¹(λm + Xᵀr/σ²),  θ | X, r ~ N(μ, A⁻¹)``

    Events may come in any order and any portions. Nothing is forgotten: where the features themselves are
    learned, what was seen long ago counts as if they had stood still.

    Source: C. M. Bishop, "Pattern recognition and machine learning", 2006, section 3.3; on features of a
    network's last layer: C. Riquelme, G. Tucker and J. Snoek, "Deep Bayesian bandits showdown", ICLR 2018.

    Args:
        dim: d, the number of features.
        prior_precision: λ.
        noise: σ, the standard deviation of rewards around their mean; 0.5 is the most a click can have.
        prior_mean: m, (d,); zeros by default.

    Raises:
        DataError: a number that is not above 0, or a mean of another shape.

    >>> posterior = LinearPosterior(1, prior_precision=1.0, noise=1.0)
    >>> posterior.learn([[1.0], [1.0], [1.0]], [1.0, 1.0, 1.0])
    >>> posterior.mean.tolist(), posterior.deviation([[1.0]]).tolist()
    ([0.75], [0.5])
    """

    def __init__(
        self,
        dim: int,
        prior_precision: float = 1.0,
        noise: float = 0.5,
        prior_mean: ArrayLike | None = None,
    ) -> None:
        if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)) or dim < 1:
            raise DataError(f"dim is {dim!r:.80}; it must be a whole number of at least 1")
        self.dim = int(dim)
        self._variance = positive(noise, "noise") ** 2
        self._precision = np.eye(self.dim) * positive(prior_precision, "prior_precision")
        mean = np.zeros(self.dim) if prior_mean is None else np.asarray(prior_mean, dtype=np.float64)
        if mean.shape != (self.dim,) or not np.isfinite(mean).all():
            raise DataError(
                f"prior_mean is {self.dim} finite numbers, one for each feature, not {mean.shape}"
            )
        self._shift = self._precision @ mean
        self._factor()

    def learn(self, features: ArrayLike, rewards: ArrayLike) -> None:
        """Take in some events.

        Args:
            features: (n, d).
            rewards: (n,).

        Raises:
            DataError: another shape, or numbers that are not finite; nothing was learned.
        """
        rows, values = self._rows(features), np.asarray(rewards, dtype=np.float64)
        if values.shape != (len(rows),) or not np.isfinite(values).all():
            raise DataError(f"rewards are {len(rows)} finite numbers, one for each row of features")
        self._precision = self._precision + rows.T @ rows / self._variance
        self._shift = self._shift + rows.T @ values / self._variance
        self._factor()

    def deviation(self, features: ArrayLike) -> Numbers:
        """(n,): the standard deviation ``√(xᵀA⁻¹x)`` of the expected reward of each row."""
        halves = solve_triangular(self._root, self._rows(features).T, lower=True)
        return np.asarray(np.sqrt((halves**2).sum(axis=0)), dtype=np.float64)

    def expected(self, features: ArrayLike) -> Numbers:
        """(n,): the expected reward ``μ·x`` of each row."""
        return np.asarray(self._rows(features) @ self.mean, dtype=np.float64)

    def sample(self, n: int, rng: np.random.Generator, width: float = 1.0) -> Numbers:
        """(n, d): draws of θ, with `width` times its standard deviation."""
        noise = width * rng.standard_normal((self.dim, n))
        return np.asarray(
            self.mean + solve_triangular(self._root, noise, lower=True, trans="T").T, dtype=np.float64
        )

    def _factor(self) -> None:
        self._root = cholesky(self._precision, lower=True)
        self.mean: Numbers = cho_solve((self._root, True), self._shift)

    def _rows(self, features: ArrayLike) -> Numbers:
        rows = np.asarray(features, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.dim or not np.isfinite(rows).all():
            raise DataError(f"features are a finite (n, {self.dim}) array, not one of shape {rows.shape}")
        return rows
