"""Texts as wide rows, such as of words, that are reduced to a few columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.errors import DataError, FormatError, closest
from lifelong_widgets.featurizers.autoencoder import AutoencoderReducer
from lifelong_widgets.featurizers.base import Array, Featurizer, check_fitted, distinct, unit_rows
from lifelong_widgets.featurizers.cleaning import MAX_CHARACTERS, clean_text
from lifelong_widgets.featurizers.reduction import (
    Matrix,
    PcaReducer,
    RandomProjection,
    Reducer,
    SvdReducer,
)

REDUCERS: dict[str, type[Reducer]] = {
    "svd": SvdReducer,
    "pca": PcaReducer,
    "random_projection": RandomProjection,
    "autoencoder": AutoencoderReducer,
}
"""The reducers by name; the setting `reduction` is the choice."""


def document(item: Item, clean_html: bool) -> str:
    """Title and text columns of `item` in one text, cleaned and of bounded length (`MAX_CHARACTERS`).

    >>> document(Item("b1", "Fish &amp; Chips", (), {"blurb": "A <b>tale</b>."}), clean_html=True)
    'Fish & Chips A tale.'
    """
    return " ".join(clean_text(text, clean_html) for text in (item.title, *item.texts.values()))[
        :MAX_CHARACTERS
    ]


class TextFeaturizer(Featurizer):
    """What the text featurizers share that reduce a wide matrix of documents: `_learn`, `_rows`, a reducer.

    Attributes:
        n_text_components: the width of the output; columns that the texts do not fill are zero.
        reduction: how the wide rows become narrow, a name in `REDUCERS`.
        clean_html: whether tags are taken out and entities decoded first.
        seed: of what is random in the reduction.
    """

    n_text_components: int
    reduction: str
    clean_html: bool
    seed: int
    _reducer: Reducer | None = None
    _what = ""  # the inputs have, if they have no names

    @abstractmethod
    def _learn(self, documents: list[str]) -> Matrix:
        """Learn what is needed from `documents`, and give their rows."""

    @abstractmethod
    def _rows(self, documents: list[str]) -> Matrix:
        """The wide rows of `documents`."""

    @abstractmethod
    def _input_names(self) -> Array | None:
        """What each wide column is called; None if it has no name."""

    @abstractmethod
    def _get_words(self) -> dict[str, Any]:
        """What `_learn` learned, as arrays and JSON values."""

    @abstractmethod
    def _set_words(self, state: dict[str, Any]) -> None:
        """Take back what `_learn` learned."""

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Learn the words of `items`, their weights and their directions."""
        reducer = self._make_reducer()
        self._reducer = reducer.fit(self._learn([document(item, self.clean_html) for item in items]))
        return self

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, width), float32, rows of length 1, or 0 without words."""
        reducer = self._ready()
        if not items:
            return np.zeros((0, self.width), dtype=np.float32)
        rows = self._rows([document(item, self.clean_html) for item in items])
        return unit_rows(reducer.transform(rows))

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.n_text_components

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """Each direction by its three heaviest words, such as ``"text: star+trek+alien"``, or a number."""
        inputs, directions = self._input_names(), self._ready().directions
        if inputs is None or directions is None:
            kind = self.reduction.replace("_", " ")
            return np.array(
                [f"text: {self._what}{kind} {number}" for number in range(self.width)], dtype=object
            )
        return heaviest_words(inputs, directions)

    def parts(self, item: Item, row: Array) -> list[tuple[str, Array]]:
        """The words of the item, each with what it adds to the row; see `Featurizer.parts`.

        That is known where a reduction is linear and words have names: else it is the columns.
        """
        words, directions = self._input_names(), self._ready().directions
        if words is not None and directions is not None and row.any():
            wide = sparse.csr_matrix(self._rows([document(item, self.clean_html)]))
            vectors = wide.data[:, None] * directions[:, wide.indices].T
            whole = vectors.sum(axis=0)
            scale = float(row @ whole) / max(float(whole @ whole), 1e-30)
            if np.allclose(scale * whole, row, rtol=0.0, atol=1e-4 * float(np.abs(row).max())):
                named = zip(words[wide.indices], scale * vectors, strict=True)
                return [(str(word), vector) for word, vector in named]
        return super().parts(item, row)

    def get_state(self) -> dict[str, Any]:
        """The words (JSON), their weights and the directions (arrays)."""
        reducer = self._ready()
        return {**self._get_words(), **reducer.get_state()}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a state back that one with the same arguments was fitted to.

        Raises:
            FormatError: there are more words, or fewer, than are reduced.
        """
        self._set_words(state)
        self._reducer = self._make_reducer().set_state(state)
        words, directions = self._input_names(), self._reducer.directions
        if words is not None and directions is not None and len(words) != directions.shape[1]:
            n_columns = directions.shape[1]
            raise FormatError(f"text features: {len(words)} words do not go with {n_columns} columns")
        return self

    def _ready(self) -> Reducer:
        check_fitted(self)
        assert self._reducer is not None
        return self._reducer

    def _make_reducer(self) -> Reducer:
        if self.reduction not in REDUCERS:
            hint = closest(self.reduction, REDUCERS) or f"; there are {', '.join(REDUCERS)}"
            raise DataError(f"there is no reduction {self.reduction!r:.40}{hint}")
        return REDUCERS[self.reduction](self.n_text_components, self.seed)


def heaviest_words(words: Array, directions: Array) -> Array:
    """A name of each direction, (n_directions, n_words), by its three heaviest words.

    >>> heaviest_words(np.array(["sea", "lamp"], dtype=object), np.array([[0.2, -0.9], [0.0, 0.0]])).tolist()
    ['text: lamp+sea', 'text: unused 1']
    """
    names = []
    for number, direction in enumerate(directions):
        heaviest = [words[i] for i in np.argsort(-np.abs(direction), kind="stable")[:3] if direction[i]]
        names.append("text: " + ("+".join(heaviest) or f"unused {number}"))
    return np.array(distinct(names), dtype=object)
