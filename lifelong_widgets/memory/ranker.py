"""Two memories behind one face: the network and the episodes, weighed by the gate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.memory.candidates import Candidates, Past, pause_before
from lifelong_widgets.memory.content import Content
from lifelong_widgets.memory.episodic import EpisodicMemory
from lifelong_widgets.memory.gate import Gate, Judged, Lesson
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.newcomers import Moment
from lifelong_widgets.memory.path_integral import Attributions
from lifelong_widgets.memory.scores import best_places, contains, union
from lifelong_widgets.models import Histories, HistoriesMark

Read = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32] | None]
"""What a network reads of n people: items and rewards, (n, history_length) each; their features, if any."""

NetworkScores = Callable[
    [NDArray[np.int64], NDArray[np.float32], NDArray[np.float32] | None], Iterator[NDArray[np.float32]]
]
"""The scores of every item, (n_items,), for each of some people; see `Network.score_each`."""

ItemValues = Callable[
    [NDArray[np.int64], NDArray[np.float32], NDArray[np.float32] | None], NDArray[np.float32] | None
]
"""What each item is worth in the long run to one person, (n_items,); None if that is not known."""

PeopleRows = Callable[[Sequence[int | None]], NDArray[np.float32] | None]
"""The features of people by their indices, as they are now, (n, person_dim); None if there are none."""

_LEAST_GAIN = 1e-3  # of the largest value: what gains less, or nothing, is ranked as if it gained this

_STUDIED = 8  # as many events of a batch the gate learns from: the others cost it nothing


class Occurrence(NamedTuple):
    """An event by indices and numbers, as `Histories.append` takes it."""

    person: int
    item: int
    reward: float
    kind: int
    consumes: bool
    time: float | None


Occurrences = Callable[[int, int], list[Occurrence]]
"""The events of a log from one place up to another, made when they are asked for: a log may be long."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to recommend to a person at one moment.

    Attributes:
        candidates: the items that are worth a look.
        judged: what the gate says of each of them.
        network_scores: of every item, (n_items,).
        values: of every item, (n_items,); None if there are none.
        gains: of every item, (n_items,): the logarithm of what its value adds to that of the list, which is
            added to its score; None without values.
        state_value: what the next click is worth, as the click model chooses; NaN without values.
        past: of the person, what they are made of.
    """

    candidates: Candidates
    judged: Judged
    network_scores: NDArray[np.float32]
    past: Past
    values: NDArray[np.float32] | None = None
    gains: NDArray[np.float32] | None = None
    state_value: float = float("nan")

    @property
    def scores(self) -> NDArray[np.float32]:
        """The gate's scores, one for each of the candidates."""
        return self.judged.scores


