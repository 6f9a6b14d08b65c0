"""The arrays that examples are kept in."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifelong_widgets.errors import FormatError
from lifelong_widgets.learning.distillation import Scored
from lifelong_widgets.learning.examples import Examples

Row = tuple[np.ndarray, ...]
"""One example as it lies in the arrays: copies."""

NOBODY = -1
"""The owner of an example of which it was not said whose it is."""


class Rows:
    """Examples in arrays of fixed size. What is in a slot that was never written is of no meaning.

    >>> rows = Rows(capacity=3, history_length=1)
    >>> one = Examples(np.array([[5]]), np.ones((1, 1), np.float32), np.array([7]), np.ones(1, np.float32))
    >>> rows.write_one(2, one)
    >>> rows.examples(np.array([2, 2])).targets.tolist()
    [7, 7]
    """

    def __init__(self, capacity: int, history_length: int, n_scored: int = 0, person_dim: int = 0) -> None:
        self._history_items = np.zeros((capacity, history_length), dtype=np.int32)
        self._history_rewards = np.zeros((capacity, history_length), dtype=np.float32)
        self.targets = np.zeros(capacity, dtype=np.int32)
        self.rewards = np.zeros(capacity, dtype=np.float32)
        self.owners = np.full(capacity, NOBODY, dtype=np.int64)
        self._score_items: np.ndarray | None = None
        if n_scored:
            self._score_items = np.zeros((capacity, n_scored), dtype=np.int32)
            self._scores = np.zeros((capacity, n_scored), dtype=np.float32)
        self._people = np.zeros((capacity, person_dim), dtype=np.float32) if person_dim else None
        # one number, quicker
        self._target, self._reward, self._owner = self.targets.data, self.rewards.data, self.owners.data

    def write_one(
        self, slot: int, example: Examples, scored: Scored | None = None, owner: int = NOBODY
    ) -> None:
        """Copy a batch of one into `slot`: `write`, at three quarters of its price."""
        self._history_items[slot] = example.history_items  # (1, length) fits (length,), and no view is made
        self._history_rewards[slot] = example.history_rewards
        self._target[slot] = example.targets.item()
        self._reward[slot] = example.rewards.item()
        self._owner[slot] = owner
        if self._people is not None:
            self._people[slot] = example.people
        if self._score_items is not None and scored is not None:
            self._score_items[slot], self._scores[slot] = scored.items, scored.scores

    def write(
        self,
        slots: np.ndarray,
        examples: Examples,
        rows: np.ndarray,
        scored: Scored | None = None,
        owners: np.ndarray | None = None,
    ) -> None:
        """Copy the `rows` of `examples`, and of `owners`, into as many `slots`, each at most once."""
        self._history_items[slots] = examples.history_items[rows]
        self._history_rewards[slots] = examples.history_rewards[rows]
        self.targets[slots] = examples.targets[rows]
        self.rewards[slots] = examples.rewards[rows]
        self.owners[slots] = NOBODY if owners is None else owners[rows]
        if self._people is not None and examples.people is not None:
            self._people[slots] = examples.people[rows]
        if self._score_items is not None and scored is not None:
            self._score_items[slots], self._scores[slots] = scored.items[rows], scored.scores[rows]

    def row(self, slot: int) -> Row:
        """What is in a slot, for `put_back`."""
        return tuple(array[slot].copy() for array in self._arrays().values())

    def put_back(self, slot: int, row: Row) -> None:
        """Let `slot` hold what it held when `row` gave this."""
        for array, old in zip(self._arrays().values(), row, strict=True):
            array[slot] = old

    def examples(self, slots: np.ndarray) -> Examples:
        """The examples in `slots` (copies)."""
        return Examples(
            self._history_items.take(slots, axis=0).astype(np.int64),
            self._history_rewards.take(slots, axis=0),
            self.targets.take(slots).astype(np.int64),
            self.rewards.take(slots),
            None if self._people is None else self._people.take(slots, axis=0),
        )

    def scored(self, slots: np.ndarray) -> Scored | None:
        """The scores that are kept with the examples in `slots` (copies); None if none are kept."""
        if self._score_items is None:
            return None
        return Scored(
            self._score_items.take(slots, axis=0).astype(np.int64), self._scores.take(slots, axis=0)
        )

    def get_state(self, n: int) -> dict[str, np.ndarray]:
        """The first `n` slots (copies); histories in as few bytes as hold them without loss.

        Rewards of histories are codes of eight bits, of which ``reward_values`` are the numbers, as long as
        there are at most 256 of these: kinds of feedback have one each.
        """
        state = {name: array[:n].copy() for name, array in self._arrays().items()}
        items, rewards = state["history_items"], state["history_rewards"]
        state["history_items"] = items.astype(np.min_scalar_type(int(items.max(initial=0))))
        values, codes = np.unique(rewards.view(np.int32), return_inverse=True)  # by bits: -0.0 is not 0.0
        if len(values) <= 256:
            state["history_rewards"] = codes.reshape(rewards.shape).astype(np.uint8)
            state["reward_values"] = values.view(np.float32)
        return state

    def check(self, state: dict[str, Any]) -> int:
        """How many examples a state holds.

        Raises:
            FormatError: its arrays do not fit these or each other.
        """
        n = len(state["targets"])
        state.setdefault("owners", np.full(n, NOBODY))  # older states do not say whose they are
        if "reward_values" in state:
            state["history_rewards"] = _decoded(state["history_rewards"], state.pop("reward_values"))
        for name, array in self._arrays().items():
            check_array(state, name, (n, *array.shape[1:]), "iu" if array.dtype.kind == "i" else "f")
        return n

    def set_state(self, state: dict[str, Any], n: int) -> None:
        """Take a state of `n` examples back that `check` has passed."""
        for name, array in self._arrays().items():
            array[:n] = state[name]

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {
            "history_items": self._history_items,
            "history_rewards": self._history_rewards,
            "targets": self.targets,
            "rewards": self.rewards,
            "owners": self.owners,
        }
        if self._score_items is not None:
            arrays["score_items"], arrays["scores"] = self._score_items, self._scores
        if self._people is not None:
            arrays["people"] = self._people
        return arrays


def _decoded(codes: object, values: object) -> np.ndarray:
    """The rewards of codes.

    Raises:
        FormatError: these are no codes of these values.
    """
    if not isinstance(codes, np.ndarray) or codes.dtype != np.uint8:
        raise FormatError("replay buffer: history_rewards are no codes of eight bits")
    if not isinstance(values, np.ndarray) or values.dtype != np.float32 or values.ndim != 1:
        raise FormatError("replay buffer: reward_values must be a row of numbers")
    if codes.size and int(codes.max()) >= len(values):
        raise FormatError("replay buffer: the code of a reward has no value")
    return values[codes]


def check_array(state: dict[str, Any], name: str, shape: tuple[int, ...], kinds: str) -> None:
    """Raise a FormatError unless the array of this `name` has this shape, is of these kinds, and finite."""
    array = state[name]
    if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds or array.shape != shape:
        raise FormatError(f"replay buffer: {name} must be an array of shape {shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise FormatError(f"replay buffer: {name} holds numbers that are not finite")
