"""Whether what people take has moved: the mix of categories, or of items, of two logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lifelong_widgets.data import Catalog, Id, Interactions
from lifelong_widgets.drift.distances import jensen_shannon_divergence, population_stability_index
from lifelong_widgets.errors import DataError

UNCATEGORISED = "(no category)"
"""The bin of the items that have no category."""

_MOST_MOVED = 5
_CELLS_AT_ONCE = 2_000_000  # of the permuted counts: 16 MB


@dataclass(frozen=True, slots=True)
class Moved:
    """One category or item, and its share of the events before and after."""

    name: object
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class InputDrift:
    """What `input_drift` found.

    Attributes:
        by: ``"category"`` or ``"item"``.
        n_reference: events of the reference.
        n_recent: events of what was compared with it.
        n_bins: categories or items that occur in either.
        min_events: what either needs.
        alpha: the level at which the mix counts as moved.
        psi: Population Stability Index, or None with too few events.
        js: Jensen-Shannon divergence to the base 2, or None with too few events.
        js_by_chance: what `js` is on average where nothing has moved; None with too few events. With few
            events for many bins this is far from 0, and `js` says nothing without it.
        p_value: of the permutation test with `js`, or None with too few events.
        most_moved: the categories or items whose shares differ most, at most five, the most moved first.
    """

    by: str
    n_reference: int
    n_recent: int
    n_bins: int
    min_events: int
    alpha: float
    psi: float | None
    js: float | None
    js_by_chance: float | None
    p_value: float | None
    most_moved: tuple[Moved, ...]

    @property
    def status(self) -> str:
        """One phrase for a person: too few events, steady, or moved."""
        fewest = min(self.n_reference, self.n_recent)
        if self.p_value is None:
            return f"too few events: {fewest} of {self.min_events}"
        return "moved" if self.p_value <= self.alpha else "steady"


def input_drift(
    reference: Interactions,
    recent: Interactions,
    catalog: Catalog,
    by: str = "category",
    *,
    min_events: int = 200,
    alpha: float = 0.01,
    n_permutations: int = 999,
    seed: int = 0,
) -> InputDrift:
    """Compare the mix of categories or items that people took in two logs.

    An event of an item with several categories counts for each a like part, so that every event counts one.
    The test deals the events of both logs anew into two heaps of the same sizes, `n_permutations` times, and
    asks how often they are as far apart as the logs are. It takes events for independent. The events of one
    person are not, so that on a log of few people with many events each it calls chance a move: read
    `js` and `psi` for how much has moved, the p-value for whether there is anything to read at all.

    Args:
        reference: The log before.
        recent: The log after, with no event of the other.
        catalog: Has every item of both.
        by: ``"category"`` or ``"item"``.
        min_events: With fewer in either log nothing is compared.
        alpha: The level at which `InputDrift.status` says moved.
        n_permutations: How many permutations; the smallest p-value is 1 / (1 + `n_permutations`).
        seed: Of the permutations.

    Raises:
        DataError: Not two logs and a catalogue, another `by`, or a number out of bounds.
        UnknownItemError: The catalogue does not hold an item.

    Source: the permutation test of E. J. G. Pitman, J. R. Stat. Soc. Suppl. 4, 1937; (b + 1) / (m + 1) after
    B. Phipson and G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010.

    >>> from lifelong_widgets.data import datasets
    >>> shop = datasets.load("bookshop")  # the fashion turns after 60 % of the events
    >>> log = shop.interactions
    >>> input_drift(log[:3000], log[8000:], shop.catalog).status
    'moved'
    >>> found = input_drift(log[:150], log[8000:], shop.catalog)
    >>> found.status, found.js
    ('too few events: 150 of 200', None)
    """
    _check(reference, recent, catalog, by, min_events, alpha, n_permutations, seed)
    items = list(dict.fromkeys([*reference.items, *recent.items]))
    bins, membership = _bins(items, catalog, by)
    place = {item: row for row, item in enumerate(items)}
    one, other = (_counts(log, place) for log in (reference, recent))
    n_one, n_other = int(one.sum()), int(other.sum())
    psi = js = by_chance = p_value = None
    moved: tuple[Moved, ...] = ()
    if min(n_one, n_other) >= min_events:
        before, after = one @ membership, other @ membership
        psi = population_stability_index(before, after)
        js = jensen_shannon_divergence(before, after)
        permuted = _permuted(one, other, membership, n_permutations, np.random.default_rng(seed))
        by_chance = float(permuted.mean())
        p_value = float((1 + np.sum(permuted >= js - 1e-12)) / (1 + n_permutations))
        moved = _most_moved(bins, before / n_one, after / n_other)
    return InputDrift(
        by=by,
        n_reference=n_one,
        n_recent=n_other,
        n_bins=len(bins),
        min_events=min_events,
        alpha=alpha,
        psi=psi,
        js=js,
        js_by_chance=by_chance,
        p_value=p_value,
        most_moved=moved,
    )


def _bins(items: Sequence[Id], catalog: Catalog, by: str) -> tuple[list[object], Any]:
    """The bins, and which part of each item's events lies in each: a sparse (items, bins)."""
    found = [catalog[item] for item in items]
    if by == "item":
        return [item.id for item in found], sparse.eye_array(len(found), format="csr")
    groups = [item.categories or (UNCATEGORISED,) for item in found]
    names = list(dict.fromkeys(name for group in groups for name in group))
    column = {name: number for number, name in enumerate(names)}
    rows = np.repeat(np.arange(len(found)), [len(group) for group in groups])
    columns = [column[name] for group in groups for name in group]
    parts = [1 / len(group) for group in groups for _ in group]
    membership = sparse.csr_array((parts, (rows, columns)), shape=(len(found), len(names)))
    return list(names), membership


