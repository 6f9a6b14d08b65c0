"""Reading JSON lines: an object in each line, a column for each key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from lifelong_widgets.data import limits
from lifelong_widgets.data.display import brief, shorten
from lifelong_widgets.data.frames import lines_of
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.errors import FormatError

_EXAMPLE = 'each line is a JSON object, such as {"user": "ada", "item": 7}'


def read_json_lines(path: PathLike) -> pd.DataFrame:
    """A ``.jsonl`` file in UTF-8: one JSON object a line. Empty lines are skipped.

    Values keep their JSON types: ``7`` and ``"7"`` are two ids. What a line lacks is missing. The index says
    in which line each row stands, and errors name it.

    Raises:
        FormatError: the file is absent, too large, not UTF-8, or a line is not a JSON object, too long or
            nested too deeply.
    """
    file = limits.checked_file(path)
    columns: dict[str, list[Any]] = {}
    lines: list[int] = []
    for number, line in _lines(file):
        row = _object(line, f"line {number} of {shown(file)}")
        for key, value in row.items():
            if key not in columns:
                columns[_storable(key, number, file)] = []
            cells = columns[key]
            if len(cells) < len(lines):
                limits.check_shape(file, len(lines), len(columns))
                cells.extend([None] * (len(lines) - len(cells)))
            cells.append(value)
        lines.append(number)
    limits.check_shape(file, len(lines), len(columns))
    if not lines:
        raise FormatError(f"{shown(file)} is empty; {_EXAMPLE}")
    index = lines_of(file, lines)
    for cells in columns.values():
        cells.extend([None] * (len(lines) - len(cells)))
    series = {key: pd.Series(cells, index=index, dtype=object) for key, cells in columns.items()}
    return pd.DataFrame(series, index=index)


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers from 1."""
    number = 0
    try:
        with open(file, "rb") as opened:
            while line := opened.readline(limits.MAX_LINE + 1):
                number += 1
                if len(line) > limits.MAX_LINE:
                    raise FormatError(
                        f"line {number} of {shown(file)} is longer than the {limits.MAX_LINE:,} bytes allowed"
                    )
                line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if line.strip():
                    yield number, line
    except OSError as error:
        raise FormatError(f"{shown(file)} cannot be read: {error}") from None


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise FormatError(f"{place} is not UTF-8 (byte {error.start}); save it with UTF-8 encoding") from None
    except RecursionError:
        row = None
    except ValueError as error:  # no JSON, an integer of thousands of digits, or one of those below
        raise FormatError(f"{place} is not JSON: {shorten(str(error), 200)}; {_EXAMPLE}") from None
    brackets = line.count(b"[") + line.count(b"{")
    if brackets > limits.MAX_DEPTH and (row is None or _depth(row) > limits.MAX_DEPTH):
        raise FormatError(f"{place} is nested more than {limits.MAX_DEPTH} levels deep")
    if not isinstance(row, dict):
        raise FormatError(f"{place} is {brief(row)}; {_EXAMPLE}")
    return row


def _storable(key: str, number: int, file: Path) -> str:
    if key.encode(errors="replace").decode() != key:
        raise FormatError(f"line {number} of {shown(file)} has the key {brief(key)}: half a character")
    return key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {brief(twice)} is there twice")
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number in JSON; write null where there is none")


def _depth(row: Any) -> int:
    """How many levels of lists and objects lie in each other; without recursion, since they can be many."""
    depth, level = 0, [row]
    while level := [part for part in level if isinstance(part, (dict, list))]:
        depth += 1
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    return depth
