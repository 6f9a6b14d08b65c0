"""The engine's one face."""

from __future__ import annotations

import os
import time as time_of_day
from collections.abc import Sequence
from weakref import ref

import numpy as np

from lifelong_widgets.compression import CompressedRecommender, Methods, compress
from lifelong_widgets.data import Feedback, Id, Interactions
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.frames import Time, moment
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.durable import DurableEngine
from lifelong_widgets.engine import Applied
from lifelong_widgets.errors import DataError, PrivacyError, UnknownItemError
from lifelong_widgets.explanation import (
    Changes,
    Counterfactual,
    Explainer,
    Explanation,
    Lessons,
    ListExplanation,
)
from lifelong_widgets.explanation import reasons as reasons_of
from lifelong_widgets.learning import FitReport
from lifelong_widgets.models import one_thread
from lifelong_widgets.privacy import PersonalData, personal_data
from lifelong_widgets.progress import ProgressCallback, Stop, held_interrupts, track
from lifelong_widgets.recommendations import Recommendations, check_k, check_now
from lifelong_widgets.updates import LearnReport, Update
from lifelong_widgets.value import ItemValue, ItemValues


class Recommender(DurableEngine):
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

    def fit(self, interactions: Interactions, progress: bool | ProgressCallback = True) -> FitReport:
        """Learn a log from the start, in shuffled epochs with early stopping.

        What was learned before is replaced, as scikit-learn's `fit` does; use `learn_many` to go on. Ctrl-C
        (or `Stop` from the progress callback) ends its epochs cleanly, with the best so far. Before them and
        after them the fast memory lives through the log, which cannot be done by halves: there, the same
        raises KeyboardInterrupt, and everything is as it was. A journal takes the log in once it is fitted.

        Args:
            interactions: the log, in time order.
            progress: draw a bar, be silent, or call this.

        Raises:
            UnknownItemError: the log has an item that the catalogue does not hold; nothing was changed.
            DataError: the log is empty or worth nothing, or has kinds that are unknown here or mean something
                else; nothing was changed.
            KeyboardInterrupt: it was broken off outside its epochs; nothing was changed.
        """
        self._refuse_if_frozen("fit")
        _refuse_unless_log(interactions, "fit")
        if not len(interactions):
            raise DataError("the log has no events to fit; learn_one needs no fit before it")
        return self._record_fit(self._log_as_known(interactions), progress)

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
            DataError: `k` is not a whole number of at least 1, `user` is not an id, or `now` is not a time.
        """
        k, now, user = check_k(k), check_now(now), as_id(user, "user")
        self._sync_with_catalog()
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
        event = _event("learn_one", feedback, more, user, item, kind, time, value, shown, id)
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
        event = _event("observe", feedback, more, user, item, kind, time, value, shown, id)
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
        self._refuse_if_frozen("learn_many")
        _refuse_unless_log(interactions, "learn_many")
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise DataError(f"batch_size is {batch_size!r}; it must be a whole number of at least 1")
        start = time_of_day.perf_counter()
        log = self._log_as_known(interactions)
        self._checked(log)
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

    @one_thread()
    def explain(self, user: Id, item: Id, now: Time | None = None) -> Explanation:
        """Why an item has the score that it has for a person: amounts that add up to it.

        What the two memories add, and by that each past event and each feature of the item. Nothing changes.

        Args:
            user: anybody; who was never seen has no events.
            item: any, also one that is not in their list.
            now: the moment of the list, as in `recommend`.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: `user` is not an id, or `now` is not a time.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> rec = Recommender(shelf, embedding_dim=8)
            >>> _ = [rec.learn_one(user=user, item=item, kind="like") for user in "ab" for item in (2, 3)]
            >>> _ = rec.learn_one(user="ada", item=2, kind="like")
            >>> why = rec.explain("ada", 3)
            >>> abs(sum(why.parts.values()) - why.score) < 1e-5, [event.title for event in why.events]
            (True, ['Bee'])
        """
        now = check_now(now)
        self._sync_with_catalog()
        person, target = self._asked_about(user, item)
        return self._explainer().explain(user, person, target, now)

    @one_thread()
    def explain_list(self, user: Id, k: int = 10, now: Time | None = None) -> ListExplanation:
        """What the scores of a whole list are made of; and what `what_changed` needs to know what was.

        Args:
            user: whose list.
            k: how long it is.
            now: the moment of the list, as in `recommend`.

        Raises:
            DataError: `k` is not a whole number of at least 1, `user` is not an id, or `now` is not a time.
        """
        k, now = check_k(k), check_now(now)
        self._sync_with_catalog()
        return self._explainer().explain_list(user, self.people.index_of(self.known_as(user)), k, now)

    @one_thread()
    def what_changed(self, before: ListExplanation, now: Time | None = None) -> Changes:
        """What has moved a person's list since: by how much, and which part of the score moved each item.

        Whatever was learned between, theirs or others', counts, and so does the time that has gone by. It
        costs nothing unless it is asked for.

        Args:
            before: what `explain_list` gave.
            now: the moment of the list that it is compared with, as in `recommend`.

        Raises:
            DataError: `before` is something else, or of another recommender (such as a twin, or one that was
                loaded), or `now` is not a time.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> rec = Recommender(shelf, embedding_dim=8)
            >>> before = rec.explain_list("ada")
            >>> _ = rec.learn_one(user="ada", item=before[0].item, kind="like")
            >>> [change.after for change in rec.what_changed(before)]
            [1, 2, None]
        """
        if not isinstance(before, ListExplanation):
            raise DataError(f"what_changed takes what explain_list gave, not a {type(before).__name__}")
        if before.owner is None or before.owner() is not self:
            raise DataError(
                f"this list of {brief(before.user)} was explained by another recommender, whose scores are "
                "others; what_changed compares with what explain_list of the same one gave"
            )
        now = check_now(now)
        self._sync_with_catalog()
        return self._explainer().what_changed(before, self.people.index_of(self.known_as(before.user)), now)

    @one_thread()
    def counterfactual(self, user: Id, item: Id, k: int = 10, now: Time | None = None) -> Counterfactual:
        """The fewest of a person's past events without which an item would not be in their list.

        They are found by leaving events out of the past and making the list again; see `Counterfactual` for
        what that means. At most a thousand lists are made; Ctrl-C ends the search with what it has found.

        Args:
            user: whose list.
            item: which is in it.
            k: how long it is.
            now: the moment of the list, as in `recommend`.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: it is not in ``recommend(user, k, now=now)``, or `k`, `user` or `now` are none.
        """
        k, now = check_k(k), check_now(now)
        self._sync_with_catalog()
        person, target = self._asked_about(user, item)
        return self._explainer().counterfactual(user, person, target, k, now)

    @one_thread()
    def influence(self, user: Id, item: Id, n: int = 5) -> Lessons:
        """Which events of the replay buffer teach the network to recommend an item to a person, or not to.

        At most 2,000 events are looked at, evenly spaced; Ctrl-C ends it with those so far. It is of the
        network only, and says what a step on each event would do *now*, as the optimizer takes it, and not
        what each has taught so far; see `Lessons`.

        Args:
            user: anybody.
            item: which.
            n: how many of either.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: `n` is not a whole number of at least 1, or `user` is not an id.
            PrivacyError: learning is private: what others did is not to be seen.
        """
        if self.privacy.on:
            raise PrivacyError("influence shows single events of others, which private learning hides")
        self._sync_with_catalog()
        person, target = self._asked_about(user, item)
        return self._explainer().influence(user, person, target, check_k(n, "n"), self.buffer, self.updater)

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

    def modality_weights(self) -> dict[str, float]:
        """What each modality of the content counts in the network; 1 each unless ``fusion="gated"``.

        >>> import lifelong_widgets as lw
        >>> lw.Recommender(lw.Catalog.from_records([{"item": 1, "title": "Fog"}])).modality_weights()
        {'text': 1.0}
        """
        return self.network.content.weights()

    @one_thread()
    def values(
        self,
        user: Id,
        items: int | Sequence[Id] = 10,
        exclude_seen: bool = True,
        now: Time | None = None,
    ) -> ItemValues:
        """What the places in a list are made of: the chance of each item, its value, and how sure that is.

        Args:
            user: anybody.
            items: so many of the best, or these items by their ids, best first in any case.
            exclude_seen: leave out what the person has consumed, where the best are asked for.
            now: the moment of the list, as in `recommend`.

        Raises:
            DataError: there is no `discount`, so that there are no values; `items` are not such, or `now` is
                not a time.
            UnknownItemError: an item is not in the catalogue.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> rec = Recommender(shelf, embedding_dim=8, discount=0.9)
            >>> _ = [rec.learn_one(user="ada", item=item, kind="like") for item in (2, 1)]
            >>> listed = rec.recommend("ada", k=3, exclude_seen=False)
            >>> tuple(row.item for row in rec.values("ada", [1, 2, 3])) == listed.items
            True
        """
        if not self.value.on:
            raise DataError(
                "there are no values without a discount: make the recommender with one, such as "
                "Recommender(catalog, discount=0.9)"
            )
        now = check_now(now)
        self._sync_with_catalog()
        person = self.people.index_of(self.known_as(user))
        if isinstance(items, (str, bytes)):
            raise DataError(f"items is how many, or a sequence of ids, not {items!r:.80}")
        if isinstance(items, Sequence):
            chosen = np.array([self.index_of(item) for item in items], dtype=np.int64)
            if len(np.unique(chosen)) != len(chosen):
                raise DataError("an item is there twice")
        else:
            chosen = self.ranker.best(person, check_k(items, "items"), exclude_seen, now)[0]
        look = self.ranker.look(person, now)
        chances = self.ranker.click_chances(person, chosen, now)
        worth, gained = np.full(len(chosen), np.nan), np.full(len(chosen), np.nan)
        if look.values is not None:
            worth = look.values[chosen].astype(np.float64)
            gained = worth - self.value.substitution * max(look.state_value, 0.0)
        errors, rows = self.value.td_errors(chosen), []
        order = range(len(chosen))  # as in the list
        if isinstance(items, Sequence):
            scores = [self.ranker.score_of(person, item, now) for item in chosen.tolist()]
            order = np.argsort(-np.array(scores), kind="stable").tolist()
        for place in order:
            item = self.catalog[self.catalog.ids[chosen[place]]]
            numbers = (float(column[place]) for column in (chances, worth, chances * gained, errors))
            rows.append(ItemValue(item.id, item.title, *numbers))
        value = self.value
        return ItemValues(user, rows, look.state_value, value.discount, value.substitution, value.td_error)

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
            progress: draw a bar while ``tune`` or ``distill`` teach, be silent, or call this. Ctrl-C, or
                `Stop` from the callback, ends the teaching: the copy is made of what was learned until then,
                and its `report.interrupted` is True.

        Raises:
            DataError: an unknown method, two that decide the same thing, one that this model cannot take, a
                log without an event that speaks for its item; or there are no items.
            PrivacyError: learning is private, and a method is fitted to what people did (``tune``,
                ``distill``, ``neurons``).

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> rec = Recommender(Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3]})), embedding_dim=8)
            >>> rec.compress(["neighbors:32", "int4"]).report.method
            'neighbors:32 + int4'
        """
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
            [{'item': 2, 'kind': 'like', 'reward': 1.0, 'time': 60.0}]
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

    def __repr__(self) -> str:
        frozen = "frozen, " if self.frozen else ""
        where = "" if self.journal is None else f", in {self.journal.folder.name}"
        when = "" if self._moment is None else f", as of entry {self._moment}, read-only"
        return (
            f"<Recommender: {frozen}{len(self.catalog)} items, {len(self.users)} people, "
            f"{self.n_events} events learned{where}{when}>"
        )

    # ------------------------------------------------------------------------------------------ in here

    def _asked_about(self, user: Id, item: Id) -> tuple[int | None, int]:
        """The index of a person, None if they are new, and the row of an item."""
        person = self.people.index_of(self.known_as(user))
        if item not in self.catalog and user in self.catalog and self.known_as(item) in self.users:
            raise UnknownItemError(
                f"there is no item {brief(item)}, but a person of that id, and {brief(user)} is an item: "
                "first the person, then the item"
            )
        return person, self.index_of(item)

    def _explainer(self) -> Explainer:
        return Explainer(
            self.network,
            self.ranker,
            self.histories,
            self.features,
            self.catalog,
            tuple(self._kinds),
            ref(self),
        )

    def _take(self, feedback: Feedback, learning: bool, start: float) -> Update:
        self._refuse_if_read_only("learn")
        known, kind_of = self._as_known(feedback), self._kinds[feedback.kind]
        nothing = np.zeros(0, dtype=np.int64)
        journal, id = self.journal, feedback.id
        repeated = id is not None and journal is not None and journal.has_event(id)
        if repeated:
            applied, event_id = Applied(float("nan"), nothing, None, False, learned=False), None
        else:
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

    def _refuse_if_frozen(self, verb: str) -> None:
        self._refuse_if_read_only(verb)
        if self.frozen:
            raise DataError(f"a frozen twin does not {verb}; call it on the live recommender")


