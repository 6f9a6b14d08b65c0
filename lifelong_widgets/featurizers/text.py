"""Text: TF-IDF, reduced by truncated SVD (latent semantic analysis)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from lifelong_widgets.data import Item
from lifelong_widgets.featurizers.base import Array, Featurizer, unit_rows


class TextFeaturizer(Featurizer):
    """Title and text columns as TF-IDF, reduced to `n_components` by truncated SVD.

    Latent semantic analysis: Deerwester et al. (1990), "Indexing by latent semantic analysis". Words that
    appear later and were not in the vocabulary are ignored until the next `fit`. When the vocabulary is
    smaller than `n_components`, the columns left over are zero, so that the width is always the same.

    Args:
        n_components: the width of the output.
        max_features: keep at most this many words, the most frequent ones.
        seed: of the randomised SVD.

    Example:
        >>> from lifelong_widgets.data import Item
        >>> shelf = [Item(1, "The blue lamp"), Item(2, "A blue whale"), Item(3, "The lamp and the whale")]
        >>> TextFeaturizer(n_components=4).fit(shelf).transform(shelf).shape
        (3, 4)
    """

    def __init__(self, n_components: int = 32, max_features: int = 20_000, seed: int = 0) -> None:
        self.n_components = n_components
        self.max_features = max_features
        self.seed = seed

    def fit(self, items: Sequence[Item], y: None = None) -> Self:
        """Learn the words of `items`, their weights and their directions."""
        self.vocabulary_: dict[str, int] = {}
        self.idf_: Array = np.zeros(0, dtype=np.float64)
        self.components_: Array = np.zeros((self.n_components, 0), dtype=np.float64)
        documents = [_document(item) for item in items]
        vectorizer = TfidfVectorizer(sublinear_tf=True, max_features=self.max_features)
        try:
            matrix = vectorizer.fit_transform(documents)
        except ValueError:  # scikit-learn's "empty vocabulary": the items have no words
            return self
        self.vocabulary_ = {word: int(column) for word, column in vectorizer.vocabulary_.items()}
        self.idf_ = vectorizer.idf_
        rank = min(self.n_components, min(matrix.shape) - 1)
        self.components_ = np.zeros((self.n_components, matrix.shape[1]))
        if rank >= 1:
            svd = TruncatedSVD(rank, random_state=self.seed).fit(matrix)
            self.components_[:rank] = svd.components_
        return self

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, n_components), float32, rows of length 1, or 0 without words."""
        if not self.vocabulary_ or not items:
            return np.zeros((len(items), self.n_components), dtype=np.float32)
        vectorizer = TfidfVectorizer(sublinear_tf=True, vocabulary=self.vocabulary_)
        vectorizer.idf_ = self.idf_
        return unit_rows(vectorizer.transform([_document(item) for item in items]) @ self.components_.T)

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
        self.vocabulary_ = dict(state["vocabulary"])
        self.idf_, self.components_ = state["idf"], state["components"]
        return self


def _document(item: Item) -> str:
    return " ".join([item.title, *item.texts.values()])
