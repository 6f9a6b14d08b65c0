"""The items that nobody has taken yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.memory.popularity import PopularityBank, log_minutes
from lifelong_widgets.memory.scores import Scores, best_places, contains, union

ALWAYS = -np.inf
"""When an item was released of which nobody said it: it has always been there."""

_LATEST = 1024  # as many of those that were released last are looked at
_NEWEST = 5  # as many of these are named for being new, whatever they are
_PER_MEMBER = 10  # and as many by each who can tell one from another


class Newcomers:
    """Names items that nobody has taken yet, for the gate to weigh beside those that the past speaks for.

    Members that count can name none of them. Those that know what an item is made of can: the content, and
    the network. What decides how far they get is what the gate has learned of items without an event, of
    their age and of their likeness, from the first events of the items before them. So it matters that an
    item was not there before it was `released`: the gate would learn that what is not there is not taken.

    It is a function of what it was told of the items and of who has had an event, and keeps nothing else.

    Args:
        released: when each item was, (n_items,), in seconds, or `ALWAYS`.

    >>> newcomers, bank = Newcomers(np.array([50.0, 10.0, ALWAYS, 90.0])), PopularityBank()
    >>> bank.add(1, now=20.0)
    >>> newcomers.there(60.0, bank)
    array([0, 2])
    """

    def __init__(self, released: NDArray[np.float64] | None = None) -> None:
        self._released = np.zeros(0)
        self._order = np.zeros(0, dtype=np.int64)  # from the one that was released first
        if released is not None:
            self.grow(released)

    def grow(self, released: NDArray[np.float64]) -> None:
        """Append items; `released`: when each was, in seconds, or `ALWAYS`."""
        new = np.argsort(released, kind="stable")
        places = np.searchsorted(self._released[self._order], released[new], side="right")
        self._order = np.insert(self._order, places, len(self._released) + new)
        self._released = np.concatenate([self._released, released])

    def could_be_taken(self, item: int, now: float) -> bool:
        """Whether `item` was there already at the time `now`."""
        return item < len(self._released) and bool(self._released[item] < now)

    def there(self, now: float, popularity: PopularityBank) -> NDArray[np.int64]:
        """Those released by `now` that have had no event, the latest first, at most `_LATEST` of them."""
        return _without_events(self._order, self._released, popularity.event_counts, now, _LATEST)

    def named(
        self,
        scores: dict[str, Scores],
        popularity: PopularityBank,
        consumed: NDArray[np.int64],
        now: float,
    ) -> NDArray[np.int64]:
        """The newest of them, and those that content and network think most of, ascending.

        Args:
            scores: by each member that says something.
            popularity: who has had an event.
            consumed: what is not named, ascending.
            now: the time, in seconds.
        """
        there = self.there(now, popularity)
        there = there[~contains(consumed, there)]
        named = [there[:_NEWEST]]
        for member in ("content", "network"):
            if member in scores and len(there):
                named.append(there[best_places(scores[member].of(there), _PER_MEMBER)])
        return union(*named)

    def hide_unreleased(
        self, scores: NDArray[np.float32], popularity: PopularityBank, now: float
    ) -> NDArray[np.float32]:
        """`scores`, (n_items,), or a copy with -inf for those without an event that come later than `now`."""
        n = len(self._order)
        if not n or self._released[self._order[-1]] <= now:
            return scores
        later = self._order[np.searchsorted(self._released[self._order], now, side="right") :]
        hidden = scores.copy()
        hidden[later[popularity.counts(later) == 0]] = -np.inf
        return hidden

    def tell_age(
        self,
        told: NDArray[np.float32],
        items: NDArray[np.int64],
        popularity: PopularityBank,
        now: float,
    ) -> None:
        """Into `told`, (n,), of each of `items` without an event how long it has been there, if it is known.

        In the units of `log_minutes`.
        """
        _tell_age(told, items, self._released, popularity.event_counts, now)


@compiled
def _without_events(
    order: NDArray[np.int64],
    released: NDArray[np.float64],
    counts: NDArray[np.float64],
    now: float,
    most: int,
) -> NDArray[np.int64]:
    found, size = np.empty(min(most, len(order)), dtype=np.int64), 0
    for place in range(len(order) - 1, -1, -1):
        item = order[place]
        if released[item] <= now and (item >= len(counts) or counts[item] == 0.0):
            if size == len(found):
                break
            found[size] = item
            size += 1
    return found[:size]


@compiled
def _tell_age(
    told: NDArray[np.float32],
    items: NDArray[np.int64],
    released: NDArray[np.float64],
    counts: NDArray[np.float64],
    now: float,
) -> None:
    for place in range(len(items)):
        item = items[place]
        if item < len(released) and (item >= len(counts) or counts[item] == 0.0) and released[item] > -np.inf:
            told[place] = log_minutes(now - released[item])
