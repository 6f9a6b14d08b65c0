"""Text: TF-IDF, reduced by truncated SVD (latent semantic analysis)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.featurizers.base import Array, Featurizer, unit_rows


class TextFeaturizer(Featurizer):
    """Title and text columns as TF-IDF, reduced to `n_text_components` by truncated SVD.

    Latent semantic analysis: Deerwester et al. (1990), "Indexing by latent semantic analysis". Words that
    appear later and were not in the vocabulary are ignored until the next `fit`. When the vocabulary is
    smaller than `n_text_components`, the columns left over are zero, so that the width is always the same.

    Args:
        n_text_components: the width of the output.
        max_words: keep at most this many words, the most frequent ones.
        seed: of the randomised SVD.

    Example:
        >>> from lifelong_widgets.data import Interactions, Item
        >>> shelf = [Item(1, "The blue lamp"), Item(2, "A blue whale"), Item(3, "The lamp and the whale")]
        >>> TextFeaturizer(n_text_components=4).fit(shelf).transform(shelf).shape
        (3, 4)
    """

    def __init__(self, n_text_components: int = 32, max_words: int = 20_000, seed: int = 0) -> None:
        self.n_text_components = n_text_components
        self.max_words = max_words
        self.seed = seed

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Learn the words of `items`, their weights and their directions."""
        vectorizer = TfidfVectorizer(sublinear_tf=True, max_features=self.max_words)
        nothing = np.zeros((self.n_text_components, 0))
        try:
            matrix = vectorizer.fit_transform([_document(item) for item in items])
        except ValueError:  # scikit-learn's "empty vocabulary": the items have no words
            return self.set_state({"vocabulary": {}, "idf": np.zeros(0), "components": nothing})
        components = np.zeros((self.n_text_components, matrix.shape[1]))
        rank = min(self.n_text_components, min(matrix.shape) - 1)
        if rank >= 1:
            # texts that are all alike have no variance, by which scikit-learn divides to report on its work
            with np.errstate(divide="ignore", invalid="ignore"):
                components[:rank] = TruncatedSVD(rank, random_state=self.seed).fit(matrix).components_
        vocabulary = {word: int(column) for word, column in vectorizer.vocabulary_.items()}
        return self.set_state({"vocabulary": vocabulary, "idf": vectorizer.idf_, "components": components})

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, width), float32, rows of length 1, or 0 without words."""
        if self._vectorizer is None or not items:
            return np.zeros((len(items), self.width), dtype=np.float32)
        return unit_rows(self._vectorizer.transform([_document(item) for item in items]) @ self.components_.T)

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        return len(self.components_)

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """Each direction by its three heaviest words, such as ``"text: star+trek+alien"``."""
        words = np.array(sorted(self.vocabulary_, key=self.vocabulary_.__getitem__), dtype=object)
        names = []
        for number, direction in enumerate(self.components_):
            heaviest = [words[i] for i in np.argsort(-np.abs(direction), kind="stable")[:3] if direction[i]]
            names.append("text: " + ("+".join(heaviest) or f"unused {number}"))
        return np.array(names, dtype=object)

    def get_state(self) -> dict[str, Any]:
        """The vocabulary (JSON), the word weights and the directions (arrays)."""
        return {"vocabulary": self.vocabulary_, "idf": self.idf_, "components": self.components_}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self.vocabulary_: dict[str, int] = dict(state["vocabulary"])
        self.idf_: Array = state["idf"]
        self.components_: Array = state["components"]
        self._vectorizer: TfidfVectorizer | None = None
        if self.vocabulary_:
            self._vectorizer = TfidfVectorizer(sublinear_tf=True, vocabulary=self.vocabulary_)
            self._vectorizer.idf_ = self.idf_
        return self


def _document(item: Item) -> str:
    return " ".join([item.title, *item.texts.values()])
