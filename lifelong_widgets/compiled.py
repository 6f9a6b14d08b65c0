"""Loops over arrays, compiled to machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")


def compiled(function: Callable[_Args, _Result], reassociate: bool = False) -> Callable[_Args, _Result]:
    """Compile `function` by numba when it is first called, and keep the machine code beside the source.

    For the small loops of one event: written in numpy, most of their time is the overhead of many operations
    on few numbers. Sums are added in the order in which they are written, so that the bits depend neither on
    a BLAS nor on the number of threads.

    The arguments are arrays and numbers, and indices are *not* checked: the caller makes sure of them. A
    division by zero gives what numpy gives: to look for it would keep a processor from doing several at once.

    Args:
        function: Loops over arrays and numbers; it may call others that are compiled.
        reassociate: Let a sum be added in several lanes at once, as a BLAS does: how it rounds depends on the
            processor then, though not on anything else.

    >>> import numpy as np
    >>> @compiled
    ... def total(values):
    ...     sum = 0.0
    ...     for value in values:
    ...         sum += value
    ...     return sum
    >>> total(np.array([1.0, 2.0]))
    3.0
    """
    lanes = {"reassoc", "nsz"} if reassociate else False
    try:
        fast: Callable[_Args, _Result] = njit(cache=True, fastmath=lanes, error_model="numpy")(function)
    except RuntimeError:  # neither the folder of the source nor the user's cache can be written
        fast = njit(fastmath=lanes, error_model="numpy")(function)
    return fast
