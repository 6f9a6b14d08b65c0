"""Polis: people write short statements, and agree or disagree with those of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import COMMUNITY_KINDS
from lifelong_widgets.data.datasets.sources import MILLISECONDS, Source, Tables, column, find, moments, need
from lifelong_widgets.data.display import shorten
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.data.tables import read_csv
from lifelong_widgets.errors import DataError

_COMMIT = "0bc2ce0f32c673f68da20b57bce15c457aa787b5"
_CONVERSATIONS = (
    "scoop-hivemind.biodiversity", "scoop-hivemind.taxes", "scoop-hivemind.affordable-housing",
    "scoop-hivemind.ubi", "scoop-hivemind.freshwater", "football-concussions", "canadian-electoral-reform",
    "brexit-consensus", "15-per-hour-seattle", "london.youth.policing", "bg2050-volunteers",
    "ssis.land-bank-farmland.2rumnecbeh.2021-08-01",
)  # fmt: skip
_TITLE = 80  # characters


def polis(folder: PathLike | None = None, sha256: str | None = None) -> Dataset:
    """Polis open data: agree, disagree or pass, in twelve conversations. Fetched, or from a folder.

    A folder holds conversations (each a folder with ``votes.csv`` and ``comments.csv``), or
    ``events.parquet`` and ``items.parquet``. Which statement somebody sees is chosen by the site, nearly at
    random: predict the vote, not the next statement. Each conversation is a category, and starts from zero.
    The value of an event is 1, -1 or 0; the text column ``author`` is who wrote the statement.

    Args:
        folder: where the files are; None to fetch them.
        sha256: of the zip file, where you know it; none is published.

    Raises:
        DataError: the folder, a file or a column is missing, a vote is none, or GitHub cannot be reached.
        FormatError: a file cannot be read.
    """
    return _SOURCE.load(folder, sha256)


def _canonical(place: Path) -> Tables:
    parts = [_conversation(file.parent) for file in find(place, "votes.csv")]
    events, items = (pd.concat(frame, ignore_index=True) for frame in zip(*parts, strict=True))
    return events, items


def _conversation(folder: Path) -> Tables:
    votes, comments = read_csv(folder / "votes.csv"), read_csv(folder / "comments.csv")
    need(votes, ("timestamp", "comment-id", "voter-id", "vote"), folder / "votes.csv")
    need(comments, ("comment-id", "author-id", "comment-body"), folder / "comments.csv")
    prefix = folder.name + "/"
    events = pd.DataFrame(
        {
            "user": prefix + votes["voter-id"],
            "item": prefix + votes["comment-id"],
            "timestamp": _seconds(votes["timestamp"]),
            "event": "vote",
            "value": frames.numbers(votes["vote"]),
        }
    )
    items = pd.DataFrame(
        {
            "item": prefix + comments["comment-id"],
            "text": comments["comment-body"],
            "conversation": folder.name,
            "author": prefix + comments["author-id"],
            "created": column(comments, "timestamp"),
        }
    )
    return events, items


def _seconds(series: pd.Series[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64)
    fixed = pd.Series(
        np.where(numbers > MILLISECONDS, numbers / 1000.0, numbers), series.index, name=series.name
    )
    return frames.seconds(fixed)


def _tidy(events: pd.DataFrame, items: pd.DataFrame) -> Tables:
    need(events, ("value",), Path("events.parquet"))
    kinds = events["value"].map({1: "agree", -1: "disagree", 0: "pass"})
    if kinds.isna().any():
        odd = events["value"][kinds.isna()].iloc[0]
        raise DataError(f"a vote is {shown(str(odd))}; it is 1 (agree), -1 (disagree) or 0 (pass)")
    log = events[["user", "item", "value"]].assign(time=events["timestamp"], kind=kinds)
    texts = frames.texts(column(items, "text"))
    made = pd.DataFrame(
        {
            "item": items["item"],
            "title": [shorten(text, _TITLE) for text in texts],
            "categories": [[name] if name else [] for name in frames.texts(column(items, "conversation"))],
            "text": texts,
            "author": column(items, "author"),
            "released": moments(column(items, "created")),
        }
    )
    return log, made


_SOURCE = Source(
    name="polis",
    what="Polis: votes on short statements in public conversations, from 2014 on.",
    licence="CC BY 4.0; may be used and passed on with attribution.",
    cite="Data was gathered using the Polis software (compdemocracy.org/polis) and is sub-licensed under "
    "CC BY 4.0 with Attribution to The Computational Democracy Project.",
    page="https://github.com/compdemocracy/openData",
    kinds=COMMUNITY_KINDS,
    texts=("text", "author"),
    canonical=_canonical,
    tidy=_tidy,
    urls={"polis.zip": f"https://github.com/compdemocracy/openData/archive/{_COMMIT}.zip"},
    member=lambda path: path.name in ("votes.csv", "comments.csv") and path.parent.name in _CONVERSATIONS,
    pinned=True,
)
