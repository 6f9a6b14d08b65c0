"""The replay buffer: what is kept of the past, to be learned again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets

from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.learning.distillation import N_SCORED, Scored
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.priorities import Priorities
from lifelong_widgets.learning.rows import NOBODY, Row, Rows, check_array
from lifelong_widgets.learning.strata import Strata, StrataMark
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber
from lifelong_widgets.state_file import count_of


@dataclass(frozen=True, slots=True)
class ReplayMark:
    """What `ReplayBuffer.revert` needs: the counts, and what was overwritten since."""

    n: int
    n_seen: int
    overwritten: dict[int, Row] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    strata: StrataMark = field(default_factory=StrataMark)


class ReplayBuffer(Part):
    """Examples of the past in arrays of fixed size: which are kept is one question, which are drawn another.

    `retention`, what gives way when the buffer is full:

    * ``reservoir``: a uniform sample of all examples ever seen, algorithm R: the t-th is kept with
      probability ``capacity / t``, in the place of one drawn uniformly. So a season that lies far back is
      remembered in proportion to its length. Vitter (1985), "Random sampling with a reservoir".
    * ``recent``: the last `capacity` examples.
    * ``item_stratified``, ``user_stratified``: the rare items, or people, are kept whole and the common ones
      sampled; see `Strata`.

    `sampling`, what is learned again:

    * ``uniform``: each with the same probability, with replacement.
    * ``prioritised``: example i with probability ``p_i^a / sum_j p_j^a``, where p is its loss when it was
      last learned. That bends what is learned, so each weighs ``(n P(i))^-b``, divided by the largest weight
      of the draw. Schaul et al. (2016), "Prioritized experience replay".
    * ``hard``: the largest losses among four times as many drawn uniformly. Online hard example mining:
      Shrivastava et al. (2016). It bends what is learned, on purpose.

    With `distillation`, the scores that the model gave when it learned an example are kept with it, and it is
    held to them: DER++ of Buzzega et al. (2020), "Dark experience for general continual learning".

    Example:
        >>> buffer = ReplayBuffer(capacity=100)
        >>> buffer.build(history_length=2)
        >>> nothing = np.zeros((1, 2))
        >>> one = Examples(nothing.astype(int), nothing, targets=np.array([4]), rewards=np.ones(1))
        >>> buffer.add(one, np.random.default_rng(0))
        array([0])
        >>> len(buffer), buffer.items.tolist()
        (1, [4])
    """

    capacity = WholeNumber(
        20_000, min=1, max=10_000_000, help="How many past examples are kept for replay."
    ).tag(config=True, label="Memory size")
    retention = traitlets.Enum(
        ["reservoir", "recent", "item_stratified", "user_stratified"],
        default_value="reservoir",
        help="Which past examples stay when the memory is full.",
    ).tag(config=True, label="What it keeps")
    sampling = traitlets.Enum(
        ["uniform", "prioritised", "hard"],
        default_value="uniform",
        help="Which of them are learned again: any, or rather those with a large loss.",
    ).tag(config=True, label="What it replays")
    priority_exponent = FiniteFloat(
        0.6, min=0.0, max=2.0, help="How strongly prioritised sampling prefers large losses; 0 is uniform."
    ).tag(config=True)
    importance_exponent = FiniteFloat(
        0.4,
        min=0.0,
        max=1.0,
        help="How much of that preference the weights of the examples take back; 1 is all.",
    ).tag(config=True)

    distillation = FiniteFloat(
        0.0,
        min=0.0,
        max=100.0,
        help="How firmly replayed examples are held to the scores that they once had; 0 keeps no scores.",
    ).tag(config=True)

    keeps_losses: bool
    """Whether what is drawn depends on the losses, so that `note_losses` has to be told of them."""
    keeps_scores: bool
    """Whether scores lie beside the examples, as for a distillation, so that `add` has to be told them."""

    def build(self, history_length: int, n_scored: int | None = None, person_dim: int = 0) -> None:
        """Allocate the arrays.

        Args:
            history_length: of the examples.
            n_scored: how many items and scores are kept beside each; unless given, those of the distillation.
            person_dim: the width of the features of people that are kept with them.
        """
        if n_scored is None:
            n_scored = N_SCORED if self.distillation > 0 else 0
        self._n = 0
        self.n_seen = 0
        self._rows = Rows(self.capacity, history_length, n_scored, person_dim)
        stratified = self.retention in ("item_stratified", "user_stratified")
        self._strata = Strata(self.capacity) if stratified else None
        # to read a trait costs as much as to copy a row
        self._capacity, self._recent = int(self.capacity), self.retention == "recent"
        self._by_item, self._by_weight = self.retention == "item_stratified", self.sampling == "prioritised"
        self.keeps_scores = n_scored > 0
        self.keeps_losses = self.sampling != "uniform"
        self._priorities = None
        if self.keeps_losses:
            self._priorities = Priorities(self._capacity, self.priority_exponent if self._by_weight else None)

    def __len__(self) -> int:
        return self._n

    @property
    def items(self) -> np.ndarray:
        """The target of each filled slot, (len,), int32; a read-only view."""
        return _read_only(self._rows.targets[: self._n])

    @property
    def rewards(self) -> np.ndarray:
        """The reward of each filled slot, (len,), float32; a read-only view."""
        return _read_only(self._rows.rewards[: self._n])

    @property
    def owners(self) -> np.ndarray:
        """Whose the example in each filled slot is, (len,), int64, by index; -1 if nobody said; a view."""
        return _read_only(self._rows.owners[: self._n])

    def add(
        self,
        examples: Examples,
        rng: np.random.Generator,
        mark: ReplayMark | None = None,
        users: np.ndarray | None = None,
        losses: np.ndarray | None = None,
        scored: Scored | None = None,
    ) -> np.ndarray:
        """Offer examples in their order; each is kept or not, as `retention` says.

        Args:
            examples: n of them.
            rng: what is drawn.
            mark: can then take them back.
            users: (n,), the indices of the people: whose each is.
            losses: (n,), what they have just cost; unless given, as much as the costliest of those kept.
            scored: what the model says of them, if it `keeps_scores`.

        Returns:
            The slot that each lies in now, (n,), int64; -1 if it was not kept, or gave way to a later one.
        """
        if self.keeps_scores and scored is None:
            raise DataError(
                "a buffer that keeps scores is told what the model says of the examples: `scored`"
            )
        groups = None if self._strata is None else self._groups(examples, users)
        if len(examples.targets) != 1:
            return self._add_block(examples, groups, rng, mark, losses, scored, users)
        # one example, as a click brings it: the same in plain numbers, several times quicker
        slot = self._next_slot(-1 if groups is None else int(groups[0]), rng, mark)
        if slot is None:
            return np.array([-1])
        if mark is not None and slot < mark.n and slot not in mark.overwritten:
            mark.overwritten[slot] = self._rows.row(slot)
        self._rows.write_one(slot, examples, scored, NOBODY if users is None else int(users[0]))
        if self._priorities is not None:
            loss = self._priorities.highest(self._n) if losses is None else float(losses[0])
            self._priorities.note_one(slot, loss, None if mark is None else mark.losses)
        return np.array([slot])

    def note_losses(self, slots: np.ndarray, losses: np.ndarray, mark: ReplayMark | None = None) -> None:
        """Take note of what the examples in `slots`, which may repeat, cost when they were learned again."""
        if self._priorities is not None and len(slots):
            slots, first = np.unique(slots, return_index=True)
            self._priorities.note(slots, losses[first], None if mark is None else mark.losses)

    def mark(self) -> ReplayMark:
        """A place to come back to: hand it to what changes the buffer from now on, then to `revert`. O(1)."""
        return ReplayMark(self._n, self.n_seen)

    def revert(self, mark: ReplayMark) -> None:
        """Take back, bit for bit, all that was done since `mark`, which each change was given.

        Of several marks the newest goes first. The random state is the caller's.
        """
        for slot, row in mark.overwritten.items():
            self._rows.put_back(slot, row)
        if self._strata is not None:
            self._strata.revert(mark.strata)
        if self._priorities is not None and mark.losses:
            slots, losses = np.array(list(mark.losses)), np.array(list(mark.losses.values()), np.float32)
            self._priorities.restore(slots, losses)
        self._n, self.n_seen = mark.n, mark.n_seen

    def sample_slots(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` filled slots, as `sampling` says, with replacement; none while the buffer is empty."""
        if not self._n or not n:
            return np.zeros(0, dtype=np.int64)
        if self._priorities is not None:
            if self._by_weight:
                return self._priorities.draw(n, rng)
            return self._priorities.hardest(n, self._n, rng)
        return rng.integers(self._n, size=n)

    def importance_weights(self, slots: np.ndarray) -> np.ndarray | None:
        """How much each of `slots`, as drawn, weighs in the step, (n,), float32; None if all weigh alike."""
        if self._priorities is None or not self._by_weight or not len(slots):
            return None
        weights = (self._n * self._priorities.probabilities(slots)) ** -self.importance_exponent
        relative: np.ndarray = (weights / weights.max()).astype(np.float32)
        return relative

    def examples(self, slots: np.ndarray) -> Examples:
        """The examples in `slots` (copies)."""
        return self._rows.examples(slots)

    def scored(self, slots: np.ndarray) -> Scored | None:
        """What the model said when it learned the examples in `slots`; None unless it `keeps_scores`."""
        return self._rows.scored(slots)

    def get_state(self) -> dict[str, Any]:
        """The filled slots, the count of what was seen, and what retention and sampling go by."""
        state: dict[str, Any] = {"n_seen": self.n_seen, **self._rows.get_state(self._n)}
        if self._priorities is not None:
            state["losses"] = self._priorities.losses(self._n)
        if self._strata is not None:
            state["strata"] = self._strata.get_state()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back into arrays already built.

        Raises:
            FormatError: the arrays do not fit these or each other, or hold what no example can.
        """
        n_seen = count_of(state["n_seen"], "replay buffer: n_seen")
        n = self._rows.check(state)
        if self._priorities is not None:
            check_array(state, "losses", (n,), "f")
            if not (state["losses"] > 0).all():
                raise FormatError("replay buffer: a loss is not positive")
        if n > self.capacity or n_seen < n:
            raise FormatError(
                f"replay buffer: {n} examples of {n_seen} seen do not fit {self.capacity} slots"
            )
        if self._strata is not None:
            self._strata.set_state(state["strata"])
            if self._strata.n_slots != n:
                raise FormatError(
                    f"replay buffer: the strata are of {self._strata.n_slots} examples, not {n}"
                )
        self._n, self.n_seen = n, n_seen
        self._rows.set_state(state, n)
        if self._priorities is not None:
            self._priorities.clear()
            self._priorities.restore(np.arange(n), state["losses"])

    def _groups(self, examples: Examples, users: np.ndarray | None) -> np.ndarray:
        """What each example counts as in the strata."""
        groups = examples.targets if self._by_item else users
        if groups is None:
            raise DataError("a user-stratified buffer is told the `users` of the examples")
        return groups

    def _next_slot(self, group: int, rng: np.random.Generator, mark: ReplayMark | None) -> int | None:
        """The slot that the next example takes; None to let it go by."""
        self.n_seen = seen = self.n_seen + 1
        slot: int | None = self._n
        strata = self._strata
        if strata is None:
            if self._n < self._capacity:
                self._n += 1
                return slot
            slot = (seen - 1) % self._capacity if self._recent else int(rng.random() * seen)
            return slot if slot < self._capacity else None
        strata_mark = None if mark is None else mark.strata
        strata.count(group, strata_mark)
        if self._n < self._capacity:
            self._n += 1
        else:
            slot = strata.slot_for(group, rng, strata_mark)
        if slot is not None:
            strata.put(slot, group, strata_mark)
        return slot

    def _add_block(
        self,
        examples: Examples,
        groups: np.ndarray | None,
        rng: np.random.Generator,
        mark: ReplayMark | None,
        losses: np.ndarray | None,
        scored: Scored | None,
        users: np.ndarray | None,
    ) -> np.ndarray:
        n = len(examples.targets)
        if groups is None:
            rows, slots = self._next_slots(n, rng)
        else:
            taken: dict[int, int] = {}
            for row, group in enumerate(groups.tolist()):
                slot = self._next_slot(group, rng, mark)
                if slot is not None:
                    taken[slot] = row
            rows, slots = (np.array(list(part), dtype=np.int64) for part in (taken.values(), taken))
        lies_in = np.full(n, -1, dtype=np.int64)
        lies_in[rows] = slots
        if mark is not None:
            for slot in slots.tolist():
                if slot < mark.n and slot not in mark.overwritten:
                    mark.overwritten[slot] = self._rows.row(slot)
        self._rows.write(slots, examples, rows, scored, users)
        if self._priorities is not None:
            if losses is None:
                losses = np.full(n, self._priorities.highest(self._n), dtype=np.float32)
            self._priorities.note(slots, losses[rows], None if mark is None else mark.losses)
        return lies_in

    def _next_slots(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """`_next_slot` of n at once, without strata: the rows that stay, and their slots, each once."""
        free = min(n, self._capacity - self._n)
        slots = np.arange(self._n, self._n + free)
        rows = np.arange(free)
        if free < n:
            seen = np.arange(self.n_seen + free + 1, self.n_seen + n + 1)
            drawn = (seen - 1) % self._capacity if self._recent else rng.random(n - free) * seen
            slots = np.concatenate([slots, drawn.astype(np.int64)])
            rows = np.flatnonzero(slots < self._capacity)[::-1]
            slots, last = np.unique(
                slots[rows], return_index=True
            )  # of several for a slot the last one stays
            rows = rows[last]
        self._n += free
        self.n_seen += n
        return rows, slots

    @traitlets.validate(
        "capacity", "retention", "sampling", "priority_exponent", "importance_exponent", "distillation"
    )
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        if hasattr(self, "n_seen"):
            raise DataError(
                f"{proposal['trait'].name} shapes the memory and cannot change after it was made; "
                "make a new Recommender with it"
            )
        return proposal["value"]


def _read_only(view: np.ndarray) -> np.ndarray:
    view.flags.writeable = False
    return view
