"""Reading columns out of the user's DataFrames, with errors that say where and what instead."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import re
import uuid
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data.display import brief, near, others
from lifelong_widgets.data.ids import Id, IdIndex, as_id
from lifelong_widgets.errors import DataError

FIRST_SECOND = -62_135_596_800.0
"""The first second of the year 1."""
LAST_SECOND = 253_402_300_800.0
"""The first second of the year 10000."""
LARGEST_VALUE = float(np.finfo(np.float32).max)
"""The largest number that an event can carry."""

_YEAR_LAST = re.compile(r"\s*\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")  # such as 31.12.2024 or 12/31/24
_YEAR_FIRST = re.compile(r"\s*\d{4}[./-]\d{1,2}[./-]\d{1,2}\b")
_LOOKED_AT = 1_000  # cells of a column by which it is told how to read it
_SEPARATORS = (";", "\t", "|", ",")  # of cells
_LINES = "line of "  # how the index of a frame out of a file is called, before the file's name
_WRITTEN_ALIKE = (  # what stands in a cell as one writes it; not a list, not bytes
    str, int, float, np.number, np.bool_, np.datetime64, decimal.Decimal, fractions.Fraction, datetime.date,
    datetime.time, datetime.timedelta, pd.Period, uuid.UUID, pathlib.PurePath, enum.Enum,
)  # fmt: skip


def column(frame: pd.DataFrame, name: str, what: str, remedy: str = "") -> pd.Series[Any]:
    """The one column of `frame` called `name`, which holds `what`.

    >>> column(pd.DataFrame({"movie": [1]}), "move", "the item ids")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: there is no column 'move' for the item ids; did you mean 'movie'? \
