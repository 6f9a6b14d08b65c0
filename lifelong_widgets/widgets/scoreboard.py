"""The running figures: who hits how often, what a step loses and costs, and where alarms rang."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

WINDOW = 200  # visits over which hits are counted
NEEDED = 20  # visits before a rate is shown: below, it says more about luck than about the model
SMOOTH = 50  # steps over which loss and latency are smoothed
HIT = 10  # a hit is among the first this many
_POINTS = 1000  # of the curve; a longer life is drawn with every second point, every fourth …
_MARKS = 100
_COLUMNS = 5  # visit, live, frozen, loss, latency


class Curve:
    """Rows of numbers over a life of any length, in bounded memory: when full, every second row goes.

    >>> curve = Curve(columns=1, points=4)
    >>> for n in range(1, 9):
    ...     curve.add(n)
    >>> curve.rows[:, 0].tolist()
    [4.0, 8.0]
    """

    def __init__(self, columns: int, points: int = _POINTS) -> None:
        self._rows = np.empty((points, columns), dtype=np.float32)
        self._n = 0
        self._stride = 1
        self._skipped = 0

    def add(self, *row: float) -> None:
        """Offer one row."""
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        self._rows[self._n] = row
        self._n += 1
        if self._n == len(self._rows):
            kept = self._rows[1::2]
            self._rows[: len(kept)] = kept.copy()
            self._n = len(kept)
            self._stride *= 2

    @property
    def rows(self) -> np.ndarray:
        """The rows kept, (n, columns), float32."""
        return self._rows[: self._n]


class Scoreboard:
    """What a `LiveSession` has seen so far. Owner thread only."""

    def __init__(self) -> None:
        self.visits = 0
        self.clicks = 0
        self.marks: deque[dict[str, Any]] = deque(maxlen=_MARKS)
        self._outcomes: deque[tuple[bool, bool, bool]] = deque(maxlen=WINDOW)
        self._losses: deque[float] = deque(maxlen=SMOOTH)
        self._latencies: deque[float] = deque(maxlen=SMOOTH)
        self._curve = Curve(_COLUMNS)

    def step(self, loss: float) -> None:
        """A click was learned."""
        self.clicks += 1
        if np.isfinite(loss):
            self._losses.append(loss)

    def took(self, seconds: float) -> None:
        """What a click has cost the model: the step, and its share of the new list."""
        self._latencies.append(1000 * seconds)

    def taken_back(self, n: int) -> None:
        """So many clicks were undone. What was seen before is still true: visits and rates stay."""
        self.clicks = max(0, self.clicks - n)

    def restart(self) -> None:
        """There is a new twin: what the one before hit says nothing of it."""
        self._outcomes.clear()
        if self.visits:
            self.mark("twin")

    def visit(self, outcome: tuple[bool, bool] | None, own: bool) -> None:
        """Somebody saw a list; `outcome` says whether the live and the frozen one hit, None if untested."""
        self.visits += 1
        if outcome is not None:
            self._outcomes.append((*outcome, own))
        none = float("nan")
        row = (self.live, self.frozen, self.loss, self.latency)
        self._curve.add(self.visits, *(none if value is None else value for value in row))

    def mark(self, kind: str) -> None:
        """Something happened at this visit: an ``"alarm"``, a ``"swap"`` of tastes, a new ``"twin"``."""
        self.marks.append({"kind": kind, "visit": self.visits})

    @property
    def live(self) -> float | None:
        """The live model's hit rate over the window, or None while there are too few visits."""
        return self._rate(0)

    @property
    def frozen(self) -> float | None:
        """The same of the frozen twin."""
        return self._rate(1)

    @property
    def loss(self) -> float | None:
        """The mean loss of the last steps."""
        return float(np.mean(self._losses)) if self._losses else None

    @property
    def latency(self) -> float | None:
        """The median time of the last steps, in milliseconds."""
        return float(np.median(self._latencies)) if self._latencies else None

    def summary(self) -> dict[str, Any]:
        """Everything but the curve, ready for JSON."""
        return {
            "visits": self.visits,
            "inWindow": len(self._outcomes),
            "window": WINDOW,
            "needed": NEEDED,
            "own": sum(own for _, _, own in self._outcomes),
            "live": self.live,
            "frozen": self.frozen,
            "loss": self.loss,
            "latency": self.latency,
            "marks": list(self.marks),
        }

    def curve(self) -> bytes:
        """Visits, live, frozen, loss, latency: five rows of little-endian float32, one after the other."""
        return self._curve.rows.T.astype("<f4").tobytes()

    def _rate(self, column: int) -> float | None:
        if len(self._outcomes) < NEEDED:
            return None
        return sum(outcome[column] for outcome in self._outcomes) / len(self._outcomes)
