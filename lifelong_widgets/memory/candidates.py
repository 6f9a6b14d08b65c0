"""The items that are worth a look, and what is known about each of them before the gate weighs it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.memory.circumstances import SITTING, UNKNOWN_SHARE
from lifelong_widgets.memory.newcomers import Moment, Newcomers
from lifelong_widgets.memory.popularity import LONGEST, N_HALF_LIVES, PopularityBank, log_minutes
from lifelong_widgets.memory.scores import DenseScores, Scores, contains, union

MEMBERS = ("close", "neighbors", "followers", "successors", "linear", "network", "content", "stage")
"""Who scores items for a person."""

PER_MEMBER = ("share", "log_score", "reciprocal_rank", "log_rank")
"""What the gate is told about the score that a member gives."""

FEATURES = (
    *(f"{member}.{what}" for member in MEMBERS for what in PER_MEMBER),
    *(f"popularity.{n}" for n in range(N_HALF_LIVES)),
    *("popularity.recency", "popularity.age", "popularity.count"),
    *("repeats.count", "repeats.place", "repeats.recency", "repeats.consumed", "repeats.disliked"),
    *("repeats.rhythm", "repeats.rhythm_in_events", "repeats.overdue"),
    *("popularity.after_pause", "popularity.opens", "popularity.fits"),
    *("context.history_length", "context.gap"),
    *("context.gap_to_usual", "context.sitting", "context.opens", "context.repeated", "context.consumed"),
    *("context.departures", "context.popularity"),
)
"""The columns of `Candidates.features`, each as ``group.name``."""

_SILENT = {
    "network.log_score": -3.0,
    **{f"popularity.{n}": -1.0 for n in range(N_HALF_LIVES)},
    "popularity.recency": LONGEST,
    "popularity.age": LONGEST,
    "popularity.opens": UNKNOWN_SHARE,
    "popularity.fits": UNKNOWN_SHARE,
    **{f"{member}.reciprocal_rank": 1.0 / 101.0 for member in MEMBERS},
    **{f"{member}.log_rank": -float(np.log1p(300.0)) / 5.0 for member in MEMBERS},
}
SILENT: NDArray[np.float32] = np.array([_SILENT.get(name, 0.0) for name in FEATURES], dtype=np.float32)
"""The features of an item about which nobody has anything to say."""

CONTEXT = np.array([name.startswith("context.") for name in FEATURES])
"""Which of `FEATURES` say something of the person, and so the same of all items of a list."""

_IN_CONTEXT = [name.removeprefix("context.") for name in FEATURES if name.startswith("context.")]
_HISTORY_LENGTH, _GAP, _GAP_TO_USUAL = map(_IN_CONTEXT.index, ("history_length", "gap", "gap_to_usual"))
_SO_FAR, _OPENS, _REPEATED = map(_IN_CONTEXT.index, ("sitting", "opens", "repeated"))
_N_CONSUMED, _DEPARTURES, _POPULARITY = map(_IN_CONTEXT.index, ("consumed", "departures", "popularity"))

_OF_NETWORK = np.array([name.startswith("network.") for name in FEATURES])
_NETWORK_SCORE = FEATURES.index("network.log_score")
_AGE = FEATURES.index("popularity.age")
COUNT = FEATURES.index("popularity.count")
"""Where `FEATURES` say how many events an item has had: 0 for a new one."""

_REPEATS = slice(FEATURES.index("repeats.count"), FEATURES.index("repeats.overdue") + 1)
_CONSUMED = FEATURES.index("repeats.consumed")

_USUAL = 4.0  # the logarithm of the minutes between two events of somebody of whom nothing is known
_SHORTEST = 60.0  # seconds: what is shorter says how long the very item was looked at
_UNRANKED = 300  # the rank of what a member has nothing to say about, and of what comes after so many others
_RECIPROCAL_RANKS = (1.0 / (1.0 + np.arange(_UNRANKED + 1) / 3.0)).astype(np.float32)
_LOG_RANKS = (-np.log1p(np.arange(_UNRANKED + 1)) / 5.0).astype(np.float32)


@dataclass(frozen=True)
class Past:
    """What a person did, the latest first.

    Attributes:
        items: (n,), int64.
        rewards: (n,), float32; not 0.
        times: (n,), float64, seconds.
        consumed: all that they have consumed, int64, ascending.
        moment: when the list is asked for.
    """

    items: NDArray[np.int64]
    rewards: NDArray[np.float32]
    times: NDArray[np.float64]
    consumed: NDArray[np.int64]
    moment: Moment

    @cached_property
    def liked(self) -> NDArray[np.int64]:
        """The items of the events that speak for their item."""
        return self.items[self.rewards > 0]

    @property
    def pause(self) -> float:
        """How long ago the latest event was, in seconds; infinity if there is none."""
        return pause_before(self.moment.time, self.times)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Some of the items, and what is known about them.

    Attributes:
        items: (n,), int64, ascending.
        features: (n, len(FEATURES)), float32.
        consumed: (n,), bool.
    """

    items: NDArray[np.int64]
    features: NDArray[np.float32]
    consumed: NDArray[np.bool_]

    def place_of(self, item: int) -> int | None:
        """Where `item` is in `items`, None if it is not there."""
        place = int(np.searchsorted(self.items, item))
        return place if place < len(self.items) and self.items[place] == item else None


