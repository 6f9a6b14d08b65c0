"""IDEA: readers of a news app in the United States, who rated, favoured and bookmarked stories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifelong_widgets.data import frames, limits
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import NEWS_KINDS
from lifelong_widgets.data.datasets.sources import Source, Tables, column, find, moments, need
from lifelong_widgets.data.display import shorten
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.data.tables import read_csv
from lifelong_widgets.errors import DataError, FormatError

_COMMIT = "374c33a9d241345907e11dbab0d5ef92ee265671"
_RAW = f"https://raw.githubusercontent.com/Informfully/Datasets/{_COMMIT}/IDEA/dataset"
_INTERESTING = (  # the question "is it interesting", once for each group of the study
    "9kkHAP44YsWdv238y", "8chxji6FtzC7c6eca", "bQ925uvAhfuLJX9w8", "FKf2wJTAEMSDipPga", "DZyvQCx4sTr6xhd67",
    "yZ7Db3PsTNW2na9hZ", "EiEAq5Ms4WfukLwG8",
)  # fmt: skip
_EASY = (  # and "is it easy to read"
    "wCJoa9Jwpte34MB8i", "HozRh4v7WkCPfH6je", "yx9tNErJn37qNWZZq", "vn3xBCvWXt8AvfMyf", "yGoJwWDeDdug6x3Dg",
    "ZiZJw4TLtxzGkPpGY", "XpAM2pajfeiP6MXrR",
)  # fmt: skip
_QUESTIONS = dict.fromkeys(_INTERESTING, "rate_interesting") | dict.fromkeys(_EASY, "rate_easy")
_KINDS = {
    ("rate_interesting", 1): "interesting",
    ("rate_interesting", -1): "not_interesting",
    ("rate_easy", 1): "easy",
    ("rate_easy", -1): "hard",
    ("favourite", 1): "favourite",
    ("bookmark", 1): "bookmark",
}
_TEXTS = ("text", "author")


def idea(folder: PathLike | None = None) -> Dataset:
    """IDEA, the Informfully Dataset with Enhanced Attributes. Fetched, or from a folder.

    A folder holds ``ratings.csv``, ``favourites.csv`` and ``bookmarks.csv``, and possibly ``articles.json``
    (without it stories have no title and no text), or ``events.parquet`` and ``items.parquet``. The kinds are
    ``interesting``, ``not_interesting``, ``easy``, ``hard``, ``favourite`` and ``bookmark``. What was taken
    back later is an event all the same: it happened. In the canonical files each group of the study has
    questions of its own; we know the ids of seven groups, and answers to another question are left out.

    Args:
        folder: where the files are; None to fetch them (without ``articles.json``: save that into the
            folder of the cache by hand, or load a folder that has it).

    Raises:
        DataError: the folder, a file or a column is missing, or GitHub cannot be reached.
        FormatError: a file cannot be read.
    """
    return _SOURCE.load(folder)


def _canonical(place: Path) -> Tables:
    parts = []
    for name, event in (("ratings", ""), ("favourites", "favourite"), ("bookmarks", "bookmark")):
        file = find(place, f"{name}.csv")[0]
        frame = read_csv(file)
        need(frame, ("articleId", "informfully_id", "createdAt"), file)
        if not event:
            need(frame, ("articleQuestionId", "articleAnswer"), file)
        parts.append(
            pd.DataFrame(
                {
                    "user": frame["informfully_id"],
                    "item": frame["articleId"],
                    "timestamp": frame["createdAt"],
                    "event": event or frame["articleQuestionId"].map(_QUESTIONS),
                    "value": 1.0 if event else frames.numbers(frame["articleAnswer"]),
                    "published": column(frame, "articlePublishedDate"),
                }
            )
        )
    events = pd.concat(parts, ignore_index=True)
    events = events[events["event"].notna()]  # missing: a question whose meaning is not known
    if not len(events):
        raise DataError(f"no rating in {shown(place)} answers a question that is known")
    return events, _articles(place, events)


def _articles(place: Path, events: pd.DataFrame) -> pd.DataFrame:
    files = [path for depth in ("", "*/") for path in place.glob(depth + "articles.json")]
    if not files:
        dated = events[events["published"].fillna("").ne("") & events["published"].ne("NA")]
        return dated[["item", "published"]].drop_duplicates("item").reset_index(drop=True)
    file = limits.checked_file(files[0])
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{shown(file)} is not JSON in UTF-8: {shorten(str(error), 200)}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError(f"{shown(file)} is not a list of articles")
    limits.check_shape(file, len(rows), max(map(len, rows), default=0))
    table = pd.DataFrame(
        {
            "item": [_text(row.get("articleId", row.get("_id"))) for row in rows],
            "title": [_text(row.get("title")) for row in rows],
            "category": [_text(row.get("primaryCategory")) for row in rows],
            "text": [_text([row.get("lead"), row.get("body"), row.get("text")]) for row in rows],
            "author": [_text(row.get("author")) for row in rows],
            "published": [_text(row.get("datePublished")) for row in rows],
        }
    )
    return table[table["item"] != ""].drop_duplicates("item").reset_index(drop=True)


def _text(value: Any) -> str:
    """The text in a value: R writes single ones as lists, and a body is a list of paragraphs."""
    if isinstance(value, dict):
        return _text(value.get("text"))
    if isinstance(value, list):
        return "\n".join(part for part in map(_text, value[:1000]) if part)
    return "" if value is None else str(value)


def _tidy(events: pd.DataFrame, items: pd.DataFrame) -> Tables:
    need(events, ("value",), Path("events.parquet"))
    values = frames.numbers(events["value"])
    pairs = list(zip(events["event"].tolist(), np.nan_to_num(values).astype(int).tolist(), strict=True))
    odd = next((pair for pair in pairs if pair not in _KINDS), None)
    if odd is not None:
        raise DataError(
            f"an event {odd[0]!r:.80} with the value {odd[1]}; known are {', '.join(map(str, _KINDS))}"
        )
    log = events[["user", "item"]].assign(
        time=events["timestamp"], kind=[_KINDS[pair] for pair in pairs], value=values
    )
    made = pd.DataFrame(
        {
            "item": items["item"],
            "title": frames.texts(column(items, "title")),
            "categories": [[name] if name else [] for name in frames.texts(column(items, "category"))],
            "released": moments(column(items, "published")),
        }
    )
    return log, made.assign(**{name: frames.texts(column(items, name)) for name in _TEXTS})


_SOURCE = Source(
    name="idea",
    what="IDEA: ratings, favourites and bookmarks in a news app in the US, 21 November to 11 December 2023.",
    licence="MIT (of the repository; articles are their publishers').",
    cite="L. Heitz et al., IDEA: Informfully Dataset with Enhanced Attributes. CEUR Vol-3898, 2024.",
    page="https://github.com/Informfully/Datasets",
    kinds=NEWS_KINDS,
    texts=_TEXTS,
    canonical=_canonical,
    tidy=_tidy,
    urls={f"{name}.csv": f"{_RAW}/{name}.csv" for name in ("ratings", "favourites", "bookmarks")},
    pinned=True,
)
