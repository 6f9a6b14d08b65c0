"""Popularity that fades with a half-life, in the one form that an event changes for one item only."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifelong_widgets.errors import DataError

NEVER = -1e300
"""The logarithm of no popularity at all; finite, so that it still ranks above what is hidden."""


class FadingPopularity:
    """The popularity of item i at time t: ``p_i(t) = Σ_e weight_e · 2 ** (-(t - t_e) / half_life)``.

    Fading changes all items alike, so their order at any time is that of
    ``log2 Σ_e weight_e · 2 ** (t_e / half_life)``, which an event changes for one item: `add` costs O(1) and
    never overflows.

    Args:
        half_life: A text such as ``"7D"`` or ``"90min"``, a `timedelta`, or a number of seconds.

    Raises:
        DataError: The half-life is not a positive duration.

    >>> popularity = FadingPopularity("1D")
    >>> popularity.add(0, time=0.0), popularity.add(2, time=86_400.0)
    (None, None)
    >>> popularity.relative(4)
    array([0.5, 0. , 1. , 0. ])
    """

    def __init__(self, half_life: str | timedelta | float) -> None:
        self.half_life = _seconds(half_life)
        self.now = 0.0
        self._logs: NDArray[np.float64] = np.full(0, NEVER)

    def add(self, item: int, time: float | None, weight: float = 1.0) -> None:
        """Count one event in; one without a time happens at that of the latest so far."""
        now = self.now if time is None else time
        if weight > 0:
            self._make_room(item + 1)
            self._logs[item] = np.logaddexp2(self._logs[item], now / self.half_life + math.log2(weight))
        self.now = max(self.now, now)

    def add_many(
        self, items: NDArray[np.int64], times: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> None:
        """Count events in, in the order of time."""
        counted = weights > 0
        self._make_room(int(items.max(initial=-1)) + 1)
        gains = times[counted] / self.half_life + np.log2(weights[counted])
        np.logaddexp2.at(self._logs, items[counted], gains)
        self.now = max(self.now, float(times.max(initial=self.now)))

    def logs(self, n: int) -> NDArray[np.float64]:
        """A copy of the logarithms (base 2) of the first `n` items, as of the epoch; `NEVER` for none."""
        logs = np.full(n, NEVER)
        logs[: len(self._logs)] = self._logs[:n]
        return logs

    def relative(self, n: int) -> NDArray[np.float64]:
        """The popularity of the first `n` items as a share of the greatest; zeros if nothing has happened."""
        logs = self.logs(n)
        top: float = max(logs.max(initial=NEVER), NEVER / 2)
        return np.exp2(logs - top)

    def _make_room(self, n: int) -> None:
        if n > len(self._logs):
            room = np.full(max(n, 2 * len(self._logs)), NEVER)
            room[: len(self._logs)] = self._logs
            self._logs = room


def _seconds(half_life: str | timedelta | float) -> float:
    if isinstance(half_life, str):
        with suppress(ValueError):  # pandas takes "3600" for nanoseconds
            half_life = float(half_life)
    try:
        if isinstance(half_life, (int, float)) and not isinstance(half_life, bool):
            seconds = float(half_life)
        else:
            seconds = pd.Timedelta(half_life).total_seconds()
    except (TypeError, ValueError):
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise DataError(
            "half_life must be a positive duration such as '7D', '90min' or 3600 (seconds), "
            f"not {half_life!r:.80}"
        )
    return seconds
