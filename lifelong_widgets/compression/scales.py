"""The scale of a row in one small number: sixteenths of an octave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError

Scales = NDArray[np.float32]
Steps = NDArray[np.int16]

_NONE = -(2**15)  # of a row of zeros
_LEAST, _MOST = -150 * 16, 128 * 16  # what float32 holds
_OF_AN_OCTAVE = np.array([2.0 ** (step / 16) for step in range(16)])


def steps_of(tops: NDArray[np.floating]) -> Steps:
    """The smallest steps whose scales are not below `tops`, which are not negative.

    A scale is up to 4.4 % larger than it has to be: what is divided by it is rounded that much more coarsely.
    It saves three bytes a row.

    >>> scales_of(steps_of(np.array([0.0, 1.0, 1.01]))).astype(np.float64).round(4).tolist()
    [0.0, 1.0, 1.0443]
    """
    safe = np.where(tops > 0, tops, 1.0).astype(np.float64)
    steps = np.ceil(16.0 * np.log2(safe)).astype(np.int64)
    steps += _values(steps) < safe  # the logarithm is rounded
    return np.where(tops > 0, np.clip(steps, _LEAST, _MOST), _NONE).astype(np.int16)


def scales_of(steps: Steps) -> Scales:
    """The scales that steps stand for."""
    scales = np.where(steps == _NONE, 0.0, _values(steps.astype(np.int64)))
    return np.minimum(scales, np.finfo(np.float32).max).astype(np.float32)


def checked_steps(what: str, steps: object, n: int) -> Steps:
    """A copy of `steps`, if these are `n` of what `steps_of` gives.

    Raises:
        FormatError: they are not.
    """
    if not isinstance(steps, np.ndarray) or steps.dtype != np.int16 or steps.shape != (n,):
        raise FormatError(f"{what}: the scales are not {n:,} steps")
    inside = (steps == _NONE) | ((steps >= _LEAST) & (steps <= _MOST))
    if not bool(np.all(inside)):
        raise FormatError(f"{what}: a scale is beyond what float32 holds")
    copied: Steps = steps.copy()
    return copied


def _values(steps: NDArray[np.int64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.ldexp(_OF_AN_OCTAVE[steps & 15], steps >> 4)
    return values
