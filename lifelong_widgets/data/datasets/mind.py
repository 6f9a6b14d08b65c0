"""MIND: impressions and clicks on Microsoft News. Its licence lets nobody pass it on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data import limits
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import NEWS_KINDS
from lifelong_widgets.data.datasets.sources import Source, Tables, find
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.errors import DataError, FormatError

_BEHAVIORS = 5  # impression, user, time, history, impressions
_NEWS = 8  # id, category, subcategory, title, abstract, URL, entities of the title, entities of the abstract
_TIME = "%m/%d/%Y %I:%M:%S %p"


def mind(folder: PathLike | None = None) -> Dataset:
    """MIND (Microsoft News, October to November 2019): clicks, from a folder of yours.

    The folder holds ``behaviors.tsv`` and ``news.tsv``, or folders with them such as ``MINDsmall_train`` and
    ``MINDsmall_dev``, whose events are put together. What was clicked is a ``click``; what was shown and not
    clicked is left out (there is forty times as much). What a reader had clicked before has no time in MIND:
    it becomes clicks one second apart that end a second before the log begins. Abstracts are the text column.

    Raises:
        DataError: no folder, or one without these files.
        FormatError: a file cannot be read.
    """
    return _SOURCE.load(folder)


def _canonical(place: Path) -> Tables:
    behaviors = [_behaviors(file) for file in find(place, "behaviors.tsv")]
    news = pd.concat([_news(file) for file in find(place, "news.tsv")], ignore_index=True)
    shown_to = pd.concat(behaviors, ignore_index=True)
    if not len(shown_to):
        raise DataError(f"no impressions in {shown(place)}")
    clicks = shown_to[["user", "timestamp"]].assign(item=shown_to["impressions"].map(_clicked))
    clicks = clicks.explode("item", ignore_index=True).dropna(subset="item")
    first = shown_to.drop_duplicates("user")
    past = first[["user"]].assign(item=first["history"].str.split()).explode("item", ignore_index=True)
    past = past[past["item"].fillna("").ne("")]
    to_come = past.groupby("user").cumcount(ascending=False).to_numpy()
    past = past.assign(timestamp=shown_to["timestamp"].min() - 1.0 - to_come)
    events = pd.concat([past, clicks], ignore_index=True).assign(event="click")
    return events, news.drop_duplicates("item").reset_index(drop=True)


def _clicked(impressions: str) -> list[str]:
    return [item[:-2] for item in impressions.split() if item.endswith("-1")]


def _behaviors(file: Path) -> pd.DataFrame:
    frame = _tab_separated(file, _BEHAVIORS, ["impression", "user", "written", "history", "impressions"])
    moments = pd.to_datetime(frame["written"], format=_TIME, errors="coerce", utc=True)
    if moments.isna().any():
        bad = int(moments.isna().to_numpy().argmax())
        raise FormatError(
            f"line {bad + 1} of {shown(file)}: the time {frame['written'].iloc[bad]!r:.80} is not as in "
            "'11/11/2019 9:05:58 AM'"
        )
    seconds = (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype=np.float64)
    return frame.assign(timestamp=seconds)[["user", "timestamp", "history", "impressions"]]


def _news(file: Path) -> pd.DataFrame:
    names = ["item", "category", "subcategory", "title", "abstract", "url", "entities", "more_entities"]
    frame = _tab_separated(file, _NEWS, names)
    return frame[["item", "category", "subcategory", "title", "abstract"]]


def _tab_separated(file: Path, width: int, names: list[str]) -> pd.DataFrame:
    """A table without a header, whose quotation marks are only that."""
    limits.checked_file(file)
    rows: list[list[str]] = []
    with open(file, encoding="utf-8", errors="replace", newline="\n") as opened:
        while line := opened.readline(limits.MAX_LINE + 1):
            cells = line.rstrip("\r\n").split("\t")
            if len(line) > limits.MAX_LINE or len(cells) != width:
                raise FormatError(
                    f"line {len(rows) + 1} of {shown(file)} has {len(cells)} cells; each line has {width}, "
                    "with tabs between"
                )
            rows.append(cells)
            if len(rows) % 100_000 == 0:
                limits.check_shape(file, len(rows), width)
    return pd.DataFrame(rows, columns=names, dtype="str")


def _tidy(events: pd.DataFrame, items: pd.DataFrame) -> Tables:
    log = events[["user", "item"]].assign(time=events["timestamp"], kind=events["event"])
    groups = [
        [part for part in row if part] for row in items[["category", "subcategory"]].to_numpy().tolist()
    ]
    made = items[["item", "title", "abstract"]].assign(
        categories=pd.Series(groups, items.index, dtype=object)
    )
    return log.reset_index(drop=True), made


_SOURCE = Source(
    name="mind",
    what="MIND: clicks on Microsoft News, October and November 2019.",
    licence="Microsoft Research Licence: for research; not to be passed on.",
    cite="F. Wu et al., MIND: A Large-scale Dataset for News Recommendation. ACL 2020.",
    page="https://msnews.github.io",
    kinds=NEWS_KINDS,
    texts=("abstract",),
    canonical=_canonical,
    tidy=_tidy,
)
