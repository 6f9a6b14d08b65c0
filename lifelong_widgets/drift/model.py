"""What has changed between two moments of a model: where its items lie, and whom it recommends what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifelong_widgets.data import Id
from lifelong_widgets.drift.distances import rank_biased_overlap
from lifelong_widgets.errors import DataError
from lifelong_widgets.models import Network

_MOST_MOVED = 5


class _Ranked(Protocol):
    @property
    def items(self) -> Sequence[Id]: ...


class Recommends(Protocol):
    """A `Recommender`, a baseline, or anything else that answers with a ranked list."""

    def recommend(self, user: Id, k: int = 10) -> _Ranked:
        """The best `k` items for `user`, best first."""
        ...


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """A model at one moment, as far as `model_drift` compares it. It shares no memory with the model.

    Attributes:
        lists: the list of each person who was asked for, best first.
        items: the items that have a vector; none for a model without.
        vectors: (n_items, embedding_dim) float32.
    """

    lists: Mapping[Id, tuple[Id, ...]]
    items: tuple[Id, ...]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, recommender: Recommends, users: Sequence[Id], k: int = 10) -> ModelSnapshot:
        """Ask for the list of each of `users`, and copy the item vectors if there is a `Network`.

        Raises:
            DataError: a user who is no id, or a `k` that is not a whole number of at least 1.

        >>> from lifelong_widgets import Recommender, datasets
        >>> shop = datasets.load("bookshop", n_events=150)
        >>> rec = Recommender(shop.catalog, embedding_dim=8, hidden_dim=16)
        >>> before = ModelSnapshot.of(rec, shop.interactions.users[:10])
        >>> for event in shop.interactions:
        ...     _ = rec.learn_one(event)
        >>> found = model_drift(before, ModelSnapshot.of(rec, shop.interactions.users[:10]))
        >>> found.embedding_shift > 0.1, found.overlap < 0.9, found.n_lists
        (True, True, 10)
        """
        lists = {user: tuple(recommender.recommend(user, k=k).items) for user in users}
        network = getattr(recommender, "network", None)
        if not isinstance(network, Network):
            return cls(lists, (), np.zeros((0, 0), dtype=np.float32))
        table = network.items
        rows = table.rows.split([table.embedding_dim, table.rows.shape[1] - table.embedding_dim], dim=1)
        vectors = network.item_vectors(*rows).detach().numpy().copy()
        return cls(lists, tuple(recommender.catalog.ids[: len(vectors)]), vectors)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class ModelDrift:
    """What `model_drift` found.

    Attributes:
        n_items: items with a vector in both snapshots.
        embedding_shift: the mean of their cosine distances, or None without any.
        most_moved: the items that moved farthest with their cosine distances, at most five.
        n_lists: people with a list in both.
        min_lists: how many it needs.
        overlap: the mean rank-biased overlap of their lists, or None with too few.
    """

    n_items: int
    embedding_shift: float | None
    most_moved: tuple[tuple[Id, float], ...]
    n_lists: int
    min_lists: int
    overlap: float | None

    @property
    def status(self) -> str:
        """One phrase for a person: too few lists, or how alike they are."""
        if self.overlap is None:
            return f"too few lists: {self.n_lists} of {self.min_lists}"
        return f"lists agree to {self.overlap:.2f}"


def model_drift(
    before: ModelSnapshot, after: ModelSnapshot, *, p: float = 0.9, min_lists: int = 10
) -> ModelDrift:
    """Compare two snapshots of one model, or of two models whose item vectors lie in one space.

    Vectors are compared as they are: two models that were trained from different seeds differ by a rotation
    too, which says nothing. Compare such by their lists. A model that learns is meant to change; this says
    how much, and not whether for the better.

    Args:
        before: The earlier one.
        after: The later one. Only items and people of both are compared, people with an empty list are not.
        p: Of the rank-biased overlap: the chance that somebody looks at the next place.
        min_lists: With fewer lists in both, no overlap is given.

    Raises:
        DataError: Vectors of another width, or a number out of bounds.

    Source: W. Webber, A. Moffat and J. Zobel, ACM TOIS 28(4), 2010, for the lists.

    >>> east, north = np.float32([[1, 0], [0, 2]]), np.float32([[3, 0], [2, 0]])
    >>> one = ModelSnapshot({"ada": ("a", "b")}, ("a", "b"), east)
    >>> other = ModelSnapshot({"ada": ("a", "b")}, ("a", "b"), north)
    >>> found = model_drift(one, other, min_lists=1)
    >>> found.embedding_shift, found.most_moved[0], found.overlap
    (0.5, ('b', 1.0), 1.0)
    """
    if type(min_lists) is not int or min_lists < 1:
        raise DataError(f"min_lists is {min_lists!r:.80}; it is a whole number of at least 1")
    rows = {item: row for row, item in enumerate(after.items)}
    shared = [item for item in before.items if item in rows]
    shifts = np.zeros(0)
    if shared:
        at = {item: row for row, item in enumerate(before.items)}
        shifts = cosine_distances(
            before.vectors[[at[item] for item in shared]], after.vectors[[rows[item] for item in shared]]
        )
    order = np.argsort(-shifts, kind="stable")[:_MOST_MOVED].tolist()
    overlaps = [
        rank_biased_overlap(items, after.lists[user], p)
        for user, items in before.lists.items()
        if items and after.lists.get(user)
    ]
    return ModelDrift(
        n_items=len(shared),
        embedding_shift=float(shifts.mean()) if shared else None,
        most_moved=tuple((shared[row], float(shifts[row])) for row in order if shifts[row] > 0),
        n_lists=len(overlaps),
        min_lists=min_lists,
        overlap=float(np.mean(overlaps)) if len(overlaps) >= min_lists else None,
    )


def cosine_distances(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """1 − cosine of each row of `one` with the same row of `other`: (n,) float64, from 0 to 2.

    A row of zeros has no direction: it is 0 from another such row, and 1 from everything else.

    Raises:
        DataError: not two matrices of the same shape, or a number that is not finite.

    >>> cosine_distances([[1, 0], [0, 1], [0, 0]], [[2, 0], [0, -1], [1, 1]])
    array([0., 2., 1.])
    """
    a, b = (np.asarray(given, dtype=np.float64) for given in (one, other))
    if a.ndim != 2 or a.shape != b.shape:
        raise DataError(f"two matrices of the same shape are compared, not {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("a vector has a number that is not finite")
    a, b = _directions(a), _directions(b)
    distances: NDArray[np.float64] = np.clip(1 - (a * b).sum(axis=1), 0.0, 2.0)
    distances[(a == b).all(axis=1)] = 0.0
    return distances


def _directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    scaled = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    directions: NDArray[np.float64] = np.divide(scaled, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return directions
