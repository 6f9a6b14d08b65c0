"""A person by the company they keep: what those they follow take, and where they stand in the graph."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from lifelong_widgets.data import Catalog, Feedback, Interactions, SocialGraph
from lifelong_widgets.data.ids import Id
from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.featurizers.base import Array, Featurizer, distinct, unit_rows
from lifelong_widgets.featurizers.behavior import directions
from lifelong_widgets.featurizers.content_profile import ContentProfile
from lifelong_widgets.featurizers.people import LiveFeaturizer, People, PersonMark, checked_log, users_of
from lifelong_widgets.featurizers.walks import embed_nodes


class NeighborTastes(ContentProfile):
    """What those whom a person follows took lately: the sum of their fading content profiles.

    Alive on both sides: an edge counts from the moment it is added to `graph`, an event from its `update`.
    The heavier the edge and the fresher the event, the more it counts; a person's own events do not. Reading
    costs O(followed · width), learning an event O(width), however many follow.

    Args:
        graph: Who follows whom, in the ids of the log.
        features: The featurizer of items whose columns a profile has.
        half_life: Days after which an event counts half as much; None: never.
        prefit: `features` is fitted already, and used as it is.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.featurizers import CategoryFeaturizer
        >>> shop = Catalog.from_records(
        ...     [{"item": 1, "categories": ["Sea"]}, {"item": 2, "categories": ["Ice"]}])
        >>> log = Interactions.from_pandas(pd.DataFrame({"user": ["bob", "eve"], "item": [1, 2], "time": 9}))
        >>> graph = SocialGraph()
        >>> tastes = NeighborTastes(graph, CategoryFeaturizer()).fit(log, shop)
        >>> tastes.transform(["ada"]).tolist()
        [[0.0, 0.0]]
        >>> graph.add("ada", "bob")
        >>> tastes.transform(["ada"]).tolist(), tastes.get_feature_names_out().tolist()
        ([[0.0, 1.0]], ['followed take category: Ice', 'followed take category: Sea'])
    """

    unit = "days"

    def __init__(
        self,
        graph: SocialGraph,
        features: Featurizer,
        half_life: float | None = 30.0,
        prefit: bool = False,
    ) -> None:
        self.graph = graph
        self.features = features
        self.half_life = half_life
        self.prefit = prefit

    def fit(self, X: Interactions, y: Catalog | None = None) -> Self:
        """Learn the log `X`, whose items' content is in the catalogue `y`."""
        _check_graph(self.graph)
        return super().fit(X, y)

    def transform(self, X: People) -> Array:
        """The tastes around people: (n_people, width), float32, of length 1, or 0 of who follows nobody."""
        users = users_of(X)
        rows = np.zeros((len(users), self.width))
        for place, user in enumerate(users):
            followed = self.graph.following(user)
            known = [other for other in followed if other in self.table_.index]
            if known:
                theirs = self.table_.of(known)
                weights = np.array([followed[other] for other in known])
                if self.half_life is not None:  # relative to the freshest of them: only the direction counts
                    age = (theirs[:, -1].max() - theirs[:, -1]) / 86_400.0
                    weights = weights * np.exp2(-age / self.half_life)
                rows[place] = weights @ theirs[:, :-1]
        return unit_rows(rows)

    def live_through(self, log: Interactions) -> Array:
        """Learn every event of a log, and say what was known of its person just before: (n_events, width).

        Who follows whom is taken as it is now: edges have no time.
        """
        found = np.empty((len(log), self.width), dtype=np.float32)
        for place, event in enumerate(log):
            found[place] = self.transform([event.user])[0]
            self.update(event)
        return found

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """The name of each column of the items' features, as what the followed take."""
        names = self.features_.get_feature_names_out()
        return np.array([f"followed take {name}" for name in names], dtype=object)


