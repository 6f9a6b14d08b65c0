"""Whether the times of a log and those at which items were released are by the same clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import ClockWarning, warn
from lifelong_widgets.memory.newcomers import ALWAYS, Newcomers
from lifelong_widgets.models.clock import BELIEVED


def warn_of_odd_times(newcomers: Newcomers, items: NDArray[np.int64], times: NDArray[np.float64]) -> None:
    """Say so if most of these events come long before their items were released.

    Such a log counts its events, say, or begins at 0, and what nobody has taken would silently be hidden.

    Args:
        newcomers: know when items were released.
        items: of each event, (n,).
        times: of each, (n,), in seconds.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warn_of_odd_times(Newcomers(np.array([1e9])), np.array([0, 0]), np.array([1.0, 2.0]))
    >>> print(str(said[0].message)[:89])
    2 of 2 events come long before their items were released: events are of 1970-01-01, items
    """
    released = newcomers.released_of(items)
    dated = released > ALWAYS
    early = int(np.count_nonzero(released[dated] > times[dated] + BELIEVED))
    if 2 * early <= np.count_nonzero(dated):
        return
    warn(
        f"{early:,} of {np.count_nonzero(dated):,} events come long before their items were released: events "
        f"are of {_span(times[dated])}, items of {_span(released[dated])}. What nobody has taken is not "
        "recommended before it was released. Give the events their times in seconds since 1970-01-01 UTC, or "
        "the items none (Catalog.from_pandas(…, released=None)), if the log has no times",
        ClockWarning,
    )


def _span(times: NDArray[np.float64]) -> str:
    first, last = (str(np.datetime64(int(time), "s"))[:10] for time in (times.min(), times.max()))
    return first if first == last else f"{first} to {last}"
