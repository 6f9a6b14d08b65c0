"""Learns what it is worth in the long run that a person takes an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.learning import Examples, OnlineUpdater, ReplayBuffer, ReplayMark, StepMark
from lifelong_widgets.models import Network
from lifelong_widgets.value.backup import targets_of
from lifelong_widgets.value.hindsight import mean_errors
from lifelong_widgets.value.network import Target, TargetMark, scores_of_slates, value_network
from lifelong_widgets.value.numbers import Numbers
from lifelong_widgets.value.pending import Awaiting, Pending, PendingMark
from lifelong_widgets.value.settings import ValueSettings
from lifelong_widgets.value.squared_error import squared_error
from lifelong_widgets.value.transitions import SLATE_SIZE, Slate, Transitions

_CAPACITY = 20_000  # transitions that are kept; those of old, when other lists were shown, are let go
_LEFT_AT_ONCE = 32  # people an event, at most, of whom it is found out that they have left


@dataclass(slots=True)
class ValueMark:
    """What `ValueLearner.revert` needs."""

    numbers: Numbers
    rng: Mapping[str, Any]
    step: StepMark
    buffer: ReplayMark
    pending: PendingMark
    updates: list[TargetMark] = field(default_factory=list)


class ValueLearner(ValueSettings):
    """Q-learning on top of a click model, as long as `discount` is above 0.

    ``Q(s, a)`` is the discounted reward from the moment at which a person with the history *s* takes the
    item *a*: ``Q(s, a) = r + γ V(s')``, where *s'* is the history after that. V is 0 if the person has left:
    if no event of theirs follows within `session_gap`. Otherwise it is the largest value in the list that
    they could choose from next, or, with `slate_decomposition`, the mean over that list, each item as likely
    as the click model says. It is learned from each transition as soon as its end is known, and again from
    old ones: by a second network beside the click model, ``Q(s, a) = mean + scale · score(s, a)``. The mean
    is that of all values, and the scale is the largest reward, so that an item of which little is known is
    worth about as much as any, however large rewards are.

    Source: deep Q-networks of V. Mnih et al., "Human-level control through deep reinforcement learning",
    Nature 518, 2015; H. van Hasselt, A. Guez and D. Silver, "Deep reinforcement learning with double
    Q-learning", AAAI 2016; slates: E. Ie et al., "SlateQ: a tractable decomposition for reinforcement
    learning with recommendation sets", IJCAI 2019. How values go into a list is said in `memory.Ranker`.
    """

    on: bool = False
    """Whether there is anything to learn: not if the discount is 0."""

    def build(self, clicks: Network, content_dim: int, seed: int) -> None:
        """Make an untrained network of the same kind as the click model's, without items, if there is a γ."""
        self.on = self.discount > 0
        self._built = True
        if not self.on:
            return
        self.network = value_network(clicks, content_dim, seed)
        # one new item as fast as an old one: what is worth much by a single event is worth little
        self._updater = OnlineUpdater(learning_rate=self.value_learning_rate, new_item_boost=0.0)
        self._updater.build(self.network)
        self._target = Target(self.network, content_dim, seed)
        self._buffer = ReplayBuffer(capacity=_CAPACITY, retention="recent")
        self._buffer.build(clicks.history_length, SLATE_SIZE, clicks.person_dim)
        self._pending = Pending(clicks.history_length, clicks.person_dim)
        self._rng = np.random.default_rng([seed, 5])
        self._now = Numbers()

    def grow(self, content: NDArray[np.float32]) -> None:
        """Give rows to items that are new, (n_new, content_dim)."""
        if self.on:
            self.network.items.grow(content)
            self._target.network.items.grow(content)

    # ------------------------------------------------------------------------------------------- what it says

    @property
    def n_steps(self) -> int:
        """How many steps were taken."""
        return self._now.n_steps if self.on else 0

    @property
    def td_error(self) -> float:
        """The moving mean of ``|r + γ V(s') - Q(s, a)|`` of new transitions; NaN before the first."""
        return self._now.error if self.n_steps else float("nan")

    def td_errors(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """How far the values of some items are from what came of them, (n,); NaN where none of it is kept.

        The mean of ``|r + γ V(s') - Q(s, a)|`` over the last transitions in which each was taken, as both
        networks judge them now. It is worked out when it is asked for.
        """
        if not self.n_steps:
            return np.full(len(items), np.nan, dtype=np.float32)
        return mean_errors(self._buffer, items, self._errors_of)

    def _errors_of(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        kept = self._buffer.scored(slots)
        assert kept is not None  # the buffer was built with room for them
        past = self._buffer.examples(slots)
        scores = scores_of_slates(self.network, *past.read, past.targets[:, None])
        values = self._now.values(scores[:, 0], self.discount)
        errors: NDArray[np.float32] = np.abs(self.targets(Transitions(past, kept)) - values)
        return errors

    @property
    def n_pending(self) -> int:
        """How many people have done something of which it is not known yet what came of it."""
        return len(self._pending) if self.on else 0

    def values(
        self,
        history_items: NDArray[np.int64],
        history_rewards: NDArray[np.float32],
        people: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32] | None:
        """Q of every item for one history, and one person's features; None if nothing was learned yet."""
        if not self.n_steps:
            return None
        rows = None if people is None else people[None]
        scores = self.network.score_all(history_items[None], history_rewards[None], rows)[0].numpy()
        return self._now.values(scores, self.discount)

    @property
    def line(self) -> tuple[float, float, float, float]:
        """What makes a value of a score: the second times the score plus the first, between the last two."""
        now, horizon = self._now, 1.0 / (1.0 - self.discount)
        return now.mean, now.scale, now.lowest * horizon, now.highest * horizon

    # ----------------------------------------------------------------------------------------------- learning

    def held_about(self, person: int) -> dict[str, Any]:
        """What is kept of one person: the replayed transitions, and the event that waits, or None."""
        if not self.on:
            return {"transitions": None, "waiting": None}
        slots = np.flatnonzero(self._buffer.owners == person)
        return {"transitions": self._buffer.examples(slots), "waiting": self._pending.of(person)}

    def awaits(self, person: int) -> bool:
        """Whether the next event of this person tells what came of their last one."""
        return self.on and person in self._pending

    def learn(
        self,
        taken: Sequence[Awaiting],
        slates: Sequence[Slate | None],
        mark: ValueMark | None = None,
    ) -> float:
        """Take in events, and learn from those before them of which it is known now what came of them.

        Args:
            taken: the events, each with the history before it.
            slates: for each the list that it was chosen from, needed where the person has done something
                before (`awaits`).
            mark: can then take it back.

        Returns:
            The mean size of the TD errors of the transitions that have ended; NaN if none has.

        Raises:
            DivergenceError: the loss was not finite.
        """
        ended: list[tuple[Awaiting, Slate | None]] = []
        pending, of_pending = self._pending, None if mark is None else mark.pending
        for one, slate in zip(taken, slates, strict=True):
            before = pending.take(one.person, of_pending)
            if before is not None:
                ended.append((before, slate if self._stayed(before, one) else None))
            if one.time is not None:
                left = pending.left(one.time, self.session_gap, _LEFT_AT_ONCE, of_pending)
                ended += [(other, None) for other in left]
            pending.put(one, of_pending)
        self._now = self._now.met(one.reward for one in taken)
        if not ended:
            return float("nan")
        people = np.array([before.person for before, _ in ended], dtype=np.int64)
        return self._learn(_transitions(ended), people, mark)

    def targets(self, transitions: Transitions) -> NDArray[np.float32]:
        """``r + γ V(s')`` of each transition, (n,), by the target network."""
        return targets_of(transitions, self.network, self._target.network, self._now, self)

    def _learn(self, new: Transitions, people: NDArray[np.int64], mark: ValueMark | None) -> float:
        """One step on new transitions of these people, and replayed ones."""
        slots = self._buffer.sample_slots(self.value_replay_ratio * len(new), self._rng)
        batch = new
        if len(slots):
            kept = self._buffer.scored(slots)
            assert kept is not None  # the buffer was built with room for them
            batch = Transitions.concatenate([new, Transitions(self._buffer.examples(slots), kept)])
        now, scale = self._now, self._now.scale
        targets = self.targets(batch)
        mean = now.mean_with(targets)
        past = batch.examples
        sides = (targets - np.float32(mean)) / np.float32(scale)
        lesson = replace(past, rewards=sides)
        step = StepMark() if mark is None else mark.step
        n_before = len(step.rows)
        losses = self._updater.step(lesson, self._rng, mark=step, objective=squared_error)
        for moved in step.rows[n_before:]:
            self._target.note(moved.indices)
        errors = scale * np.sqrt(2.0 * losses[: len(new)].astype(np.float64))
        size = float(errors.mean())
        now = now.stepped(mean, size)
        if now.n_steps % self.target_update == 0:
            update = self._target.update()
            now = now._replace(target_mean=mean)
            if mark is not None:
                mark.updates.append(update)
        self._now = now
        of_buffer = None if mark is None else mark.buffer
        self._buffer.add(new.examples, self._rng, of_buffer, people, scored=new.slates)
        return size

    def _stayed(self, before: Awaiting, now: Awaiting) -> bool:
        """Whether an event follows the one before it in the same visit; without times it does."""
        return before.time is None or now.time is None or now.time - before.time <= self.session_gap

    # -------------------------------------------------------------------------------------------------- state

    def mark(self) -> ValueMark | None:
        """A place to come back to: hand it to `learn` from now on, then to `revert`; None if it is off."""
        if not self.on:
            return None
        return ValueMark(
            self._now,
            self._rng.bit_generator.state,
            self._updater.mark(),
            self._buffer.mark(),
            self._pending.mark(),
        )

    def revert(self, mark: ValueMark | None) -> None:
        """Be again, bit for bit, as at `mark`; of several marks the newest first."""
        if mark is None:
            return
        for update in reversed(mark.updates):
            self._target.revert(update)
        self._updater.revert(mark.step)
        self._buffer.revert(mark.buffer)
        self._pending.revert(mark.pending)
        self._rng.bit_generator.state = dict(mark.rng)
        self._now = mark.numbers

    def get_state(self) -> dict[str, Any]:
        """Everything, as a tree of arrays and numbers; there is nothing if it is off."""
        return {
            "network": self.network.get_state(),
            "updater": self._updater.get_state(),
            "target": self._target.get_state(),
            "buffer": self._buffer.get_state(),
            "pending": self._pending.get_state(),
            "rng": self._rng.bit_generator.state,
            **self._now.get_state(),
        }

    def set_state(self, state: dict[str, Any], n_items: int, n_people: int) -> None:
        """Take a state back whose items and people are below these numbers.

        Raises:
            FormatError: it does not fit the settings, or itself.
        """
        now = Numbers.of(state)
        self.network.set_state(state["network"])
        if len(self.network.items) != n_items:
            raise FormatError(f"values: there are {len(self.network.items)} rows for {n_items} items")
        self._updater.set_state(state["updater"])
        self._target.set_state(state["target"])
        buffer = state["buffer"]
        self._buffer.set_state(buffer)
        for name in ("history_items", "targets", "score_items"):
            if buffer[name].size and not 0 <= buffer[name].min() <= buffer[name].max() < n_items:
                raise FormatError(f"values: {name} refer to items beyond the {n_items} that there are")
        self._pending.set_state(state["pending"], n_items, n_people)
        self._rng.bit_generator.state = state["rng"]
        self._now = now


def _transitions(ended: Sequence[tuple[Awaiting, Slate | None]]) -> Transitions:
    examples = Examples(
        np.array([one.history_items for one, _ in ended], dtype=np.int64),
        np.array([one.history_rewards for one, _ in ended], dtype=np.float32),
        np.array([one.item for one, _ in ended], dtype=np.int64),
        np.array([one.reward for one, _ in ended], dtype=np.float32),
        np.array([one.features for one, _ in ended]) if ended[0][0].features is not None else None,
    )
    return Transitions.of(examples, [slate for _, slate in ended])
