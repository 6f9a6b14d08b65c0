"""Who follows or trusts whom: a directed graph that grows while people use it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.display import brief, html_table
from lifelong_widgets.data.ids import Id, IdIndex
from lifelong_widgets.errors import DataError

_NONE: Mapping[Id, float] = {}


class SocialGraph:
    """Edges from a follower to whom they follow (or trust), each with a weight.

    Edges may come and go at any time, each in O(1). People are called as in the log; whoever has ever had an
    edge stays known, so that indices never change.

    >>> graph = SocialGraph()
    >>> graph.add("ada", "bob")
    >>> graph.add("ada", "eve", weight=0.5)
    >>> dict(graph.following("ada")), list(graph.followers("bob")), ("ada", "bob") in graph
    ({'bob': 1.0, 'eve': 0.5}, ['ada'], True)
    >>> graph.remove("ada", "bob")
    >>> graph
    SocialGraph(1 edge among 3 people)
    """

    def __init__(self) -> None:
        self._index = IdIndex(name="user")
        self._following: dict[Id, dict[Id, float]] = {}
        self._followers: dict[Id, dict[Id, float]] = {}
        self._n_edges = 0

    @classmethod
    def from_pandas(
        cls,
        frame: pd.DataFrame,
        follower: str = "follower",
        followed: str = "followed",
        weight: str | None = "weight",
    ) -> Self:
        """A graph from the columns of `frame` that the arguments name.

        Without the default column ``weight``, or with ``weight=None``, every edge weighs 1. Of rows with the
        same edge the last counts.

        Raises:
            DataError: a missing column, an id or a weight that cannot be used, or somebody who follows
                themselves; the message names column and row.

        >>> SocialGraph.from_pandas(pd.DataFrame({"who": [1, 2], "whom": [2, 3]}), "who", "whom")
        SocialGraph(2 edges among 3 people)
        """
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"a graph is made from a pandas DataFrame, not a {type(frame).__name__}")
        sides = [
            frames.column(frame, follower, "who follows", "Name the right one with follower=…."),
            frames.column(frame, followed, "who is followed", "Name the right one with followed=…."),
        ]
        (sources, ids), (targets, others) = (frames.ids(side, "user id") for side in sides)
        weights = np.ones(len(frame))
        if weight is not None and (
            frames.has_column(frame, weight) or not frames.same_label(weight, "weight")
        ):
            cells = frames.column(frame, weight, "the weights", "Pass weight=None if there are none.")
            weights = frames.numbers(cells).astype(np.float64)
        graph = cls()
        for row, (source, target) in enumerate(zip(sources.tolist(), targets.tolist(), strict=True)):
            try:
                graph.add(ids[source], others[target], float(weights[row]))
            except DataError as error:
                raise DataError(f"{frames.row(sides[0], row)}: {error}") from None
        return graph

    def add(self, follower: Id, followed: Id, weight: float = 1.0) -> None:
        """`follower` follows `followed` from now on; an edge that is there takes the new weight.

        Raises:
            DataError: an id that cannot be used, somebody who would follow themselves, or a weight that is no
                number above 0; the graph is then as it was.
        """
        number = isinstance(weight, (int, float, np.number)) and not isinstance(
            weight, (bool, np.timedelta64)
        )
        if not number or not 0.0 < weight < math.inf:
            raise DataError(
                f"the weight of an edge is a finite number above 0, not {brief(weight)}; "
                "to take an edge back use remove(follower, followed)"
            )
        size = len(self._index)
        try:
            source, target = (self._index[code] for code in self._index.extend((follower, followed)).tolist())
            if source == target:
                raise DataError(f"{brief(follower)} cannot follow themselves")
        except DataError:
            self._index.truncate(size)
            raise
        self._n_edges += target not in self._following.setdefault(source, {})
        self._following[source][target] = float(weight)
        self._followers.setdefault(target, {})[source] = float(weight)

    def remove(self, follower: Id, followed: Id) -> None:
        """`follower` no longer follows `followed`.

        Raises:
            DataError: there is no such edge.
        """
        if (follower, followed) not in self:
            raise DataError(
                f"{brief(follower)} does not follow {brief(followed)}: there is no edge to remove"
            )
        del self._following[follower][followed]
        del self._followers[followed][follower]
        self._n_edges -= 1

    def following(self, user: Id) -> Mapping[Id, float]:
        """Whom `user` follows, and with what weight; nobody if `user` is unknown. Read-only."""
        return MappingProxyType(self._following.get(user, _NONE))

    def followers(self, user: Id) -> Mapping[Id, float]:
        """Who follows `user`, and with what weight; nobody if `user` is unknown. Read-only."""
        return MappingProxyType(self._followers.get(user, _NONE))

    @property
    def people(self) -> Sequence[Id]:
        """Everybody who has or ever had an edge, in the order in which they came. A live view."""
        return self._index.ids

    def edges(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Follower and followed of each edge as indices into `people`, and its weight: three arrays (n,)."""
        rows = list(self)
        sources = self._index.encode(follower for follower, _, _ in rows)
        targets = self._index.encode(followed for _, followed, _ in rows)
        return sources, targets, np.array([weight for _, _, weight in rows], dtype=np.float64)

    def to_pandas(self) -> pd.DataFrame:
        """A frame with ``follower``, ``followed`` and ``weight``; the inverse of `from_pandas`."""
        return pd.DataFrame(list(self), columns=["follower", "followed", "weight"])

    def __iter__(self) -> Iterator[tuple[Id, Id, float]]:
        for follower, followed in self._following.items():
            for other, weight in followed.items():
                yield follower, other, weight

    def __contains__(self, edge: Any) -> bool:
        follower, followed = edge
        return followed in self._following.get(follower, {})

    def __len__(self) -> int:
        return self._n_edges

    def __sklearn_clone__(self) -> Self:
        """Itself: scikit-learn's copies of an estimator look at the same, living graph."""
        return self

    def __repr__(self) -> str:
        edges = "1 edge" if len(self) == 1 else f"{len(self):,} edges"
        people = "1 person" if len(self._index) == 1 else f"{len(self._index):,} people"
        return f"SocialGraph({edges} among {people})"

    def _repr_html_(self) -> str:
        rows = [row for row, _ in zip(self, range(10), strict=False)]
        return html_table(repr(self), ("follower", "followed", "weight"), rows, more=len(self) - len(rows))
