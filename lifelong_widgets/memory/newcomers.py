"""The items that nobody has taken yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.memory.popularity import PopularityBank, log_minutes
from lifelong_widgets.memory.scores import DenseScores, Scores, best_places, best_places_in, contains, union

ALWAYS = -np.inf
"""When an item was released of which nobody said it: it has always been there."""

_LATEST = 1024  # as many of those that were released last are compared by their content
_NEWEST = 5  # as many of these are named for being new, whatever they are
_PER_MEMBER = 10  # and as many by each who can tell one from another


class Newcomers:
    """Names items that nobody has taken yet, for the gate to weigh beside those that the past speaks for.

    Members that count can name none of them. Those that know what an item is made of can: the content, and
    the network. What decides how far they get is what the gate has learned of items without an event, of
    their age and of their likeness, from the first events of the items before them. So it matters that an
    item was not there before it was `released`: the gate would learn that what is not there is not taken.

    Of the catalogue that a recommender was made or fitted with, an item is there from then on, by the clock
    of the log; one that was added later is there at once. A clock that stands at 0 has not begun to run: then
    all is there. It is a function of what it was told of the items and of who has had an event, and keeps
    nothing else.

    Args:
        released: when each item was, (n_items,), in seconds, or `ALWAYS`.
        n_listed: how many of them stood in the first catalogue; all, if it is not said.

    >>> newcomers, bank = Newcomers(np.array([50.0, 10.0, ALWAYS, 90.0])), PopularityBank()
    >>> bank.add(1, now=20.0)
    >>> newcomers.there(60.0, bank)
    array([0, 2])
    """

    def __init__(self, released: NDArray[np.float64] | None = None, n_listed: int | None = None) -> None:
        self._released = np.zeros(0)
        self._order = np.zeros(0, dtype=np.int64)  # from the one that was released first
        self.n_listed = 0
        if released is not None:
            self.grow(released, listed=True)
        if n_listed is not None:
            self.n_listed = n_listed

    def grow(self, released: NDArray[np.float64], listed: bool = False) -> None:
        """Append items.

        Args:
            released: when each was, in seconds, or `ALWAYS`.
            listed: they stand in the catalogue that a recommender is made or fitted with.
        """
        new = np.argsort(released, kind="stable")
        places = np.searchsorted(self._released[self._order], released[new], side="right")
        self._order = np.insert(self._order, places, len(self._released) + new)
        self._released = np.concatenate([self._released, released])
        if listed:
            self.n_listed = len(self._released)

    def could_be_taken(self, item: int, now: float) -> bool:
        """Whether `item` was there before the time `now`: what comes with its first event could not be."""
        return item < len(self._released) and bool(item >= self.n_listed or self._released[item] < now)

    def there(self, now: float, popularity: PopularityBank) -> NDArray[np.int64]:
        """Those that are there and have had no event, the latest first, at most `_LATEST` of them."""
        counts, now = popularity.event_counts, _time(now)
        return _without_events(self._order, self._released, self.n_listed, counts, now, _LATEST)

    def unreleased(self, now: float, popularity: PopularityBank) -> NDArray[np.int64]:
        """Those that come only after `now` and have had no event, ascending."""
        if not len(self._order) or self._released[self._order[-1]] <= _time(now):
            return np.zeros(0, dtype=np.int64)
        later = np.flatnonzero(self._released[: self.n_listed] > _time(now))
        without: NDArray[np.int64] = later[popularity.counts(later) == 0]
        return without

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
        dated = (self._released[there] > ALWAYS) | (there >= self.n_listed)
        named = [there[dated][:_NEWEST]]
        if "content" in scores and len(there):
            named.append(there[best_places(scores["content"].of(there), _PER_MEMBER)])
        network = scores.get("network")
        if isinstance(network, DenseScores):
            taken = popularity.event_counts
            named.append(
                _best_without_events(
                    network.values, self._released, self.n_listed, taken, _time(now), consumed, _PER_MEMBER
                )
            )
        return union(*named)

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
        _tell_age(told, items, self._released, popularity.event_counts, _time(now))


def _time(clock: float) -> float:
    return clock if clock > 0.0 else np.inf


@compiled
def _is_new(
    item: int, released: NDArray[np.float64], n_listed: int, counts: NDArray[np.float64], now: float
) -> bool:
    """Whether an item is there and has had no event."""
    there = item >= n_listed or released[item] <= now
    return bool(there and (item >= len(counts) or counts[item] == 0.0))


@compiled
def _without_events(
    order: NDArray[np.int64],
    released: NDArray[np.float64],
    n_listed: int,
    counts: NDArray[np.float64],
    now: float,
    most: int,
) -> NDArray[np.int64]:
    found, size = np.empty(min(most, len(order)), dtype=np.int64), 0
    for place in range(len(order) - 1, -1, -1):
        item = order[place]
        if _is_new(item, released, n_listed, counts, now):
            if size == len(found):
                break
            found[size] = item
            size += 1
    return found[:size]


@compiled
def _best_without_events(
    values: NDArray[np.float32],
    released: NDArray[np.float64],
    n_listed: int,
    counts: NDArray[np.float64],
    now: float,
    consumed: NDArray[np.int64],
    k: int,
) -> NDArray[np.int64]:
    masked = np.full(len(values), np.float32(-np.inf))
    for item in range(min(len(values), len(released))):
        if _is_new(item, released, n_listed, counts, now):
            masked[item] = values[item]
    return best_places_in(masked, k, consumed)


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