def newcomers_beside(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the gate would be told of items that nobody has had, if some were beside those of a list, (2, n).

    One has come just now, the other has always been there; the network thinks of them as of the middle one of
    the list, (at least one, n).
    """
    middle = features[np.argsort(features[:, _NETWORK_SCORE], kind="stable")[len(features) // 2]]
    beside = np.stack([SILENT, SILENT])
    beside[0, _AGE] = 0.0
    beside[:, CONTEXT] = middle[CONTEXT]
    beside[:, _OF_NETWORK] = middle[_OF_NETWORK]
    return beside


def choose(
    scores: dict[str, Scores],
    popularity: PopularityBank,
    past: Past,
    per_member: int,
    popular: int,
    newcomers: Newcomers,
) -> NDArray[np.int64]:
    """The union of what each member would recommend, of what is popular, and of what the person likes again.

    And of items that nobody has taken yet; none is there that is not released.

    Args:
        scores: by each member.
        popularity: of every item.
        past: the person's. What they have consumed is there only if it is in it.
        per_member: how many each member may name.
        popular: how many may be named at each of some half-lives.
        newcomers: the items that nobody has taken.
    """
    chosen = [popularity.top(popular, past.consumed), past.liked]
    for of_member in scores.values():
        if isinstance(of_member, DenseScores):
            chosen += newcomers.best_of_all(of_member.values, per_member, past.consumed, past.moment)
        else:
            chosen.append(of_member.best(per_member, past.consumed))
    return union(*chosen, newcomers.named(scores.get("content"), past.consumed, past.moment))


def describe(
    items: NDArray[np.int64],
    scores: dict[str, Scores],
    popularity: PopularityBank,
    past: Past,
    departures: float = 0.0,
) -> Candidates:
    """What is known about `items` (ascending): the features, in the order of `FEATURES`.

    `departures` says how often anything came after the last item.
    """
    n = len(items)
    features = np.repeat(SILENT[None], n, axis=0)
    consumed = contains(past.consumed, items)
    if not n:
        return Candidates(items, features, consumed)
    for place, member in enumerate(MEMBERS):
        if member in scores:
            columns = features[:, 4 * place : 4 * place + 4]
            _tell_scores(columns, scores[member].of(items), member == "network")
    column = 4 * len(MEMBERS)
    popularity.tell(features[:, column : column + N_HALF_LIVES + 3], items, past.moment.time)
    _tell_repeats(features[:, _REPEATS], items, past.items, past.rewards, past.times, past.moment.time)
    features[:, _CONSUMED] = consumed
    features[:, CONTEXT] = context_of(past, departures, popularity)
    return Candidates(items, features, consumed)


def pause_before(now: float, times: NDArray[np.float64]) -> float:
    """How long before `now` the latest of the events at these `times` was, infinity if there is none.

    >>> pause_before(90.0, np.array([60.0, 0.0])), pause_before(90.0, np.zeros(0))
    (30.0, inf)
    """
    return max(now - float(times[0]), 0.0) if len(times) else float("inf")


def context_of(past: Past, departures: float, popularity: PopularityBank) -> NDArray[np.float32]:
    """What is known of the person and of their last item, in the order of the `CONTEXT` columns."""
    context = np.zeros(int(CONTEXT.sum()), dtype=np.float32)
    count = float(popularity.counts(past.liked[:1])[0]) if len(past.liked) else 0.0
    _tell_context(context, past.items, past.times, past.moment.time, len(past.consumed), departures, count)
    return context


@compiled
def _tell_context(
    told: NDArray[np.float32],
    items: NDArray[np.int64],
    times: NDArray[np.float64],
    now: float,
    n_consumed: int,
    departures: float,
    count: float,
) -> None:
    """See `context_of`."""
    n = len(items)
    told[_HISTORY_LENGTH] = np.log1p(n) / 4.0
    pause = max(now - times[0], _SHORTEST) if n else np.inf
    told[_GAP] = log_minutes(pause)
    told[_OPENS] = 1.0
    told[_N_CONSUMED] = np.log1p(n_consumed) / 6.0
    told[_DEPARTURES], told[_POPULARITY] = np.log1p(departures) / 5.0, np.log1p(count) / 5.0
    if not n:
        return
    usual, n_gaps = 0.0, min(n, 20) - 1  # the mean of the logarithms of the gaps between the latest events
    for place in range(n_gaps):
        usual += np.log1p(max(times[place] - times[place + 1], _SHORTEST) / 60.0)
    usual = usual / n_gaps if n_gaps else _USUAL
    told[_GAP_TO_USUAL] = min(max(np.log1p(pause / 60.0) - usual, -5.0), 5.0) / 5.0
    sitting, later = 0, now
    while sitting < min(n, 20) and later - times[sitting] <= SITTING:
        later = times[sitting]
        sitting += 1
    told[_SO_FAR], told[_OPENS] = sitting / 10.0, sitting == 0
    distinct = 0
    for place in range(n):
        fresh = True
        for other in range(place):
            if items[other] == items[place]:
                fresh = False
                break
        distinct += fresh
    told[_REPEATED] = 1.0 - distinct / n


@compiled
def _tell_scores(told: NDArray[np.float32], scores: NDArray[np.float32], is_network: bool) -> None:
    """What the gate is told about the scores of one member, into (n, 4), which is silent of what has none."""
    keys, n = np.empty(len(scores), dtype=np.int64), 0
    bits = scores.view(np.int32)  # of numbers that are not negative they are in the order of the numbers
    for place in range(len(scores)):
        if is_network or scores[place] > 0:
            size = np.int64(bits[place])
            size = size if size >= 0 else np.int64(-(2**31)) - size
            keys[n] = -size << 32 | place  # score and place in one number: quicker than to argsort
            n += 1
    if not n:
        return
    keys[:n].sort()
    top = np.float64(scores[keys[0] & 0xFFFFFFFF])
    for rank in range(n):
        place = keys[rank] & 0xFFFFFFFF
        score = np.float64(scores[place])
        if is_network:  # its scores are logits: only differences mean something
            told[place, 0] = np.exp(score - top)
            told[place, 1] = max(score - top, -12.0) / 4.0
        else:
            told[place, 0] = score / (top + 1e-9)
            told[place, 1] = np.log1p(10.0 * score)
        told[place, 2] = _RECIPROCAL_RANKS[min(rank, _UNRANKED)]
        told[place, 3] = _LOG_RANKS[min(rank, _UNRANKED)]


@compiled
def _tell_repeats(
    told: NDArray[np.float32],
    items: NDArray[np.int64],
    own: NDArray[np.int64],
    rewards: NDArray[np.float32],
    times: NDArray[np.float64],
    now: float,
) -> None:
    """What the gate is told about the person's own events of each item, into (n, 8).

    The last three say whether it is time again, by the mean interval between the events that speak for it, in
    time and in events: 1 if just as much has passed since, less if it was less or more; and how much more.
    """
    for place in range(len(items)):
        liked, latest, first, last = 0, -1, -1, -1
        for event in range(len(own)):
            if own[event] == items[place]:
                if rewards[event] > 0:
                    liked += 1
                    first = event  # the earliest at the end, since the latest comes first
                    last = event if last < 0 else last
                if latest < 0:
                    latest = event
        if latest >= 0:
            told[place, 0] = np.log1p(liked)
            told[place, 1] = 1.0 / (1.0 + latest)
            told[place, 2] = max(1.5 - log_minutes(now - times[latest]), 0.0)
            told[place, 4] = rewards[latest] < 0
        if liked > 1 and times[first] != times[last]:  # else there are no times
            interval = max((times[last] - times[first]) / (liked - 1), _SHORTEST)
            overdue = np.log(max(now - times[last], _SHORTEST) / interval)
            told[place, 5] = np.exp(-abs(overdue))
            told[place, 6] = np.exp(-abs(np.log((1.0 + last) * (liked - 1) / (first - last))))
            told[place, 7] = min(max(overdue, -3.0), 3.0) / 3.0