def _counts(log: Interactions, place: dict[Id, int]) -> NDArray[np.int64]:
    rows = np.array([place[item] for item in log.items], dtype=np.int64)
    return np.bincount(rows[log.item_codes], minlength=len(place)).astype(np.int64)


def _permuted(
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    membership: Any,
    n: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The divergence after each of `n` permutations of the events, (n,)."""
    both, size = one + other, int(one.sum())
    at_once = max(1, _CELLS_AT_ONCE // len(both))
    found = []
    for begin in range(0, n, at_once):
        # how many of each item fall into the first heap is all that a permutation decides
        drawn = rng.multivariate_hypergeometric(both, size, size=min(at_once, n - begin), method="marginals")
        found += [
            jensen_shannon_divergence(before, after)
            for before, after in zip(drawn @ membership, (both - drawn) @ membership, strict=True)
        ]
    return np.array(found)


def _most_moved(
    bins: Sequence[object], before: NDArray[np.float64], after: NDArray[np.float64]
) -> tuple[Moved, ...]:
    order = np.argsort(-np.abs(after - before), kind="stable")[:_MOST_MOVED].tolist()
    return tuple(
        Moved(bins[at], float(before[at]), float(after[at])) for at in order if before[at] != after[at]
    )


def _check(
    reference: object,
    recent: object,
    catalog: object,
    by: object,
    min_events: object,
    alpha: object,
    n_permutations: object,
    seed: object,
) -> None:
    for log in (reference, recent):
        if not isinstance(log, Interactions):
            raise DataError(f"input drift is between two Interactions; this is a {type(log).__name__}")
    if not isinstance(catalog, Catalog):
        raise DataError(f"input drift needs a Catalog, not a {type(catalog).__name__}")
    if by not in ("category", "item"):
        raise DataError(f"by={by!r:.80}; the mix is of 'category' or of 'item'")
    for name, number in (("min_events", min_events), ("n_permutations", n_permutations)):
        if type(number) is not int or number < 1:
            raise DataError(f"{name} is {number!r:.80}; it is a whole number of at least 1")
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha < 1:
        raise DataError(f"alpha is {alpha!r:.80}; it is a level in (0, 1)")
    if type(seed) is not int or seed < 0:
        raise DataError(f"seed is {seed!r:.80}; it is a whole number of at least 0")
