"""Rows that were made of files, kept: the file may be gone tomorrow, or be another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lifelong_widgets.data import Id, Item
from lifelong_widgets.errors import FormatError
from lifelong_widgets.featurizers.base import Array, Medium


class KeptRows:
    """A row for each item whose file was looked at; of zeros where it could not be read.

    Args:
        medium: the field of an item that names the file.

    >>> kept = KeptRows("image")
    >>> shelf = [Item(1, "Fog", image="fog.png"), Item(2, "Tide")]
    >>> kept.of(shelf, 2, lambda items: np.ones((len(items), 2), dtype=np.float32)).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    >>> kept.of(shelf, 2, lambda items: 1 / 0).tolist()  # nothing is made again
    [[1.0, 1.0], [0.0, 0.0]]
    >>> again = KeptRows("image")
    >>> again.recall(kept.written(shelf), shelf, 2)
    >>> again.of(shelf, 2, lambda items: 1 / 0).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(self, medium: Medium) -> None:
        self.medium = medium
        self._rows: dict[Id, Array] = {}

    def copy(self) -> KeptRows:
        """Another one with the same rows."""
        other = KeptRows(self.medium)
        other._rows = dict(self._rows)
        return other

    def of(self, items: Sequence[Item], width: int, make: Callable[[list[Item]], Array]) -> Array:
        """The rows of `items`, (n_items, width) float32; `make` is asked for those that are not kept yet."""
        new = [item for item in items if item.id not in self._rows and getattr(item, self.medium) is not None]
        if new:
            self._rows.update(zip([item.id for item in new], make(new), strict=True))
        rows = np.zeros((len(items), width), dtype=np.float32)
        for place, item in enumerate(items):
            if (row := self._rows.get(item.id)) is not None:
                rows[place] = row
        return rows

    def written(self, items: Sequence[Item]) -> dict[str, Any]:
        """What is kept of `items`, as arrays: the ``places`` of those that have a row, and the ``rows``."""
        named = [(place, item) for place, item in enumerate(items) if getattr(item, self.medium) is not None]
        known = [(place, row) for place, item in named if (row := self._rows[item.id]).any()]
        places = np.array([place for place, _ in known], dtype=np.int64)
        rows = np.stack([row for _, row in known]) if known else np.zeros((0, 0), dtype=np.float32)
        return {"places": places, "rows": rows}

    def recall(self, written: dict[str, Any], items: Sequence[Item], width: int) -> None:
        """Take back what `written` gave of these very items: no file of theirs is read any more.

        Raises:
            FormatError: it is of other items, or of rows of another width.
        """
        places, rows = written["places"], written["rows"]
        n = len(places)
        if not (
            places.dtype == np.int64
            and rows.dtype == np.float32
            and places.shape == (n,)
            and rows.shape == ((n, width) if n else (0, 0))
            and (np.diff(places, prepend=-1, append=len(items)) > 0).all()
            and np.isfinite(rows).all()
        ):
            raise FormatError(f"the rows of {self.medium} files are not those of {len(items)} items")
        nothing = np.zeros(width, dtype=np.float32)
        self._rows.update((item.id, nothing) for item in items if getattr(item, self.medium) is not None)
        self._rows.update((items[place].id, row) for place, row in zip(places.tolist(), rows, strict=True))
