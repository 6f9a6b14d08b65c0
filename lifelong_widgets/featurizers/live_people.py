"""The features of people while a recommender lives: by index, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.data.ids import Id
from lifelong_widgets.errors import FormatError
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.people import PersonMark, TallyFeaturizer


class LivePeople:
    """What a fitted featurizer says of people, who are called by their indices among `ids`.

    Without a featurizer there is nothing to say: rows are None, and an event costs nothing.

    >>> from lifelong_widgets.featurizers import HabitFeaturizer
    >>> log = Interactions.from_events([Feedback("ada", 1, time=5.0)])
    >>> people = LivePeople(HabitFeaturizer().fit(log), ["ada", "bob"])
    >>> people.rows([0, 1, None]).any(axis=1).tolist(), LivePeople(None, []).rows([0])
    ([True, False, False], None)
    """

    def __init__(self, featurizer: TallyFeaturizer | None, ids: Sequence[Id]) -> None:
        self._featurizer, self._ids = featurizer, ids
        self.width = 0 if featurizer is None else featurizer.width

    def rows(self, people: Sequence[int | None]) -> Array | None:
        """What is known of people: (n, width), float32, zeros for the unknown; None without a featurizer."""
        if self._featurizer is None or not self.width:
            return None
        rows = np.zeros((len(people), self.width), dtype=np.float32)
        known = [n for n, person in enumerate(people) if person is not None and person < len(self._ids)]
        if known:
            rows[known] = self._featurizer.transform([self._ids[people[n]] for n in known])  # type: ignore[index]
        return rows

    def tallies_of(self, person: int) -> npt.NDArray[np.float64] | None:
        """What was counted of one person, (n_tallies,); None without a featurizer, or if it is nothing."""
        if self._featurizer is None or self._ids[person] not in self._featurizer.table_.index:
            return None
        row: npt.NDArray[np.float64] = self._featurizer.table_.of([self._ids[person]])[0]
        return row

    def learn(self, event: Feedback, mark: PersonMark | None = None) -> None:
        """Take an event in; `mark` can then take it back. A kind that came after the fit says nothing."""
        if self._featurizer is not None and event.kind in self._featurizer.kinds_:
            self._featurizer.update(event, mark)

    def live_through(self, log: Interactions) -> Array | None:
        """Take a log in; what was known of the person of each event before it, (n_events, width)."""
        found = None if self._featurizer is None else self._featurizer.live_through(log)
        return found if self.width else None

    def mark(self) -> PersonMark | None:
        """A place to come back to: hand it to each `learn` from now on, then to `revert`. O(1)."""
        return None if self._featurizer is None else self._featurizer.mark()

    def revert(self, mark: PersonMark | None) -> None:
        """Take back, bit for bit, every event since `mark`."""
        if self._featurizer is not None and mark is not None:
            self._featurizer.revert(mark)

    def get_state(self) -> dict[str, Any]:
        """That of the featurizer; nothing without one."""
        return {} if self._featurizer is None else self._featurizer.get_state()


def check_people(featurizer: TallyFeaturizer, state: dict[str, Any]) -> None:
    """See that a featurizer makes something of the people in a state that it has taken.

    Raises:
        FormatError: their tallies are not finite numbers, one for each column, or their features are not.
    """
    rows, users = state["rows"], state["users"]
    fits = isinstance(rows, np.ndarray) and rows.dtype == np.float64 and rows.ndim == 2
    if not fits or len(rows) != len(users) or not np.isfinite(rows).all():
        raise FormatError("person features: there must be a row of finite numbers for each person")
    if not isinstance(state["now"], float) or not np.isfinite(state["now"]):
        raise FormatError(f"person features: the clock stands at {state['now']!r:.40}, which is no time")
    found = featurizer.transform(users)
    if found.shape != (len(users), featurizer.width) or not np.isfinite(found).all():
        raise FormatError("person features: what was learned for all does not fit the tallies of people")
