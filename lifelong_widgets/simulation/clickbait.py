"""A world in which the greedy choice is wrong: some items are clicked on, and people leave after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Feedback, Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.simulation.people import Ranked

Numbers = NDArray[np.float64]

_LOOKS_ON = 0.9  # the chance that someone who looked at one place looks at the next one too
_NO_CLICK = 0.5  # the utility of clicking on nothing
_TASTE = 0.6  # the spread of what people like
_STEP = 0.2  # how far one click moves how gladly somebody comes back
_A_DAY = 86_400.0
_START = 1_700_000_000.0


class Learns(Protocol):
    """What lives in the world: it recommends, and learns from each click."""

    def recommend(self, user: Id, k: int, exclude_seen: bool, reasons: bool) -> Ranked:
        """A list."""
        ...

    def learn_one(self, feedback: Feedback, /) -> object:
        """Learn a click."""
        ...


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of some days in a `ClickbaitWorld`.

    Attributes:
        clicks: (n_days,), how many there were on each day: the reward.
        visits: (n_days,), how many people came.
        bait: (n_days,), how many of the clicks were on clickbait.
    """

    clicks: Numbers
    visits: Numbers
    bait: Numbers

    @property
    def reward(self) -> float:
        """All clicks."""
        return float(self.clicks.sum())

    def __repr__(self) -> str:
        visits, clicks = self.visits.sum(), self.clicks.sum()
        return (
            f"Lived({len(self.clicks)} days: {visits:,.0f} visits, {clicks:,.0f} clicks, "
            f"{clicks / max(visits, 1):.2f} a visit, {self.bait.sum() / max(clicks, 1):.0%} of them on bait)"
        )


