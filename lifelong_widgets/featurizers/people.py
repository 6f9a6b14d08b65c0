"""The contract of a featurizer of people, and where it keeps what it knows of each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Interactions
from lifelong_widgets.data.ids import Id, IdIndex
from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.featurizers.base import Array, unit_rows

People = Sequence[Id] | Interactions
"""User ids, or a log, which stands for its `users`."""


class PersonFeaturizer(TransformerMixin, BaseEstimator):
    """Turns people into rows of float32, in scikit-learn's manner: in pipelines and unions, too.

    `fit` reads a log; from then on `update` learns each event in O(width), however long the log is by then,
    and gives what a `fit` on the longer log would, but for what `fit` alone learns: scales, vocabularies.
    `transform` changes nothing. The state is plain arrays and JSON values.

    A union of several: ``FeatureUnion([("taste", …), ("habits", …)]).fit(log, catalog).transform(users)``.
    """

    @abstractmethod
    def fit(self, X: Interactions, y: Catalog | None = None) -> Self:
        """Learn the log `X`; `y` has the content of its items, for those who look at it.

        Raises:
            DataError: `X` is no log, a setting is out of range, or a catalogue is needed and not given.
        """

    @abstractmethod
    def transform(self, X: People) -> Array:
        """The features of people: (n_people, width), float32.

        Each row is of length 1, or of zeros for a person of whom nothing is known.
        """

    @abstractmethod
    def update(self, event: Feedback) -> Self:
        """Learn one event, as it arrives.

        Raises:
            DataError: an unknown kind, or an id that clashes with a known one; nothing was learned then.
        """

    @property
    @abstractmethod
    def width(self) -> int:
        """How many columns there are, once fitted."""

    @abstractmethod
    def get_feature_names_out(self, input_features: None = None) -> Array:
        """A name for each column."""

    @abstractmethod
    def get_state(self) -> dict[str, Any]:
        """The fitted state: NumPy arrays and JSON values by name."""

    @abstractmethod
    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back; `catalog` as in `fit`."""


@dataclass(frozen=True, slots=True)
class PersonMark:
    """What `TallyFeaturizer.revert` needs: how many people there were, the clock, and rows as they were."""

    n: int
    now: float
    rows: dict[Id, npt.NDArray[np.float64]] = field(default_factory=dict)


class LiveFeaturizer(PersonFeaturizer):
    """One that can live in a `Recommender`: what an event changes is taken back, bit for bit, in O(width).

    What is asked of it beyond a `PersonFeaturizer` is what a recommender does: it forgets whom a fit has
    seen and lives through the log again (`forget_people`, `live_through`), takes steps back (`mark`,
    `revert`), and reads a state that somebody else may have written (`check`).
    """

    @abstractmethod
    def update(self, event: Feedback, mark: PersonMark | None = None) -> Self:
        """Learn one event, as it arrives; `mark` can then take it back."""

    @abstractmethod
    def knows(self, kind: str) -> bool:
        """Whether `update` takes feedback of this kind, which may have come after the fit."""

    @abstractmethod
    def live_through(self, log: Interactions) -> Array:
        """Learn every event of a log, and say what was known of its person just before: (n_events, width).

        Takes memory in proportion to the log: give a long one in parts.
        """

    @abstractmethod
    def forget_people(self) -> Self:
        """Be as if no event had happened yet; what `fit` has learned for all stays."""

    @abstractmethod
    def mark(self) -> PersonMark | None:
        """A place to come back to: hand it to each `update` from now on, then to `revert`. O(1)."""

    @abstractmethod
    def revert(self, mark: PersonMark | None) -> None:
        """Take back, bit for bit, every update since `mark`, which each was given; newest mark first."""

    @abstractmethod
    def check(self, state: dict[str, Any]) -> None:
        """See that something can be made of a state that was taken with `set_state`.

        Raises:
            FormatError: it cannot: numbers that are not finite, or parts that do not fit each other.
        """


