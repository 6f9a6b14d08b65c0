"""Text as a matrix of words and documents (counts, TF-IDF, hashes), reduced to a few columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.errors import DataError, closest
from lifelong_widgets.featurizers.autoencoder import AutoencoderReducer
from lifelong_widgets.featurizers.base import Array, Featurizer, unit_rows
from lifelong_widgets.featurizers.cleaning import MAX_CHARACTERS, clean_text
from lifelong_widgets.featurizers.reduction import (
    Matrix,
    PcaReducer,
    RandomProjection,
    Reducer,
    SvdReducer,
)
from lifelong_widgets.featurizers.tokens import Tokenizer, installed_segmenter

REDUCERS: dict[str, type[Reducer]] = {
    "svd": SvdReducer,
    "pca": PcaReducer,
    "random_projection": RandomProjection,
    "autoencoder": AutoencoderReducer,
}
"""The reducers by name; the setting `reduction` is the choice."""

_OLD_PARAMS = {"reduction": "svd", "clean_html": False, "stop_words": False}  # of states that name none


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

    def get_state(self) -> dict[str, Any]:
        """The arguments and the words (JSON), their weights and the directions (arrays)."""
        reducer = self._ready()
        return {"params": self.get_params(), **self._get_words(), **reducer.get_state()}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back, and the arguments that it was fitted with."""
        params = state.get("params") or {**_OLD_PARAMS, "n_text_components": len(state["components"])}
        self.set_params(**params)
        self._set_words(state)
        self._reducer = self._make_reducer().set_state(state)
        return self

    def _ready(self) -> Reducer:
        if self._reducer is None:
            raise NotFittedError(f"this {type(self).__name__} knows no words yet: fit it first")
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
    return np.array(names, dtype=object)


class TfidfFeaturizer(TextFeaturizer):
    """Title and text columns as TF-IDF, reduced to `n_text_components`; by SVD, latent semantic analysis.

    Deerwester et al. (1990), "Indexing by latent semantic analysis". Words that appear later and were not in
    the vocabulary are ignored until the next `fit`. When the vocabulary is smaller than `n_text_components`,
    the columns left over are zero, so that the width is always the same.

    Args:
        n_text_components: the width of the output.
        max_words: keep at most this many words, the most frequent ones.
        seed: of the reduction.
        reduction: how the words become `n_text_components` columns, a name in `REDUCERS`.
        clean_html: whether tags are taken out and entities decoded first.
        stop_words: whether the most common words of English and Chinese are left out.

    Example:
        >>> from lifelong_widgets.data import Interactions, Item
        >>> shelf = [Item(1, "The blue lamp"), Item(2, "A blue whale"), Item(3, "The lamp and the whale")]
        >>> TfidfFeaturizer(n_text_components=4).fit(shelf).transform(shelf).shape
        (3, 4)
    """

    _weights = True

    def __init__(
        self,
        n_text_components: int = 32,
        max_words: int = 20_000,
        seed: int = 0,
        reduction: str = "svd",
        clean_html: bool = True,
        stop_words: bool = False,
    ) -> None:
        self.n_text_components = n_text_components
        self.max_words = max_words
        self.seed = seed
        self.reduction = reduction
        self.clean_html = clean_html
        self.stop_words = stop_words

    def _learn(self, documents: list[str]) -> Matrix:
        segmenter = installed_segmenter()
        vectorizer = self._make_vectorizer(segmenter, max_features=self.max_words, use_idf=self._weights)
        try:
            matrix = vectorizer.fit_transform(documents)
        except ValueError:  # scikit-learn's "empty vocabulary": the items have no words
            self._set_words({"vocabulary": {}, "idf": np.zeros(0), "segmenter": segmenter})
            return np.zeros((len(documents), 0))
        vocabulary = {word: int(column) for word, column in vectorizer.vocabulary_.items()}
        idf = vectorizer.idf_ if self._weights else np.ones(len(vocabulary))
        self._set_words({"vocabulary": vocabulary, "idf": idf, "segmenter": segmenter})
        return matrix

    def _rows(self, documents: list[str]) -> Matrix:
        if self._vectorizer is None:
            return np.zeros((len(documents), 0))
        return self._vectorizer.transform(documents)

    def _input_names(self) -> Array:
        return np.array(sorted(self.vocabulary_, key=self.vocabulary_.__getitem__), dtype=object)

    def _get_words(self) -> dict[str, Any]:
        return {"vocabulary": self.vocabulary_, "idf": self.idf_, "segmenter": self.segmenter_}

    def _set_words(self, state: dict[str, Any]) -> None:
        self.vocabulary_: dict[str, int] = dict(state["vocabulary"])
        self.idf_: Array = state["idf"]
        self.segmenter_: str = state.get("segmenter", "none")
        self._vectorizer: TfidfVectorizer | None = None
        if self.vocabulary_:
            self._vectorizer = self._make_vectorizer(self.segmenter_, vocabulary=self.vocabulary_)
            self._vectorizer.idf_ = self.idf_

    def _make_vectorizer(self, segmenter: str, **arguments: Any) -> TfidfVectorizer:
        return TfidfVectorizer(
            analyzer=Tokenizer(segmenter, self.stop_words), sublinear_tf=self._weights, **arguments
        )


