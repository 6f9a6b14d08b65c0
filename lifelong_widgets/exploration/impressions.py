"""What was shown, how likely that was, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pandas as pd

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.frames import column, has_column
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.errors import DataError

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Impression:
    """One slate that one person saw: what an estimate of another policy's value needs.

    Attributes:
        user: who saw it.
        slate: the items, from the top.
        propensities: of each item, the probability that the policy of that moment put it there, given those
            above it; above 0 and at most 1.
        clicked: the place that was clicked, from 1, or None.
        reward: what the click was worth; 1 by default, and 0 where there was none.
        pool: the items that the slate was drawn from, or None if they were not kept. Without them nobody
            can tell how much of another policy the log has no answer for.
        first: of each item of the pool, the probability to be put first; they sum to 1.

    Raises:
        DataError: something is missing, of another length, or out of range.

    >>> seen = Impression("ada", ("b", "a"), (0.25, 1.0), clicked=1, pool=("a", "b"), first=(0.75, 0.25))
    >>> seen.reward, seen.reward_at(1), seen.reward_at(2)
    (1.0, 1.0, 0.0)
    >>> Impression("ada", ("b",), (0.0,))
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: the propensity 0.0 at position 1 is not above 0 and at most 1; \
what was shown had a chance to be shown
    """

    user: Id
    slate: tuple[Id, ...]
    propensities: tuple[float, ...]
    clicked: int | None = None
    reward: float | None = None
    pool: tuple[Id, ...] | None = None
    first: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        keep = object.__setattr__
        keep(self, "user", as_id(self.user, "user"))
        keep(self, "slate", _ids(self.slate, "slate"))
        keep(self, "propensities", _numbers(self.propensities, len(self.slate), "propensities", "slate"))
        for position, chance in enumerate(self.propensities, 1):
            if not 0.0 < chance <= 1.0:
                raise DataError(
                    f"the propensity {chance!r} at position {position} is not above 0 and at most 1; "
                    "what was shown had a chance to be shown"
                )
        keep(self, "clicked", _position(self.clicked, len(self.slate)))
        keep(self, "reward", _reward(self.reward, self.clicked))
        if (self.pool is None) != (self.first is None):
            raise DataError("pool and first belong together; give both or neither")
        if self.pool is not None:
            self._check_pool()

    def _check_pool(self) -> None:
        pool = _ids(self.pool, "pool")
        first = _numbers(self.first, len(pool), "first", "pool")
        if any(chance < 0 for chance in first) or abs(math.fsum(first) - 1.0) > _SUM_TOLERANCE:
            raise DataError(f"first holds probabilities, which sum to 1 and not to {math.fsum(first):.6g}")
        outside = next((item for item in self.slate if item not in pool), None)
        if outside is not None:
            raise DataError(f"the item {brief(outside)} of the slate is not in its pool")
        top = first[pool.index(self.slate[0])]
        if abs(top - self.propensities[0]) > _SUM_TOLERANCE:
            raise DataError(
                f"the propensity at position 1 is {self.propensities[0]:.6g}, but first says {top:.6g} of "
                f"{brief(self.slate[0])}"
            )
        object.__setattr__(self, "pool", pool)
        object.__setattr__(self, "first", first)

    def reward_at(self, position: int) -> float:
        """What the item at `position`, from 1, brought: the reward if it was clicked, else 0."""
        return float(self.reward or 0.0) if self.clicked == position else 0.0


_COLUMNS = ("user", "slate", "propensities", "clicked", "reward", "pool", "first")


class ImpressionLog(Sequence[Impression]):
    """Impressions in the order in which they were made.

    >>> log = ImpressionLog([Impression("ada", ("b", "a"), (0.5, 1.0), clicked=2)])
    >>> log.append(Impression("bob", ("a", "b"), (0.5, 1.0)))
    >>> log
    ImpressionLog(2 impressions, 2 users, 1 clicked)
    >>> list(ImpressionLog.from_pandas(log.to_pandas())) == list(log)
    True
    """

    def __init__(self, impressions: Iterable[Impression] = ()) -> None:
        self._impressions: list[Impression] = []
        for impression in impressions:
            self.append(impression)

    def append(self, impression: Impression) -> None:
        """Add one at the end.

        Raises:
            DataError: it is not an `Impression`.
        """
        given: object = impression
        if not isinstance(given, Impression):
            raise DataError(f"an ImpressionLog holds Impression objects, not a {type(given).__name__}")
        self._impressions.append(impression)

    def __len__(self) -> int:
        return len(self._impressions)

    def __iter__(self) -> Iterator[Impression]:
        return iter(self._impressions)

    @overload
    def __getitem__(self, index: int) -> Impression: ...

    @overload
    def __getitem__(self, index: slice) -> ImpressionLog: ...

    def __getitem__(self, index: int | slice) -> Impression | ImpressionLog:
        if isinstance(index, slice):
            return ImpressionLog(self._impressions[index])
        return self._impressions[index]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each impression; slate, propensities, pool and first are tuples, as Parquet lists."""
        columns: dict[str, Any] = {
            name: pd.Series([getattr(row, name) for row in self], dtype=object) for name in _COLUMNS
        }
        columns["clicked"] = columns["clicked"].astype("Int64")
        columns["reward"] = columns["reward"].astype(np.float64)
        return pd.DataFrame(columns)

    @classmethod
    def from_pandas(cls, frame: pd.DataFrame) -> ImpressionLog:
        """Read what `to_pandas` wrote, or a table of yours with these columns.

        ``user``, ``slate`` and ``propensities`` must be there; the others may be missing, as columns and in
        rows.

        Raises:
            DataError: a column is missing, or a row is no impression; it says which and why.
        """
        given: object = frame
        if not isinstance(given, pd.DataFrame):
            raise DataError(f"from_pandas takes a DataFrame, not a {type(given).__name__}")
        found: dict[str, list[Any]] = {}
        for place, name in enumerate(_COLUMNS):
            if place < 3 or has_column(frame, name):
                found[name] = column(frame, name, f"the {name} of the impressions").tolist()
        log = cls()
        for row, values in enumerate(zip(*found.values(), strict=True)):
            fields: dict[str, Any] = dict(zip(found, map(_or_none, values), strict=True))
            try:
                log.append(Impression(**fields))
            except DataError as error:
                raise DataError(f"row {row} (from 0): {error}") from None
        return log

    def __repr__(self) -> str:
        users = len({row.user for row in self})
        clicked = sum(row.clicked is not None for row in self)
        return f"ImpressionLog({len(self):,} impressions, {users:,} users, {clicked:,} clicked)"


