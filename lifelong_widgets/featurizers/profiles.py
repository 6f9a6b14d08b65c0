"""A person by what they took: the fading sum of the rows of their items."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Interactions
from lifelong_widgets.data.ids import Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.people import PersonMark, PersonTable, TallyFeaturizer, checked_log

_DAY = 86_400.0


class Profile(TallyFeaturizer):
    """A recency-weighted sum of the rows of a person's items, scaled to length 1.

    An event adds the row of its item times the reward of its kind (what was skipped is subtracted: Rocchio,
    1971, "Relevance feedback in information retrieval"), and counts half as much after each `half_life`. Of a
    person the sum and the time of the latest event are kept, so that an update costs O(width).
    """

    half_life: float | None
    unit: str

    @abstractmethod
    def _learn_items(self, log: Interactions, catalog: Catalog | None) -> int:
        """Make ready to give rows of items, and say how wide they are."""

    @abstractmethod
    def _item_rows(self, items: list[Id]) -> Array:
        """The rows of `items`: (n, width); zeros for those of which nothing is known."""

    def fit(self, X: Interactions, y: Catalog | None = None) -> Self:
        """Learn the log `X`, whose items' content is in the catalogue `y`."""
        log = checked_log(X)
        if self.unit not in ("events", "days"):
            raise DataError(f"unit is 'events' or 'days', not {self.unit!r}")
        number = isinstance(self.half_life, (int, float)) and not isinstance(self.half_life, bool)
        if self.half_life is not None and not (number and self.half_life > 0.0):
            raise DataError(f"half_life is a number of {self.unit} above 0, or None, not {self.half_life!r}")
        width = self._learn_items(log, y)
        self.kinds_ = log.kinds
        self.now_ = float(log.times[-1]) if len(log) else 0.0
        latest = np.zeros(len(log.users))
        latest[log.user_codes] = log.times  # in order of time: the last one stays
        weights = log.rewards * np.exp2(-self._half_lives(log, latest))
        shape = (len(log.users), len(log.items))
        sums = csr_array((weights, (log.user_codes, log.item_codes)), shape=shape) @ self._item_rows(
            log.items
        )
        self.table_ = PersonTable(width + 1, log.users, np.column_stack([sums, latest]))
        return self

    def _half_lives(self, log: Interactions, latest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """How many half-lives lie between each event and the latest of its person."""
        if self.half_life is None:
            return np.zeros(len(log))
        if self.unit == "days":
            days: npt.NDArray[np.float64] = (latest[log.user_codes] - log.times) / _DAY / self.half_life
            return days
        order = np.argsort(log.user_codes, kind="stable")
        ends = np.cumsum(np.bincount(log.user_codes, minlength=len(log.users)))
        since = np.empty(len(log))
        since[order] = ends[log.user_codes[order]] - 1 - np.arange(len(log))
        return since / self.half_life

    def update(self, event: Feedback, mark: PersonMark | None = None) -> Self:
        """Learn one event; one without a time happens now, which is when the latest of all did."""
        reward = self.kinds_[event.kind].reward
        (content,) = self._item_rows([event.item])
        time = self.now_ if event.time is None else event.time
        known = event.user in self.table_.index
        row = self.table_.row(event.user, mark)
        step = 0.0
        if known and self.half_life is not None:
            step = 1.0 if self.unit == "events" else (time - row[-1]) / _DAY
            step /= self.half_life
        if step >= 0.0:
            row[:-1] = row[:-1] * np.exp2(-step) + reward * content
        else:  # it comes late, and counts as if it had come in time
            row[:-1] += reward * np.exp2(step) * content
        row[-1] = max(time, row[-1]) if known else time
        self.now_ = max(self.now_, time)
        return self

    def _rows_of(self, tallies: Array) -> Array:
        return tallies[:, :-1]

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        return self.table_.width - 1

    def get_state(self) -> dict[str, Any]:
        """What is known of people (ids, array), the time of the latest event, and the kinds (JSON)."""
        return {**self.table_.get_state(), "now": self.now_, "kinds": self.kinds_.to_dict()}

    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back; `catalog` has the content of items that come later."""
        self.table_ = PersonTable.from_state(state)
        self.now_ = state["now"]
        self.kinds_ = FeedbackKinds.from_dict(state["kinds"])
        return self
