"""People whose tastes are known, who click on what they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets import Dataset, World
from lifelong_widgets.data.datasets.looking import look
from lifelong_widgets.data.datasets.tastes import Matrix, draw_tastes, membership, swapped
from lifelong_widgets.data.feedback import Feedback
from lifelong_widgets.data.ids import Id
from lifelong_widgets.errors import DataError, closest


@runtime_checkable
class Ranked(Protocol):
    """A list of recommendations, as far as people look at it: the item ids, best first."""

    @property
    def items(self) -> Sequence[Id]:
        """The item ids, best first."""
        ...


class SimulatedPeople:
    """People who like categories, each their own.

    Someone reads a list from the top and gives up after each place with a chance of one tenth (a cascade with
    position bias, see `look`); among what they saw they click by a softmax over utilities, in which clicking
    on nothing takes part. Categories that came into the catalogue later are worth nothing to them.

    Args:
        catalog: where the items' categories come from; it may grow.
        n_people: how many people there are.
        seed: of their tastes and of everything they do.
        concentration: the smaller, the more single-minded they are (see `draw_tastes`).

    Raises:
        DataError: fewer than one person, or a concentration that is not positive.

    >>> from lifelong_widgets.data import datasets
    >>> shop = datasets.load("bookshop", n_events=100)
    >>> people = SimulatedPeople(shop.catalog, n_people=5, seed=1)
    >>> people.people[0], people.tastes.shape
    ('sim-001', (5, 12))
    >>> click = people.choose("sim-001", people.favourites("sim-001", k=10))
    >>> click.kind, len(click.shown)
    ('click', 10)
    """

    def __init__(
        self, catalog: Catalog, n_people: int = 50, seed: int = 0, concentration: float = 0.8
    ) -> None:
        self._start(
            catalog,
            people=[f"sim-{number:0{max(3, len(str(n_people)))}d}" for number in range(1, n_people + 1)],
            categories=catalog.categories,
            tastes=draw_tastes(np.random.default_rng(seed), n_people, len(catalog.categories), concentration),
            quality={},
            seed=seed,
        )

    @classmethod
    def from_truth(cls, dataset: Dataset, seed: int = 0) -> SimulatedPeople:
        """The very people behind a simulated log, with the tastes they had at its end.

        Those of a world (such as ``"shop-world"``) are `WorldPeople`: they remember, too.

        Raises:
            DataError: the data set is a real one: what its people like is not known.

        >>> from lifelong_widgets.data import datasets
        >>> SimulatedPeople.from_truth(datasets.load("bookshop", n_events=100)).people[0]
        'reader-001'
        """
        truth = dataset.truth
        if truth is None:
            raise DataError(
                f"{dataset.name!r} is a real log, whose people's tastes are not known; "
                "use SimulatedPeople(dataset.catalog), or a simulated set such as 'bookshop'"
            )
        if isinstance(truth, World):
            from lifelong_widgets.simulation.world_people import WorldPeople

            return WorldPeople(truth, seed)
        made = cls.__new__(cls)
        made._start(
            dataset.catalog,
            people=list(truth.people),
            categories=list(truth.categories),
            tastes=truth.tastes_after.copy(),
            quality=dict(zip(dataset.catalog.ids, truth.quality.tolist(), strict=False)),
            seed=seed,
        )
        return made

    def _start(
        self,
        catalog: Catalog,
        people: Sequence[Id],
        categories: Sequence[str],
        tastes: Matrix,
        quality: Mapping[Id, float],
        seed: int,
    ) -> None:
        self._catalog = catalog
        self._row = {person: row for row, person in enumerate(people)}
        self.people: list[Id] = list(people)
        self.categories = tuple(categories)
        self.tastes = tastes
        self._quality = quality
        self._rng = np.random.default_rng([seed, 1])

    def utility(self, person: Id, items: Sequence[Id]) -> npt.NDArray[np.float64]:
        """(n,) float64: what each of `items` is worth to `person` now.

        Raises:
            DataError: an unknown person.
            UnknownItemError: an item that the catalogue does not hold.
        """
        shares = membership((self._catalog[item] for item in items), self.categories)
        worth = np.array([self._quality.get(item, 0.0) for item in items], dtype=np.float64)
        worth += shares @ self.tastes[self._row_of(person)]
        return worth

    def favourites(self, person: Id, k: int = 10) -> list[Id]:
        """The `k` items of the catalogue that `person` likes best now: the list that cannot be beaten."""
        ids = list(self._catalog.ids)
        order = np.argsort(-self.utility(person, ids), kind="stable")
        return [ids[place] for place in order[:k].tolist()]

    def choose(
        self, person: Id, recommendations: Ranked | Sequence[Id], kind: str = "click"
    ) -> Feedback | None:
        """What `person` does with a list: a click that carries the list as `shown`, or None.

        Args:
            person: who looks.
            recommendations: what they see, best first.
            kind: what the click is called, for a recommender that knows other kinds of feedback.

        Raises:
            DataError: an unknown person.
            UnknownItemError: an item that the catalogue does not hold.
        """
        row = self._row_of(person)
        shown = tuple(recommendations.items if isinstance(recommendations, Ranked) else recommendations)
        utilities = self.utility(self.people[row], shown)
        place = look(self._rng, utilities)
        return None if place is None else Feedback(self.people[row], shown[place], kind, shown=shown)

    def remember(self, feedback: Feedback) -> None:
        """Take note that somebody did this: nothing here, where people have no memory; see `WorldPeople`."""

    def drift(self, how: str = "swap") -> None:
        """Change the tastes of everyone.

        Args:
            how: ``"swap"``: the fashion turns, the best-liked categories and the least-liked ones change
                places for all; a second swap brings the old tastes back. ``"shuffle"``: everyone's tastes
                move to other categories, each in their own way.

        Raises:
            DataError: another `how`.
        """
        if how == "swap":
            self.tastes = swapped(self.tastes)
        elif how == "shuffle":
            self.tastes = self._rng.permuted(self.tastes, axis=1)
        else:
            raise DataError(f"how={how!r:.80}; tastes drift by 'swap' or 'shuffle'")

    def _row_of(self, person: Id) -> int:
        if person not in self._row:
            raise DataError(
                f"there is no person {person!r:.80}{closest(person, self._row)} among {len(self._row):,}"
            )
        return self._row[person]

    def __repr__(self) -> str:
        return f"SimulatedPeople({len(self.people):,} people, {len(self.categories):,} categories)"
