"""Learners of other libraries, where they can be imported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from lifelong_widgets.data import Catalog, Feedback, Id, Interactions
from lifelong_widgets.evaluation.baselines.fading import FadingPopularity
from lifelong_widgets.evaluation.baselines.ranking import best_with_back_off
from lifelong_widgets.recommendations import Recommendations


class Peer(ABC):
    """The verbs around a model that knows pairs of user and item; others are listed by popularity."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._popularity = FadingPopularity("30D")
        self._consumed: dict[Id, set[int]] = {}

    def recommend(self, user: Id, k: int, exclude_seen: bool, reasons: bool) -> Recommendations:
        n = len(self.catalog)
        hidden = list(self._consumed.get(user, ())) if exclude_seen else []
        scores = self._scores(user, n)
        chosen, values = best_with_back_off(scores, self._popularity, n, k, hidden)
        return Recommendations.of(user, chosen, values, self.catalog)

    def learn_one(self, feedback: Feedback) -> None:
        code = self.catalog.index_of(feedback.item)
        self._learn(feedback.user, code)
        self._popularity.add(code, feedback.time)
        self.observe(feedback)

    def observe(self, feedback: Feedback) -> None:
        self._consumed.setdefault(feedback.user, set()).add(self.catalog.index_of(feedback.item))

    def settle(self) -> None:  # noqa: B027 - most have nothing to do
        """The warm-up is over."""

    @abstractmethod
    def _scores(self, user: Id, n: int) -> NDArray[np.float64] | None:
        """(n,), positive where the model has an opinion; None if it knows nothing of `user`."""

    @abstractmethod
    def _learn(self, user: Id, item: int) -> None: ...


class RiverFunkMF(Peer):
    """river's FunkMF, taught 1 for each event and 0 for `negatives` items at random.

    The settings are the best of seven on the warm-up of MovieLens-100K. Its vectors of items are mirrored in
    a matrix, so that a list costs one product instead of a call for each item.
    """

    def __init__(self, catalog: Catalog, n_factors: int = 32, rate: float = 0.05, negatives: int = 5) -> None:
        from river import optim, reco

        super().__init__(catalog)
        initial = optim.initializers.Normal(mu=0.1, sigma=0.1, seed=0)
        self._model: Any = reco.FunkMF(n_factors, optim.SGD(rate), initializer=initial, seed=0)
        self._vectors = np.zeros((0, n_factors))
        self._known = 0
        self._negatives, self._random = negatives, np.random.default_rng(0)

    def _scores(self, user: Id, n: int) -> NDArray[np.float64] | None:
        if user not in self._model.u_latents:
            return None
        scores = np.zeros(n)
        known = min(self._known, n)
        products = self._vectors[:known] @ self._model.u_latents[user]
        # above 0, in the same order: only what the model has never met is left to popularity
        scores[:known] = np.exp(np.clip(products, -50.0, 50.0))
        return scores

    def _learn(self, user: Id, item: int) -> None:
        lessons = [(item, 1.0)]
        lessons += [
            (other, 0.0) for other in self._random.integers(len(self.catalog), size=self._negatives).tolist()
        ]
        for code, target in lessons:
            self._model.learn_one(user, code, target)
            if code >= len(self._vectors):
                more = max(code + 1, 2 * len(self._vectors)) - len(self._vectors)
                self._vectors = np.concatenate([self._vectors, np.zeros((more, self._vectors.shape[1]))])
            self._vectors[code] = self._model.i_latents[code]
            self._known = max(self._known, code + 1)


class ImplicitALS(Peer):
    """implicit's alternating least squares, fitted anew every `every` events.

    In between, a person's vector is solved from what they have had, new items included as of the next fit.
    """

    def __init__(self, catalog: Catalog, factors: int = 64, every: int = 1000) -> None:
        super().__init__(catalog)
        self._factors, self._every = factors, every
        self._rows: dict[Id, int] = {}
        self._pairs: list[tuple[int, int]] = []
        self._model: Any = None
        self._fitted = 0

    def _scores(self, user: Id, n: int) -> NDArray[np.float64] | None:
        if self._model is None or user not in self._consumed:
            return None
        had = [item for item in self._consumed[user] if item < self._fitted]
        row = csr_matrix((np.ones(len(had), np.float32), ([0] * len(had), had)), shape=(1, self._fitted))
        vector = self._model.recalculate_user(0, row)
        scores = np.zeros(n)
        scores[: self._fitted] = np.exp(self._model.item_factors @ np.ravel(vector))
        return scores

    def _learn(self, user: Id, item: int) -> None:
        self._pairs.append((self._rows.setdefault(user, len(self._rows)), item))
        if len(self._pairs) % self._every == 0:
            self.settle()

    def settle(self) -> None:
        """Fit all events so far."""
        from implicit.cpu.als import AlternatingLeastSquares

        rows, items = np.array(self._pairs).T
        self._fitted = int(items.max()) + 1
        counts = csr_matrix((np.ones(len(rows), np.float32), (rows, items)), (len(self._rows), self._fitted))
        self._model = AlternatingLeastSquares(factors=self._factors, num_threads=1, random_state=0)
        self._model.fit(counts, show_progress=False)