class NodeEmbedding(LiveFeaturizer):
    """Where a person stands in the graph: random walks as sentences of people, and Word2Vec.

    DeepWalk (Perozzi et al. 2014), or node2vec (Grover & Leskovec 2016) with other p and q. Somebody who came
    later is placed at the mean of those known whom they follow or who follow them, weighted by the edges, and
    moves as edges are added; who was there at `fit` stays until the next. Needs gensim.

    Args:
        graph: Who follows whom.
        n_components: The width of the output.
        p: Return parameter: above 1, a walk seldom goes back.
        q: In-out parameter: below 1, it goes far; above 1, it stays near.
        seed: Of walks and training.

    Raises:
        MissingExtraError: (from `fit`) gensim is not installed.

    Example:
        >>> import pandas as pd
        >>> graph = SocialGraph.from_pandas(pd.DataFrame({"follower": [1, 2], "followed": [2, 3]}))
        >>> place = NodeEmbedding(graph, n_components=4).fit()
        >>> place.transform([1, 9]).any(axis=1).tolist()
        [True, False]
        >>> graph.add(9, 1)
        >>> bool(np.allclose(place.transform([9]), place.transform([1]), atol=1e-6))
        True
    """

    def __init__(
        self, graph: SocialGraph, n_components: int = 32, p: float = 1.0, q: float = 1.0, seed: int = 0
    ) -> None:
        self.graph = graph
        self.n_components = n_components
        self.p = p
        self.q = q
        self.seed = seed

    def fit(self, X: Interactions | None = None, y: Catalog | None = None) -> Self:
        """Learn the graph as it is now; a log is looked at no more than a catalogue is."""
        _check_graph(self.graph)
        if X is not None:
            checked_log(X)
        people, rows = embed_nodes(self.graph, self.n_components, self.seed, self.p, self.q)
        names = [f"company: {label}" for label in directions(rows, people, {})]
        return self.set_state({"people": people, "rows": rows, "names": names})

    def update(self, event: Feedback, mark: PersonMark | None = None) -> Self:
        """Nothing: what a person takes does not move them. Edges arrive in `graph`."""
        return self

    def knows(self, kind: str) -> bool:
        """True: it looks at no event."""
        return True

    def live_through(self, log: Interactions) -> Array:
        """The places of the people of each event, as they are now: (n_events, width)."""
        return self.transform(log.users)[log.user_codes]

    def forget_people(self) -> Self:
        """Nothing: it has seen no event."""
        return self

    def mark(self) -> None:
        """None: there is nothing that an event changes."""

    def revert(self, mark: PersonMark | None) -> None:
        """Nothing: no event has changed anything."""

    def check(self, state: dict[str, Any]) -> None:
        """See that there is a row of finite numbers for each person that was known to the fit.

        Raises:
            FormatError: there is not.
        """
        rows, people = state["rows"], state["people"]
        fits = isinstance(rows, np.ndarray) and rows.dtype == np.float32 and rows.ndim == 2
        if not fits or len(rows) != len(people) or len(self._place) != len(people):
            raise FormatError("node embedding: there must be a row of numbers for each person, once")
        if rows.shape[1] != self.n_components or not np.isfinite(rows).all():
            raise FormatError(f"node embedding: a place is not {self.n_components} finite numbers")

    def transform(self, X: People) -> Array:
        """The places of people: (n_people, width), float32, of length 1, or 0 of those without company."""
        users = users_of(X)
        rows = np.zeros((len(users), self.width), dtype=np.float64)
        for place, user in enumerate(users):
            if user in self._place:
                rows[place] = self.rows_[self._place[user]]
                continue
            for company in (self.graph.following(user), self.graph.followers(user)):
                for other, weight in company.items():
                    if other in self._place:
                        rows[place] += weight * self.rows_[self._place[other]]
        return unit_rows(rows)

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        return int(self.rows_.shape[1])

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """Each direction by the three people who lie farthest along it."""
        return np.array(distinct(self.names_), dtype=object)

    def get_state(self) -> dict[str, Any]:
        """The people and names (JSON), and the rows (array); the graph is not in it."""
        return {"people": self.people_, "rows": self.rows_, "names": self.names_}

    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back."""
        self.people_: list[Id] = list(state["people"])
        self.rows_: Array = state["rows"]
        self.names_: list[str] = list(state["names"])
        self._place = {id: place for place, id in enumerate(self.people_)}
        return self


def _check_graph(graph: object) -> None:
    if not isinstance(graph, SocialGraph):
        raise DataError(
            f"graph is a SocialGraph, not a {type(graph).__name__}; make one with SocialGraph.from_pandas(…)"
        )
