"""EB-NeRD: clicks on a Danish newspaper. Its licence asks each user to agree to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import NEWS_KINDS
from lifelong_widgets.data.datasets.sources import Source, Tables, column, find, moments, need
from lifelong_widgets.data.limits import PathLike
from lifelong_widgets.data.tables import read_parquet

_PAST = ("article_id_fixed", "impression_time_fixed", "read_time_fixed")
_TEXTS = ("subtitle", "body")


def ebnerd(folder: PathLike | None = None) -> Dataset:
    """EB-NeRD (Ekstra Bladet, 2023): clicks, from a folder of yours.

    The folder holds ``articles.parquet`` and, beside it or in folders such as ``train`` and ``validation``,
    ``behaviors.parquet`` and ``history.parquet``. Clicks of the history (which have a time) and of the
    impressions are events; what was shown and not clicked is left out. The value is the reading time in
    seconds. Category and topics are categories; subtitle, body and time of publication are text columns.

    Raises:
        DataError: no folder, or one without these files or their columns.
        FormatError: a file cannot be read.
    """
    return _SOURCE.load(folder)


def _canonical(place: Path) -> Tables:
    parts = []
    for file in find(place, "behaviors.parquet"):
        parts.append(_clicks(file))
        past = file.with_name("history.parquet")
        if past.is_file():
            parts.append(_past(past))
    events = pd.concat(parts, ignore_index=True).assign(event="click")
    events = events.drop_duplicates(["user", "item", "timestamp"])  # the splits' histories overlap
    articles = find(place, "articles.parquet")[0]
    items = read_parquet(articles)
    need(items, ("article_id", "title"), articles)
    return events.reset_index(drop=True), items.rename(columns={"article_id": "item"})


def _clicks(file: Path) -> pd.DataFrame:
    frame = read_parquet(file)
    need(frame, ("user_id", "impression_time", "article_ids_clicked"), file)
    spent = frame.get("next_read_time", np.nan)
    clicks = frame[["user_id"]].assign(
        item=frame["article_ids_clicked"], timestamp=frames.seconds(frame["impression_time"]), read=spent
    )
    return _exploded(clicks, ["item"])


def _past(file: Path) -> pd.DataFrame:
    frame = read_parquet(file)
    need(frame, ("user_id", *_PAST[:2]), file)
    kept = [name for name in _PAST if name in frame]
    named = dict(zip(_PAST, ("item", "timestamp", "read"), strict=True))
    past = _exploded(frame[["user_id", *kept]].rename(columns=named), [named[name] for name in kept])
    return past.assign(timestamp=frames.seconds(past["timestamp"]))


def _exploded(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """A row for each element of the lists in these columns, which are of the same length."""
    long = frame.explode(columns, ignore_index=True)
    long = long[long["item"].notna()].rename(columns={"user_id": "user"})
    return long.assign(item=long["item"].astype("int64")).reset_index(drop=True)


def _tidy(events: pd.DataFrame, items: pd.DataFrame) -> Tables:
    log = events[["user", "item"]].assign(time=events["timestamp"], kind=events["event"])
    if "read" in events:
        log["value"] = frames.numbers(events["read"])
    category = frames.texts(column(items, "category_str"))
    topics = column(items, "topics").tolist()
    groups = [
        [part for part in (name, *(list(more) if isinstance(more, (list, np.ndarray)) else [])) if part]
        for name, more in zip(category, topics, strict=True)
    ]
    made = items[["item", "title"]].assign(
        categories=pd.Series(groups, index=items.index, dtype=object),
        subtitle=frames.texts(column(items, "subtitle")),
        body=frames.texts(column(items, "body")),
        released=moments(column(items, "published_time")),
    )
    return log, made


_SOURCE = Source(
    name="ebnerd",
    what="EB-NeRD: clicks on the Danish newspaper Ekstra Bladet, April to June 2023.",
    licence="Ekstra Bladet's data set licence: for research, after agreeing to it; not to be passed on.",
    cite="J. Kruse et al., EB-NeRD: A Large-Scale Dataset for News Recommendation. RecSys Challenge 2024.",
    page="https://recsys.eb.dk",
    kinds=NEWS_KINDS,
    texts=_TEXTS,
    canonical=_canonical,
    tidy=_tidy,
)
