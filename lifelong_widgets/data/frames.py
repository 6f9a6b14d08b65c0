"""Reading columns out of the user's DataFrames, with errors that say where and what instead."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data.ids import Id, as_id
from lifelong_widgets.errors import DataError, closest

_FIRST_SECOND = -62_135_596_800.0  # the year 1
_LAST_SECOND = 253_402_300_800.0  # the year 10000


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
    found = [position for position, label in enumerate(frame.columns) if label == name]
    if len(found) == 1:
        return frame.iloc[:, found[0]]
    if found:
        raise DataError(f"there are {len(found)} columns called {name!r}; rename all but one")
    present = ", ".join(repr(label) for label in frame.columns[:30]) or "none at all"
    hint = closest(name, frame.columns) or "."
    raise DataError(
        f"there is no column {name!r} for {what}{hint} The columns are {present}."
        + (f" {remedy}" if remedy else "")
    )


def where(series: pd.Series[Any], position: int) -> str:
    """How messages name a cell; rows are counted from 0.

    >>> where(pd.Series(["ada", "bob"], index=["x", "y"], name="user"), 1)
    "column 'user', row 1 (index label 'y')"
    """
    label = series.index[position]
    place = f"column {series.name!r}, row {position}"
    same = isinstance(label, (int, np.integer)) and int(label) == position
    return place if same else f"{place} (index label {label!r:.80})"


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
                f"{where(series, int(missing.argmax()))}: the {what} is missing; drop or fill the row"
            )
        raise DataError(
            f"column {series.name!r}: the {what}s are {series.dtype}, such as {series.iloc[0]}; "
            "ids are strings or integers: convert the column with .astype('int64') or .astype('str')"
        )
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    codes, vocabulary = _factorize(series)
    if codes.size and codes.min() < 0:
        raise DataError(f"{where(series, int(codes.argmin()))}: the {what} is missing; drop or fill the row")
    clean: list[Id] = []
    for code, value in enumerate(vocabulary):
        try:
            clean.append(as_id(value, what))
        except DataError as error:
            raise DataError(f"{where(series, int((codes == code).argmax()))}: {error}") from None
    return codes, clean


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
                    plain = int(value) if isinstance(value, np.integer) else value
                    codes[position] = known.setdefault((type(plain), plain), len(known))
                except TypeError:  # a list or another thing that cannot be hashed
                    raise DataError(
                        f"{where(series, position)}: {value!r:.80} is a {type(value).__name__}; "
                        "an id is a string or an integer"
                    ) from None
            return codes, [value for _, value in known]
    codes, uniques = pd.factorize(series)
    return codes.astype(np.int64, copy=False), list(
        uniques.tolist() if hasattr(uniques, "tolist") else uniques
    )


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def seconds(series: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Times as seconds since 1970-01-01 UTC: from numbers, datetimes, or strings (ISO 8601 or numbers).

    A time without a zone is taken as UTC.

    Raises:
        DataError: a time that is missing, cannot be read, or lies outside the years 1 to 9999.

    >>> seconds(pd.Series(["1970-01-02", "1970-01-01T00:01:00+01:00"], name="time"))
    array([86400., -3540.])
    """
    remedy = "use epoch seconds, datetimes or ISO 8601 strings such as '2024-05-01 12:30:00'"
    if pd.api.types.is_bool_dtype(series.dtype):
        raise DataError(f"column {series.name!r} holds truth values, not times; {remedy}")
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        result = _since_epoch(series)
    elif pd.api.types.is_numeric_dtype(series.dtype):
        result = series.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        result = _parsed(series)
    bad = ~np.isfinite(result)
    if bad.any():
        position = int(bad.argmax())
        given = series.iloc[position]
        problem = "the time is missing" if _is_missing(given) else f"{given!r:.80} cannot be read as a time"
        raise DataError(f"{where(series, position)}: {problem}; {remedy}")
    outside = (result < _FIRST_SECOND) | (result >= _LAST_SECOND)
    if outside.any():
        position = int(outside.argmax())
        raise DataError(
            f"{where(series, position)}: the time {series.iloc[position]} is outside the years 1 to 9999; "
            "numbers are seconds since 1970-01-01 UTC: divide milliseconds by 1000, microseconds by 1000000"
        )
    return result


def _since_epoch(series: pd.Series[Any]) -> npt.NDArray[np.float64]:
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = series.to_numpy(dtype="datetime64[us]")
    result = moments.astype(np.int64) / 1e6
    result[np.isnat(moments)] = np.nan
    return result


def _parsed(series: pd.Series[Any]) -> npt.NDArray[np.float64]:
    numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isfinite(numbers).all():
        return numbers
    moments = pd.Series(series.to_numpy(dtype=object))
    dates = moments.map(lambda moment: isinstance(moment, datetime.date)).to_numpy(dtype=bool)
    moments[dates] = moments[dates].map(lambda moment: pd.Timestamp(moment).isoformat())
    return _since_epoch(pd.to_datetime(moments, errors="coerce", utc=True, format="ISO8601"))


def numbers(series: pd.Series[Any]) -> npt.NDArray[np.float32]:
    """A column of numbers as float32, NaN where there is none.

    Raises:
        DataError: a cell that is no number, or is infinite.

    >>> numbers(pd.Series(["5", None, "2.5"]))
    array([5. , nan, 2.5], dtype=float32)
    """
    wide = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unread = np.isnan(wide) & ~series.isna().to_numpy()
    bad = unread | (np.abs(wide) > np.finfo(np.float32).max)
    if bad.any():
        position = int(bad.argmax())
        raise DataError(
            f"{where(series, position)}: the value {series.iloc[position]!r:.80} is not a finite number; "
            "leave the cell empty if there is none"
        )
    return wide.astype(np.float32)


def texts(series: pd.Series[Any]) -> list[str]:
    """A column as strings: the empty one where a cell is missing, whole numbers without a point."""
    return [text(cell) for cell in series.tolist()]


def text(cell: object) -> str:
    """One cell as a string; a lone surrogate, which no file can store, becomes a question mark.

    >>> text("a"), text(None), text(1995.0), text(float("nan"))
    ('a', '', '1995', '')
    """
    if type(cell) is str:
        return cell if cell.isascii() else cell.encode(errors="replace").decode()
    if _is_missing(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
