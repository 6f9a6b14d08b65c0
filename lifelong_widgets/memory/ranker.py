"""Two memories behind one face: the network and the episodes, weighed by the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.memory.candidates import Candidates, Past
from lifelong_widgets.memory.content import Content
from lifelong_widgets.memory.episodic import GROUPS, EpisodicMemory
from lifelong_widgets.memory.gate import Gate, Lesson
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.scores import best_places, contains, union
from lifelong_widgets.models import Histories, HistoriesMark

NetworkScores = Callable[[NDArray[np.int64], NDArray[np.float32]], Iterator[NDArray[np.float32]]]
"""The scores of every item, (n_items,), for each of some histories; see `Network.score_each`."""


_STUDIED = 8  # as many events of a batch the gate learns from: the others cost it nothing


class Occurrence(NamedTuple):
    """An event by indices and numbers, as `Histories.append` takes it."""

    person: int
    item: int
    reward: float
    kind: int
    consumes: bool
    time: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to recommend to a person at one moment.

    Attributes:
        candidates: the items that are worth a look.
        scores: the gate's, one for each of them.
        network_scores: of every item, (n_items,).
    """

    candidates: Candidates
    scores: NDArray[np.float32]
    network_scores: NDArray[np.float32]


class Ranker:
    """Ranks items for people. Whoever changes anything that it reads calls `changed`.

    Args:
        network_scores: the slow memory.
        content: the content of items.
        memory: the fast one.
        gate: weighs them.
        histories: of the people.
    """

    def __init__(
        self,
        network_scores: NetworkScores,
        content: Content,
        memory: EpisodicMemory,
        gate: Gate,
        histories: Histories,
    ) -> None:
        self._network_scores, self._content = network_scores, content
        self._memory, self._gate, self._histories = memory, gate, histories
        self._looks: dict[int | None, Look] = {}

    def changed(self) -> None:
        """Something that was learned, or the histories or the items, have changed."""
        self._looks.clear()

    def look(self, person: int | None) -> Look:
        """What there is for a person, by their index; None or one beyond all for somebody unknown.

        The same look is given until something has changed: a click is learned from what the list was made of.
        """
        key = person if person is not None and person < len(self._histories) else None
        look = self._looks.get(key)
        if look is None:
            past = self.past_of(key)
            network_scores = self._scores_after(
                self._histories.items_of(key), self._histories.rewards_of(key)
            )
            candidates = self._memory.candidates(past, network_scores, self._content)
            look = Look(
                candidates, self._gate.scores(key, candidates.items, candidates.features), network_scores
            )
            if len(self._looks) >= 16:
                self._looks.clear()
            self._looks[key] = look
        return look

    def past_of(self, person: int | None) -> Past:
        """What a person did."""
        histories = self._histories
        rewards = histories.rewards_of(person)
        events = np.flatnonzero(rewards)
        return Past(
            histories.items_of(person)[events],
            rewards[events],
            histories.times_of(person)[events],
            histories.consumed_by(person),
            histories.clock,
        )

    def features_of(self, person: int | None, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the gate is told about `items`, which need be no candidates: (n, len(FEATURES))."""
        look = self.look(person)
        among = contains(look.candidates.items, items)
        if among.all():
            return look.candidates.features[np.searchsorted(look.candidates.items, items)]
        everything = self._memory.describe(
            union(look.candidates.items, items),
            self.past_of(person),
            look.network_scores,
            self._content,
        )
        return everything.features[np.searchsorted(everything.items, items)]

    def contributions(self, person: int | None, items: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """By how much the score of each of `items` falls if one of `GROUPS` finds nothing special in it.

        It says of the item then what it says on average of the ten best candidates. (n,) for each group.
        """
        if self._memory.network_alone:
            return {"network": np.ones(len(items), dtype=np.float32)}
        features = self.features_of(person, items)
        scores = self._gate.scores(person, items, features)
        look = self.look(person)
        best = look.candidates.features[np.argsort(-look.scores, kind="stable")[:10]]
        average = (best if len(best) else features).mean(axis=0)
        return {
            group: scores
            - self._gate.scores(person, items, self._memory.with_average(features, group, average))
            for group in GROUPS
        }

    def terms(self, group: str, person: int | None, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """What each liked item of a person's past adds to the scores of `items` by a member; one row each."""
        return self._memory.terms(group, self.past_of(person), items, self._content)

    def score_of(self, person: int | None, item: int) -> float:
        """The score of any item: the gate's, or the network's if that is alone."""
        if self._memory.network_alone:
            return float(self.look(person).network_scores[item])
        items = np.array([item])
        return float(self._gate.scores(person, items, self.features_of(person, items))[0])

    def without_event(self, person: int | None, event: int, item: int) -> float:
        """The score of `item` had the event at place `event` of a person's `Past` never been seen by it.

        What the members have learned from it stays.
        """
        histories = self._histories
        past = self.past_of(person)
        rewards = histories.rewards_of(person).copy()
        rewards[np.flatnonzero(rewards)[event]] = 0.0
        kept = np.arange(len(past.items)) != event
        past = Past(past.items[kept], past.rewards[kept], past.times[kept], past.consumed, past.now)
        scores = self._scores_after(histories.items_of(person), rewards)
        if self._memory.network_alone:
            return float(scores[item])
        around = union(self.look(person).candidates.items, np.array([item]))
        described = self._memory.describe(around, past, scores, self._content)
        return float(self._gate.scores(person, around, described.features)[np.searchsorted(around, item)])

    def best(
        self, person: int | None, k: int, exclude_seen: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Indices and scores of the best `k` items, best first; fewer if there are no more.

        The candidates come first, by the gate; what nobody has named follows in the order of the network.
        """
        look = self.look(person)
        items, scores = look.candidates.items, look.scores
        if exclude_seen:
            fresh = ~look.candidates.consumed
            items, scores = items[fresh], scores[fresh]
        order = np.argsort(-scores, kind="stable")[:k]
        items, scores = items[order], scores[order]
        if len(items) == k:
            return items, scores
        others = look.network_scores.copy()
        others[look.candidates.items] = -np.inf
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
        speak = [event for event in events if event.reward > 0]
        if len(speak) > _STUDIED:
            speak = [speak[n * len(speak) // _STUDIED] for n in range(_STUDIED)]
        if self._memory.network_alone or not speak:
            return
        if len(speak) == 1:
            look = self.look(speak[0].person)
            looks = [(look.candidates, look.scores)]
        else:
            # afresh, though a list may have been asked for before: the scores of a product of many may differ
            # from those of one in their last bit, and a list that was looked at must change nothing
            histories = self._histories
            rows = self._network_scores(
                np.stack([histories.items_of(event.person) for event in speak]),
                np.stack([histories.rewards_of(event.person) for event in speak]),
            )
            looks = [self._judged(event, row) for event, row in zip(speak, rows, strict=True)]
        self._teach(zip(speak, looks, strict=True), rng, ledger, rate_factor)

    def study_each(
        self,
        events: Sequence[Occurrence],
        rng: np.random.Generator,
        read: tuple[NDArray[np.int64], NDArray[np.float32]] | None = None,
    ) -> None:
        """Take events in one by one, each after the gate has learned from it, while the network stands still.

        From the first event of an item the gate learns nothing: when the item came is not known.

        Args:
            events: in time order.
            rng: see `Gate.step`.
            read: the items and the rewards of the history before each of the events that is worth anything,
                (n, history_length) each, for the network; without them it says nothing of any item.
        """
        alone = self._memory.network_alone
        rows = None if alone or read is None else self._network_scores(*read)
        for event in events:
            row = next(rows) if rows is not None and event.reward != 0 else None
            if not alone and event.reward > 0 and self._memory.knows(event.item):
                self._teach([(event, self._judged(event, row))], rng)
            self.take_in(event)

    def _teach(
        self,
        looks: Iterable[tuple[Occurrence, tuple[Candidates, NDArray[np.float32]]]],
        rng: np.random.Generator,
        ledger: Ledger | None = None,
        rate_factor: float = 1.0,
    ) -> None:
        """Let the gate learn, in one step, what was taken of each of these lists."""
        lessons = []
        for event, (candidates, scores) in looks:
            right = candidates.place_of(event.item)
            if right is not None:
                lessons.append(Lesson(candidates, scores, right, event.reward, event.person))
        self._gate.step(lessons, rng, ledger, rate_factor)

    def _judged(
        self, event: Occurrence, network_scores: NDArray[np.float32] | None
    ) -> tuple[Candidates, NDArray[np.float32]]:
        """The candidates for the person of an event that is about to happen, and the gate's scores."""
        candidates = self._memory.candidates(self.past_of(event.person), network_scores, self._content)
        return candidates, self._gate.scores(event.person, candidates.items, candidates.features)

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
            now = self._histories.clock if event.time is None else event.time
            n_consumed = self._histories.n_consumed(event.person)
            self._memory.learn(liked, n_consumed, event.item, now, event.reward, ledger)
        self._histories.append(*event, mark=mark)
        self.changed()

    def _scores_after(self, items: NDArray[np.int64], rewards: NDArray[np.float32]) -> NDArray[np.float32]:
        return next(self._network_scores(items[None], rewards[None]))


class Replayed:
    """A log that is lived through from its beginning, by a ranker that has lived through nothing yet.

    Args:
        ranker: whose memory, gate and histories take the log in.
        events: the log.
    """

    def __init__(self, ranker: Ranker, events: Sequence[Occurrence]) -> None:
        self._ranker, self._events = ranker, events
        self._n = 0

    def remember(self, end: int) -> None:
        """Take in the events up to place `end`."""
        for event in self._events[self._n : end]:
            self._ranker.take_in(event)
        self._n = max(self._n, end)

    def study(
        self,
        end: int,
        rng: np.random.Generator,
        read: tuple[NDArray[np.int64], NDArray[np.float32]] | None = None,
    ) -> None:
        """Let the gate learn from each event up to place `end` before it is taken in.

        Args:
            end: place of the first event that is not.
            rng: see `Gate.step`.
            read: what the network reads, if it has learned anything yet; see `Ranker.study_each`.
        """
        self._ranker.study_each(self._events[self._n : end], rng, read)
        self._n = max(self._n, end)
