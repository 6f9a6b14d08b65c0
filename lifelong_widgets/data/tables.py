"""Reading the user's CSV and Parquet files. Neither format can carry code."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from lifelong_widgets.errors import FormatError, MissingExtraError

MAX_BYTES = 2**31
"""Files above this size are refused: they would not fit in memory beside a model."""

PathLike = str | os.PathLike[str]


def read_table(path: PathLike) -> pd.DataFrame:
    """A CSV (``.csv``), tab-separated (``.tsv``) or Parquet (``.parquet``) file, by its suffix.

    Raises:
        FormatError: another suffix, or what `read_csv` and `read_parquet` refuse.

    >>> read_table("log.xlsx")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.FormatError: 'log.xlsx' is neither .csv, .tsv nor .parquet; \
convert it to one of these
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path)
    if suffix in (".csv", ".tsv"):
        return read_csv(path)
    raise FormatError(f"{os.fspath(path)!r} is neither .csv, .tsv nor .parquet; convert it to one of these")


def read_csv(path: PathLike) -> pd.DataFrame:
    """A comma-separated file (tabs if it is called ``.tsv``) in UTF-8 with a header line.

    Every cell is read as a string, so that an id ``007`` keeps its zeros; only an empty cell is missing.

    Raises:
        FormatError: the file is absent, too large, not UTF-8, or not a table.
    """
    file = _checked(path)
    separator = "\t" if file.suffix.lower() == ".tsv" else ","
    try:
        frame = pd.read_csv(
            file,
            sep=separator,
            dtype="str",
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8-sig",
            compression=None,
        )
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{str(file)!r} is not UTF-8 (byte {error.start}); save it with UTF-8 encoding"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FormatError(
            f"{str(file)!r} is not a table of comma- or tab-separated values: {error}"
        ) from None
    if not isinstance(frame.index, pd.RangeIndex):  # pandas' silent answer to rows longer than the header
        raise FormatError(
            f"{str(file)!r} has rows with more cells than the header has names; quote cells with commas"
        )
    return frame


def read_parquet(path: PathLike) -> pd.DataFrame:
    """A Parquet file.

    Raises:
        FormatError: the file is absent, too large or damaged.
        MissingExtraError: pyarrow is not installed.
    """
    file = _checked(path)
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("reading Parquet needs pyarrow: pip install pyarrow") from None
    try:
        return pd.read_parquet(file, engine="pyarrow")
    except (pyarrow.ArrowException, OSError) as error:
        raise FormatError(f"{str(file)!r} is not a readable Parquet file: {error}") from None


def _checked(path: PathLike) -> Path:
    file = Path(path)
    if not file.is_file():
        raise FormatError(f"there is no file {str(file)!r} (looked in {str(Path.cwd())!r})")
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise FormatError(
            f"{str(file)!r} has {size:,} bytes; the limit is {MAX_BYTES:,}: split or thin it out"
        )
    return file
