"""Text as the weighted mean of word vectors that were trained on the catalogue itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, Self

import numpy as np

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.featurizers.base import Array, Featurizer, unit_rows
from lifelong_widgets.featurizers.text import document, heaviest_words
from lifelong_widgets.featurizers.tokens import Tokenizer, Vocabulary, installed_segmenter
from lifelong_widgets.featurizers.word2vec import train_word2vec

_WORDS_READ = 5_000_000  # in all: a small catalogue is read more often than a large one
_FEWEST_EPOCHS, _MOST_EPOCHS = 5, 1000
_COMMON = 1e-2  # a word of this share of all words has half the weight of a rare one


class Word2VecFeaturizer(Featurizer):
    """Title and text columns as the mean of their words' vectors, which gensim trains on these very texts.

    Word2Vec: Mikolov et al. (2013), "Distributed representations of words and phrases and their
    compositionality". The mean weighs a word by how rare it is, a / (a + its share of all words): smooth
    inverse frequency, Arora et al. (2017), "A simple but tough-to-beat baseline for sentence embeddings".
    What all texts have in common is taken off, here by their mean. The vectors have `n_text_components`
    values, so that nothing is reduced. Words that were not in the texts of the last `fit` are ignored. One
    seed and the same texts give the same bits; gensim is needed to fit, not to transform.

    Args:
        n_text_components: the width of the output.
        max_words: keep at most this many words, the most frequent ones.
        seed: of the training.
        clean_html: whether tags are taken out and entities decoded first.
        stop_words: whether the most common words of English and Chinese are left out.

    Raises:
        MissingExtraError: by `fit`, if gensim is not installed.

    Example:
        >>> from lifelong_widgets.data import Item
        >>> shelf = [Item(1, "The blue lamp"), Item(2, "A blue whale"), Item(3, "The lamp and the whale")]
        >>> Word2VecFeaturizer(n_text_components=4).fit(shelf).transform(shelf).shape
        (3, 4)
    """

    def __init__(
        self,
        n_text_components: int = 32,
        max_words: int = 20_000,
        seed: int = 0,
        clean_html: bool = True,
        stop_words: bool = False,
    ) -> None:
        self.n_text_components = n_text_components
        self.max_words = max_words
        self.seed = seed
        self.clean_html = clean_html
        self.stop_words = stop_words

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Train the vectors of the words of `items`."""
        tokenizer = Tokenizer(installed_segmenter(), self.stop_words)
        texts = [tokenizer(document(item, self.clean_html)) for item in items]
        known = set(Vocabulary.of(texts, self.max_words).words)
        texts = [[word for word in text if word in known] for text in texts]
        counts = Counter(chain.from_iterable(texts))
        total = max(sum(counts.values()), 1)
        epochs = int(np.clip(_WORDS_READ // total, _FEWEST_EPOCHS, _MOST_EPOCHS))
        words, vectors = train_word2vec(texts, self.n_text_components, self.seed, epochs=epochs)
        shares = np.array([counts[word] for word in words]) / total
        weighted = vectors * (_COMMON / (_COMMON + shares))[:, None]
        self._set(words, weighted.astype(np.float32), np.zeros(self.n_text_components), tokenizer)
        rows = self._directions(texts)
        rows = rows[np.abs(rows).sum(axis=1) > 0]
        if len(rows) and not np.allclose(rows, rows[0]):  # texts that are all alike keep what they have
            self.center_ = rows.mean(axis=0)
        return self

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, width), float32, rows of length 1, or 0 without known words."""
        rows = self._directions([self._tokenizer(document(item, self.clean_html)) for item in items])
        known = np.abs(rows).sum(axis=1, keepdims=True) > 0
        return unit_rows((rows - self.center_) * known)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.n_text_components

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """Each direction by the three words farthest along it, such as ``"text: star+trek+alien"``."""
        return heaviest_words(np.array(self._vocabulary.words, dtype=object), self.vectors_.T)

    def get_state(self) -> dict[str, Any]:
        """The words (JSON), their weighted vectors and their common part (arrays)."""
        return {
            "segmenter": self._tokenizer.segmenter,
            "words": self._vocabulary.words,
            "vectors": self.vectors_,
            "center": self.center_,
        }

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a state back that one with the same arguments was fitted to."""
        tokenizer = Tokenizer(state["segmenter"], self.stop_words)
        self._set(state["words"], state["vectors"], state["center"], tokenizer)
        return self

    def _set(self, words: Sequence[str], vectors: Array, center: Array, tokenizer: Tokenizer) -> None:
        self._vocabulary, self._tokenizer = Vocabulary(words), tokenizer
        self.vectors_, self.center_ = vectors, center
        self._table = np.vstack(
            [np.zeros((2, self.n_text_components)), vectors]
        )  # of padding and unknown words

    def _directions(self, texts: Sequence[Sequence[str]]) -> Array:
        """The weighted mean of the vectors of each text, of length 1 in float64; 0 without known words."""
        sums = [self._table[self._vocabulary.ids(text)].sum(axis=0) for text in texts]
        return unit_rows(np.array(sums).reshape(len(texts), self.n_text_components)).astype(np.float64)
