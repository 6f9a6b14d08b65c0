"""The deterministic core: the steps that change what is learned. It knows no disk and no journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import numpy as np

from lifelong_widgets.compression import Touched
from lifelong_widgets.data import Feedback, Id, Interactions
from lifelong_widgets.data.social import Edge
from lifelong_widgets.drift import DriftMark, Factors
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers import PersonMark
from lifelong_widgets.fitting import Fitting
from lifelong_widgets.learning import (
    Distillation,
    Examples,
    FitReport,
    Negatives,
    ReplayMark,
    StepMark,
    examples_of_batch,
)
from lifelong_widgets.memory import Ledger, Occurrence, warn_of_odd_times
from lifelong_widgets.models import HistoriesMark, one_thread
from lifelong_widgets.privacy import PrivacyMark, private_step
from lifelong_widgets.progress import ProgressCallback
from lifelong_widgets.state_file import Tree
from lifelong_widgets.value import SLATE_SIZE, Slate, ValueMark, slate_of
from lifelong_widgets.value.taken import awaiting, with_taken


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
    people: PersonMark | None
    privacy: PrivacyMark | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What one event did: the loss, the slots replayed, its rank in the list shown, whether drift rang.

    And the mean TD error of the transitions that it has ended, NaN if there is none; and whether anything
    was learned, or the event only remembered.
    """

    loss: float
    replayed: np.ndarray
    rank: int | None
    alarm: bool
    td_error: float = float("nan")
    learned: bool = True


