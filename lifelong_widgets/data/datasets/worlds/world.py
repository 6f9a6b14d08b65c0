"""What the simulated worlds of the four fields have in common."""

from __future__ import annotations

import copy
import csv
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data.catalog import Catalog, Item
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.looking import NOTHING, look
from lifelong_widgets.data.datasets.tastes import Matrix, draw_tastes, membership
from lifelong_widgets.data.feedback import Feedback, FeedbackKinds
from lifelong_widgets.data.ids import Id
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.errors import DataError, closest

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

START = pd.Timestamp("2024-01-01", tz="UTC").timestamp()
_SHELF = 24  # items that somebody comes across at one visit of a simulated log
_QUALITY = 0.5  # deviation of what everyone agrees on


class World(ABC):
    """People, items and the chance of everything that can happen between them: nothing is hidden.

    An item is worth to a person: their taste for its categories, plus its quality, plus what the field adds
    (`_context`: a complement of what they bought, a friend's post, a lesson they are ready for, a fresh
    story). Whoever is shown a list chooses by a softmax (see `look`), and what was chosen leads to one of the
    field's kinds of feedback (`_reactions`). Worlds remember: `remember` is how an event becomes the past.

    A world reads an item's properties from the catalogue, so items that are added later take part, with a
    quality of 0.

    Attributes:
        catalog: the items; may grow.
        kinds: what each kind of feedback is worth.
        people: ids.
        categories: what tastes are about.
        tastes: (n_people, n_categories) float64.
        clock: the time now, in seconds since 1970-01-01 UTC.
    """

    name: str
    kinds: FeedbackKinds

    def __init__(
        self, catalog: Catalog, categories: Sequence[str], seed: int, n_people: int, person: str
    ) -> None:
        for what, count in (("seed", seed), (f"number of people ({person}s)", n_people)):
            if type(count) is not int or count < (0 if what == "seed" else 1):
                raise DataError(f"the {what} is {count!r:.80}; it is a whole number, of people at least 1")
        self._rng = np.random.default_rng([seed, 0])
        self.catalog, self.categories, self.clock = catalog, tuple(categories), START
        self.people: tuple[Id, ...] = tuple(
            f"{person}-{number:0{max(3, len(str(n_people)))}d}" for number in range(1, n_people + 1)
        )
        self._row: dict[Id, int] = {id: row for row, id in enumerate(self.people)}
        self.tastes: Matrix = draw_tastes(self._rng, n_people, len(self.categories))
        self._quality: Vector = self._rng.normal(0.0, _QUALITY, len(catalog))
        self._shares: Matrix = np.zeros((0, len(self.categories)))
        self._facts: Matrix = np.zeros((0, 0))
        self._past: Any = None  # what people remember; each world its own

    # ---- what a field says of itself -----------------------------------------------------------------

    @abstractmethod
    def _read(self, item: Item) -> Sequence[float]:
        """What is special about an item, in numbers: its row of `_facts`."""

    @abstractmethod
    def _context(self, row: int, items: Rows) -> Vector:
        """(n,): what the field adds to the worth of `items`, by their indices, to the person of this row."""

    @abstractmethod
    def _reactions(self, row: int, item: int, worth: float) -> dict[str, float]:
        """The chance of each kind, given that the person took the item; they sum to 1."""

    @abstractmethod
    def _remember(self, row: int, item: int, kind: str) -> None:
        """Keep in mind what the person did."""

    def _value(self, item: int, kind: str) -> float | None:
        """What number comes with the event."""
        return None

    def _on_shelf(self, row: int) -> Rows:
        """The indices of the items that the person of this row can come across now; maybe none."""
        return np.arange(len(self.catalog))

    # ---- the truth -----------------------------------------------------------------------------------

    def utility(self, person: Id, items: Iterable[Id]) -> Vector:
        """(n,) float64: what each of `items` is worth to `person` now.

        Raises:
            DataError: there is no such person.
            UnknownItemError: the catalogue does not hold an item.
        """
        return self._worth(self.row_of(person), self._indices(items))

    def chances(self, person: Id, item: Id) -> dict[str, float]:
        """How likely each kind of feedback is if `person` looks at `item` and nothing else.

        What is missing to 1 is the chance that they do nothing. Raises as `utility`.
        """
        row, index = self.row_of(person), self._indices([item])
        worth = float(self._worth(row, index)[0])
        takes = 1.0 / (1.0 + np.exp(NOTHING - worth))
        reactions = self._reactions(row, int(index[0]), worth)
        return {kind: float(takes * chance) for kind, chance in reactions.items()}

    def reward(self, person: Id, items: Iterable[Id]) -> Vector:
        """(n,) float64: the expected reward of showing `person` each item alone; raises as `utility`."""
        each = (self.chances(person, item) for item in items)
        return np.array([sum(self.kinds[kind].reward * p for kind, p in found.items()) for found in each])

    def favourites(self, person: Id, k: int = 10) -> list[Id]:
        """The `k` items that `person` would take most gladly now."""
        ids = list(self.catalog.ids)
        order = np.argsort(-self.utility(person, ids), kind="stable")
        return [ids[place] for place in order[:k].tolist()]

    # ---- what happens --------------------------------------------------------------------------------

    def choose(self, person: Id, shown: Sequence[Id]) -> Feedback | None:
        """What `person` does with a list, best first; nobody remembers it until `remember` is called.

        Raises as `utility`.
        """
        row, indices = self.row_of(person), self._indices(shown)
        worth = self._worth(row, indices)
        place = look(self._rng, worth)
        if place is None:
            return None
        return self._event(row, int(indices[place]), float(worth[place]), tuple(shown))

    def remember(self, feedback: Feedback) -> None:
        """Let an event become part of the past of the person who did it; raises as `utility`."""
        row = self.row_of(feedback.user)
        self._remember(row, int(self._indices([feedback.item])[0]), feedback.kind)

    def fork(self, seed: int = 0) -> Self:
        """The same world from here on, on a path of its own; the catalogue is shared."""
        other = copy.copy(self)
        other._past, other.tastes = copy.deepcopy(self._past), self.tastes.copy()
        other._rng = np.random.default_rng([seed, 1])
        return other

    def simulate(self, n_events: int, days: float) -> list[Feedback]:
        """At most `n_events` events in the next `days`: people come across random shelves and take something.

        A visit of somebody for whom nothing is left is none.

        Raises:
            DataError: less than one event.
        """
        if type(n_events) is not int or n_events < 1:
            raise DataError(f"n_events={n_events!r:.80}; a log has at least 1 event")
        self._sync()
        activity = self._rng.lognormal(0.0, 0.5, len(self.people))
        who = self._rng.choice(len(self.people), size=n_events, p=activity / activity.sum()).tolist()
        times = self.clock + np.floor(np.sort(self._rng.uniform(0.0, days * 86_400.0, n_events)))
        events = []
        for row, time in zip(who, times.tolist(), strict=True):
            self.clock = time
            stock = self._on_shelf(row)
            if not len(stock):
                continue
            shelf = self._rng.choice(stock, size=min(_SHELF, len(stock)), replace=False)
            worth = self._worth(row, shelf)
            place = int((worth + self._rng.gumbel(size=len(shelf))).argmax())
            event = self._event(row, int(shelf[place]), float(worth[place]), None)
            self._remember(row, int(shelf[place]), event.kind)
            events.append(event)
        return events

    def dataset(self, n_events: int, days: float, what: str) -> Dataset:
        """A log of this world, and the world as it is afterwards as its truth."""
        log = Interactions.from_events(self.simulate(n_events, days), kinds=self.kinds)
        about = (
            f"{what}\n"
            "Source: written and simulated for this package; nobody and nothing in it is real, and the truth "
            "is known (`truth`).\n"
            "Licence: that of this package.\n"
            f"Counts: {len(log):,} events by {len(log.users):,} people on {len(log.items):,} of "
            f"{len(self.catalog):,} items."
        )
        return Dataset(self.name, self.catalog, log, about, self)

    def row_of(self, person: Id) -> int:
        """The row of a person.

        Raises:
            DataError: there is none.
        """
        if person not in self._row:
            raise DataError(f"there is no person {person!r:.80}{closest(person, self._row)} in {self.name!r}")
        return self._row[person]

    def _event(self, row: int, item: int, worth: float, shown: tuple[Id, ...] | None) -> Feedback:
        reactions = self._reactions(row, item, worth)
        kind = str(self._rng.choice(list(reactions), p=list(reactions.values())))
        value = self._value(item, kind)
        return Feedback(self.people[row], self.catalog.ids[item], kind, self.clock, value, shown)

    def _worth(self, row: int, items: Rows) -> Vector:
        worth: Vector = self._shares[items] @ self.tastes[row] + self._quality[items]
        return worth + self._context(row, items)

    def _indices(self, items: Iterable[Id]) -> Rows:
        self._sync()
        return np.fromiter((self.catalog.index_of(item) for item in items), dtype=np.int64)

    def _sync(self) -> None:
        new = self.catalog.slice(len(self._shares))
        if new:
            self._shares = np.vstack([self._shares, membership(new, self.categories)])
            missing = len(self._shares) - len(self._quality)
            self._quality = np.concatenate([self._quality, np.zeros(max(0, missing))])
            facts = np.array([self._read(item) for item in new], dtype=np.float64)
            self._facts = facts if not len(self._facts) else np.vstack([self._facts, facts])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.people):,} people, {len(self.catalog):,} items)"


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), for any x."""
    return float(0.5 * (1.0 + np.tanh(0.5 * x)))


def read_words(name: str) -> list[list[str]]:
    """The rows of a file beside this one, without its header."""
    written = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.reader(written.splitlines()))[1:]
