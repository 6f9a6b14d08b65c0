"""The deterministic core: what is learned, and the steps that change it. It knows no disk and no journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self, cast

import numpy as np
from threadpoolctl import threadpool_limits

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.data.feedback import check_same_kinds
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.drift import DriftMark, DriftMonitor, Factors
from lifelong_widgets.errors import DataError, FormatError, closest
from lifelong_widgets.featurizers import FeatureSettings, ItemFeatures
from lifelong_widgets.learning import (
    Distillation,
    Examples,
    FitReport,
    LogExamples,
    OnlineUpdater,
    ReplayBuffer,
    ReplayMark,
    Scored,
    StepMark,
    Trainer,
    examples_of_batch,
    pasts_of_batch,
    score,
)
from lifelong_widgets.memory import Content, EpisodicMemory, Gate, Ledger, Occurrence, Ranker, Replayed
from lifelong_widgets.memory.scores import best_places
from lifelong_widgets.models import Histories, HistoriesMark, LearnedContent, Network, one_thread
from lifelong_widgets.parts import Part
from lifelong_widgets.progress import ProgressCallback, Stop, report_or_give_up, track
from lifelong_widgets.state_file import Tree, count_of, digest_of
from lifelong_widgets.value import SLATE_SIZE, Awaiting, Slate, ValueLearner, ValueMark, slate_of

_RENAMED = {"encoder_name": "model"}  # what hyperparameters were called before
_VALUED = 32  # events that the values learn from at once in a fit
_REMEMBERED = 256  # events between two looks at the progress of a fit
_UNSTUDIED = 0.25  # the share of a fit from which the gate learns nothing: its members know too little yet
_STUDIED = 50_000  # as many events before what is held out the gate learns from at most


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in the life of an engine, for `Engine.revert`."""

    n_events: int
    n_offered: int
    n_users: int
    rng: Mapping[str, Any]
    histories: HistoriesMark
    buffer: ReplayMark
    drift: DriftMark
    step: StepMark
    memory: Ledger
    value: ValueMark | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that an engine has learned, for `Engine.put_back`; it takes the memory of a copy."""

    features: ItemFeatures
    state: dict[str, Any]
    n_drift_restarts: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What one event did: the loss, the slots replayed, its rank in the list shown, whether drift rang.

    And the mean TD error of the transitions that it has ended; NaN if there is none.
    """

    loss: float
    replayed: np.ndarray
    rank: int | None
    alarm: bool
    td_error: float = float("nan")


