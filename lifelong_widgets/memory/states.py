"""What arrays that were read from a file have to be like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lifelong_widgets.errors import FormatError

Expected = tuple[tuple[int, ...], type, int | None]
"""Shape, dtype, and the greatest whole number that may occur; None for floats, which are finite."""


def check_arrays(what: str, state: Mapping[str, Any], **expected: Expected) -> None:
    """Raise a FormatError unless each array of `state` is as `expected`.

    >>> check_arrays("counts", {"of": np.array([3, 1])}, of=((2,), np.int64, 2))
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.FormatError: counts: of holds 1 to 3, which must be from 0 to 2
    """
    for name, (shape, dtype, greatest) in expected.items():
        array = state.get(name)
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
            found = (
                f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else f"{array!r:.40}"
            )
            raise FormatError(f"{what}: {name} is {found}, expected {np.dtype(dtype)} of shape {shape}")
        if not array.size:
            continue
        if greatest is None:
            if not np.isfinite(array).all():
                raise FormatError(f"{what}: {name} holds numbers that are not finite")
        elif array.min() < 0 or array.max() > greatest:
            raise FormatError(
                f"{what}: {name} holds {array.min()} to {array.max()}, which must be from 0 to {greatest}"
            )


def check_ascending(what: str, array: np.ndarray) -> None:
    """Raise a FormatError unless each number is greater than the one before it."""
    if (np.diff(array) <= 0).any():
        raise FormatError(f"{what} are not in ascending order, each once")
