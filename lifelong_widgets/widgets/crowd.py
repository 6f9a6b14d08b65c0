"""Simulated people in front of both lists."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from lifelong_widgets.data import Feedback, FeedbackKinds, Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommendations import Recommendations
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import SimulatedPeople
from lifelong_widgets.updates import Update
from lifelong_widgets.widgets.scoreboard import HIT


@dataclass(frozen=True, slots=True)
class Visit:
    """One simulated person has looked.

    Attributes:
        live_hit: whether they would take something from the first ten of the live list.
        frozen_hit: whether they would take something from the first ten of the frozen twin's.
        click: what they took and the model learned, if anything.
        update: what that taught.
        seconds: what the live model spent on the list and the step.
    """

    live_hit: bool
    frozen_hit: bool
    click: Feedback | None
    update: Update | None
    seconds: float


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What a simulated crowd did: lists looked at, clicks, and how often either list was hit.

    `withheld` of the clicks were remembered and not learned, since the privacy budget was spent.
    """

    visits: int
    clicks: int
    live_hit_rate: float
    frozen_hit_rate: float
    cancelled: bool
    withheld: int = 0


def share_kinds(rec: Recommender, twin: Recommender) -> None:
    """Let the twin know what each kind of feedback is worth now; ``rec.kinds`` may have been replaced."""
    if twin.kinds is not rec.kinds:
        twin.kinds = rec.kinds


def kind_of_taking(kinds: FeedbackKinds) -> str:
    """How a simulated person takes something: a click, or else the first positive kind that there is.

    Raises:
        DataError: no kind is positive.

    >>> from lifelong_widgets.data import DEFAULT_KINDS
    >>> kind_of_taking(DEFAULT_KINDS)
    'click'
    >>> kind_of_taking(FeedbackKinds(DEFAULT_KINDS["skip"], DEFAULT_KINDS["like"]))
    'like'
    """
    positive = [name for name in kinds if kinds[name].positive]
    if not positive:
        raise DataError("no kind of feedback is positive: simulated people have no way to take anything")
    return "click" if "click" in positive else positive[0]


class Crowd:
    """People with known tastes, who come one at a time and look at the live list and at the frozen twin's.

    Both lists are put before the same person, and each is a hit or not. A coin says from which of the two
    comes the click that is learned: if only the live list's items were ever used up, the twin would be left
    with the better ones.
    """

    def __init__(self, rec: Recommender, twin: Recommender, people: SimulatedPeople, seed: int) -> None:
        self.people = people
        self.twin = twin
        self._rec = rec
        self._rng = np.random.default_rng(seed)

    def visit(self, k: int) -> Visit:
        """Let the next person look at lists of `k` and, if they take something, learn from it."""
        person: Id = self.people.people[int(self._rng.integers(len(self.people.people)))]
        share_kinds(self._rec, self.twin)
        kind = kind_of_taking(self._rec.kinds)
        start = time.perf_counter()
        live = self._rec.recommend(person, k, reasons=False)
        seconds = time.perf_counter() - start
        frozen = self.twin.recommend(person, k, reasons=False)
        taken = self.people.choose(person, live, kind)
        instead = self.people.choose(person, frozen, kind)
        # a click on the twin's list is no test of the live one
        click = taken if self._rng.random() < 0.5 else instead and replace(instead, shown=None)
        update = None
        if click is not None:
            start = time.perf_counter()
            update = self._rec.learn_one(click)
            seconds += time.perf_counter() - start
            self.twin.observe(click)
            self.people.remember(click)
        return Visit(
            live_hit=self._hit(taken, live),
            frozen_hit=self._hit(instead, frozen),
            click=click,
            update=update,
            seconds=seconds,
        )

    def _hit(self, taken: Feedback | None, shown: Recommendations) -> bool:
        """Whether they gladly took something of the first ten: people of a world also leave, or disagree."""
        return taken is not None and self._rec.kinds[taken.kind].positive and taken.item in shown.items[:HIT]
