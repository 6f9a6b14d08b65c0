"""Whether one learner is better than another on the same events, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data.display import html_table, printable

RESAMPLES = 2000
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """How much better ours is than theirs in the mean: the ratio, and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``wins``, ``loses``, or ``ties`` where the interval holds 1."""
        return "wins" if self.low > 1.0 else "loses" if self.high < 1.0 else "ties"

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Difference:
    """How much greater one mean is than another, and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


@dataclass(frozen=True)
class Compared:
    """Two learners in one measure."""

    ours: float
    theirs: float
    difference: Difference
    ratio: Ratio


@dataclass(frozen=True, repr=False)
class Comparison:
    """One learner against another, measure by measure. Made by `PrequentialReport.compare`.

    Attributes:
        ours: the name of the one.
        theirs: the name of the other.
        n_events: tested events, the same for both.
        n_people: the people that these are of, who are taken for a sample of all people.
        measures: what was found, by the name of the measure.
    """

    ours: str
    theirs: str
    n_events: int
    n_people: int
    measures: Mapping[str, Compared]

    def __getitem__(self, measure: str) -> Compared:
        return self.measures[measure]

    def _rows(self) -> list[tuple[str, str, str, str, str, str]]:
        return [
            (
                name,
                f"{one.ours:.4f}",
                f"{one.theirs:.4f}",
                str(one.difference),
                str(one.ratio),
                one.ratio.verdict,
            )
            for name, one in self.measures.items()
        ]

    def _title(self) -> str:
        return (
            f"{printable(self.ours)} against {printable(self.theirs)}: {self.n_events:,} events of "
            f"{self.n_people:,} people, 95 % intervals"
        )

    def __repr__(self) -> str:
        head = ("", printable(self.ours)[:16], printable(self.theirs)[:16], "difference", "ratio", "")
        rows = [head, *self._rows()]
        widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        return "\n".join([self._title(), *(line.rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        return html_table(
            self._title(), ("", self.ours, self.theirs, "difference", "ratio", ""), self._rows()
        )


def gains(ranks: NDArray[np.int32], metric: str) -> Numbers:
    """What each event adds to the mean that `metric` is.

    >>> gains(np.array([1, 3, 0, 11]), "nDCG@10")
    array([1. , 0.5, 0. , 0. ])
    """
    name, depth = metric.split("@")
    hit = (ranks > 0) & (ranks <= int(depth))
    places = np.maximum(ranks, 1).astype(np.float64)
    values = {"HR": np.ones(len(ranks)), "nDCG": 1.0 / np.log2(places + 1.0), "MRR": 1.0 / places}[name]
    return np.where(hit, values, 0.0)


def paired_ratio(ours: Numbers, theirs: Numbers, people: NDArray[np.int64], seed: int = 0) -> Ratio:
    """The ratio of two means over the same events, with a paired bootstrap interval; see `compared`.

    >>> paired_ratio(np.array([2.0, 4.0]), np.array([1.0, 2.0]), np.array([0, 1]))
    Ratio(value=2.0, low=2.0, high=2.0)
    """
    return compared(ours, theirs, people, seed).ratio


def compared(ours: Numbers, theirs: Numbers, people: NDArray[np.int64], seed: int = 0) -> Compared:
    """Two means over the same events, their difference and their ratio, with paired bootstrap intervals.

    Whole people are drawn with replacement, each with all their events and both learners' gains: the events
    of a person are too much alike to be drawn one by one, which would make the interval too narrow.

    Args:
        ours: What each event adds to the one mean, (n,), n at least 1.
        theirs: What each adds to the other.
        people: Whose event each is, as any numbers.
        seed: Of the draws.

    Source: B. Efron and R. Tibshirani, "An introduction to the bootstrap", 1993; C. Field and A. Welsh,
    "Bootstrapping clustered data", JRSS B 2007.

    >>> compared(np.array([1.0, 1.0]), np.array([0.5, 0.5]), np.array([0, 1])).difference
    Difference(value=0.5, low=0.5, high=0.5)
    """
    _, codes = np.unique(people, return_inverse=True)
    columns = (ours, theirs, np.ones(len(codes)))
    sums = np.stack([np.bincount(codes, weights=values) for values in columns], axis=1)
    random, n = np.random.default_rng(seed), len(sums)
    totals = np.empty((RESAMPLES, 3))
    for place in range(RESAMPLES):
        totals[place] = np.bincount(random.integers(n, size=n), minlength=n) @ sums
    whole = sums.sum(axis=0, keepdims=True)
    value, low, high = _with_interval(_divide(whole[:, 0], whole[:, 1]), _divide(totals[:, 0], totals[:, 1]))
    apart = [(some[:, 0] - some[:, 1]) / some[:, 2] for some in (whole, totals)]
    means = whole[0, :2] / whole[0, 2]
    return Compared(
        float(means[0]), float(means[1]), Difference(*_with_interval(*apart)), Ratio(value, low, high)
    )


def _with_interval(value: Numbers, resampled: Numbers) -> tuple[float, float, float]:
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(value[0]), float(low), float(high)


def _divide(ours: Numbers, theirs: Numbers) -> Numbers:
    # nothing hit by either is a tie; by ours alone, a ratio as large as the hits
    return np.where(theirs > 0, ours / np.maximum(theirs, 1e-12), 1.0 + ours)
