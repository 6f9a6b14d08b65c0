"""A number with its interval, and with what speaks against it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from lifelong_widgets.intervals import Interval, Numbers, interval_of, ratio_of_sums

_FEW_USERS = 30
_FEW_EFFECTIVE = 100.0
_FEW_REWARDS = 20
_HEAVY = 0.1  # of all weight on one impression
_MISSING = 0.001  # of the target's choices
_STANDARD_ERRORS = 4.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy is worth, as far as a log can tell.

    Attributes:
        method: how it was estimated.
        value: the expected reward of an impression; NaN if the log has nothing to say.
        low: the lower end of the 95 % interval.
        high: its upper end.
        n: impressions.
        n_users: people; the interval takes them for a sample of all people.
        effective_sample_size: ``(Σw)² / Σw²``: how many impressions of the target itself would tell as much
            (A. Kong, 1992).
        largest_weight: the greatest ``target / logged``.
        mean_weight: 1 on average, if the propensities are true and nothing of the target is missing.
        missing_support: the share of the target's choices that the log could never have shown, or None if
            the log does not say.
        warnings: why not to trust it; empty if nothing was found.
    """

    method: str
    value: float
    low: float
    high: float
    n: int
    n_users: int
    effective_sample_size: float
    largest_weight: float
    mean_weight: float
    missing_support: float | None
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        head = f"{self.method}: {self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"
        facts = (
            f"{self.n:,} impressions of {self.n_users:,} users, effective {self.effective_sample_size:,.0f}"
        )
        return "\n".join([f"{head}, {facts}", *(f"  ! {warning}" for warning in self.warnings)])


def estimate_of(
    method: str,
    numerators: Numbers,
    denominators: Numbers,
    weights: Numbers,
    rewards: Numbers,
    users: Sequence[Hashable],
    interval: Interval,
    missing: float | None,
    notes: Sequence[str] = (),
    modelled: bool = False,
) -> Estimate:
    """The `Estimate` of a ratio of sums, with the warnings that its weights deserve.

    Args:
        method: its name.
        numerators: (n, places).
        denominators: (n, places).
        weights: (n,), ``target / logged`` as they were used.
        rewards: (n,).
        users: (n,), whose impression it is.
        interval: how.
        missing: the share of the target's choices that the log could not show, if known.
        notes: warnings of the method itself.
        modelled: whether a model of the reward stands in for what is missing.
    """
    n, n_users, total = len(weights), len(set(users)), float(weights.sum())
    value = ratio_of_sums(numerators, denominators)
    low, high = interval_of(numerators, denominators, users, interval)
    effective = total**2 / float((weights**2).sum()) if total > 0 else 0.0
    warnings = list(notes)
    if total == 0.0:
        if not modelled:
            value = low = high = float("nan")
        warnings.append("the target would have shown nothing of what was logged: no support at all")
    else:
        warnings += _of_weights(weights, effective)
    counted = int(((weights > 0) & (rewards != 0)).sum())
    if counted < _FEW_REWARDS:
        warnings.append(f"too few: only {counted} rewarded impressions count, and the interval is a guess")
    if n_users < _FEW_USERS:
        warnings.append(f"too few: the interval rests on {n_users} users")
    if missing is not None and missing > _MISSING:
        share = f"support is missing for {missing:.1%} of what the target shows"
        warnings.append(f"{share}: " + ("there the model alone speaks" if modelled else "they count as 0"))
    largest = float(weights.max()) if n else 0.0
    mean = total / n if n else float("nan")
    return Estimate(method, value, low, high, n, n_users, effective, largest, mean, missing, tuple(warnings))


def _of_weights(weights: Numbers, effective: float) -> list[str]:
    found, n = [], len(weights)
    if effective < _FEW_EFFECTIVE:
        found.append(f"too few: the effective sample size is {effective:,.0f} of {n:,} impressions")
    if weights.max() > _HEAVY * weights.sum():
        found.append(f"one impression has {weights.max() / weights.sum():.0%} of all weight")
    error = float(weights.std(ddof=1)) / np.sqrt(n) if n > 1 else 0.0
    if abs(weights.mean() - 1.0) > max(_STANDARD_ERRORS * error, 1e-9):
        found.append(
            f"the mean weight is {weights.mean():.3f} and should be 1: support is missing, weights are "
            "clipped, or the propensities are not those of the log"
        )
    return found
