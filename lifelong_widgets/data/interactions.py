"""A validated log: who did what with which item, in the order of time."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data import frames, tables
from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.display import brief, html_table, listing, others, shorten
from lifelong_widgets.data.feedback import DEFAULT_KINDS, Feedback, FeedbackKinds
from lifelong_widgets.data.ids import Id, IdIndex
from lifelong_widgets.errors import DataError, DataWarning, warn

Moment = float | str | datetime.date | pd.Timestamp | np.datetime64
"""A fraction of the events (in (0, 1)), or a time: epoch seconds (above 1), a datetime, an ISO string."""


_LONG_AGO = 1e7  # seconds, in April 1970: who has such times numbers rows, or has a clock of their own
_N_COLUMNS = 9  # that a log is made of
_STRETCH = 4_096  # events whose numbers are made Python's at once


class Interactions:
    """Events in columns, sorted by time; those of the same time keep their order.

    Made by `from_pandas`, `from_csv`, `from_parquet` or `from_events`. Slicing, `before` and `after` give
    logs again, whose `users`, `items` and `kind_names` hold only what occurs in them.

    Attributes:
        users: user ids, in order of first appearance.
        items: item ids, in order of first appearance.
        kind_names: names of the kinds that occur, in order of first appearance.
        user_codes: (n,) int64, into `users`.
        item_codes: (n,) int64, into `items`.
        kind_codes: (n,) int64, into `kind_names`.
        times: (n,) float64, seconds since 1970-01-01 UTC (or the number of the row).
        values: (n,) float32, NaN where an event has none.
        kinds: what each kind means.

    The arrays are read-only.

    >>> log = Interactions.from_pandas(pd.DataFrame({
    ...     "user": ["ada", "bob", "ada"], "item": [7, 7, 9], "time": [30, 10, 20]}))
    >>> [(event.user, event.item) for event in log]
    [('bob', 7), ('ada', 9), ('ada', 7)]
    >>> log
    Interactions(3 events, 2 users, 2 items, 1970-01-01 00:00:10 to 1970-01-01 00:00:30, kinds: click)
    >>> len(log.before(0.34)), len(log.after(0.34))
    (1, 2)
    """

    def __new__(cls, *columns: Any, **named: Any) -> Self:
        """Refuse what is meant for `from_pandas` or `from_events`; copies come without arguments."""
        if 0 < len(columns) + len(named) < _N_COLUMNS:
            raise DataError(
                "a log is made by Interactions.from_pandas(frame, user=…, item=…, time=…), by "
                "from_csv(path, …), or of single events by from_events([Feedback(…), …])"
            )
        return super().__new__(cls)

    def __init__(
        self,
        users: list[Id],
        items: list[Id],
        kind_names: list[str],
        user_codes: npt.NDArray[np.int64],
        item_codes: npt.NDArray[np.int64],
        kind_codes: npt.NDArray[np.int64],
        times: npt.NDArray[np.float64],
        values: npt.NDArray[np.float32],
        kinds: FeedbackKinds,
    ) -> None:
        self.users, self.user_codes = _compacted(users, user_codes)
        self.items, self.item_codes = _compacted(items, item_codes)
        self.kind_names, self.kind_codes = _compacted(kind_names, kind_codes)
        self.times, self.values, self.kinds = times, values, kinds
        for array in (self.user_codes, self.item_codes, self.kind_codes, times, values):
            array.flags.writeable = False

    @classmethod
    def from_pandas(
        cls,
        frame: pd.DataFrame,
        user: str = "user",
        item: str = "item",
        time: str | None = "time",
        kind: str | None = "kind",
        value: str | None = "value",
        kinds: FeedbackKinds = DEFAULT_KINDS,
        catalog: Catalog | None = None,
    ) -> Interactions:
        """A log from the columns of `frame` that the arguments name.

        `time` holds epoch seconds, datetimes or ISO 8601 strings (UTC unless they name a zone); with
        ``time=None`` the rows are in order. `kind` is a column, or the name of the one kind that every event
        has; without the default column ``kind`` every event is a click. Without the default column ``value``
        events have no value. A value is kept with its event and never learned from: stars are made likes and
        dislikes by `from_ratings`. With `catalog`, every item must be in it.

        Raises:
            DataError: no events, a missing column, an id, time, value or kind that cannot be used, or an item
                that the catalogue does not hold; the message names column, row and remedy.

        >>> Interactions.from_pandas(pd.DataFrame({"who": ["ada"], "what": [7], "when": ["yesterday"]}),
        ...     user="who", item="what", time="when")
        Traceback (most recent call last):
        ...
        lifelong_widgets.errors.DataError: column 'when', row 0: 'yesterday' cannot be read as a time; \
