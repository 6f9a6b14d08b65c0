"""Reading the user's files of rows and columns. No format among them can carry code."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lifelong_widgets.data.csv_files import read_csv
from lifelong_widgets.data.json_lines import read_json_lines
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.data.parquet_files import read_parquet
from lifelong_widgets.errors import FormatError

_READERS = {".csv": read_csv, ".tsv": read_csv, ".parquet": read_parquet, ".jsonl": read_json_lines}

__all__ = ["PathLike", "read_csv", "read_json_lines", "read_parquet", "read_table", "shown"]


def read_table(path: PathLike, sep: str | None = None) -> pd.DataFrame:
    """A CSV (``.csv``), tab-separated (``.tsv``), Parquet or JSON lines (``.jsonl``) file, by its suffix.

    `sep` is what stands between the cells of the first two, as for `read_csv`; the others have no such thing.

    Raises:
        FormatError: another suffix, or what `read_csv`, `read_parquet` and `read_json_lines` refuse.
        MissingExtraError: a Parquet file, and pyarrow is not installed.

    >>> read_table("log.xlsx")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.FormatError: 'log.xlsx' is neither .csv, .tsv, .parquet nor .jsonl; \
convert it to one of these
    """
    try:
        reader = _READERS[Path(path).suffix.lower()]
    except TypeError:
        raise FormatError(f"{shown(path)} is no path of a file") from None
    except KeyError:
        raise FormatError(
            f"{shown(path)} is neither .csv, .tsv, .parquet nor .jsonl; convert it to one of these"
        ) from None
    return read_csv(path, sep) if reader is read_csv else reader(path)
