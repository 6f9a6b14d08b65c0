"""Who follows or trusts whom: a directed graph that grows while people use it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.display import brief, html_table
from lifelong_widgets.data.ids import Id, IdIndex, as_id
from lifelong_widgets.errors import DataError, FormatError

_NONE: Mapping[Id, float] = {}


class Edge(NamedTuple):
    """That somebody follows somebody else."""

    follower: Id
    followed: Id
    weight: float


def edge_of(follower: object, followed: object, weight: object = 1.0) -> Edge:
    """These as an edge that may be.

    Raises:
        DataError: an id that cannot be used, somebody who would follow themselves, or a weight that is no
            finite number above 0.
    """
    number = isinstance(weight, (int, float, np.number)) and not isinstance(weight, (bool, np.timedelta64))
    if not number or not 0.0 < weight < math.inf:  # type: ignore[operator]
        raise DataError(
            f"the weight of an edge is a finite number above 0, not {brief(weight)}; "
            "an edge is taken back by removing it"
        )
    source, target = as_id(follower, "user"), as_id(followed, "user")
    if source == target:
        raise DataError(f"{brief(follower)} cannot follow themselves")
    return Edge(source, target, float(weight))  # type: ignore[arg-type]


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
        edge = edge_of(follower, followed, weight)
        source, target = (self._index[code] for code in self._index.extend(edge[:2]).tolist())
        self._n_edges += target not in self._following.setdefault(source, {})
        self._following[source][target] = edge.weight
        self._followers.setdefault(target, {})[source] = edge.weight

    def remove(self, follower: Id, followed: Id) -> None:
        """`follower` no longer follows `followed`.

        Raises:
            DataError: there is no such edge.
        """
        self.refuse_unless_there(follower, followed)
        del self._following[follower][followed]
        del self._followers[followed][follower]
        self._n_edges -= 1

    def refuse_unless_there(self, follower: Id, followed: Id) -> None:
        """Raise a DataError if there is no such edge."""
        if (follower, followed) not in self:
            raise DataError(
                f"{brief(follower)} does not follow {brief(followed)}: there is no edge to remove"
            )

    def index_of(self, user: Id) -> int | None:
        """The place of `user` in `people`, which never changes, or None.

        Raises:
            DataError: it is no id, or an id of the other type that is written alike is known.
        """
        return self._index.get(user)

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
        for follower in self._index:
            for other, weight in self._following.get(follower, _NONE).items():
                yield follower, other, weight

    def look(self) -> SocialGraph:
        """A view of this graph as it is from now on, which cannot be changed itself.

        >>> graph = SocialGraph()
        >>> view = graph.look()
        >>> graph.add("ada", "bob")
        >>> list(view)
        [('ada', 'bob', 1.0)]
        >>> view.remove("ada", "bob")
        Traceback (most recent call last):
        ...
        lifelong_widgets.errors.DataError: this is a view of a graph; change the graph itself, that of a \
recommender by rec.follow(…) and rec.unfollow(…)
        """
        return _View(self)

    def get_state(self) -> dict[str, Any]:
        """People (JSON), and the edges as arrays: the same for graphs that answer alike, bit for bit.

        Sums over edges are taken in their order, so the order in which somebody was followed is part of it.
        """
        sources, targets, weights = self.edges()
        place = {pair: n for n, pair in enumerate(zip(sources.tolist(), targets.tolist(), strict=True))}
        met = (
            place[self._index.get(follower), code]
            for code, user in enumerate(self._index)
            for follower in self._followers.get(user, _NONE)
        )
        return {
            "people": list(self._index),
            "followers": sources,
            "followed": targets,
            "weights": weights,
            "met": np.fromiter(met, dtype=np.int64, count=len(weights)),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the graph that gave this state; views see it too.

        Raises:
            FormatError: it is none; the graph is then as it was.
        """
        people, weights, met = state["people"], state["weights"], state["met"]
        codes = [state["followers"], state["followed"]]
        for column, kind in ((codes[0], "i"), (codes[1], "i"), (met, "i"), (weights, "f")):
            right = isinstance(column, np.ndarray) and column.dtype.kind == kind and column.ndim == 1
            if not right or len(column) != len(weights):
                raise FormatError("graph: follower, followed and weight must be arrays, one number an edge")
        if any(side.size and not 0 <= side.min() <= side.max() < len(people) for side in codes):
            raise FormatError(f"graph: an edge is of somebody beyond the {len(people)} people")
        if not np.array_equal(np.sort(met), np.arange(len(met))):
            raise FormatError("graph: the followers of people are not the edges")
        fresh = SocialGraph()
        try:
            fresh._index.extend(people)
            rows = [
                (people[source], people[target], weight)
                for source, target, weight in zip(*(side.tolist() for side in codes), weights, strict=True)
            ]
            for row in rows:
                fresh.add(*row)
        except DataError as error:
            raise FormatError(f"graph: {error}") from None
        if len(fresh) != len(weights) or len(fresh._index) != len(people):
            raise FormatError("graph: a person or an edge is there twice")
        fresh._followers = {}
        for follower, followed, weight in (rows[n] for n in met.tolist()):
            fresh._followers.setdefault(followed, {})[follower] = float(weight)
        self._index.truncate(0)
        self._index.extend(people)
        for own, new in ((self._following, fresh._following), (self._followers, fresh._followers)):
            own.clear()
            own.update(new)
        self._n_edges = len(fresh)

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


class _View(SocialGraph):
    """See `SocialGraph.look`."""

    def __init__(self, graph: SocialGraph) -> None:
        self._graph = graph
        self._index, self._following, self._followers = graph._index, graph._following, graph._followers

    def __len__(self) -> int:
        return len(self._graph)

    def _refuse(self, *_given: object, **_named: object) -> NoReturn:
        raise DataError(
            "this is a view of a graph; change the graph itself, that of a recommender by rec.follow(…) and "
            "rec.unfollow(…)"
        )

    add = remove = set_state = _refuse
