"""The few numbers beside the networks of the values, and what they make of a score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.state_file import count_of

_RATE = 0.02  # how fast the mean value and the mean error follow
_NUMBERS = ("mean", "target_mean", "lowest", "highest", "error")


class Numbers(NamedTuple):
    """The few numbers beside the networks.

    Attributes:
        mean: of all values: of the items that were taken.
        target_mean: the same when the target network was copied.
        lowest: the smallest reward so far, at most 0.
        highest: the largest, at least 0.
        error: the moving mean of the size of the TD errors.
        n_steps: how many steps were taken.
    """

    mean: float = 0.0
    target_mean: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    error: float = 0.0
    n_steps: int = 0

    @property
    def scale(self) -> float:
        """What a score of 1 is worth: the largest reward."""
        return max(self.highest, -self.lowest) or 1.0

    def values(self, scores: NDArray[np.floating], discount: float) -> NDArray[np.float32]:
        """What scores of the network that learns say of values."""
        return self._bounded(self.mean + self.scale * scores, discount)

    def target_values(self, scores: NDArray[np.floating], discount: float) -> NDArray[np.float32]:
        """What scores of the target network say of values."""
        return self._bounded(self.target_mean + self.scale * scores, discount)

    def met(self, rewards: Iterable[float]) -> Self:
        """With these rewards among those so far."""
        lowest, highest = self.lowest, self.highest
        for reward in rewards:
            lowest, highest = min(lowest, reward), max(highest, reward)
        return self._replace(lowest=lowest, highest=highest)

    def mean_with(self, targets: NDArray[np.float32]) -> float:
        """The mean of all values once these were learned; the first ones count as much as they are."""
        return self._moved(self.mean, float(targets.mean()))

    def stepped(self, mean: float, error: float) -> Self:
        """After a step that made `mean` the mean, with TD errors of this mean size."""
        return self._replace(mean=mean, error=self._moved(self.error, error), n_steps=self.n_steps + 1)

    def get_state(self) -> dict[str, Any]:
        """The numbers, as an array, and the count."""
        numbers = np.array([getattr(self, name) for name in _NUMBERS], dtype=np.float64)
        return {"n_steps": self.n_steps, "numbers": numbers}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """The numbers of a state.

        Raises:
            FormatError: it holds others.
        """
        numbers = state["numbers"]
        if getattr(numbers, "shape", None) != (len(_NUMBERS),) or not np.isfinite(numbers).all():
            raise FormatError(f"values: there must be {len(_NUMBERS)} finite numbers")
        found = cls(
            **dict(zip(_NUMBERS, numbers.tolist(), strict=True)),
            n_steps=count_of(state["n_steps"], "n_steps"),
        )
        if found.lowest > 0 or found.highest < 0 or found.error < 0:
            raise FormatError("values: the smallest reward is above 0, or the largest or the error below")
        return found

    def _moved(self, mean: float, new: float) -> float:
        return mean + max(_RATE, 1.0 / (1.0 + self.n_steps)) * (new - mean)

    def _bounded(self, values: NDArray[np.floating], discount: float) -> NDArray[np.float32]:
        """No value is beyond what rewards as large as those so far can add up to."""
        horizon = 1.0 / (1.0 - discount)
        return np.asarray(np.clip(values, self.lowest * horizon, self.highest * horizon), dtype=np.float32)
