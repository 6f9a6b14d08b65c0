"""Reading Parquet files, which can say in a kilobyte what fills a terabyte."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pandas as pd

from lifelong_widgets.data import limits
from lifelong_widgets.data.display import shorten
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.errors import FormatError, MissingExtraError

_ROWS_AT_ONCE = 2**20
_WIDEST = 64  # bytes of a value of fixed width; decimals have 16 or 32


def read_parquet(path: PathLike) -> pd.DataFrame:
    """A Parquet file: its columns of single values and of lists of these. Others are left out, as of no use.

    How large the table will be in memory is found out before it is made: from what the file says of itself,
    and from its dictionaries, since a string that is repeated a billion times is stored once.

    Raises:
        FormatError: the file is absent, too large (as a file or as a table) or damaged.
        MissingExtraError: pyarrow is not installed.
    """
    file = limits.checked_file(path)
    need_pyarrow("reading")
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            _check_metadata(file, opened.metadata)
            names, strings = _usable(opened)
        with pyarrow.parquet.ParquetFile(file, read_dictionary=strings) as opened:
            _check_strings(file, opened, strings)
        with pyarrow.parquet.ParquetFile(file) as opened:
            table = opened.read(names, use_threads=False).replace_schema_metadata(None)
            table.validate(full=True)  # else a string that is not UTF-8 would be found out much later
            frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: of a column's name
        raise FormatError(
            f"{shown(file)} is not a readable Parquet file: {shorten(str(error), 200)}"
        ) from None
    return frame


def need_pyarrow(doing: str) -> None:
    """Raise a MissingExtraError, if it is not there, that says what needs it."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError:
        wanted = f"{doing} Parquet needs pyarrow: pip install 'lifelong-widgets[parquet]'"
        raise MissingExtraError(wanted) from None


def _check_metadata(file: Path, metadata: Any) -> None:
    limits.check_shape(file, metadata.num_rows, metadata.num_columns)
    if metadata.num_row_groups * metadata.num_columns > limits.MAX_CHUNKS:
        raise FormatError(
            f"{shown(file)} has {metadata.num_row_groups:,} row groups of {metadata.num_columns:,} columns; "
            f"the limit is {limits.MAX_CHUNKS:,} in all: write it with larger row groups"
        )
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(metadata.num_columns)]
    counts = [(chunk.num_values, chunk.total_uncompressed_size) for chunk in chunks]
    if any(n_values < 0 or n_bytes < 0 for n_values, n_bytes in counts):
        raise FormatError(f"{shown(file)} is not a readable Parquet file: it claims less than nothing")
    n_values = sum(n_values for n_values, _ in counts)  # those within lists too
    if n_values > limits.MAX_CELLS:
        raise FormatError(
            f"{shown(file)} has {n_values:,} values; the limit is {limits.MAX_CELLS:,}: split it"
        )
    _check_bytes(file, sum(n_bytes for _, n_bytes in counts))


def _check_bytes(file: Path, n_bytes: int) -> None:
    if n_bytes > limits.MAX_BYTES_READ:
        raise FormatError(
            f"{shown(file)} would fill {n_bytes:,} bytes or more; the limit is {limits.MAX_BYTES_READ:,}: "
            "keep the columns that are used, or split the file"
        )


def _usable(opened: Any) -> tuple[list[str], list[str]]:
    """The names of the columns that can be used, and the paths of the strings in them."""
    import pyarrow

    names, strings = [], []
    for number in range(len(opened.schema)):
        leaf = opened.schema.column(number)
        name = leaf.path
        if leaf.path != leaf.name:  # such as tags.list.element
            name = leaf.path.rsplit(".", 2)[0]
            at = opened.schema_arrow.get_field_index(name)
            kind = opened.schema_arrow.types[at] if at >= 0 else None
            if not isinstance(kind, (pyarrow.ListType, pyarrow.LargeListType)):
                continue
            if pyarrow.types.is_nested(kind.value_type):
                continue
        if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY" and leaf.length > _WIDEST:
            continue
        names.append(name)
        if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type != "DECIMAL":
            strings.append(leaf.path)
    return names, strings


def _check_strings(file: Path, opened: Any, strings: list[str]) -> None:
    n_bytes = 0
    for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=strings, use_threads=False) if strings else ():
        n_bytes += sum(map(_bytes_written_out, batch.columns))
        _check_bytes(file, n_bytes)


def _bytes_written_out(array: Any) -> int:
    """The bytes of the strings of an Arrow array, those in its dictionary as often as they occur."""
    import pyarrow
    import pyarrow.compute

    if isinstance(array.type, (pyarrow.ListType, pyarrow.LargeListType)):
        array = array.flatten()
    if not isinstance(array.type, pyarrow.DictionaryType):
        return int(array.nbytes)
    lengths = pyarrow.compute.binary_length(array.dictionary)
    return int(pyarrow.compute.sum(lengths.take(array.indices)).as_py() or 0)