class Ranker:
    """Ranks items for people. Whoever changes anything that it reads calls `changed`.

    The gate's scores are log-odds of what is taken next. Where items have values Q, what counts is the chance
    of an item *times* what is gained by it, ``P(a | s) (Q(s, a) - x V(s))``: the logarithm of that is added.
    V is the mean of Q over what the click model would choose from the candidates, and x is how likely it is
    that who takes an item would have taken another one of the list otherwise, whose value is then lost.

    Source: a list of items with the log-odds v of a click is worth ``Σ v Q / (v_0 + Σ v)``, with v_0 for no
    click (E. Ie et al., "SlateQ", IJCAI 2019). The best k are those of the largest ``v (Q - λ)``, where λ is
    what the best list is worth (W. Dinkelbach, "On nonlinear fractional programming", Management Science
    1967): its chance of a click, x, times what a click on it is worth. With x = 0 these are SlateQ's top k.

    Args:
        network_scores: the slow memory.
        content: the content of items.
        memory: the fast one.
        gate: weighs them.
        histories: of the people.
        values: what items are worth, if that counts.
        substitution: x.
        people: what the network reads of people beside their histories.
    """

    def __init__(
        self,
        network_scores: NetworkScores,
        content: Content,
        memory: EpisodicMemory,
        gate: Gate,
        histories: Histories,
        values: ItemValues | None = None,
        substitution: float = 0.0,
        people: PeopleRows = lambda people: None,
    ) -> None:
        self._network_scores, self._content = network_scores, content
        self._values, self._substitution, self._people = values, substitution, people
        self._memory, self._gate, self._histories = memory, gate, histories
        self._looks: dict[tuple[int | None, float | None], Look] = {}

    def changed(self) -> None:
        """Something that was learned, or the histories or the items, have changed."""
        self._looks.clear()

    def look(self, person: int | None, now: float | None = None) -> Look:
        """What there is for a person, by their index; None or one beyond all for somebody unknown.

        The same look is given until something has changed: a click is learned from what the list was made of.

        Args:
            person: whose list it is.
            now: the moment that is asked about, in seconds; the clock of the log if nobody says so.
        """
        key = person if self._is_known(person) else None
        look = self._looks.get((key, now))
        if look is None:
            look = self._looked(key, self.past_of(key, now), self.read_of(key))
            if len(self._looks) >= 16:
                self._looks.clear()
            self._looks[key, now] = look
        return look

    def _is_known(self, person: int | None) -> bool:
        """Whether there is anything to read of a person: a history, or features of somebody without one."""
        if person is None or person < len(self._histories):
            return person is not None
        rows = self._people([person])
        return rows is not None and bool(rows.any())

    def look_without(self, person: int | None, events: Collection[int], now: float | None = None) -> Look:
        """What there would be for a person had they not done the events at these places of their `Past`.

        Those are taken out of the history that network and fast memory read, and the others close up. What
        was learned from them stays, and so do the features of the person; an item that they consumed counts
        as consumed.
        """
        past, (items, rewards, people) = self.past_of(person, now), self.read_of(person)
        kept = ~np.isin(np.arange(len(past.items)), list(events))
        stays = np.ones(rewards.shape[1], dtype=bool)
        stays[np.flatnonzero(rewards[0])] = kept
        items, rewards = (_closed_up(column, stays) for column in (items, rewards))
        past = Past(past.items[kept], past.rewards[kept], past.times[kept], past.consumed, past.moment)
        return self._looked(person, past, (items, rewards, people))

    def moment(self, now: float | None) -> Moment:
        """The moment that is asked about; see `look`."""
        return Moment(self._histories.clock, told=False) if now is None else Moment(now)

    def past_of(self, person: int | None, now: float | None = None) -> Past:
        """What a person did before a moment; see `look`."""
        histories = self._histories
        rewards = histories.rewards_of(person)
        events = np.flatnonzero(rewards)
        return Past(
            histories.items_of(person)[events],
            rewards[events],
            histories.times_of(person)[events],
            histories.consumed_by(person),
            self.moment(now),
        )

    def features_of(
        self,
        person: int | None,
        items: NDArray[np.int64],
        now: float | None = None,
        look: Look | None = None,
    ) -> NDArray[np.float32]:
        """What the gate is told about `items`, which need be no candidates: (n, len(FEATURES)).

        By default in the person's own `look` at the moment `now`.
        """
        look = self.look(person, now) if look is None else look
        among = contains(look.candidates.items, items)
        if among.all():
            return look.candidates.features[np.searchsorted(look.candidates.items, items)]
        everything = self._memory.describe(
            union(look.candidates.items, items),
            look.past,
            look.network_scores,
            self._content,
        )
        return everything.features[np.searchsorted(everything.items, items)]

    def terms(self, past: Past, items: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """What each liked item of a past adds to the scores of `items` by each member; one row each."""
        return self._memory.terms(past, items, self._content)

    def content_of(self, item: int) -> NDArray[np.float32]:
        """The content of an item, (content_dim,), as it is read now."""
        row: NDArray[np.float32] = self._content.of(np.array([item]))[0]
        return row

    def content_terms(self, person: int | None, item: int) -> NDArray[np.float32]:
        """The terms of the content of an item, column by column: (n liked, content_dim)."""
        return self._memory.content_terms(self.past_of(person), item, self._content)

    def score_of(
        self, person: int | None, item: int, now: float | None = None, look: Look | None = None
    ) -> float:
        """The score of any item: the gate's, or the network's if that is alone; and its value."""
        look = self.look(person, now) if look is None else look
        score = self.click_scores(person, np.array([item]), look=look)[0]
        return float(score if look.gains is None else score + look.gains[item])

    def click_scores(
        self,
        person: int | None,
        items: NDArray[np.int64],
        now: float | None = None,
        look: Look | None = None,
    ) -> NDArray[np.float32]:
        """The scores of `items` without their values: the log-odds that each is the one that is taken."""
        look = self.look(person, now) if look is None else look
        if self._memory.network_alone:
            return look.network_scores[items]
        return self._gate.judge(person, items, self.features_of(person, items, look=look)).scores

    def attributions(
        self, person: int | None, items: NDArray[np.int64], now: float | None = None
    ) -> Attributions | None:
        """What the gate's scores of `items` are made of; None if it has nothing to weigh."""
        if self._memory.network_alone:
            return None
        return self._gate.attributions(person, items, self.features_of(person, items, now))

    def click_chances(
        self, person: int | None, items: NDArray[np.int64], now: float | None = None
    ) -> NDArray[np.float64]:
        """How likely each of `items` is taken: a softmax over the candidates, or all if there are none.

        Of an item that is no candidate it is what it would be beside them.
        """
        look = self.look(person, now)
        scores = look.scores if len(look.scores) else look.network_scores
        top = float(scores.max(initial=-np.inf))
        if not np.isfinite(top):
            return np.zeros(len(items))
        total = np.exp(scores.astype(np.float64) - top).sum()
        own = np.exp(self.click_scores(person, items, now).astype(np.float64) - top)
        beside = ~contains(look.candidates.items, items) if len(look.scores) else np.zeros(len(items), bool)
        chances: NDArray[np.float64] = own / (total + np.where(beside, own, 0.0))
        return chances

    def best(
        self,
        person: int | None,
        k: int,
        exclude_seen: bool,
        now: float | None = None,
        look: Look | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Indices and scores of the best `k` items, best first; fewer if there are no more.

        The candidates come first, by the gate; what nobody has named follows in the order of the network.
        """
        look = self.look(person, now) if look is None else look
        items, scores = look.candidates.items, look.scores
        if look.gains is not None:
            scores = scores + look.gains[items]
        if exclude_seen:
            fresh = ~look.candidates.consumed
            items, scores = items[fresh], scores[fresh]
        order = np.argsort(-scores, kind="stable")[:k]
        items, scores = items[order], scores[order]
        if len(items) == k:
            return items, scores
        others = look.network_scores.copy()
        if look.gains is not None:
            others += look.gains
        others[look.candidates.items] = -np.inf
        self._memory.newcomers.hide(others, look.past.moment)
        if exclude_seen:
            others[self._histories.consumed_by(person)] = -np.inf
        n = min(k - len(items), int(np.count_nonzero(others > -np.inf)))
        if not n:
            return items, scores
        more = best_places(others, n)
        more = more[np.lexsort((more, -others[more]))]
        below = others[more]
        if len(scores):
            below += scores[-1] - 1.0 - below[0]
        return np.concatenate([items, more]), np.concatenate([scores, below])

    def study(
        self,
        events: Sequence[Occurrence],
        rng: np.random.Generator,
        ledger: Ledger | None = None,
        rate_factor: float = 1.0,
    ) -> None:
        """Let the gate learn from a batch that is about to be taken in, in one step.

        Of a large batch it looks at a few events, evenly spaced. For `rng` and `rate_factor` see `Gate.step`.
        """
        moments = self._histories.moments(event.time for event in events)
        speak = [
            event._replace(time=now) for event, now in zip(events, moments, strict=True) if event.reward > 0
        ]
        if len(speak) > _STUDIED:
            speak = [speak[n * len(speak) // _STUDIED] for n in range(_STUDIED)]
        if self._memory.network_alone or not speak:
            return
        if len(speak) == 1:
            look = self.look(speak[0].person, speak[0].time)
            looks = [(look.candidates, look.judged)]
        else:
            # afresh, though a list may have been asked for before: the scores of a product of many may differ
            # from those of one in their last bit, and a list that was looked at must change nothing
            histories = self._histories
            rows = self._network_scores(
                np.stack([histories.items_of(event.person) for event in speak]),
                np.stack([histories.rewards_of(event.person) for event in speak]),
                self._people([event.person for event in speak]),
            )
            looks = [self._judged(event, row) for event, row in zip(speak, rows, strict=True)]
        self._teach(zip(speak, looks, strict=True), rng, ledger, rate_factor)

    def study_each(
        self,
        events: Sequence[Occurrence],
        rng: np.random.Generator,
        read: Read | None = None,
    ) -> None:
        """Take events in one by one, each after the gate has learned from it, while the network stands still.

        From the first event of an item that was released only later the gate learns nothing.

        Args:
            events: in time order.
            rng: see `Gate.step`.
            read: what the network reads before each of the events that is worth anything; without that it
                says nothing of any item.
        """
        alone = self._memory.network_alone
        rows = None if alone or read is None else self._network_scores(*read)
        for event in events:
            row = next(rows) if rows is not None and event.reward != 0 else None
            now = self._histories.moments([event.time])[0]
            if not alone and event.reward > 0 and self._memory.could_name(event.item, self.moment(now).time):
                self._teach([(event, self._judged(event._replace(time=now), row))], rng)
            self.take_in(event)

    def _teach(
        self,
        looks: Iterable[tuple[Occurrence, tuple[Candidates, Judged]]],
        rng: np.random.Generator,
        ledger: Ledger | None = None,
        rate_factor: float = 1.0,
    ) -> None:
        """Let the gate learn, in one step, what was taken of each of these lists."""
        lessons = []
        for event, (candidates, judged) in looks:
            right = candidates.place_of(event.item)
            if right is not None:
                lessons.append(Lesson(candidates, judged, right, event.reward, event.person))
        self._gate.step(lessons, rng, ledger, rate_factor)

    def _judged(
        self, event: Occurrence, network_scores: NDArray[np.float32] | None
    ) -> tuple[Candidates, Judged]:
        """The candidates for the person of an event that is about to happen, and what the gate says."""
        past = self.past_of(event.person, event.time)
        candidates = self._memory.candidates(past, network_scores, self._content)
        return candidates, self._gate.judge(event.person, candidates.items, candidates.features)

    def take_in(
        self,
        event: Occurrence,
        learning: bool = True,
        ledger: Ledger | None = None,
        mark: HistoriesMark | None = None,
    ) -> None:
        """Let an event become history, and before that, let the fast memory learn it.

        What does not speak for its item teaches nothing here.

        Args:
            event: what happened.
            learning: False for the history only.
            ledger: can then take back what was learned.
            mark: can then take back the history.
        """
        if learning and event.reward > 0:
            rewards = self._histories.rewards_of(event.person)
            liked = self._histories.items_of(event.person)[rewards > 0]
            now = self.moment(self._histories.moments([event.time])[0]).time
            n_consumed = self._histories.n_consumed(event.person)
            pause = pause_before(now, self._histories.times_of(event.person)[rewards != 0])
            self._memory.learn(liked, n_consumed, pause, event.item, now, event.reward, ledger)
        self._histories.append(*event, mark=mark)
        self.changed()

    def read_of(self, person: int | None) -> Read:
        """What the network reads of one person, n = 1."""
        histories = self._histories
        return (
            histories.items_of(person)[None],
            histories.rewards_of(person)[None],
            self._people([person]),
        )

    def _looked(self, person: int | None, past: Past, read: Read) -> Look:
        """A look at what a past and what the network reads of it give."""
        network_scores = next(self._network_scores(*read))
        candidates = self._memory.candidates(past, network_scores, self._content)
        judged = self._gate.judge(person, candidates.items, candidates.features)
        gains = self._gains(read, candidates.items, judged.scores, network_scores)
        return Look(candidates, judged, network_scores, past, *gains)

    def _gains(
        self,
        read: Read,
        items: NDArray[np.int64],
        scores: NDArray[np.float32],
        network_scores: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None, float]:
        """The last three of a `Look`, given what the gate says of the candidates, if there are any."""
        values = None
        if self._values is not None:
            past, rewards, people = read
            values = self._values(past[0], rewards[0], None if people is None else people[0])
        if values is None or not len(values):
            return None, None, float("nan")
        odds, among = (scores, values[items]) if len(items) else (network_scores, values)
        chances = np.exp(odds.astype(np.float64) - odds.max())
        state_value = float(chances @ among / chances.sum())
        least = np.float32(_LEAST_GAIN * max(float(np.abs(values).max()), 1e-12))
        gained = np.maximum(values - np.float32(self._substitution * max(state_value, 0.0)), least)
        return values, np.log(gained).astype(np.float32), state_value


def _closed_up(row: NDArray[Any], stays: NDArray[np.bool_]) -> NDArray[Any]:
    """A row, (1, n), of which only some stays, at its beginning, and zeros follow."""
    closed = np.zeros_like(row)
    closed[0, : np.count_nonzero(stays)] = row[0, stays]
    return closed


class Replayed:
    """A log that is lived through from its beginning, by a ranker that has lived through nothing yet.

    Args:
        ranker: whose memory, gate and histories take the log in.
        occurrences: gives the events of the log.
    """

    def __init__(self, ranker: Ranker, occurrences: Occurrences) -> None:
        self._ranker, self._occurrences = ranker, occurrences
        self._n = 0

    def remember(self, end: int) -> None:
        """Take in the events up to place `end`."""
        for event in self._occurrences(self._n, end):
            self._ranker.take_in(event)
        self._n = max(self._n, end)

    def study(
        self,
        end: int,
        rng: np.random.Generator,
        read: Read | None = None,
    ) -> None:
        """Let the gate learn from each event up to place `end` before it is taken in.

        Args:
            end: place of the first event that is not.
            rng: see `Gate.step`.
            read: what the network reads, if it has learned anything yet; see `Ranker.study_each`.
        """
        self._ranker.study_each(self._occurrences(self._n, end), rng, read)
        self._n = max(self._n, end)
