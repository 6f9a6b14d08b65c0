"""How much Gaussian noise protects: Rényi differential privacy of what was done, and what it comes to."""

from __future__ import annotations

import math
from functools import lru_cache
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import DataError

Numbers = NDArray[np.float64]

ORDERS: Numbers = np.concatenate([1 + np.arange(1, 100) / 10, np.arange(11.0, 64.0), 2.0 ** np.arange(6, 9)])
"""The Rényi orders α at which everything is counted; the best of them gives ε."""

_MOST_NOISE = 1e4


def gaussian_rdp(noise_multiplier: float) -> Numbers:
    """The Rényi divergence at each of `ORDERS` of one sum with noise: ``α / (2 σ²)``.

    I. Mironov, "Rényi differential privacy", CSF 2017, proposition 7.

    Args:
        noise_multiplier: σ, the standard deviation of the noise in units of what one group can change.
    """
    with np.errstate(divide="ignore"):
        return ORDERS / (2 * np.float64(noise_multiplier) ** 2)


@lru_cache(maxsize=64)
def subsampled_rdp(sampling_rate: float, noise_multiplier: float) -> Numbers:
    """That of one sum in which each group takes part with probability q, by itself, in secret.

    ``log E[((1 - q) + q e^((2z - 1) / (2 σ²)))^α] / (α - 1)`` over z from N(0, σ²): equation 4 of I. Mironov,
    K. Talwar and L. Zhang, "Rényi differential privacy of the sampled Gaussian mechanism", 2019, who prove
    that the other direction is smaller. Taken by the trapezoid rule, which is exact to rounding here.

    Args:
        sampling_rate: q, from 0 to 1.
        noise_multiplier: σ.
    """
    q, sigma = sampling_rate, noise_multiplier
    if q == 0:
        return np.zeros(len(ORDERS))
    if sigma == 0:
        return np.full(len(ORDERS), np.inf)
    if q == 1:
        return gaussian_rdp(sigma)
    found = np.empty(len(ORDERS))
    step = sigma / 20
    for place, order in enumerate(ORDERS):
        z = step * np.arange(-200, 200 + order / step)  # its mass lies around 0, around α and between
        ratio = np.logaddexp(math.log1p(-q), math.log(q) + (2 * z - 1) / (2 * sigma**2))
        logs = order * ratio - z**2 / (2 * sigma**2) - math.log(sigma * math.sqrt(2 * math.pi))
        highest = logs.max()
        found[place] = highest + math.log(np.exp(logs - highest).sum() * step)
    rdp: Numbers = np.maximum(found, 0.0) / (ORDERS - 1)
    rdp.flags.writeable = False
    return rdp


def epsilon_of(rdp: Numbers, delta: float) -> float:
    """The least ε for which Rényi divergences of `rdp` at `ORDERS` imply (ε, δ)-differential privacy.

    ``min over α of rdp + log((α - 1) / α) - (log δ + log α) / (α - 1)``: C. Canonne, G. Kamath and T.
    Steinke, "The discrete Gaussian for differential privacy", NeurIPS 2020, proposition 12. 0 if nothing was
    done.

    >>> round(epsilon_of(gaussian_rdp(1.0), 1e-5), 2), epsilon_of(0 * ORDERS, 1e-5)
    (4.73, 0.0)
    """
    if not rdp.any():
        return 0.0
    found = rdp + np.log((ORDERS - 1) / ORDERS) - (math.log(delta) + np.log(ORDERS)) / (ORDERS - 1)
    return max(0.0, float(found.min()))


def noise_for(
    epsilon: float, delta: float = 1e-5, *, sampling_rate: float = 1.0, steps: int = 0, uses: int = 0
) -> float:
    """The least noise multiplier that keeps what is planned within (ε, δ), to a thousandth.

    Args:
        epsilon: above 0.
        delta: above 0 and below 1.
        sampling_rate: of each of the `steps` of a fit, from 0 to 1.
        steps: of a fit, a whole number.
        uses: in how many steps outside it a group takes part at most, a whole number.

    Raises:
        DataError: a number out of its bounds, or an ε that no noise reaches.

    >>> noise_for(4.73, 1e-5, uses=1)
    1.0
    """
    epsilon, delta = check_epsilon(epsilon), check_delta(delta)
    sampling_rate = check_number("sampling_rate", sampling_rate, "from 0 to 1")
    if not 0 <= sampling_rate <= 1:
        raise DataError(f"sampling_rate is {sampling_rate:g}; it must be a number from 0 to 1")
    steps, uses = check_count("steps", steps), check_count("uses", uses)
    if steps + uses == 0:
        raise DataError("steps and uses are both 0; one of them must be at least 1, such as uses=1")

    def spent(noise: float) -> float:
        rdp = steps * subsampled_rdp(sampling_rate, noise) if steps else np.zeros(len(ORDERS))
        return epsilon_of(rdp + uses * gaussian_rdp(noise), delta)

    least = math.ceil(spent(_MOST_NOISE) * 1e4) / 1e4
    if least > epsilon:
        raise DataError(
            f"no noise keeps {steps + uses} steps within an epsilon of {epsilon:g}: the smallest that can be "
            f"reached with a delta of {delta:g} is {least:g}"
        )
    low, high = 0.05, 1.0
    while spent(high) > epsilon:
        low, high = high, min(2 * high, _MOST_NOISE)
    while high - low > 0.0005:
        middle = (low + high) / 2
        low, high = (low, middle) if spent(middle) <= epsilon else (middle, high)
    return math.ceil(high * 1000) / 1000


def check_epsilon(given: object) -> float:
    """An ε as a float, or a DataError."""
    epsilon = check_number("epsilon", given, "above 0, such as 8")
    if epsilon <= 0:
        raise DataError(f"epsilon is {epsilon:g}; it must be a number above 0, such as 8")
    return epsilon


def check_delta(given: object) -> float:
    """A δ as a float, or a DataError."""
    delta = check_number("delta", given, "above 0 and below 1, such as 1e-5")
    if not 0 < delta < 1:
        raise DataError(f"delta is {delta:g}; it must be a number above 0 and below 1, such as 1e-5")
    return delta


def check_number(name: str, given: object, wanted: str) -> float:
    """A finite number as a float, or a DataError."""
    if isinstance(given, bool) or not isinstance(given, Real) or not math.isfinite(given):
        raise DataError(f"{name} is {given!r:.40}; it must be a number {wanted}")
    return float(given)


def check_count(name: str, given: object, least: int = 0) -> int:
    """A whole number of at least `least`, or a DataError."""
    if isinstance(given, bool) or not isinstance(given, Integral) or given < least:
        raise DataError(f"{name} is {given!r:.40}; it must be a whole number of at least {least}")
    return int(given)
