"""The list that a recommender answers with."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, overload

import numpy as np
import pandas as pd

from lifelong_widgets.data import Catalog, Id
from lifelong_widgets.data.display import brief, brief_fields, cell, shorten
from lifelong_widgets.data.frames import FIRST_SECOND, LAST_SECOND, moment
from lifelong_widgets.errors import DataError


@dataclass(frozen=True, slots=True, repr=False)
class Recommendation:
    """One item of a list.

    Attributes:
        rank: its place, from 1.
        item: its id.
        title: its title.
        categories: its categories.
        score: what the model gives it; comparable within one list only.
        reason: a sentence that says why, or an empty string if none was asked for.
    """

    rank: int
    item: Id
    title: str
    categories: tuple[str, ...]
    score: float
    reason: str

    __repr__ = brief_fields


class Recommendations(Sequence[Recommendation]):
    """A ranked list for one person, best first. Draws itself as a table in a notebook.

    Ids and scores are at hand at once; titles and categories are looked up when they are first asked for.
    """

    def __init__(
        self,
        user: Id,
        items: tuple[Id, ...],
        scores: tuple[float, ...],
        catalog: Catalog,
        reasons: tuple[str, ...] | None = None,
    ) -> None:
        self.user = user
        self.items = items
        self.scores = scores
        self._catalog = catalog
        self._reasons = reasons or ("",) * len(items)

    @classmethod
    def of(
        cls,
        user: Id,
        indices: np.ndarray,
        scores: np.ndarray,
        catalog: Catalog,
        reasons: tuple[str, ...] | None = None,
    ) -> Self:
        """The list of the items with these indices in `catalog`."""
        ids = catalog.ids
        return cls(user, tuple([ids[i] for i in indices.tolist()]), tuple(scores.tolist()), catalog, reasons)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Recommendation: ...

    @overload
    def __getitem__(self, index: slice) -> list[Recommendation]: ...

    def __getitem__(self, index: int | slice) -> Recommendation | list[Recommendation]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        item = self._catalog[self.items[place]]
        return Recommendation(
            place + 1, item.id, item.title, item.categories, self.scores[place], self._reasons[place]
        )

    def moves(self, previous: Recommendations) -> dict[Id, int | None]:
        """How many places each item has risen since `previous` (negative: fallen, None: was not there)."""
        before = {item: rank for rank, item in enumerate(previous.items)}
        return {item: before[item] - rank if item in before else None for rank, item in enumerate(self.items)}

    def to_pandas(self) -> pd.DataFrame:
        """The list as a table: rank, item, title, categories, score, reason."""
        columns = ["rank", "item", "title", "categories", "score", "reason"]
        return pd.DataFrame([[getattr(row, name) for name in columns] for row in self], columns=columns)

    def __repr__(self) -> str:
        lines = [f"{len(self)} recommendations for {brief(self.user)}"]
        for row in self:
            title, reason = shorten(row.title, 40), shorten(row.reason, 60)
            lines.append(f"{row.rank:>4}  {title:<40}  {row.score:>7.3f}  {reason}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "<tr><th></th><th style='text-align:left'>title</th><th>score</th><th></th></tr>"
        body = "".join(
            f"<tr><td>{row.rank}</td>"
            f"<td style='text-align:left'><b>{cell(row.title)}</b> "
            f"<small>{cell(' · '.join(row.categories))}</small></td>"
            f"<td>{row.score:.3f}</td>"
            f"<td style='text-align:left'><i>{cell(row.reason)}</i></td></tr>"
            for row in self
        )
        return f"<table><caption>For {html.escape(shorten(str(self.user)))}</caption>{head}{body}</table>"


def check_k(k: Any, name: str = "k") -> int:
    """`k` as an int; `name` is what the caller calls it.

    Raises:
        DataError: it is not a whole number of at least 1.
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise DataError(f"{name} is {k!r}; it must be a whole number of at least 1")
    return int(k)


def check_flags(**flags: Any) -> None:
    """Refuse what is neither True nor False; the names are what the caller calls them.

    Raises:
        DataError: one of them is something else.

    >>> check_flags(exclude_seen="no")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: exclude_seen is 'no'; it must be True or False
    """
    for name, flag in flags.items():
        if not isinstance(flag, (bool, np.bool_)):
            raise DataError(f"{name} is {flag!r:.80}; it must be True or False")


def check_now(now: Any) -> float | None:
    """The moment that a list is asked for, in seconds, or None if nobody says so.

    It is read as the times of a log are: a number is epoch seconds, a datetime without a zone is UTC.

    Raises:
        DataError: it is not a time.

    >>> check_now(60), check_now("1970-01-01T00:01")
    (60.0, 60.0)
    """
    if now is None:
        return None
    if type(now) in (int, float) and FIRST_SECOND <= now < LAST_SECOND:  # quick: every list comes by here
        return float(now)
    return moment(now, "moment now")
