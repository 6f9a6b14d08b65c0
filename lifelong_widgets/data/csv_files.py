"""Reading CSV and tab-separated files."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pandas as pd

from lifelong_widgets.data import limits
from lifelong_widgets.data.display import brief, shorten
from lifelong_widgets.data.frames import lines_of, other_separator
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.errors import DataError, FormatError

_CHUNK = 2**20
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_csv(path: PathLike, sep: str | None = None) -> pd.DataFrame:
    """A file of cells with `sep` between them, in UTF-8 with a header line.

    Without `sep` it is a comma, or a tab if the file is called ``.tsv``.

    Every cell is read as a string, so that an id ``007`` keeps its zeros; only an empty cell is missing.
    If each row stands in a line of its own, the index says in which, and errors name it.

    Raises:
        FormatError: the file is absent, too large, not UTF-8, or not a table.
        DataError: `sep` is no single character that can stand between cells.
    """
    separator = None if sep is None else _checked(sep)
    file = limits.checked_file(path)
    if separator is None:
        separator = "\t" if file.suffix.lower() == ".tsv" else ","
    names: list[str] = []
    try:
        n_lines = _count_lines(file)
        names = _header(file, separator)
        if not n_lines:
            raise FormatError(f"{shown(file)} is empty: it has not even a header")
        limits.check_shape(file, n_lines, len(names))
        frame = pd.read_csv(
            file,
            sep=separator,
            dtype="str",
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8-sig",
            compression=None,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, OSError) as error:
        raise FormatError(
            f"{shown(file)} is not a table of values separated by {separator!r}: {shorten(str(error), 200)}"
            f"{other_separator(names)}"
        ) from None
    if not isinstance(frame.index, pd.RangeIndex):  # pandas' silent answer to rows longer than the header
        raise FormatError(
            f"{shown(file)} has rows with more cells than the header has names; quote those with "
            f"{separator!r}{other_separator(names)}"
        )
    if len(set(names)) < len(names) == len(frame.columns):
        frame.columns = pd.Index(names)  # of two names alike pandas has silently changed one
    if not len(frame):
        frame.index = lines_of(file, [])
    elif n_lines == len(frame) + 1:  # there are no empty lines and no cells of several lines
        frame.index = lines_of(file, range(2, n_lines + 1))
    return frame


def _checked(sep: object) -> str:
    if not isinstance(sep, str) or len(sep) != 1 or not sep.isascii() or sep.isalnum() or sep in '"\r\n\0':
        raise DataError(
            f"sep is the one character between cells, such as ',', ';' or '\\t', not {brief(sep)}"
        )
    return sep


def _count_lines(file: Path) -> int:
    """How many lines there are, however they end.

    Raises:
        FormatError: it is no text in UTF-8; the message says where.
    """
    n_lines = n_bytes = 0
    last = b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open(file, "rb") as opened:
        while chunk := opened.read(_CHUNK):
            if not n_bytes and chunk.startswith(_UTF_16):
                raise FormatError(f"{shown(file)} is UTF-16, not UTF-8; save it with UTF-8 encoding")
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=len(chunk) < _CHUNK)
            except UnicodeDecodeError as error:
                at = n_bytes - pending + error.start
                line = n_lines + _ends(chunk[: max(error.start - pending, 0)], last) + 1
                raise FormatError(
                    f"{shown(file)} is not UTF-8 (byte {at}, line {line}); save it with UTF-8 encoding, or "
                    "give from_pandas what pd.read_csv(path, encoding='cp1252', dtype=str) reads (from "
                    "Western Europe; Chinese is often 'gb18030')"
                ) from None
            if (at := chunk.find(b"\0")) >= 0:
                raise FormatError(
                    f"{shown(file)} holds a null character (byte {n_bytes + at}): it is not CSV in UTF-8"
                )
            n_lines += _ends(chunk, last)
            n_bytes += len(chunk)
            last = chunk[-1:]
    return n_lines + (last not in (b"\n", b"\r", b""))


def _ends(chunk: bytes, last: bytes) -> int:
    """How many lines end in `chunk`, which follows a byte `last`."""
    pairs = chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
    return chunk.count(b"\n") + chunk.count(b"\r") - pairs


def _header(file: Path, separator: str) -> list[str]:
    """The names of the columns, as they are written."""
    with open(file, encoding="utf-8-sig", newline="") as opened:
        for names in csv.reader(_bounded(file, opened), delimiter=separator):
            if names and (len(names) > 1 or names[0].strip()):
                return names
    return []


def _bounded(file: Path, opened: TextIO) -> Iterator[str]:
    while line := opened.readline(limits.MAX_HEADER):
        if len(line) == limits.MAX_HEADER:
            raise FormatError(
                f"the first line of {shown(file)} has more than {limits.MAX_HEADER:,} characters: it is no "
                "header of a table"
            )
        yield line
