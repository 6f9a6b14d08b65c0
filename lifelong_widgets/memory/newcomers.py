"""The items that nobody has taken yet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.popularity import log_minutes
from lifelong_widgets.memory.scores import Scores, best_places, contains, offer, union

ALWAYS = -np.inf
"""When an item was released of which nobody said it: it has always been there."""

_LATEST = 1024  # as many of those that were released last are compared by their content
_NEWEST = 5  # as many of these are named for being new, whatever they are
_PER_MEMBER = 10  # and as many by each who can tell one from another


class Moment(NamedTuple):
    """When something is asked.

    Attributes:
        time: in seconds.
        told: whether whoever asks said so. Else it is the clock of the log, which stands still between two
            events with a time, and at 0 before the first.
    """

    time: float
    told: bool = True


class Newcomers:
    """Names items that nobody has taken yet, for the gate to weigh beside those that the past speaks for.

    Members that count can name none of them. Those that know what an item is made of can: the content, and
    the network. What decides how far they get is what the gate has learned of items without an event, of
    their age and of their likeness, from the first events of the items before them. So it matters that an
    item was not there before it was `released`: the gate would learn that what is not there is not taken.

    An item is there from when it was released, if whoever asks says what time it is. If nobody says so, that
    holds, by the clock of the log, for the catalogue that a recommender was made or fitted with. What was
    added later is there at once then, since the clock may have stopped long before; and while it stands at 0,
    it has not begun to run, and all is there.

    Nothing here walks over the items: they lie in runs, each in the order of release, as a log-structured
    merge tree has them; of each 64 places, and of each 4,096, it is known how many hold an item that nobody
    has taken, so that the next of these is found in a few steps. An event costs O(1), an item that is added
    O(log n) on average, a list what it names (and one number for each 4,096 items). It is a function of what
    it was told of the items and of which have had an event, and keeps nothing else.

    Source: P. O'Neil, E. Cheng, D. Gawlick and E. O'Neil, "The log-structured merge-tree", Acta Informatica
    1996; for the counts, the idea of P. van Emde Boas, "Preserving order in a forest in less than logarithmic
    time", FOCS 1975.

    Args:
        released: when each item was, (n_items,), in seconds, or `ALWAYS`.
        n_listed: how many of them stood in the first catalogue; all, if it is not said.

    >>> newcomers = Newcomers(np.array([50.0, 10.0, ALWAYS, 90.0]))
    >>> newcomers.take(1)
    >>> newcomers.there(Moment(60.0))
    array([0, 2])
    """

    def __init__(self, released: NDArray[np.float64] | None = None, n_listed: int | None = None) -> None:
        self.n_listed = self._n = 0
        self._released = np.zeros(0)
        self._untaken = np.zeros(0, dtype=np.bool_)
        self._order = np.zeros(0, dtype=np.int64)  # each run from the one that was released first
        self._place = np.zeros(0, dtype=np.int64)  # of each item in the order
        self._counts = np.zeros(0, dtype=np.int64)  # of the untaken, for each 64 places
        self._sums = np.zeros(0, dtype=np.int64)  # and for each 64 of these
        self._bounds = np.zeros(1, dtype=np.int64)  # of the runs, whose items follow each other
        if released is not None:
            n_listed = len(released) if n_listed is None else n_listed
            self.grow(released[:n_listed], listed=True)
            self.grow(released[n_listed:])

    def grow(self, released: NDArray[np.float64], listed: bool = False) -> None:
        """Append items that nobody has taken.

        Args:
            released: when each was, in seconds, or `ALWAYS`.
            listed: they stand in the catalogue that a recommender is made or fitted with.
        """
        if not len(released):
            return
        begin, end = self._n, self._n + len(released)
        self._make_room(end)
        self._released[begin:end], self._untaken[begin:end], self._n = released, True, end
        if listed:
            self.n_listed = end
            self._bounds = np.array([0, end])
            self._sort(0, end)
            return
        self._sort(begin, end)
        bounds = [*self._bounds.tolist(), end]
        while len(bounds) > 2 and bounds[-3] >= self.n_listed:
            first, middle, last = bounds[-3:]
            follows = self._released[self._order[middle - 1]] <= self._released[self._order[middle]]
            if not follows:
                if middle - first > 2 * (last - middle):
                    break
                self._sort(first, last)
            del bounds[-2]
        self._bounds = np.array(bounds)

    def take(self, item: int, ledger: Ledger | None = None) -> None:
        """`item` has an event; `ledger` can then take it back."""
        if item < self._n and self._untaken[item]:
            self._set(item, False)
            if ledger is not None:
                ledger.call(self._set, item, True)

    def take_all(self, items: NDArray[np.int64]) -> None:
        """Each of `items` has had an event."""
        self._untaken[items[items < self._n]] = False
        self._count(0, self._n)

    def copy_items(self, other: Newcomers, items: NDArray[np.int64]) -> None:
        """Know what `other` knows, if it has differed in `items` and in those that it has beyond these alone.

        O(1) for each of `items`, and O(log n) on average for each that was added. The first catalogue must be
        the same.
        """
        n = self._n
        self.grow(other._released[n : other._n])
        items = np.concatenate([items[items < n], np.arange(n, self._n)])
        for item in items.tolist():
            if self._untaken[item] != other._untaken[item]:
                self._set(item, bool(other._untaken[item]))

    def is_new(self, item: int) -> bool:
        """Whether nobody has taken `item` yet."""
        return item < self._n and bool(self._untaken[item])

    def was_there(self, item: int, time: float) -> bool:
        """Whether `item` was there before `time`: what comes with its first event could not be taken."""
        return item < self._n and bool(item >= self.n_listed or self._released[item] < time)

    def released_of(self, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """When each of `items` was released, in seconds, or `ALWAYS`."""
        return self._released[items]

    def there(self, moment: Moment) -> NDArray[np.int64]:
        """Those that are there and have had no event, the latest first, at most `_LATEST` of them."""
        return _latest(
            self._untaken,
            self._released,
            self._order,
            self._counts,
            self._sums,
            self._bounds,
            *self._limits(moment),
            self.n_listed,
            _LATEST,
        )

    def hide(self, scores: NDArray[np.float32], moment: Moment) -> None:
        """Into `scores`, (n_items,), -inf for those that are not there yet and have had no event.

        In place, and O(1) for each of them, and for each that was taken before it was released.
        """
        limits = self._limits(moment)
        for begin, end in zip(self._bounds[:-1].tolist(), self._bounds[1:].tolist(), strict=True):
            later = self._order[self._end_of_run(begin, end, limits[begin >= self.n_listed]) : end]
            scores[later[self._untaken[later]]] = -np.inf

    def listed_by(self, moment: Moment) -> NDArray[np.int64] | None:
        """Those of the first catalogue that were released by then; None if all were. O(log n)."""
        end = self._end_of_run(0, self.n_listed, self._limits(moment)[0])
        return None if end == self.n_listed else self._order[:end]

    def listed_after(self, moment: Moment) -> NDArray[np.int64]:
        """Those of the first catalogue that were released later. O(log n)."""
        return self._order[self._end_of_run(0, self.n_listed, self._limits(moment)[0]) : self.n_listed]

    def best_of_all(
        self, values: NDArray[np.float32], k: int, hidden: NDArray[np.int64], moment: Moment
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """In one pass over `values`, (n_items,): the `k` best items, and the best that nobody has taken yet.

        In any order, without those that are `hidden` (ascending) and those that are not there yet.
        """
        size, limits = min(_PER_MEMBER, self._n), self._limits(moment)
        of_each = self._untaken[: self._n], self._released
        return _best_of_all(values, k, size, hidden, *of_each, *limits, self.n_listed)

    def named(self, content: Scores | None, consumed: NDArray[np.int64], moment: Moment) -> NDArray[np.int64]:
        """The newest of them, and those that the content thinks most of, each once.

        Args:
            content: how alike items are to what a person has taken, if that is known.
            consumed: what is not named, ascending.
            moment: when.
        """
        there = self.there(moment)
        there = there[~contains(consumed, there)]
        dated = (self._released[there] > ALWAYS) | (there >= self.n_listed)
        named = [there[dated][:_NEWEST]]
        if content is not None and len(there):
            named.append(there[best_places(content.of(there), _PER_MEMBER)])
        return union(*named)

    def tell_age(self, told: NDArray[np.float32], items: NDArray[np.int64], moment: Moment) -> None:
        """Into `told`, (n,), of each of `items` without an event how long it has been there, if it is known.

        In the units of `log_minutes`.
        """
        _tell_age(told, items, self._untaken, self._released, self._n, self._limits(moment)[0])

    def _limits(self, moment: Moment) -> tuple[float, float]:
        """By when what was listed must have been released to be there, and what was added later."""
        if moment.told:
            return moment.time, moment.time
        return (moment.time if moment.time > 0.0 else np.inf), np.inf

    def _end_of_run(self, begin: int, end: int, limit: float) -> int:
        """The place of the first in a run that was released after `limit`."""
        return _end_of_run(self._released, self._order, begin, end, limit)

    def _set(self, item: int, untaken: bool) -> None:
        place, step = self._place[item], 1 if untaken else -1
        self._untaken[item] = untaken
        self._counts[place >> 6] += step
        self._sums[place >> 12] += step

    def _sort(self, begin: int, end: int) -> None:
        """Make one run of the items from `begin` to `end`."""
        order = begin + np.argsort(self._released[begin:end], kind="stable")
        self._order[begin:end], self._place[order] = order, np.arange(begin, end)
        self._count(begin, end)

    def _count(self, begin: int, end: int) -> None:
        _count(self._untaken, self._order, self._counts, self._sums, begin, end, self._n)

    def _make_room(self, n: int) -> None:
        if n <= len(self._order):
            return
        room = max(n, 2 * len(self._order), 64)
        sizes = {"_released": room, "_untaken": room, "_order": room, "_place": room}
        sizes |= {"_counts": (room >> 6) + 1, "_sums": (room >> 12) + 1}
        for name, size in sizes.items():
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros(size - len(old), dtype=old.dtype)]))


@compiled
def _count(
    untaken: NDArray[np.bool_],
    order: NDArray[np.int64],
    counts: NDArray[np.int64],
    sums: NDArray[np.int64],
    begin: int,
    end: int,
    n: int,
) -> None:
    """Count the untaken anew for the blocks in which the places from `begin` to `end` lie; there are `n`."""
    for block in range(begin >> 6, (end + 63) >> 6):
        counts[block] = 0
        for place in range(block << 6, min((block + 1) << 6, n)):
            counts[block] += untaken[order[place]]
    for group in range(begin >> 12, (end + 4095) >> 12):
        sums[group] = 0
        for block in range(group << 6, min((group + 1) << 6, (n + 63) >> 6)):
            sums[group] += counts[block]


@compiled
def _last_up_to(
    untaken: NDArray[np.bool_],
    order: NDArray[np.int64],
    counts: NDArray[np.int64],
    sums: NDArray[np.int64],
    place: int,
) -> int:
    """The last place up to `place` that holds an untaken item; -1 if there is none."""
    block = place >> 6
    while place >= 0 and place >> 6 == block:
        if untaken[order[place]]:
            return place
        place -= 1
    block -= 1
    while block >= 0:
        if block & 63 == 63 and sums[block >> 6] == 0:
            block -= 64
        elif counts[block] == 0:
            block -= 1
        else:
            place = (block << 6) + 63
            while not untaken[order[place]]:
                place -= 1
            return place
    return -1


@compiled
def _end_of_run(
    released: NDArray[np.float64], order: NDArray[np.int64], begin: int, end: int, limit: float
) -> int:
    while begin < end:
        middle = (begin + end) // 2
        if released[order[middle]] <= limit:
            begin = middle + 1
        else:
            end = middle
    return begin


@compiled
def _latest(
    untaken: NDArray[np.bool_],
    released: NDArray[np.float64],
    order: NDArray[np.int64],
    counts: NDArray[np.int64],
    sums: NDArray[np.int64],
    bounds: NDArray[np.int64],
    of_listed: float,
    of_added: float,
    n_listed: int,
    most: int,
) -> NDArray[np.int64]:
    """The untaken items that are there, from the one released last; of several at once the later one."""
    n_runs = len(bounds) - 1
    heads = np.empty(n_runs, dtype=np.int64)
    for run in range(n_runs):
        limit = of_added if bounds[run] >= n_listed else of_listed
        end = _end_of_run(released, order, bounds[run], bounds[run + 1], limit)
        heads[run] = _last_up_to(untaken, order, counts, sums, end - 1) if end > bounds[run] else -1
    found, size = np.empty(min(most, len(order)), dtype=np.int64), 0
    while size < len(found):
        best, item = -1, -1
        for run in range(n_runs):
            if heads[run] < bounds[run]:
                continue
            other = order[heads[run]]
            later = best < 0 or released[other] > released[item]
            if later or (released[other] == released[item] and other > item):
                best, item = run, other
        if best < 0:
            break
        found[size] = item
        size += 1
        place = heads[best] - 1
        if place >= 0 and untaken[order[place]]:  # as where most are: quicker than the call
            heads[best] = place
        else:
            heads[best] = _last_up_to(untaken, order, counts, sums, place)
    return found[:size]


@compiled
def _best_of_all(
    values: NDArray[np.float32],
    k: int,
    n_new: int,
    hidden: NDArray[np.int64],
    untaken: NDArray[np.bool_],
    released: NDArray[np.float64],
    of_listed: float,
    of_added: float,
    n_listed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """See `Newcomers.best_of_all`."""
    best = np.empty(min(k, len(values)), dtype=np.int64)
    new = np.empty(min(n_new, len(values)), dtype=np.int64)
    size, size_new, next_hidden = 0, 0, 0
    none = np.float32(np.inf)  # of no room: nothing is better
    worst = np.float32(-np.inf) if len(best) else none
    worst_new = np.float32(-np.inf) if len(new) else none
    for place in range(len(values)):
        value = values[place]
        if not (value > worst or value > worst_new):
            continue
        while next_hidden < len(hidden) and hidden[next_hidden] < place:
            next_hidden += 1
        if next_hidden < len(hidden) and hidden[next_hidden] == place:
            continue
        nobodys = place < len(untaken) and untaken[place]
        if nobodys and released[place] > (of_listed if place < n_listed else of_added):
            continue
        if value > worst:
            size = offer(best, size, values, place)
            if size == len(best):
                worst = values[best[0]]
        if nobodys and value > worst_new:
            size_new = offer(new, size_new, values, place)
            if size_new == len(new):
                worst_new = values[new[0]]
    return best[:size], new[:size_new]


@compiled
def _tell_age(
    told: NDArray[np.float32],
    items: NDArray[np.int64],
    untaken: NDArray[np.bool_],
    released: NDArray[np.float64],
    n: int,
    now: float,
) -> None:
    for place in range(len(items)):
        item = items[place]
        if item < n and untaken[item] and released[item] > -np.inf:
            told[place] = log_minutes(now - released[item])
