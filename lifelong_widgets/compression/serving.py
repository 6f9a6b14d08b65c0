"""A compressed recommender: nearly the same lists from a fraction of the bytes."""

from __future__ import annotations

import copy
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.encoders import FIRST_STEPS, Contexts, modules_of, width_of
from lifelong_widgets.compression.following import Touched, Twin, parts_of
from lifelong_widgets.compression.linear import CompactLinear
from lifelong_widgets.compression.methods import Distill, Methods, Plan, plan_of
from lifelong_widgets.compression.parts import memory_of_tree, memory_tree, small_tree, take_small
from lifelong_widgets.compression.report import CompressionReport
from lifelong_widgets.compression.rows import Matrix
from lifelong_widgets.compression.serving_network import ServingNetwork
from lifelong_widgets.compression.small_parts import (
    filled_histories,
    histories_of,
    pack_gate,
    pack_histories,
    unpack_gate,
    unpack_histories,
)
from lifelong_widgets.compression.streams import restored, shrunk
from lifelong_widgets.compression.tables import CompactTable
from lifelong_widgets.compression.teaching import Lessons, lessons_of
from lifelong_widgets.compression.tuning import linear_is_tuned, network_is_tuned, tuned_linear
from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Id
from lifelong_widgets.data.ids import IdIndex, as_id
from lifelong_widgets.errors import DataError, FormatError, PrivacyError
from lifelong_widgets.files import replacing
from lifelong_widgets.memory import FEATURES, Content, EpisodicMemory, Gate, Ranker
from lifelong_widgets.memory.linear import LinearMemory
from lifelong_widgets.memory.neighbor_table import NeighborTable
from lifelong_widgets.memory.popularity import PopularityBank
from lifelong_widgets.models import Histories, Network, one_thread
from lifelong_widgets.progress import ProgressCallback, held_interrupts
from lifelong_widgets.recommendations import Recommendations, check_k, check_now
from lifelong_widgets.state_file import Tree, damage_of, packed, read_tree, write_tree

KIND = "lifelong-widgets serving copy"
VERSION = 2

_CONTEXTS = 2048  # as many replayed ones a narrower encoder is taught with


class Values(Protocol):
    """What learns the values of items; see `value.ValueLearner`."""

    on: bool
    substitution: float
    network: Network

    @property
    def n_steps(self) -> int:
        """0 before anything was learned."""

    @property
    def line(self) -> tuple[float, float, float, float]:
        """A value is a score times the second plus the first, between the last two."""


class Live(Protocol):
    """What is read of a live recommender: its parts, by their names there."""

    catalog: Catalog
    users: IdIndex
    histories: Histories
    content: Content
    ranker: Ranker
    people: Any

    @property
    def network(self) -> Network:
        """The slow memory."""

    @property
    def memory(self) -> EpisodicMemory:
        """The fast one."""

    @property
    def gate(self) -> Gate:
        """What weighs them."""

    @property
    def buffer(self) -> Any:
        """What is replayed."""

    @property
    def value(self) -> Any:
        """What learns `Values`."""

    @property
    def privacy(self) -> Any:
        """What keeps learning private, if it is `on`."""

    @property
    def kinds(self) -> FeedbackKinds:
        """What feedback is worth."""

    @property
    def followers(self) -> Any:
        """The set of those who are told what each step has touched."""

    def known_as(self, user: Id) -> Id:
        """The id under which a person stands in `users`."""


@dataclass(frozen=True, slots=True)
class _Worth:
    """What scores of the values' network say of values: ``mean + scale · score``, within bounds."""

    n_steps: int
    mean: float
    scale: float
    lowest: float
    highest: float
    substitution: float


