"""Streams whose seasons come back: tastes A, tastes B, tastes A again, …"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.tastes import Matrix, draw_tastes
from lifelong_widgets.data.feedback import Feedback
from lifelong_widgets.data.ids import Id
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.simulation.people import SimulatedPeople

SEASONS = ("A", "B")
_SECONDS = 600.0  # from one click to the next


@dataclass(frozen=True, repr=False)
class RecurringTastes:
    """A stream in slices, season by season, and the people behind it.

    Attributes:
        catalog: every item, those of both seasons.
        slices: the events of each season, one after the other in time.
        seasons: the season of each slice: ``("A", "B", "A", "B", …)``.
        people: for each season the people as they are then, with their tastes.
        conflict: whether the same people want different things by season.
    """

    catalog: Catalog
    slices: tuple[Interactions, ...]
    seasons: tuple[str, ...]
    people: Mapping[str, SimulatedPeople]
    conflict: bool

    def of_season(self, season: str) -> tuple[int, ...]:
        """The places of the slices that lie in `season`.

        Raises:
            DataError: there is no such season.

        >>> recurring_tastes(n_slices=5, events_per_slice=10).of_season("B")
        (1, 3)
        """
        if season not in SEASONS:
            raise DataError(f"season {season!r:.80}; there are {' and '.join(SEASONS)}")
        return tuple(place for place, name in enumerate(self.seasons) if name == season)

    def ceiling(self, place: int, k: int = 10) -> float:
        """The share of the slice's clicks that lie on their person's `k` favourites of that season.

        The hit rate of who knows the tastes exactly, and nothing of the clicks to come: these are random
        draws, so that not even that is 1.

        Raises:
            IndexError: there is no such slice.

        >>> 0.8 < recurring_tastes(n_slices=2).ceiling(0) < 0.9
        True
        """
        people = self.people[self.seasons[place]]
        best: dict[Id, set[Id]] = {}
        hits = 0
        for event in self.slices[place]:
            if event.user not in best:
                best[event.user] = set(people.favourites(event.user, k))
            hits += event.item in best[event.user]
        return hits / len(self.slices[place])

    def __repr__(self) -> str:
        events = sum(len(slice_) for slice_ in self.slices)
        people = "the same people" if self.conflict else "other people"
        return (
            f"RecurringTastes({' '.join(self.seasons)}: {events:,} events on {len(self.catalog):,} items, "
            f"{people} by season)"
        )


def recurring_tastes(
    seed: int = 0,
    n_slices: int = 6,
    events_per_slice: int = 500,
    conflict: bool = False,
    n_people: int = 40,
    n_categories: int = 24,
    items_per_category: int = 6,
    shelf: int = 72,
) -> RecurringTastes:
    """A stream of clicks whose seasons alternate: A, B, A, B, …

    The first half of the categories is what people want in season A, the second half in season B. A click is
    made by one of `SimulatedPeople`: somebody who is about in that season sees a random shelf of the *whole*
    catalogue, what they like best first, and another one until they click on something. The tastes of a
    season are the same each time it comes back.

    Args:
        seed: of everything random; the same seed gives the same stream.
        n_slices: how many seasons pass.
        events_per_slice: the clicks of each.
        conflict: False: each season has people of its own. True: the same people are about in both, and want
            other things by season.
        n_people: how many people are about in a season.
        n_categories: an even number, half for each season.
        items_per_category: the catalogue has `n_categories` times as many items.
        shelf: how many items are on the shelf.

    Raises:
        DataError: a number that is out of range.

    >>> stream = recurring_tastes(seed=1, n_slices=4, events_per_slice=50)
    >>> stream
    RecurringTastes(A B A B: 200 events on 144 items, other people by season)
    >>> set(stream.slices[0].users) & set(stream.slices[1].users)
    set()
    >>> wanted = stream.catalog[stream.people["B"].favourites(stream.slices[1].users[0], k=1)[0]]
    >>> int(wanted.categories[0].removeprefix("category ")) >= 12
    True
    """
    _check(n_slices, events_per_slice, n_people, n_categories, items_per_category, shelf)
    catalog = Catalog.from_records(
        {"item": f"item-{number:04d}", "categories": [f"category {number // items_per_category}"]}
        for number in range(n_categories * items_per_category)
    )
    rng = np.random.default_rng(seed)
    groups = 1 if conflict else len(SEASONS)
    people = {}
    about = {}
    for place, season in enumerate(SEASONS):
        group = 0 if conflict else place
        people[season] = SimulatedPeople(catalog, n_people * groups, seed=2 * seed + place)
        people[season].tastes = _tastes(rng, n_people, n_categories, place, group, groups)
        about[season] = people[season].people[group * n_people : (group + 1) * n_people]
    ids = list(catalog.ids)
    seasons = tuple(itertools.islice(itertools.cycle(SEASONS), n_slices))
    slices = []
    for place, season in enumerate(seasons):
        clicks = [_click(people[season], about[season], ids, shelf, rng) for _ in range(events_per_slice)]
        first = place * events_per_slice
        times = ((first + number) * _SECONDS for number in range(events_per_slice))
        slices.append(Interactions.from_events(clicks, times=times))
    return RecurringTastes(catalog, tuple(slices), seasons, people, conflict)


def _tastes(
    rng: np.random.Generator, n_people: int, n_categories: int, half: int, group: int, groups: int
) -> Matrix:
    """(n_people * groups, n_categories): those of `group` want one `half` of the categories, no more."""
    width = n_categories // 2
    tastes = np.zeros((n_people * groups, n_categories))
    rows = slice(group * n_people, (group + 1) * n_people)
    tastes[rows, half * width : (half + 1) * width] = draw_tastes(rng, n_people, width)
    return tastes


def _click(
    people: SimulatedPeople, about: list[Id], items: list[Id], shelf: int, rng: np.random.Generator
) -> Feedback:
    person = about[int(rng.integers(len(about)))]
    while True:
        shown = [items[place] for place in rng.choice(len(items), size=min(shelf, len(items)), replace=False)]
        order = np.argsort(-people.utility(person, shown), kind="stable")  # they know where to look first
        click = people.choose(person, [shown[place] for place in order.tolist()])
        if click is not None:
            return click


def _check(
    n_slices: int, events: int, n_people: int, n_categories: int, items_per_category: int, shelf: int
) -> None:
    counts = {
        "n_slices": n_slices,
        "events_per_slice": events,
        "n_people": n_people,
        "items_per_category": items_per_category,
        "shelf": shelf,
    }
    for name, count in counts.items():
        if type(count) is not int or count < 1:
            raise DataError(f"{name} must be a whole number of at least 1, not {count!r:.80}")
    if type(n_categories) is not int or n_categories < 2 or n_categories % 2:
        raise DataError(f"n_categories must be an even number of at least 2, not {n_categories!r:.80}")
