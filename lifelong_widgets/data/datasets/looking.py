"""How a simulated person reads a list."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

STAYS = 0.9
"""The chance that someone who looked at one place looks at the next one too."""
NOTHING = 2.0
"""The utility of clicking on nothing."""


def look(rng: np.random.Generator, utilities: npt.NDArray[np.float64]) -> int | None:
    """The place of a list that somebody takes, or None.

    They read from the top and give up after each place with a chance of one tenth (a cascade); among what
    they saw they choose by a softmax over utilities, in which taking nothing takes part with `NOTHING`.

    >>> look(np.random.default_rng(0), np.array([9.0, 0.0]))
    0
    >>> look(np.random.default_rng(0), np.array([])) is None
    True
    """
    depth, noise = rng.geometric(1.0 - STAYS), rng.gumbel(size=len(utilities) + 1)
    seen = min(int(depth), len(utilities))
    if not seen:
        return None
    drawn = utilities[:seen] + noise[:seen]  # the greatest of these is a softmax choice
    best = int(drawn.argmax())
    return None if drawn[best] < NOTHING + noise[-1] else best
