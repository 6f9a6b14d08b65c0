"""The contract that every featurizer keeps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from lifelong_widgets.data import Interactions, Item

Array = np.ndarray[Any, np.dtype[Any]]
Medium = Literal["image", "audio"]


class Featurizer(TransformerMixin, BaseEstimator):
    """Turns items into rows of float32, in scikit-learn's manner: in pipelines and unions, too.

    The width is fixed by `fit`; items that arrive later are transformed without a refit. The fitted state is
    plain arrays and JSON values (`get_state`, `set_state`), so that it can be saved without a pickle.
    Arguments of the constructor that `FeatureSettings` has a trait for are set by it.

    Attributes:
        reads_log: whether `fit` reads the log; one that does not learns the same of the same items.
        medium: the field of an item that names a file which `fit` and `transform` read, if there is one.
    """

    reads_log: ClassVar[bool] = False
    medium: ClassVar[Medium | None] = None

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


def readable(name: str) -> str:
    """The name of a feature without what it is a feature of.

    >>> readable("category: Drama"), readable("space")
    ('Drama', 'space')
    """
    return name.partition(": ")[2] or name


def unit_rows(rows: Array) -> Array:
    """Scale each row to length 1; a row of zeros (nothing is known) stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = np.divide(rows, lengths, out=np.zeros(rows.shape, dtype=np.float64), where=lengths > 1e-9)
    unit: Array = scaled.astype(np.float32)
    return unit
