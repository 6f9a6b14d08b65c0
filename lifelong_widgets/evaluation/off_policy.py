"""What another policy would have been worth, from the log of one that was shown.

A log holds (x, a, r, π₀(a|x)): for whom, what was shown, what it brought, and how likely that choice was. All
estimators ask for ``V(π) = E_x Σ_a π(a|x) E[r | x, a]``, and weigh with ``w = π(a|x) / π₀(a|x)``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation.estimate import Estimate, estimate_of
from lifelong_widgets.intervals import Interval, Numbers

_ABOVE_ONE = 1.0 + 1e-6


def average(
    rewards: ArrayLike, users: Sequence[Hashable] | None = None, *, interval: Interval = "bootstrap"
) -> Estimate:
    """The mean reward: what the policy *of the log* is worth, and no other.

    >>> average([1.0, 0.0, 0.0, 1.0]).value
    0.5
    """
    values = _column(rewards, None, "rewards")
    ones = np.ones(len(values))
    return _estimate("average", values, ones, ones, values, users, interval, None)


def ips(
    rewards: ArrayLike,
    logged: ArrayLike,
    target: ArrayLike,
    users: Sequence[Hashable] | None = None,
    *,
    clip: float | None = None,
    missing: float | None = None,
    interval: Interval = "bootstrap",
) -> Estimate:
    """Inverse propensity scoring: ``V = 1/n Σ_i w_i r_i``, with ``min(w_i, clip)`` if clipped.

    Unbiased where π₀ is above 0 wherever π is; its variance grows with the weights. Clipping trades variance
    for a bias downwards (of rewards that are not negative).

    Source: D. G. Horvitz and D. J. Thompson, 1952; for policies: L. Li et al., "Unbiased offline evaluation
    of contextual-bandit-based news article recommendation algorithms", WSDM 2011; clipped: E. L. Ionides,
    "Truncated importance sampling", 2008.

    Args:
        rewards: (n,), finite.
        logged: (n,), π₀ of what was shown: above 0 and at most 1.
        target: (n,), π of what was shown: from 0 to 1.
        users: (n,), whose impressions they are; each is a person of their own by default.
        clip: the largest weight, or None.
        missing: the share of what the target shows that the log could not have shown, if known.
        interval: ``"bootstrap"`` by user, or ``"normal"``; see `intervals.interval_of`.

    Raises:
        DataError: no impressions, arrays of several lengths, or numbers out of range.

    >>> ips(rewards=[1, 0, 1, 0], logged=[0.5, 0.5, 0.5, 0.5], target=[1, 1, 0, 0]).value
    0.5
    """
    values, weights = _weighed(rewards, logged, target)
    if clip is None:
        ones = np.ones(len(values))
        return _estimate("IPS", weights * values, ones, weights, values, users, interval, missing)
    if isinstance(clip, bool) or not isinstance(clip, (int, float)) or not 0 < clip < np.inf:
        raise DataError(f"clip is {brief(clip)}; it must be a finite number above 0, or None")
    clipped, notes = np.minimum(weights, clip), []
    if (weights > clip).any():
        lost = 1.0 - clipped.sum() / weights.sum()
        notes.append(f"clipping at {clip:g} took {lost:.1%} of the weight: biased towards 0")
    ones = np.ones(len(values))
    name = f"IPS, clipped at {clip:g}"
    return _estimate(name, clipped * values, ones, clipped, values, users, interval, missing, notes)


def snips(
    rewards: ArrayLike,
    logged: ArrayLike,
    target: ArrayLike,
    users: Sequence[Hashable] | None = None,
    *,
    missing: float | None = None,
    interval: Interval = "bootstrap",
) -> Estimate:
    """Self-normalised IPS: ``V = Σ_i w_i r_i / Σ_i w_i``. Arguments and errors as `ips`.

    Within the range of the rewards, and of less variance than IPS as a rule; biased by O(1/n). Where support
    is missing it is the value of the target *restricted to what the log could show*.

    Source: A. Swaminathan and T. Joachims, "The self-normalized estimator for counterfactual learning",
    NIPS 2015.

    >>> snips(rewards=[1, 1, 1, 0], logged=[0.5, 0.5, 0.5, 0.5], target=[1, 1, 1, 0]).value
    1.0
    """
    values, weights = _weighed(rewards, logged, target)
    notes = []
    if missing is not None and missing > 0:
        notes.append("normalised over what the log could show only")
    return _estimate("SNIPS", weights * values, weights, weights, values, users, interval, missing, notes)


def direct_method(
    expected: ArrayLike, users: Sequence[Hashable] | None = None, *, interval: Interval = "bootstrap"
) -> Estimate:
    """The direct method: ``V = 1/n Σ_i q̂(x_i, π)``, a model's word for it. As biased as the model.

    Args:
        expected: (n,), ``q̂(x, π) = Σ_a π(a|x) q̂(x, a)``.
        users: (n,), as in `ips`.
        interval: as in `ips`; it does not cover the model's own errors.

    Raises:
        DataError: no impressions, or numbers that are not finite.

    >>> direct_method([0.25, 0.75]).value
    0.5
    """
    values = _column(expected, None, "expected")
    ones = np.ones(len(values))
    notes = ["no weight corrects the model: the interval says nothing of its errors"]
    return _estimate("direct method", values, ones, ones, np.ones(len(values)), users, interval, None, notes)


def doubly_robust(
    rewards: ArrayLike,
    logged: ArrayLike,
    target: ArrayLike,
    predicted: ArrayLike,
    expected: ArrayLike,
    users: Sequence[Hashable] | None = None,
    *,
    missing: float | None = None,
    interval: Interval = "bootstrap",
) -> Estimate:
    """Doubly robust: ``V = 1/n Σ_i [ q̂(x_i, π) + w_i (r_i - q̂(x_i, a_i)) ]``.

    Unbiased if the propensities *or* the model q̂ are right, and of less variance than IPS if the model is any
    good. The model must not have seen the impression it predicts (see `reward_models.cross_fitted`).

    Source: M. Dudík, J. Langford and L. Li, "Doubly robust policy evaluation and learning", ICML 2011;
    cross-fitting: V. Chernozhukov et al., 2018.

    Args:
        rewards: (n,), as in `ips`, and so are `logged`, `target`, `users`, `missing` and `interval`.
        logged: (n,).
        target: (n,).
        predicted: (n,), q̂(x, a) of what was shown.
        expected: (n,), ``q̂(x, π) = Σ_a π(a|x) q̂(x, a)``.
        users: (n,).
        missing: a share, or None.
        interval: ``"bootstrap"`` or ``"normal"``.

    Raises:
        DataError: as `ips`.

    >>> doubly_robust([1, 0], [0.5, 0.5], [1, 0], predicted=[0.75, 0.25], expected=[0.75, 0.75]).value
    1.0
    """
    values, weights = _weighed(rewards, logged, target)
    guess, base = _column(predicted, len(values), "predicted"), _column(expected, len(values), "expected")
    terms = base + weights * (values - guess)
    ones = np.ones(len(values))
    return _estimate("doubly robust", terms, ones, weights, values, users, interval, missing, modelled=True)


def _estimate(
    method: str,
    numerators: Numbers,
    denominators: Numbers,
    weights: Numbers,
    rewards: Numbers,
    users: Sequence[Hashable] | None,
    interval: Interval,
    missing: float | None,
    notes: Sequence[str] = (),
    modelled: bool = False,
) -> Estimate:
    if interval not in ("bootstrap", "normal"):
        raise DataError(f"interval is {brief(interval)}; it is 'bootstrap' or 'normal'")
    if users is not None and len(users) != len(weights):
        raise DataError(f"users has {len(users)} entries for {len(weights)} impressions")
    people = range(len(weights)) if users is None else users
    return estimate_of(
        method,
        numerators[:, None],
        denominators[:, None],
        weights,
        rewards,
        people,
        interval,
        missing,
        notes,
        modelled,
    )


def _weighed(rewards: ArrayLike, logged: ArrayLike, target: ArrayLike) -> tuple[Numbers, Numbers]:
    values = _column(rewards, None, "rewards")
    below, above = _column(logged, len(values), "logged"), _column(target, len(values), "target")
    for name, chances, wrong in (
        ("logged", below, (below <= 0) | (below > _ABOVE_ONE)),
        ("target", above, (above < 0) | (above > _ABOVE_ONE)),
    ):
        if wrong.any():
            place = int(wrong.argmax())
            least = "above 0" if name == "logged" else "at least 0"
            raise DataError(
                f"{name}[{place}] is {chances[place]:g}; a probability here is {least} and at most 1"
            )
    return values, above / below


def _column(given: ArrayLike, n: int | None, name: str) -> Numbers:
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} is {brief(given)}; it holds one number for each impression") from None
    if values.ndim != 1 or not len(values) or (n is not None and len(values) != n):
        wanted = "one number for each impression, at least one" if n is None else f"{n} numbers, as rewards"
        raise DataError(f"{name} has the shape {values.shape}; it holds {wanted}")
    if not np.isfinite(values).all():
        place = int((~np.isfinite(values)).argmax())
        raise DataError(f"{name}[{place}] is {values[place]}; it must be a finite number")
    return values