class TallyFeaturizer(LiveFeaturizer):
    """One that keeps a row of tallies for each person, and no more: whose `update` writes this row alone."""

    kinds_: FeedbackKinds
    table_: PersonTable
    now_: float

    @abstractmethod
    def _rows_of(self, tallies: Array) -> Array:
        """The features of people whose tallies these are, (n, width); zeros for one of zeros."""

    def transform(self, X: People) -> Array:
        """The features of people: (n_people, width), float32, each of length 1, or 0 of the unknown."""
        return unit_rows(self._rows_of(self.table_.of(users_of(X))))

    def forget_people(self) -> Self:
        """Know nobody any more; what `fit` has learned for all (scales, vocabularies) stays.

        >>> from lifelong_widgets.featurizers import HabitFeaturizer
        >>> log = Interactions.from_events([Feedback("ada", 1, time=5.0)])
        >>> HabitFeaturizer().fit(log).forget_people().transform(["ada"]).any().item()
        False
        """
        self.table_, self.now_ = PersonTable(self.table_.width), 0.0
        return self

    def knows(self, kind: str) -> bool:
        """Whether the kind was known to the fit."""
        return kind in self.kinds_

    def live_through(self, log: Interactions) -> Array:
        """Learn every event of a log, and say what was known of its person just before: (n_events, width)."""
        tallies = np.empty((len(log), self.table_.width))
        for place, event in enumerate(log):
            tallies[place] = self.table_.of([event.user])[0]
            self.update(event)
        return unit_rows(self._rows_of(tallies))

    def mark(self) -> PersonMark:
        """A place to come back to: hand it to each `update` from now on, then to `revert`. O(1)."""
        return PersonMark(len(self.table_), self.now_)

    def revert(self, mark: PersonMark | None) -> None:
        """Take back, bit for bit, every update since `mark`, which each was given; newest mark first."""
        if mark is not None:
            self.table_.revert(mark)
            self.now_ = mark.now

    def check(self, state: dict[str, Any]) -> None:
        """See that the tallies of people are finite numbers, one row each, and their features are, too.

        Raises:
            FormatError: they are not.
        """
        rows, users = state["rows"], state["users"]
        fits = isinstance(rows, np.ndarray) and rows.dtype == np.float64 and rows.ndim == 2
        if not fits or len(rows) != len(users) or not np.isfinite(rows).all():
            raise FormatError("person features: there must be a row of finite numbers for each person")
        if not isinstance(state["now"], float) or not np.isfinite(state["now"]):
            raise FormatError(f"person features: the clock stands at {state['now']!r:.40}, which is no time")
        found = self.transform(users)
        if found.shape != (len(users), self.width) or not np.isfinite(found).all():
            raise FormatError("person features: what was learned for all does not fit the tallies of people")


class PersonTable:
    """A row of numbers for each person, zeros at first; it grows.

    >>> table = PersonTable(width=2)
    >>> table.row("ada")[:] += 1.0
    >>> table.of(["ada", "zoe"]).tolist(), len(table)
    ([[1.0, 1.0], [0.0, 0.0]], 1)
    """

    def __init__(self, width: int, users: Iterable[Id] = (), rows: Array | None = None) -> None:
        self.index = IdIndex(users, name="user")
        given = np.zeros((len(self.index), width)) if rows is None else rows
        self._rows: npt.NDArray[np.float64] = np.array(given, dtype=np.float64)

    def row(self, user: Id, mark: PersonMark | None = None) -> npt.NDArray[np.float64]:
        """The row of `user`, to be changed in place; a new person gets one. `mark` can take both back.

        Raises:
            DataError: an id of the other type that is written alike is known.
        """
        code = self.index.add(user)
        if code == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros((max(len(self._rows), 16), self.width))])
        row: npt.NDArray[np.float64] = self._rows[code]
        if mark is not None and code < mark.n and user not in mark.rows:
            mark.rows[user] = row.copy()
        return row

    def revert(self, mark: PersonMark) -> None:
        """Be again as at `mark`, which every `row` since was given."""
        for user, row in mark.rows.items():
            self.row(user)[:] = row
        self._rows[mark.n : len(self)] = 0.0
        self.index.truncate(mark.n)

    def of(self, users: Iterable[Id]) -> npt.NDArray[np.float64]:
        """A copy of the rows of `users`: (n, width); zeros for the unknown."""
        codes = self.index.encode(users)
        rows = np.zeros((len(codes), self.width))
        rows[codes >= 0] = self._rows[codes[codes >= 0]]
        return rows

    @property
    def width(self) -> int:
        """How many numbers a person has."""
        return int(self._rows.shape[1])

    def __len__(self) -> int:
        return len(self.index)

    def get_state(self) -> dict[str, Any]:
        """The ids (JSON) and the rows (array)."""
        return {"users": list(self.index), "rows": self._rows[: len(self)].copy()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> PersonTable:
        """The inverse of `get_state`."""
        return cls(state["rows"].shape[1], state["users"], state["rows"])


def users_of(people: People) -> Sequence[Id]:
    """The ids that `people` stands for."""
    return people.users if isinstance(people, Interactions) else people


def checked_log(X: object) -> Interactions:
    """`X`, if it is a log.

    Raises:
        DataError: it is not.
    """
    if not isinstance(X, Interactions):
        raise DataError(
            f"features of people are fitted on an Interactions, not a {type(X).__name__}: "
            "fit(log).transform(users)"
        )
    return X
