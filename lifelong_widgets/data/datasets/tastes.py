"""Tastes: what simulated people like, so that what a recommender learned can be held against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lifelong_widgets.data.catalog import Item
from lifelong_widgets.errors import DataError

Matrix = npt.NDArray[np.float64]

_STRENGTH = 6.0  # the utilities of one person over all categories sum to this
_ASIDE = 0.05  # concentration on a category outside the circle's favourites
_FAVOURITES = 3  # categories that a circle favours
_SECOND = 0.6  # weight of an item's second category relative to its first, and so on


@dataclass(frozen=True)
class TasteTruth:
    """What the simulated people behind a log really like, before and after their tastes changed.

    Attributes:
        people: their ids.
        categories: what tastes are about.
        tastes_before: (n_people, n_categories) float64, the utility of each category to each person.
        tastes_after: the same from `drift_time` on; equal to `tastes_before` if tastes never change.
        membership: (n_items, n_categories), the share of each category in each item (see `membership`).
        quality: (n_items,), the utility of each item on which everyone agrees.
        drift_time: when tastes changed, in seconds since 1970-01-01 UTC, or None.
    """

    people: tuple[str, ...]
    categories: tuple[str, ...]
    tastes_before: Matrix
    tastes_after: Matrix
    membership: Matrix
    quality: npt.NDArray[np.float64]
    drift_time: float | None

    def utility(self, person: int, items: npt.ArrayLike, after: bool = False) -> npt.NDArray[np.float64]:
        """(n,) float64: what `items` (indices into the catalogue) are worth to the person of this index."""
        tastes = (self.tastes_after if after else self.tastes_before)[person]
        chosen = np.asarray(items, dtype=np.int64)
        worth: npt.NDArray[np.float64] = self.membership[chosen] @ tastes + self.quality[chosen]
        return worth


def membership(items: Iterable[Item], categories: Sequence[str]) -> Matrix:
    """(n_items, n_categories): the share of each category in each item.

    Rows sum to 1, the first category of an item weighing most; a row is 0 if none of the item's is known.

    >>> membership([Item("b1", "Fog", ("Crime", "Sea"))], ["Sea", "Crime"]).round(3)
    array([[0.375, 0.625]])
    """
    column = {category: place for place, category in enumerate(categories)}
    rows = list(items)
    shares = np.zeros((len(rows), len(categories)))
    for row, item in enumerate(rows):
        for place, category in enumerate(item.categories):
            if category in column:
                shares[row, column[category]] = _SECOND**place
    total = shares.sum(axis=1, keepdims=True)
    return shares / np.where(total > 0, total, 1.0)


def draw_tastes(
    rng: np.random.Generator, n_people: int, n_categories: int, concentration: float = 0.8
) -> Matrix:
    """(n_people, n_categories): utilities of people who belong to circles, as readers do.

    A circle favours three categories, and circles are of unequal size. Within a circle tastes are Dirichlet
    distributed: the smaller `concentration`, the more single-minded the people.

    Raises:
        DataError: fewer than one person, or a concentration that is not positive.

    >>> draw_tastes(np.random.default_rng(0), n_people=3, n_categories=12).sum(axis=1)
    array([6., 6., 6.])
    """
    if n_people < 1:
        raise DataError(f"{n_people} people; there must be at least 1")
    if not 0 < concentration < np.inf:
        raise DataError(f"concentration={concentration}; it must be a positive number")
    if n_categories == 0:
        return np.zeros((n_people, 0))
    n_circles = max(1, n_categories // 2)
    favour = np.full((n_circles, n_categories), _ASIDE)
    for circle in favour:
        circle[rng.permutation(n_categories)[:_FAVOURITES]] += concentration
    sizes = 1.0 / np.arange(1, n_circles + 1)
    circles = rng.choice(n_circles, size=n_people, p=sizes / sizes.sum())
    draws = rng.standard_gamma(favour[circles]) + 1e-9
    draws *= _STRENGTH / draws.sum(axis=1, keepdims=True)
    return draws


def swapped(tastes: Matrix) -> Matrix:
    """`tastes` once the fashion turned: best-liked and least-liked categories change places, and so on.

    All people change in the same way. A second swap brings the old tastes back, since the order of popularity
    is then exactly reversed (ties aside).

    >>> swapped(np.array([[5.0, 1.0, 0.0], [4.0, 2.0, 1.0]]))
    array([[0., 1., 5.],
           [1., 2., 4.]])
    """
    order = np.argsort(tastes.mean(axis=0), kind="stable")
    after = np.empty_like(tastes)
    after[:, order] = tastes[:, order[::-1]]
    return after
