"""What people take at their stage: the first things, and those that come after a hundred others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.states import check_arrays, check_ascending
from lifelong_widgets.state_file import count_of

_N_STAGES = 12  # none consumed before, 1 to 2, 3 to 6, …, 2,047 and more
_HALF_LIFE = 5_000.0  # events
_BESIDE = 0.3  # what an event counts for the stages beside its own


class StagePopularity:
    """The popularity of items among people who have consumed about as many as this one.

    People do not begin where they end: with what everybody knows, what a service puts on its first page, the
    first lesson. With ``s = floor(log2(1 + n_consumed))`` the stage of each event e of item j, t a count of
    events and h a half-life::

        score(j, s) = Σ_e 2 ** (-(t - t_e) / h) · (1 if s_e = s, 0.3 if |s_e - s| = 1, else 0)

    It tells apart what the others name and names nothing itself.

    >>> stages = StagePopularity()
    >>> for n_consumed, item in [(0, 4), (0, 4), (30, 7)]:
    ...     stages.learn(n_consumed, item)
    >>> stages.scores(0).of(np.array([4, 7])).round(2), stages.scores(30).of(np.array([4, 7])).round(2)
    (array([2., 0.], dtype=float32), array([0., 1.], dtype=float32))
    """

    def __init__(self) -> None:
        self._n_events = 0
        self._weights: NDArray[np.float32] = np.zeros((0, _N_STAGES), dtype=np.float32)
        self._times: NDArray[np.int64] = np.zeros((0, _N_STAGES), dtype=np.int64)  # of the weights

    def learn(self, n_consumed: int, item: int, ledger: Ledger | None = None) -> None:
        """Somebody who had consumed `n_consumed` items took `item`; `ledger` can then take it back."""
        if item >= len(self._weights):
            more = max(item + 1, 2 * len(self._weights)) - len(self._weights)
            weights = np.concatenate([self._weights, np.zeros((more, _N_STAGES), dtype=np.float32)])
            times = np.concatenate([self._times, np.zeros((more, _N_STAGES), dtype=np.int64)])
            self._weights, self._times = weights, times
        place = (item, _stage_of(n_consumed))
        if ledger is not None:
            ledger.keep_all(self, "_n_events")
            for name in ("_weights", "_times"):
                ledger.keep(self, name, place)
        faded = self._weights[place] * 2.0 ** (-(self._n_events - self._times[place]) / _HALF_LIFE)
        self._weights[place] = faded + 1.0
        self._times[place] = self._n_events
        self._n_events += 1

    def scores(self, n_consumed: int) -> StageScores:
        """The scores of the items for somebody who has consumed `n_consumed`."""
        return StageScores(self._weights, self._times, self._n_events, _stage_of(n_consumed))

    @property
    def n_bytes(self) -> int:
        """What the items that had an event take."""
        return 12 * _N_STAGES * int(np.count_nonzero(self._weights.any(axis=1)))

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and a number."""
        items = np.flatnonzero(self._weights.any(axis=1))
        return {
            "n_events": self._n_events,
            "items": items,
            "weights": self._weights[items],
            "times": self._times[items],
        }

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back whose items are below `n_items`.

        Raises:
            FormatError: the arrays do not fit each other or the items.
        """
        items, n_events = state["items"], count_of(state["n_events"], "n_events")
        shape = (len(items), _N_STAGES)
        check_arrays(
            "stages",
            state,
            items=(shape[:1], np.int64, n_items - 1),
            weights=(shape, np.float32, None),
            times=(shape, np.int64, n_events),
        )
        check_ascending("stages: items", items)
        if len(items) and not 0 <= state["weights"].min() <= state["weights"].max() <= n_events:
            raise FormatError("stages: a weight is negative, or of more than all the events")
        size = int(items.max(initial=-1)) + 1
        self._n_events = n_events
        self._weights = np.zeros((size, _N_STAGES), dtype=np.float32)
        self._times = np.zeros((size, _N_STAGES), dtype=np.int64)
        self._weights[items], self._times[items] = state["weights"], state["times"]


class StageScores:
    """See `StagePopularity`."""

    def __init__(self, weights: NDArray[np.float32], times: NDArray[np.int64], now: int, stage: int) -> None:
        self._weights, self._times, self._now, self._stage = weights, times, now, stage

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of `items`."""
        return _scores(self._weights, self._times, self._now, self._stage, items)

    def best(self, k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        """None: what is popular is named by others."""
        return np.zeros(0, dtype=np.int64)


def _stage_of(n_consumed: int) -> int:
    return min((n_consumed + 1).bit_length() - 1, _N_STAGES - 1)


@compiled
def _scores(
    weights: NDArray[np.float32], times: NDArray[np.int64], now: int, stage: int, items: NDArray[np.int64]
) -> NDArray[np.float32]:
    scores = np.zeros(len(items), dtype=np.float32)
    for place in range(len(items)):
        item, total = items[place], 0.0
        if item < len(weights):
            for other in range(max(stage - 1, 0), min(stage + 2, weights.shape[1])):
                if weights[item, other] > 0.0:
                    faded = weights[item, other] * 2.0 ** (-(now - times[item, other]) / _HALF_LIFE)
                    total += faded if other == stage else _BESIDE * faded
        scores[place] = total
    return scores
