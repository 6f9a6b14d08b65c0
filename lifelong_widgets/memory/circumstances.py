"""What is taken under which circumstances, against how often it is taken at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.states import check_arrays, check_ascending

PAUSES_IN_SECONDS = np.array([1_800.0, 43_200.0, 604_800.0])
"""Where one kind of pause ends and the next begins: half an hour, half a day, a week.

None is shorter: a pause of seconds before a click is how long its very item was looked at. When a list is
made nobody knows that, though a log that is replayed does.
"""

N_PAUSES = len(PAUSES_IN_SECONDS) + 2
OPENING = 1
"""The first kind of pause after which an event opens a sitting; the last is that before a first event."""

SITTING = float(PAUSES_IN_SECONDS[OPENING - 1])
"""Seconds without an event, after which a person's sitting is over."""

UNKNOWN_SHARE = 0.5
"""Which share of its events is taken to have opened a sitting, of an item that nobody has had."""

_MOST = 2**30  # events of an item: a file that says more would soon overflow
_BEFORE = 4.0  # as many events of an item are imagined, under all circumstances as all events are


def pause_kind(seconds: float) -> int:
    """The kind of a pause, 0 for the shortest; infinity is that before a first event.

    >>> pause_kind(90.0), pause_kind(7_200.0), pause_kind(86_400.0), pause_kind(float("inf"))
    (0, 1, 2, 4)
    """
    if np.isinf(seconds):
        return N_PAUSES - 1
    return int(np.searchsorted(PAUSES_IN_SECONDS, seconds))


class Circumstances:
    """How much more often than others each item is taken under each of some circumstances.

    With ``n_jk`` the events of item j under the circumstances k, ``n_j`` all of its events, and ``P_k`` the
    share of k in all events, with one of each kind imagined::

        affinity(j, k) = ½ log((n_jk + 4 P_k) / ((n_j + 4) P_k))

    So it is 0 for an item of which nothing is known, and for one that is taken under all circumstances alike:
    how popular it is makes no difference, which others tell.

    Args:
        n: How many circumstances there are.

    Source: pointwise mutual information, K. Church and P. Hanks, "Word association norms, mutual information,
    and lexicography", Computational Linguistics 1990, with the shrinkage of an empirical Bayes estimate.

    >>> pauses = Circumstances(2)
    >>> for kind, item in [(0, 7), (0, 7), (1, 4), (1, 4)]:
    ...     pauses.learn(kind, item)
    >>> pauses.affinity(np.array([4, 7, 9]), kind=0).round(2)
    array([-0.2 ,  0.14,  0.  ], dtype=float32)
    >>> pauses.share(np.array([4, 7, 9]), begin=1).round(2)
    array([0.83, 0.17, 0.5 ], dtype=float32)
    """

    def __init__(self, n: int) -> None:
        self._counts: NDArray[np.int32] = np.zeros((0, n), dtype=np.int32)
        self._totals: NDArray[np.int64] = np.zeros(n, dtype=np.int64)

    def learn(self, kind: int, item: int, ledger: Ledger | None = None) -> None:
        """`item` was taken under circumstances of a `kind`; `ledger` can then take it back."""
        n = len(self._counts)
        if item >= n:
            more = np.zeros((max(item + 1, 2 * n) - n, len(self._totals)), dtype=np.int32)
            self._counts = np.concatenate([self._counts, more])
        if ledger is not None:
            ledger.keep(self, "_counts", (item, kind))
            ledger.keep(self, "_totals", kind)
        self._counts[item, kind] += 1
        self._totals[kind] += 1

    def affinity(self, items: NDArray[np.int64], kind: int) -> NDArray[np.float32]:
        """How much more often than others each of `items` is taken under circumstances of a `kind`."""
        n_events = int(self._totals.sum())
        share = (int(self._totals[kind]) + 1.0) / (n_events + len(self._totals))
        return _affinities(self._counts, items, kind, share)

    def share(self, items: NDArray[np.int64], begin: int) -> NDArray[np.float32]:
        """Which share of the events of each of `items` was of a kind from `begin` on."""
        return _shares(self._counts, items, begin)

    @property
    def n_bytes(self) -> int:
        """What the items that had an event take."""
        return 4 * len(self._totals) * int(np.count_nonzero(self._counts.any(axis=1)))

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays."""
        items = np.flatnonzero(self._counts.any(axis=1))
        return {"items": items, "counts": self._counts[items]}

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back whose items are below `n_items`.

        Raises:
            FormatError: the arrays do not fit each other or the items.
        """
        items, counts, width = state["items"], state["counts"], len(self._totals)
        n = len(items)
        check_arrays(
            "circumstances",
            state,
            items=((n,), np.int64, n_items - 1),
            counts=((n, width), np.int32, None),
        )
        check_ascending("circumstances: items", items)
        if n and (counts.min() < 0 or counts.max() > _MOST or not counts.any(axis=1).all()):
            raise FormatError("circumstances: a count is negative or huge, or an item had no event")
        self._counts = np.zeros((int(items.max(initial=-1)) + 1, width), dtype=np.int32)
        self._counts[items] = counts
        self._totals = counts.sum(axis=0, dtype=np.int64)


@compiled
def _affinities(
    counts: NDArray[np.int32], items: NDArray[np.int64], kind: int, share: float
) -> NDArray[np.float32]:
    affinities = np.zeros(len(items), dtype=np.float32)
    for place in range(len(items)):
        if items[place] < len(counts):
            own, total = counts[items[place]], 0
            for other in range(len(own)):
                total += own[other]
            affinities[place] = 0.5 * np.log((own[kind] + _BEFORE * share) / ((total + _BEFORE) * share))
    return affinities


@compiled
def _shares(counts: NDArray[np.int32], items: NDArray[np.int64], begin: int) -> NDArray[np.float32]:
    shares = np.full(len(items), np.float32(UNKNOWN_SHARE))
    for place in range(len(items)):
        if items[place] < len(counts):
            own, among, total = counts[items[place]], 0, 0
            for other in range(len(own)):
                total += own[other]
                if other >= begin:
                    among += own[other]
            shares[place] = (among + UNKNOWN_SHARE) / (total + 1.0)
    return shares
