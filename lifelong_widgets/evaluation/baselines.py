"""What every model has to beat."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommendations import Recommendations, check_k

_NEVER = -1e300  # the log of no popularity at all; finite, so that it still ranks above what is hidden


class RecencyPopularity:
    """The same list for everyone: what is popular now, each event fading with a half-life.

    The popularity of an item at time t is the sum of ``weight · 2 ** (-(t - t_e) / half_life)`` over its
    events e of positive kinds. Fading changes all items alike, so the order at any time is that of
    ``log2 Σ weight · 2 ** (t_e / half_life)``, which one event changes for one item only: `learn_one` costs
    O(1) and never overflows. Ties are broken by the order of the catalogue.

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean: their weight, and which of them consume the item.
        half_life: A text such as ``"7D"`` or ``"90min"``, a `timedelta`, or a number of seconds. The default
            of seven days is a round number, not one tuned on any log.

    Raises:
        DataError: The half-life is not a positive duration.

    >>> catalog = Catalog.from_pandas(pd.DataFrame({"item": ["a", "b"], "title": ["Once", "Now"]}))
    >>> popular = RecencyPopularity(catalog, half_life="1D")
    >>> for day, item in [(0, "a"), (0, "a"), (2, "b")]:
    ...     popular.learn_one(Feedback("ada", item, kind="view", time=86_400.0 * day))
    >>> popular.recommend("bob", k=2).items
    ('b', 'a')
    """

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        half_life: str | timedelta | float = "7D",
    ) -> None:
        self.catalog = catalog
        self.kinds = kinds
        self.half_life = _seconds(half_life)
        self._popularity: NDArray[np.float64] = np.full(len(catalog), _NEVER)
        self._consumed: dict[Id, set[int]] = {}
        self._now = 0.0

    def fit(self, interactions: Interactions) -> None:
        """Count `interactions` in, in addition to what was learned before.

        Raises:
            UnknownItemError: One of their items is not in the catalogue; nothing is counted then.
            DataError: One of their kinds is not among `kinds`; nothing is counted then.
        """
        codes = np.array([self.catalog.index_of(item) for item in interactions.items], dtype=np.int64)
        kinds = [self.kinds[name] for name in interactions.kind_names]
        weights = np.array([kind.weight if kind.positive else 0.0 for kind in kinds])
        consumes = np.array([kind.consumes for kind in kinds])

        items = codes[interactions.item_codes]
        event_weights = weights[interactions.kind_codes]
        counted = event_weights > 0
        gains = interactions.times[counted] / self.half_life + np.log2(event_weights[counted])
        self._make_room()
        np.logaddexp2.at(self._popularity, items[counted], gains)
        consumed = consumes[interactions.kind_codes]
        for user, item in zip(
            interactions.user_codes[consumed].tolist(), items[consumed].tolist(), strict=True
        ):
            self._consumed.setdefault(interactions.users[user], set()).add(item)
        self._now = max(self._now, float(interactions.times[-1]))

    def recommend(
        self, user: Id, k: int = 10, exclude_seen: bool = True, reasons: bool = True
    ) -> Recommendations:
        """The `k` items that are most popular now, without what `user` has consumed.

        The score is the popularity relative to that of the most popular item.

        Raises:
            DataError: `k` is not a whole number of at least 1.
        """
        k = check_k(k)
        self._make_room()
        popularity = self._popularity
        if exclude_seen and user in self._consumed:
            popularity = popularity.copy()
            popularity[list(self._consumed[user])] = -np.inf
        best = _best(popularity, k)
        best = best[popularity[best] > -np.inf]
        # relative to the top; where nothing has happened at all, 0 for all
        scores = np.exp2(popularity[best] - max(self._popularity.max(initial=_NEVER), _NEVER / 2))
        why = ("popular now",) * len(best) if reasons else None
        return Recommendations.of(user, best, scores, self.catalog, why)

    def learn_one(self, feedback: Feedback) -> None:
        """Count one event in. One without a time happens at the time of the latest event so far.

        Raises:
            UnknownItemError: The item is not in the catalogue.
            DataError: The kind is not among `kinds`.
        """
        code, kind = self.catalog.index_of(feedback.item), self.kinds[feedback.kind]
        now = self._now if feedback.time is None else feedback.time
        self.observe(feedback)
        if kind.positive and kind.weight > 0:
            gain = now / self.half_life + math.log2(kind.weight)
            self._popularity[code] = np.logaddexp2(self._popularity[code], gain)
        self._now = max(self._now, now)

    def observe(self, feedback: Feedback) -> None:
        """Remember what the user has consumed, without counting it.

        Raises:
            UnknownItemError: The item is not in the catalogue.
            DataError: The kind is not among `kinds`.
        """
        code, kind = self.catalog.index_of(feedback.item), self.kinds[feedback.kind]
        self._make_room()
        if kind.consumes:
            self._consumed.setdefault(feedback.user, set()).add(code)

    def _make_room(self) -> None:
        new = len(self.catalog) - len(self._popularity)
        if new > 0:
            self._popularity = np.concatenate([self._popularity, np.full(new, _NEVER)])


def _best(scores: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Indices of the `k` highest scores, best first, equal ones in their own order; O(n + k log k)."""
    n = len(scores)
    if k >= n:
        return np.argsort(-scores, kind="stable")
    threshold = np.partition(scores, n - k)[n - k]
    above = np.flatnonzero(scores > threshold)
    level = np.flatnonzero(scores == threshold)[: k - len(above)]
    chosen = np.concatenate([above, level])
    return chosen[np.argsort(-scores[chosen], kind="stable")]


def _seconds(half_life: str | timedelta | float) -> float:
    try:
        if isinstance(half_life, (int, float)) and not isinstance(half_life, bool):
            seconds = float(half_life)
        else:
            seconds = pd.Timedelta(half_life).total_seconds()
    except (TypeError, ValueError):
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise DataError(
            "half_life must be a positive duration such as '7D', '90min' or 3600 (seconds), "
            f"not {half_life!r:.80}"
        )
    return seconds