def _or_none(value: Any) -> Any:
    return None if value is pd.NA or (isinstance(value, float) and math.isnan(value)) else value


def _sequence(given: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(given, (tuple, list, np.ndarray)):
        hint = "; a CSV keeps lists as text, Parquet keeps them" if isinstance(given, str) else ""
        raise DataError(
            f"{name} is a sequence, such as a tuple, not the {type(given).__name__} {brief(given)}{hint}"
        )
    return tuple(given)


def _ids(given: Any, name: str) -> tuple[Id, ...]:
    items = tuple([as_id(item, f"item of the {name}") for item in _sequence(given, name)])
    if not items:
        raise DataError(f"the {name} is empty; it holds at least one item")
    if len(set(items)) != len(items):
        twice = next(item for item in items if items.count(item) > 1)
        raise DataError(f"the {name} holds {brief(twice)} twice")
    return items


def _numbers(given: Any, n: int, name: str, of: str) -> tuple[float, ...]:
    values = _sequence(given, name)
    if len(values) != n:
        raise DataError(f"{name} has {len(values)} numbers for the {n} items of the {of}")
    for value in values:
        real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not real or not math.isfinite(value):
            raise DataError(f"{name} holds {brief(value)}, which is not a finite number")
    return tuple([float(value) for value in values])


def _position(given: Any, n: int) -> int | None:
    if given is None:
        return None
    whole = isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool)
    if not whole or given != given // 1 or not 1 <= given <= n:
        raise DataError(f"clicked is {brief(given)}; it is a position from 1 to {n}, or None")
    return int(given)


def _reward(given: Any, clicked: int | None) -> float:
    if given is None:
        return 0.0 if clicked is None else 1.0
    real = isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool)
    if not real or not math.isfinite(given):
        raise DataError(f"reward is {brief(given)}; it must be a finite number")
    if clicked is None and given != 0:
        raise DataError(
            f"reward is {brief(given)}, but nothing was clicked; say in clicked what it came from"
        )
    return float(given)
