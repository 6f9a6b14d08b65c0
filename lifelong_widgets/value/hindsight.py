"""How far the values of items were from what came of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.learning import ReplayBuffer

_LOOKED_AT = 16  # transitions of an item that are asked how far its value was off: the newest
_AT_ONCE = 512  # of them are scored together: as many lists of `SLATE_SIZE` rows are in memory then


def mean_errors(
    buffer: ReplayBuffer,
    items: NDArray[np.int64],
    errors_of: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The mean error of the last transitions that took each of `items`, (n,); NaN where none is kept.

    Args:
        buffer: the transitions that are kept, the most recent ones.
        items: (n,), ascending or not, none twice.
        errors_of: the errors of the transitions in some slots.
    """
    found = np.full(len(items), np.nan, dtype=np.float32)
    kept = buffer.items
    slots = np.flatnonzero(np.isin(kept, items))
    age = (buffer.n_seen - 1 - slots) % buffer.capacity
    slots = slots[np.lexsort((age, kept[slots]))]  # item by item, the newest first
    owners = kept[slots]
    slots = slots[np.arange(len(slots)) - np.searchsorted(owners, owners) < _LOOKED_AT]
    errors = [errors_of(slots[n : n + _AT_ONCE]) for n in range(0, len(slots), _AT_ONCE)]
    if errors:
        own, place = np.unique(kept[slots], return_inverse=True)
        mean = np.bincount(place, weights=np.concatenate(errors)) / np.bincount(place)
        there = np.isin(items, own)
        found[there] = mean[np.searchsorted(own, items[there])]
    return found
