"""The logs to replay: a data set by name, or a folder with ``events.parquet`` and ``items.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data import Catalog, Interactions, datasets
from lifelong_widgets.data.tables import read_table
from lifelong_widgets.errors import DataError

KIND = "rating"  # one kind for all: the bench asks what comes next, not how much it was liked
NEGATIVE_EVENTS = frozenset({"cancel", "skip", "dislike", "remove", "return"})
_TEXTS = ("text", "description")
_CATEGORIES = ("categories", "genres", "genre", "type", "theme")


@dataclass(frozen=True)
class Log:
    """What is replayed: the whole catalogue, and the positive events in the order of time."""

    name: str
    catalog: Catalog
    events: Interactions


def load(source: str) -> Log:
    """The log of a data set's name, of ``name=folder`` for one that is read from there, or of any folder.

    Of a data set only the events that speak for their item are kept. In any folder, ``events.parquet`` has
    the columns ``user``, ``item`` and ``timestamp``; rows whose ``value`` is not above 0 or whose ``event``
    takes something back (`NEGATIVE_EVENTS`) are left out.

    Raises:
        DataError: There is no such data set or folder, or a column is missing.
    """
    name, _, where = source.partition("=")
    if name in datasets.list():
        dataset = datasets.load(name, folder=where) if where else datasets.load(name)
        return Log(dataset.name, dataset.catalog, _that_speak_for_it(dataset.interactions))
    folder = Path(source)
    if not (folder / "events.parquet").is_file():
        known = ", ".join(datasets.list())
        raise DataError(f"{source!r} is neither a data set ({known}) nor a folder with an events.parquet")
    events = _positive(read_table(folder / "events.parquet"))
    # no other columns: one that is called as the kind would be taken for that of the kinds
    events = events[[name for name in ("user", "item", "timestamp") if name in events.columns]]
    log = Interactions.from_pandas(events, time="timestamp", kind=KIND, value=None)
    return Log(folder.resolve().name, _catalog(folder / "items.parquet", log), log)


def _that_speak_for_it(log: Interactions) -> Interactions:
    worth = np.array([log.kinds[name].reward > 0 for name in log.kind_names])
    return log if worth.all() else log.take(np.flatnonzero(worth[log.kind_codes]))


def first_only(log: Interactions) -> Interactions:
    """The first event of each pair of user and item."""
    pairs = log.user_codes * len(log.items) + log.item_codes
    keep = np.sort(np.unique(pairs, return_index=True)[1])
    return Interactions(
        log.users, log.items, log.kind_names,
        log.user_codes[keep], log.item_codes[keep], log.kind_codes[keep],
        log.times[keep], log.values[keep], log.kinds,
    )  # fmt: skip


def repeated_share(log: Interactions) -> float:
    """The share of the events whose user had the item before."""
    return 1.0 - len(first_only(log)) / max(len(log), 1)


def _positive(events: pd.DataFrame) -> pd.DataFrame:
    keep = np.ones(len(events), dtype=bool)
    if "value" in events.columns:
        keep &= (events["value"] > 0).to_numpy()
    if "event" in events.columns:
        keep &= ~events["event"].isin(NEGATIVE_EVENTS).to_numpy()
    return events[keep]


def _catalog(path: Path, log: Interactions) -> Catalog:
    if not path.is_file():
        return Catalog.from_records({"item": item} for item in log.items)
    frame = read_table(path)
    texts = [name for name in _TEXTS if name in frame.columns]
    categories = next((name for name in _CATEGORIES if name in frame.columns), None)
    known = {"title": "title" if "title" in frame.columns else None, "categories": categories}
    catalog = Catalog.from_pandas(
        frame, text=texts, **{name: column for name, column in known.items() if column is not None}
    )
    catalog.add([{"item": item} for item in log.items if item not in catalog])
    return catalog