class Engine:
    """State, and the steps that change it: `apply_event`, `apply_batch`, `apply_fit` and `apply_items`.

    One seed and one sequence of steps give the same bits, whoever asks for them: a click, or a journal that
    is replayed. A step that raises leaves the engine as it was.

    Args and errors are those of `Recommender`, which is this with the verbs of the user.
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
    content: Content
    ranker: Ranker
    rng: np.random.Generator
    _kinds: FeedbackKinds
    _n_offered: int

    def __init__(
        self, catalog: Catalog, kinds: FeedbackKinds = DEFAULT_KINDS, seed: int = 0, **hyperparameters: Any
    ) -> None:
        given: object = catalog
        if not isinstance(given, Catalog):
            hint = "; a Dataset has one as .catalog" if hasattr(given, "catalog") else ""
            raise DataError(f"a recommender is made from a Catalog, not a {type(given).__name__}{hint}")
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise DataError(f"seed is {seed!r}; it must be a whole number from 0 to {2**32 - 1}")
        _check_kinds(kinds)
        self.catalog, self.seed, self._kinds, self.frozen = catalog, seed, kinds, False
        self.parts = make_parts(hyperparameters)
        self.n_fits = 0
        self.features = self._fitted_features()
        self._build()
        self._sync_with_catalog()

    # ---------------------------------------------------------------------------------------- its parts

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

    # -------------------------------------------------------------------------------------------- steps

    @one_thread()
    def apply_event(self, feedback: Feedback, learning: bool = True, mark: Mark | None = None) -> Applied:
        """Learn one event (or only take it into the history), and test the list that was shown with it.

        Args:
            feedback: of an item in the catalogue.
            learning: False to remember it only.
            mark: can then take it back; after an error whoever gave it must.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, or a user id that does not go with those known.
            DivergenceError: the loss was not finite.
        """
        self._sync_with_catalog()
        reward = self._kinds[feedback.kind].reward
        with self._all_or_nothing(mark) as mark:
            loss, replayed, td_error = self._learn([feedback], learning, mark)
            rank, alarm = self._test(feedback, reward)
        return Applied(loss, replayed, rank, alarm, td_error)

    @one_thread()
    def apply_batch(self, feedbacks: list[Feedback], mark: Mark | None = None) -> float:
        """Learn events in one step, with the errors of `apply_event`; the loss, NaN if there was none."""
        self._sync_with_catalog()
        with self._all_or_nothing(mark) as mark:
            return self._learn(feedbacks, not self.frozen, mark)[0]

    @one_thread()
    def apply_items(self, records: list[dict[str, Any]]) -> None:
        """Add items to the catalogue, as `Catalog.add` does, and give them their rows at once."""
        self.catalog.add(records)
        self._sync_with_catalog()

    @one_thread()
    def apply_fit(
        self,
        interactions: Interactions,
        interrupt: threading.Event,
        progress: bool | ProgressCallback = False,
        max_epochs: int | None = None,
    ) -> FitReport:
        """Start anew from this log. `max_epochs` repeats a fit that was stopped after so many.

        Raises:
            KeyboardInterrupt: it was broken off while the fast memory lived through the log.
            UnknownItemError: the log has an item that the catalogue does not hold.
            DataError: the log is empty or worth nothing, or has kinds that are unknown here or mean something
                else; or a hyperparameter of the fit, the kinds or the catalogue were changed meanwhile.
        """
        items, rewards = self._checked(interactions)
        if not rewards.any():
            raise DataError("no event of the log is worth anything: the weight of every kind in it is 0")
        before, given = self.snapshot(), self.conditions()
        try:
            # what is held out must not be seen by features that read what people did
            self.features = self._fitted_features(interactions[: self.trainer.n_train(len(interactions))])
            self._build()
            self._sync_with_catalog()
            report = self._fit(interactions, items, rewards, interrupt, progress, max_epochs)
            self.refuse_unless(given, "fit")
        except BaseException:
            self.put_back(before)
            raise
        self.n_fits += 1
        return report

    def mark(self, spent: StepMark | None = None) -> Mark:
        """This moment, to hand to the step that follows; `spent` is a mark whose memory is used again."""
        return Mark(
            self.n_events,
            self._n_offered,
            len(self.users),
            self.rng.bit_generator.state,
            self.histories.mark(),
            self.buffer.mark(),
            self.drift.mark(),
            self.updater.mark(spent),
            Ledger(),
            self.value.mark(),
        )

    @one_thread()
    def revert(self, mark: Mark) -> None:
        """Be again, bit for bit, as at `mark`, which every step since was given; of several the newest first.

        What is not learned stays as it is: the settings, the kinds and the catalogue with its rows.
        """
        self.n_events, self._n_offered = mark.n_events, mark.n_offered
        self.users.truncate(mark.n_users)
        self.rng.bit_generator.state = dict(mark.rng)
        self.histories.revert(mark.histories)
        self.buffer.revert(mark.buffer)
        self.drift.revert(mark.drift)
        self.updater.revert(mark.step)
        mark.memory.revert()
        self.value.revert(mark.value)
        self.ranker.changed()

    # -------------------------------------------------------------------------------------------- state

    def settings(self) -> dict[str, Any]:
        """Every hyperparameter of every part by name."""
        return {name: value for part in self.parts.values() for name, value in part.settings().items()}

    def get_state(self) -> dict[str, Any]:
        """All that was learned: a tree of arrays, tensors and JSON values that shares no memory."""
        return {
            "n_events": self.n_events,
            "n_offered": self._n_offered,
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
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back that a recommender of the same settings gave.

        Raises:
            FormatError: the state does not fit the settings, the catalogue or itself.
        """
        self.n_events, self.n_fits = (count_of(state[name], name) for name in ("n_events", "n_fits"))
        self.users = IdIndex(name="user")
        self.users.extend(state["users"])
        self.rng.bit_generator.state = state["rng"]
        self.network.set_state(state["network"])
        self.updater.set_state(state["updater"])
        self.buffer.set_state(state["buffer"])
        self.histories.set_state(state["histories"])
        self.drift.restore(state["drift"])
        n_items = len(self.network.items)
        self._n_offered = count_of(state.get("n_offered", n_items), "n_offered")
        if self._n_offered > n_items:
            raise FormatError(f"n_offered is {self._n_offered}, and there are {n_items} items")
        if has_fast_memory(state):  # else it begins empty
            self.memory.set_state(state["memory"], n_items)
            self.gate.set_state(state["gate"], n_items, len(self.users))
        if self.value.on:
            self.value.set_state(state["value"], n_items, len(self.users))
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
        kinds = state["histories"]["kinds"]
        if kinds.size and not 0 <= kinds.min() <= kinds.max() < len(self._kinds):
            raise FormatError(f"the histories know kinds of feedback beyond the {len(self._kinds)} there are")

    def snapshot(self) -> Snapshot:
        """All that `put_back` needs."""
        return Snapshot(self.features, self.get_state(), self.drift.n_restarts)

    def put_back(self, before: Snapshot) -> None:
        """Be again as at a snapshot of this engine. The settings, the kinds and the catalogue stay."""
        self.features = before.features
        self._build()
        self.set_state(before.state)
        if self.drift.n_restarts != before.n_drift_restarts:
            self.drift.restart()

    def conditions(self) -> object:
        """What long work stands on: the hyperparameters that are not live, the kinds, the items."""
        fixed = {
            name: getattr(part, name)
            for part in self.parts.values()
            for name, trait in part.traits(config=True).items()
            if not trait.metadata.get("live")
        }
        return fixed, self._kinds, len(self.catalog), self.drift.n_restarts

    def refuse_unless(self, conditions: object, verb: str) -> None:
        """Raise a DataError if the `conditions` are not those of the beginning of `verb` any more."""
        if self.conditions() != conditions:
            raise DataError(
                f"a hyperparameter, the kinds or the catalogue were changed during {verb}(), which nobody "
                f"could repeat: it has changed nothing; {verb}() again"
            )

    def get_tree(self) -> Tree:
        """All that decides what the engine does from now on, the catalogue and the seed excepted."""
        return {
            "settings": self.settings(),
            "kinds": self.kinds.to_dict(),
            "features": self.features.get_state(),
            "state": self.get_state(),
        }

    def digest(self) -> str:
        """SHA-256 of `get_tree`, hexadecimal: two recommenders with the same one go on bit for bit alike."""
        return digest_of(self.get_tree())

    def adopt(self, other: Engine) -> None:
        """Become what `other` has learned; the parts stay the same objects, which sliders may hold."""
        self.features, state = other.features, other.get_state()
        self._build()
        self.set_state(state)

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
    ) -> Self:
        """The engine that `settings`, the fitted `features` and `state` describe."""
        engine = cls.__new__(cls)
        engine.catalog, engine.seed, engine._kinds = catalog, seed, kinds
        engine.frozen, engine.features = frozen, features
        engine.parts = make_parts(settings_of_today(settings))
        engine._build()
        engine.set_state(state)
        return engine

    # ------------------------------------------------------------------------------------------ in here

    def _fitted_features(self, log: Interactions | None = None) -> ItemFeatures:
        settings = cast(FeatureSettings, self.parts["features"])
        with threadpool_limits(1):  # the bits of a decomposition depend on how many threads share it
            return settings.make(self.seed).fit(self.catalog.slice(0, len(self.catalog)), log)

    def _build(self) -> None:
        """An untrained state without items: the parameters, empty histories and an empty buffer."""
        self.n_events = self._n_offered = 0  # the latter: how many items there were at the last event
        self.users = IdIndex(name="user")
        self.rng = np.random.default_rng(self.seed)
        learned = None
        if self.features.learned is not None:
            featurizer, columns = self.features.learned
            learned = LearnedContent(featurizer.make(), columns, featurizer.n_read)
        self.network.build(self.features.widths, self.seed, self.features.fusion == "gated", learned)
        self.updater.build(self.network)
        self.histories = Histories(self.network.history_length)
        self.buffer.build(self.network.history_length)
        self.drift.restore(DriftMonitor().state())
        self.memory.build()
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
        )

    def _content(self) -> Content:
        widths = self.features.widths.values()
        if self.features.fusion == "early":
            whole = np.ones(1, dtype=np.float32)
            return Content(self._content_of, (0, sum(widths)), lambda: whole)
        return Content(self._content_of, tuple(accumulate(widths, initial=0)), self.network.content.gates)

    def _content_of(self, items: np.ndarray) -> np.ndarray:
        # whole rows are taken in a third of the time of parts of them
        rows: np.ndarray = self.network.items.array.take(items, axis=0)
        return rows[:, self.network.embedding_dim :]

    def _fit(
        self,
        interactions: Interactions,
        items: np.ndarray,
        rewards: np.ndarray,
        interrupt: threading.Event,
        progress: bool | ProgressCallback,
        max_epochs: int | None,
    ) -> FitReport:
        people = np.array([self.users.add(user) for user in interactions.users], dtype=np.int64)
        users = people[interactions.user_codes]
        log = LogExamples(users, items, rewards, self.network.history_length)
        positions = np.flatnonzero(rewards)  # in the log, of each example
        past = Replayed(self.ranker, self._occurrences(users, items, rewards, interactions))

        n_train = self.trainer.n_train(len(log))
        # without the network up to what is held out; it comes first, since breaking off costs no epoch then
        end = int(positions[n_train]) if n_train < len(log) else len(interactions)
        studied = max(int(end * _UNSTUDIED), end - _STUDIED)
        with track(end, "remember", progress) as bar:
            for begin in range(0, end, _REMEMBERED):
                until = min(begin + _REMEMBERED, end)
                past.remember(min(until, studied))
                past.study(until, self.rng)
                report_or_give_up(bar, until - begin, interrupt)

        def before_held_out(examples: np.ndarray) -> None:
            held_out = log[examples]
            end = int(positions[examples[-1]]) + 1
            past.study(end, self.rng, (held_out.history_items, held_out.history_rewards))

        report = self.trainer.fit(
            self.network, self.updater, log, self.rng, interrupt, progress, max_epochs, before_held_out
        )
        past.remember(len(interactions))  # what is worth nothing may come last
        for begin in range(0, len(log), 4096):
            events = np.arange(begin, min(begin + 4096, len(log)))
            examples = log[events]
            scored = self._scored(examples)
            self.buffer.add(examples, self.rng, users=users[positions[events]], scored=scored)
        if self.value.on:
            lived = self._occurrences(users, items, rewards, interactions)
            self._fit_values(lived, None if report.interrupted else interrupt, progress)
        self.n_events, self._n_offered = len(interactions), len(self.network.items)
        return report

    def _sync_with_catalog(self) -> None:
        """Give rows to items that were added to the catalogue since the last look."""
        known = len(self.network.items)
        if known < len(self.catalog):
            new = self.catalog.slice(known, len(self.catalog))
            content, learned = self.features.transform(new), self.features.learned
            self.network.grow(content, learned[0].numbers(new) if learned else None)
            self.value.grow(content)
            self.ranker.changed()

    @contextmanager
    def _all_or_nothing(self, given: Mark | None) -> Iterator[Mark]:
        """The mark that was given, whose owner sees to the rest, or one of our own."""
        if given is not None:
            yield given
            return
        mark = self.mark()
        try:
            yield mark
        except BaseException:
            self.revert(mark)
            raise

    def _checked(self, interactions: Interactions) -> tuple[np.ndarray, np.ndarray]:
        """The item index and the reward of each event, if all that the log names is known here."""
        check_same_kinds(interactions.kinds, interactions.kind_names, self._kinds)
        for user in interactions.users:
            self.users.get(user)  # raises for "196" where 196 is known
        self._sync_with_catalog()
        vocabulary = np.array([self.catalog.index_of(item) for item in interactions.items], dtype=np.int64)
        by_code = np.array([self._kinds[name].reward for name in interactions.kind_names], dtype=np.float32)
        return vocabulary[interactions.item_codes], by_code[interactions.kind_codes]

    def _occurrences(
        self, users: np.ndarray, items: np.ndarray, rewards: np.ndarray, log: Interactions
    ) -> list[Occurrence]:
        code_of = {name: code for code, name in enumerate(self._kinds)}
        codes = np.array([code_of[name] for name in log.kind_names])[log.kind_codes]
        consumes = np.array([self._kinds[name].consumes for name in log.kind_names])[log.kind_codes]
        columns = (users, items, rewards, codes, consumes, log.times)
        return [Occurrence(*event) for event in zip(*(c.tolist() for c in columns), strict=True)]

    def _learn(self, events: list[Feedback], learning: bool, mark: Mark) -> tuple[float, np.ndarray, float]:
        """Learn a batch and remember it; returns the loss, the slots replayed and the TD error.

        The gate is asked first, and then the network takes its step: both read the histories as they were
        before the batch. Then the fast memory takes the events in, one after the other.
        """
        kinds = [self._kinds[event.kind] for event in events]
        codes = {name: code for code, name in enumerate(self._kinds)}
        people = self._people(events)
        happened = [
            Occurrence(
                person,
                self.catalog.index_of(event.item),
                kind.reward,
                codes[kind.name],
                kind.consumes,
                event.time,
            )
            for event, person, kind in zip(events, people, kinds, strict=True)
        ]
        loss, slots, td_error = float("nan"), np.zeros(0, dtype=np.int64), float("nan")
        if learning:
            if self.value.on:  # before the gate learns: what a list was made of, looked at before or not
                td_error = self._learn_values(events, happened, mark.value)
            adapted = self.drift.factors(self.n_events)
            chosen = [
                one for one, event in zip(happened, events, strict=True) if self._had_a_choice(one, event)
            ]
            self.ranker.study(chosen, self.rng, mark.memory, adapted.gate)
            rewards = [kind.reward for kind in kinds]
            new = examples_of_batch(self.histories, people, [one.item for one in happened], rewards)
            if len(new):
                scored = self._scored(new)  # before the step, as the loss is
                losses, slots = self._step(new, mark, adapted)
                loss = float(losses.mean())
                learned_by = np.array(people)[np.flatnonzero(rewards)]
                self.buffer.add(new, self.rng, mark.buffer, learned_by, losses[: len(new)], scored)
        for event, one in zip(events, happened, strict=True):
            self.users.add(event.user)
            self.ranker.take_in(one, learning, mark.memory, mark.histories)
        self.n_events += len(events)
        self._n_offered = len(self.network.items)
        self.drift.advance(self.n_events)
        return loss, slots, td_error

    def _learn_values(
        self, events: list[Feedback], happened: list[Occurrence], mark: ValueMark | None
    ) -> float:
        """Let the values learn from what these events say of those before them; the mean TD error."""
        taken = _awaiting(self.histories, happened)
        slates: list[Slate | None] = []
        seen: set[int] = set()
        for one, event in zip(happened, events, strict=True):
            told = one.person in seen or self.value.awaits(one.person)
            slates.append(self._slate(one, event.shown) if told else None)
            seen.add(one.person)
        return self.value.learn(taken, slates, mark)

    def _slate(self, happened: Occurrence, shown: tuple[Id, ...] | None) -> Slate | None:
        """The list that an item was taken from: what was shown, or would have been; and that item."""
        person = happened.person
        if shown:
            known = [item for item in shown if item in self.catalog]
            listed = np.array([self.catalog.index_of(item) for item in known], dtype=np.int64)
        else:
            listed = self.ranker.best(person, SLATE_SIZE, exclude_seen=True)[0]
        items = _with_taken(listed, happened.item)
        return slate_of(items, self.ranker.click_scores(person, items))

    def _fit_values(
        self,
        events: list[Occurrence],
        interrupt: threading.Event | None,
        progress: bool | ProgressCallback,
    ) -> None:
        """Let the values live through a log that was fitted; the lists are those of the network alone.

        A fit that was interrupted already hears no `interrupt` again.
        """
        histories = Histories(self.network.history_length)
        with track(len(events), "value", progress) as bar:
            for begin in range(0, len(events), _VALUED):
                batch = events[begin : begin + _VALUED]
                taken = _awaiting(histories, batch)
                rows = self.network.score_each(
                    np.stack([one.history_items for one in taken]),
                    np.stack([one.history_rewards for one in taken]),
                )
                slates = []
                for one, scores in zip(batch, rows, strict=True):
                    open_to = scores.copy()
                    open_to[histories.consumed_by(one.person)] = -np.inf
                    best = best_places(open_to, min(SLATE_SIZE, int(np.isfinite(open_to).sum())))
                    items = _with_taken(best[np.lexsort((best, -open_to[best]))], one.item)
                    slates.append(slate_of(items, scores[items]))
                self.value.learn(taken, slates)
                for one in batch:
                    histories.append(*one)
                if interrupt is not None:
                    report_or_give_up(bar, len(batch), interrupt)
                else:
                    with suppress(Stop):
                        bar.update(len(batch))
        self.ranker.changed()

    def _had_a_choice(self, happened: Occurrence, event: Feedback) -> bool:
        """Whether the item could have been listed, so that it says something that it was taken.

        One that came into the catalogue since the last event was hardly there to be chosen: it came with this
        event. Of such items the gate would only learn that what nobody has had before is always right.
        """
        return happened.item < self._n_offered or event.item in (event.shown or ())

    def _people(self, events: list[Feedback]) -> list[int]:
        """The index of each event's person; those who are new get the indices that they will have."""
        new: dict[Id, int] = {}
        people = []
        for event in events:
            person = self.users.get(event.user)
            if person is None:
                person = new.setdefault(event.user, len(self.users) + len(new))
            people.append(person)
        return people

    def _step(self, new: Examples, mark: Mark, adapted: Factors) -> tuple[np.ndarray, np.ndarray]:
        """One step on new examples and replayed ones; the loss of each, and the slots of the latter."""
        n_replayed = round(adapted.replay * self.updater.replay_ratio * len(new))
        slots = self.buffer.sample_slots(n_replayed, self.rng)
        batch = Examples.concatenate([new, self.buffer.examples(slots)]) if len(slots) else new
        weights = self.buffer.importance_weights(slots)
        if weights is not None:
            weights = np.concatenate([np.ones(len(new), dtype=np.float32), weights])
        kept = self.buffer.scored(slots) if len(slots) else None
        distillation = None if kept is None else Distillation(kept, self.buffer.distillation)
        losses = self.updater.step(
            batch,
            self.rng,
            mark=mark.step,
            weights=weights,
            distillation=distillation,
            rate_factor=adapted.learning_rate,
        )
        self.buffer.note_losses(slots, losses[len(new) :], mark.buffer)
        return losses, slots

    def _scored(self, examples: Examples) -> Scored | None:
        """What the network says of examples now, if the buffer keeps that with them."""
        return score(self.network, examples, self.rng) if self.buffer.keeps_scores else None

    def _test(self, feedback: Feedback, reward: float) -> tuple[int | None, bool]:
        """The prequential test: where the item stood in the list that was shown."""
        if feedback.shown is None or reward <= 0:
            return None, False
        rank = feedback.shown.index(feedback.item) + 1 if feedback.item in feedback.shown else None
        hit = rank is not None and rank <= self.drift.top_k
        return rank, self.drift.update(hit, self.n_events)