class VowpalWabbit(Peer):
    """Vowpal Wabbit's online logistic regression over the items of a block (``--csoaa_ldf mc``).

    It reads the person, the last ten items and the item that is asked about, and every pair of one of the
    former with the latter (``-q ui -q hi``). An event teaches 1 for its item and 0 for `negatives` at random.
    Settings, of 16 tried: the best on the warm-up of MovieLens-100K, learned on its first half and tested on
    1,500 ratings after it; lower ranks (``--lrq``), plain SGD, other rates, other numbers of negatives and
    negatives by popularity were no better.

    Scored are the 500 items most popular of late and up to 20 that last followed each of the person's last
    ten: a line of text for each, some 4 ms a list. All others come after them, by popularity.
    """

    _HISTORY, _POPULAR, _FOLLOWERS = 10, 500, 20
    _ARGUMENTS = (
        "--quiet --csoaa_ldf mc --loss_function logistic --probabilities -b 24 -q ui -q hi --random_seed 0"
    )

    def __init__(self, catalog: Catalog, negatives: int = 30) -> None:
        from vowpalwabbit import Workspace

        super().__init__(catalog)
        self._model: Any = Workspace(self._ARGUMENTS)
        self._negatives, self._random = negatives, np.random.default_rng(0)
        self._rows: dict[Id, int] = {}
        self._past: dict[Id, list[int]] = {}
        self._followers: dict[int, list[int]] = {}

    def observe(self, feedback: Feedback) -> None:
        super().observe(feedback)
        item, past = self.catalog.index_of(feedback.item), self._past.setdefault(feedback.user, [])
        if past:
            followers = self._followers.setdefault(past[-1], [])
            if item in followers:
                followers.remove(item)
            followers.append(item)
            del followers[: -self._FOLLOWERS]
        past.append(item)
        del past[: -self._HISTORY]

    def _scores(self, user: Id, n: int) -> NDArray[np.float64] | None:
        popular = np.argsort(-self._popularity.logs(n), kind="stable")[: self._POPULAR]
        followers = (item for past in self._past.get(user, ()) for item in self._followers.get(past, ()))
        asked = list(dict.fromkeys([*popular.tolist(), *followers]))
        lines = (f"{place} |i {item}" for place, item in enumerate(asked, start=1))
        scores = np.zeros(n)
        scores[asked] = np.maximum(self._model.predict([self._person(user), *lines]), 1e-12)
        return scores

    def _learn(self, user: Id, item: int) -> None:
        self._rows.setdefault(user, len(self._rows))
        others = self._random.integers(len(self.catalog), size=self._negatives)
        wrong = others[others != item].tolist()
        lines = [f"{place}:1 |i {other}" for place, other in enumerate(wrong, start=2)]
        self._model.learn([self._person(user), f"1:0 |i {item}", *lines])

    def _person(self, user: Id) -> str:
        """What all lines of a block share; the bar, since a bare "shared" is taken for one more item."""
        known = f" |u {self._rows[user]}" if user in self._rows else ""
        past = self._past.get(user)
        return f"shared |{known}" + (f" |h {' '.join(map(str, past))}" if past else "")


PEERS: dict[str, tuple[str, type[Peer]]] = {
    "river FunkMF": ("river", RiverFunkMF),
    "implicit ALS": ("implicit", ImplicitALS),
    "Vowpal Wabbit": ("vowpalwabbit", VowpalWabbit),
}


def make_peers(catalog: Catalog, warm_up: Interactions) -> dict[str, Peer]:
    """Those whose libraries are installed, taught `warm_up` event by event."""
    peers: dict[str, Peer] = {}
    for name, (module, kind) in PEERS.items():
        if find_spec(module) is not None:
            peers[name] = kind(catalog)
            for event in warm_up:
                peers[name].learn_one(event)
            peers[name].settle()
    return peers


def installed() -> list[str]:
    """The names of the others, with the versions of their libraries."""
    there = {name: module for name, (module, _) in PEERS.items() if find_spec(module) is not None}
    return [f"{name} ({module} {version(module)})" for name, module in there.items()]


def missing() -> list[str]:
    """The names of the peers whose libraries are not installed."""
    return [name for name, (module, _) in PEERS.items() if find_spec(module) is None]
