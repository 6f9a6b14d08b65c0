"""The engine's one face."""

from __future__ import annotations

import os
import threading
import time as time_of_day
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from lifelong_widgets.compression import CompressedRecommender, compress
from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.data.feedback import check_same_kinds
from lifelong_widgets.data.ids import IdIndex, as_id
from lifelong_widgets.drift import DriftMonitor
from lifelong_widgets.errors import DataError, FormatError, closest
from lifelong_widgets.explanation import leave_one_out
from lifelong_widgets.explanation import reasons as reasons_of
from lifelong_widgets.featurizers import FeatureSettings, ItemFeatures
from lifelong_widgets.learning import (
    Examples,
    FitReport,
    LogExamples,
    OnlineUpdater,
    ReservoirReplayBuffer,
    Trainer,
    examples_of_batch,
)
from lifelong_widgets.models import Histories, Network, one_thread
from lifelong_widgets.parts import Part
from lifelong_widgets.progress import ProgressCallback, Stop, held_interrupts, track
from lifelong_widgets.recommendations import Recommendations, best_items, check_k
from lifelong_widgets.updates import LearnReport, Update


class Recommender:
    """A deep recommender that keeps learning: `fit` a log, `recommend`, then `learn_one` from every click.

    Unknown people and items are no errors but cold starts: a new person is placed by their history (or by
    what everybody takes), a new item by its content. Only an item that is not in the catalogue is refused:
    `catalog.add` it first. All randomness comes from `seed`: the same calls give the same bits.

    One thread at a time may use a recommender.

    Args:
        catalog: the items; it may grow at any time.
        kinds: what each kind of feedback is worth.
        seed: of everything random.
        **hyperparameters: of any part, such as ``embedding_dim=32`` or ``replay_ratio=7``; `parts` holds
            the parts, and `lifelong_widgets.parts.hyperparameters` lists them with bounds and help.

    Raises:
        DataError: a hyperparameter that no part has, a seed that is none, or something else than a catalogue.
        traitlets.TraitError: one that is out of bounds.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> rec = Recommender(shelf, embedding_dim=8)
        >>> rec.learn_one(user="ada", item=2, kind="like").n_events
        1
        >>> 2 in rec.recommend("ada", k=3).items  # consumed, so not recommended again
        False
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
    rng: np.random.Generator
    _kinds: FeedbackKinds

    def __init__(
        self, catalog: Catalog, kinds: FeedbackKinds = DEFAULT_KINDS, seed: int = 0, **hyperparameters: Any
    ) -> None:
        given: object = catalog
        if not isinstance(given, Catalog):
            hint = "; a Dataset has one as .catalog" if hasattr(given, "catalog") else ""
            raise DataError(f"a recommender is made from a Catalog, not a {type(given).__name__}{hint}")
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise DataError(f"seed is {seed!r}; it must be a whole number from 0 to {2**32 - 1}")
        self.catalog, self.seed, self._kinds, self.frozen = catalog, seed, kinds, False
        self.parts = _make_parts(hyperparameters)
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
    def buffer(self) -> ReservoirReplayBuffer:
        """The past examples that are learned again."""
        return cast(ReservoirReplayBuffer, self.parts["buffer"])

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
    def kinds(self) -> FeedbackKinds:
        """What each kind of feedback is worth; may be replaced by one that knows the same kinds and more."""
        return self._kinds

    @kinds.setter
    def kinds(self, kinds: FeedbackKinds) -> None:
        if tuple(kinds)[: len(self._kinds)] != tuple(self._kinds):
            raise DataError(
                f"the new kinds must begin with those there are ({', '.join(self._kinds)}); "
                "change them with kinds.with_weights(...) or kinds.with_kind(...)"
            )
        self._kinds = kinds

    # -------------------------------------------------------------------------------------------- verbs

    @one_thread()
    def fit(self, interactions: Interactions, progress: bool | ProgressCallback = True) -> FitReport:
        """Learn a log from the start, in shuffled epochs with early stopping.

        What was learned before is replaced, as scikit-learn's `fit` does; use `learn_many` to go on. Ctrl-C
        (or `Stop` from the progress callback) ends it cleanly with the best epoch so far.

        Args:
            interactions: the log, in time order.
            progress: draw a bar, be silent, or call this.

        Raises:
            UnknownItemError: the log has an item that the catalogue does not hold; nothing was changed.
            DataError: the log is empty or worth nothing, or has kinds that are unknown here or mean something
                else; nothing was changed.
        """
        self._refuse_if_frozen("fit")
        if not len(interactions):
            raise DataError("the log has no events to fit; learn_one needs no fit before it")
        items, rewards = self._checked(interactions)
        if not rewards.any():
            raise DataError("no event of the log is worth anything: the weight of every kind in it is 0")
        before = self.features, self.get_state()
        try:
            with held_interrupts() as interrupt:
                self.features = self._fitted_features()
                self._build()
                self._sync_with_catalog()
                report = self._fit(interactions, items, rewards, interrupt, progress)
        except BaseException:
            self.features = before[0]
            self._build()
            self.set_state(before[1])
            raise
        self.n_fits += 1
        return report

    @one_thread()
    def recommend(
        self, user: Id, k: int = 10, exclude_seen: bool = True, reasons: bool = True
    ) -> Recommendations:
        """The best `k` items for a person, best first. Changes nothing and allocates no row.

        Args:
            user: anybody; a person who was never seen gets a cold start.
            k: how many, at least 1; fewer come back if the catalogue has no more.
            exclude_seen: leave out what the person has consumed.
            reasons: say why each item is there (costs one more, short pass of the network).

        Raises:
            DataError: `k` is not a whole number of at least 1, or `user` is not an id.
        """
        k = check_k(k)
        self._sync_with_catalog()
        person = self.users.get(as_id(user, "user"))
        if not len(self.catalog):
            return Recommendations(user, (), (), self.catalog)
        scores = self.network.score_all(
            self.histories.items_of(person)[None], self.histories.rewards_of(person)[None]
        )[0]
        hidden = self.histories.consumed_by(person) if exclude_seen else np.zeros(0, dtype=np.int64)
        indices, best = best_items(scores, k, hidden)
        why = None
        if reasons:
            why = reasons_of(self.network, self.histories, person, indices, self.catalog, tuple(self._kinds))
        return Recommendations.of(user, indices, best, self.catalog, why)

    @one_thread()
    def learn_one(
        self,
        feedback: Feedback | None = None,
        /,
        *,
        user: Id | None = None,
        item: Id | None = None,
        kind: str = "click",
        time: float | None = None,
        value: float | None = None,
        shown: Sequence[Id] | None = None,
    ) -> Update:
        """Learn one event at once: one small step on it and `replay_ratio` replayed ones.

        Takes a `Feedback`, or its fields by name. The cost does not grow with the history, the people or the
        items. `time` and `value` belong to the event; the model does not read them. With `shown`, the list
        that was on screen, best first, the event also tests that list, which the drift monitor watches.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, or an id, time or value that cannot be used.
            LifelongWidgetsError: the loss was not finite.

        After an error the model, the buffer and the histories are as they were.
        """
        start = time_of_day.perf_counter()
        if feedback is None:
            feedback = Feedback(
                user=as_id(user, "user"),
                item=as_id(item, "item"),
                kind=kind,
                time=time,
                value=value,
                shown=shown,  # type: ignore[arg-type]  # any sequence of ids; Feedback checks and keeps a tuple
            )
        elif user is not None or item is not None:
            raise DataError("learn_one takes a Feedback or its fields by name, not both")
        _refuse_unless_feedback(feedback)
        self._sync_with_catalog()
        reward = self._kinds[feedback.kind].reward
        loss, replayed = self._learn([feedback])
        rank, alarm = self._test(feedback, reward)
        return Update(
            self.n_events,
            feedback.user,
            feedback.item,
            feedback.kind,
            reward,
            loss,
            rank,
            tuple(replayed.tolist()),
            alarm,
            time_of_day.perf_counter() - start,
        )

    @one_thread()
    def learn_many(
        self,
        interactions: Interactions,
        batch_size: int = 32,
        progress: bool | ProgressCallback = True,
    ) -> LearnReport:
        """Learn a log in time order, in mini-batches: each with `replay_ratio` replayed events per new one.

        Faster than `learn_one` in a loop, and coarser: within a batch the model stands still. Ctrl-C (or
        `Stop`) ends it cleanly between two batches; a batch that fails leaves what it found.

        Raises:
            UnknownItemError: the log has an item that the catalogue does not hold; nothing was learned.
            DataError: `batch_size` is less than 1, or the log has user ids or kinds that do not go with those
                known; nothing was learned.
        """
        self._refuse_if_frozen("learn_many")
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise DataError(f"batch_size is {batch_size!r}; it must be a whole number of at least 1")
        start = time_of_day.perf_counter()
        self._checked(interactions)
        losses, weights, n_learned, interrupted = [], [], 0, False
        try:
            with held_interrupts() as interrupt, track(len(interactions), "learn", progress) as report:
                for begin in range(0, len(interactions), batch_size):
                    if interrupt.is_set():
                        raise Stop
                    batch = list(interactions[begin : begin + batch_size])
                    loss, _ = self._learn(batch)
                    n_learned += len(batch)
                    if not np.isnan(loss):
                        losses.append(loss)
                        weights.append(len(batch))
                    report.update(len(batch), loss=loss)
        except Stop:
            interrupted = True
        mean = float(np.average(losses, weights=weights)) if losses else float("nan")
        return LearnReport(n_learned, mean, time_of_day.perf_counter() - start, interrupted)

    def observe(self, feedback: Feedback) -> Update:
        """Take an event into the person's history without learning from it; same errors as `learn_one`."""
        frozen, self.frozen = self.frozen, True
        try:
            return self.learn_one(feedback)
        finally:
            self.frozen = frozen

    @one_thread()
    def explain(self, user: Id, item: Id) -> dict[Id, float]:
        """How much each recent event of a person adds to the score of an item, largest first.

        Exact for this model: the score with the history, less the score without that event.

        Raises:
            UnknownItemError: the item is not in the catalogue.
        """
        self._sync_with_catalog()
        person = self.users.get(as_id(user, "user"))
        rewards = self.histories.rewards_of(person)
        past = self.histories.items_of(person)
        parts = leave_one_out(self.network, past, rewards, np.array([self.catalog.index_of(item)]))[:, 0]
        total: dict[Id, float] = {}
        for index, part in zip(past[np.flatnonzero(rewards)].tolist(), parts.tolist(), strict=True):
            total[self.catalog.ids[index]] = total.get(self.catalog.ids[index], 0.0) + part
        return dict(sorted(total.items(), key=lambda pair: -pair[1]))

    def frozen_twin(self) -> Recommender:
        """The same model as it is now, which learns no more.

        It shares the catalogue. Its `learn_one` only extends the histories, so that its lists still follow
        what a person did: what it shows is what *learning* is worth, not what reading the history is worth.
        """
        return self.from_saved(
            self.catalog, self.kinds, self.seed, True, self.settings(), self.features, self.get_state()
        )

    @one_thread()
    def compress(self, method: str = "int8") -> CompressedRecommender:
        """A smaller copy for serving, with a report of what it costs.

        Args:
            method: ``"int8"``, eight bits a number with one scale a row.

        Raises:
            DataError: an unknown method.
        """
        self._sync_with_catalog()

        def live(user: Id) -> Recommendations:
            return self.recommend(user, reasons=False)

        return compress(self.network, self.catalog, self.users, self.histories, live, method)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into one file: safetensors and JSON, never a pickle.

        The loaded recommender continues bit for bit. The file is written aside and then renamed, so that an
        earlier one is not lost if writing fails.
        """
        from lifelong_widgets.saving import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recommender:
        """Read what `save` wrote.

        Raises:
            FormatError: the file is missing, damaged, or of a newer version.
        """
        from lifelong_widgets.saving import load

        return load(path)

    # -------------------------------------------------------------------------------------------- state

    def settings(self) -> dict[str, Any]:
        """Every hyperparameter of every part by name."""
        return {name: value for part in self.parts.values() for name, value in part.settings().items()}

    def get_state(self) -> dict[str, Any]:
        """All that was learned: a tree of arrays, tensors and JSON values that shares no memory."""
        return {
            "n_events": self.n_events,
            "n_fits": self.n_fits,
            "users": list(self.users),
            "rng": self.rng.bit_generator.state,
            "network": self.network.get_state(),
            "updater": self.updater.get_state(),
            "buffer": self.buffer.get_state(),
            "histories": self.histories.get_state(),
            "drift": self.drift.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back that a recommender of the same settings gave.

        Raises:
            FormatError: the state does not fit the settings, the catalogue or itself.
        """
        self.n_events, self.n_fits = int(state["n_events"]), int(state["n_fits"])
        self.users = IdIndex(name="user")
        self.users.extend(state["users"])
        self.rng.bit_generator.state = state["rng"]
        self.network.set_state(state["network"])
        self.updater.set_state(state["updater"])
        self.buffer.set_state(state["buffer"])
        self.histories.set_state(state["histories"])
        self.drift.restore(state["drift"])
        n_items = len(self.network.items)
        referred = (
            state["histories"]["items"],
            state["histories"]["consumed"],
            state["buffer"]["history_items"],
            state["buffer"]["targets"],
        )
        if n_items > len(self.catalog) or any(
            len(part) and not 0 <= part.min() <= part.max() < n_items for part in referred if part.size
        ):
            raise FormatError(f"the state refers to items beyond the {n_items} that it has rows for")
        if len(self.users) != len(self.histories):
            raise FormatError(f"{len(self.users)} people have {len(self.histories)} histories")

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
    ) -> Recommender:
        """The recommender that `settings`, the fitted `features` and `state` describe."""
        recommender = cls.__new__(cls)
        recommender.catalog, recommender.seed, recommender._kinds = catalog, seed, kinds
        recommender.frozen, recommender.features = frozen, features
        recommender.parts = _make_parts(settings)
        recommender._build()
        recommender.set_state(state)
        return recommender

    def __repr__(self) -> str:
        frozen = "frozen, " if self.frozen else ""
        return (
            f"<Recommender: {frozen}{len(self.catalog)} items, {len(self.users)} people, "
            f"{self.n_events} events learned>"
        )

    # ------------------------------------------------------------------------------------------ in here

    def _fitted_features(self) -> ItemFeatures:
        settings = cast(FeatureSettings, self.parts["features"])
        return settings.make(self.seed).fit(self.catalog.slice(0, len(self.catalog)))

    def _build(self) -> None:
        """An untrained state without items: the parameters, empty histories and an empty buffer."""
        self.n_events = 0
        self.users = IdIndex(name="user")
        self.rng = np.random.default_rng(self.seed)
        self.network.build(self.features.width, self.seed)
        self.updater.build(self.network)
        self.histories = Histories(self.network.history_length)
        self.buffer.build(self.network.history_length)
        self.drift.restore(DriftMonitor().state())

    def _fit(
        self,
        interactions: Interactions,
        items: np.ndarray,
        rewards: np.ndarray,
        interrupt: threading.Event,
        progress: bool | ProgressCallback,
    ) -> FitReport:
        people = np.array([self.users.add(user) for user in interactions.users], dtype=np.int64)
        users = people[interactions.user_codes]
        log = LogExamples(users, items, rewards, self.network.history_length)
        report = self.trainer.fit(self.network, self.updater, log, self.rng, interrupt, progress)
        for begin in range(0, len(log), 4096):
            self.buffer.add(log[np.arange(begin, min(begin + 4096, len(log)))], self.rng)
        self._remember(users, items, rewards, interactions)
        self.n_events = len(interactions)
        return report

    def _sync_with_catalog(self) -> None:
        """Give rows to items that were added to the catalogue since the last look."""
        known = len(self.network.items)
        if known < len(self.catalog):
            self.network.items.grow(self.features.transform(self.catalog.slice(known, len(self.catalog))))

    def _refuse_if_frozen(self, verb: str) -> None:
        if self.frozen:
            raise DataError(f"a frozen twin does not {verb}; call it on the live recommender")

    def _checked(self, interactions: Interactions) -> tuple[np.ndarray, np.ndarray]:
        """The item index and the reward of each event, if all that the log names is known here."""
        check_same_kinds(interactions.kinds, interactions.kind_names, self._kinds)
        for user in interactions.users:
            self.users.get(user)  # raises for "196" where 196 is known
        self._sync_with_catalog()
        vocabulary = np.array([self.catalog.index_of(item) for item in interactions.items], dtype=np.int64)
        by_code = np.array([self._kinds[name].reward for name in interactions.kind_names], dtype=np.float32)
        return vocabulary[interactions.item_codes], by_code[interactions.kind_codes]

    def _remember(self, users: np.ndarray, items: np.ndarray, rewards: np.ndarray, log: Interactions) -> None:
        code_of = {name: code for code, name in enumerate(self._kinds)}
        codes = np.array([code_of[name] for name in log.kind_names])[log.kind_codes]
        consumes = np.array([self._kinds[name].consumes for name in log.kind_names])[log.kind_codes]
        for event in zip(
            users.tolist(), items.tolist(), rewards.tolist(), codes.tolist(), consumes.tolist(), strict=True
        ):
            self.histories.append(*event)

    def _learn(self, events: list[Feedback]) -> tuple[float, np.ndarray]:
        """Learn a batch and remember it, or raise and leave everything as it was.

        Returns the loss and the slots replayed. The step comes first, on copies of the histories; only when
        it has succeeded are people, histories and buffer extended.
        """
        targets = [self.catalog.index_of(event.item) for event in events]
        kinds = [self._kinds[event.kind] for event in events]
        loss, slots = float("nan"), np.zeros(0, dtype=np.int64)
        if not self.frozen:
            new = examples_of_batch(
                self.histories, self._people(events), targets, [kind.reward for kind in kinds]
            )
            if len(new):
                loss, slots = self._step(new)
                self.buffer.add(new, self.rng)
        codes = {name: code for code, name in enumerate(self._kinds)}
        for event, target, kind in zip(events, targets, kinds, strict=True):
            person = self.users.add(event.user)
            self.histories.append(person, target, kind.reward, codes[kind.name], kind.consumes)
        self.n_events += len(events)
        return loss, slots

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

    def _step(self, new: Examples) -> tuple[float, np.ndarray]:
        """One step on new examples and replayed ones; after an error the random state is as it was."""
        before = self.rng.bit_generator.state
        slots = self.buffer.sample_slots(self.updater.replay_ratio * len(new), self.rng)
        batch = Examples.concatenate([new, self.buffer.examples(slots)]) if len(slots) else new
        try:
            return self.updater.step(batch, self.rng), slots
        except BaseException:
            self.rng.bit_generator.state = before
            raise

    def _test(self, feedback: Feedback, reward: float) -> tuple[int | None, bool]:
        """The prequential test: where the item stood in the list that was shown."""
        if feedback.shown is None or reward <= 0:
            return None, False
        rank = feedback.shown.index(feedback.item) + 1 if feedback.item in feedback.shown else None
        hit = rank is not None and rank <= self.drift.top_k
        return rank, self.drift.update(hit, self.n_events)


def _refuse_unless_feedback(given: object) -> None:
    if not isinstance(given, Feedback):
        kind = type(given).__name__
        raise DataError(f"learn_one takes a Feedback, or user=…, item=…, kind=… by name, not a {kind}")


def _make_parts(hyperparameters: dict[str, Any]) -> dict[str, Part]:
    kinds: dict[str, type[Part]] = {
        "features": FeatureSettings,
        "network": Network,
        "updater": OnlineUpdater,
        "buffer": ReservoirReplayBuffer,
        "trainer": Trainer,
        "drift": DriftMonitor,
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