def _awaiting(histories: Histories, happened: list[Occurrence]) -> list[Awaiting]:
    """Events with the histories before them, as the values take them."""
    columns = (
        [one.person for one in happened],
        [one.item for one in happened],
        [one.reward for one in happened],
    )
    return [
        Awaiting(one.person, one.time, items, rewards.copy(), one.item, one.reward)
        for one, (items, rewards) in zip(happened, pasts_of_batch(histories, *columns), strict=True)
    ]


def _with_taken(listed: np.ndarray, item: int) -> np.ndarray:
    """The first items of a list, and one that was taken, in the place of the last if need be."""
    listed = listed[:SLATE_SIZE]
    return listed if item in listed else np.append(listed[: SLATE_SIZE - 1], item)


def _check_kinds(kinds: object) -> None:
    if not isinstance(kinds, FeedbackKinds):
        raise DataError(f"kinds are FeedbackKinds, not a {type(kinds).__name__}")


def has_fast_memory(state: Mapping[str, Any]) -> bool:
    """Whether the fast memory in a state is that of today; before version 5 of the file it was another."""
    return "personal" in state.get("gate", {})


def settings_of_today(written: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters as some version wrote them down, by the names they have now.

    >>> settings_of_today({"encoder_name": "decayed_mlp", "embedding_dim": 8})
    {'model': 'decayed_mlp', 'embedding_dim': 8}
    """
    return {_RENAMED.get(name, name): value for name, value in written.items()}


def make_parts(hyperparameters: dict[str, Any]) -> dict[str, Part]:
    """The parts of an engine with these hyperparameters, the others at their defaults.

    Raises:
        DataError: one that no part has.
        traitlets.TraitError: one that is out of bounds.
    """
    kinds: dict[str, type[Part]] = {
        "features": FeatureSettings,
        "network": Network,
        "updater": OnlineUpdater,
        "memory": EpisodicMemory,
        "gate": Gate,
        "buffer": ReplayBuffer,
        "trainer": Trainer,
        "drift": DriftMonitor,
        "value": ValueLearner,
    }
    owners = {name: part for part, kind in kinds.items() for name in kind.class_traits(config=True)}
    for name in hyperparameters:
        if name not in owners:
            raise DataError(
                f"no part of the recommender has a hyperparameter {name!r}"
                f"{closest(name, owners) or '; there are ' + ', '.join(owners)}"
            )
    return {
        part: kind(**{name: v for name, v in hyperparameters.items() if owners[name] == part})
        for part, kind in kinds.items()
    }