class ClickbaitWorld:
    """People who visit, click until they have had enough, and come back the gladder the better it was.

    Every category is either clickbait or not, and which one it is, nobody says. People look at a list from
    the top, give up after each place with a chance of one tenth, and click on one of the items that they saw,
    or on nothing and leave, by a softmax of what each item promises: their own taste for its category, what
    the item has for everybody, and `lure` more if it is bait. After the click they stay for another list with
    a chance of their own for each item, `stay_bait` on average or `stay`. A reward is a click.

    On each day somebody comes with a chance that every click moves a fifth of the way to what the item
    deserves, its chance of staying, as far as `memory` goes: with 0 everybody comes every day, whatever they
    saw, and so the number of visits does not depend on what is shown.

    With ``stay_bait=stay`` there is no clickbait, and what is clicked on most is best.

    Args:
        seed: of tastes and items, and of what people do.
        n_people: how many.
        n_categories: of which the first `n_bait` are clickbait; their names are in an order of their own.
        n_bait: how many categories are clickbait.
        items_per_category: how many items each has.
        lure: how much more clickbait promises.
        stay_bait: the chance to stay after clickbait.
        stay: the chance to stay after another item.
        memory: from 0, people come every day, to 1, they come as they were served.

    Attributes:
        catalog: the items with their categories.
        people: their ids.
        is_bait: (n_items,), which items are clickbait.
        stays: (n_items,), the chance of each that a person stays after it.
        promises: (n_people, n_items), what each promises to each: log-odds of a click.

    Raises:
        DataError: a number that is out of range.

    >>> world = ClickbaitWorld(seed=1)
    >>> world
    ClickbaitWorld(40 people, 60 items in 10 categories, 3 of them clickbait)
    >>> greedy, patient = world.best_list(0, discount=0.0), world.best_list(0)
    >>> world.visit_value(0, greedy) < world.visit_value(0, patient)
    True
    """

    def __init__(
        self,
        seed: int = 0,
        n_people: int = 40,
        n_categories: int = 10,
        n_bait: int = 3,
        items_per_category: int = 6,
        lure: float = 0.8,
        stay_bait: float = 0.35,
        stay: float = 0.85,
        memory: float = 0.5,
    ) -> None:
        counts = {
            "n_people": n_people,
            "n_categories": n_categories,
            "items_per_category": items_per_category,
        }
        for name, count in counts.items():
            if type(count) is not int or count < 1:
                raise DataError(f"{name} must be a whole number of at least 1, not {count!r:.80}")
        if type(n_bait) is not int or not 0 <= n_bait <= n_categories:
            raise DataError(f"n_bait must be a whole number from 0 to {n_categories}, not {n_bait!r:.80}")
        for name, chance in {"stay_bait": stay_bait, "stay": stay, "memory": memory}.items():
            if not 0.0 <= chance <= (1.0 if name == "memory" else 0.95):
                raise DataError(f"{name} is {chance!r:.80}; it must be a chance, and to stay at most 0.95")
        rng = np.random.default_rng([seed, 0])
        n_items = n_categories * items_per_category
        category = np.repeat(np.arange(n_categories), items_per_category)
        names = rng.permutation(n_categories)
        self.catalog = Catalog.from_records(
            {
                "item": f"item-{number:03d}",
                "title": f"Item {number} of category {names[category[number]]}",
                "categories": [f"category {names[category[number]]}"],
            }
            for number in rng.permutation(n_items).tolist()
        )
        order = np.array([int(str(item).removeprefix("item-")) for item in self.catalog.ids])
        self.people: list[Id] = [f"person-{number:03d}" for number in range(n_people)]
        self.is_bait: NDArray[np.bool_] = (category < n_bait)[order]
        mean = np.where(category < n_bait, stay_bait, stay)
        self.stays: Numbers = np.clip(mean + rng.normal(size=n_items) * 0.05, 0.0, 0.95)[order]
        taste = _TASTE * rng.normal(size=(n_people, n_categories))
        quality = 0.3 * rng.normal(size=n_items) + lure * (category < n_bait)
        self.promises: Numbers = (taste[:, category] + quality)[:, order]
        self._memory, self._seed, self._n_bait, self._n_categories = memory, seed, n_bait, n_categories
        self._place = {item: place for place, item in enumerate(self.catalog.ids)}

    # ------------------------------------------------------------------------------------------- the truth

    def click_chances(self, person: int, places: Sequence[int]) -> Numbers:
        """(k,): exactly, the chance that each item of a list is the one that is clicked on."""
        odds = np.exp(self.promises[person, list(places)])
        none = np.exp(_NO_CLICK) + np.cumsum(odds)  # if so many are looked at
        k = len(odds)
        looks = _LOOKS_ON ** np.arange(k) * (1.0 - _LOOKS_ON)
        looks[-1:] = _LOOKS_ON ** (k - 1)  # at the last place there is nothing more to look at
        seen = looks / none
        return np.asarray(odds * np.cumsum(seen[::-1])[::-1])

    def visit_value(self, person: int, places: Sequence[int]) -> float:
        """Exactly, the clicks of a visit in which this list is always shown: ``V = Σ p (1 + stay V)``."""
        chances = self.click_chances(person, places)
        return float(chances.sum() / (1.0 - (chances * self.stays[list(places)]).sum()))

    def best_list(self, person: int, discount: float = 1.0, k: int = 10) -> list[int]:
        """The list of who knows everything, and counts the next click `discount` times this one.

        With 0 it is the list of the likeliest clicks. Policy iteration: what an item adds is
        ``odds · (1 + discount · stay · V - V)``, with V the value of the list before (Dinkelbach's method for
        ``V = Σ odds · (1 + discount · stay · V) / (no click + Σ odds)``).
        """
        odds, worth = np.exp(self.promises[person]), 0.0
        places: list[int] = []
        for _ in range(50):
            order = np.argsort(-odds * (1.0 - worth + discount * self.stays * worth), kind="stable")[
                :k
            ].tolist()
            if order == places:
                break
            places = order
            chances = self.click_chances(person, places)
            worth = chances.sum() / (1.0 - discount * (chances * self.stays[places]).sum())
        return places

    # -------------------------------------------------------------------------------------------- to live in

    def live(self, learner: Learns, n_days: int = 20, k: int = 10, seed: int = 0) -> Lived:
        """Let everybody visit for some days, and `learner` recommend and learn from each click.

        The learner gets the clicks with their times and the lists that were shown. What people do is drawn
        from `seed`; another learner meets the same people with the same inclination to come on each day.

        Args:
            learner: such as a `Recommender`; it is changed.
            n_days: how many days pass.
            k: how long a list is.
            seed: of what people do.
        """
        rng, coming = (np.random.default_rng([self._seed, seed, part]) for part in (1, 2))
        glad = np.full(len(self.people), 0.5)
        found = np.zeros((3, n_days))
        for day in range(n_days):
            inclined = coming.random(len(self.people)) < 1.0 - self._memory * (1.0 - glad)
            guests = coming.permutation(len(self.people))
            guests = guests[inclined[guests]]
            for number, person in enumerate(guests.tolist()):
                now = _START + (day + number / len(self.people)) * _A_DAY
                found[1, day] += 1
                while True:
                    shown = tuple(
                        learner.recommend(self.people[person], k=k, exclude_seen=False, reasons=False).items
                    )
                    clicked = self._click(person, [self._place[item] for item in shown], rng)
                    if clicked is None:
                        break
                    now += rng.exponential(60.0)
                    item = self.catalog.ids[clicked]
                    learner.learn_one(Feedback(self.people[person], item, "click", now, shown=shown))
                    found[0, day] += 1
                    found[2, day] += self.is_bait[clicked]
                    glad[person] += _STEP * (self.stays[clicked] - glad[person])
                    if rng.random() >= self.stays[clicked]:
                        break
        return Lived(*found)

    def _click(self, person: int, places: Sequence[int], rng: np.random.Generator) -> int | None:
        chances = self.click_chances(person, places)
        drawn = int(np.searchsorted(np.cumsum(chances), rng.random()))
        return None if drawn == len(places) else places[drawn]

    def __repr__(self) -> str:
        return (
            f"ClickbaitWorld({len(self.people):,} people, {len(self.catalog):,} items in "
            f"{self._n_categories} categories, {self._n_bait} of them clickbait)"
        )
