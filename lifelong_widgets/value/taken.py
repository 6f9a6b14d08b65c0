"""What people took, as the values are told of it."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.learning import pasts_of_batch
from lifelong_widgets.memory import Occurrence
from lifelong_widgets.models import Histories
from lifelong_widgets.value.pending import Awaiting
from lifelong_widgets.value.transitions import SLATE_SIZE


def awaiting(
    histories: Histories, happened: list[Occurrence], features: np.ndarray | None = None
) -> list[Awaiting]:
    """Events with the histories before them, as the values take them; `features` are (n, person_dim).

    One whose time is not believed happens when the clock says, as in the histories.
    """
    moments = histories.moments(one.time for one in happened)
    times = [
        histories.clock if moment is None and one.time is not None else moment
        for one, moment in zip(happened, moments, strict=True)
    ]
    columns = (
        [one.person for one in happened],
        [one.item for one in happened],
        [one.reward for one in happened],
    )
    return [
        Awaiting(one.person, now, items, rewards.copy(), one.item, one.reward, row)
        for one, now, (items, rewards), row in zip(
            happened,
            times,
            pasts_of_batch(histories, *columns),
            [None] * len(happened) if features is None else features,
            strict=True,
        )
    ]


def with_taken(listed: np.ndarray, item: int) -> np.ndarray:
    """The first items of a list, and one that was taken, in the place of the last if need be."""
    listed = listed[:SLATE_SIZE]
    return listed if item in listed else np.append(listed[: SLATE_SIZE - 1], item)
