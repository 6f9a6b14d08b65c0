"""A shop and the people in it: the stream that the soak learns from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lifelong_widgets.data import Catalog, Feedback, Interactions
from lifelong_widgets.data.datasets.tastes import membership
from lifelong_widgets.simulation import SimulatedPeople

CATEGORIES = 20
_SEEN = 10  # things that a passer-by looks at before taking one
_KINDS, _SHARES = ("view", "click", "like", "skip"), (0.8, 0.12, 0.05, 0.03)  # a view uses nothing up


def rows(n_items: int, start: int = 0) -> pd.DataFrame:
    """Items `start`, `start` + 1, …, each in one or two categories."""
    numbers = np.arange(start, start + n_items)
    return pd.DataFrame(
        {
            "item": numbers,
            "title": [f"Thing {n} of {n % 101}" for n in numbers],
            "categories": [[f"kind {n % CATEGORIES}", f"kind {n // 7 % CATEGORIES}"] for n in numbers],
        }
    )


def catalog(n_items: int) -> Catalog:
    """A catalogue of the first `n_items`."""
    return Catalog.from_pandas(rows(n_items))


class PassersBy:
    """`SimulatedPeople` by the thousand: each looks at ten things and takes one, by the same softmax.

    Drawn as arrays, since `SimulatedPeople.choose` takes longer than learning what was chosen.
    """

    def __init__(self, people: SimulatedPeople, catalog: Catalog, seed: int) -> None:
        self._people = people
        self._rng = np.random.default_rng(seed)
        self._shares = membership(catalog, people.categories)
        self._names = np.array(people.people)

    def events(self, n: int) -> Interactions:
        """The next `n` events, of people with the tastes that they have now."""
        who, taken, kinds, _ = self._draw(n)
        frame = pd.DataFrame({"user": who, "item": taken, "kind": kinds})
        return Interactions.from_pandas(frame, kind="kind", time=None)

    def feedbacks(self, n: int) -> Iterator[Feedback]:
        """As `events`, one by one, each with the list that was looked at."""
        who, taken, kinds, seen = (drawn.tolist() for drawn in self._draw(n))
        for person, item, kind, shown in zip(who, taken, kinds, seen, strict=True):
            yield Feedback(person, item, kind, shown=shown)

    def _draw(self, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Who takes what, as which kind of feedback, of what they have seen."""
        rng = self._rng
        who = rng.integers(len(self._names), size=n)
        seen = rng.integers(len(self._shares), size=(n, _SEEN))
        worth = np.einsum("nsc,nc->ns", self._shares[seen], self._people.tastes[who])
        taken = seen[np.arange(n), (worth + rng.gumbel(size=worth.shape)).argmax(axis=1)]
        return self._names[who], taken, rng.choice(_KINDS, size=n, p=_SHARES), seen
