"""What the scores of a whole list are made of, and what has moved it since."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload
from weakref import ReferenceType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import cell, shorten

TAKEN = "you took it"
"""What an item that the person has consumed leaves a list by."""

_HEAD = "place before → place now, how much its score has risen (+) or fallen (-) since, and by what"


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item of a list, and what its score is made of.

    Attributes:
        rank: its place, from 1.
        item: its id.
        title: its title.
        score: that it has.
        parts: which add up to it; see `Explanation`.
    """

    rank: int
    item: Id
    title: str
    score: float
    parts: Mapping[str, float]


class ListExplanation(Sequence[ListedItem]):
    """What the scores of a list are made of, best first. Draws itself as a table in a notebook.

    It also remembers this of every other candidate, so that `Recommender.what_changed` can say what has moved
    the list since.

    Args:
        user: whose list it is.
        rows: of the list.
        columns: the names of the parts.
        candidates: by index of the catalogue, ascending, (n,).
        parts: of the candidates, (n, len(columns)).
        owner: the recommender whose scores they are.
    """

    def __init__(
        self,
        user: Id,
        rows: Sequence[ListedItem],
        columns: Sequence[str],
        candidates: NDArray[np.int64],
        parts: NDArray[np.float64],
        owner: ReferenceType[object] | None = None,
    ) -> None:
        self.user, self.owner = user, owner
        self._rows, self._columns = tuple(rows), tuple(columns)
        self._candidates, self._parts = candidates, parts

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> ListedItem: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[ListedItem, ...]: ...

    def __getitem__(self, index: int | slice) -> ListedItem | tuple[ListedItem, ...]:
        return self._rows[index]

    def parts_of(self, item: int) -> dict[str, float] | None:
        """The parts of a candidate, by its index; None if it was none."""
        place = int(np.searchsorted(self._candidates, item))
        if place == len(self._candidates) or self._candidates[place] != item:
            return None
        return dict(zip(self._columns, self._parts[place].tolist(), strict=True))

    def to_pandas(self) -> pd.DataFrame:
        """A row for each item: rank, item, title, score, and a column for each part."""
        rows = [
            [row.rank, row.item, row.title, row.score, *(row.parts[part] for part in self._columns)]
            for row in self
        ]
        return pd.DataFrame(rows, columns=["rank", "item", "title", "score", *self._columns])

    def __repr__(self) -> str:
        lines = [f"what the {len(self)} best for {self.user!r} are made of"]
        for row in self:
            most = sorted(row.parts.items(), key=lambda pair: -pair[1])[:3]
            why = ", ".join(f"{part} {amount:+.2f}" for part, amount in most)
            lines.append(f"{row.rank:>4}  {shorten(row.title, 40):<40}  {row.score:>7.3f}  {why}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = "".join(f"<th>{html.escape(name)}</th>" for name in ("score", *self._columns))
        body = "".join(
            f"<tr><td>{row.rank}</td><td style='text-align:left'><b>{cell(row.title)}</b></td>"
            f"<td>{row.score:.2f}</td>"
            + "".join(f"<td>{row.parts[part]:+.2f}</td>" for part in self._columns)
            + "</tr>"
            for row in self
        )
        caption = f"What the list of {html.escape(str(self.user))} is made of"
        return (
            f"<table><caption>{caption}</caption>"
            f"<tr><th></th><th style='text-align:left'>title</th>{names}</tr>{body}</table>"
        )


@dataclass(frozen=True, slots=True)
class Change:
    """How an item has moved.

    Attributes:
        item: its id.
        title: its title.
        before: its place, from 1; None if it was not in the list.
        after: its place now; None if it is not in the list any more.
        parts: by how much each part of its score has risen since (if negative, fallen); they add up to the
            change of the score. Empty if it was no candidate then, or is none now.
        by: the part that moved it: that has changed most in the direction of its move, held against
            the median of both lists, since what rises with all moves nobody. ``"you took it"`` if it left
            because the person has consumed it since. ``""`` if that is not known.
    """

    item: Id
    title: str
    before: int | None
    after: int | None
    parts: Mapping[str, float]
    by: str

    @property
    def amount(self) -> float:
        """By how much its score has risen since (if negative, fallen); NaN if that is not known.

        Places are relative: an item sinks, too, if its score has risen less than those of others.
        """
        return sum(self.parts.values()) if self.parts else float("nan")


class Changes(Sequence[Change]):
    """What has moved a list: of each item of the two lists where it was, where it is, and by what.

    Attributes:
        user: whose list it is.
    """

    def __init__(self, user: Id, rows: Sequence[Change]) -> None:
        self.user, self._rows = user, tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Change: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Change, ...]: ...

    def __getitem__(self, index: int | slice) -> Change | tuple[Change, ...]:
        return self._rows[index]

    @property
    def moved(self) -> tuple[Change, ...]:
        """Those that are at another place, or have come or gone."""
        return tuple(row for row in self if row.before != row.after)

    def to_pandas(self) -> pd.DataFrame:
        """A row for each item: item, title, before, after, amount, by, and a column for each part."""
        parts = list(dict.fromkeys(part for row in self for part in row.parts))
        rows = [
            [
                row.item,
                row.title,
                row.before,
                row.after,
                row.amount,
                row.by,
                *(row.parts.get(part, float("nan")) for part in parts),
            ]
            for row in self
        ]
        return pd.DataFrame(rows, columns=["item", "title", "before", "after", "amount", "by", *parts])

    def __repr__(self) -> str:
        lines = [f"{len(self.moved)} items of the list of {self.user!r} have moved: {_HEAD}"]
        for row in self.moved:
            amount = f"{row.amount:+.3f}" if row.parts else "      "
            by = row.by if row.by in ("", TAKEN) else f"by {row.by}"
            lines.append(f"{_move_of(row):<12}{shorten(row.title, 40):<40}  {amount}  {by}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{_move_of(row)}</td><td style='text-align:left'>{cell(row.title)}</td>"
            f"<td>{f'{row.amount:+.3f}' if row.parts else ''}</td>"
            f"<td style='text-align:left'>{html.escape(row.by)}</td></tr>"
            for row in self.moved
        )
        caption = f"What has moved in the list of {html.escape(str(self.user))}: {_HEAD}"
        return f"<table><caption>{caption}</caption>{body}</table>"


