"""What an engine is made of: its parts, made and filled, and the state that they have learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self, cast

import numpy as np
import traitlets
from threadpoolctl import threadpool_limits

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, FeedbackKinds, Id, Interactions, Item, SocialGraph
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.drift import DriftMonitor
from lifelong_widgets.errors import (
    DataError,
    DataWarning,
    FeatureWarning,
    FormatError,
    LifelongWidgetsError,
    SettingError,
    closest,
    warn,
)
from lifelong_widgets.featurizers import (
    FeatureSettings,
    ItemFeatures,
    LiveFeaturizer,
    LivePeople,
    PersonSettings,
    UnreadItems,
)
from lifelong_widgets.learning import Examples, OnlineUpdater, ReplayBuffer, Scored, Trainer, score
from lifelong_widgets.memory import ALWAYS, Content, EpisodicMemory, Gate, Newcomers, Ranker
from lifelong_widgets.models import Histories, LearnedContent, Network
from lifelong_widgets.parts import Part, refusal
from lifelong_widgets.privacy import PrivateLearning
from lifelong_widgets.state_file import Tree, count_of, digest_of
from lifelong_widgets.value import ValueLearner

_ALSO_CALLED = {  # elsewhere
    "dim": "embedding_dim", "embedding_size": "embedding_dim", "factors": "embedding_dim",
    "n_factors": "embedding_dim", "n_epochs": "epochs", "encoder": "model", "network": "model",
    "gamma": "discount", "loss": "objective",
}  # fmt: skip
_RENAMED = {"encoder_name": "model"}  # what hyperparameters were called before


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that an engine has learned, for `Engine.put_back`; it takes the memory of a copy."""

    features: ItemFeatures
    state: dict[str, Any]
    n_drift_restarts: int