use epoch seconds, datetimes or ISO 8601 strings such as '2024-05-01 12:30:00'
        """
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"a log is made from a pandas DataFrame, not a {type(frame).__name__}")
        if not len(frame):
            raise DataError(f"no events: {frames.source(frame)} has no rows")
        _check_types(kinds, catalog)
        user_column = frames.column(frame, user, "the user ids", "Name the right one with user=….")
        item_column = frames.column(frame, item, "the item ids", "Name the right one with item=….")
        user_codes, users = frames.ids(user_column, "user id")
        item_codes, items = frames.ids(item_column, "item id")
        frames.refuse_twins(users, user_codes, user_column, "user")
        frames.refuse_twins(items, item_codes, item_column, "item")
        if catalog is not None:
            _refuse_unknown(items, item_codes, item_column, catalog)
        if time is None:
            times = np.arange(len(frame), dtype=np.float64)
        else:
            remedy = "Name the right one with time=…, or pass time=None if the rows are in order."
            times = frames.seconds(frames.column(frame, time, "the times", remedy))
        kind_codes, kind_names = _kinds(frame, kind, kinds)
        if frames.same_label(kind, "kind") and not frames.has_column(frame, kind):
            _warn_of_unread_kinds(frame, (user, item, time, value), kinds)
        if value is None or (frames.same_label(value, "value") and not frames.has_column(frame, value)):
            values = np.full(len(frame), np.nan, dtype=np.float32)
        else:
            values = frames.numbers(
                frames.column(frame, value, "the values", "Pass value=None if there are none.")
            )

        order = np.argsort(times, kind="stable")
        return cls(
            users, items, kind_names,
            user_codes[order], item_codes[order], kind_codes[order], times[order], values[order], kinds,
        )  # fmt: skip

    @classmethod
    def from_ratings(
        cls,
        frame: pd.DataFrame,
        user: str = "user",
        item: str = "item",
        time: str | None = "time",
        rating: str = "rating",
        like_from: float = 4.0,
        dislike_to: float = 2.0,
        between: str | None = "click",
        kinds: FeedbackKinds = DEFAULT_KINDS,
        catalog: Catalog | None = None,
    ) -> Interactions:
        """A log of ratings such as stars: from `like_from` on a ``like``, up to `dislike_to` a ``dislike``.

        A recommender learns from the *kind* of an event alone. In a log whose events are all of one kind,
        such as ``rating``, one star says as much for an item as five.

        Args:
            frame: the ratings, one a row.
            user: the column of the user ids.
            item: the column of the item ids.
            time: the column of the times, as for `from_pandas`; None if the rows are in order.
            rating: the column of the ratings, which are kept as the events' values.
            like_from: the lowest rating that speaks for an item.
            dislike_to: the highest that speaks against it.
            between: the kind of the others: by default they were taken, without an opinion; None leaves them
                out.
            kinds: what the kinds mean.
            catalog: with one, every item must be in it.

        Raises:
            DataError: as `from_pandas`; a rating that is missing, or limits that are no numbers or cross.

        >>> stars = pd.DataFrame({"user": "ada", "item": [7, 8, 9], "rating": [5, 1, 3], "time": [1, 2, 3]})
        >>> [(event.kind, event.value) for event in Interactions.from_ratings(stars)]
        [('like', 5.0), ('dislike', 1.0), ('click', 3.0)]
        """
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"a log is made from a pandas DataFrame, not a {type(frame).__name__}")
        given = frames.column(frame, rating, "the ratings", "Name the right one with rating=….")
        if not (_is_number(like_from) and _is_number(dislike_to) and dislike_to < like_from):
            raise DataError(
                f"dislike_to, {brief(dislike_to)}, must be a number below like_from, {brief(like_from)}"
            )
        ratings = frames.numbers(given)
        missing = np.isnan(ratings)
        if missing.any():
            raise DataError(
                f"{frames.where(given, int(missing.argmax()))}: the rating is missing"
                f"{others(int(missing.sum()) - 1)}; drop the row, or make an event of another kind of it"
            )
        liked, disliked = ratings >= like_from, ratings <= dislike_to
        names = np.select([liked, disliked], ["like", "dislike"], between or "")
        columns = {"user": user, "item": item, **({} if time is None else {"time": time})}
        rows = pd.DataFrame(
            {name: frames.column(frame, label, f"the {name}s") for name, label in columns.items()}
        )
        rows = rows.assign(kind=names, value=ratings)
        if between is None:
            rows = rows[liked | disliked]
        when = None if time is None else "time"
        return cls.from_pandas(rows, time=when, kinds=kinds, catalog=catalog)

    @classmethod
    def from_csv(
        cls,
        path: tables.PathLike,
        user: str = "user",
        item: str = "item",
        time: str | None = "time",
        kind: str | None = "kind",
        value: str | None = "value",
        kinds: FeedbackKinds = DEFAULT_KINDS,
        catalog: Catalog | None = None,
        sep: str | None = None,
    ) -> Interactions:
        """From a CSV file (UTF-8, with a header), whose ids are strings; columns as in `from_pandas`.

        `sep` is the character between cells, such as ``";"``; without it a comma, or a tab in a ``.tsv``.
        Events that repeat another are kept, and a `DataWarning` says how many there are.

        Raises:
            FormatError: the file cannot be read.
            DataError: as `from_pandas`.
        """
        log = cls.from_pandas(
            tables.read_csv(path, sep),
            user=user,
            item=item,
            time=time,
            kind=kind,
            value=value,
            kinds=kinds,
            catalog=catalog,
        )
        _warn_of_repeats(log, path)
        return log

    @classmethod
    def from_parquet(
        cls,
        path: tables.PathLike,
        user: str = "user",
        item: str = "item",
        time: str | None = "time",
        kind: str | None = "kind",
        value: str | None = "value",
        kinds: FeedbackKinds = DEFAULT_KINDS,
        catalog: Catalog | None = None,
    ) -> Interactions:
        """From a Parquet file; columns as in `from_pandas`.

        Raises:
            FormatError: the file cannot be read.
            DataError: as `from_pandas`.
            MissingExtraError: pyarrow is not installed.
        """
        return cls.from_pandas(
            tables.read_parquet(path),
            user=user,
            item=item,
            time=time,
            kind=kind,
            value=value,
            kinds=kinds,
            catalog=catalog,
        )

    @classmethod
    def from_events(
        cls,
        events: Iterable[Feedback],
        kinds: FeedbackKinds = DEFAULT_KINDS,
        times: Iterable[float] | None = None,
    ) -> Interactions:
        """A log of single events, which may be none; `times` has a time for each that has none of its own.

        What a log does not hold (the lists that were shown, the events' own ids) is left out.

        Args:
            events: In any order; those of the same time keep theirs.
            kinds: What the kinds mean.
            times: As many as events, seconds since 1970-01-01 UTC. Only those of events whose own time is
                None are looked at.

        Raises:
            DataError: what is no Feedback; an event without a time, of an unknown kind, or whose ids clash;
                the message names it.

        >>> Interactions.from_events([Feedback("ada", 7), Feedback("bob", 7, time=20)], times=[30, 99]).users
        ['bob', 'ada']
        >>> Interactions.from_events([Feedback("ada", 7)])
        Traceback (most recent call last):
        ...
        lifelong_widgets.errors.DataError: event 0 has no time; give every event one, or pass times=…
        """
        users, items = IdIndex(name="user"), IdIndex(name="item")
        names: dict[str, int] = {}
        codes: tuple[list[int], list[int], list[int]] = ([], [], [])
        seconds: list[float] = []
        values: list[float | None] = []
        others = repeat(None) if times is None else iter(times)
        for position, given in enumerate(events):
            event = _feedback(position, given)
            other = next(others, None)
            time = other if event.time is None else event.time
            if time is None:
                raise DataError(f"event {position} has no time; give every event one, or pass times=…")
            if event.kind not in kinds:
                raise DataError(f"event {position}: {_unknown(event.kind, kinds)}")
            try:
                codes[0].append(users.add(event.user))
                codes[1].append(items.add(event.item))
            except DataError as error:
                raise DataError(f"event {position}: {error}") from None
            codes[2].append(names.setdefault(event.kind, len(names)))
            seconds.append(time)
            values.append(event.value)
        moments = frames.seconds(pd.Series(seconds, name="time", dtype=np.float64))
        numbers = frames.numbers(pd.Series(values, name="value", dtype=np.float64))
        order = np.argsort(moments, kind="stable")
        user_codes, item_codes, kind_codes = (np.array(part, dtype=np.int64)[order] for part in codes)
        return cls(
            list(users), list(items), list(names),
            user_codes, item_codes, kind_codes, moments[order], numbers[order], kinds,
        )  # fmt: skip

    def before(self, moment: Moment) -> Interactions:
        """The events before `moment`: a fraction of all events, or a time (exclusive). May be empty.

        ``log.before(m)`` and ``log.after(m)`` together are the log, for every `m`.

        Raises:
            DataError: neither a fraction in (0, 1) nor a time.

        >>> rows = {"user": "ada", "item": [1, 2, 3], "time": ["2024-05-01", "2024-05-02", "2024-05-03"]}
        >>> log = Interactions.from_pandas(pd.DataFrame(rows))
        >>> log.before("2024-05-03").items, log.after("2024-05-03").items
        ([1, 2], [3])
        """
        return self[: self._cut(moment)]

    def after(self, moment: Moment) -> Interactions:
        """The events from `moment` on: a fraction of all events, or a time (inclusive). May be empty.

        Raises:
            DataError: neither a fraction in (0, 1) nor a time.
        """
        return self[self._cut(moment) :]

    def _cut(self, moment: Moment) -> int:
        wanted = "a fraction of the events in (0, 1), epoch seconds above 1, a datetime or an ISO 8601 string"
        is_number = isinstance(moment, (int, float, np.number))
        try:
            seconds = float(frames.seconds(pd.Series([moment], name="moment", dtype=object))[0])
        except DataError:
            raise DataError(f"{brief(moment)} is no moment; give {wanted}") from None
        if isinstance(moment, str) and 0.0 < seconds < 1.0:
            raise DataError(
                f"{brief(moment)} is a string, which as epoch seconds lies in 1970; a fraction of the events "
                f"is a number: {seconds:g}"
            )
        if is_number and 1.0 < seconds <= 100.0 and len(self) and self.times[0] > _LONG_AGO:
            raise DataError(
                f"{brief(moment)} as epoch seconds lies in 1970, before the first event; "
                f"for {seconds:g} % of the events give {seconds / 100:g}"
            )
        if is_number and 0.0 < seconds < 1.0:
            return int(seconds * len(self) + 1e-9)
        if is_number and seconds <= 1.0:
            raise DataError(f"{brief(moment)} is no moment; give {wanted}")
        return int(np.searchsorted(self.times, seconds, side="left"))

    @property
    def rewards(self) -> npt.NDArray[np.float32]:
        """(n,) float32: the reward of each event's kind."""
        by_kind = np.array([self.kinds[name].reward for name in self.kind_names], dtype=np.float32)
        return by_kind[self.kind_codes]

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Feedback]:
        columns = (self.user_codes, self.item_codes, self.kind_codes, self.times, self.values)
        for begin in range(0, len(self), _STRETCH):
            stretch = (column[begin : begin + _STRETCH].tolist() for column in columns)
            for user, item, kind, time, value in zip(*stretch, strict=True):
                yield Feedback(
                    self.users[user],
                    self.items[item],
                    self.kind_names[kind],
                    time,
                    value if value == value else None,
                )

    @overload
    def __getitem__(self, at: int) -> Feedback: ...
    @overload
    def __getitem__(self, at: slice) -> Interactions: ...
    def __getitem__(self, at: int | slice) -> Feedback | Interactions:
        """One event by its place, or a log of the events in a slice (in order of time: no negative step)."""
        if isinstance(at, slice):
            if at.step is not None and at.step < 0:
                raise DataError("a log stays in the order of time: slice it with a positive step")
            return self._at(at)
        value = float(self.values[at])
        return Feedback(
            self.users[self.user_codes[at]],
            self.items[self.item_codes[at]],
            self.kind_names[self.kind_codes[at]],
            float(self.times[at]),
            value if value == value else None,
        )

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.integer[Any]]) -> Interactions:
        """The events at `rows`: a mask of all of them, or their places in the order of time.

        Raises:
            DataError: a mask of another length, a place that is not there, or places out of order.

        >>> rows = {"user": "ada", "item": [1, 2, 3], "time": [10, 20, 30]}
        >>> log = Interactions.from_pandas(pd.DataFrame(rows))
        >>> log.take(log.times > 10).items, log.take(np.array([0, 2])).items
        ([2, 3], [1, 3])
        """
        places = np.asarray(rows)
        try:
            taken = self._at(places.astype(np.int64) if not places.size else places)
        except IndexError as error:
            raise DataError(f"this log has {len(self):,} events; these rows are not of it: {error}") from None
        if (np.diff(taken.times) < 0.0).any():
            raise DataError("a log stays in the order of time: give the rows in ascending order")
        return taken

    def _at(self, rows: Any) -> Interactions:
        return Interactions(
            self.users, self.items, self.kind_names,
            self.user_codes[rows], self.item_codes[rows], self.kind_codes[rows],
            self.times[rows], self.values[rows], self.kinds,
        )  # fmt: skip

    def with_users(self, users: list[Id]) -> Interactions:
        """The same events of people who are called otherwise: `users` takes the place of `self.users`.

        Raises:
            DataError: there are not as many as `self.users`.

        >>> Interactions.from_events([Feedback("ada", 7, time=20)]).with_users(["~1"]).users
        ['~1']
        """
        if len(users) != len(self.users):
            raise DataError(
                f"with_users calls the {len(self.users):,} people of this log otherwise, and was given "
                f"{len(users):,} names; the events of some people are "
                "log.take(np.isin(log.users, some)[log.user_codes])"
            )
        return Interactions(
            users, self.items, self.kind_names,
            self.user_codes, self.item_codes, self.kind_codes, self.times, self.values, self.kinds,
        )  # fmt: skip

    def with_kinds(self, kinds: FeedbackKinds) -> Interactions:
        """The same events, of which `kinds` say what they are worth.

        Raises:
            DataError: one of them is of no kind of these.

        >>> log = Interactions.from_events([Feedback("ada", 7, "like", time=20)])
        >>> log.with_kinds(log.kinds.with_weights(like=3)).rewards.tolist()
        [3.0]
        """
        for name in self.kind_names:
            if name not in kinds:
                raise DataError(_unknown(name, kinds))
        return Interactions(
            self.users, self.items, self.kind_names,
            self.user_codes, self.item_codes, self.kind_codes, self.times, self.values, kinds,
        )  # fmt: skip

    def to_pandas(self) -> pd.DataFrame:
        """A frame with ``user``, ``item``, ``time`` (UTC, to the microsecond), ``kind`` and ``value``."""
        microseconds = np.round(self.times * 1e6).astype(np.int64).view("datetime64[us]")
        return pd.DataFrame(
            {
                "user": [self.users[code] for code in self.user_codes.tolist()],
                "item": [self.items[code] for code in self.item_codes.tolist()],
                "time": pd.Series(microseconds).dt.tz_localize("UTC"),
                "kind": [self.kind_names[code] for code in self.kind_codes.tolist()],
                "value": self.values.copy(),
            }
        )

    def __repr__(self) -> str:
        if not len(self):
            return "Interactions(no events)"
        kinds = ", ".join(shorten(name, 30) for name in self.kind_names[:8])
        kinds += ", …" if self.kind_names[8:] else ""
        return (
            f"Interactions({len(self):,} events, {len(self.users):,} users, {len(self.items):,} items, "
            f"{_readable(self.times[0])} to {_readable(self.times[-1])}, kinds: {kinds})"
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                event.user,
                event.item,
                _readable(event.time or 0.0),
                event.kind,
                "" if event.value is None else event.value,
            )
            for event in self[:10]
        ]
        head = ("user", "item", "time (UTC)", "kind", "value")
        return html_table(repr(self), head, rows, more=len(self) - len(rows))