def _move_of(row: Change) -> str:
    before, after = (str(place) if place else "–" for place in (row.before, row.after))
    return f"{before} → {after}"


def changes(
    before: ListExplanation, after: ListExplanation, rows: Mapping[Id, int], consumed: Collection[int]
) -> Changes:
    """What has moved from the one list to the other.

    Args:
        before: the list as it was.
        after: as it is.
        rows: the index of each item of both.
        consumed: the indices of what the person has consumed by now.
    """
    was, now = ({row.item: row for row in each} for each in (before, after))
    deltas: dict[Id, dict[str, float]] = {}
    for item in {**now, **was}:
        old, new = before.parts_of(rows[item]), after.parts_of(rows[item])
        if old is not None and new is not None:
            deltas[item] = {part: new.get(part, 0.0) - old.get(part, 0.0) for part in {**old, **new}}
    everywhere = {
        part: float(np.median([delta.get(part, 0.0) for delta in deltas.values()]))
        for part in dict.fromkeys(part for delta in deltas.values() for part in delta)
    }

    def of(item: Id) -> Change:
        old, new = was.get(item), now.get(item)
        delta = deltas.get(item, {})
        rose = (old.rank if old else float("inf")) - (new.rank if new else float("inf"))
        sign = (rose > 0) - (rose < 0)
        by = ""
        if new is None and rows[item] in consumed:
            by = TAKEN
        elif delta and sign:
            part, most = max(
                ((part, sign * (amount - everywhere[part])) for part, amount in delta.items()),
                key=lambda pair: pair[1],
            )
            by = part if most > 0 else ""
        row = new or was[item]
        return Change(item, row.title, old.rank if old else None, new.rank if new else None, delta, by)

    return Changes(after.user, [of(item) for item in _in_order(now, was)])


def _in_order(now: Mapping[Id, ListedItem], was: Mapping[Id, ListedItem]) -> Iterator[Id]:
    yield from now
    yield from (item for item in was if item not in now)
