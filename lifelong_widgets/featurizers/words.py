"""Texts as a matrix of words and documents: counts, TF-IDF, hashes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.reduction import Matrix, Reducer
from lifelong_widgets.featurizers.text import TextFeaturizer
from lifelong_widgets.featurizers.tokens import Tokenizer, installed_segmenter


class WordsFeaturizer(TextFeaturizer):
    """What the featurizers share whose wide columns are words.

    Args:
        n_text_components: the width of the output.
        max_words: how many columns the words have at most before they are reduced.
        seed: of the reduction.
        reduction: how the words become `n_text_components` columns, a name in `REDUCERS`.
        clean_html: whether tags are taken out and entities decoded first.
        stop_words: whether the most common words of English and Chinese are left out.
    """

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

    def _tokenizer(self, segmenter: str) -> Tokenizer:
        return Tokenizer(segmenter, self.stop_words)


class TfidfFeaturizer(WordsFeaturizer):
    """Title and text columns as TF-IDF, reduced to `n_text_components`; by SVD, latent semantic analysis.

    Deerwester et al. (1990), "Indexing by latent semantic analysis". Words that appear later and were not in
    the vocabulary are ignored until the next `fit`. When the vocabulary is smaller than `n_text_components`,
    the columns left over are zero, so that the width is always the same.

    The arguments are those of `WordsFeaturizer`; of the words it keeps the most frequent `max_words`.

    Example:
        >>> from lifelong_widgets.data import Interactions, Item
        >>> shelf = [Item(1, "The blue lamp"), Item(2, "A blue whale"), Item(3, "The lamp and the whale")]
        >>> TfidfFeaturizer(n_text_components=4).fit(shelf).transform(shelf).shape
        (3, 4)
    """

    _weights = True

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
        return TfidfVectorizer(analyzer=self._tokenizer(segmenter), sublinear_tf=self._weights, **arguments)


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


class HashingFeaturizer(WordsFeaturizer):
    """Title and text columns as counts of hashed words: no vocabulary, so that a new word counts at once.

    Weinberger et al. (2009), "Feature hashing for large scale multitask learning"; scikit-learn's
    `HashingVectorizer`. By random projection, the default here, nothing is ever fitted. Other reductions
    learn the directions of the words that there are in a fit, and words that come later are as good as
    unknown until the next one. Words cannot be told from their hashes, so that the columns have numbers for
    names.

    The arguments are those of `WordsFeaturizer`; words are hashed to `max_words` columns, and with more words
    than these some share one.

    Example:
        >>> from lifelong_widgets.data import Item
        >>> hashing = HashingFeaturizer(n_text_components=8)
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
        reduction: str = "random_projection",
        clean_html: bool = True,
        stop_words: bool = False,
    ) -> None:
        super().__init__(n_text_components, max_words, seed, reduction, clean_html, stop_words)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether it can transform: with a random projection always."""
        return self._fitted or self.reduction == "random_projection"

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
        self._vectorizer = HashingVectorizer(
            analyzer=self._tokenizer(self.segmenter_), n_features=self.max_words
        )