def _compacted(
    vocabulary: list[Any], codes: npt.NDArray[np.int64]
) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """The part of `vocabulary` that occurs, in order of first appearance, and `codes` into it."""
    positions, uniques = pd.factorize(codes)
    return [vocabulary[code] for code in uniques.tolist()], positions.astype(np.int64, copy=False)


def _kinds(
    frame: pd.DataFrame, kind: str | None, kinds: FeedbackKinds
) -> tuple[npt.NDArray[np.int64], list[str]]:
    if kind is None or not frames.has_column(frame, kind):
        if kind is None or frames.same_label(kind, "kind"):
            kind = "click"
        if kind not in kinds:
            raise DataError(
                f"kind={brief(kind)} is neither a column nor a kind of feedback: {_unknown(kind, kinds)}"
            )
        return np.zeros(len(frame), dtype=np.int64), [kind]
    series = frames.column(frame, kind, "the kinds")
    if kind in kinds and _only_numbers(series):
        raise DataError(
            f"column {brief(kind)} holds numbers, and no kinds of feedback. If they are ratings, "
            f"Interactions.from_ratings(frame, rating={brief(kind)}, like_from=4, dislike_to=2) makes likes "
            f"and dislikes of them; if every event is to be of the kind {brief(kind)}, call the column "
            f"otherwise: from_pandas(frame.rename(columns={{{brief(kind)}: 'stars'}}), kind={brief(kind)}, "
            "value='stars')"
        )
    codes, names = frames.ids(series, "kind")
    unknown = [name for name in names if name not in kinds]
    if unknown:
        row = int((codes == names.index(unknown[0])).argmax())
        n_more = int(np.isin(codes, [names.index(name) for name in unknown]).sum()) - 1
        more = f". Not known either: {', '.join(map(brief, unknown[1:11]))}" if unknown[1:] else ""
        raise DataError(f"{frames.where(series, row)}{others(n_more)}: {_unknown(unknown[0], kinds)}{more}")
    return codes, [str(name) for name in names]


