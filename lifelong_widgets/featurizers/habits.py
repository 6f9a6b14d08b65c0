"""A person by their habits: how much of what, how long, and when."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Interactions
from lifelong_widgets.errors import FormatError
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.moments import (
    CLOCK_NAMES,
    SESSION_GAP,
    by_session,
    clock,
    session_positions,
)
from lifelong_widgets.featurizers.people import PersonMark, PersonTable, TallyFeaturizer, checked_log
from lifelong_widgets.featurizers.scaling import NumberScale

_TALLIES = ("sessions", "positions", "values", "valued", "position", "time")  # then the clock, then the kinds
_SESSIONS, _POSITIONS, _VALUES, _VALUED, _POSITION, _TIME = range(len(_TALLIES))
_CLOCK = slice(len(_TALLIES), len(_TALLIES) + len(CLOCK_NAMES))
_KINDS = slice(_CLOCK.stop, None)


class HabitFeaturizer(TallyFeaturizer):
    """Named numbers about what a person does, winsorised and standardised over the people of the log.

    The logarithm of one plus the events of each kind; how many events a session has and how deep in it they
    are (both as logarithms, as sessions are a few events or very many); the mean value of the events that
    have one (dwell or watch time, stars); time of day and of week as in `moments.clock`. The first column is
    constant, so that an average person is not one of whom nothing is known.

    Example:
        >>> import pandas as pd
        >>> log = Interactions.from_pandas(pd.DataFrame({
        ...     "user": ["ada", "ada", "bob"], "item": [1, 2, 1], "time": [0, 60, 70]}))
        >>> habits = HabitFeaturizer().fit(log)
        >>> at = habits.get_feature_names_out().tolist().index("habits: click (log)")
        >>> ada, bob, zoe = habits.transform(["ada", "bob", "zoe"])[:, at]
        >>> bool(ada > 0 > bob), float(zoe)
        (True, 0.0)
        >>> for time in (80, 90):
        ...     habits = habits.update(Feedback("bob", 2, time=time))
        >>> bool(habits.transform(["bob"])[0, at] > 0)
        True
    """

    def fit(self, X: Interactions, y: Catalog | None = None) -> Self:
        """Learn the log `X`; the catalogue is not looked at."""
        log = checked_log(X)
        n = len(log.users)
        self.kinds_ = log.kinds
        self.now_ = float(log.times[-1]) if len(log) else 0.0
        order, starts = by_session(log)
        positions = session_positions(log)
        valued = ~np.isnan(log.values)

        def total(weights: Array) -> Array:
            sums: Array = np.bincount(log.user_codes, weights=weights, minlength=n)
            return sums

        rows = np.zeros((n, _CLOCK.stop + len(self.kinds_)))
        rows[:, _SESSIONS] = np.bincount(log.user_codes[order[starts]], minlength=n)
        rows[:, _POSITIONS] = total(np.log1p(positions))
        rows[:, _VALUES] = total(np.where(valued, log.values, 0.0))
        rows[:, _VALUED] = total(valued)
        rows[log.user_codes, _POSITION] = positions  # in order of time: the last one stays
        rows[log.user_codes, _TIME] = log.times
        rows[:, _CLOCK] = np.stack([total(column) for column in clock(log.times).T], axis=1)
        columns = np.array([list(self.kinds_).index(name) for name in log.kind_names], dtype=np.int64)
        np.add.at(rows, (log.user_codes, _CLOCK.stop + columns[log.kind_codes]), 1.0)
        self.table_ = PersonTable(rows.shape[1], log.users, rows)
        self.scale_ = NumberScale().fit(_numbers(rows))
        return self

    def update(self, event: Feedback, mark: PersonMark | None = None) -> Self:
        """Learn one event; one without a time happens now, which is when the latest of all did."""
        column = _CLOCK.stop + list(self.kinds_).index(self.kinds_[event.kind].name)
        time = self.now_ if event.time is None else event.time
        known = event.user in self.table_.index
        row = self.table_.row(event.user, mark)
        if not known or time - row[_TIME] > SESSION_GAP:
            row[_SESSIONS] += 1.0
            row[_POSITION] = 0.0
        else:
            row[_POSITION] += 1.0
        row[_POSITIONS] += np.log1p(row[_POSITION])
        if event.value is not None:
            row[_VALUES] += event.value
            row[_VALUED] += 1.0
        row[_TIME] = max(time, row[_TIME]) if known else time
        row[_CLOCK] += clock([time])[0]
        row[column] += 1.0
        self.now_ = max(self.now_, time)
        return self

    def _rows_of(self, tallies: Array) -> Array:
        rows = np.hstack([np.ones((len(tallies), 1)), self.scale_.transform(_numbers(tallies))])
        rows[tallies[:, _SESSIONS] == 0.0] = 0.0
        return rows

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        return len(self.get_feature_names_out())

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """A name for each column, such as ``"habits: purchase (log)"``."""
        names = ["known", *(f"{kind} (log)" for kind in self.kinds_), "session length (log)"]
        names += ["session position (log)", "mean value", *CLOCK_NAMES]
        return np.array([f"habits: {name}" for name in names], dtype=object)

    def get_state(self) -> dict[str, Any]:
        """What is known of people and the scales (arrays), the time of the latest event, the kinds (JSON)."""
        scale = {f"scale/{key}": value for key, value in self.scale_.get_state().items()}
        return {**self.table_.get_state(), **scale, "now": self.now_, "kinds": self.kinds_.to_dict()}

    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back.

        Raises:
            FormatError: the tallies of people are of other kinds than it knows.
        """
        self.table_ = PersonTable.from_state(state)
        self.scale_ = NumberScale().set_state(
            {key.removeprefix("scale/"): state[key] for key in state if key.startswith("scale/")}
        )
        self.now_ = state["now"]
        self.kinds_ = FeedbackKinds.from_dict(state["kinds"])
        if self.table_.width != _CLOCK.stop + len(self.kinds_):
            raise FormatError(
                f"habits: {self.table_.width} tallies of each person do not fit {len(self.kinds_)} kinds"
            )
        return self


def _numbers(tallies: Array) -> Array:
    """What is scaled: counts by kind, length of and position in sessions, value, clock."""
    counts = tallies[:, _KINDS]
    events = np.maximum(counts.sum(axis=1), 1.0)
    with np.errstate(invalid="ignore"):  # 0 / 0: no event has a value, and NaN says so
        value = tallies[:, _VALUES] / tallies[:, _VALUED]
    length = np.log(events / np.maximum(tallies[:, _SESSIONS], 1.0))
    shares = np.column_stack([length, tallies[:, _POSITIONS] / events, value])
    return np.hstack([np.log1p(counts), shares, tallies[:, _CLOCK] / events[:, None]])
