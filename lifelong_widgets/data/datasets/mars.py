"""MARS: learners of a real course platform, and how much of each lesson they watched."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import COURSE_KINDS, LEFT, WATCHED
from lifelong_widgets.data.datasets.sources import Source, Tables, column, find, lists, need
from lifelong_widgets.data.limits import PathLike
from lifelong_widgets.data.tables import read_csv

_FILES = ("implicit_ratings_en.csv", "explicit_ratings_en.csv", "items_en.csv")
_TAGS = ("software", "theme", "job")


def mars(folder: PathLike | None = None, sha256: str | None = None) -> Dataset:
    """MARS, the Mandarine Academy's course platform (English part). Fetched, or from a folder.

    A folder holds ``implicit_ratings_en.csv``, ``explicit_ratings_en.csv`` and ``items_en.csv``, or
    ``events.parquet`` and ``items.parquet``. Page views are ``view``; what was watched is ``watched`` from
    80 % on, ``left`` below 20 %, and ``watched_part`` between: the percentage is the event's value. Type,
    software, theme and job are categories; the transcript and the difficulty are text columns.

    Args:
        folder: where the files are; None to fetch them.
        sha256: of the zip file; Dataverse packs it anew for each request, so none is known.

    Raises:
        DataError: the folder, a file or a column is missing, or Dataverse cannot be reached.
        FormatError: a file cannot be read.
    """
    return _SOURCE.load(folder, sha256)


def _canonical(place: Path) -> Tables:
    files = [find(place, name)[0] for name in _FILES]
    views, watched, items = (read_csv(file) for file in files)
    for frame, file in ((views, files[0]), (watched, files[1])):
        need(frame, ("user_id", "item_id", "created_at"), file)
    need(watched, ("watch_percentage",), files[1])
    need(items, ("item_id", "name", "description"), files[2])
    names = {"user_id": "user", "item_id": "item", "created_at": "timestamp"}
    events = pd.concat([views.assign(event="view"), watched.assign(event="watch")], ignore_index=True)
    lower = {name: name.lower() for name in items.columns}
    made = items.rename(columns=lower).rename(
        columns={"item_id": "item", "name": "title", "description": "text"}
    )
    return events.rename(columns=names), made


def _tidy(events: pd.DataFrame, items: pd.DataFrame) -> Tables:
    need(events, ("watch_percentage",), Path("events.parquet"))
    share = frames.numbers(events["watch_percentage"])
    by_share = np.select([share >= WATCHED, share < LEFT], ["watched", "left"], "watched_part")
    kinds = np.where((events["event"] == "watch") & ~np.isnan(share), by_share, "view")
    log = events[["user", "item"]].assign(time=events["timestamp"], kind=kinds, value=share)
    tags = [lists(column(items, name)) for name in _TAGS]
    types = [[kind] if kind else [] for kind in frames.texts(column(items, "type"))]
    made = pd.DataFrame(
        {
            "item": items["item"],
            "title": column(items, "title"),
            "categories": [list(itertools.chain(*row)) for row in zip(types, *tags, strict=True)],
            "text": frames.texts(column(items, "text")),
            "difficulty": frames.texts(column(items, "difficulty")),
        }
    )
    return log, made


_SOURCE = Source(
    name="mars",
    what="MARS: views of the lessons of an online course platform, in English, 2016 to 2021.",
    licence="as stated on its page (Dataverse's default is CC0 1.0); see there before passing it on.",
    cite="M. Hafsa, P. Wattebled, J. Jacques and L. Jourdan, E-learning recommender system dataset. "
    "Data in Brief 47:108942, 2023.",
    page="https://doi.org/10.7910/DVN/BMY3UD",
    kinds=COURSE_KINDS,
    texts=("text", "difficulty"),
    canonical=_canonical,
    tidy=_tidy,
    urls={
        "mars.zip": "https://dataverse.harvard.edu/api/access/dataset/:persistentId/"
        "?persistentId=doi:10.7910/DVN/BMY3UD&format=original"
    },
    member=lambda path: path.name in _FILES,
)
