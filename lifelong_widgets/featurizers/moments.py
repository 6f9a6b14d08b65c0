"""When something happens: time of day and of week on circles, and sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lifelong_widgets.data import Interactions

SESSION_GAP = 1800.0
"""Seconds without an event after which a person's next event begins a session: half an hour, as web analytics
has it."""

_DAY, _WEEK = 86_400.0, 604_800.0
_FIRST_MONDAY = 4 * _DAY  # 1970-01-05
_CYCLES = (("time of day", _DAY, 1), ("time of day, twice", _DAY, 2), ("day of week", _WEEK, 1))

CLOCK_NAMES = [f"{name} ({part})" for name, _, _ in _CYCLES for part in ("sin", "cos")]
"""The columns of `clock`."""


def clock(times: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Times as points on the circles of a day, of half a day and of a week: (n, 6).

    Midnight lies beside one minute to midnight, and Sunday beside Monday. The mean of such rows is the first
    trigonometric moments of the circular histogram (Mardia & Jupp, 2000, "Directional statistics"): near 0
    if the events are spread evenly, of length 1 if all are at the same hour.

    Args:
        times: (n,), seconds since 1970-01-01 UTC.

    >>> clock([6 * 3600.0]).round(2).tolist()  # six in the morning of a Thursday
    [[1.0, 0.0, 0.0, -1.0, 0.22, -0.97]]
    """
    seconds = np.asarray(times, dtype=np.float64)
    columns = []
    for _, length, harmonic in _CYCLES:
        angle = 2.0 * np.pi * harmonic * np.mod((seconds - _FIRST_MONDAY) / length, 1.0)
        columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, axis=1)


def session_positions(log: Interactions) -> npt.NDArray[np.int64]:
    """How many events of its person's session came before each event: (n,); 0 where one begins.

    >>> import pandas as pd
    >>> session_positions(Interactions.from_pandas(pd.DataFrame({
    ...     "user": "ada", "item": [1, 2, 3], "time": [0, 60, 9_000]}))).tolist()
    [0, 1, 0]
    """
    order, starts = by_session(log)
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    positions = np.empty(len(order), dtype=np.int64)
    positions[order] = np.arange(len(order)) - first
    return positions


def by_session(log: Interactions) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """The events person by person in the order of time, and whether each is the first of a session."""
    order = np.argsort(log.user_codes, kind="stable")
    users, times = log.user_codes[order], log.times[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (users[1:] != users[:-1]) | (np.diff(times) > SESSION_GAP)
    return order, starts