def _warn_of_unread_kinds(frame: pd.DataFrame, used: tuple[object, ...], kinds: FeedbackKinds) -> None:
    """Warn of a column that nobody named, and in which stands nothing but kinds of feedback."""
    for place, label in enumerate(frame.columns):
        cells = frame.iloc[:, place]
        texts = cells.dtype == object or pd.api.types.is_string_dtype(cells.dtype)
        if not texts or any(frames.same_label(label, name) for name in used):
            continue
        if all(cell in kinds for cell in cells):
            held = listing(map(repr, cells.unique().tolist()), most=5)
            warn(
                f"column {brief(label)} holds kinds of feedback ({held}) and is not read, so that every "
                f"event is a click: say kind={brief(label)} (--kind-column on the command line), or "
                "kind='click' if that is meant",
                DataWarning,
            )
            return


def _warn_of_repeats(log: Interactions, path: tables.PathLike) -> None:
    """Warn of events of a file that are there more than once, which may be real."""
    same = pd.DataFrame(
        {
            "user": log.user_codes,
            "item": log.item_codes,
            "kind": log.kind_codes,
            "time": log.times,
            "value": log.values,
        }
    ).duplicated()
    if n := int(same.sum()):
        warn(
            f"{n:,} of the {len(log):,} events of {tables.shown(path)} repeat another, with the same person, "
            "item, kind, value and time. They are kept, since they may be real; "
            "log, report = lifelong_widgets.data.cleaning.drop_duplicates(log) leaves them out",
            DataWarning,
        )


