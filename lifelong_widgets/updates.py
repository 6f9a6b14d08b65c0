"""What the learning verbs answer with."""

from __future__ import annotations

from dataclasses import dataclass

from lifelong_widgets.data import Id


@dataclass(frozen=True, slots=True)
class Update:
    """What one event did.

    Attributes:
        n_events: how many events have been learned, this one included.
        user: who.
        item: with what.
        kind: what they did.
        reward: what that is worth.
        loss: of the event and the replayed ones together, before the step; NaN if nothing was learned.
        rank: the place of the item in the list that was shown, from 1; None if it was not there.
        replayed: the slots of the replay buffer that were learned again.
        alarm: whether the drift monitor went off at this event.
        seconds: how long it took, wall-clock.
        event_id: the id of the entry in the journal, for `Recommender.at`; None without a journal.
        repeated: whether the journal had this `Feedback.id` already, so that nothing was learned again.
        td_error: with a `discount`, the mean size of the TD errors of the transitions that this event has
            ended; NaN if there is none.
    """

    n_events: int
    user: Id
    item: Id
    kind: str
    reward: float
    loss: float
    rank: int | None
    replayed: tuple[int, ...]
    alarm: bool
    seconds: float
    event_id: int | None = None
    repeated: bool = False
    td_error: float = float("nan")


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What `learn_many` did: events learned, their mean loss, wall-clock seconds, stopped early or not."""

    n_events: int
    loss: float
    seconds: float
    interrupted: bool
