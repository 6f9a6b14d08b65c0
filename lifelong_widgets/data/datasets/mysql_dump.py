"""Reading tables out of the text that mysqldump writes. Nothing in it is executed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from lifelong_widgets.data import limits
from lifelong_widgets.data.limits import shown
from lifelong_widgets.errors import FormatError

_LONGEST = 2**26  # characters of a line, which holds thousands of rows
_CREATE = re.compile(r"CREATE TABLE `(\w+)`")
_COLUMN = re.compile(r"\s+`(\w+)` (\w+)")
_INSERT = re.compile(r"INSERT INTO `(\w+)`(?: \(([^)]*)\))? VALUES ")
# a value: a quoted string with its escapes, or a number, NULL or the like
_VALUE = re.compile(r"(?:_binary )?'((?:[^'\\]++|\\.|'')*+)'|([^,()']++)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "", "Z": ""}


def read_dump(file: Path, tables: Iterable[str]) -> dict[str, pd.DataFrame]:
    """The rows of these tables, every cell a string, or missing where it is NULL.

    The columns' types are in the frame's `attrs`, by name, as ``CREATE TABLE`` calls them.

    Raises:
        FormatError: the file is absent, too large, or no dump that holds these tables.
    """
    wanted = dict.fromkeys(tables)
    columns: dict[str, dict[str, str]] = {}
    rows: dict[str, list[list[str | None]]] = {name: [] for name in wanted}
    current = None
    for number, line in _lines(limits.checked_file(file)):
        if match := _CREATE.match(line):
            current = match[1] if match[1] in wanted else None
            if current:
                columns[current] = {}
        elif current and (match := _COLUMN.match(line)):
            columns[current][match[1]] = match[2].lower()
        elif line.startswith(")"):
            current = None
        elif (match := _INSERT.match(line)) and match[1] in wanted:
            place = f"line {number} of {shown(file)}"
            if match[1] not in columns:
                raise FormatError(f"{place}: rows of the table {match[1]!r} before its CREATE TABLE")
            width = len(columns[match[1]])
            rows[match[1]].extend(_rows(line, match.end(), width, place))
            limits.check_shape(file, len(rows[match[1]]), width)
    if absent := [name for name in wanted if name not in columns]:
        raise FormatError(f"{shown(file)} is no MySQL dump that holds {', '.join(absent)}")
    made = {}
    for name in wanted:
        made[name] = pd.DataFrame(rows[name], columns=list(columns[name]), dtype="str")
        made[name].attrs.update(columns[name])
    return made


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with open(file, encoding="utf-8", errors="replace", newline="\n") as opened:
        number = 0
        while line := opened.readline(_LONGEST + 1):
            number += 1
            if len(line) > _LONGEST:
                raise FormatError(f"line {number} of {shown(file)} has more than {_LONGEST:,} characters")
            yield number, line


def _rows(line: str, at: int, width: int, place: str) -> Iterator[list[str | None]]:
    while line[at : at + 1] == "(":
        row: list[str | None] = []
        while line[at : at + 1] in ("(", ","):
            match = _VALUE.match(line, at + 1)
            if match is None:
                raise FormatError(f"{place}: a value cannot be read at character {at + 1}")
            quoted, plain = match.groups()
            row.append((None if plain == "NULL" else plain) if quoted is None else _unescaped(quoted))
            at = match.end()
        if line[at : at + 1] != ")" or len(row) != width:
            raise FormatError(f"{place}: a row of {len(row)} values, where the table has {width} columns")
        yield row
        at += 2  # the bracket, and a comma or a semicolon


def _unescaped(text: str) -> str:
    if "\\" not in text and "''" not in text:
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]) if match[1] else "'", text)