def _only_numbers(series: pd.Series[Any]) -> bool:
    return bool(pd.to_numeric(series, errors="coerce").notna().all())


def _is_number(given: object) -> bool:
    return isinstance(given, (int, float, np.number)) and not isinstance(given, bool) and given == given


def _unknown(name: object, kinds: FeedbackKinds) -> str:
    try:
        kinds[name]  # type: ignore[index]
    except DataError as error:
        return str(error)
    raise KeyError(name)


def _check_types(kinds: object, catalog: object) -> None:
    if not isinstance(kinds, FeedbackKinds):
        raise DataError(f"kinds is a FeedbackKinds, such as DEFAULT_KINDS, not {brief(kinds)}")
    if catalog is not None and not isinstance(catalog, Catalog):
        raise DataError(f"catalog is a Catalog or None, not {brief(catalog)}")


def _refuse_unknown(
    ids: list[Id], codes: npt.NDArray[np.int64], series: pd.Series[Any], catalog: Catalog
) -> None:
    for code, id in enumerate(ids):
        if id not in catalog:
            unknown = [other for other in ids[code:] if other not in catalog]
            more = others(len(unknown) - 1)
            place = frames.where(series, int((codes == code).argmax()))
            try:
                catalog.index.get(id)  # says so if only the type differs
            except DataError as error:
                raise DataError(f"{place}: {error}") from None
            raise DataError(
                f"{place}: the item {brief(id)}{more} is not in the catalogue; add it with catalog.add(…), "
                "or leave out catalog= to allow items that arrive later"
            )


def _readable(seconds: float) -> str:
    return str(pd.Timestamp(round(seconds), unit="s"))


def _feedback(position: int, event: object) -> Feedback:
    if not isinstance(event, Feedback):
        given = type(event).__name__
        raise DataError(f"event {position} is a {given}; from_events takes Feedback(user, item, kind, time)")
    return event
