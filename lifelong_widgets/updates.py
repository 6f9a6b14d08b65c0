"""What the learning verbs answer with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lifelong_widgets.data import Id


@dataclass(frozen=True, slots=True, repr=False)
class Update:
    """What one event did.

    Attributes:
        n_events: how many events have been learned or remembered, this one included.
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
        learned: False if the event was only taken into the history: by `observe`, by a frozen twin, or in
            private where more would exceed the budget.
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
    learned: bool = True

    def __repr__(self) -> str:
        done = f"learned in {1000 * self.seconds:.1f} ms" if self.learned else "remembered, not learned"
        done = "known already" if self.repeated else done
        facts = [f"{self.user!r} {self.kind} {self.item!r} (reward {self.reward:+g})", done]
        if not math.isnan(self.loss):
            facts.append(f"loss {self.loss:.3f} with {len(self.replayed)} replayed")
        if self.rank is not None:
            facts.append(f"was at {self.rank} in the list")
        if self.alarm:
            facts.append("drift alarm")
        if self.event_id is not None:
            facts.append(f"journal entry {self.event_id}")
        return f"Update(event {self.n_events:,}: {', '.join(facts)})"


@dataclass(frozen=True, slots=True, repr=False)
class LearnReport:
    """What `learn_many` did: events learned, their mean loss, wall-clock seconds, stopped early or not."""

    n_events: int
    loss: float
    seconds: float
    interrupted: bool

    def __repr__(self) -> str:
        loss = "" if math.isnan(self.loss) else f", mean loss {self.loss:.3f}"
        stopped = ", interrupted" if self.interrupted else ""
        return f"LearnReport({self.n_events:,} events in {self.seconds:.1f} s{loss}{stopped})"