The columns are 'movie'.

    Raises:
        DataError: there is no such column, or more than one.
    """
    found = [position for position, label in enumerate(frame.columns) if same_label(label, name)]
    if len(found) == 1:
        return frame.iloc[:, found[0]]
    if found:
        raise DataError(f"there are {len(found)} columns called {brief(name)}; rename all but one")
    present = ", ".join(map(brief, frame.columns[:30])) or "none at all"
    hint = near(name, frame.columns) or "."
    raise DataError(
        f"there is no column {brief(name)} for {what}{hint} The columns are {present}."
        + (other_separator(frame.columns) or (f" {remedy}" if remedy else ""))
    )


def other_separator(names: Sequence[object] | pd.Index[Any]) -> str:
    """What to say where the name of the only column looks like several, with another separator.

    >>> other_separator(["customer;sku"]), other_separator(["customer", "sku;at"])
    (" The name of the only column holds ';': if that stands between the columns, say sep=';' where the \
file is read (--sep ';' on the command line)", '')
    """
    if len(names) != 1 or not isinstance(names[0], str):
        return ""
    found = next((mark for mark in _SEPARATORS if mark in names[0]), None)
    if found is None:
        return ""
    typed = "$'\\t'" if found == "\t" else repr(found)
    return (
        f" The name of the only column holds {found!r}: if that stands between the columns, say "
        f"sep={found!r} where the file is read (--sep {typed} on the command line)"
    )


def has_column(frame: pd.DataFrame, name: object) -> bool:
    """Whether one of the columns, at least, is called `name`."""
    return any(same_label(label, name) for label in frame.columns)


def same_label(label: object, name: object) -> bool:
    """Whether two labels are equal; some, such as missing values and arrays, are equal to nothing.

    >>> same_label("item", "item"), same_label(pd.NA, "item")
    (True, False)
    """
    try:
        return bool(label == name)
    except (TypeError, ValueError):
        return False


def lines_of(file: pathlib.Path, lines: Iterable[int]) -> pd.Index[int]:
    """An index by which `where` names the lines of `file`; `lines` are their numbers, from 1.

    >>> where(pd.Series(["ada"], index=lines_of(pathlib.Path("log.csv"), [2]), name="user"), 0)
    "column 'user', line 2 of 'log.csv'"
    """
    index = pd.RangeIndex(lines) if isinstance(lines, range) else pd.Index(list(lines), dtype="int64")
    return index.rename(f"{_LINES}{str(file)!r}")


def where(series: pd.Series[Any], position: int) -> str:
    """How messages name a cell; rows are counted from 0, the lines of a file from 1.

    >>> where(pd.Series(["ada", "bob"], index=["x", "y"], name="user"), 1)
    "column 'user', row 1 (index label 'y')"
    """
    return f"column {brief(series.name)}, {row(series, position)}"


def row(series: pd.Series[Any], position: int) -> str:
    """How messages name a row: as `where` does."""
    label, name = series.index[position], series.index.name
    if isinstance(name, str) and name.startswith(_LINES):
        return f"line {label} of {name.removeprefix(_LINES)}"
    same = isinstance(label, (int, np.integer)) and int(label) == position
    return f"row {position}" + ("" if same else f" (index label {brief(label)})")


def source(frame: pd.DataFrame) -> str:
    """How messages name a whole frame, or the file that it comes from.

    >>> source(pd.DataFrame()), source(pd.DataFrame(index=lines_of(pathlib.Path("log.csv"), [])))
    ('the frame', "the file 'log.csv'")
    """
    name = frame.index.name
    if isinstance(name, str) and name.startswith(_LINES):
        return f"the file {name.removeprefix(_LINES)}"
    return "the frame"


def remedied(series: pd.Series[Any], *steps: str) -> str:
    """Code that makes a frame without what a message is about; it reads the file first if there is one.

    >>> series = pd.Series(["ada"], index=lines_of(pathlib.Path("log.csv"), [2]), name="user")
    >>> remedied(series, "frame = frame.dropna(subset=['user'])")
    "frame = pd.read_csv(path, dtype=str); frame = frame.dropna(subset=['user']); then from_pandas(frame, …)"
    """
    name = series.index.name
    if not (isinstance(name, str) and name.startswith(_LINES)):
        return "; ".join(steps)
    read = "read_json(path, lines=True, dtype=False)" if ".jsonl" in name else "read_csv(path, dtype=str)"
    return "; ".join([f"frame = pd.{read}", *steps, "then from_pandas(frame, …)"])


def _without_missing(series: pd.Series[Any], *steps: str) -> str:
    """How to leave out the rows in which a column has nothing, after `steps`."""
    return remedied(series, *steps, f"frame = frame.dropna(subset=[{brief(series.name)}])")


def ids(series: pd.Series[Any], what: str) -> tuple[npt.NDArray[np.int64], list[Id]]:
    """Codes into a vocabulary, in order of first appearance, and that vocabulary; `what` an id is called.

    Raises:
        DataError: a cell that cannot be an id, named by column and row.

    >>> ids(pd.Series(["ada", "bob", "ada"], name="user"), "user id")
    (array([0, 1, 0]), ['ada', 'bob'])
    """
    if pd.api.types.is_bool_dtype(series.dtype) or pd.api.types.is_float_dtype(series.dtype):
        missing = series.isna().to_numpy()
        if missing.any():
            raise DataError(
                f"{where(series, int(missing.argmax()))}: the {what} is missing"
                f"{others(int(missing.sum()) - 1)}; fill it, or drop such rows: {_without_missing(series)}"
            )
        raise DataError(
            f"column {brief(series.name)}: the {what}s are {series.dtype}, such as {series.iloc[0]}; "
            "ids are strings or integers: convert the column with .astype('int64') or .astype('str')"
        )
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    codes, vocabulary = _factorize(series)
    if codes.size and codes.min() < 0:
        missing = codes < 0
        raise DataError(
            f"{where(series, int(missing.argmax()))}: the {what} is missing{others(int(missing.sum()) - 1)}; "
            f"fill it, or drop such rows: {_without_missing(series)}"
        )
    clean: list[Id] = []
    for code, value in enumerate(vocabulary):
        try:
            clean.append(as_id(value, what))
        except DataError as error:
            raise DataError(f"{where(series, int((codes == code).argmax()))}: {error}") from None
    return codes, clean


def refuse_twins(ids: list[Id], codes: npt.NDArray[np.int64], series: pd.Series[Any], name: str) -> None:
    """Refuse ids that differ only in their type, as ``"7"`` and ``7`` do.

    Raises:
        DataError: there are such; the message names the place of the second.
    """
    if len(set(map(type, ids))) < 2:
        return
    index = IdIndex(name=name)
    for code, id in enumerate(ids):
        try:
            index.add(id)
        except DataError as error:
            raise DataError(f"{where(series, int((codes == code).argmax()))}: {error}") from None


def _factorize(series: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], list[Any]]:
    if series.dtype == object:
        # pandas takes True, 1 and 1.0 for one value: a mixed column is told apart by type as well
        types = set(map(type, series))
        if not (types <= {str} or types <= {int}):
            known: dict[tuple[type, Any], int] = {}
            codes = np.empty(len(series), dtype=np.int64)
            for position, value in enumerate(series):
                if _is_missing(value):
                    codes[position] = -1
                    continue
                try:
                    plain = _plain(value)
                    codes[position] = known.setdefault((type(plain), plain), len(known))
                except TypeError:  # a list or another thing that cannot be hashed
                    raise DataError(
                        f"{where(series, position)}: {brief(value)} is a {type(value).__name__}; "
                        "an id is a string or an integer"
                    ) from None
            return codes, [value for _, value in known]
    codes, uniques = pd.factorize(series)
    return codes.astype(np.int64, copy=False), list(
        uniques.tolist() if hasattr(uniques, "tolist") else uniques
    )


def _plain(value: Any) -> Any:
    """NumPy's and other people's kinds of strings and integers as Python's own, which they are equal to."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64)):
        return int(value)
    return value


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def seconds(series: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Times as seconds since 1970-01-01 UTC: from numbers, datetimes, or strings (ISO 8601 or numbers).

    A time without a zone is taken as UTC. Strings are either all numbers or all ISO 8601.

    Raises:
        DataError: a time that is missing, cannot be read, or lies outside the years 1 to 9999.

    >>> seconds(pd.Series(["1970-01-02", "1970-01-01T00:01:00+01:00"], name="time"))
    array([86400., -3540.])
    """
    remedy = "use epoch seconds, datetimes or ISO 8601 strings such as '2024-05-01 12:30:00'"
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        result = _since_epoch(series)
    else:
        result = _floats(series, "times", remedy)
        _read_moments(series, result)
    bad = ~np.isfinite(result)
    if bad.any():
        position = int(bad.argmax())
        given = series.iloc[position]
        problem = "the time is missing" if _is_missing(given) else f"{brief(given)} cannot be read as a time"
        more = others(int(bad.sum()) - 1)
        raise DataError(f"{where(series, position)}: {problem}{more}; {remedy}{_readings(series, bad)}")
    outside = (result < FIRST_SECOND) | (result >= LAST_SECOND)
    if outside.any():
        position = int(outside.argmax())
        raise DataError(
            f"{where(series, position)}: the time {brief(series.iloc[position])} is outside the years 1 to "
            f"9999{others(int(outside.sum()) - 1)}; numbers are seconds since 1970-01-01 UTC: divide "
            "milliseconds by 1000, microseconds by 1000000"
        )
    return result


def _readings(series: pd.Series[Any], bad: npt.NDArray[np.bool_]) -> str:
    """How pandas reads the column, of which the `bad` cells are no times here, or leaves them out."""
    if len(series) == 1 and series.dtype == object:  # a moment, and no column of a frame
        return ""
    if series[bad].isna().all():
        return f". To drop such rows: {_without_missing(series)}"
    seen = np.zeros(len(series), dtype=bool)
    seen[:_LOOKED_AT] = True
    seen[np.flatnonzero(bad)[:_LOOKED_AT]] = True
    cells, name = series[seen].dropna(), f"frame[{brief(series.name)}]"
    if not all(isinstance(cell, str) for cell in cells):
        return ""
    day_first = f"pd.to_datetime({name}, dayfirst=True"
    n_read = {f"pd.to_numeric({name}": int(pd.to_numeric(cells, errors="coerce").notna().sum())}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas tells which order it takes
        for way, first in ((f"pd.to_datetime({name}", False), (day_first, True)):
            read = pd.to_datetime(cells, errors="coerce", utc=True, dayfirst=first)
            n_read[way] = int(read.notna().sum())
    best = max(n_read, key=lambda way: n_read[way])
    year_last, year_first = (sum(map(bool, map(form.match, cells))) for form in (_YEAR_LAST, _YEAR_FIRST))
    if n_read[day_first] == n_read[best] and year_last > year_first:
        best = day_first
    note = " (without dayfirst where the month stands first)" if best == day_first else ""
    if n_read[best] == len(cells) == int(seen.sum()):
        return f". pandas can read them{note}: {remedied(series, f'{name} = {best})')}"
    if not n_read[best]:
        return ""
    step = f"{name} = {best}, errors='coerce')"
    return f". To drop such rows{note}: {_without_missing(series, step)}"


Time = float | str | datetime.date | np.datetime64
"""What `moment` reads: epoch seconds, an ISO 8601 string, a datetime. Without a zone it is UTC."""


def moment(given: Any, name: str = "time") -> float:
    """One time as seconds since 1970-01-01 UTC, from all that `seconds` reads.

    >>> moment("1970-01-02"), moment(datetime.datetime(1970, 1, 1, 0, 1)), moment(7)
    (86400.0, 60.0, 7.0)

    Raises:
        DataError: it cannot be read, or lies outside the years 1 to 9999.
    """
    try:
        return float(seconds(pd.Series([given], name=name, dtype=object))[0])
    except DataError as error:  # without the row
        raise DataError(f"the {name}: {str(error).removeprefix(f'column {name!r}, row 0: ')}") from None


def _since_epoch(series: pd.Series[Any]) -> npt.NDArray[np.float64]:
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = series.to_numpy(dtype="datetime64[us]")
    result = moments.astype(np.int64) / 1e6
    result[np.isnat(moments)] = np.nan
    return result


def _floats(series: pd.Series[Any], what: str, remedy: str) -> npt.NDArray[np.float64]:
    """The numbers in a column, which may be written out; NaN where there is none.

    Raises:
        DataError: a column of truth values, durations or another type that only looks like a number.
    """
    types = pd.api.types
    if types.is_numeric_dtype(series.dtype) and not (
        types.is_bool_dtype(series.dtype) or types.is_complex_dtype(series.dtype)
    ):
        return series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    if series.dtype == object:
        # cell by cell: pandas takes True for 1.0 and stumbles over lists and over integers of 400 digits
        series = pd.Series([cell if type(cell) is str else _float(cell) for cell in series], dtype=object)
    elif not types.is_string_dtype(series.dtype):
        held = "truth values" if types.is_bool_dtype(series.dtype) else f"{series.dtype}"
        raise DataError(f"column {brief(series.name)} holds {held}, not {what}; {remedy}")
    numbers = pd.to_numeric(series, errors="coerce")
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)


def _float(cell: object) -> float:
    if isinstance(cell, str):  # NumPy's, for example
        return _float(pd.to_numeric(str(cell), errors="coerce"))
    number = isinstance(cell, (int, float, np.number, decimal.Decimal, fractions.Fraction))
    if not number or isinstance(cell, (bool, complex, np.complexfloating, np.timedelta64)):
        return np.nan
    try:
        return float(cell)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return np.nan


def _read_moments(series: pd.Series[Any], result: npt.NDArray[np.float64]) -> None:
    """Put datetimes and ISO 8601 strings into `result`, where numbers stand already."""
    if np.isfinite(result).all() or pd.api.types.is_numeric_dtype(series.dtype):
        return
    if series.dtype != object:  # strings, and what is missing
        if not np.isfinite(result[series.notna().to_numpy()]).all():
            parsed = _parsed(series)
            if np.isfinite(parsed).sum() > np.isfinite(result).sum():
                result[:] = parsed
        return
    cells = series.tolist()
    for kind, written in ((str, str), ((datetime.date, np.datetime64), _iso_8601)):
        chosen = np.array([isinstance(cell, kind) for cell in cells], dtype=bool)
        if not np.isfinite(result[chosen]).all():
            texts = [written(cell) for cell in cells if isinstance(cell, kind)]
            result[chosen] = _parsed(pd.Series(texts, dtype=object))


def _parsed(texts: pd.Series[Any]) -> npt.NDArray[np.float64]:
    # pandas takes these two for moments in ISO 8601: the same log would change from day to day
    fixed = texts.mask(texts.isin(["now", "today"]))
    return _since_epoch(pd.to_datetime(fixed, errors="coerce", utc=True, format="ISO8601"))


def _iso_8601(moment: Any) -> str:
    try:
        return "" if pd.isna(moment) else pd.Timestamp(moment).isoformat()
    except (ValueError, OverflowError):  # beyond the years that pandas or Python know
        return ""


def numbers(series: pd.Series[Any]) -> npt.NDArray[np.float32]:
    """A column of numbers as float32, NaN where there is none.

    Raises:
        DataError: a cell that is no number, or is infinite.

    >>> numbers(pd.Series(["5", None, "2.5"]))
    array([5. , nan, 2.5], dtype=float32)
    """
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    remedy = "leave the cell empty if there is none"
    wide = _floats(series, "numbers", remedy)
    missing = series.isna() if series.dtype != object else series.map(_is_missing)
    unread = np.isnan(wide) & ~missing.to_numpy(dtype=bool)
    bad = unread | (np.abs(wide) > LARGEST_VALUE)
    if bad.any():
        position = int(bad.argmax())
        raise DataError(
            f"{where(series, position)}: the value {brief(series.iloc[position])} is not a finite number"
            f"{others(int(bad.sum()) - 1)}; {remedy}"
        )
    return wide.astype(np.float32)


def texts(series: pd.Series[Any]) -> list[str]:
    """A column as strings: the empty one where a cell is missing, whole numbers without a point.

    Raises:
        DataError: a cell that is no text, such as a list.
    """
    cells = series.tolist()
    try:
        return [text(cell) for cell in cells]
    except DataError:
        for position, cell in enumerate(cells):
            try:
                text(cell)
            except DataError as error:
                raise DataError(f"{where(series, position)}: {error}") from None
        raise


def text(cell: object) -> str:
    """One cell as a string; a lone surrogate, which no file can store, becomes a question mark.

    Raises:
        DataError: it is no text: a list, a mapping, bytes, an integer of thousands of digits.

    >>> text("a"), text(None), text(1995.0), text(float("nan"))
    ('a', '', '1995', '')
    """
    if type(cell) is str:
        return cell if cell.isascii() else cell.encode(errors="replace").decode()
    if _is_missing(cell):
        return ""
    if not isinstance(cell, _WRITTEN_ALIKE) or isinstance(cell, np.complexfloating):
        raise DataError(f"{brief(cell)} is a {type(cell).__name__}, not a text; convert it to a string")
    try:
        written = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    except ValueError:
        raise DataError(f"{brief(cell)}; convert it to a string") from None
    return written.encode(errors="replace").decode()