class Engine(Fitting):
    """State, and the steps that change it: `apply_event`, `_batch`, `_fit`, `_items`, and `apply_edge`.

    One seed and one sequence of steps give the same bits, whoever asks for them: a click, or a journal that
    is replayed. A step that raises leaves the engine as it was.

    Args and errors are those of `Recommender`, which is this with the verbs of the user.
    """

    _followers: WeakSet[Touched] | None = None

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
            loss, replayed, td_error, learned = self._learn([feedback], learning, mark)
            rank, alarm = self._test(feedback, reward)
        return Applied(loss, replayed, rank, alarm, td_error, learned)

    @one_thread()
    def apply_batch(self, feedbacks: list[Feedback], mark: Mark | None = None) -> float:
        """Learn events in one step, with the errors of `apply_event`; the loss, NaN if there was none."""
        self._sync_with_catalog()
        with self._all_or_nothing(mark) as mark:
            return self._learn(feedbacks, not self.frozen, mark)[0]

    @one_thread()
    def apply_items(self, records: list[dict[str, Any]], files: Tree | None = None) -> None:
        """Add items to the catalogue, as `Catalog.add` does, and give them their rows at once; or do neither.

        `files` is what was made of their files before (`ItemFeatures.from_files`), and no file is read then.
        Without records it only sees to the items that were added since the last look.
        """
        self._sync_with_catalog()
        if not records:
            return
        n_items = len(self.catalog)
        self.catalog.add(records)
        try:
            self._take_in(self.catalog.slice(len(self.network.items)), files)
        except BaseException:
            self.catalog.take_back(n_items)
            raise

    def apply_edge(self, edge: Edge, there: bool) -> None:
        """Let there be an edge or not.

        Raises:
            DataError: somebody in it is known by an id of the other type, or one that is to go is not there.
        """
        self.refuse_edge(edge, there)
        if there:
            self._graph.add(*edge)
        else:
            self._graph.remove(edge.follower, edge.followed)
        self.n_edge_changes += 1
        self.ranker.changed()

    def refuse_edge(self, edge: Edge, there: bool) -> None:
        """Raise what `apply_edge` would."""
        for user in (edge.follower, edge.followed):
            self.people.index_of(user)
        if not there:
            self._graph.refuse_unless_there(edge.follower, edge.followed)

    @one_thread()
    def apply_fit(
        self,
        interactions: Interactions,
        interrupt: threading.Event,
        progress: bool | ProgressCallback = False,
        max_epochs: int | None = None,
        files: Tree | None = None,
    ) -> FitReport:
        """Start anew from this log.

        `max_epochs` repeats a fit that was stopped after so many. `files` is what was made of the files of
        the items in such a fit (`ItemFeatures.from_files`), and no file is read then.

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
            self._fit_features(before.features, interactions[: self._end_of_training(rewards)], files)
            self._build()
            self._take_in(self.catalog.slice(0), listed=True)
            self._watch_what_comes(fitted=True)
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
            self.people.mark(),
            self.privacy.mark(),
        )

    @one_thread()
    def revert(self, mark: Mark) -> None:
        """Be again, bit for bit, as at `mark`, which every step since was given; of several the newest first.

        What is not learned stays as it is: settings, kinds, the catalogue with its rows, who follows whom.
        """
        self._tell(mark)
        self.n_events, self._n_offered = mark.n_events, mark.n_offered
        self.users.truncate(mark.n_users)
        self.rng.bit_generator.state = dict(mark.rng)
        self.histories.revert(mark.histories)
        self.buffer.revert(mark.buffer)
        self.drift.revert(mark.drift)
        self.updater.revert(mark.step)
        mark.memory.revert()
        self.value.revert(mark.value)
        self.people.revert(mark.people)
        self.privacy.revert(mark.privacy)
        self.ranker.changed()

    # ---------------------------------------------------------------------------------------- in here

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

    def _learn(
        self, events: list[Feedback], learning: bool, mark: Mark
    ) -> tuple[float, np.ndarray, float, bool]:
        """Learn a batch and remember it: the loss, the slots replayed, the TD error, whether it learned.

        The gate is asked first, and then the network takes its step: both read the histories as they were
        before the batch. Then the fast memory takes the events in, one after the other.
        """
        kinds = [self._kinds[event.kind] for event in events]
        codes = {name: code for code, name in enumerate(self._kinds)}
        people = self._people_of(events)
        features = self.people.rows(people)  # before the batch, as the model is
        happened = [
            Occurrence(
                person,
                self.index_of(event.item),
                kind.reward,
                codes[kind.name],
                kind.consumes,
                event.time,
            )
            for event, person, kind in zip(events, people, kinds, strict=True)
        ]
        if self.histories.clock == 0.0:  # it begins to run with these
            self._warn_of_odd_times(happened)
        loss, slots, td_error = float("nan"), np.zeros(0, dtype=np.int64), float("nan")
        learns = learning and not self.privacy.on  # in private only by the step below
        if learning:
            if self.value.on:  # before the gate learns: what a list was made of, looked at before or not
                td_error = self._learn_values(events, happened, features, mark.value)
            adapted = self.drift.factors(self.n_events)
            chosen = [
                one for one, event in zip(happened, events, strict=True) if self._had_a_choice(one, event)
            ]
            self.ranker.study(chosen, self.rng, mark.memory, adapted.gate)
            rewards = [kind.reward for kind in kinds]
            new = examples_of_batch(self.histories, people, [one.item for one in happened], rewards, features)
            if len(new):
                learned_by = np.array(people)[np.flatnonzero(rewards)]
                if self.privacy.on:
                    losses, slots, learned = private_step(
                        self.privacy,
                        self.updater,
                        self.buffer,
                        new,
                        learned_by,
                        self.rng,
                        mark.step,
                        mark.privacy,
                    )
                    kept = self.buffer.add(new, self.rng, mark.buffer, learned_by)
                    self.privacy.note_kept(kept, learned, mark.privacy)
                    learns = bool(learned.any())
                else:
                    scored = self._scored(new)  # before the step, as the loss is
                    losses, slots = self._step(new, mark, adapted, self._to_compare_with(happened))
                    self.buffer.add(new, self.rng, mark.buffer, learned_by, losses[: len(new)], scored)
                loss = float(losses.mean()) if len(losses) else float("nan")
        for event, one in zip(events, happened, strict=True):
            self.people.learn(event, mark.people)
            self.ranker.take_in(one, learning, mark.memory, mark.histories)
        self.n_events += len(events)
        self._n_offered = len(self.network.items)
        self.drift.advance(self.n_events)
        self._tell(mark)
        return loss, slots, td_error, learns

    @property
    def followers(self) -> WeakSet[Touched]:
        """Who is told what each step has touched."""
        if self._followers is None:
            self._followers = WeakSet()
        return self._followers

    def _tell(self, mark: Mark) -> None:
        for follower in self._followers or ():
            follower.note(mark, len(self.histories))

    def _learn_values(
        self,
        events: list[Feedback],
        happened: list[Occurrence],
        features: np.ndarray | None,
        mark: ValueMark | None,
    ) -> float:
        """Let the values learn from what these events say of those before them; the mean TD error."""
        taken = awaiting(self.histories, happened, features)
        moments = self.histories.moments(one.time for one in happened)
        slates: list[Slate | None] = []
        seen: set[int] = set()
        for one, event, now in zip(happened, events, moments, strict=True):
            told = one.person in seen or self.value.awaits(one.person)
            slates.append(self._slate(one, event.shown, now) if told else None)
            seen.add(one.person)
        return self.value.learn(taken, slates, mark)

    def _slate(self, happened: Occurrence, shown: tuple[Id, ...] | None, now: float | None) -> Slate | None:
        """The list that an item was taken from: what was shown, or would have been; and that item."""
        person = happened.person
        if shown:
            known = [self.catalog.index_of(item) for item in shown if item in self.catalog]
            listed = np.array([row for row in known if row < len(self.network.items)], dtype=np.int64)
        else:
            listed = self.ranker.best(person, SLATE_SIZE, True, now)[0]
        items = with_taken(listed, happened.item)
        return slate_of(items, self.ranker.click_scores(person, items, now))

    def _had_a_choice(self, happened: Occurrence, event: Feedback) -> bool:
        """Whether the item could have been listed, so that it says something that it was taken.

        One that came into the catalogue since the last event was hardly there to be chosen: it came with this
        event. Of such items the gate would only learn that what nobody has had before is always right.
        """
        return happened.item < self._n_offered or event.item in (event.shown or ())

    def _people_of(self, events: list[Feedback]) -> list[int]:
        """The index of each event's person; those who are new get theirs now, so that features know them."""
        for event in events:
            self.people.index_of(event.user)  # raises for "196" where the graph knows 196
        return [self.users.add(event.user) for event in events]

    def _warn_of_odd_times(self, happened: list[Occurrence]) -> None:
        timed = [(one.item, one.time) for one in happened if one.time is not None]
        if timed:
            items, times = (np.array(column) for column in zip(*timed, strict=True))
            warn_of_odd_times(self.memory.newcomers, items, times)

    def _to_compare_with(self, happened: list[Occurrence]) -> Negatives | None:
        """What negatives are drawn from after these events; None for all items, as when none is there."""
        now = self.histories.moments(one.time for one in happened)[-1]
        newcomers, n_items = self.memory.newcomers, len(self.network.items)
        listed = newcomers.listed_by(self.ranker.moment(now))
        there = None if listed is None else Negatives(listed, newcomers.n_listed, n_items)
        return there or None

    def _step(
        self, new: Examples, mark: Mark, adapted: Factors, among: Negatives | None
    ) -> tuple[np.ndarray, np.ndarray]:
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
            among=among,
        )
        self.buffer.note_losses(slots, losses[len(new) :], mark.buffer)
        return losses, slots

    def _test(self, feedback: Feedback, reward: float) -> tuple[int | None, bool]:
        """The prequential test: where the item stood in the list that was shown."""
        if feedback.shown is None or reward <= 0:
            return None, False
        rank = feedback.shown.index(feedback.item) + 1 if feedback.item in feedback.shown else None
        hit = rank is not None and rank <= self.drift.top_k
        return rank, self.drift.update(hit, self.n_events)
