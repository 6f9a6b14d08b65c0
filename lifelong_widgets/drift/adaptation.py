"""What a learner does differently for a while after a drift alarm."""

from __future__ import annotations

from dataclasses import dataclass

ADAPTATIONS = ("none", "learning_rate", "replay", "gate", "exploration", "all")
"""The values of the hyperparameter `adaptation`; the first is the default, the last is all the others."""

LEARNING_RATE = 2.0
"""How many times longer the online step is right after an alarm."""

REPLAY = 0.0
"""Which share of the replayed examples is left right after an alarm."""

GATE = 3.0
"""How many times longer the step of the gate is right after an alarm."""


EXPLORATION = 4.0
"""How many times as widely an `Explorer` tries right after an alarm."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What the learner multiplies its hyperparameters by at the moment of use; they themselves stay.

    Attributes:
        learning_rate: the online step's learning rate.
        replay: the number of replayed examples.
        gate: the gate's learning rate.
        exploration: what an `Explorer` hands to `Policy.widened`.
    """

    learning_rate: float = 1.0
    replay: float = 1.0
    gate: float = 1.0
    exploration: float = 1.0


def strength(since: int | None, length: int) -> float:
    """How much of an adaptation is left `since` events after the alarm: from 1, in a line, to 0 at `length`.

    Args:
        since: how many events there were since the alarm; None if there was no alarm.
        length: how many events an adaptation lasts, at least 1.

    >>> [strength(since, 200) for since in (0, 50, 200, 900, None)]
    [1.0, 0.75, 0.0, 0.0, 0.0]
    """
    return 0.0 if since is None else min(max(0.0, 1.0 - since / length), 1.0)


def factors(adaptation: str, strength: float) -> Factors:
    """The factors of one of `ADAPTATIONS` at a strength from 0 (all are 1) to 1.

    Rates fade geometrically, by equal ratios; what is replayed comes back by equal amounts, which the engine
    rounds to whole examples. The policies are the usual answers to a signal of drift, a faster step and a
    shorter memory: J. Gama et al., "A survey on concept drift adaptation", ACM Computing Surveys 46(4), 2014,
    section 4.

    >>> factors("all", 1.0)
    Factors(learning_rate=2.0, replay=0.0, gate=3.0, exploration=4.0)
    >>> factors("replay", 0.5), factors("all", 0.0) == Factors()
    (Factors(learning_rate=1.0, replay=0.5, gate=1.0, exploration=1.0), True)
    """
    every = adaptation == "all"
    return Factors(
        learning_rate=LEARNING_RATE**strength if every or adaptation == "learning_rate" else 1.0,
        replay=1.0 - (1.0 - REPLAY) * strength if every or adaptation == "replay" else 1.0,
        gate=GATE**strength if every or adaptation == "gate" else 1.0,
        exploration=EXPLORATION**strength if every or adaptation == "exploration" else 1.0,
    )
