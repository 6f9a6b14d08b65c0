"""The contract that every featurizer keeps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence, Sized
from functools import wraps
from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError, SettingError
from lifelong_widgets.parts import FiniteFloat, WholeNumber, refusal

Array = np.ndarray[Any, np.dtype[Any]]
Medium = Literal["image", "audio"]


class Featurizer(TransformerMixin, BaseEstimator):
    """Turns items into rows of float32, in scikit-learn's manner: in pipelines and unions, too.

    The width is fixed by `fit`; items that arrive later are transformed without a refit. The fitted state is
    plain arrays and JSON values (`get_state`, `set_state`), so that it can be saved without a pickle.
    Arguments of the constructor that `FeatureSettings` has a trait for are set by it.

    What is given to the methods of a subclass is looked at before they are called, and whether it is fitted,
    so that none of them needs to.

    Attributes:
        reads_log: whether `fit` reads the log; one that does not learns the same of the same items.
        medium: the field of an item that names a file which `fit` and `transform` read, if there is one.

    Raises:
        SettingError: by `fit`, a number that it was made with is out of the bounds of the setting.
        DataError: by `fit` and `transform`, what was given are no items, or no log where it reads one.
        NotFittedError: (scikit-learn's) what needs a fit was called before one.
    """

    reads_log: ClassVar[bool] = False
    medium: ClassVar[Medium | None] = None
    _fitted = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, guard in _GUARDS.items():
            if name in vars(cls) and not getattr(vars(cls)[name], "__isabstractmethod__", False):
                setattr(cls, name, guard(vars(cls)[name]))

    def __sklearn_is_fitted__(self) -> bool:
        """Whether it can transform: after a fit, or with a state; always, if it learns nothing."""
        return self._fitted

    @abstractmethod
    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Learn the vocabulary and the scales of `items`, and, if it reads behaviour, of the log `y`."""

    @abstractmethod
    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: shape (n_items, width), float32.

        Each row is of length 1, or of zeros where the item has nothing of the kind (no text, no picture, no
        event): a row of zeros says "missing", and what is missing is masked.
        """

    @property
    @abstractmethod
    def width(self) -> int:
        """How many columns there are, once fitted."""

    @abstractmethod
    def get_feature_names_out(self, input_features: None = None) -> Array:
        """A name for each column, as readable as the featurizer can make it."""

    def parts(self, item: Item, row: Array) -> list[tuple[str, Array]]:
        """What the row of an item is made of: readable names, and vectors that add up to the row.

        By default one for each column that is not 0.

        Args:
            item: whose row it is.
            row: (width,), of any length: fusion, or what learned on, may have scaled it.
        """
        names, columns = self.get_feature_names_out(), np.flatnonzero(row)
        vectors = np.zeros((len(columns), len(row)), dtype=np.float64)
        vectors[np.arange(len(columns)), columns] = row[columns]
        return [
            (readable(str(names[column])), vector) for column, vector in zip(columns, vectors, strict=True)
        ]

    @abstractmethod
    def get_state(self) -> dict[str, Any]:
        """The fitted state: NumPy arrays and JSON values by name."""

    @abstractmethod
    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""


def check_fitted(featurizer: Featurizer) -> None:
    """Raise a NotFittedError unless `featurizer` can transform."""
    if not featurizer.__sklearn_is_fitted__():
        raise NotFittedError(
            f"this {type(featurizer).__name__} has learned nothing yet: fit it first, fit(items) or "
            "fit(items, log)"
        )


def check_items(items: object) -> None:
    """Raise a DataError unless `items` are a list, or another sequence, of them."""
    if isinstance(items, str) or not isinstance(items, Sized) or not hasattr(items, "__iter__"):
        raise DataError(f"features are made of a list of Items, not of a {type(items).__name__}")
    for item in items:
        if not isinstance(item, Item):
            raise DataError(
                f"features are made of Items, not of a {type(item).__name__} ({brief(item)}); "
                "Catalog.from_records and from_pandas make them, and so does Item(id, title)"
            )


def check_arguments(featurizer: Featurizer) -> None:
    """Hold the numbers that `featurizer` was made with to the bounds that settings have.

    Raises:
        SettingError: one is out of bounds; it is said as `Recommender` says it.
    """
    from lifelong_widgets.featurizers.fusion import FeatureSettings  # which is made of featurizers

    bounded = FeatureSettings.class_traits(config=True)
    given = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in featurizer.get_params(deep=False).items()
        if isinstance(bounded.get(name), WholeNumber | FiniteFloat)
    }
    if refused := refusal(FeatureSettings, given, brief):
        raise SettingError(refused)


def _guarded_fit(fit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fit)
    def guarded(self: Featurizer, items: Sequence[Item], y: Any = None, **options: Any) -> Any:
        check_items(items)
        check_arguments(self)
        if self.reads_log and y is not None and not isinstance(y, Interactions):
            raise DataError(
                f"a {type(self).__name__} is fitted on items and an Interactions, not a {type(y).__name__}: "
                "fit(items, log)"
            )
        fitted = fit(self, items, y, **options)
        self._fitted = True
        return fitted

    return guarded


def _guarded_transform(transform: Callable[..., Array]) -> Callable[..., Array]:
    @wraps(transform)
    def guarded(self: Featurizer, items: Sequence[Item]) -> Array:
        check_fitted(self)
        check_items(items)
        return transform(self, items)

    return guarded


def _guarded_look(look: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(look)
    def guarded(self: Featurizer, *args: Any, **options: Any) -> Any:
        check_fitted(self)
        return look(self, *args, **options)

    return guarded


def _guarded_set_state(set_state: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(set_state)
    def guarded(self: Featurizer, state: dict[str, Any]) -> Any:
        done = set_state(self, state)
        self._fitted = True
        return done

    return guarded


_GUARDS: dict[str, Callable[[Any], Any]] = {
    "fit": _guarded_fit,
    "transform": _guarded_transform,
    "get_feature_names_out": _guarded_look,
    "parts": _guarded_look,
    "get_state": _guarded_look,
    "set_state": _guarded_set_state,
}


def readable(name: str) -> str:
    """The name of a feature without what it is a feature of.

    >>> readable("category: Drama"), readable("space")
    ('Drama', 'space')
    """
    return name.partition(": ")[2] or name


def distinct(names: Iterable[str]) -> list[str]:
    """`names`, each but once: what comes again gets a number.

    >>> distinct(["Fog", "Tide", "Fog", "Fog"])
    ['Fog', 'Tide', 'Fog (2)', 'Fog (3)']
    """
    found: dict[str, None] = {}
    for name in names:
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name} ({number})"
        found[free] = None
    return list(found)


def unit_rows(rows: Array) -> Array:
    """Scale each row to length 1; a row of zeros (nothing is known) stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = np.divide(rows, lengths, out=np.zeros(rows.shape, dtype=np.float64), where=lengths > 1e-9)
    unit: Array = scaled.astype(np.float32)
    return unit
