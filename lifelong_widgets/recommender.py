"""The engine's one face."""

from __future__ import annotations

import inspect
import os
import time as time_of_day
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lifelong_widgets.compression import CompressedRecommender, Methods, compress
from lifelong_widgets.data import Feedback, Id, Interactions
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.feedback import feedback_of
from lifelong_widgets.data.frames import Time
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.engine import Applied
from lifelong_widgets.errors import DataError, DataWarning, closest, warn
from lifelong_widgets.explainable import ExplainableEngine
from lifelong_widgets.explanation import reasons as reasons_of
from lifelong_widgets.learning import FitReport
from lifelong_widgets.models import one_thread
from lifelong_widgets.parts import Part
from lifelong_widgets.privacy import PersonalData, personal_data
from lifelong_widgets.progress import ProgressCallback, Stop, check_progress, held_interrupts, track
from lifelong_widgets.recommendations import Recommendations, check_flags, check_k, check_now
from lifelong_widgets.updates import LearnReport, Update


class Recommender(ExplainableEngine):
    """A deep recommender that keeps learning: `fit` a log, `recommend`, then `learn_one` from every click.

    Unknown people and items are no errors but cold starts: a new person is placed by their history (or by
    what everybody takes), a new item by its content. Only an item that is not in the catalogue is refused:
    `catalog.add` it first. All randomness comes from `seed`: the same calls give the same bits.

    `Recommender.open` makes one that is written down as it learns; `load` reads a file that `save` wrote.

    One thread at a time may use a recommender.

    Args:
        catalog: the items; it may grow at any time.
        kinds: what each kind of feedback is worth.
        seed: of everything random.
        graph: who follows whom, for ``person_features`` that look at it; copied. See `follow`.
        **hyperparameters: of any part, such as ``embedding_dim=32`` or ``replay_ratio=7``; `parts` holds
            the parts, and `lifelong_widgets.settings()` lists them with bounds and help.

    Raises:
        DataError: a hyperparameter that no part has, a seed that is none, or something else than a catalogue
            or a graph.
        SettingError: one that is out of bounds, or not among its choices.

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

    def fit(
        self, interactions: Interactions, progress: bool | ProgressCallback = True, **other: object
    ) -> FitReport:
        """Learn a log from the start, in shuffled epochs with early stopping.

        What was learned before is replaced, as scikit-learn's `fit` does; use `learn_many` to go on. Ctrl-C
        (or `Stop` from the progress callback) ends its epochs cleanly, with the best so far. Before them and
        after them the fast memory lives through the log, which cannot be done by halves: there, the same
        raises KeyboardInterrupt, and everything is as it was. A journal takes the log in once it is fitted.

        Args:
            interactions: the log, in time order.
            progress: draw a bar, be silent, or call this.
            **other: nothing else; a hyperparameter is told where it belongs.

        Raises:
            UnknownItemError: the log has an item that the catalogue does not hold; nothing was changed.
            DataError: the log is empty or worth nothing, or has kinds that are unknown here or mean something
                else; nothing was changed.
            KeyboardInterrupt: it was broken off outside its epochs; nothing was changed.

        Warns:
            DataWarning: it had learned events one by one, and the log does not hold the last of them.
        """
        start = time_of_day.perf_counter()
        if other:
            raise DataError(self._not_of_a_fit(next(iter(other))))
        check_progress(progress)
        self._refuse_if_frozen("fit")
        _refuse_unless_log(interactions, "fit")
        if not len(interactions):
            raise DataError("the log has no events to fit; learn_one needs no fit before it")
        log = self._log_as_known(interactions)
        self._warn_of_what_is_lost(log)
        report = self._record_fit(log, progress)
        return replace(report, seconds=time_of_day.perf_counter() - start)

    @one_thread()
    def recommend(
        self,
        user: Id,
        k: int = 10,
        exclude_seen: bool = True,
        reasons: bool = True,
        now: Time | None = None,
    ) -> Recommendations:
        """The best `k` items for a person, best first. Changes nothing and allocates no row.

        Args:
            user: anybody; a person who was never seen gets a cold start.
            k: how many, at least 1; fewer come back if the catalogue has no more.
            exclude_seen: leave out what the person has consumed.
            reasons: say why each item is there (costs one more, short pass of the network).
            now: the moment of the list, as the times of a log (epoch seconds, a datetime or an ISO 8601
                string; UTC unless it names a zone): what is `released` later is not in it, and all is as old
                as it is then. Without it, the latest time that events had; so where events come live, give
                ``time.time()`` here, and as their `time` to `learn_one`.

        Raises:
            DataError: `k` is not a whole number of at least 1, `user` is not an id, `now` is not a time, or
                `exclude_seen` or `reasons` is neither True nor False.
        """
        k, now, user = check_k(k), check_now(now), as_id(user, "user")
        check_flags(exclude_seen=exclude_seen, reasons=reasons)
        self._sync_with_catalog()
        self._warn_of_unread()
        person = self.people.index_of(self.known_as(user))
        if not len(self.catalog):
            return Recommendations(user, (), (), self.catalog)
        indices, best = self.ranker.best(person, k, exclude_seen, now)
        why = None
        if reasons:
            why = reasons_of(
                self.network,
                self.memory,
                self.ranker,
                self.histories,
                person,
                indices,
                self.catalog,
                tuple(self._kinds),
                now,
            )
        return Recommendations.of(user, indices, best, self.catalog, why)

    def learn_one(
        self,
        feedback: Feedback | None = None,
        /,
        *more: object,
        user: Id | None = None,
        item: Id | None = None,
        kind: str = "click",
        time: Time | None = None,
        value: float | None = None,
        shown: Sequence[Id] | None = None,
        id: str | None = None,
    ) -> Update:
        """Learn one event at once: one small step on it and `replay_ratio` replayed ones.

        Takes a `Feedback`, or its fields by name. The cost does not grow with the history or the people, nor
        with the items if the person was just given a list of that moment. The fast memory reads the `time`
        (epoch seconds, a datetime or an ISO 8601 string, as in a log); an event without one happens when the
        latest so far did, and so does one whose `time` lies more than a month away, until the next confirms
        it (`models.clock`). The `value` is recorded only. With `shown`, the list that was on screen, best
        first, the event also tests that list, which the drift monitor watches.

        With a journal the event is written down before it is learned, and durable when this returns. One
        whose `id` is in the journal already, such as a request that was sent twice, is not learned again.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, or an id, time or value that cannot be used.
            DivergenceError: the loss was not finite.
            LifelongWidgetsError: the journal could not be written.

        After an error the model, the buffer, the histories and the journal are as they were.
        """
        start = time_of_day.perf_counter()
        event = feedback_of("learn_one", feedback, more, user, item, kind, time, value, shown, id)
        return self._take(event, not self.frozen, start)

    def observe(
        self,
        feedback: Feedback | None = None,
        /,
        *more: object,
        user: Id | None = None,
        item: Id | None = None,
        kind: str = "click",
        time: Time | None = None,
        value: float | None = None,
        shown: Sequence[Id] | None = None,
        id: str | None = None,
    ) -> Update:
        """Take an event into the person's history without learning from it; given as to `learn_one`.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, or an id, time or value that cannot be used.
            LifelongWidgetsError: the journal could not be written.

        >>> from lifelong_widgets.data import Catalog
        >>> rec = Recommender(Catalog.from_records([{"item": 1}, {"item": 2}]), embedding_dim=8)
        >>> rec.observe(user="ada", item=2, kind="like").loss
        nan
        """
        start = time_of_day.perf_counter()
        event = feedback_of("observe", feedback, more, user, item, kind, time, value, shown, id)
        return self._take(event, False, start)

    def learn_many(
        self,
        interactions: Interactions,
        batch_size: int = 32,
        progress: bool | ProgressCallback = True,
    ) -> LearnReport:
        """Learn a log in time order, in mini-batches: each with `replay_ratio` replayed events per new one.

        Faster than `learn_one` in a loop, and coarser: within a batch the model stands still. Ctrl-C (or
        `Stop`) ends it cleanly between two batches; a batch that fails leaves what it found. With a journal
        each batch is written down before it is learned.

        Raises:
            UnknownItemError: the log has an item that the catalogue does not hold; nothing was learned.
            DataError: `batch_size` is less than 1, or the log has user ids or kinds that do not go with those
                known; nothing was learned.
        """
        check_progress(progress)
        self._refuse_if_frozen("learn_many")
        _refuse_unless_log(interactions, "learn_many")
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise DataError(f"batch_size is {batch_size!r}; it must be a whole number of at least 1")
        start = time_of_day.perf_counter()
        log = self._log_as_known(interactions)
        self._checked(log)
        self._warn_of_unread()
        losses, weights, n_learned, interrupted, call = [], [], 0, False, None
        try:
            with held_interrupts() as interrupt, track(len(log), "learn", progress) as report:
                for begin in range(0, len(log), int(batch_size)):
                    if interrupt.is_set():
                        raise Stop
                    batch = list(log[begin : begin + int(batch_size)])
                    loss, call = self._record_batch(batch, call, int(batch_size))
                    n_learned += len(batch)
                    if not np.isnan(loss):
                        losses.append(loss)
                        weights.append(len(batch))
                    report.update(len(batch), loss=loss)
        except Stop:
            interrupted = True
        mean = float(np.average(losses, weights=weights)) if losses else float("nan")
        return LearnReport(n_learned, mean, time_of_day.perf_counter() - start, interrupted)

    def item_event_counts(self) -> dict[Id, int]:
        """How many events that speak for it each item has had, in all that was learned; others are left out.

        `evaluation.prequential` reads here which items are cold.

        >>> import lifelong_widgets as lw
        >>> rec = lw.Recommender(lw.Catalog.from_records([{"item": "fog"}, {"item": "tide"}]))
        >>> _ = rec.learn_one(user="ada", item="tide", kind="like")
        >>> rec.item_event_counts()
        {'tide': 1}
        """
        counts = self.memory.popularity.event_counts
        return {self.catalog.ids[row]: int(counts[row]) for row in np.flatnonzero(counts).tolist()}

    def remembers(self, event: Feedback) -> bool:
        """Whether this event, of this person, item and time, is among the last ones of the person's history.

        `evaluation.prequential` asks whether the stream that it is to test with was learned before.

        Raises:
            DataError: the user is known by an id of the other type.

        >>> import lifelong_widgets as lw
        >>> rec = lw.Recommender(lw.Catalog.from_records([{"item": "fog"}, {"item": "tide"}]))
        >>> event = lw.Feedback("ada", "tide", time=60.0)
        >>> rec.remembers(event), rec.learn_one(event).n_events, rec.remembers(event)
        (False, 1, True)
        """
        person = self.people.index_of(self.known_as(event.user))
        if person is None or event.item not in self.catalog:
            return False
        items, times = self.histories.items_of(person), self.histories.times_of(person)
        same = (items == self.catalog.index_of(event.item)) & (times == event.time)
        return bool((same & (self.histories.rewards_of(person) != 0.0)).any())

    def modality_weights(self) -> dict[str, float]:
        """What each modality of the content counts in the network; 1 each unless ``fusion="gated"``.

        >>> import lifelong_widgets as lw
        >>> lw.Recommender(lw.Catalog.from_records([{"item": 1, "title": "Fog"}])).modality_weights()
        {'text': 1.0}
        """
        return self.network.content.weights()

    def frozen_twin(self) -> Recommender:
        """The same model as it is now, which learns no more.

        It shares the catalogue. Its `learn_one` only extends the histories, so that its lists still follow
        what a person did: what it shows is what *learning* is worth, not what reading the history is worth.
        It has no journal.
        """
        twin = self.from_saved(
            self.catalog, self.kinds, self.seed, True, self.settings(), self.features, self.get_state(),
            self.graph.get_state(),
        )  # fmt: skip
        twin._name_of = self._name_of
        return twin

    @one_thread()
    def compress(
        self,
        methods: Methods = "int8",
        held_out: Interactions | None = None,
        progress: bool | ProgressCallback = True,
    ) -> CompressedRecommender:
        """A smaller copy for serving, with a report of what it costs. It can `follow` this recommender.

        Args:
            methods: one, or several in a list that decide different things: ``"int8"`` (the default) or
                ``"int4"`` say how many bits a number has, ``"neighbors:64"``, ``"low_rank:64"``,
                ``"prune:0.25"``, ``"pq:16"``, ``"hashed:64"``, ``"neurons:0.5"`` and ``"distill:32"`` leave
                fewer numbers; ``"tune:200"`` beside ``low_rank``, ``prune`` or ``neighbors`` teaches what is
                left. See `lifelong_widgets.compression.METHODS`.
            held_out: recent events that were *not* learned, in time order, on which the report measures how
                much of nDCG and HR is kept. Without them it compares lists only.
            progress: draw a bar while ``tune`` or ``distill`` teach and while the copy is measured, be
                silent, or call this. Ctrl-C, or `Stop` from the callback, ends the teaching: the copy is made
                of what was learned until then, and its `report.interrupted` is True. It is measured whole.

        Raises:
            DataError: an unknown method, two that decide the same thing, one that this model cannot take, a
                log without an event that speaks for its item; or there are no items.
            PrivacyError: learning is private, and a method is fitted to what people did (``tune``,
                ``distill``, ``neurons``).

        Warns:
            DataWarning: some of `held_out` was learned already.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> rec = Recommender(Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3]})), embedding_dim=8)
            >>> rec.compress(["neighbors:32", "int4"]).report.method
            'neighbors:32 + int4'
        """
        check_progress(progress)
        self._sync_with_catalog()
        return compress(self, methods, held_out, progress)

    def held_about(self, user: Id) -> PersonalData:
        """All that is held about a person, which `PersonalData.save` writes as JSON. Changes nothing.

        Their events in the journal, their history, the examples that are learned again, what was counted or
        learned of them alone. With a pseudonymous journal, ask by their own id. What the network has learned
        from them together with others is nobody's alone, and so is not in it; `forget` takes it out.

        The right of access and to data portability: articles 15 and 20 of the GDPR.

        Raises:
            DataError: `user` is not an id.

        Example:
            >>> from lifelong_widgets.data import Catalog
            >>> rec = Recommender(Catalog.from_records([{"item": 1}, {"item": 2}]), embedding_dim=8)
            >>> _ = rec.learn_one(user="ada", item=2, kind="like", time=60.0)
            >>> rec.held_about("ada")["history"]
            [{'item': 2, 'kind': 'like', 'reward': 1.0, 'time': 60.0,
              'time_utc': '1970-01-01T00:01:00+00:00'}]
            >>> rec.held_about("bob")
            <PersonalData: nothing is held about 'bob'>
        """
        return personal_data(self, user)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into one file: safetensors and JSON, never a pickle.

        The loaded recommender continues bit for bit. The file is written aside and then renamed, so that an
        earlier one is not lost if writing fails. It is a copy: a journal goes on without it.
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

        return load(cls, path)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse what would change nothing: a hyperparameter, which is a part's, and what there is not.

        And what it was made with, to which all that it has learned belongs.

        A class made of this one may have attributes of its own.
        """
        if name in _MADE_WITH and name in self.__dict__:
            raise AttributeError(f"{name} is what this recommender was made with: {_MADE_WITH[name]}")
        known_here = name in self.__dict__ or name.startswith("_") or hasattr(type(self), name)
        if not known_here and name not in _ATTRIBUTES:
            parts: dict[str, Part] = self.__dict__.get("parts", {})
            known = {setting: part for part, made in parts.items() for setting in made.settings()}
            if name in known:
                part = known[name]
                live = part == "trainer" or name in parts[part].traits(live=True)
                right = (
                    f"rec.{part}.{name} = …" if live else f"a new one has it, Recommender(catalog, {name}=…)"
                )
                raise AttributeError(f"{name} is a hyperparameter of a part: {right}")
            if type(self) is Recommender:
                hint = closest(name, [*_ATTRIBUTES, *known])
                raise AttributeError(f"a Recommender has no {brief(name)} that could be set{hint}")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        frozen = "frozen, " if self.frozen else ""
        where = "" if self.journal is None else f", in {self.journal.folder.name}"
        when = "" if self._moment is None else f", as of entry {self._moment}, read-only"
        return (
            f"<Recommender: {frozen}{len(self.catalog)} items, {len(self.users)} people, "
            f"{self.n_events} events learned{where}{when}>"
        )

    # ------------------------------------------------------------------------------------------ in here

    def _take(self, feedback: Feedback, learning: bool, start: float) -> Update:
        self._refuse_if_read_only("learn")
        known, kind_of = self._as_known(feedback), self._kinds[feedback.kind]
        nothing = np.zeros(0, dtype=np.int64)
        journal, id = self.journal, feedback.id
        repeated = id is not None and journal is not None and journal.has_event(id)
        if repeated:
            applied, event_id = Applied(float("nan"), nothing, None, False, learned=False), None
        else:
            self._warn_of_unread()
            applied, event_id = self._record_event(known, learning)
        return Update(
            self.n_events,
            feedback.user,
            feedback.item,
            feedback.kind,
            kind_of.reward,
            applied.loss,
            applied.rank,
            tuple(applied.replayed.tolist()),
            applied.alarm,
            time_of_day.perf_counter() - start,
            event_id,
            repeated,
            applied.td_error,
            applied.learned,
        )

    def _not_of_a_fit(self, name: str) -> str:
        """What to say of an argument that `fit` does not take."""
        if name not in self.settings():
            return f"fit takes a log and progress, and no {brief(name)}"
        part = next(part for part, made in self.parts.items() if name in made.settings())
        later = f", or rec.{part}.{name} = … before the fit" if part == "trainer" else ""
        return f"{name} is a hyperparameter, which fit does not take: Recommender(catalog, {name}=…){later}"

    def _warn_of_what_is_lost(self, log: Interactions) -> None:
        """Clicks are worth more than a repeated fit of the same log, and easily lost by one."""
        last = self._latest_event()
        if last is None and (not self.n_events or (self.n_fits and self.n_events <= len(log))):
            return
        if last is not None and last.user in log.users and last.item in log.items:
            person, item = log.users.index(last.user), log.items.index(last.item)
            same = (log.user_codes == person) & (log.item_codes == item)
            if (same if last.time is None else same & (log.times == last.time)).any():
                return
        if not self._checked(log)[1].any():  # refused in a moment
            return
        such = "" if last is None else f", such as the last one, a {brief(last.kind)} of {brief(last.item)}"
        warn(
            "fit makes the model anew from this log alone: what it has learned before is lost, and with it "
            f"events that the log does not hold{such}. learn_many(log) goes on instead; to fit them too, put "
            "them into the log",
            DataWarning,
        )

    def _refuse_if_frozen(self, verb: str) -> None:
        self._refuse_if_read_only(verb)
        if self.frozen:
            raise DataError(f"a frozen twin does not {verb}; call it on the live recommender")


_MADE_WITH = {
    "catalog": "rec.catalog.add(…) adds items, Recommender(catalog) makes another one",
    "seed": "Recommender(catalog, seed=…) makes another one",
}
_ATTRIBUTES = frozenset(
    name
    for kind in Recommender.__mro__
    for name in (*vars(kind), *inspect.get_annotations(kind))
    if not name.startswith("_")
)


def _refuse_unless_log(given: object, verb: str) -> None:
    if not isinstance(given, Interactions):
        hint = f"Interactions.from_csv({brief(given)}, user=…, item=…, time=…) reads a file"
        if not isinstance(given, (str, os.PathLike)):
            hint = "Interactions.from_pandas(frame, …) makes them of a DataFrame, "
            hint += "Interactions.from_csv(path, …) of a file, Interactions.from_events(…) of single events"
        raise DataError(f"{verb} takes Interactions, not a {type(given).__name__}; {hint}")
