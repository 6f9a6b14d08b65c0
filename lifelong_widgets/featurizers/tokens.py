"""The words of a text, in any script, and numbers for them: what text features and encoders start from."""

from __future__ import annotations

import importlib
import importlib.util
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Self

import numpy as np

from lifelong_widgets.errors import DataError, MissingExtraError
from lifelong_widgets.featurizers.cleaning import STOP_WORDS

SEGMENTERS = ("jieba", "bigrams", "none")
"""How Han characters, which are written without spaces, become words: see `Tokenizer`."""

_find_words = re.compile(r"(?u)\b\w\w+\b").findall  # scikit-learn's own pattern
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_find_han = re.compile(f"[{_HAN}]").search
_LONGEST_RUN = 500
"""Characters that jieba is given at once: its work on unknown ones grows with the square of their number."""
_find_runs = re.compile(f"[{_HAN}]+|[^{_HAN}]+").findall


def installed_segmenter() -> str:
    """``"jieba"`` where it is installed, else ``"bigrams"``. Nothing is imported to find out."""
    return "jieba" if importlib.util.find_spec("jieba") else "bigrams"


class Tokenizer:
    """Texts to words: small letters, two or more of them, as scikit-learn has it; Han characters segmented.

    A run of Han characters becomes words by one of three segmenters:

    * ``"jieba"``: the most likely words by its dictionary (https://github.com/fxsjy/jieba, MIT). It is loaded
      when the first Han character is met, once a process, in about a second: its dictionary of text is read,
      its cache in a shared folder is neither read nor written, and nothing is logged.
    * ``"bigrams"``: every two neighbouring characters, the usual choice where there is no dictionary.
    * ``"none"``: the whole run is one word, as in versions that knew no Chinese.

    Args:
        segmenter: One of the three; what is installed when None. It decides the words, so that whatever is
            learned from them keeps it: another machine then finds the same words or says that it cannot.
        stop_words: Whether the most common words of English and Chinese are left out.

    Example:
        >>> Tokenizer("bigrams")("The lamp of 灯塔看守")
        ['the', 'lamp', 'of', '灯塔', '塔看', '看守']
        >>> Tokenizer(stop_words=True)("The lamp of the pier")
        ['lamp', 'pier']
    """

    def __init__(self, segmenter: str | None = None, stop_words: bool = False) -> None:
        if segmenter is not None and segmenter not in SEGMENTERS:
            raise DataError(f"segmenter is one of {', '.join(SEGMENTERS)}, not {segmenter!r:.40}")
        self.segmenter = segmenter or installed_segmenter()
        self.stop_words = stop_words

    def __call__(self, text: str) -> list[str]:
        """The words of `text`, in its order.

        Raises:
            MissingExtraError: `text` has Han characters, the segmenter is jieba, and it is not installed.
        """
        text = text.lower()
        if text.isascii() or self.segmenter == "none" or not _find_han(text):
            words: list[str] = _find_words(text)
        else:
            words = list(chain.from_iterable(map(self._words_of_run, _find_runs(text))))
        return [word for word in words if word not in STOP_WORDS] if self.stop_words else words

    def _words_of_run(self, run: str) -> list[str]:
        if not _find_han(run[0]):
            return _find_words(run)
        if self.segmenter == "jieba":
            pieces = (run[start : start + _LONGEST_RUN] for start in range(0, len(run), _LONGEST_RUN))
            return list(chain.from_iterable(map(_jieba().lcut, pieces)))
        return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


@lru_cache(maxsize=1)
def _jieba() -> Any:
    try:
        with warnings.catch_warnings():  # on old escapes in its source and its use of pkg_resources
            warnings.simplefilter("ignore")
            jieba = importlib.import_module("jieba")
    except ImportError:
        raise MissingExtraError(
            "these words were found with jieba, which is not installed: pip install 'lifelong-widgets[text]'"
        ) from None
    tokenizer = jieba.Tokenizer()
    # What its initialize() does, but for the log and the cache, marshalled in a folder that others may write.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


class Vocabulary:
    """Words and their numbers: 0 is padding, 1 is every word that is not known, the rest follow.

    Args:
        words: The known words, in the order of their numbers; without repeats.

    Example:
        >>> vocabulary = Vocabulary.of([["the", "lamp"], ["the", "pier"]], max_words=2)
        >>> vocabulary.words
        ['the', 'lamp']
        >>> vocabulary.ids(["the", "second", "lamp"]).tolist()
        [2, 1, 3]
    """

    PADDING, UNKNOWN = 0, 1

    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(words)
        self._number = {word: number for number, word in enumerate(self.words, 2)}
        if len(self._number) < len(self.words):
            raise DataError("a word stands twice in a vocabulary")

    @classmethod
    def of(cls, documents: Iterable[Sequence[str]], max_words: int) -> Self:
        """The `max_words` most frequent words of `documents` (ties by name), the most frequent first."""
        counts = Counter(chain.from_iterable(documents))
        return cls(sorted(counts, key=lambda word: (-counts[word], word))[:max_words])

    def ids(self, words: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The number of each word: (n_words,), int64, below `len(self)`."""
        number = self._number
        return np.array([number.get(word, self.UNKNOWN) for word in words], dtype=np.int64)

    def __len__(self) -> int:
        """How many numbers there are: the words, padding and unknown."""
        return len(self.words) + 2