class BagOfWordsFeaturizer(TfidfFeaturizer):
    """Title and text columns as counts of words, scaled to length 1 and reduced to `n_text_components`.

    As `TfidfFeaturizer`, but each word counts as often as it occurs: common words outweigh telling ones, so
    that it is the baseline of the others. Harris (1954), "Distributional structure".

    Example:
        >>> from lifelong_widgets.data import Item
        >>> shelf = [Item(1, "The blue lamp"), Item(2, "A blue whale"), Item(3, "The lamp and the whale")]
        >>> BagOfWordsFeaturizer(n_text_components=2).fit(shelf).get_feature_names_out().tolist()
        ['text: the+blue+lamp', 'text: blue+the+whale']
    """

    _weights = False


class HashingFeaturizer(TextFeaturizer):
    """Title and text columns as counts of hashed words: no vocabulary, so that a new word counts at once.

    Weinberger et al. (2009), "Feature hashing for large scale multitask learning"; scikit-learn's
    `HashingVectorizer`. With ``reduction="random_projection"`` nothing is ever fitted. Words cannot be told
    from their hashes, so that the columns have numbers for names.

    Args:
        n_text_components: the width of the output.
        max_words: how many columns the words are hashed to; with more words than these, some share one.
        seed: of the reduction.
        reduction: how the hashed words become `n_text_components` columns, a name in `REDUCERS`.
        clean_html: whether tags are taken out and entities decoded first.
        stop_words: whether the most common words of English and Chinese are left out.

    Example:
        >>> from lifelong_widgets.data import Item
        >>> hashing = HashingFeaturizer(n_text_components=8, reduction="random_projection")
        >>> hashing.transform([Item(1, "A word that nobody has seen")]).shape
        (1, 8)
        >>> str(hashing.get_feature_names_out()[0])
        'text: hashed words, random projection 0'
    """

    _what = "hashed words, "

    def __init__(
        self,
        n_text_components: int = 32,
        max_words: int = 20_000,
        seed: int = 0,
        reduction: str = "svd",
        clean_html: bool = True,
        stop_words: bool = False,
    ) -> None:
        self.n_text_components = n_text_components
        self.max_words = max_words
        self.seed = seed
        self.reduction = reduction
        self.clean_html = clean_html
        self.stop_words = stop_words

    def _ready(self) -> Reducer:
        if self._reducer is None and self.reduction == "random_projection":
            self.fit([])  # there is nothing to learn
        return super()._ready()

    def _learn(self, documents: list[str]) -> Matrix:
        self._set_words({"segmenter": installed_segmenter()})
        return self._rows(documents) if documents else np.zeros((0, self.max_words))

    def _rows(self, documents: list[str]) -> Matrix:
        return self._vectorizer.transform(documents)

    def _input_names(self) -> None:
        return None

    def _get_words(self) -> dict[str, Any]:
        return {"segmenter": self.segmenter_}

    def _set_words(self, state: dict[str, Any]) -> None:
        self.segmenter_: str = state["segmenter"]
        tokenizer = Tokenizer(self.segmenter_, self.stop_words)
        self._vectorizer = HashingVectorizer(analyzer=tokenizer, n_features=self.max_words)
