"""The replay buffer: what is kept of the past, to be learned again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets

from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.strata import Strata, StrataMark
from lifelong_widgets.learning.sum_tree import SumTree
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber
from lifelong_widgets.state_file import count_of

_POOL = 4  # slots that are looked at for each that `hard` sampling draws
_LEAST_LOSS = 1e-3  # so that what was learned well is still replayed, now and then


@dataclass(frozen=True, slots=True)
class ReplayMark:
    """What `ReplayBuffer.revert` needs: the counts, and what was overwritten since."""

    n: int
    n_seen: int
    overwritten: dict[int, Examples] = field(default_factory=dict)
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

    Example:
        >>> buffer = ReplayBuffer(capacity=100)
        >>> buffer.build(history_length=2)
        >>> nothing = np.zeros((1, 2))
        >>> one = Examples(nothing.astype(int), nothing, targets=np.array([4]), rewards=np.ones(1))
        >>> buffer.add(one, np.random.default_rng(0))
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

    keeps_losses: bool
    """Whether what is drawn depends on the losses, so that `note_losses` has to be told of them."""

    def build(self, history_length: int) -> None:
        """Allocate the arrays."""
        self._n = 0
        self.n_seen = 0
        self._history_items = np.zeros((self.capacity, history_length), dtype=np.int32)
        self._history_rewards = np.zeros((self.capacity, history_length), dtype=np.float32)
        self._targets = np.zeros(self.capacity, dtype=np.int32)
        self._rewards = np.zeros(self.capacity, dtype=np.float32)
        stratified = self.retention in ("item_stratified", "user_stratified")
        self._strata = Strata(self.capacity) if stratified else None
        # to read a trait costs as much as to copy a row
        self._capacity, self._recent = int(self.capacity), self.retention == "recent"
        self.keeps_losses = self.sampling != "uniform"
        self._losses = np.zeros(self._capacity if self.keeps_losses else 0, dtype=np.float32)
        self._tree = SumTree(self.capacity) if self.sampling == "prioritised" else None

    def __len__(self) -> int:
        return self._n

    @property
    def items(self) -> np.ndarray:
        """The target of each filled slot, (len,), int32; a read-only view."""
        return _read_only(self._targets[: self._n])

    @property
    def rewards(self) -> np.ndarray:
        """The reward of each filled slot, (len,), float32; a read-only view."""
        return _read_only(self._rewards[: self._n])

    def add(
        self,
        examples: Examples,
        rng: np.random.Generator,
        mark: ReplayMark | None = None,
        users: np.ndarray | None = None,
        losses: np.ndarray | None = None,
    ) -> None:
        """Offer examples in their order; each is kept or not, as `retention` says.

        Args:
            examples: n of them.
            rng: what is drawn.
            mark: can then take them back.
            users: (n,), the indices of the people, for ``user_stratified``.
            losses: (n,), what they have just cost; unless given, as much as the costliest of those kept.
        """
        strata, groups = self._strata, None
        if strata is not None:
            groups = examples.targets if self.retention == "item_stratified" else users
            if groups is None:
                raise DataError("a user-stratified buffer is told the `users` of the examples")
        placed: dict[int, int] = {}
        strata_mark = None if mark is None else mark.strata
        for row in range(len(examples.targets)):
            self.n_seen += 1
            slot: int | None
            group = -1 if groups is None else int(groups[row])
            if strata is not None:
                strata.count(group, strata_mark)
            if self._n < self._capacity:
                slot = self._n
                self._n += 1
            else:
                if strata is not None:
                    slot = strata.slot_for(group, rng, strata_mark)
                elif self._recent:
                    slot = (self.n_seen - 1) % self._capacity
                else:
                    slot = int(rng.random() * self.n_seen)
                if slot is None or slot >= self._capacity:
                    continue
                if mark is not None and slot < mark.n and slot not in mark.overwritten:
                    mark.overwritten[slot] = self.examples(np.array([slot]))
            self._history_items[slot] = examples.history_items[row]
            self._history_rewards[slot] = examples.history_rewards[row]
            self._targets[slot] = examples.targets[row]
            self._rewards[slot] = examples.rewards[row]
            if strata is not None:
                strata.put(slot, group, strata_mark)
            if self.keeps_losses:
                placed[slot] = row
        if placed:
            slots, rows = np.array(list(placed)), np.array(list(placed.values()))
            if losses is None:
                self._note(slots, np.full(len(rows), self._losses[: self._n].max()), mark)
            else:
                self._note(slots, losses[rows], mark)

    def note_losses(self, slots: np.ndarray, losses: np.ndarray, mark: ReplayMark | None = None) -> None:
        """Take note of what the examples in `slots`, which may repeat, cost when they were learned again."""
        if self.keeps_losses and len(slots):
            slots, first = np.unique(slots, return_index=True)
            self._note(slots, losses[first], mark)

    def mark(self) -> ReplayMark:
        """A place to come back to: hand it to what changes the buffer from now on, then to `revert`. O(1)."""
        return ReplayMark(self._n, self.n_seen)

    def revert(self, mark: ReplayMark) -> None:
        """Take back, bit for bit, all that was done since `mark`, which each change was given.

        Of several marks the newest goes first. The random state is the caller's.
        """
        for slot, old in mark.overwritten.items():
            self._history_items[slot], self._history_rewards[slot] = (
                old.history_items[0],
                old.history_rewards[0],
            )
            self._targets[slot], self._rewards[slot] = old.targets[0], old.rewards[0]
        if self._strata is not None:
            self._strata.revert(mark.strata)
        if mark.losses:
            slots = np.array(list(mark.losses))
            self._set_losses(slots, np.array(list(mark.losses.values()), dtype=np.float32))
        self._n, self.n_seen = mark.n, mark.n_seen

    def sample_slots(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` filled slots, as `sampling` says, with replacement; none while the buffer is empty."""
        if not self._n or not n:
            return np.zeros(0, dtype=np.int64)
        if self._tree is not None:
            return self._tree.find(rng.random(n) * self._tree.total)
        if self.keeps_losses:  # and has no tree: the hard ones
            pool = rng.integers(self._n, size=_POOL * n)
            return pool[np.argsort(-self._losses[pool], kind="stable")[:n]]
        return rng.integers(self._n, size=n)

    def importance_weights(self, slots: np.ndarray) -> np.ndarray | None:
        """How much each of `slots`, as drawn, weighs in the step, (n,), float32; None if all weigh alike."""
        if self._tree is None or not len(slots):
            return None
        probability = self._tree.weights(slots) / self._tree.total
        weights = (self._n * probability) ** -self.importance_exponent
        relative: np.ndarray = (weights / weights.max()).astype(np.float32)
        return relative

    def examples(self, slots: np.ndarray) -> Examples:
        """The examples in `slots` (copies)."""
        return Examples(
            self._history_items.take(slots, axis=0).astype(np.int64),
            self._history_rewards.take(slots, axis=0),
            self._targets.take(slots).astype(np.int64),
            self._rewards.take(slots),
        )

    def get_state(self) -> dict[str, Any]:
        """The filled slots, the count of what was seen, and what retention and sampling go by."""
        n = self._n
        state = {
            "n_seen": self.n_seen,
            "history_items": self._history_items[:n].copy(),
            "history_rewards": self._history_rewards[:n].copy(),
            "targets": self._targets[:n].copy(),
            "rewards": self._rewards[:n].copy(),
        }
        if self.keeps_losses:
            state["losses"] = self._losses[:n].copy()
        if self._strata is not None:
            state["strata"] = self._strata.get_state()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back into arrays already built.

        Raises:
            FormatError: the arrays do not fit these or each other, or hold what no example can.
        """
        n, length = len(state["targets"]), self._history_items.shape[1]
        n_seen = count_of(state["n_seen"], "replay buffer: n_seen")
        shapes = {
            "history_items": (n, length),
            "history_rewards": (n, length),
            "rewards": (n,),
            "targets": (n,),
            **({"losses": (n,)} if self.keeps_losses else {}),
        }
        for name, shape in shapes.items():
            array, kind = state[name], "iu" if name in ("history_items", "targets") else "f"
            if not isinstance(array, np.ndarray) or array.dtype.kind not in kind or array.shape != shape:
                raise FormatError(f"replay buffer: {name} must be an array of shape {shape}")
            if kind == "f" and not np.isfinite(array).all():
                raise FormatError(f"replay buffer: {name} holds numbers that are not finite")
            if name == "losses" and not (array > 0).all():
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
        self._history_items[:n], self._history_rewards[:n] = state["history_items"], state["history_rewards"]
        self._targets[:n], self._rewards[:n] = state["targets"], state["rewards"]
        if self.keeps_losses:
            self._losses[:] = 0
            self._tree = None if self._tree is None else SumTree(self.capacity)
            self._set_losses(np.arange(n), state["losses"])

    def _note(self, slots: np.ndarray, losses: np.ndarray, mark: ReplayMark | None) -> None:
        if mark is not None:
            for slot, old in zip(slots.tolist(), self._losses[slots].tolist(), strict=True):
                mark.losses.setdefault(slot, old)
        self._set_losses(slots, np.maximum(losses, _LEAST_LOSS))

    def _set_losses(self, slots: np.ndarray, losses: np.ndarray) -> None:
        self._losses[slots] = losses
        if self._tree is not None:  # a slot that is not filled has no loss, and must not be drawn
            kept = self._losses[slots].astype(np.float64)
            self._tree.set(slots, np.where(kept > 0, kept**self.priority_exponent, 0.0))

    @traitlets.validate("capacity", "retention", "sampling", "priority_exponent", "importance_exponent")
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
