"""A small world whose every chance of a click is known, so that a policy's value is too."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration import Explorer, ImpressionLog

Numbers = NDArray[np.float64]


class _Target(Protocol):
    def distribution(self, user: Id) -> Mapping[Id, float]: ...

    def propensities(self, user: Id, slate: Sequence[Id]) -> Sequence[float]: ...


@dataclass(frozen=True, slots=True)
class Scores:
    """Items of a `ClickWorld` with somebody's scores, best first."""

    items: tuple[Id, ...]
    scores: tuple[float, ...]


class Scorer:
    """A fixed recommender of a `ClickWorld`: it scores by a table, and learns nothing."""

    def __init__(self, people: Sequence[Id], items: Sequence[Id], table: Numbers) -> None:
        self._row = {person: row for row, person in enumerate(people)}
        self._items, self._table = tuple(items), table

    def recommend(self, user: Id, k: int, exclude_seen: bool = False) -> Scores:
        """The `k` items of the highest scores; nothing is ever seen."""
        row = self._table[self._row[user]]
        best = np.argsort(-row, kind="stable")[:k].tolist()
        return Scores(tuple(self._items[place] for place in best), tuple(row[best].tolist()))


class ClickWorld:
    """People and items with known chances of a click, and people who read from the top.

    Somebody looks at the first place and clicks with probability ``clicks[person, item]``. Who does not,
    goes on to the next place with probability `patience`, and so on down; who clicks is done (the cascade
    model of N. Craswell, O. Zoeter, M. Taylor and B. Ramsey, "An experimental comparison of click
    position-bias models", WSDM 2008).

    Attributes:
        people: their ids.
        items: their ids.
        clicks: (people, items), float64: the chance of a click on what is looked at.

    Args:
        n_people: how many.
        n_items: how many.
        seed: of tastes.
        patience: the chance to look one place further.

    Raises:
        DataError: fewer than one person or item, or a patience outside 0 to 1.

    >>> world = ClickWorld(n_people=3, n_items=2, seed=0)
    >>> world.clicks.shape, world.scorer().recommend("person-0", k=2).items
    ((3, 2), ('item-0', 'item-1'))
    """

    def __init__(self, n_people: int = 1000, n_items: int = 20, seed: int = 0, patience: float = 0.8) -> None:
        if min(n_people, n_items) < 1:
            raise DataError(f"{n_people} people and {n_items} items make no world; one of each is the least")
        if not 0.0 <= patience <= 1.0:
            raise DataError(f"patience is {patience!r:.80}; it must be a number from 0 to 1")
        rng = np.random.default_rng([seed, 0])
        self.people: list[Id] = [f"person-{number}" for number in range(n_people)]
        self.items: list[Id] = [f"item-{number}" for number in range(n_items)]
        tastes, kinds = rng.normal(size=(n_people, 3)), rng.normal(size=(n_items, 3))
        self._logits = -2.0 + rng.normal(size=n_items) * 0.7 + tastes @ kinds.T / np.sqrt(3.0)
        self.clicks: Numbers = 1.0 / (1.0 + np.exp(-self._logits))
        self._patience, self._seed = patience, seed

    def scorer(self, noise: float = 0.0, seed: int = 1) -> Scorer:
        """A recommender whose scores are the true log-odds of a click and normal noise of this deviation."""
        blur = np.random.default_rng([seed, 1]).normal(size=self._logits.shape)
        return Scorer(self.people, self.items, self._logits + noise * blur)

    def value(self, target: _Target) -> float:
        """Exactly: the expected clicks on the first place if `target` chooses it, over all people."""
        column = {item: place for place, item in enumerate(self.items)}
        total = 0.0
        for chances, person in zip(self.clicks, self.people, strict=True):
            total += sum(chance * chances[column[i]] for i, chance in target.distribution(person).items())
        return float(total / len(self.people))

    def slate_value(self, target: _Target, k: int) -> float:
        """Exactly: the expected clicks on a slate of `k`. Goes through all slates: for a handful of items."""
        total = 0.0
        for slate in itertools.permutations(range(len(self.items)), k):
            ids = [self.items[place] for place in slate]
            for chances, person in zip(self.clicks, self.people, strict=True):
                reached = 1.0 - np.cumprod(1.0 - chances[list(slate)])  # clicked by then, if all were patient
                stays = self._patience ** np.arange(k)
                clicked = float((np.diff(reached, prepend=0.0) * stays).sum())
                total += float(np.prod(target.propensities(person, ids))) * clicked
        return total / len(self.people)

    def log(
        self, explorer: Explorer, n_impressions: int, k: int = 1, each: int = 4, seed: int = 0
    ) -> ImpressionLog:
        """What `explorer` shows and what comes of it; people are drawn again after `each` impressions.

        Args:
            explorer: whose slates are shown.
            n_impressions: how many.
            k: places of a slate.
            each: impressions of a person in a row.
            seed: of who comes and what they do.
        """
        rng, log = np.random.default_rng([self._seed, seed, 2]), ImpressionLog()
        column = {item: place for place, item in enumerate(self.items)}
        row = 0
        for number in range(n_impressions):
            if number % each == 0:
                row = int(rng.integers(len(self.people)))
            shown = explorer.recommend(self.people[row], k=k)
            log.append(
                shown.impression(self._click([(i, self.clicks[row, column[i]]) for i in shown.items], rng))
            )
        return log

    def _click(self, chances: Sequence[tuple[Id, float]], rng: np.random.Generator) -> Id | None:
        for item, chance in chances:
            if rng.random() < chance:
                return item
            if rng.random() >= self._patience:
                return None
        return None

    def __repr__(self) -> str:
        return f"ClickWorld({len(self.people):,} people, {len(self.items):,} items)"
