"""Product quantisation: a row is a few letters of a few alphabets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.compression.rows import Matrix, Places, check_at_most, with_room
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.states import check_arrays

_WORDS = 256
_ROUNDS = 12  # of k-means; it hardly moves after these
_SAMPLE = 20_000  # rows that the alphabets are made from, at most


class ProductRows:
    """A matrix whose columns are cut into `n_parts` equal stretches, each row's the nearest of 256 words.

    A row takes `n_parts` bytes; the words take ``256 · n_columns`` numbers once. A product with a vector is
    `n_parts` look-ups a row in a table that is made once a product (asymmetric distance computation).

    Args:
        matrix: (n, m).
        n_parts: how many stretches; the last may be padded by zeros.

    Source: H. Jégou, M. Douze and C. Schmid, "Product quantization for nearest neighbor search", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 33(1), 2011.

    >>> matrix = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    >>> rows = ProductRows(matrix, n_parts=2)
    >>> np.abs(rows.take(np.arange(12)) - matrix).max().round(4), rows.get_state()["codes"].nbytes
    (np.float32(0.0), 24)
    """

    ages = True

    def __init__(self, matrix: Matrix, n_parts: int) -> None:
        self._width, n_parts = matrix.shape[1], max(1, min(n_parts, matrix.shape[1]))
        self._words = np.stack([_k_means(part) for part in _parts(matrix, n_parts)])
        self._codes = np.zeros((0, n_parts), dtype=np.uint8)
        self.write(np.arange(len(matrix)), matrix)

    @property
    def shape(self) -> tuple[int, int]:
        """See `Rows`."""
        return len(self._codes), self._width

    def write(self, rows: Places, values: Matrix) -> None:
        """See `Rows`."""
        self._codes = with_room(self._codes, rows)
        parts = _parts(values, len(self._words))
        nearest = [_nearest(part, words) for part, words in zip(parts, self._words, strict=True)]
        self._codes[rows] = np.stack(nearest, axis=1)

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        codes = self._codes[rows].astype(np.int64)
        parts = [words[codes[:, part]] for part, words in enumerate(self._words)]
        return np.concatenate(parts, axis=1)[:, : self._width]

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        parts = _parts(vector.astype(np.float32, copy=False)[None], len(self._words))
        table = np.stack([words @ part[0] for words, part in zip(self._words, parts, strict=True)])
        return _looked_up(table, self._codes)

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        return factors @ self.take(rows)

    def clear(self, column: int) -> None:
        """See `Rows`."""
        self._words[column // self._words.shape[2], :, column % self._words.shape[2]] = 0.0

    def get_state(self) -> dict[str, Any]:
        """See `Rows`."""
        return {"codes": self._codes.copy(), "words": self._words.astype(np.float16)}

    @classmethod
    def of_state(cls, state: Mapping[str, Any], shape: tuple[int, int]) -> Self:
        """See `Rows`."""
        codes, words = state["codes"], state["words"]
        n_parts = codes.shape[1] if getattr(codes, "ndim", 0) == 2 else 0
        if not 1 <= n_parts <= max(1, shape[1]) or getattr(words, "ndim", 0) != 3 or words.shape[1] > _WORDS:
            raise FormatError("product-quantised rows: codes or words have another shape")
        part = -(-shape[1] // n_parts)
        check_arrays(
            "product-quantised rows",
            state,
            codes=((shape[0], n_parts), np.uint8, None),
            words=((n_parts, words.shape[1], part), np.float16, None),
        )
        check_at_most("product-quantised rows: codes", codes, words.shape[1] - 1)
        made = cls.__new__(cls)
        made._width, made._codes, made._words = shape[1], codes.copy(), words.astype(np.float32)
        return made


def _parts(matrix: Matrix, n_parts: int) -> NDArray[np.float32]:
    """The stretches of rows, (n_parts, n, width of one)."""
    n, width = matrix.shape
    part = -(-width // n_parts)
    padded = np.zeros((n, n_parts * part), dtype=np.float32)
    padded[:, :width] = matrix
    return padded.reshape(n, n_parts, part).transpose(1, 0, 2)


def _k_means(points: Matrix) -> Matrix:
    """At most 256 centroids of `points`, by Lloyd's rounds from points far from each other (k-means++)."""
    points = np.ascontiguousarray(points[:: max(1, len(points) // _SAMPLE)])
    rng = np.random.default_rng(0)
    if not len(points):
        return np.zeros((_WORDS, points.shape[1]), dtype=np.float32)
    centroids = [points[0]]
    distances = ((points - points[0]) ** 2).sum(axis=1, dtype=np.float64)
    while len(centroids) < _WORDS and (total := distances.sum()) > 0:
        chosen = points[rng.choice(len(points), p=distances / total)]
        centroids.append(chosen)
        distances = np.minimum(distances, ((points - chosen) ** 2).sum(axis=1))
    words = np.stack(centroids)
    for _ in range(_ROUNDS):
        nearest = _nearest(points, words)
        counts = np.bincount(nearest, minlength=len(words))
        sums = np.zeros_like(words, dtype=np.float64)
        np.add.at(sums, nearest, points)
        words[counts > 0] = (sums[counts > 0] / counts[counts > 0, None]).astype(np.float32)
    missing = np.zeros((_WORDS - len(words), points.shape[1]), dtype=np.float32)  # all alphabets are as long
    return np.concatenate([words, missing]).astype(np.float16).astype(np.float32)  # as they are stored


@compiled
def _nearest(points: Matrix, words: Matrix) -> NDArray[np.uint8]:
    nearest = np.zeros(len(points), dtype=np.uint8)
    for place in range(len(points)):
        least = np.inf
        for word in range(len(words)):
            total = 0.0
            for column in range(points.shape[1]):
                total += (points[place, column] - words[word, column]) ** 2
            if total < least:
                least = total
                nearest[place] = word
    return nearest


@compiled
def _looked_up(table: Matrix, codes: NDArray[np.uint8]) -> Matrix:
    sums = np.zeros(len(codes), dtype=np.float32)
    for place in range(len(codes)):
        for part in range(len(table)):
            sums[place] += table[part, codes[place, part]]
    return sums
