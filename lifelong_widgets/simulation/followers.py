"""People who take after those whom they follow, and come with their edges before their first click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lifelong_widgets.data import Catalog, Feedback, Interactions, SocialGraph
from lifelong_widgets.data.datasets.tastes import Matrix
from lifelong_widgets.errors import DataError
from lifelong_widgets.simulation.people import SimulatedPeople

_FOUNDERS = 0.25  # the share of the people who were there first, and follow nobody
_FOLLOWS = 6  # whom each of the others follows
_COPIED = 0.9  # how often one follows somebody whom one's first contact follows, too
_SHELF = 24  # items that somebody comes across at one visit
_DAYS = 90.0
_NARROW = 0.3  # concentration of the Dirichlet distribution of tastes
_SPREAD = 2.5  # deviation of what the categories are worth to one person


class Followers(SimulatedPeople):
    """People who join one after the other, follow some of those who are there, and take after them.

    The first quarter like two or three categories, each their own, and follow nobody. Whoever joins later
    meets somebody, and follows them and mostly whom these follow (the copying model of J. Kleinberg et al.,
    "The web as a graph", 1999), whom they trust in different degree: the weights. Their taste is `influence`
    times the weighted mean of the tastes of those, and for the rest their own (N. Friedkin and E. Johnsen,
    "Social influence and opinions", 1990). With ``influence=0`` the edges say nothing about anybody.

    Everybody takes things from the day on which they join; half of the people are there on the first day, the
    others join on the days after.

    Attributes:
        graph: who follows whom in the end. Edges are made when the follower joins, and stay.
        joined: when each of `people` joins, in seconds, ascending.

    Args:
        catalog: where the items' categories come from.
        n_people: how many people there are, at least 20.
        influence: from 0 to 1.
        seed: of everything random.

    Raises:
        DataError: fewer people, or an `influence` that is none.

    >>> from lifelong_widgets.data import datasets
    >>> crowd = Followers(datasets.load("bookshop", n_events=100).catalog, n_people=40, seed=1)
    >>> crowd.graph
    SocialGraph(180 edges among 40 people)
    >>> log = crowd.log(n_events=300)
    >>> log[:100].users[0] in crowd.people[:20]
    True
    """

    def __init__(self, catalog: Catalog, n_people: int = 200, influence: float = 0.8, seed: int = 0) -> None:
        if not isinstance(influence, (int, float)) or not 0.0 <= influence <= 1.0:
            raise DataError(f"influence={influence!r:.80}; it is a share from 0 to 1")
        if type(n_people) is not int or n_people < 2 * _FOLLOWS + 8:
            raise DataError(f"n_people={n_people!r:.80}; it is a whole number of at least {2 * _FOLLOWS + 8}")
        rng = np.random.default_rng([seed, 2])
        own = _as_firm(rng.standard_gamma(_NARROW, (n_people, len(catalog.categories))))
        people = [f"member-{number:0{max(3, len(str(n_people)))}d}" for number in range(1, n_people + 1)]
        tastes, self.graph = own.copy(), SocialGraph()
        n_founders = max(_FOLLOWS + 1, int(_FOUNDERS * n_people))
        follows: list[list[int]] = [[] for _ in people]
        for one in range(n_founders, n_people):
            follows[one] = _whom(rng, one, follows)
            trust = rng.uniform(0.5, 1.5, len(follows[one]))
            for other, weight in zip(follows[one], trust.tolist(), strict=True):
                self.graph.add(people[one], people[other], weight)
            theirs = trust @ tastes[follows[one]] / trust.sum()
            tastes[one] = _as_firm((1.0 - influence) * own[one] + influence * theirs)
        self.joined = np.sort(rng.uniform(-1.0, 1.0, n_people)).clip(0.0) * _DAYS * 86_400.0
        self._start(catalog, people, list(catalog.categories), tastes, {}, seed)

    def log(self, n_events: int) -> Interactions:
        """`n_events` events of ninety days: somebody who has joined takes something of a random shelf.

        A shelf has 24 of the items that they have not taken yet; a choice is a softmax over what these are
        worth to them. Visits of somebody for whom nothing is left are none.
        """
        rng, ids = self._rng, list(self._catalog.ids)
        worth = np.stack([self.utility(person, ids) for person in self.people])
        times = np.floor(np.sort(rng.uniform(0.0, _DAYS * 86_400.0, n_events)))
        here = np.searchsorted(self.joined, times, side="right")
        taken = np.zeros(worth.shape, dtype=bool)
        events = []
        for time, n_here in zip(times.tolist(), here.tolist(), strict=True):
            row = int(rng.integers(n_here))
            stock = np.flatnonzero(~taken[row])
            if not len(stock):
                continue
            shelf: npt.NDArray[np.int64] = rng.choice(stock, size=min(_SHELF, len(stock)), replace=False)
            item = int(shelf[(worth[row, shelf] + rng.gumbel(size=len(shelf))).argmax()])
            taken[row, item] = True
            events.append(Feedback(self.people[row], ids[item], "click", time))
        return Interactions.from_events(events)

    def graph_at(self, time: float) -> SocialGraph:
        """Who followed whom at a time."""
        found = SocialGraph()
        here = set(self.people[: int(np.searchsorted(self.joined, time, side="right"))])
        for edge in self.graph:
            if edge[0] in here:
                found.add(*edge)
        return found


def _as_firm(tastes: Matrix) -> Matrix:
    """`tastes`, each row stretched to one spread: who takes after many is as choosy as anybody."""
    middle = tastes.mean(axis=-1, keepdims=True)
    found: Matrix = (tastes - middle) * (_SPREAD / (tastes.std(axis=-1, keepdims=True) + 1e-9))
    return found


def _whom(rng: np.random.Generator, one: int, follows: Sequence[Sequence[int]]) -> list[int]:
    """Whom the person of this index follows, of those before them."""
    first = int(rng.integers(one))
    chosen = [first]
    circle = [other for other in follows[first] if other != first]
    while len(chosen) < _FOLLOWS:
        known = [other for other in circle if other not in chosen]
        copied = known and rng.random() < _COPIED
        other = int(rng.choice(known)) if copied else int(rng.integers(one))
        if other not in chosen:
            chosen.append(other)
    return chosen
