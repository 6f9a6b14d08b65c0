"""The fit: an engine starts anew from a log."""

from __future__ import annotations

import threading
from contextlib import suppress

import numpy as np

from lifelong_widgets.assembly import Assembly
from lifelong_widgets.data import Interactions
from lifelong_widgets.data.feedback import check_same_kinds
from lifelong_widgets.learning import FitReport, LogExamples
from lifelong_widgets.memory import Occurrence, Occurrences, Replayed, warn_of_odd_times
from lifelong_widgets.memory.scores import best_places
from lifelong_widgets.models import Histories
from lifelong_widgets.privacy import private_fit
from lifelong_widgets.progress import ProgressCallback, Stop, report_or_give_up, track
from lifelong_widgets.value import SLATE_SIZE, slate_of
from lifelong_widgets.value.taken import awaiting, with_taken

_VALUED = 32  # events that the values learn from at once in a fit
_REMEMBERED = 256  # events that are lived through between two looks at the progress of a fit
_UNSTUDIED = 0.25  # the share of a fit from which the gate learns nothing: its members know too little yet
_STUDIED = 50_000  # as many events before what is held out the gate learns from at most


class Fitting(Assembly):
    """An assembly that can live through a log: the fast memory, the network and the values, in this order."""

    def _fit(
        self,
        interactions: Interactions,
        items: np.ndarray,
        rewards: np.ndarray,
        interrupt: threading.Event,
        progress: bool | ProgressCallback,
        max_epochs: int | None,
    ) -> FitReport:
        warn_of_odd_times(self.memory.newcomers, items, interactions.times)
        people = np.array([self.users.add(user) for user in interactions.users], dtype=np.int64)
        users = people[interactions.user_codes]
        features = self._lived_through(interactions, interrupt)
        log = LogExamples(users, items, rewards, self.network.history_length, features)
        positions = np.flatnonzero(rewards)  # in the log, of each example
        occurrences = self._occurrences(users, items, rewards, interactions)
        past = Replayed(self.ranker, occurrences)

        # without the network up to what is held out; it comes first, since breaking off costs no epoch then
        end = self._end_of_training(rewards)
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
            past.study(end, self.rng, held_out.read)

        if self.privacy.on:
            epochs = self.trainer.epochs if max_epochs is None else min(max_epochs, self.trainer.epochs)
            report = private_fit(
                self.privacy, self.network, self.updater, log, users[positions], self.rng, epochs,
                self.trainer.fit_learning_rate, interrupt, progress,
            )  # fmt: skip
        else:
            report = self.trainer.fit(
                self.network, self.updater, log, self.rng, interrupt, progress, max_epochs, before_held_out
            )
        past.remember(len(interactions))  # what is worth nothing may come last
        for begin in range(0, len(log), _REMEMBERED):
            events = np.arange(begin, min(begin + _REMEMBERED, len(log)))
            examples = log[events]
            scored = self._scored(examples)
            self.buffer.add(examples, self.rng, users=users[positions[events]], scored=scored)
        if self.value.on:
            heard = None if report.interrupted else interrupt
            self._fit_values(occurrences, len(interactions), features, heard, progress)
        self.n_events, self._n_offered = len(interactions), len(self.network.items)
        return report

    def _lived_through(self, log: Interactions, interrupt: threading.Event) -> np.ndarray | None:
        """What the features of people were before each event of a log; after it they know all of it."""
        if not self.people.width:
            return None
        found = np.empty((len(log), self.people.width), dtype=np.float32)
        for begin in range(0, len(log), _REMEMBERED):
            part = log[begin : begin + _REMEMBERED]
            found[begin : begin + len(part)] = self.people.live_through(part)
            if interrupt.is_set():
                raise KeyboardInterrupt
        return found

    def _end_of_training(self, rewards: np.ndarray) -> int:
        """The place in a log, given what each event is worth, of the first example that is held out."""
        positions = np.flatnonzero(rewards)
        n_train = self.trainer.n_train(len(positions))
        return int(positions[n_train]) if n_train < len(positions) else len(rewards)

    def _checked(self, interactions: Interactions) -> tuple[np.ndarray, np.ndarray]:
        """The item index and the reward of each event, if all that the log names is known here."""
        check_same_kinds(interactions.kinds, interactions.kind_names, self._kinds)
        for user in interactions.users:
            self.people.index_of(user)  # raises for "196" where 196 is known
        self._sync_with_catalog()
        vocabulary = np.array([self.index_of(item) for item in interactions.items], dtype=np.int64)
        by_code = np.array([self._kinds[name].reward for name in interactions.kind_names], dtype=np.float32)
        return vocabulary[interactions.item_codes], by_code[interactions.kind_codes]

    def _occurrences(
        self, users: np.ndarray, items: np.ndarray, rewards: np.ndarray, log: Interactions
    ) -> Occurrences:
        code_of = {name: code for code, name in enumerate(self._kinds)}
        codes = np.array([code_of[name] for name in log.kind_names])[log.kind_codes]
        consumes = np.array([self._kinds[name].consumes for name in log.kind_names])[log.kind_codes]
        columns = (users, items, rewards, codes, consumes, log.times)

        def between(begin: int, end: int) -> list[Occurrence]:
            rows = zip(*(column[begin:end].tolist() for column in columns), strict=True)
            return [Occurrence(*row) for row in rows]

        return between

    def _fit_values(
        self,
        occurrences: Occurrences,
        n_events: int,
        features: np.ndarray | None,
        interrupt: threading.Event | None,
        progress: bool | ProgressCallback,
    ) -> None:
        """Let the values live through a log that was fitted; the lists are those of the network alone.

        A fit that was interrupted already hears no `interrupt` again.
        """
        histories = Histories(self.network.history_length)
        with track(n_events, "value", progress) as bar:
            for begin in range(0, n_events, _VALUED):
                batch = occurrences(begin, begin + _VALUED)
                known = None if features is None else features[begin : begin + _VALUED]
                taken = awaiting(histories, batch, known)
                rows = self.network.score_each(
                    np.stack([one.history_items for one in taken]),
                    np.stack([one.history_rewards for one in taken]),
                    known,
                )
                slates = []
                for one, scores in zip(batch, rows, strict=True):
                    open_to = scores.copy()
                    open_to[self.memory.newcomers.listed_after(self.ranker.moment(one.time))] = -np.inf
                    open_to[histories.consumed_by(one.person)] = -np.inf
                    best = best_places(open_to, min(SLATE_SIZE, int(np.isfinite(open_to).sum())))
                    items = with_taken(best[np.lexsort((best, -open_to[best]))], one.item)
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