class CompressedRecommender:
    """Recommends from a smaller copy of a model. Made by `Recommender.compress`, or read from its file.

    It learns nothing itself. `follow` brings it up to date with the model that it was made from: only the
    rows that were touched meanwhile are made anew. `observe` takes an event into a person's history, so that
    lists follow what people do also where there is no live model. What `save` writes is read by `load`,
    anywhere.

    Attributes:
        catalog: the items.
        plan: how it was made smaller.
        report: what that costs and saves, measured when the copy was made; None for one that was loaded.
        interrupted: whether what `tune` or `distill` teach was stopped before its end, so that it knows less.

    Example:
        >>> import pandas as pd, tempfile
        >>> from lifelong_widgets.data import Catalog
        >>> from lifelong_widgets.recommender import Recommender
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> rec = Recommender(shelf, embedding_dim=8)
        >>> small = rec.compress(["low_rank:4", "int8"])
        >>> _ = rec.learn_one(user="ada", item=2, kind="like")
        >>> small.follow() > 0, 2 in small.recommend("ada", k=3).items
        (True, False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     small.save(folder + "/small.lws")
        ...     CompressedRecommender.load(folder + "/small.lws").recommend("ada", k=3).items
        (1, 3)
    """

    catalog: Catalog
    plan: Plan
    report: CompressionReport | None = None
    interrupted: bool = False
    _network: ServingNetwork
    _memory: EpisodicMemory
    _gate: Gate
    _histories: Histories
    _users: IdIndex
    _ranker: Ranker
    _twin: Twin
    _values: ServingNetwork | None
    _worth: _Worth | None
    _people: NDArray[np.float32] | None
    _weights: NDArray[np.float32]
    _bounds: tuple[int, ...]
    _live: Live | None = None
    _seen: Histories | None = None
    _n_bytes: int | None = None

    def __init__(
        self,
        live: Live,
        methods: Methods | Plan = "int8",
        following: bool = True,
        progress: bool | ProgressCallback = False,
    ) -> None:
        self.plan = methods if isinstance(methods, Plan) else plan_of(methods)
        if live.privacy.on and (fitted := self.plan.fitted_to_histories):
            raise PrivacyError(
                f"{', '.join(fitted)} would be fitted to what people did, without noise, which voids what "
                "private learning promises: take methods that read the model alone, such as int8"
            )
        self._live, self.catalog, self._kinds = live, live.catalog, live.kinds
        self._known_as: Callable[[Id], Id] = live.known_as
        self._touched = Touched()
        with lessons_of(self._n_steps(live), progress) as lessons:
            self._take_all(live, lessons)
            self._make_ranker()
            self._watch(live)
        if following:
            live.followers.add(self._touched)

    # ------------------------------------------------------------ serving

    @property
    def n_bytes(self) -> int:
        """How large its file is."""
        if self._n_bytes is None:  # LZMA over all of it
            self._n_bytes = len(packed(self._file()))
        return self._n_bytes

    @one_thread()
    def recommend(
        self,
        user: Id,
        k: int = 10,
        exclude_seen: bool = True,
        reasons: bool = False,
        now: float | None = None,
    ) -> Recommendations:
        """The best `k` items for a person, as `Recommender.recommend` gives them.

        Args:
            user: anybody.
            k: how many, at least 1.
            exclude_seen: leave out what the person has consumed.
            reasons: must be False: a copy gives none.
            now: the moment of the list, as for `Recommender.recommend`.

        Raises:
            DataError: `k` is not a whole number of at least 1, `user` is no id, `now` is no time, or reasons
                are asked for.
        """
        if reasons:
            raise DataError("a compressed copy gives no reasons: ask the recommender that it was made from")
        k, now = check_k(k), check_now(now)
        person = self._users.get(self._known_as(user))
        if not len(self._network):
            return Recommendations(user, (), (), self.catalog)
        indices, scores = self._ranker.best(person, k, exclude_seen, now)
        return Recommendations.of(user, indices, scores, self.catalog)

    @property
    def parts(self) -> tuple[Ranker, Histories, IdIndex]:
        """What ranks, what it reads of people, and who they are: to measure it."""
        return self._ranker, self._histories, self._users

    def observe(self, feedback: Feedback) -> None:
        """Take an event into the person's history without learning from it.

        The next `follow` puts in its place what the live model knows of the person.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, or an id that does not go with those known; or the item came after the
                copy was made, and it has not followed since.
        """
        kind, item = self._kinds[feedback.kind], self.catalog.index_of(feedback.item)
        if item >= len(self._network):
            raise DataError(f"the item {feedback.item!r:.80} came after this copy: follow() first")
        codes = {name: code for code, name in enumerate(self._kinds)}
        self._n_bytes = None
        known = len(self._users)
        person = self._users.add(self._known_as(feedback.user))
        self._touched.person(person, known)
        self._histories.append(person, item, kind.reward, codes[kind.name], kind.consumes, feedback.time)
        self._ranker.changed()

    @one_thread()
    def follow(self) -> int:
        """Be up to date with the live model; returns how many rows were made anew.

        After clicks these are the rows that the clicks touched, whatever the size of the model, and the dense
        parameters. After a `fit`, `forget` or long `undo` everything is made anew. What ages (`low_rank`,
        ``pq``, ``hashed``) is also made anew whenever each of its rows was written four times, on average.

        The first Ctrl-C is held until it is done, or ends what ``tune`` and ``distill`` teach. After one that
        was stopped or failed the copy is as it was or has followed in part; the next one makes all anew.

        Raises:
            DataError: it was loaded from a file, so that there is no live model.
            KeyboardInterrupt: there was a Ctrl-C.
        """
        live = self._live
        if live is None:
            raise DataError("a copy from a file follows nobody: there is no live model beside it")
        with held_interrupts() as interrupt:
            lessons = Lessons(interrupt=interrupt)
            whole = live.histories is not self._seen
            self._seen = self._n_bytes = None  # until it is done: what fails halfway is made anew
            n = self._become(live, lessons) if whole else self._follow_touched(live, lessons)
            if lessons.stopped:
                raise KeyboardInterrupt("given up while it was taught: the next follow() makes it anew")
            self._watch(live)
        if interrupt.is_set():
            signal.raise_signal(signal.SIGINT)
        return n

    def _become(self, live: Live, lessons: Lessons) -> int:
        """Make everything anew beside what there is, and take it at once, unless `lessons` are stopped."""
        fresh = copy.copy(self)
        fresh._kinds = live.kinds
        fresh._take_all(live, lessons)
        if not lessons.stopped:
            vars(self).update(vars(fresh))
            self._make_ranker()  # which reads of this one
        return self._n_rows()

    def _follow_touched(self, live: Live, lessons: Lessons) -> int:
        """Make the rows that were touched anew."""
        self._kinds = live.kinds
        network, touched = live.network, self._touched
        moved, described = touched.items(len(network.items))
        if network.learned is not None:  # an undo reads again the texts of items that came since
            described = np.union1d(described, np.arange(self._n_described, len(network.items)))
        self._network.copy_items(network, moved, described, lessons)
        if touched.dense:
            self._network.encode_dense(network, lessons)
            self._weights = live.content.weights().copy()
        n = len(moved) + len(described)
        if self._values is not None:
            moved = touched.valued(len(network.items))
            self._values.copy_items(live.value.network, moved, np.zeros(0, dtype=np.int64), lessons)
            self._values.encode_dense(live.value.network, lessons)
            self._worth = _worth_of(live.value)
            n += len(moved)
        n += self._twin.follow(touched, lessons)  # after the items that it may name
        counted = touched.rows_of("memory/popularity", PopularityBank.NOTED)
        self._memory.newcomers.copy_items(live.memory.newcomers, counted)
        self._copy_people(live, touched)
        self.interrupted = self.interrupted or lessons.stopped
        self._ranker.changed()
        return n

    # ------------------------------------------------------------ its file

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything that it takes to recommend into one file: safetensors and JSON, never a pickle.

        Titles and categories of the items are in it, texts are not.

        Raises:
            FormatError: `path` is a folder, lies in one that does not exist, or cannot be a path.
            LifelongWidgetsError: the system refuses to write.
        """
        with replacing(path) as aside:
            write_tree(aside, self._file(), KIND, VERSION)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CompressedRecommender:
        """Read what `save` wrote. It needs no live model, and follows none.

        One that was made from a journal under pseudonyms knows people by these.

        Raises:
            FormatError: the file is missing, damaged, something else, or of another version.
        """
        tree = read_tree(path, KIND, VERSION, oldest=2, remedy="make it again with rec.compress")
        with damage_of(path):
            return cls.of_tree(restored(tree))

    def __repr__(self) -> str:
        """How it was made, and of what.

        >>> from lifelong_widgets.data import Catalog
        >>> from lifelong_widgets.recommender import Recommender
        >>> Recommender(Catalog.from_records([{"item": 1}, {"item": 2}]), embedding_dim=8).compress("int4")
        <CompressedRecommender: int4, 2 items, 0 people, follows a live recommender>
        """
        follows = "from a file" if self._live is None else "follows a live recommender"
        size = f"{len(self._network):,} items, {len(self._users):,} people"
        return f"<CompressedRecommender: {self.plan}, {size}, {follows}>"

    def _file(self) -> Tree:
        """What is written: ``float32`` as it is, all others by LZMA."""
        tree = self.tree()
        return tree if self.plan.bits == 32 else shrunk(tree)

    def tree(self) -> Tree:
        """What its file holds."""
        n = len(self._network)
        items = [
            {name: value for name, value in item.to_record().items() if name in _OF_AN_ITEM}
            for item in self.catalog.slice(0, n)
        ]
        worth = self._worth
        return {
            "methods": self.plan.names(),
            "interrupted": self.interrupted,
            "catalog": items,
            "kinds": self._kinds.to_dict(),
            "users": list(self._users),
            "network": self._network.get_state(),
            "memory": memory_tree(self._memory, self.plan),
            "n_listed": self._memory.newcomers.n_listed,
            "gate": {"settings": self._gate.settings(), "state": self._gate_tree()},
            "histories": self._histories_tree(),
            "bounds": list(self._bounds),
            "weights": self._weights,
            **({} if self._people is None else {"people": self._people.astype(np.float16)}),
            **({} if self._values is None or worth is None else {
                "values": self._values.get_state(),
                "worth": [worth.mean, worth.scale, worth.lowest, worth.highest, worth.substitution],
                "n_value_steps": worth.n_steps,
            }),
        }  # fmt: skip

    @classmethod
    def of_tree(cls, tree: Tree) -> CompressedRecommender:
        """The copy of what `tree` gave; errors may be any."""
        made = cls.__new__(cls)
        made.plan, made.interrupted = plan_of(tree["methods"]), tree["interrupted"]
        made.catalog = Catalog.from_records(tree["catalog"], text=())
        made._kinds = FeedbackKinds.from_dict(tree["kinds"])
        made._users = IdIndex(name="user")
        made._users.extend(tree["users"])
        made._known_as = lambda user: as_id(user, "user")
        made._touched = Touched()
        made._network = ServingNetwork.of_state(tree["network"], made.plan)
        n_items, n_people = len(made._network), len(made._users)
        released = [item.released for item in made.catalog]
        made._memory = memory_of_tree(tree["memory"], made.plan, released, tree["n_listed"])
        made._gate = Gate(**tree["gate"]["settings"])
        made._histories = Histories(made._network.history_length)
        made._set_small(tree, n_items, n_people)
        made._bounds = tuple(tree["bounds"])
        made._weights = tree["weights"]
        made._people = tree["people"].astype(np.float32) if "people" in tree else None
        made._values = made._worth = None
        if "values" in tree:
            made._values = ServingNetwork.of_state(tree["values"], made.plan)
            mean, scale, lowest, highest, substitution = map(float, tree["worth"])
            made._worth = _Worth(int(tree["n_value_steps"]), mean, scale, lowest, highest, substitution)
        made._check()
        made._make_ranker()
        return made

    # ------------------------------------------------------------ in here

    def _n_steps(self, live: Live) -> int:
        """How many steps it is taught by, when it is made."""
        plan, network = self.plan, live.network
        taught = FIRST_STEPS if isinstance(plan.encoder, Distill) else 0
        if plan.tuning is None:
            return taught
        modules, contexts = modules_of(network, width_of(network, plan.encoder)), _contexts_of(live)
        tuned = network_is_tuned(network, modules, plan, len(contexts.items))
        return taught + plan.tuning.n_steps * (tuned + linear_is_tuned(live.memory.linear, plan, contexts))

    def _watch(self, live: Live) -> None:
        """It is up to date: note what is touched from now on."""
        self._touched.watch(parts_of(live.memory, live.gate))
        self._touched.clear()
        self._seen = live.histories

    def _take_all(self, live: Live, lessons: Lessons) -> None:
        """Make everything of the live model anew, but for what ranks and what is noted."""
        plan = self.plan

        def contexts() -> Contexts:
            return _contexts_of(live)

        self._n_described = len(live.network.items)
        self._users = IdIndex(name="user")
        self._users.extend(live.users)
        self._network = ServingNetwork(live.network, plan, contexts, lessons)

        def tuned(model: LinearMemory, lessons: Lessons) -> Matrix | None:
            if plan.tuning is None:
                return None
            return tuned_linear(model, plan, contexts(), plan.tuning.n_steps, lessons)

        def linear(model: LinearMemory) -> LinearMemory:
            return CompactLinear(model, lambda matrix: plan.held(matrix, "linear"), tuned, lessons)

        self._memory = live.memory.held_by(self._table, linear)
        self._gate, self._histories = live.gate.copy(), live.histories.copy()
        self._people = live.people.rows(range(len(live.users)))
        self._weights, self._bounds = live.content.weights().copy(), live.content.bounds
        self._values = self._worth = None
        if live.value.on:
            plain = Plan(store=plan.store, matrices=plan.matrices, items=plan.items)
            self._values = ServingNetwork(live.value.network, plain, contexts, lessons)
            self._worth = _worth_of(live.value)
        if plan.bits < 32:  # what the file will hold is what is served
            take_small(self._memory, small_tree(self._memory, plan), plan, len(self._network))
            tree = {"gate": {"state": self._gate_tree()}, "histories": self._histories_tree()}
            self._set_small(tree, len(self._network), len(self._users))
        self._twin = Twin(parts_of(live.memory, live.gate), parts_of(self._memory, self._gate))
        self.interrupted = lessons.stopped

    def _make_ranker(self) -> None:
        worth = self._worth
        self._ranker = Ranker(
            self._scores,
            Content(self._network_content, self._bounds, lambda: self._weights),
            self._memory,
            self._gate,
            self._histories,
            None if worth is None else self._values_of,
            0.0 if worth is None else worth.substitution,
            self._rows_of,
        )

    def _table(self, table: NeighborTable) -> NeighborTable:
        if self.plan.bits == 32:
            twin = NeighborTable(table.capacity)
            twin.set_state(table.get_state(), max(len(table), int(table._neighbors.max(initial=0))))
            return twin
        kept = None if self.plan.neighbors is None else self.plan.neighbors.kept
        small = CompactTable(table.capacity, self.plan.bits, kept)
        small.copy_rows(table, table.taken)
        return small

    def _network_content(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._network.content_of(items)

    def _scores(
        self, items: NDArray[np.int64], rewards: NDArray[np.float32], people: NDArray[np.float32] | None
    ) -> Iterator[NDArray[np.float32]]:
        return map(self._network.scores, items, rewards, [None] * len(items) if people is None else people)

    def _values_of(
        self, items: NDArray[np.int64], rewards: NDArray[np.float32], person: NDArray[np.float32] | None
    ) -> NDArray[np.float32] | None:
        worth, network = self._worth, self._values
        if worth is None or network is None or not worth.n_steps:
            return None
        values = worth.mean + worth.scale * network.scores(items, rewards, person)
        bounded: NDArray[np.float32] = np.clip(values, worth.lowest, worth.highest).astype(np.float32)
        return bounded

    def _rows_of(self, people: Sequence[int | None]) -> NDArray[np.float32] | None:
        """The features that people had when the copy last followed."""
        if self._people is None:
            return None
        rows = np.zeros((len(people), self._people.shape[1]), dtype=np.float32)
        for place, person in enumerate(people):
            if person is not None and person < len(self._people):
                rows[place] = self._people[person]
        return rows

    def _copy_people(self, live: Live, touched: Touched) -> None:
        """Their ids, histories and features."""
        people = touched.people(len(live.histories))
        self._users.truncate(min(touched.n_users, len(self._users), len(live.users)))
        self._users.extend(live.users.ids[len(self._users) :])
        self._histories.copy_people(live.histories, people)
        if self._people is not None and len(people):
            rows = live.people.rows(people.tolist())
            kept = np.zeros((len(live.users), self._people.shape[1]), dtype=np.float32)
            n = min(len(kept), len(self._people))
            kept[:n] = self._people[:n]
            kept[people] = rows
            self._people = kept

    def _n_rows(self) -> int:
        tables = sum(
            len(table.taken) if type(table) is NeighborTable else len(table)
            for table in self._memory.tables.values()
        )
        return 2 * len(self._network) + tables + len(self._users)

    def _gate_tree(self) -> Tree:
        state = self._gate.get_state()
        if self.plan.bits == 32:
            return {name: state[name] for name in ("parameters", "average", "losses", "bias", "personal")}
        return pack_gate(state, self.plan.stored)

    def _histories_tree(self) -> Tree:
        filled = filled_histories(self._histories.get_state())
        return filled if self.plan.bits == 32 else pack_histories(filled)

    def _set_small(self, tree: Tree, n_items: int, n_people: int) -> None:
        """Gate and histories of the trees that `_gate_tree` and `_histories_tree` gave."""
        state, histories = tree["gate"]["state"], tree["histories"]
        if histories["n"] != n_people:  # before there is room for so many
            raise FormatError(f"there are {histories['n']!r:.40} histories of {n_people:,} people")
        if not hasattr(self._gate, "_parameters"):
            self._gate.build(0)
        if self.plan.bits == 32:
            n = len(state["parameters"])
            state = {**state, "n_steps": 0, "moments": np.zeros((2, n), dtype=np.float32)}
        else:
            state = unpack_gate(state, self.plan.stored, len(FEATURES))
            histories = unpack_histories(histories)
        past = self._gate.get_state()["past"]
        self._gate.set_state({**state, "past": past}, n_items, n_people)
        self._histories.set_state(histories_of(histories, self._histories.length))

    def _check(self) -> None:
        """Raise a FormatError unless the parts of a file fit each other."""
        if type(self.interrupted) is not bool:
            raise FormatError("it does not say whether it was interrupted")
        n = len(self._network)
        if len(self.catalog) != n:
            raise FormatError("there are not as many rows as items")
        state = self._histories.get_state()
        for items in (state["items"], state["consumed"]):
            if items.size and int(items.max()) >= n:
                raise FormatError(f"the histories refer to items beyond the {n} that there are")
        if state["kinds"].size and int(state["kinds"].max()) >= len(self._kinds):
            raise FormatError("the histories know kinds of feedback that there are not")
        bounds, weights, width = self._bounds, self._weights, self._network.content_dim
        whole = all(type(bound) is int for bound in bounds) and list(bounds) == sorted(bounds)
        if not whole or len(bounds) < 2 or bounds[0] != 0 or bounds[-1] != width:
            raise FormatError("the modalities do not fit the content")
        fits = isinstance(weights, np.ndarray) and weights.shape == (len(bounds) - 1,)
        if not fits or weights.dtype != np.float32 or not np.isfinite(weights).all():
            raise FormatError("the modalities do not have a weight each")
        people = self._people
        if people is not None and (people.ndim != 2 or not np.isfinite(people).all()):
            raise FormatError("the features of people are no matrix of finite numbers")
        if (0 if people is None else people.shape[1]) != self._network.person_dim:
            raise FormatError("the features of people do not fit the network")
        if self._values is not None and (self._worth is None or len(self._values) != n):
            raise FormatError("the values are not of the items")
        worth = self._worth
        if worth is not None and not all(
            np.isfinite(v) for v in (worth.mean, worth.scale, worth.lowest, worth.highest, worth.substitution)
        ):
            raise FormatError("the values have no line")


_OF_AN_ITEM = ("item", "title", "categories", "released")


def _contexts_of(live: Live) -> Contexts:
    """Histories that it has learned from, evenly spaced in its buffer."""
    slots = np.unique(np.linspace(0, len(live.buffer) - 1, _CONTEXTS).astype(np.int64))
    if not len(live.buffer):
        slots = slots[:0]
    examples = live.buffer.examples(slots)
    return Contexts(examples.history_items, examples.history_rewards)


def _worth_of(value: Values) -> _Worth:
    return _Worth(value.n_steps, *value.line, value.substitution)
