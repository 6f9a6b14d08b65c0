"""Word2Vec as one function of sentences: what gensim trains, in a fixed order and with fixed bits."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lifelong_widgets.errors import MissingExtraError

_LONGEST_SENTENCE = 10_000
"""Words. What a sentence has beyond, gensim would leave out without a word."""


def train_word2vec(
    sentences: Sequence[Sequence[str]],
    dim: int,
    seed: int,
    window: int = 5,
    epochs: int = 10,
    min_count: int = 1,
) -> tuple[list[str], np.ndarray[Any, np.dtype[np.float32]]]:
    """The words of `sentences`, in the order of their names, and a vector of each: (n_words, dim), float32.

    Skip-gram with negative sampling: Mikolov et al. (2013), "Distributed representations of words and phrases
    and their compositionality". One thread and a hash of our own: the same sentences and seed give the same
    bits, whatever ``PYTHONHASHSEED`` is.

    Args:
        sentences: Of any length; a very long one is cut into several.
        dim: The length of a vector.
        seed: Of the first values, the windows and the negative words.
        window: How many words before and after a word are its context, at most.
        epochs: How many times everything is read.
        min_count: Words that occur less often have no vector.

    Raises:
        MissingExtraError: gensim is not installed.

    >>> words, vectors = train_word2vec([["salt", "pepper"], ["salt", "soap"]], dim=4, seed=0)
    >>> words, vectors.shape
    (['pepper', 'salt', 'soap'], (3, 4))
    """
    pieces = list(_pieces(sentences))
    counts: dict[str, int] = {}
    for piece in pieces:
        for word in piece:
            counts[word] = counts.get(word, 0) + 1
    words = sorted(word for word, count in counts.items() if count >= min_count)
    try:  # even for nothing: what is missing shall be said at once, not at the first sentence
        gensim = importlib.import_module("gensim.models")
    except ImportError:
        raise MissingExtraError("Word2Vec needs gensim: pip install 'lifelong-widgets[text]'") from None
    if not words:
        return [], np.zeros((0, dim), dtype=np.float32)
    model = gensim.Word2Vec(
        vector_size=dim, window=window, min_count=min_count, sg=1, negative=5, seed=seed % 2**32, workers=1,
        hashfxn=_hash, sorted_vocab=0,
    )  # fmt: skip
    model.build_vocab(pieces)
    model.train(pieces, total_examples=model.corpus_count, epochs=epochs)
    return words, np.array([model.wv[word] for word in words], dtype=np.float32)


def _pieces(sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    for sentence in sentences:
        for start in range(0, len(sentence), _LONGEST_SENTENCE):
            yield list(sentence[start : start + _LONGEST_SENTENCE])


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())
