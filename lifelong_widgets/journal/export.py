"""The events of a journal as a table that other programs, and `Interactions`, read."""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, cast

from lifelong_widgets.data import Feedback
from lifelong_widgets.data.parquet_files import need_pyarrow
from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.files import replacing
from lifelong_widgets.journal.entries import Entry, to_json
from lifelong_widgets.journal.log import Profile
from lifelong_widgets.progress import ProgressCallback, track

HEADER = ("event", "user", "item", "kind", "time", "value", "shown", "id", "call")
_CHUNK = 10_000  # events


def export(
    path: Path, events: Iterable[Entry], profile: Profile, progress: bool | ProgressCallback = True
) -> None:
    """Write `events` to `path`, a chunk at a time; the format is its suffix.

    Raises:
        FormatError: another suffix, or no such folder.
        DataError: a text that the format cannot hold.
        MissingExtraError: Parquet, without pyarrow.
        LifelongWidgetsError: the system refuses to write.
    """
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        raise FormatError(
            f"{str(path)!r} is neither .parquet, .csv nor .jsonl; a log is exported as one of these"
        )
    left = iter(events)
    with replacing(path) as aside, track(profile.n_events, "exporting", progress) as report:
        table = form(aside, profile)
        try:
            while chunk := list(islice(left, _CHUNK)):
                table.write(chunk)
                report.update(len(chunk))
        finally:
            table.close()


class _Table(ABC):
    @abstractmethod
    def __init__(self, path: Path, profile: Profile) -> None: ...

    @abstractmethod
    def write(self, events: list[Entry]) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


class _Parquet(_Table):
    def __init__(self, path: Path, profile: Profile) -> None:
        need_pyarrow("writing")
        import pyarrow
        import pyarrow.parquet  # not before it is needed: it is large

        text, whole, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
        # a column has one type: where some ids are strings, all are written as such
        user, item = (text if any_text else whole for any_text in (profile.text_users, profile.text_items))
        types = (whole, user, item, text, real, real, text, text, whole)
        self._schema = pyarrow.schema(list(zip(HEADER, types, strict=True)))
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)

    def write(self, events: list[Entry]) -> None:
        import pyarrow

        columns = [list(column) for column in zip(*map(_flat, events), strict=True)]
        for at, name in ((1, "user"), (2, "item")):
            if self._schema.field(name).type == pyarrow.string():
                columns[at] = list(map(str, columns[at]))
        self._writer.write_table(pyarrow.table(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


class _Csv(_Table):
    def __init__(self, path: Path, profile: Profile) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, quoting=csv.QUOTE_NONNUMERIC)
        self._writer.writerow(HEADER)

    def write(self, events: list[Entry]) -> None:
        for entry in events:
            row = _flat(entry)
            if any(isinstance(cell, str) and "\0" in cell for cell in row):
                raise DataError(
                    f"entry {entry.id} holds a NUL character, which a CSV file cannot; "
                    "export the log as .jsonl or .parquet"
                )
            self._writer.writerow(row)

    def close(self) -> None:
        self._file.close()


class _Jsonl(_Table):
    def __init__(self, path: Path, profile: Profile) -> None:
        self._file = path.open("w", encoding="ascii", newline="")

    def write(self, events: list[Entry]) -> None:
        for entry in events:
            row = dict(zip(HEADER, _flat(entry), strict=True))
            row["shown"] = cast(Feedback, entry.feedback).shown
            # all of it ASCII: some readers take U+2028 for the end of a line
            self._file.write(json.dumps(row, allow_nan=False) + "\n")

    def close(self) -> None:
        self._file.close()


_FORMATS: dict[str, type[_Table]] = {".parquet": _Parquet, ".csv": _Csv, ".jsonl": _Jsonl}


def _flat(entry: Entry) -> tuple[Any, ...]:
    event = cast(Feedback, entry.feedback)
    return (
        entry.id,
        event.user,
        event.item,
        event.kind,
        entry.recorded if event.time is None else event.time,
        event.value,
        None if event.shown is None else to_json(event.shown),
        event.id,
        entry.call,
    )
