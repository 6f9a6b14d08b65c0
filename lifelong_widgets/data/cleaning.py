"""Cleaning of a log: rules that say what they took out, and give it back.

Each rule answers with the cleaned log and a `CleaningReport`; reports of rules that were applied one after
another are added up. Nothing is taken out silently, and ``report.restore(cleaned)`` is the log as it was.

>>> log = Interactions.from_pandas(pd.DataFrame({
...     "user": "ada", "item": [7, 7, 8, 9], "time": [10, 10, 40, 90], "value": [30.0, 30.0, 2.0, 60.0]}))
>>> once, twins = drop_duplicates(log)
>>> read, glances = drop_short(once, minimum=5)
>>> report = twins + glances
>>> len(read), len(report.removed), report.rows.tolist(), report.people
(2, 2, [1, 2], {'ada': 2})
>>> report
CleaningReport(2 of 4 events removed: 1 as duplicates, 1 as shorter than 5)
>>> list(report.restore(read)) == list(log)
True
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.cleaning_report import CleaningReport, taken
from lifelong_widgets.data.display import brief, listing, near
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.errors import DataError

_ROWS_AT_ONCE = 100_000  # windows that are looked at together: some megabytes


def drop_missing(
    frame: pd.DataFrame, columns: Sequence[str] = ("user", "item", "time")
) -> tuple[pd.DataFrame, CleaningReport]:
    """Leave out the rows of `frame` that have nothing in one of `columns`, before a log is made of them.

    `Interactions.from_pandas` refuses such rows, by name; this is for those who know that they are there. An
    empty string counts as missing. A missing *value* is no harm to a log: do not list that column.

    Raises:
        DataError: no frame, or a column that is not there.

    >>> rows = pd.DataFrame({"user": ["ada", None], "item": [7, 8], "time": [10, 20]})
    >>> whole, report = drop_missing(rows)
    >>> len(whole), report
    (1, CleaningReport(1 of 2 rows removed: 1 as without user, item or time))
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"missing values are looked for in a pandas DataFrame, not a {type(frame).__name__}")
    names = [columns] if isinstance(columns, str) else list(columns)
    gone = np.zeros(len(frame), dtype=bool)
    for name in names:
        remedy = "Name those of yours, such as drop_missing(frame, columns=['customer', 'sku', 'at'])."
        cells = frames.column(frame, name, "what must not be missing", remedy)
        gone |= cells.isna().to_numpy(dtype=bool)
        if not (pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells)):
            gone |= cells.map(lambda cell: isinstance(cell, str) and not cell.strip()).to_numpy(dtype=bool)
    what = ", ".join(names[:-1]) + " or " + names[-1] if len(names) > 1 else "".join(names)
    return _without(frame, gone, f"without {what}")


def drop_duplicates(log: Interactions, within: float = 0.0) -> tuple[Interactions, CleaningReport]:
    """Leave out events that repeat another: the same user, item, kind and value at the same time.

    Args:
        log: Any log.
        within: Seconds. With more than 0, also those at most so long after the last such event, whether that
            one stays or not: of a button that is hit five times in a row, the first hit stays.

    Raises:
        DataError: no log, or `within` is negative or no number.
    """
    _check_log(log)
    limit = _number(within, "within", "seconds", at_least=0.0)
    values, _ = pd.factorize(log.values)  # NaN has a code of its own, which is -1
    keys = (log.user_codes, log.item_codes, log.kind_codes, values)
    order = np.lexsort((np.arange(len(log)), *keys))
    same = np.ones(max(len(log) - 1, 0), dtype=bool)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    same &= np.diff(log.times[order]) <= limit
    gone = np.zeros(len(log), dtype=bool)
    gone[order[1:][same]] = True
    return _without(log, gone, "duplicates" if limit == 0.0 else f"duplicates within {limit:g} s")


def drop_bursts(
    log: Interactions, max_events: int = 60, seconds: float = 60.0, baskets: bool = True
) -> tuple[Interactions, CleaningReport]:
    """Leave out bursts: the events of every window in which one person has more than a person can.

    Args:
        log: Any log.
        max_events: How many events of one person a window may hold.
        seconds: The length of the sliding window, both ends included.
        baskets: Count the events of a person that have the same time as one: they are the lines of one
            invoice, or a page that was marked at once. Without it each counts. Beware of times in whole
            seconds: all that a script did within one second is a basket then, and no window of a minute
            holds more than 61 times. Such logs are looked at with ``baskets=False``.

    Raises:
        DataError: no log, or a number that is out of range.

    The default, one act a second for a whole minute, flags 6 of 15,637 people in five real logs: those who
    vote faster than one can read.
    """
    _check_log(log)
    most = int(_number(max_events, "max_events", "a whole number of events", at_least=1.0))
    length = _number(seconds, "seconds", "seconds", at_least=0.0)
    gone = np.zeros(len(log), dtype=bool)
    for rows, times in _by_person(log):
        acts, act_of = np.unique(times, return_inverse=True) if baskets else (times, np.arange(len(times)))
        if len(acts) <= most:
            continue
        fits = np.searchsorted(acts, acts + length, side="right")  # the end of the window that starts here
        too_many = np.flatnonzero(fits - np.arange(len(acts)) > most)
        edges = np.zeros(len(acts) + 1, dtype=np.int64)
        np.add.at(edges, too_many, 1)
        np.add.at(edges, fits[too_many], -1)
        gone[rows[np.cumsum(edges)[act_of] > 0]] = True
    return _without(log, gone, f"more than {most} in {length:g} s")


