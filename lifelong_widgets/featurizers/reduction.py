"""Wide rows made narrow: truncated SVD, PCA, random projection; the autoencoder has a file of its own."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from functools import lru_cache
from typing import Any, Self, TypeAlias

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.extmath import randomized_svd, svd_flip

from lifelong_widgets.featurizers.base import Array

Matrix: TypeAlias = Any  # an array, or a sparse matrix of SciPy


class Reducer(TransformerMixin, BaseEstimator):
    """Turns rows of any width into rows of `n_components`, as a scikit-learn transformer.

    The width is always `n_components`: where the rows have fewer directions, the columns left over are zero.
    A row of zeros stays one: what is missing is missing. A row comes out the same to the bit whatever other
    rows stand beside it. The fitted state is plain arrays and JSON values.

    Args:
        n_components: The width of the output.
        seed: Of what is random in the fit.
    """

    def __init__(self, n_components: int = 32, seed: int = 0) -> None:
        self.n_components = n_components
        self.seed = seed

    @abstractmethod
    def fit(self, matrix: Matrix, y: None = None) -> Self:
        """Learn the directions of `matrix`: (n_rows, n_inputs), dense or sparse."""

    @abstractmethod
    def transform(self, matrix: Matrix) -> Array:
        """The rows of `matrix` in the directions learned: (n_rows, n_components), float64."""

    @abstractmethod
    def get_state(self) -> dict[str, Any]:
        """The fitted state: NumPy arrays and JSON values by name."""

    @abstractmethod
    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""

    @property
    def directions(self) -> Array | None:
        """How much each input weighs in each output, (n_components, n_inputs); None if that says nothing."""
        return None


class SvdReducer(Reducer):
    """Truncated SVD, which on texts is latent semantic analysis.

    Deerwester et al. (1990), "Indexing by latent semantic analysis"; scikit-learn's `TruncatedSVD`.

    Example:
        >>> rows = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
        >>> abs(SvdReducer(n_components=2).fit_transform(rows)).round(2).tolist()
        [[1.41, 0.0], [2.83, 0.0], [0.0, 3.0]]
    """

    def fit(self, matrix: Matrix, y: None = None) -> Self:
        """Learn the directions of `matrix`."""
        components = np.zeros((self.n_components, matrix.shape[1]))
        rank = min(self.n_components, min(matrix.shape) - 1)
        if matrix.shape[1] == 1:  # of which there is but one direction
            components[0] = 1.0
        elif rank >= 1:
            # what TruncatedSVD does: its module, as those of the two below, is large and otherwise not loaded
            left, _, right = randomized_svd(matrix, rank, n_iter=5, flip_sign=False, random_state=self.seed)
            components[:rank] = svd_flip(left, right, u_based_decision=False)[1]
        return self.set_state({"components": components})

    def transform(self, matrix: Matrix) -> Array:
        """The rows of `matrix` in the directions learned."""
        return product(matrix, self.components_.T)

    @property
    def directions(self) -> Array:
        """The right singular vectors."""
        return self.components_

    def get_state(self) -> dict[str, Any]:
        """The directions (an array)."""
        return {"components": self.components_}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self.components_: Array = state["components"]
        return self


class PcaReducer(Reducer):
    """Principal components: truncated SVD of the rows less their mean.

    The mean is taken off within the products, so that a sparse matrix stays sparse (``arpack``).

    Example:
        >>> rows = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
        >>> PcaReducer(n_components=2).fit_transform(rows).round(2).tolist()
        [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]
    """

    def fit(self, matrix: Matrix, y: None = None) -> Self:
        """Learn the mean and the principal directions of `matrix`."""
        rows = sparse.csr_matrix(matrix, dtype=np.float64)
        components = np.zeros((self.n_components, rows.shape[1]))
        mean = np.asarray(rows.mean(axis=0)).ravel() if rows.shape[0] else np.zeros(rows.shape[1])
        rank = min(self.n_components, min(rows.shape) - 1)
        varies = rows.multiply(rows).sum() - rows.shape[0] * (mean @ mean) > 1e-9 * rows.shape[0]
        if varies and rows.shape[1] == 1:  # of which there is but one direction
            components[0] = 1.0
        elif varies and rank >= 1:
            from sklearn.decomposition import PCA

            pca = PCA(rank, svd_solver="arpack", random_state=self.seed).fit(rows)
            real = pca.singular_values_ > 1e-6 * pca.singular_values_[0]
            components[:rank][real] = pca.components_[real]
        return self.set_state({"components": components, "mean": mean})

    def transform(self, matrix: Matrix) -> Array:
        """The rows of `matrix`, less the mean, in the directions learned."""
        return mask(matrix, product(matrix, self.components_.T) - self._origin)

    @property
    def directions(self) -> Array:
        """The principal directions."""
        return self.components_

    def get_state(self) -> dict[str, Any]:
        """The directions and the mean (arrays)."""
        return {"components": self.components_, "mean": self.mean_}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self.components_: Array = state["components"]
        self.mean_: Array = state["mean"]
        self._origin = self.components_ @ self.mean_
        return self


class RandomProjection(Reducer):
    """Random directions, which nearly keep the distances of rows and are learned from nothing.

    Johnson and Lindenstrauss (1984), "Extensions of Lipschitz mappings into a Hilbert space"; scikit-learn's
    `GaussianRandomProjection`. It needs no fit: the directions follow from the seed and the widths, so that
    nothing but the widths is kept.

    Example:
        >>> RandomProjection(n_components=2).transform(np.eye(3)).shape
        (3, 2)
    """

    def fit(self, matrix: Matrix, y: None = None) -> Self:
        """Nothing is learned."""
        return self

    def transform(self, matrix: Matrix) -> Array:
        """The rows of `matrix` in the random directions of their width."""
        return product(matrix, _random_directions(matrix.shape[1], self.n_components, self.seed))

    def get_state(self) -> dict[str, Any]:
        """Nothing: it all follows from the arguments."""
        return {}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        return self


@lru_cache(maxsize=4)
def _random_directions(n_inputs: int, n_components: int, seed: int) -> Array:
    if n_inputs == 0:
        return np.zeros((0, n_components))
    from sklearn.random_projection import GaussianRandomProjection

    nothing = sparse.csr_matrix((1, n_inputs))  # of which only the width is read
    with warnings.catch_warnings():  # that it makes narrow rows wider
        warnings.simplefilter("ignore")
        directions = GaussianRandomProjection(n_components, random_state=seed).fit(nothing).components_.T
    directions.setflags(write=False)
    return np.asarray(directions)


def product(matrix: Matrix, right: Array) -> Array:
    """``matrix @ right``, each row to the bit as if it were alone."""
    # A sparse product reads a row at a time. A dense one's bits would depend on how many rows there are.
    return np.asarray(sparse.csr_matrix(matrix) @ right)


def mask(matrix: Matrix, rows: Array) -> Array:
    """`rows`, with zeros where the row of `matrix` has nothing but zeros."""
    known = np.asarray(abs(sparse.csr_matrix(matrix)).sum(axis=1)).ravel() > 0
    masked: Array = rows * known[:, None]
    return masked
