"""How well a number tells two groups of people apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from lifelong_widgets.intervals import DRAWS, percentiles, resample

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

_RESAMPLED_AT_ONCE = 2**20  # numbers: 8 MB


def auc(members: Numbers, others: Numbers) -> float:
    """The chance that a member scores higher than another, ties counting one half."""
    from sklearn.metrics import roc_auc_score  # not before an audit: it is large

    return float(roc_auc_score(*_labelled(members, others)))


def tpr_at(members: Numbers, others: Numbers, fpr: float) -> float:
    """The largest share of members found while at most `fpr` of the others are taken for members.

    N. Carlini et al., "Membership inference attacks from first principles", IEEE S&P 2022: a leak of a few
    people for certain is a leak, and an AUC does not see it.
    """
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(*_labelled(members, others), drop_intermediate=False)
    return float(true[false <= fpr].max())


def auc_interval(
    members: Numbers,
    others: Numbers,
    of_members: Places,
    of_others: Places,
    level: float = 0.95,
    draws: int = DRAWS,
) -> tuple[float, float]:
    """Percentiles of `auc` over resamples of the *people* of each group, with all that is theirs.

    A. C. Davison and D. V. Hinkley, "Bootstrap methods and their application", 1997, sections 3.2 (two
    samples) and 3.8 (clusters). A fixed seed. NaN unless there are two people in each group.

    Args:
        members: (n,), the scores of members.
        others: (m,).
        of_members: (n,), whose each is: indices from 0.
        of_others: (m,).
        level: of the interval.
        draws: how many resamples.

    >>> low, high = auc_interval(np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.arange(2), np.arange(2))
    >>> low, high
    (0.0, 1.0)
    """
    n_members, n_others = int(of_members.max(initial=-1)) + 1, int(of_others.max(initial=-1)) + 1
    if n_members < 2 or n_others < 2:
        return float("nan"), float("nan")
    values, standing = np.unique(np.concatenate([members, others]), return_inverse=True)
    # how often each person scores each value, ties being one value; of resamples these rows are sums
    shape = (n_members, len(values)), (n_others, len(values))
    mine = coo_array((np.ones(len(members)), (of_members, standing[: len(members)])), shape[0]).tocsr()
    theirs = coo_array((np.ones(len(others)), (of_others, standing[len(members) :])), shape[1]).tocsr()
    rng, found = np.random.default_rng(0), []
    at_once = max(1, _RESAMPLED_AT_ONCE // len(values))
    for begin in range(0, draws, at_once):
        n = min(at_once, draws - begin)
        ones, rest = resample(rng, n_members, n) @ mine, resample(rng, n_others, n) @ theirs
        below = np.cumsum(rest, axis=1) - rest / 2
        found.append((ones * below).sum(axis=1) / (ones.sum(axis=1) * rest.sum(axis=1)))
    return percentiles(np.concatenate(found), level)


def _labelled(members: Numbers, others: Numbers) -> tuple[NDArray[np.int64], Numbers]:
    labels = np.concatenate([np.ones(len(members), dtype=np.int64), np.zeros(len(others), dtype=np.int64)])
    return labels, np.concatenate([members, others])
