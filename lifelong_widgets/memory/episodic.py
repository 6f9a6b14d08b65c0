"""The fast memory: what people did, kept as it was, and read in one pass."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from lifelong_widgets.memory.candidates import FEATURES, SILENT, Candidates, Past, choose, describe
from lifelong_widgets.memory.circumstances import N_PAUSES, OPENING, Circumstances, pause_kind
from lifelong_widgets.memory.content import Content, ContentScores
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.linear import LinearMemory
from lifelong_widgets.memory.neighbor_table import NeighborTable
from lifelong_widgets.memory.newcomers import Newcomers
from lifelong_widgets.memory.popularity import PopularityBank
from lifelong_widgets.memory.scores import DenseScores, Scores, SparseScores
from lifelong_widgets.memory.sequence_neighbors import SequenceNeighbors
from lifelong_widgets.memory.stages import StagePopularity
from lifelong_widgets.memory.successors import Successors
from lifelong_widgets.parts import Part, WholeNumber, unless_built

GROUPS = ("neighbors", "successors", "linear", "network", "content", "popularity", "repeats")
"""What a list can owe its items to; each can be switched off by the hyperparameter `use_` and its name."""

NETWORK_ALONE: dict[str, Any] = {f"use_{group}": group == "network" for group in GROUPS}
"""The hyperparameters of a recommender whose gate has nobody to weigh the network against."""

LINEAR = ("close", "neighbors", "followers", "successors", "linear", "content")
"""The members whose score is a sum over the events of a past."""

_CONTENT_DECAY = 0.85
_AGE = FEATURES.index("popularity.age")
_AFTER_PAUSE = FEATURES.index("popularity.after_pause")
_OPENS, _FITS = FEATURES.index("popularity.opens"), FEATURES.index("popularity.fits")

_CONTEXT_OF = {
    "popularity": FEATURES.index("context.popularity"),
    "repeats": FEATURES.index("context.repeated"),
}
"""What the context says of a group that may be switched off."""

_HOMES = {"close": "neighbors", "followers": "neighbors", "stage": "popularity"}
GROUP_OF: dict[str, str] = {name: _HOMES.get(name.split(".")[0], name.split(".")[0]) for name in FEATURES}
"""To which group each feature belongs, ``"context"`` to none of `GROUPS`."""

_OF_GROUP = {group: np.array([home == group for home in GROUP_OF.values()]) for group in GROUPS}


class EpisodicMemory(Part):
    """Learns from one event what a network needs many for, and names the candidates that the gate weighs.

    Its members read the log itself: sequence neighbours within a wide and a narrow window, those of the wide
    one that come after, direct successors, a linear model of what goes together in the long run, the
    popularity at nine half-lives, at each stage of a person's life here and after each kind of pause, and
    their own repeats. The network is one more member, whose scores are handed in, and so is the content of
    items. An event costs the same early and late; the memory of each member grows with the items that had
    events, to a bound an item.

    Source: complementary learning systems, J. McClelland, B. McNaughton and R. O'Reilly, Psychological
    Review 1995: a memory of episodes that learns at once, beside one that learns slowly and generalises.
    """

    use_neighbors = traitlets.Bool(True, help="Whether sequence neighbours are a member.").tag(config=True)
    use_successors = traitlets.Bool(True, help="Whether direct successors are a member.").tag(config=True)
    use_linear = traitlets.Bool(True, help="Whether the linear model is a member.").tag(config=True)
    use_network = traitlets.Bool(True, help="Whether the network is a member.").tag(config=True)
    use_content = traitlets.Bool(True, help="Whether likeness of content is read.").tag(config=True)
    use_popularity = traitlets.Bool(True, help="Whether the popularity is read.").tag(config=True)
    use_repeats = traitlets.Bool(True, help="Whether a person's own repeats are read.").tag(config=True)
    n_neighbors = WholeNumber(
        256, min=1, max=4096, help="How many neighbours of an item are kept in each direction."
    ).tag(config=True)
    n_candidates = WholeNumber(
        50, min=1, max=10_000, help="How many items each member may name for the gate to weigh."
    ).tag(config=True)

    def build(self, learns: bool = True) -> None:
        """Make everything empty. Call once before use. Unless it `learns`, it stays so."""
        self._learns = learns
        self.popularity = PopularityBank()
        self.newcomers = Newcomers()
        self._neighbors = SequenceNeighbors(20, 0.9, 20, 0.75, self.n_neighbors)
        self._close = SequenceNeighbors(5, 0.7, 20, 0.7, self.n_neighbors)
        self._successors = Successors(self.n_neighbors)
        self._stages = StagePopularity()
        self._pauses = Circumstances(N_PAUSES)
        self._linear = LinearMemory(
            decay=0.99, learning_rate=0.3, ridge=300.0, backward=1.0, max_items=2048, history_length=50
        )

    @property
    def network_alone(self) -> bool:
        """Whether the network is the only member, so that there is nothing to weigh."""
        return all(getattr(self, name) == value for name, value in NETWORK_ALONE.items())

    def candidates(
        self, past: Past, network_scores: NDArray[np.float32] | None, content: Content
    ) -> Candidates:
        """The items that are worth a look for a person, and what is known about them.

        There are none if the network is alone.

        Args:
            past: the person's.
            network_scores: of every item, (n_items,); None if it has learned nothing yet: then its features
                are 0, from which no weight learns.
            content: the content of items.
        """
        if self.network_alone:
            return describe(np.zeros(0, dtype=np.int64), {}, self.popularity, past)
        scores = self._scores(past, network_scores, content)
        popular = max(1, self.n_candidates * 4 // 5) if self.use_popularity else 0
        items = choose(scores, self.popularity, past, self.n_candidates, popular, self.newcomers)
        candidates = self._described(items, scores, past)
        if network_scores is None:
            candidates.features[:, _OF_GROUP["network"]] = 0.0
        return candidates

    def describe(
        self,
        items: NDArray[np.int64],
        past: Past,
        network_scores: NDArray[np.float32],
        content: Content,
    ) -> Candidates:
        """What is known about `items` (ascending) for a person; see `candidates`."""
        scores = self._scores(past, network_scores, content)
        return self._described(items, scores, past)

    def never_taken(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `items` nobody has taken yet; unless it learns, it knows of none."""
        never: NDArray[np.bool_] = (self.popularity.counts(items) == 0) & self._learns
        return never

    def could_name(self, item: int, time: float) -> bool:
        """Whether an item was there before `time`, as far as is known."""
        return not self.newcomers.is_new(item) or self.newcomers.was_there(item, time)

    def terms(self, past: Past, items: NDArray[np.int64], content: Content) -> dict[str, NDArray[np.float32]]:
        """What each item of `past.liked` adds to the scores of `items` by each of `LINEAR`; one row each.

        They add up to its scores. Of those that are switched off there are none.
        """
        liked, counts = past.liked, self.popularity.counts
        terms: dict[str, NDArray[np.float32]] = {}
        if self.use_neighbors:
            forward, backward = self._close.terms(liked, items, counts)
            terms["close"] = forward + backward
            forward, backward = self._neighbors.terms(liked, items, counts)
            terms["neighbors"], terms["followers"] = forward + backward, forward
        if self.use_successors:
            terms["successors"] = np.zeros((len(liked), len(items)), dtype=np.float32)
            if len(liked):
                last = int(liked[0])
                followed = self._successors.counts(last, int(items.max(initial=-1)) + 1).of(items)
                terms["successors"][0] = followed / np.float32(self._successors.departures(last) + 1.0)
        if self.use_linear:
            terms["linear"] = self._linear.terms(liked, items)
        if self.use_content:
            terms["content"] = ContentScores(content, liked, _CONTENT_DECAY).terms(items)
        return terms

    def content_terms(self, past: Past, item: int, content: Content) -> NDArray[np.float32]:
        """What each item of `past.liked` adds to the content score of an item, column by column."""
        return ContentScores(content, past.liked, _CONTENT_DECAY).columns(item)

    def learn(
        self,
        past: NDArray[np.int64],
        n_consumed: int,
        pause: float,
        item: int,
        now: float,
        weight: float,
        ledger: Ledger | None = None,
    ) -> None:
        """A person took `item`.

        Args:
            past: the items of the events before it that speak for their item, the latest first.
            n_consumed: how many items they had consumed.
            pause: how long ago their latest event was, in seconds; infinity if there was none.
            item: which.
            now: when, in seconds.
            weight: what the event is worth, above 0.
            ledger: can then take it back.
        """
        if not self._learns:
            return
        if self.use_neighbors:
            self._neighbors.learn(past, item, ledger)
            self._close.learn(past, item, ledger)
        if self.use_successors:
            self._successors.learn(past, item, ledger)
        if self.use_linear:
            self._linear.learn(past, item, ledger)
        self._stages.learn(n_consumed, item, ledger)
        self._pauses.learn(pause_kind(pause), item, ledger)
        self.popularity.add(item, now, weight, ledger)
        self.newcomers.take(item, ledger)

    @property
    def n_bytes(self) -> int:
        """What it takes to name and describe candidates."""
        counted = (self.popularity, self._stages, self._pauses)
        return sum(
            part.n_bytes for part in (*counted, self._neighbors, self._close, self._successors, self._linear)
        )

    def held_by(
        self,
        table: Callable[[NeighborTable], NeighborTable],
        linear: Callable[[LinearMemory], LinearMemory],
    ) -> EpisodicMemory:
        """A copy whose tables and linear weights are held as these make them of its own."""
        twin = EpisodicMemory(**self.settings())
        twin._learns = self._learns
        twin.popularity, twin._stages, twin._pauses, twin.newcomers = copy.deepcopy(
            (self.popularity, self._stages, self._pauses, self.newcomers)
        )
        twin._neighbors = self._neighbors.with_tables(*map(table, self._neighbors.tables))
        twin._close = self._close.with_tables(*map(table, self._close.tables))
        twin._successors = self._successors.with_table(table(self._successors.table))
        twin._linear = linear(self._linear)
        return twin

    @property
    def tables(self) -> dict[str, NeighborTable]:
        """The tables of neighbours by name."""
        names = "neighbors.followers", "neighbors.predecessors", "close.followers", "close.predecessors"
        tables = dict(zip(names, (*self._neighbors.tables, *self._close.tables), strict=True))
        return tables | {"successors": self._successors.table}

    @property
    def linear(self) -> LinearMemory:
        """The linear model."""
        return self._linear

    @property
    def members(
        self,
    ) -> dict[str, PopularityBank | StagePopularity | Circumstances | Successors | LinearMemory]:
        """Who keeps something beside these tables, by name."""
        return {
            "popularity": self.popularity,
            "stages": self._stages,
            "pauses": self._pauses,
            "successors": self._successors,
            "linear": self._linear,
        }

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and numbers."""
        return {
            "popularity": self.popularity.get_state(),
            "stages": self._stages.get_state(),
            "pauses": self._pauses.get_state(),
            "neighbors": self._neighbors.get_state(),
            "close": self._close.get_state(),
            "successors": self._successors.get_state(),
            "linear": self._linear.get_state(),
        }

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back whose items are below `n_items`; `newcomers` are none of them taken before.

        Raises:
            FormatError: the arrays do not fit the settings, each other or the items.
        """
        self.popularity.set_state(state["popularity"], n_items)
        self._stages.set_state(state["stages"], n_items)
        self._pauses.set_state(state["pauses"], n_items)
        self._neighbors.set_state(state["neighbors"], n_items)
        self._close.set_state(state["close"], n_items)
        self._successors.set_state(state["successors"], n_items)
        self._linear.set_state(state["linear"], n_items)
        self.newcomers.take_all(state["popularity"]["items"])

    def _scores(
        self, past: Past, network_scores: NDArray[np.float32] | None, content: Content
    ) -> dict[str, Scores]:
        liked = past.liked
        n = self.popularity.n_items if network_scores is None else len(network_scores)
        scores: dict[str, Scores] = {}
        if len(liked):
            if self.use_neighbors:
                forward, backward = self._close.scores(liked, self.popularity.counts, n)
                scores["close"] = forward.plus(backward)
                forward, backward = self._neighbors.scores(liked, self.popularity.counts, n)
                scores["neighbors"], scores["followers"] = forward.plus(backward), forward
            if self.use_successors:
                counts = self._successors.counts(int(liked[0]), n)
                departures = np.float32(self._successors.departures(int(liked[0])) + 1.0)
                scores["successors"] = SparseScores(counts.items, counts.values / departures)
            if self.use_linear:
                scores["linear"] = self._linear.scores(liked)
            if self.use_content:
                scores["content"] = ContentScores(content, liked, _CONTENT_DECAY)
        if self.use_popularity:
            scores["stage"] = self._stages.scores(len(past.consumed))
        if self.use_network and network_scores is not None:
            scores["network"] = DenseScores(network_scores)
        return scores

    def _described(self, items: NDArray[np.int64], scores: dict[str, Scores], past: Past) -> Candidates:
        departures = self._successors.departures(int(past.liked[0])) if len(past.liked) else 0.0
        candidates = describe(items, scores, self.popularity, past, departures)
        features = candidates.features
        self.newcomers.tell_age(features[:, _AGE], items, past.moment)
        kind, share = pause_kind(past.pause), self._pauses.share(items, OPENING)
        features[:, _AFTER_PAUSE] = self._pauses.affinity(items, kind)
        features[:, _OPENS] = share
        features[:, _FITS] = share if kind >= OPENING else 1.0 - share
        return self._blinded(candidates)

    def _blinded(self, candidates: Candidates) -> Candidates:
        for group in ("popularity", "repeats"):
            if not getattr(self, f"use_{group}"):
                candidates.features[:, _OF_GROUP[group]] = SILENT[_OF_GROUP[group]]
                candidates.features[:, _CONTEXT_OF[group]] = 0.0
        return candidates

    @traitlets.validate(*(f"use_{group}" for group in GROUPS), "n_neighbors", "n_candidates")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "popularity"), "memory")
