"""All estimates of one target from one log, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import brief, listing
from lifelong_widgets.errors import DataError, closest
from lifelong_widgets.evaluation import off_policy
from lifelong_widgets.evaluation.estimate import Estimate, estimate_of
from lifelong_widgets.evaluation.reward_models import RewardModel
from lifelong_widgets.exploration import Impression, ImpressionLog
from lifelong_widgets.intervals import Interval


class Target(Protocol):
    """A policy that is asked what it would do: an `Explorer`, or yours with these two methods."""

    def distribution(self, user: Id, exclude_seen: bool = True) -> Mapping[Id, float]:
        """The probability of each item to be put first; they sum to 1."""

    def propensities(self, user: Id, slate: Sequence[Id], exclude_seen: bool = True) -> Sequence[float]:
        """Of each item of a slate, the probability to be put there given those above it."""


@dataclass(frozen=True)
class OffPolicyReport:
    """Estimates by name: ``average`` (of the log's own policy), ``ips``, ``clipped``, ``snips``, and with a
    reward model ``direct`` and ``dr``.
    """  # fmt: skip

    estimates: dict[str, Estimate]

    def __getitem__(self, name: str) -> Estimate:
        if name not in self.estimates:
            known = listing(self.estimates)
            raise DataError(
                f"there is no estimate {name!r:.80}{closest(name, self.estimates)}; there are {known}"
            )
        return self.estimates[name]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each estimate."""
        fields = [name for name in Estimate.__slots__]
        rows = [[getattr(estimate, field) for field in fields] for estimate in self.estimates.values()]
        return pd.DataFrame(rows, columns=fields, index=pd.Index(list(self.estimates), name="estimate"))

    def __repr__(self) -> str:
        lines = [f"{'':<22}{'value':>8}  {'95 % interval':<20}{'effective':>10}{'largest weight':>16}"]
        for found in self.estimates.values():
            interval = f"[{found.low:.4f}, {found.high:.4f}]"
            lines.append(
                f"{found.method:<22}{found.value:>8.4f}  {interval:<20}"
                f"{found.effective_sample_size:>10,.0f}{found.largest_weight:>16.3g}"
            )
        about: dict[str, list[str]] = {}
        for name, found in self.estimates.items():
            for warning in found.warnings:
                about.setdefault(warning, []).append(name)
        lines += [f"  ! {', '.join(names)}: {warning}" for warning, names in about.items()]
        return "\n".join(lines)


def off_policy_report(
    log: ImpressionLog,
    target: Target,
    *,
    reward_model: RewardModel | None = None,
    clip: float = 10.0,
    exclude_seen: bool = True,
    interval: Interval = "bootstrap",
) -> OffPolicyReport:
    """What the *first place* of the list would bring if `target` chose it.

    The reward of the first place may depend on who looks and on what stands there, not on the places below;
    where people compare, log slates of one.

    The target is asked as it is now. One that has learned from the log knows its rewards, and hides with
    ``exclude_seen`` the very items that were clicked; give what stood before the log (`frozen_twin`), or
    ``exclude_seen=False``.

    Args:
        log: impressions with propensities.
        target: whose value is asked for, such as an `Explorer` with another policy.
        reward_model: of a person and items, what each brings; see `reward_models.cross_fitted`. With one
            there are a direct and a doubly robust estimate as well.
        clip: the largest weight of clipped IPS.
        exclude_seen: handed to the target.
        interval: ``"bootstrap"`` by user, or ``"normal"``.

    Raises:
        DataError: an empty log, or probabilities of the target that do not sum to 1.

    >>> from lifelong_widgets.simulation import ClickWorld
    >>> from lifelong_widgets.exploration import EpsilonGreedy, Explorer
    >>> world = ClickWorld(n_people=200, n_items=5, seed=1)
    >>> log = world.log(Explorer(world.scorer(), EpsilonGreedy(0.5)), n_impressions=800)
    >>> target = Explorer(world.scorer(), EpsilonGreedy(0.0))
    >>> found, truth = off_policy_report(log, target)["ips"], world.value(target)
    >>> found.low < truth < found.high, found.warnings
    (True, ())
    """
    if not len(log):
        raise DataError("the log has no impressions; nothing can be said of any policy")
    asked: dict[Id, Mapping[Id, float]] = {}
    for row in log:
        if row.user not in asked:
            asked[row.user] = _distribution(target, row.user, exclude_seen)
    users = [row.user for row in log]
    rewards = np.array([row.reward_at(1) for row in log])
    logged = np.array([row.propensities[0] for row in log])
    chances = np.array([asked[row.user].get(row.slate[0], 0.0) for row in log])
    known = [_missing(row, asked[row.user]) for row in log if row.pool is not None]
    missing = float(np.mean(known)) if known else None

    found = {
        "average": off_policy.average(rewards, users, interval=interval),
        "ips": off_policy.ips(rewards, logged, chances, users, missing=missing, interval=interval),
        "clipped": off_policy.ips(
            rewards, logged, chances, users, clip=clip, missing=missing, interval=interval
        ),
        "snips": off_policy.snips(rewards, logged, chances, users, missing=missing, interval=interval),
    }
    if reward_model is not None:
        predicted = np.array([float(reward_model(row.user, row.slate[:1])[0]) for row in log])
        by_user = {user: _expected(reward_model, user, asked[user]) for user in asked}
        expected = np.array([by_user[user] for user in users])
        found["direct"] = off_policy.direct_method(expected, users, interval=interval)
        found["dr"] = off_policy.doubly_robust(
            rewards, logged, chances, predicted, expected, users, missing=missing, interval=interval
        )
    return OffPolicyReport(found)


def slate_value(
    log: ImpressionLog, target: Target, *, exclude_seen: bool = True, interval: Interval = "bootstrap"
) -> Estimate:
    """What the *whole slate* would bring if `target` chose it: importance sampling along the cascade.

    ``V = Σ_j 1/n Σ_i W_ij r_ij,  W_ij = Π_{l ≤ j} π(a_il | a_i1 … a_i,l-1) / π₀(…)``

    Unbiased where the reward of a place depends on that place and those above it, as when people read from
    the top and stop at a click; a place below may then not matter. The weights are products, and grow so
    quickly that more than a few places, or a target far from the log, cannot be estimated: see the effective
    sample size, which is that of the last place.

    Source: J. McInerney, B. Brost, P. Chandar, R. Mehrotra and B. Carterette, "Counterfactual evaluation of
    slate recommendations with sequential reward interactions", KDD 2020 (there normalised by place as well).

    Args:
        log: impressions with propensities.
        target: as in `off_policy_report`.
        exclude_seen: handed to the target.
        interval: ``"bootstrap"`` by user, or ``"normal"``.

    Raises:
        DataError: an empty log.
    """
    if not len(log):
        raise DataError("the log has no impressions; nothing can be said of any policy")
    terms, weights, rewards = np.zeros(len(log)), np.zeros(len(log)), np.zeros(len(log))
    for place, row in enumerate(log):
        chances = np.asarray(target.propensities(row.user, row.slate, exclude_seen), dtype=np.float64)
        if chances.shape != (len(row.slate),):
            raise DataError(f"the target has {len(chances)} propensities for a slate of {len(row.slate)}")
        along = np.cumprod(chances / np.asarray(row.propensities))
        weights[place], rewards[place] = along[-1], row.reward or 0.0
        if row.clicked is not None:
            terms[place] = along[row.clicked - 1] * rewards[place]
    return estimate_of(
        "IPS along the cascade",
        terms[:, None],
        np.ones((len(log), 1)),
        weights,
        rewards,
        [row.user for row in log],
        interval,
        None,
    )


def _distribution(target: Target, user: Id, exclude_seen: bool) -> Mapping[Id, float]:
    chances = target.distribution(user, exclude_seen)
    total = sum(chances.values())
    if not abs(total - 1.0) < 1e-6 or min(chances.values()) < 0:
        raise DataError(
            f"the target's probabilities for the user {brief(user)} are to sum to 1, and to be none below 0; "
            f"their sum is {total:.6g}"
        )
    return chances


def _missing(row: Impression, chances: Mapping[Id, float]) -> float:
    shown = {item for item, chance in zip(row.pool or (), row.first or (), strict=True) if chance > 0}
    return float(sum(chance for item, chance in chances.items() if item not in shown))


def _expected(model: RewardModel, user: Id, chances: Mapping[Id, float]) -> float:
    return float(np.dot(list(chances.values()), model(user, list(chances))))
