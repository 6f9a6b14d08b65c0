"""How often each item was taken, and when: the popularity at several half-lives, the recency, the age."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.scores import contains, distinct_in, offer
from lifelong_widgets.memory.states import check_arrays, check_ascending
from lifelong_widgets.state_file import count_of

HALF_LIVES_IN_SECONDS = np.array([900.0, 10_800.0, 86_400.0, 604_800.0, 3_888_000.0, 31_536_000.0])
"""A quarter of an hour, three hours, a day, a week, 45 days, a year."""

HALF_LIVES_IN_EVENTS = np.array([100.0, 1_000.0, 10_000.0])
"""For logs without times, and for those whose pace changes."""

_N_IN_SECONDS = len(HALF_LIVES_IN_SECONDS)
N_HALF_LIVES = len(HALF_LIVES_IN_SECONDS) + len(HALF_LIVES_IN_EVENTS)
_RANKED = np.array([1, 3, 5, 7])  # the half-lives whose most popular items are kept at hand
_POOL = 256  # as many of them
LONGEST = 2.5
_FLOOR = -12.0  # below 2 ** -12 of the most popular is as good as none
_NEVER = -1e300  # the logarithm of no popularity at all; finite, so that it can be subtracted from


class PopularityBank:
    """The popularity of every item at `N_HALF_LIVES` half-lives at once.

    At the half-life h, with ``t_e`` the clock (seconds, or a count of events) at event e of item i::

        p_i(t) = Σ_e weight_e · 2 ** (-(t - t_e) / h)

    Fading changes all items alike, so what is kept is ``log2 Σ_e weight_e · 2 ** (t_e / h)``, which an event
    changes for one item and which never overflows. The most popular `_POOL` items at some of the half-lives
    are kept at hand: an event costs O(_POOL), and so does the answer, whatever the number of items. The pools
    are exact, since what is in them only ever rises against what is not.

    >>> bank = PopularityBank()
    >>> for item, time in [(4, 0.0), (4, 0.0), (7, 86_400.0)]:
    ...     bank.add(item, time)
    >>> bank.relative(np.array([4, 7]))[:, 2].round(2)  # at a half-life of a day: both weigh 1
    array([0., 0.], dtype=float32)
    >>> bank.top(2)
    array([4, 7])
    """

    NOTED = "_counts"
    """What a ledger is told of with every item that has an event."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.n_events = 0
        self._logs: NDArray[np.float64] = np.zeros((0, N_HALF_LIVES))
        self._counts: NDArray[np.float64] = np.zeros(0)
        self._firsts: NDArray[np.float64] = np.zeros(0)
        self._lasts: NDArray[np.float64] = np.zeros(0)
        self._tops: NDArray[np.float64] = np.full(N_HALF_LIVES, _NEVER)
        self._pools: NDArray[np.int32] = np.full((len(_RANKED), _POOL), -1, dtype=np.int32)

    def add(self, item: int, now: float, weight: float = 1.0, ledger: Ledger | None = None) -> None:
        """Count in one event that happens `now` (seconds), `weight` > 0; `ledger` can then take it back."""
        self._make_room(item + 1)
        if ledger is not None:
            for name in ("n_events", "_tops"):
                ledger.keep_all(self, name)
            for name in ("_logs", "_counts", "_firsts", "_lasts"):
                ledger.keep(self, name, item)
        fresh = bool(self._counts[item] == 0)
        _rise(self._logs[item], self._tops, now, self.n_events, math.log2(weight), fresh)
        self._counts[item] += 1.0
        self._firsts[item] = now if fresh else min(self._firsts[item], now)
        self._lasts[item] = now if fresh else max(self._lasts[item], now)
        self.n_events += 1
        for row, place in enumerate(_places_in_pools(self._pools, self._logs, _RANKED, item).tolist()):
            if place >= 0:
                if ledger is not None:
                    ledger.keep(self, "_pools", (row, place))
                self._pools[row, place] = item

    def counts(self, items: NDArray[np.int64]) -> NDArray[np.float64]:
        """How many events each of `items` has had."""
        return _counts(self._counts, items)

    @property
    def event_counts(self) -> NDArray[np.float64]:
        """How many events each item has had, by its index, (n_items,): not to be changed."""
        return self._counts

    def relative(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The popularity of `items` against the most popular item, (n, N_HALF_LIVES), log2; 0 is the most."""
        return _relative(self._logs, self._counts, self._tops, items)

    def tell(self, told: NDArray[np.float32], items: NDArray[np.int64], now: float) -> None:
        """What the gate is told about `items`, into (n, N_HALF_LIVES + 3).

        At each half-life 1 for the most popular and 1/6 less for each halving, to -1; for the time since the
        latest and since the first event 0 for none, 1 for two days and 2.5 for ever; and the count of events.
        """
        _tell(told, self._logs, self._tops, self._counts, self._firsts, self._lasts, items, now)

    def top(self, k: int, hidden: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """The `k` most popular at each of some half-lives, each item once, without those that are `hidden`.

        `hidden` is ascending. Only the most popular `_POOL` are looked through.
        """
        if not k:
            return np.zeros(0, dtype=np.int64)
        hidden = np.zeros(0, dtype=np.int64) if hidden is None else hidden
        return _best_of_pools(self._pools, self._logs, _RANKED, hidden, k)

    @property
    def n_items(self) -> int:
        """All items that had an event are below this."""
        return len(self._counts)

    @property
    def n_bytes(self) -> int:
        """What the items that had an event take."""
        return 8 * (N_HALF_LIVES + 3) * int(np.count_nonzero(self._counts)) + self._pools.nbytes

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and numbers."""
        items = np.flatnonzero(self._counts)
        return {
            "n_events": self.n_events,
            "items": items,
            "logs": self._logs[items],
            "counts": self._counts[items],
            "firsts": self._firsts[items],
            "lasts": self._lasts[items],
            "pools": self._pools.copy(),
        }

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back whose items are below `n_items`.

        Raises:
            FormatError: the arrays do not fit each other or the items.
        """
        items, pools = state["items"], state["pools"]
        n = len(items)
        check_arrays(
            "popularity",
            state,
            items=((n,), np.int64, n_items - 1),
            logs=((n, N_HALF_LIVES), np.float64, None),
            counts=((n,), np.float64, None),
            firsts=((n,), np.float64, None),
            lasts=((n,), np.float64, None),
        )
        check_ascending("popularity: items", items)
        if n and state["counts"].min() < 1:
            raise FormatError("popularity: an item is known that had no event")
        check_arrays("popularity", {"pools": pools + 1}, pools=((len(_RANKED), _POOL), np.int32, n_items))
        for pool in pools:
            size = int(np.count_nonzero(pool >= 0))
            known = np.unique(pool[:size])
            if not size == len(known) == min(n, _POOL) or not contains(items, known.astype(np.int64)).all():
                raise FormatError("popularity: a pool is not some of the items, each once")
        self._clear()
        if n:
            self._make_room(int(items.max()) + 1)
            self._tops = state["logs"].max(axis=0)
        self._logs[items], self._counts[items] = state["logs"], state["counts"]
        self._firsts[items], self._lasts[items] = state["firsts"], state["lasts"]
        self.n_events = count_of(state["n_events"], "n_events")
        self._pools = pools.copy()

    def _make_room(self, n: int) -> None:
        more = max(n, 2 * len(self._counts)) - len(self._counts)
        if n > len(self._counts):
            self._logs = np.concatenate([self._logs, np.zeros((more, N_HALF_LIVES))])
            for name in ("_firsts", "_lasts", "_counts"):  # the last says how much room there is
                setattr(self, name, np.concatenate([getattr(self, name), np.zeros(more)]))


@compiled
def _rise(
    logs: NDArray[np.float64],
    tops: NDArray[np.float64],
    now: float,
    n_events: int,
    log_weight: float,
    fresh: bool,
) -> None:
    """Count an event in, at each half-life, for the item whose `logs` these are."""
    for half_life in range(N_HALF_LIVES):
        if half_life < _N_IN_SECONDS:
            gain = now / HALF_LIVES_IN_SECONDS[half_life] + log_weight
        else:
            gain = n_events / HALF_LIVES_IN_EVENTS[half_life - _N_IN_SECONDS] + log_weight
        if not fresh:
            more, less = max(logs[half_life], gain), min(logs[half_life], gain)
            gain = more + np.log2(1.0 + 2.0 ** (less - more))
        logs[half_life] = gain
        tops[half_life] = max(tops[half_life], gain)


@compiled
def _counts(counts: NDArray[np.float64], items: NDArray[np.int64]) -> NDArray[np.float64]:
    picked = np.zeros(len(items), dtype=np.float64)
    for place in range(len(items)):
        if items[place] < len(counts):
            picked[place] = counts[items[place]]
    return picked


@compiled
def _relative(
    logs: NDArray[np.float64],
    counts: NDArray[np.float64],
    tops: NDArray[np.float64],
    items: NDArray[np.int64],
) -> NDArray[np.float32]:
    relative = np.full((len(items), len(tops)), np.float32(-1e30))
    for place in range(len(items)):
        item = items[place]
        if item < len(counts) and counts[item] > 0:
            for half_life in range(len(tops)):
                relative[place, half_life] = logs[item, half_life] - tops[half_life]
    return relative


@compiled
def _tell(
    told: NDArray[np.float32],
    logs: NDArray[np.float64],
    tops: NDArray[np.float64],
    counts: NDArray[np.float64],
    firsts: NDArray[np.float64],
    lasts: NDArray[np.float64],
    items: NDArray[np.int64],
    now: float,
) -> None:
    """See `PopularityBank.tell`."""
    for place in range(len(items)):
        item, own = items[place], told[place]
        if item < len(counts) and counts[item] > 0:
            for half_life in range(N_HALF_LIVES):
                own[half_life] = max(logs[item, half_life] - tops[half_life], _FLOOR) / 6.0 + 1.0
            own[N_HALF_LIVES] = log_minutes(now - lasts[item])
            own[N_HALF_LIVES + 1] = log_minutes(now - firsts[item])
            own[N_HALF_LIVES + 2] = np.log1p(counts[item]) / 5.0
        else:
            own[:N_HALF_LIVES] = _FLOOR / 6.0 + 1.0
            own[N_HALF_LIVES : N_HALF_LIVES + 2] = LONGEST
            own[N_HALF_LIVES + 2] = 0.0


@compiled
def log_minutes(seconds: float) -> float:
    """0 for at once, 1 for two days, `LONGEST` for ever."""
    return min(float(np.log1p(max(seconds, 0.0) / 60.0)) / 8.0, LONGEST)


@compiled
def _places_in_pools(
    pools: NDArray[np.int32], logs: NDArray[np.float64], half_lives: NDArray[np.int64], item: int
) -> NDArray[np.int64]:
    """Where in each pool `item`, which has risen, gets in: -1 if it is there, or not popular enough."""
    places = np.full(len(pools), -1, dtype=np.int64)
    for row in range(len(pools)):
        lowest, found = 0, False
        for place in range(pools.shape[1]):
            member = pools[row, place]
            if member == item:
                found = True
                break
            if member < 0:  # it is filled from the front
                lowest = place
                break
            if logs[member, half_lives[row]] < logs[pools[row, lowest], half_lives[row]]:
                lowest = place
        member = pools[row, lowest]
        if not found and (member < 0 or logs[item, half_lives[row]] > logs[member, half_lives[row]]):
            places[row] = lowest
    return places


@compiled
def _best_of_pools(
    pools: NDArray[np.int32],
    logs: NDArray[np.float64],
    half_lives: NDArray[np.int64],
    hidden: NDArray[np.int64],
    k: int,
) -> NDArray[np.int64]:
    """The `k` most popular of each pool that are not hidden, all together, ascending, each once."""
    chosen = np.empty(len(pools) * k, dtype=np.int64)
    values, heap, size = np.empty(pools.shape[1]), np.empty(min(k, pools.shape[1]), dtype=np.int64), 0
    for row in range(len(pools)):
        n = 0
        for place in range(pools.shape[1]):
            item = pools[row, place]
            if item < 0:  # it is filled from the front
                break
            values[place] = logs[item, half_lives[row]]
            if n == len(heap) and not values[place] > values[heap[0]]:
                continue
            at = np.searchsorted(hidden, item)  # last, since it takes the longest
            if at == len(hidden) or hidden[at] != item:
                n = offer(heap, n, values, place)
        for place in heap[:n]:
            chosen[size] = pools[row, place]
            size += 1
    return distinct_in(chosen[:size])