def _event(
    verb: str,
    feedback: object,
    more: tuple[object, ...],
    user: Id | None,
    item: Id | None,
    kind: str,
    time: Time | None,
    value: float | None,
    shown: Sequence[Id] | None,
    id: str | None,
) -> Feedback:
    """The event that `verb` was given: a `Feedback`, or its fields."""
    if more:
        raise DataError(
            f"{verb} takes one Feedback, or its fields by name: rec.{verb}(user=…, item=…, kind='like')"
        )
    if feedback is None:
        return Feedback(
            user=as_id(user, "user"),
            item=as_id(item, "item"),
            kind=kind,
            time=time if time is None or isinstance(time, (int, float)) else moment(time),
            value=value,
            shown=shown,  # type: ignore[arg-type]  # any sequence of ids; Feedback checks and keeps a tuple
            id=id,
        )
    if user is not None or item is not None:
        raise DataError(f"{verb} takes a Feedback or its fields by name, not both")
    if not isinstance(feedback, Feedback):
        given = type(feedback).__name__
        raise DataError(f"{verb} takes a Feedback, or user=…, item=…, kind=… by name, not a {given}")
    return feedback


def _refuse_unless_log(given: object, verb: str) -> None:
    if not isinstance(given, Interactions):
        hint = f"Interactions.from_csv({brief(given)}, user=…, item=…, time=…) reads a file"
        if not isinstance(given, (str, os.PathLike)):
            hint = "Interactions.from_pandas(frame, …) makes them of a DataFrame, "
            hint += "Interactions.from_csv(path, …) of a file, Interactions.from_events(…) of single events"
        raise DataError(f"{verb} takes Interactions, not a {type(given).__name__}; {hint}")
