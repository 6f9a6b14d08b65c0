"""Popular now: the same list for everyone."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.evaluation.baselines.fading import FadingPopularity
from lifelong_widgets.evaluation.baselines.ranking import best
from lifelong_widgets.recommendations import Recommendations, check_flags, check_k


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

    >>> import pandas as pd
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
        self._popularity = FadingPopularity(half_life)
        self._consumed: dict[Id, set[int]] = {}

    @property
    def half_life(self) -> float:
        """The half-life in seconds."""
        return self._popularity.half_life

    def fit(self, interactions: Interactions) -> None:
        """Count `interactions` in, in addition to what was learned before.

        Raises:
            UnknownItemError: One of their items is not in the catalogue; nothing is counted then.
            DataError: One of their kinds is not among `kinds`; nothing is counted then.
        """
        codes = np.array([self.catalog.index_of(item) for item in interactions.items], dtype=np.int64)
        kinds = [self.kinds[name] for name in interactions.kind_names]
        weights = np.array([kind.weight if kind.positive else 0.0 for kind in kinds])
        consumes = np.array([kind.consumes for kind in kinds], dtype=np.bool_)

        items = codes[interactions.item_codes]
        self._popularity.add_many(items, interactions.times, weights[interactions.kind_codes])
        consumed = consumes[interactions.kind_codes]
        for user, item in zip(
            interactions.user_codes[consumed].tolist(), items[consumed].tolist(), strict=True
        ):
            self._consumed.setdefault(interactions.users[user], set()).add(item)

    def recommend(
        self, user: Id, k: int = 10, exclude_seen: bool = True, reasons: bool = True
    ) -> Recommendations:
        """The `k` items that are most popular now, without what `user` has consumed.

        The score is the popularity relative to that of the most popular item.

        Raises:
            DataError: `k` is not a whole number of at least 1, or a flag neither True nor False.
        """
        k, n = check_k(k), len(self.catalog)
        check_flags(exclude_seen=exclude_seen, reasons=reasons)
        logs = self._popularity.logs(n)
        if exclude_seen and user in self._consumed:
            logs[list(self._consumed[user])] = -np.inf
        chosen = best(logs, k)
        chosen = chosen[logs[chosen] > -np.inf]
        why = ("popular now",) * len(chosen) if reasons else None
        return Recommendations.of(user, chosen, self._popularity.relative(n)[chosen], self.catalog, why)

    def learn_one(self, feedback: Feedback) -> None:
        """Count one event in. One without a time happens at the time of the latest event so far.

        Raises:
            UnknownItemError: The item is not in the catalogue.
            DataError: The kind is not among `kinds`.
        """
        code, kind = self.catalog.index_of(feedback.item), self.kinds[feedback.kind]
        self.observe(feedback)
        self._popularity.add(code, feedback.time, kind.weight if kind.positive else 0.0)

    def remembers(self, event: Feedback) -> bool:
        """Whether `event` was counted in before, as far as the latest time and what was consumed can tell."""
        if event.time is None or event.time > self._popularity.now or event.item not in self.catalog:
            return False
        return self.catalog.index_of(event.item) in self._consumed.get(event.user, ())

    def observe(self, feedback: Feedback) -> None:
        """Remember what the user has consumed, without counting it.

        Raises:
            UnknownItemError: The item is not in the catalogue.
            DataError: The kind is not among `kinds`.
        """
        code, kind = self.catalog.index_of(feedback.item), self.kinds[feedback.kind]
        if kind.consumes:
            self._consumed.setdefault(feedback.user, set()).add(code)
