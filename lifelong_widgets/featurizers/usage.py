"""An item by its use: how much, how long, when, and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.data.ids import Id
from lifelong_widgets.featurizers.base import Array, unit_rows
from lifelong_widgets.featurizers.behavior import BehaviorFeaturizer
from lifelong_widgets.featurizers.moments import CLOCK_NAMES, clock, session_positions
from lifelong_widgets.featurizers.scaling import NumberScale

_NUMBERS = [
    "events (log)", "people (log)", "share of repeats", "mean value", "mean reward", "session position (log)",
    *CLOCK_NAMES,
]  # fmt: skip


class UsageFeaturizer(BehaviorFeaturizer):
    """Named numbers about what people did with an item, winsorised and standardised.

    ``events`` and ``people`` are logarithms of counts; ``mean value`` is of the events that have one (dwell
    or watch time, stars: whatever the log holds); ``mean reward`` says how many were for the item; the
    position in the session (its first event has 0) is a logarithm, too; time of day and of week are the
    moments of `moments.clock`. The first column is constant, so that an average item is not one of which
    nothing is known.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = list(Catalog.from_records([{"item": 1}, {"item": 2}]))
        >>> log = Interactions.from_pandas(pd.DataFrame({
        ...     "user": ["ada", "ada", "bob"], "item": [1, 1, 2], "time": range(3)}))
        >>> features = UsageFeaturizer().fit(shelf, log)
        >>> features.get_feature_names_out()[:3].tolist()
        ['usage: known', 'usage: events (log)', 'usage: people (log)']
        >>> more, less = features.transform(shelf)
        >>> bool(more[1] > 0 > less[1])
        True
    """

    def _width(self) -> int:
        return 1 + len(_NUMBERS)

    def _names(
        self, items: Sequence[Item], ids: list[Id], rows: Array, log: Interactions | None
    ) -> list[str]:
        return [f"usage: {name}" for name in ("known", *_NUMBERS)]

    def _read(self, log: Interactions) -> tuple[list[Id], Array]:
        n = len(log.items)
        events = np.bincount(log.item_codes, minlength=n)

        def mean(values: Array) -> Array:
            sums: Array = np.bincount(log.item_codes, weights=values, minlength=n)
            return sums / events

        pairs = np.unique(log.user_codes * n + log.item_codes) % n
        people = np.bincount(pairs, minlength=n)
        valued = ~np.isnan(log.values)
        sums = np.bincount(log.item_codes, weights=np.where(valued, log.values, 0.0), minlength=n)
        with np.errstate(invalid="ignore"):  # 0 / 0: no event has a value, and NaN says so
            value = sums / np.bincount(log.item_codes, weights=valued, minlength=n)
        numbers = [
            np.log(events), np.log(people), 1.0 - people / events, value, mean(log.rewards),
            mean(np.log1p(session_positions(log))), *map(mean, clock(log.times).T),
        ]  # fmt: skip
        table = np.stack(numbers, axis=1)
        known = np.ones((n, 1))
        return list(log.items), unit_rows(np.hstack([known, NumberScale().fit(table).transform(table)]))
