"""The replay buffer: what is kept of the past, to be learned again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets

from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.parts import Part, WholeNumber
from lifelong_widgets.state_file import count_of


@dataclass(frozen=True, slots=True)
class ReplayMark:
    """What `ReservoirReplayBuffer.revert` needs: the counts, and the slots that were overwritten since."""

    n: int
    n_seen: int
    overwritten: dict[int, Examples] = field(default_factory=dict)


class ReservoirReplayBuffer(Part):
    """A uniform sample of all examples ever seen, in arrays of fixed size.

    Reservoir sampling, algorithm R: the t-th example is kept with probability ``capacity / t``, in the place
    of one drawn uniformly. Vitter (1985), "Random sampling with a reservoir". So a season that lies far back
    is remembered in proportion to its length.

    Example:
        >>> buffer = ReservoirReplayBuffer(capacity=100)
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

    def build(self, history_length: int) -> None:
        """Allocate the arrays."""
        self._n = 0
        self.n_seen = 0
        self._history_items = np.zeros((self.capacity, history_length), dtype=np.int32)
        self._history_rewards = np.zeros((self.capacity, history_length), dtype=np.float32)
        self._targets = np.zeros(self.capacity, dtype=np.int32)
        self._rewards = np.zeros(self.capacity, dtype=np.float32)

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

    def add(self, examples: Examples, rng: np.random.Generator, mark: ReplayMark | None = None) -> None:
        """Offer examples in their order; each is kept or not by the reservoir's rule.

        `mark` can then take them back.
        """
        for row in range(len(examples)):
            self.n_seen += 1
            if self._n < self.capacity:
                slot = self._n
                self._n += 1
            else:
                slot = int(rng.integers(self.n_seen))
                if slot >= self.capacity:
                    continue
                if mark is not None and slot < mark.n and slot not in mark.overwritten:
                    mark.overwritten[slot] = self.examples(np.array([slot]))
            self._history_items[slot] = examples.history_items[row]
            self._history_rewards[slot] = examples.history_rewards[row]
            self._targets[slot] = examples.targets[row]
            self._rewards[slot] = examples.rewards[row]

    def mark(self) -> ReplayMark:
        """A place to come back to: hand it to each `add` from now on, then to `revert`. Costs O(1)."""
        return ReplayMark(self._n, self.n_seen)

    def revert(self, mark: ReplayMark) -> None:
        """Take back, bit for bit, all that was added since `mark`, which each `add` was given.

        Of several marks the newest goes first. The random state is the caller's.
        """
        for slot, old in mark.overwritten.items():
            self._history_items[slot], self._history_rewards[slot] = (
                old.history_items[0],
                old.history_rewards[0],
            )
            self._targets[slot], self._rewards[slot] = old.targets[0], old.rewards[0]
        self._n, self.n_seen = mark.n, mark.n_seen

    def sample_slots(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` filled slots drawn uniformly with replacement; none while the buffer is empty."""
        return rng.integers(self._n, size=n) if self._n else np.zeros(0, dtype=np.int64)

    def examples(self, slots: np.ndarray) -> Examples:
        """The examples in `slots` (copies)."""
        return Examples(
            self._history_items[slots].astype(np.int64),
            self._history_rewards[slots],
            self._targets[slots].astype(np.int64),
            self._rewards[slots],
        )

    def get_state(self) -> dict[str, Any]:
        """The filled slots and the count of what was seen."""
        n = self._n
        return {
            "n_seen": self.n_seen,
            "history_items": self._history_items[:n].copy(),
            "history_rewards": self._history_rewards[:n].copy(),
            "targets": self._targets[:n].copy(),
            "rewards": self._rewards[:n].copy(),
        }

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
        }
        for name, shape in shapes.items():
            array, kind = state[name], "f" if name.endswith("rewards") else "iu"
            if not isinstance(array, np.ndarray) or array.dtype.kind not in kind or array.shape != shape:
                raise FormatError(f"replay buffer: {name} must be an array of shape {shape}")
        if n > self.capacity or n_seen < n:
            raise FormatError(
                f"replay buffer: {n} examples of {n_seen} seen do not fit {self.capacity} slots"
            )
        if not np.isfinite(state["history_rewards"]).all() or not np.isfinite(state["rewards"]).all():
            raise FormatError("replay buffer: a reward is not finite")
        self._n, self.n_seen = n, n_seen
        self._history_items[:n], self._history_rewards[:n] = state["history_items"], state["history_rewards"]
        self._targets[:n], self._rewards[:n] = state["targets"], state["rewards"]

    @traitlets.validate("capacity")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        if hasattr(self, "n_seen"):
            raise DataError(
                "capacity sizes the arrays of the buffer and cannot change after they were made; "
                "make a new Recommender with it"
            )
        return proposal["value"]


def _read_only(view: np.ndarray) -> np.ndarray:
    view.flags.writeable = False
    return view
