"""A small invented bookshop and its simulated readers, whose tastes are known and can change."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.simulated import simulated_log
from lifelong_widgets.data.datasets.tastes import TasteTruth, membership
from lifelong_widgets.data.interactions import Interactions


def bookshop(
    seed: int = 0, n_readers: int = 300, n_events: int = 12_000, drift_at: float | None = 0.6
) -> Dataset:
    """252 books that do not exist, in twelve genres, and half a year of readers choosing among them.

    How they choose is told at `simulated_log`. Everything is invented, by the authors of this package, and
    may be used freely.

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
    catalog = _catalog()
    categories = tuple(sorted(catalog.categories))
    log, truth = simulated_log(
        np.random.default_rng(seed), catalog, membership(catalog, categories), categories,
        n_people=n_readers, n_events=n_events, drift_at=drift_at, name="reader",
    )  # fmt: skip
    return Dataset("bookshop", catalog, log, _about(catalog, log, truth), truth)


def _catalog() -> Catalog:
    with resources.as_file(resources.files(__package__) / "bookshop.csv") as path:
        return Catalog.from_csv(path, text=("author", "description"))


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