def drop_regular(
    log: Interactions, gaps: int = 20, tolerance: float = 0.05
) -> tuple[Interactions, CleaningReport]:
    """Leave out runs with the regularity of a machine: gaps between events that hardly differ.

    Args:
        log: Any log. Events of a person that have the same time count as one.
        gaps: How many gaps in a row.
        tolerance: The largest coefficient of variation (standard deviation by mean) of such gaps. The most
            even run of 20 gaps of one person in a hundred is about .2 to .3.

    Raises:
        DataError: no log, or a number that is out of range.
    """
    _check_log(log)
    span = int(_number(gaps, "gaps", "a whole number of gaps", at_least=2.0))
    limit = _number(tolerance, "tolerance", "a share", at_least=0.0)
    gone = np.zeros(len(log), dtype=bool)
    for rows, times in _by_person(log):
        acts, act_of = np.unique(times, return_inverse=True)
        if len(acts) <= span:
            continue
        edges = np.zeros(len(acts) + 1, dtype=np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(np.diff(acts), span)
        for start in range(0, len(windows), _ROWS_AT_ONCE):
            some = windows[start : start + _ROWS_AT_ONCE]
            found = start + np.flatnonzero(some.std(axis=1) <= limit * some.mean(axis=1))
            np.add.at(edges, found, 1)
            np.add.at(edges, found + span + 1, -1)
        gone[rows[np.cumsum(edges)[act_of] > 0]] = True
    return _without(log, gone, f"{span} gaps alike to {limit:.0%}")


def drop_short(
    log: Interactions, minimum: float, kinds: Iterable[str] | None = None
) -> tuple[Interactions, CleaningReport]:
    """Leave out events whose value (dwell or watch time) is less than `minimum`; those without one stay.

    Args:
        log: A log whose values are durations, for the kinds in question.
        minimum: In the unit of the values.
        kinds: Only events of these kinds; None means all.

    Raises:
        DataError: no log, no number, or a kind that the log does not know.
    """
    _check_log(log)
    limit = _number(minimum, "minimum", "a duration in the unit of the log's values", at_least=-math.inf)
    gone = log.values < limit  # which is false for NaN
    rule = f"shorter than {limit:g}"
    if kinds is not None:
        names = [kinds] if isinstance(kinds, str) else list(kinds)
        for name in names:
            if name not in log.kinds:
                hint = near(name, log.kinds) or "."
                raise DataError(f"the log has no kind {brief(name)}{hint} Its kinds are {listing(log.kinds)}")
        asked = np.array([name in names for name in log.kind_names], dtype=bool)
        gone &= asked[log.kind_codes]
        rule += f" ({listing(names, most=3)})"
    return _without(log, gone, rule)


def _by_person(log: Interactions) -> Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    """The rows of each person, in the order of time, and their times."""
    order = np.argsort(log.user_codes, kind="stable")
    ends = np.cumsum(np.bincount(log.user_codes, minlength=len(log.users)))
    for rows in np.split(order, ends[:-1]):
        yield rows, log.times[rows]


def _without(table: Any, gone: npt.NDArray[np.bool_], rule: str) -> tuple[Any, CleaningReport]:
    rows = np.flatnonzero(gone)
    return taken(table, np.flatnonzero(~gone)), CleaningReport.of(table, rows, rule)


def _check_log(log: object) -> None:
    if not isinstance(log, Interactions):
        raise DataError(
            f"a rule cleans an Interactions, not a {type(log).__name__}; make one with "
            "Interactions.from_pandas(…)"
        )


def _number(given: Any, name: str, what: str, at_least: float) -> float:
    number = isinstance(given, (int, float, np.number)) and not isinstance(given, (bool, np.timedelta64))
    if not number or not math.isfinite(given) or given < at_least or (at_least >= 1 and given != int(given)):
        least = "" if at_least == -math.inf else f", at least {at_least:g}"
        raise DataError(f"{name} is {what}{least}; it was given as {brief(given)}")
    return float(given)