class Assembly:
    """The parts of an engine with all that was learned; it is brought forward by the steps of `Engine`.

    Args and errors are those of `Recommender`.
    """

    catalog: Catalog
    seed: int
    frozen: bool
    features: ItemFeatures
    parts: dict[str, Part]
    n_events: int
    n_fits: int
    users: IdIndex
    histories: Histories
    people: LivePeople
    content: Content
    ranker: Ranker
    rng: np.random.Generator
    _kinds: FeedbackKinds
    _n_offered: int
    _waiting: str | None = None  # why there are items without a row
    _unread: UnreadItems | None = None
    _graph: SocialGraph
    n_edge_changes: int = 0
    _person_featurizer: LiveFeaturizer | None

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        seed: int = 0,
        *,
        graph: SocialGraph | None = None,
        **hyperparameters: Any,
    ) -> None:
        given: object = catalog
        if not isinstance(given, Catalog):
            hint = "; a Dataset has one as .catalog" if hasattr(given, "catalog") else ""
            raise DataError(f"a recommender is made from a Catalog, not a {type(given).__name__}{hint}")
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise DataError(f"seed is {seed!r}; it must be a whole number from 0 to {2**32 - 1}")
        _check_kinds(kinds)
        check_graph(graph)
        self.catalog, self.seed, self._kinds, self.frozen = catalog, seed, kinds, False
        self._graph = SocialGraph()
        self.parts = make_parts(hyperparameters)
        self.privacy.refuse_noise_without_unit()
        self.n_fits = 0
        self._fit_features(None, Interactions.from_events([], kinds))
        self._build()
        self._take_in(self.catalog.slice(0), listed=True)
        self._watch_what_comes(fitted=True)
        for edge in graph or ():  # last, as they come to one with a journal
            self._graph.add(*edge)

    # -------------------------------------------------------------------------------------- its parts

    @property
    def network(self) -> Network:
        """The deep model: item vectors and user encoder."""
        return cast(Network, self.parts["network"])

    @property
    def memory(self) -> EpisodicMemory:
        """The fast memory: what people did, kept as it was."""
        return cast(EpisodicMemory, self.parts["memory"])

    @property
    def gate(self) -> Gate:
        """What weighs the two memories against each other."""
        return cast(Gate, self.parts["gate"])

    @property
    def buffer(self) -> ReplayBuffer:
        """The past examples that are learned again."""
        return cast(ReplayBuffer, self.parts["buffer"])

    @property
    def updater(self) -> OnlineUpdater:
        """The online step."""
        return cast(OnlineUpdater, self.parts["updater"])

    @property
    def trainer(self) -> Trainer:
        """The offline fit."""
        return cast(Trainer, self.parts["trainer"])

    @property
    def drift(self) -> DriftMonitor:
        """The watch over the hit rate of the lists that were shown."""
        return cast(DriftMonitor, self.parts["drift"])

    @property
    def value(self) -> ValueLearner:
        """What learns the worth of items in the long run, if there is a `discount`."""
        return cast(ValueLearner, self.parts["value"])

    @property
    def privacy(self) -> PrivateLearning:
        """What keeps learning differentially private, if there is a `privacy_unit`, and its account."""
        return cast(PrivateLearning, self.parts["privacy"])

    @property
    def kinds(self) -> FeedbackKinds:
        """What each kind of feedback is worth; may be replaced by one that knows the same kinds and more."""
        return self._kinds

    @kinds.setter
    def kinds(self, kinds: FeedbackKinds) -> None:
        _check_kinds(kinds)
        if tuple(kinds)[: len(self._kinds)] != tuple(self._kinds):
            raise DataError(
                f"the new kinds must begin with those there are ({', '.join(self._kinds)}); "
                "change them with kinds.with_weights(...) or kinds.with_kind(...)"
            )
        self._kinds = kinds

    @property
    def graph(self) -> SocialGraph:
        """Who follows whom now, to look at; `follow` and `unfollow` change it."""
        return self._graph.look()

    def index_of(self, item: Id) -> int:
        """The row of an item.

        Raises:
            UnknownItemError: it is not in the catalogue.
            DataError: it has no row, since its features, or those of one before it, cannot be made.
        """
        row = self.catalog.index_of(item)
        if row >= len(self.network.items):
            raise DataError(f"the item {brief(item)} waits for its features: {self._waiting}")
        return row

    # ------------------------------------------------------------------------------------------ state

    def settings(self) -> dict[str, Any]:
        """Every hyperparameter of every part by name."""
        return {name: value for part in self.parts.values() for name, value in part.settings().items()}

    def get_state(self) -> dict[str, Any]:
        """All that was learned: a tree of arrays, tensors and JSON values that shares no memory."""
        return {
            "n_events": self.n_events,
            "n_offered": self._n_offered,
            "n_listed": self.memory.newcomers.n_listed,
            "n_fits": self.n_fits,
            "users": list(self.users),
            "rng": self.rng.bit_generator.state,
            "network": self.network.get_state(),
            "updater": self.updater.get_state(),
            "buffer": self.buffer.get_state(),
            "histories": self.histories.get_state(),
            "memory": self.memory.get_state(),
            "gate": self.gate.get_state(),
            "drift": self.drift.state(),
            **({"value": self.value.get_state()} if self.value.on else {}),
            **({"people": self.people.get_state()} if self._person_featurizer is not None else {}),
            **({"privacy": self.privacy.get_state()} if self.privacy.on else {}),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Be in a state that a recommender of the same settings and features gave.

        Raises:
            FormatError: the state does not fit the settings, the catalogue or itself.
        """
        self._person_featurizer = self._unfitted_person_featurizer()
        if self._person_featurizer is not None:
            self._person_featurizer.set_state(state["people"])  # which says how much the network reads
            self._person_featurizer.check(state["people"])
        self._build()
        self.n_events, self.n_fits = (count_of(state[name], name) for name in ("n_events", "n_fits"))
        self.users.truncate(0)
        self.users.extend(state["users"])
        self.rng.bit_generator.state = state["rng"]
        self.network.set_state(state["network"])
        self.updater.set_state(state["updater"])
        self.buffer.set_state(state["buffer"])
        self.histories.set_state(state["histories"])
        self.drift.restore(state["drift"])
        n_items = len(self.network.items)
        n_listed = count_of(state.get("n_listed", n_items), "n_listed")
        if n_listed > n_items:
            raise FormatError(f"n_listed is {n_listed}, and there are {n_items} items")
        self.memory.newcomers = Newcomers(self._released(self.catalog.slice(0, n_items)), n_listed)
        self._n_offered = count_of(state.get("n_offered", n_items), "n_offered")
        if self._n_offered > n_items:
            raise FormatError(f"n_offered is {self._n_offered}, and there are {n_items} items")
        if has_fast_memory(state):
            self.memory.set_state(state["memory"], n_items)
            self.gate.set_state(state["gate"], n_items, len(self.users))
        else:
            warn(
                "an older version wrote this model, whose fast memory was another: it begins empty, so that "
                "lists are worse than they were. Fit the log again; a journal learns its own by itself",
                DataWarning,
            )
        if self.value.on:
            self.value.set_state(state["value"], n_items, len(self.users))
        if self.privacy.on:
            self.privacy.set_state(state["privacy"], len(self.users), self.buffer.capacity)
        self.ranker.changed()
        referred = (
            state["histories"]["items"],
            state["histories"]["consumed"],
            state["buffer"]["history_items"],
            state["buffer"]["targets"],
            *([state["buffer"]["score_items"]] if self.buffer.keeps_scores else []),
        )
        if n_items > len(self.catalog) or any(
            len(part) and not 0 <= part.min() <= part.max() < n_items for part in referred if part.size
        ):
            raise FormatError(f"the state refers to items beyond the {n_items} that it has rows for")
        if len(self.users) != len(self.histories):
            raise FormatError(f"{len(self.users)} people have {len(self.histories)} histories")
        owners = state["buffer"]["owners"]
        if owners.size and not -1 <= owners.min() <= owners.max() < len(self.users):
            raise FormatError(f"an example is of somebody beyond the {len(self.users)} people there are")
        kinds = state["histories"]["kinds"]
        if kinds.size and not 0 <= kinds.min() <= kinds.max() < len(self._kinds):
            raise FormatError(f"the histories know kinds of feedback beyond the {len(self._kinds)} there are")
        self._watch_what_comes(fitted=False)

    def snapshot(self) -> Snapshot:
        """All that `put_back` needs."""
        return Snapshot(self.features, self.get_state(), self.drift.n_restarts)

    def put_back(self, before: Snapshot) -> None:
        """Be again as at a snapshot of this engine. Settings, kinds, catalogue and graph stay."""
        self.features = before.features
        self.set_state(before.state)
        if self.drift.n_restarts != before.n_drift_restarts:
            self.drift.restart()

    def conditions(self) -> object:
        """What long work stands on: hyperparameters that are not live, kinds, items and edges."""
        fixed = {
            name: getattr(part, name)
            for part in self.parts.values()
            for name, trait in part.traits(config=True).items()
            if not trait.metadata.get("live")
        }
        return fixed, self._kinds, len(self.catalog), self.n_edge_changes, self.drift.n_restarts

    def refuse_unless(self, conditions: object, verb: str) -> None:
        """Raise a DataError if the `conditions` are not those of the beginning of `verb` any more."""
        if self.conditions() != conditions:
            raise DataError(
                f"a hyperparameter, the kinds, the catalogue or the graph were changed during {verb}(), "
                f"which nobody could repeat: it has changed nothing; {verb}() again"
            )

    def get_tree(self) -> Tree:
        """All that decides what the engine does from now on, the catalogue and the seed excepted."""
        return {
            "settings": self.settings(),
            "kinds": self.kinds.to_dict(),
            "features": self.features.get_state(),
            "state": self.get_state(),
            **({"graph": self._graph.get_state()} if len(self._graph.people) else {}),
        }

    def digest(self) -> str:
        """SHA-256 of `get_tree`, hexadecimal: two recommenders with the same one go on bit for bit alike."""
        return digest_of(self.get_tree())

    def adopt(self, other: Assembly) -> None:
        """Become what `other` has learned; the parts stay the same objects, which sliders may hold."""
        self.features = other.features
        self._graph.set_state(other._graph.get_state())
        self.set_state(other.get_state())

    @classmethod
    def from_saved(
        cls,
        catalog: Catalog,
        kinds: FeedbackKinds,
        seed: int,
        frozen: bool,
        settings: dict[str, Any],
        features: ItemFeatures,
        state: dict[str, Any],
        graph: Mapping[str, Any] | None = None,
    ) -> Self:
        """The engine that `settings`, the fitted `features`, `state` and that of a `graph` describe."""
        engine = cls.__new__(cls)
        engine.catalog, engine.seed, engine._kinds = catalog, seed, kinds
        engine.frozen, engine.features = frozen, features
        engine.parts = make_parts(settings_of_today(settings))
        engine._graph = SocialGraph()
        if graph is not None:
            engine._graph.set_state(graph)
        engine.set_state(state)
        return engine

    # ---------------------------------------------------------------------------------------- in here

    def _fit_features(
        self, before: ItemFeatures | None, log: Interactions, files: Tree | None = None
    ) -> None:
        """Make the features of items and people, and learn from a log what they learn for all."""
        settings, items = cast(FeatureSettings, self.parts["features"]), self.catalog.slice(0)
        with threadpool_limits(1):  # the bits of a decomposition depend on how many threads share it
            known = log if len(log) else None
            self.features = settings.make(self.seed).fit_after(before, items, known, files)
            self._person_featurizer = featurizer = self._unfitted_person_featurizer()
            if featurizer is not None:
                # by the kinds known here: the log may define fewer, and a journal that repeats it has these
                featurizer.fit(log.with_kinds(self._kinds), self.catalog)
                featurizer.forget_people()

    def _unfitted_person_featurizer(self) -> LiveFeaturizer | None:
        settings = cast(PersonSettings, self.parts["people"])
        return settings.make(self.features, self.catalog, self._content_of, self._graph, self.seed)

    def _build(self) -> None:
        """An untrained state without items: the parameters, empty histories and an empty buffer."""
        self.n_events = self._n_offered = 0  # the latter: how many items there were at the last event
        self.users = IdIndex(name="user")
        self.people = LivePeople(self._person_featurizer, self.users, self._graph)
        self.rng = np.random.default_rng(self.seed)
        learned = None
        if self.features.learned is not None:
            featurizer, columns = self.features.learned
            learned = LearnedContent(featurizer.make(), columns, featurizer.n_read)
        gated, person_dim = self.features.fusion == "gated", self.people.width
        self.network.build(self.features.widths, self.seed, gated, learned, person_dim)
        self.updater.build(self.network)
        self.histories = Histories(self.network.history_length)
        self.buffer.build(self.network.history_length, person_dim=person_dim)
        self.drift.restore(DriftMonitor().state())
        self.privacy.build(self.parts, self.features, self.buffer.capacity)
        self.updater.mechanism = self.privacy.mechanism
        self.memory.build(learns=not self.privacy.on)
        self.gate.build(self.seed)
        self.value.build(self.network, self.features.width, self.seed)
        self.content = self._content()
        self.ranker = Ranker(
            self.network.score_each,
            self.content,
            self.memory,
            self.gate,
            self.histories,
            self.value.values if self.value.on else None,
            self.value.substitution,
            self.people.rows,
        )

    def _content(self) -> Content:
        widths = self.features.widths.values()
        if self.features.fusion == "early":
            whole = np.ones(1, dtype=np.float32)
            return Content(self._content_of, (0, sum(widths)), lambda: whole)
        return Content(self._content_of, tuple(accumulate(widths, initial=0)), self.network.content.gates)

    def _content_of(self, items: np.ndarray) -> np.ndarray:
        return self.network.items.content_of(items)

    def _sync_with_catalog(self) -> None:
        """Give rows to items that were added to the catalogue since the last look.

        One whose features cannot be made waits, as do those after it: a warning names it each time, and all
        else goes on without them.
        """
        pending = self.catalog.slice(len(self.network.items))
        if not pending:
            return
        if self._waiting is None:
            with suppress(LifelongWidgetsError):
                self._take_in(pending)
                return
        try:
            for item in pending:  # so that a click tries one that waits, and not the many behind it
                self._take_in([item])
        except LifelongWidgetsError as error:
            self._waiting = str(error)
            warn(f"{error}. It waits, and what was added after it", FeatureWarning)

    def _take_in(self, new: list[Item], files: Tree | None = None, listed: bool = False) -> None:
        """Give rows to all of the items `new`, or to none; `listed` as for `Newcomers.grow`.

        Raises:
            LifelongWidgetsError: the features of one, which is named, cannot be made.
        """
        if not new:
            return
        content, learned = self.features.take_in(new, files), self.features.learned
        numbers = learned[0].numbers(new) if learned else None
        self.network.grow(content, numbers)
        self.value.grow(content)
        self.memory.newcomers.grow(self._released(new), listed)
        self.ranker.changed()
        self._waiting = None

    def _watch_what_comes(self, fitted: bool) -> None:
        """Count from now on the items of which the features say nothing, unless these are counted already."""
        if self._unread is None or self._unread.features is not self.features:
            self._unread = UnreadItems(self.features, len(self.network.items), fitted)

    def _warn_of_unread(self) -> None:
        """Warn, once until the next fit, if most items came too late for the features to know their words.

        It is for the beginning of a verb, after a look at the catalogue: a warning may be an error.
        """
        n_items = len(self.network.items)
        if self._unread is None or self._unread.n_looked_at >= n_items:
            return
        first = self._unread.n_looked_at
        rows = self._content_of(np.arange(first, n_items))
        said = self._unread.look(first, self.catalog.slice(first, n_items), rows)
        if said:
            warn(said, FeatureWarning)

    def _released(self, items: Sequence[Item]) -> np.ndarray:
        """When each of `items` was released; those of which that is not known have always been there.

        In private nobody asks: whether an item was taken before its time would show in everybody's lists.
        """
        unknown = self.privacy.on
        return np.array([ALWAYS if unknown or item.released is None else item.released for item in items])

    def _scored(self, examples: Examples) -> Scored | None:
        """What the network says of examples now, if the buffer keeps that with them."""
        return score(self.network, examples, self.rng) if self.buffer.keeps_scores else None


def _check_kinds(kinds: object) -> None:
    if not isinstance(kinds, FeedbackKinds):
        raise DataError(f"kinds are FeedbackKinds, not a {type(kinds).__name__}")


def check_graph(graph: object) -> None:
    """Raise a DataError unless `graph` is one, or None."""
    if graph is not None and not isinstance(graph, SocialGraph):
        raise DataError(
            f"graph is a SocialGraph, not a {type(graph).__name__}; make one with SocialGraph.from_pandas(…)"
        )


def has_fast_memory(state: Mapping[str, Any]) -> bool:
    """Whether the fast memory in a state is that of today; before version 7 it was another, or none."""
    return "pauses" in state.get("memory", {})


def settings_of_today(written: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters as some version wrote them down, by the names they have now.

    >>> settings_of_today({"encoder_name": "decayed_mlp", "embedding_dim": 8})
    {'model': 'decayed_mlp', 'embedding_dim': 8}
    """
    return {_RENAMED.get(name, name): value for name, value in written.items()}


def make_parts(given: dict[str, Any], also: Iterable[str] = ()) -> dict[str, Part]:
    """The parts of an engine with these hyperparameters, the others at their defaults.

    Args:
        given: the hyperparameters, by name.
        also: what else may have been meant by a name that no part has.

    Raises:
        DataError: one that no part has.
        SettingError: one that is out of bounds or not among its choices.
    """
    kinds: dict[str, type[Part]] = {
        "features": FeatureSettings,
        "people": PersonSettings,
        "network": Network,
        "updater": OnlineUpdater,
        "memory": EpisodicMemory,
        "gate": Gate,
        "buffer": ReplayBuffer,
        "trainer": Trainer,
        "drift": DriftMonitor,
        "value": ValueLearner,
        "privacy": PrivateLearning,
    }
    owners = {name: part for part, kind in kinds.items() for name in kind.class_traits(config=True)}
    for name in given:
        if name not in owners:
            meant = _meant(name, [*owners, *also])
            raise DataError(
                f"no part of the recommender has a hyperparameter {name!r:.80}{meant}; "
                "lifelong_widgets.settings() lists them all"
            )
    parts = {}
    for part, kind in kinds.items():
        own = {name: value for name, value in given.items() if owners[name] == part}
        try:
            parts[part] = kind(**own)
        except traitlets.TraitError as error:
            raise SettingError(refusal(kind, own, brief) or str(error)) from None
    return parts


def _meant(name: str, owners: Iterable[str]) -> str:
    """The hyperparameter that somebody who writes ``lr`` or ``n_epochs`` means."""
    if name == "epsilon":
        return "; **lw.privacy.private_settings(epsilon=…) has those that keep to it"
    by_initials = {"".join(word[0] for word in known.split("_")): known for known in owners}
    known = by_initials.get(name) or _ALSO_CALLED.get(name)
    return f"; did you mean {known!r}?" if known else closest(name, owners)
