"""A small invented bookshop and its simulated readers, whose tastes are known and can change."""

from __future__ import annotations

from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.tastes import Matrix, TasteTruth, draw_tastes, membership, swapped
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.errors import DataError

_START = pd.Timestamp("2024-01-01", tz="UTC").timestamp()
_DAYS = 180
_ON_DISPLAY = 0.12  # the share of the shop that a reader comes across at one visit
_KINDS = ("click", "like", "purchase")


def bookshop(
    seed: int = 0, n_readers: int = 300, n_events: int = 12_000, drift_at: float | None = 0.6
) -> Dataset:
    """252 books that do not exist, in twelve genres, and half a year of readers choosing among them.

    At each event a reader comes across a random eighth of the shop and takes the book of the greatest utility
    plus Gumbel noise (a softmax choice), never one that they have had, until they have had half the shop. The
    better they like it, the likelier is a like or a purchase rather than a click. Everything is invented, by
    the authors of this package, and may be used freely.

    Args:
        seed: of everything random; the same seed gives the same log.
        n_readers: how many readers there are.
        n_events: how many events the log has.
        drift_at: the fraction of the events after which the fashion turns (see `swapped`), or None for never.

    Raises:
        DataError: a count below 1, or a fraction outside (0, 1).

    >>> shop = bookshop(seed=1, n_readers=10, n_events=100)
    >>> shop.catalog["b003"].title, shop.truth.tastes_before.shape
    ('Rivers Do Not Kneel', (10, 12))
    """
    if n_events < 1:
        raise DataError(f"n_events={n_events}; a log has at least 1 event")
    if drift_at is not None and not 0 < drift_at < 1:
        raise DataError(
            f"drift_at={drift_at}; it is a fraction of the events in (0, 1), or None for no drift"
        )
    rng = np.random.default_rng(seed)
    catalog = _catalog()
    categories = tuple(sorted(catalog.categories))
    shares = membership(catalog, categories)
    before = draw_tastes(rng, n_readers, len(categories))
    after = before if drift_at is None else swapped(before)
    quality = rng.normal(0.0, 0.7, len(catalog))

    activity = rng.lognormal(0.0, 0.5, n_readers)
    readers = rng.choice(n_readers, size=n_events, p=activity / activity.sum())
    times = _START + np.floor(np.sort(rng.uniform(0, _DAYS * 86_400, n_events)))
    first_after = n_events if drift_at is None else int(drift_at * n_events)
    utilities = np.stack([before, after]) @ shares.T + quality
    books, worth = _choices(rng, readers, first_after, utilities)

    width = max(3, len(str(n_readers)))
    people = tuple(f"reader-{number:0{width}d}" for number in range(1, n_readers + 1))
    keen = np.clip((worth - 1.0) / 4.0, 0.0, 1.0) * rng.uniform(size=n_events)
    kinds = np.digitize(keen, [0.3, 0.55])
    log = Interactions.from_pandas(
        pd.DataFrame(
            {
                "user": [people[reader] for reader in readers],
                "item": [catalog.ids[book] for book in books],
                "time": times,
                "kind": [_KINDS[kind] for kind in kinds],
            }
        ),
        catalog=catalog,
    )
    drift_time = None if first_after >= n_events else float(times[first_after])
    truth = TasteTruth(people, categories, before, after, shares, quality, drift_time)
    return Dataset("bookshop", catalog, log, _about(catalog, log, truth), truth)


def _catalog() -> Catalog:
    with resources.as_file(resources.files(__package__) / "bookshop.csv") as path:
        return Catalog.from_csv(path, text=("author", "description"))


def _choices(
    rng: np.random.Generator, readers: npt.NDArray[np.int64], first_after: int, utilities: Matrix
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The book of each event and what it was worth; `utilities` is (before or after, reader, book)."""
    _, n_readers, n_books = utilities.shape
    seen = np.zeros((n_readers, n_books), dtype=bool)
    books = np.empty(len(readers), dtype=np.int64)
    worth = np.empty(len(readers))
    by_reader = np.argsort(readers, kind="stable")
    counts = np.bincount(readers, minlength=n_readers)
    starts = np.cumsum(counts) - counts
    # all first events of the readers at once, then all second ones, …: each depends on the reader's own past
    for turn in range(counts.max()):
        who = np.flatnonzero(counts > turn)
        events = by_reader[starts[who] + turn]
        wanted = utilities[(events >= first_after).astype(np.int64), who]
        displayed = rng.uniform(size=wanted.shape) < _ON_DISPLAY
        # what is not on display is only taken if nothing else is left
        drawn = wanted + rng.gumbel(size=wanted.shape) - 1e3 * ~displayed
        drawn[seen[who]] = -np.inf
        chosen = drawn.argmax(axis=1)
        books[events] = chosen
        worth[events] = wanted[np.arange(len(who)), chosen]
        seen[who, chosen] = True
        seen[seen.sum(axis=1) * 2 >= n_books] = False
    return books, worth


def _about(catalog: Catalog, log: Interactions, truth: TasteTruth) -> str:
    turned = "never"
    if truth.drift_time is not None:
        turned = f"on {pd.Timestamp(truth.drift_time, unit='s'):%d %B %Y}"
    return (
        "The bookshop: invented books, and simulated readers whose true tastes are known (`truth`).\n"
        "Source: written and simulated for this package; no book, author or reader in it is real.\n"
        "Licence: that of this package.\n"
        f"The fashion turns: {turned}.\n"
        f"Counts: {len(log):,} events by {len(log.users):,} readers of {len(catalog):,} books "
        f"in {len(truth.categories)} genres."
    )
