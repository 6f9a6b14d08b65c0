"""Texts as numbers of words, for an encoder that is learned together with the recommender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.featurizers.base import Array, Featurizer, check_fitted
from lifelong_widgets.featurizers.text import document
from lifelong_widgets.featurizers.text_encoders import TextCNN, TextEncoder, TextGRU, TextLSTM
from lifelong_widgets.featurizers.tokens import Tokenizer, Vocabulary

_AT_ONCE = 4096


class LearnedText(Featurizer):
    """The first words of title and texts, read by a small network that whoever uses it may train.

    By itself it gives what the untrained network says, which depends on the seed alone. A `Recommender`
    trains a copy of its own end to end: the error of a recommendation goes back through the item's vector to
    the words.

    Args:
        n_text_components: the width of the output.
        max_words: know at most this many words, the most frequent ones; all others are one.
        clean_html: whether tags are taken out and entities decoded first.
        stop_words: whether the most common words of English and Chinese are left out.
        seed: of the first values.
    """

    encoder_type: ClassVar[type[TextEncoder]]
    n_read: ClassVar[int] = 48
    """How many words of an item are read."""

    def __init__(
        self,
        n_text_components: int = 32,
        max_words: int = 20_000,
        clean_html: bool = False,
        stop_words: bool = False,
        seed: int = 0,
    ) -> None:
        self.n_text_components = n_text_components
        self.max_words = max_words
        self.clean_html = clean_html
        self.stop_words = stop_words
        self.seed = seed

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Learn which words there are."""
        tokenizer = Tokenizer(stop_words=self.stop_words)
        texts = (tokenizer(document(item, self.clean_html)) for item in items)
        words = Vocabulary.of(texts, self.max_words).words
        return self.set_state({"words": words, "segmenter": tokenizer.segmenter})

    def numbers(self, items: Sequence[Item]) -> np.ndarray[Any, np.dtype[np.int32]]:
        """What the encoder reads: (n_items, n_read), int32, the words from the left, then 0."""
        check_fitted(self)
        numbers = np.zeros((len(items), self.n_read), dtype=np.int32)
        for row, item in zip(numbers, items, strict=True):
            own = self._vocabulary.ids(self._tokenizer(document(item, self.clean_html))[: self.n_read])
            row[: len(own)] = own
        return numbers

    def make(self) -> TextEncoder:
        """A new encoder with its first values."""
        check_fitted(self)
        return self.encoder_type(len(self._vocabulary), self.n_text_components).reset(self.seed)

    def transform(self, items: Sequence[Item]) -> Array:
        """What the untrained encoder says: (n_items, width), float32, rows of length 1; 0 without words."""
        rows = np.zeros((len(items), self.width), dtype=np.float32)
        encoder = self.make()
        with torch.no_grad():
            for begin in range(0, len(items), _AT_ONCE):
                some = items[begin : begin + _AT_ONCE]
                numbers = torch.from_numpy(self.numbers(some).astype(np.int64))
                rows[begin : begin + len(some)] = encoder(numbers).numpy()
        return rows

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.n_text_components

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """``"text: learned 0"`` and so on: what a column means is up to the training."""
        return np.array([f"text: learned {n}" for n in range(self.width)], dtype=object)

    def get_state(self) -> dict[str, Any]:
        """The words in the order of their numbers, and how Han characters become words (JSON)."""
        return {"words": self._vocabulary.words, "segmenter": self._tokenizer.segmenter}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self._vocabulary = Vocabulary(state["words"])
        self._tokenizer = Tokenizer(state["segmenter"], self.stop_words)
        return self


class CNNText(LearnedText):
    """Texts read by a `TextCNN`."""

    encoder_type = TextCNN


class LSTMText(LearnedText):
    """Texts read by a `TextLSTM`."""

    encoder_type = TextLSTM


class GRUText(LearnedText):
    """Texts read by a `TextGRU`."""

    encoder_type = TextGRU
