"""A log of one's own, in two files: ``user_behavior_data.csv`` and ``item_data.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.sources import checked_folder, column, counts, with_unknown
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.feedback import DEFAULT_KINDS, FeedbackKinds
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.data.tables import read_csv
from lifelong_widgets.errors import DataError, DataWarning, warn

_BEHAVIOR, _ITEMS = "user_behavior_data.csv", "item_data.csv"
_NAMES = {
    "user": ("user", "user_id", "userid", "user id", "uid"),
    "item": ("item", "item_id", "itemid", "item id", "product_id", "article_id", "content_id", "id"),
    "time": ("time", "timestamp", "date", "datetime", "created_at"),
    "kind": ("kind", "event", "event_type", "behavior", "behaviour", "behavior_type", "action"),
    "label": ("label", "click", "clicked"),
    "value": ("value", "rating", "score"),
    "text": ("text", "query", "content"),
    "title": ("title", "name", "item_name"),
    "categories": ("categories", "category", "genres", "genre", "tags"),
    "description": ("description", "text", "content"),
}
_OF_EVENTS = ("user", "item", "time", "kind", "label", "value", "text")
_OF_ITEMS = ("item", "title", "categories", "description")


def csv_folder(folder: PathLike | None = None, kinds: FeedbackKinds = DEFAULT_KINDS) -> Dataset:
    """A folder with ``user_behavior_data.csv`` (who did what) and ``item_data.csv`` (what there is).

    A row of behaviour has a user and an item (columns ``user_id`` and ``item_id``, or names like these), and
    possibly a ``text``, a ``timestamp`` (else the rows are in order), a ``kind``, a ``label`` (1: click, 0:
    skip) and a ``value``. A row of an item has its id and a ``description``, and possibly a ``title`` and
    ``categories``.

    The ``text`` of a behaviour is what the person read, searched or wrote. It belongs to an event, and a log
    keeps no texts; so that of an item's first row becomes the item's text column ``behavior`` where the item
    has no description of its own (nothing later may be known when the item first appears). The others are
    not used; `about` says how many were.

    Args:
        folder: where the two files are.
        kinds: what each kind of feedback is worth; for kinds of your own ``DEFAULT_KINDS.with_kind(…)``.

    Warns:
        DataWarning: texts of behaviour that describe no item.

    Raises:
        DataError: the folder, a file or a column is missing; the message says what is there.
        FormatError: a file is no CSV in UTF-8.
    """
    if folder is None:
        raise DataError(f"'csv-folder' is read from a folder with {_BEHAVIOR} and {_ITEMS}: pass folder=…")
    place = checked_folder(folder)
    for name in (_BEHAVIOR, _ITEMS):
        if not (place / name).is_file():
            present = ", ".join(brief(path.name) for path in sorted(place.iterdir())[:20]) or "nothing"
            raise DataError(f"there is no {name} in {shown(place)}; there is {present}")
    behavior, items = read_csv(place / _BEHAVIOR), read_csv(place / _ITEMS)
    events = _events(behavior)
    made, n_used = _items(items, events)
    catalog = Catalog.from_pandas(made, text=("description", "behavior"))
    time = "time" if "time" in events else None
    log = Interactions.from_pandas(events, time=time, kinds=kinds, catalog=catalog)
    n_texts = sum(map(bool, frames.texts(column(events, "text"))))
    if n_texts > n_used:
        warn(
            f"{n_texts - n_used:,} of {n_texts:,} texts of behaviour describe no item and are not used: a "
            "log keeps no texts; where an item has no description, that of its first row becomes its text",
            DataWarning,
        )
    about = (
        f"A log of your own: {_BEHAVIOR} and {_ITEMS}.\nSource: the folder {place}.\nLicence: yours.\n"
        f"Texts of behaviour: {n_texts:,}, of which {n_used:,} describe an item that has no description.\n"
        f"{counts(log, catalog)}"
    )
    return Dataset("csv-folder", catalog, log, about)


def _events(frame: pd.DataFrame) -> pd.DataFrame:
    found = {
        what: _named(frame, _NAMES[what])
        for what in ("user", "item", "time", "kind", "label", "value", "text")
    }
    _require(frame, found, ("user", "item"), _BEHAVIOR)
    events = pd.DataFrame(
        {what: frame[name] for what, name in found.items() if name is not None}, index=frame.index
    )
    if "label" in events and "kind" not in events:
        labels = frames.numbers(events["label"])
        odd = ~((labels == 0) | (labels == 1))
        if odd.any():
            at = int(odd.argmax())
            given = brief(events["label"].iloc[at])
            raise DataError(
                f"{frames.where(events['label'], at)}: the label {given} is neither 1 (click) nor 0 (skip)"
            )
        events["kind"] = ["click" if label else "skip" for label in labels.tolist()]
    return events


def _items(frame: pd.DataFrame, events: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The items, each with a description or what was first read of it; and how often it is the latter."""
    found = {what: _named(frame, _NAMES[what]) for what in _OF_ITEMS}
    _require(frame, found, ("item", "description"), _ITEMS)
    items = pd.DataFrame(
        {what: frame[name] for what, name in found.items() if name is not None}, index=frame.index
    )
    unknown = with_unknown(items, events)
    items = items if len(unknown) == len(items) else unknown
    described = [bool(text) for text in frames.texts(items["description"])]
    if "text" not in events:
        return items.assign(behavior=""), 0
    ordered = (
        events.iloc[frames.seconds(events["time"]).argsort(kind="stable")] if "time" in events else events
    )
    first = ordered.drop_duplicates("item").set_index("item")["text"]
    texts = frames.texts(items["item"].map(first))
    used = ["" if known else text for known, text in zip(described, texts, strict=True)]
    return items.assign(behavior=used), sum(map(bool, used))


def _named(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    """The column that is called by the first of these names, whatever its case."""
    lower = {str(name).strip().lower(): name for name in reversed(list(frame.columns))}
    return next((lower[name] for name in names if name in lower), None)


def _require(frame: pd.DataFrame, found: dict[str, str | None], needed: Sequence[str], file: str) -> None:
    for what in needed:
        if found[what] is None:
            present = ", ".join(map(brief, frame.columns[:30])) or "none at all"
            raise DataError(
                f"{Path(file).name} has no column for the {what}, such as {brief(_NAMES[what][0])} or "
                f"{brief(_NAMES[what][1])}; the columns are {present}"
            )
