"""IFDB: works of interactive fiction, and the members of a community who played them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import COMMUNITY_KINDS
from lifelong_widgets.data.datasets.mysql_dump import read_dump
from lifelong_widgets.data.datasets.sources import Source, Tables, column, find, lists, moments, need
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.errors import DataError

_UNKNOWN_BEFORE = 820_454_400.0  # 1996: the site is from 2007, and 1980 stands for "unknown"
_TEXTS = ("author", "tags", "system", "description", "year")


def ifdb(folder: PathLike | None = None, sha256: str | None = None) -> Dataset:
    """The Interactive Fiction Database: games played, since 2007. Fetched, or from a folder.

    A folder holds a dump of the site (``ifdb-archive*.sql``, unpacked from a zip file of the IF Archive), or
    ``events.parquet`` and ``items.parquet``. What is fetched is the dump of January 2021; later ones stand on
    the same page. Events without a real time are left out. Genres are categories; author, tags, system,
    description and year are text columns, empty where they are unknown.

    Args:
        folder: where the files are; None to fetch them.
        sha256: of the zip file, where you know it; none is published.

    Raises:
        DataError: the folder, a file or a column is missing, or the IF Archive cannot be reached.
        FormatError: a file cannot be read.
    """
    return _SOURCE.load(folder, sha256)


def _canonical(place: Path) -> Tables:
    file = find(place, "ifdb-archive*.sql", "*.sql")[-1]  # the latest
    tables = read_dump(file, ("playedgames", "games"))
    played, games = tables["playedgames"], tables["games"]
    need(played, ("userid", "gameid"), file)
    need(games, ("id", "title"), file)
    moment = next(
        (name for name, kind in played.attrs.items() if kind in ("datetime", "date", "timestamp")), None
    )
    if moment is None:
        raise DataError(f"the table 'playedgames' of {shown(file)} has no column of times: {played.attrs}")
    written = pd.to_datetime(played[moment], errors="coerce", utc=True, format="ISO8601")
    events = pd.DataFrame(
        {"user": played["userid"], "item": played["gameid"], "timestamp": written, "event": "played"}
    )
    items = games.rename(columns={"id": "item", "desc": "description"})
    published = frames.texts(column(items, "published"))
    return events[written.notna()].reset_index(drop=True), items.assign(year=[text[:4] for text in published])


def _tidy(events: pd.DataFrame, items: pd.DataFrame) -> Tables:
    seconds = frames.seconds(events["timestamp"])
    log = events[["user", "item"]].assign(time=seconds, kind=events["event"])
    texts = {name: frames.texts(column(items, name)) for name in _TEXTS}
    made = pd.DataFrame(
        {
            "item": items["item"],
            "title": column(items, "title"),
            "categories": lists(column(items, "genre"), "/"),
            "released": moments(column(items, "published")),
        }
    )
    return log[seconds >= _UNKNOWN_BEFORE].reset_index(drop=True), made.assign(**texts)


_SOURCE = Source(
    name="ifdb",
    what="IFDB: works of interactive fiction that members of a community marked as played.",
    licence="CC BY 3.0 US for what members wrote; may be passed on with credit to IFDB.",
    cite="The Interactive Fiction Database, https://ifdb.org.",
    page="https://ifarchive.org/indexes/if-archive/info/ifdb/",
    kinds=COMMUNITY_KINDS,
    texts=_TEXTS,
    canonical=_canonical,
    tidy=_tidy,
    urls={"ifdb.zip": "https://ifarchive.org/if-archive/info/ifdb/ifdb-archive-20210117.zip"},
    member=lambda path: path.suffix == ".sql",
)
