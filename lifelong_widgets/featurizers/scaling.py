"""Numbers of any scale as columns that can be compared: winsorised, then standardised."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_array, check_is_fitted

from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers.base import Array


class Winsorizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Moves what lies outside two quantiles of a column onto them: one whale does not set the scale.

    Unlike `scipy.stats.mstats.winsorize`, the quantiles are learned by `fit`, so that new values are treated
    as the old ones were. NaN (missing) stays NaN. Tukey (1962), "The future of data analysis".

    Args:
        lower: The lower quantile, in [0, 1].
        upper: The upper one, not below it.

    >>> seconds = np.array([[3.0], [5.0], [4.0], [9_000.0]])
    >>> Winsorizer(0.0, 0.75).fit(seconds[:3]).transform(seconds).ravel().tolist()
    [3.0, 4.5, 4.0, 4.5]
    """

    def __init__(self, lower: float = 0.01, upper: float = 0.99) -> None:
        self.lower = lower
        self.upper = upper

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn the two quantiles of each column of `X`, (n, n_columns)."""
        if not 0.0 <= self.lower <= self.upper <= 1.0:
            raise DataError(
                f"lower={self.lower!r} and upper={self.upper!r} are no quantiles; they are "
                "0 <= lower <= upper <= 1, such as 0.01 and 0.99"
            )
        rows = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan")
        self.n_features_in_ = rows.shape[1]
        _learn_names(self, X)
        bounds = np.full((2, rows.shape[1]), np.nan)
        known = ~np.isnan(rows).all(axis=0)  # a column of nothing has no quantiles
        bounds[:, known] = np.nanquantile(rows[:, known], [self.lower, self.upper], axis=0)
        self.bounds_ = bounds
        return self

    def transform(self, X: Any) -> Array:
        """`X` with every value between the bounds of its column: (n, n_columns), float64."""
        check_is_fitted(self)
        rows = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=0)
        _check_columns(self, X, rows)
        low = np.where(np.isnan(self.bounds_[0]), -np.inf, self.bounds_[0])
        high = np.where(np.isnan(self.bounds_[1]), np.inf, self.bounds_[1])
        clipped: Array = np.clip(rows, low, high)
        return clipped


class NumberScale(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """`Winsorizer`, then scikit-learn's `StandardScaler`; what is missing becomes the mean, which is 0.

    It is a scikit-learn transformer, and of arrays, unlike both, one that is quick with a single row.

    Raises:
        DataError: (from `transform`) other columns than those of `fit`.

    >>> scale = NumberScale().fit(np.array([[1.0, np.nan], [3.0, 5.0]]))
    >>> scale.transform(np.array([[3.0, np.nan], [1e9, 5.0]])).round(2).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """

    def __init__(self) -> None:
        self._winsorizer = Winsorizer()
        self._scaler = StandardScaler()

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn quantiles, means and deviations of (n, n_columns); of no rows at all, nothing is scaled."""
        rows = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=0)
        _learn_names(self, X)
        if not len(rows):
            width = rows.shape[1]
            free = {"bounds": np.full((2, width), np.nan), "mean": np.zeros(width)}
            return self.set_state({**free, "deviation": np.ones(width)})
        with np.errstate(invalid="ignore", divide="ignore"):  # a column of nothing
            self._scaler.fit(self._winsorizer.fit(rows).transform(rows))
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, X: Any) -> Array:
        """The scaled rows of `X`, float64."""
        if not hasattr(self, "n_features_in_"):
            check_is_fitted(self)
        rows = np.asarray(X, dtype=np.float64)
        _check_columns(self, X, rows)
        low, high = self._winsorizer.bounds_
        clipped = np.clip(rows, np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))
        # by hand what both transformers do: their checks take longer than a click has
        scaled: Array = np.nan_to_num((clipped - self._scaler.mean_) / self._scaler.scale_)
        return scaled

    def get_state(self) -> dict[str, Any]:
        """Three arrays."""
        return {
            "bounds": self._winsorizer.bounds_,
            "mean": self._scaler.mean_,
            "deviation": self._scaler.scale_,
        }

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self._winsorizer.bounds_ = state["bounds"]
        self._scaler.mean_, self._scaler.scale_ = state["mean"], state["deviation"]
        self._winsorizer.n_features_in_ = self._scaler.n_features_in_ = len(state["mean"])
        self.n_features_in_ = len(state["mean"])
        return self


def _names(X: Any) -> list[str] | None:
    """The names of the columns of a data frame, if all are texts; as scikit-learn has it."""
    names = list(getattr(X, "columns", ()))
    return names if names and all(isinstance(name, str) for name in names) else None


def _learn_names(estimator: Any, X: Any) -> None:
    names = _names(X)
    if names is not None:
        estimator.feature_names_in_ = np.array(names, dtype=object)
    elif hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_


def _check_columns(estimator: Any, X: Any, rows: Array) -> None:
    if rows.ndim != 2:
        raise DataError(f"numbers are in rows and columns, (n, {estimator.n_features_in_}), not {rows.shape}")
    if rows.shape[1] != estimator.n_features_in_:
        raise DataError(f"there are {rows.shape[1]} columns; it was fitted on {estimator.n_features_in_}")
    known = getattr(estimator, "feature_names_in_", ())
    names = _names(X) if len(known) else None
    if names is not None and names != list(known):
        raise DataError(
            f"the columns are {', '.join(names)[:200]}; it was fitted on {', '.join(known)[:200]}, in "
            "this order"
        )
