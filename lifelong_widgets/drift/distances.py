"""How far apart two distributions, or two ranked lists, are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import jensenshannon

from lifelong_widgets.errors import DataError


def population_stability_index(expected: ArrayLike, actual: ArrayLike, pseudo_count: float = 0.5) -> float:
    """PSI = Σ (a − e) · ln(a / e) over the bins, where a and e are shares.

    It is the symmetrised Kullback-Leibler divergence (Jeffreys' divergence) in nats, at least 0, without an
    upper bound. By convention less than 0.1 is little, and more than 0.25 a lot; with few events for many
    bins chance alone makes more than that.

    Args:
        expected: (n,) how many events of the reference lie in each bin; whole or not, not negative.
        actual: (n,) the same of what is compared with it.
        pseudo_count: is added to every bin, since an empty one would make the index infinite.

    Raises:
        DataError: not two lists of numbers of the same length, or one that holds no event.

    Source: N. Siddiqi, *Credit Risk Scorecards*, Wiley 2006. H. Jeffreys, Proc. R. Soc. A 186, 1946.

    >>> population_stability_index([50, 50], [50, 50])
    0.0
    >>> round(population_stability_index([60, 40], [40, 60], pseudo_count=0), 4)  # 0.4 ln 1.5
    0.1622
    """
    if isinstance(pseudo_count, bool) or not np.isfinite(pseudo_count) or pseudo_count < 0:
        raise DataError(f"pseudo_count is {pseudo_count!r:.80}; it is a number of at least 0")
    one, other = _two_counts(expected, actual)
    one, other = (_shares(counts + pseudo_count) for counts in (one, other))
    either = (one > 0) | (other > 0)
    one, other = one[either], other[either]
    if not (one.all() and other.all()):
        return float("inf")
    return float(np.maximum(np.sum((other - one) * np.log(other / one)), 0.0))


def jensen_shannon_divergence(p: ArrayLike, q: ArrayLike) -> float:
    """JSD = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = ½ (p + q), to the base 2: from 0 (alike) to 1 (disjoint).

    Args:
        p: (n,) how many events lie in each bin, or which share of them; whole or not, not negative.
        q: (n,) the same of the other distribution.

    Raises:
        DataError: not two lists of numbers of the same length, or one that holds no event.

    Source: J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37(1), 1991.

    >>> jensen_shannon_divergence([1, 1, 0], [0, 0, 5]), jensen_shannon_divergence([1, 3], [2, 6])
    (1.0, 0.0)
    >>> round(jensen_shannon_divergence([1, 0], [1, 1]), 4)
    0.3113
    """
    one, other = _two_counts(p, q)
    one, other = _shares(one), _shares(other)
    if np.array_equal(one, other):
        return 0.0
    return float(np.clip(np.square(np.nan_to_num(jensenshannon(one, other, base=2))), 0.0, 1.0))


def rank_biased_overlap(one: Sequence[Hashable], other: Sequence[Hashable], p: float = 0.9) -> float:
    """RBO_ext: how alike two ranked lists are, the top more than the rest; from 0 (disjoint) to 1 (the same).

    With X_d the number of items that the first d of both lists share, and lists of the same length k::

        RBO_ext = X_k / k · p^k + (1 − p) / p · Σ_{d=1…k} X_d / d · p^d

    which takes the agreement at the end of the lists to go on below them. A person who looks at each next
    place with the chance `p` sees 1 / (1 − p) places on average. Lists of different lengths are compared
    by formula 32 of the source.

    Args:
        one: Different items, best first; at least one.
        other: The same.
        p: In (0, 1).

    Raises:
        DataError: An empty list, an item twice in a list, or a `p` out of bounds.

    Source: W. Webber, A. Moffat and J. Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4),
    2010.

    >>> rank_biased_overlap("abc", "abc"), rank_biased_overlap("abc", "xyz")
    (1.0, 0.0)
    >>> round(rank_biased_overlap("ab", "ba", p=0.5), 4)  # nothing shared at the top, all at depth 2
    0.5
    """
    if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0 < p < 1:
        raise DataError(f"p is {p!r:.80}; it is the chance to look at the next place, in (0, 1)")
    for items in (one, other):
        if not len(items):
            raise DataError("rank-biased overlap is of lists with at least one item each; one is empty")
        if len(set(items)) != len(items):
            raise DataError("an item is twice in a list; rank-biased overlap is of lists without repeats")
    short, long = sorted((one, other), key=len)
    overlap = _overlaps(short, long)
    s, l = len(short), len(long)  # noqa: E741 (the letters of the source)
    depths = np.arange(1, l + 1)
    weights = p**depths
    below = depths > s
    total = (overlap / depths * weights).sum()
    total += (overlap[s - 1] * (depths - s) / (s * depths) * weights)[below].sum()
    at_end = (overlap[-1] - overlap[s - 1]) / l + overlap[s - 1] / s
    return float(np.clip((1 - p) / p * total + at_end * p**l, 0.0, 1.0))


def _overlaps(short: Sequence[Hashable], long: Sequence[Hashable]) -> NDArray[np.float64]:
    """How many items the first d of both share, for d = 1 … the longer length."""
    place = {item: rank for rank, item in enumerate(short)}
    both = np.zeros(len(long))
    for rank, item in enumerate(long):
        if item in place:
            both[max(rank, place[item])] += 1
    return np.cumsum(both)


def _two_counts(one: ArrayLike, other: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        a, b = (np.asarray(given, dtype=np.float64) for given in (one, other))
    except (TypeError, ValueError) as error:
        raise DataError(f"a distribution is a list of numbers: {error!s:.200}") from None
    if a.ndim != 1 or a.shape != b.shape or not a.size:
        raise DataError(
            "two distributions over the same bins are two lists of the same length; got the shapes "
            f"{a.shape} and {b.shape}"
        )
    for counts in (a, b):
        if not np.isfinite(counts).all() or (counts < 0).any():
            raise DataError("a distribution has finite numbers that are not negative")
        if not counts.any():
            raise DataError("a distribution holds at least one event; this one is 0 in every bin")
    return a, b


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = counts / counts.max()  # neither overflows nor vanishes when it is summed
    shares: NDArray[np.float64] = largest / largest.sum()
    return shares
