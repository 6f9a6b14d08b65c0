"""How large a file of the user's may be. What is beyond is refused before it is read."""

from __future__ import annotations

import os
from pathlib import Path

from lifelong_widgets.data.display import brief, shorten
from lifelong_widgets.errors import FormatError

MAX_BYTES = 2**31
"""Of a file: a larger one would not fit in memory beside a model."""

MAX_BYTES_READ = 2**32
"""Of a table in memory, for formats that are small on disk because they say a thing only once."""

MAX_CELLS = 200_000_000
"""Rows times columns of a table."""

MAX_COLUMNS = 10_000

MAX_CHUNKS = 100_000
"""Row groups times columns of a Parquet file, each of which is looked at."""

MAX_HEADER = 2**20
"""Characters in the header of a CSV file."""

MAX_LINE = 2**24
"""Bytes in a line of JSON."""

MAX_DEPTH = 8
"""Levels of lists and objects within a line of JSON."""

PathLike = str | os.PathLike[str]


def checked_file(path: PathLike) -> Path:
    """`path`, if a file of at most `MAX_BYTES` is there.

    Raises:
        FormatError: it is no path, there is no regular file, or it is larger.

    >>> checked_file("log.csv")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.FormatError: there is no file 'log.csv' (looked in ...)
    """
    try:
        file = Path(path)
        found = file.is_file()
        size = file.stat().st_size if found else 0
    except (OSError, TypeError, ValueError) as error:  # too long a name, no right to look, a null character
        raise FormatError(f"{shown(path)} is no readable file: {shorten(str(error), 200)}") from None
    if not found:
        raise FormatError(f"there is no file {shown(file)} (looked in {str(Path.cwd())!r})")
    if size > MAX_BYTES:
        raise FormatError(
            f"{shown(file)} has {size:,} bytes; the limit is {MAX_BYTES:,}: split or thin it out"
        )
    return file


def shown(path: object) -> str:
    """How messages name a file."""
    return f"{str(path)!r:.1000}" if isinstance(path, (str, os.PathLike)) else brief(path)


def check_shape(file: Path, rows: int, columns: int) -> None:
    """Refuse a table that would be too large in memory.

    Raises:
        FormatError: there are more columns or cells than the limits allow.
    """
    if columns > MAX_COLUMNS:
        raise FormatError(
            f"{shown(file)} has {columns:,} columns; the limit is {MAX_COLUMNS:,}: keep those that are used"
        )
    if rows * columns > MAX_CELLS:
        raise FormatError(
            f"{shown(file)} has {rows:,} rows of {columns:,} columns; the limit is {MAX_CELLS:,} cells: "
            "keep the columns that are used, or split the file"
        )
