"""A real log: from a local folder, or from its canonical site, as catalogue and interactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from lifelong_widgets.data import frames
from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fetching import cache_folder, fetch, unpack
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.feedback import FeedbackKinds
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.data.tables import read_parquet
from lifelong_widgets.errors import DataError

Tables = tuple[pd.DataFrame, pd.DataFrame]
"""Events and items, in the columns of a *prepared* folder: ``events.parquet`` and ``items.parquet``."""

_PREPARED = ("events.parquet", "items.parquet")
MILLISECONDS = 1e11
"""A time that is written as a larger number than this is in milliseconds, not in seconds."""

_PRESENT = 20  # files that a message names


@dataclass(frozen=True)
class Source:
    """Where a log comes from, and how its tables become ours.

    Attributes:
        name: of the data set.
        what: one line about it.
        licence: what may be done with it.
        cite: whom to cite.
        page: where a person reads about it and finds its files.
        kinds: what its kinds of feedback are worth.
        texts: the text columns of its items.
        canonical: reads the canonical files in a folder.
        tidy: makes of them tables: user, item, time, kind, value; and item, title, categories, texts, and
            released where that is known.
        urls: where a program may fetch it, by the name under which the file is kept; none: only a person may.
        sha256: the digests of these files that are known.
        member: whether a member of a fetched zip archive is needed.
        pinned: whether the addresses name a commit of a repository.
    """

    name: str
    what: str
    licence: str
    cite: str
    page: str
    kinds: FeedbackKinds
    texts: tuple[str, ...]
    canonical: Callable[[Path], Tables]
    tidy: Callable[[pd.DataFrame, pd.DataFrame], Tables]
    urls: Mapping[str, str] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)
    member: Callable[[PurePosixPath], bool] = bool
    pinned: bool = False

    def load(self, folder: PathLike | None, sha256: str | None = None) -> Dataset:
        """The data set, out of `folder` (canonical files or prepared ones) or, without one, fetched.

        Raises:
            DataError: the folder is none or lacks a file or a column, or the site cannot be reached.
            FormatError: a file cannot be read.
        """
        if folder is not None:
            place = checked_folder(folder)
            prepared = all((place / name).is_file() for name in _PREPARED)
            tables = self._prepared(place) if prepared else self.canonical(place)
            origin, checked = f"the folder {place}", "not asked for (a local folder)"
        else:
            place, checked = self._fetched(sha256)
            tables, origin = self.canonical(place), ", ".join(self.urls.values())
        events, items = self.tidy(*tables)
        return self._dataset(events, with_unknown(items, events), origin, checked)

    def _prepared(self, place: Path) -> Tables:
        events, items = (read_parquet(place / name) for name in _PREPARED)
        need(events, ("user", "item", "timestamp", "event"), place / _PREPARED[0])
        need(items, ("item",), place / _PREPARED[1])
        return events, items

    def _fetched(self, sha256: str | None) -> tuple[Path, str]:
        if not self.urls:
            raise DataError(
                f"{self.name!r} may not be fetched by a program: get it at {self.page} (its licence asks you "
                f"to agree to it), then datasets.load({self.name!r}, folder=…)"
            )
        place = cache_folder() / self.name
        known = dict(self.sha256)
        if sha256 is not None:
            known = dict.fromkeys(self.urls, sha256)
        for name, url in self.urls.items():
            digest = f"sha256:{known[name]}" if name in known else None
            file = fetch(url, place / name, digest)
            if file.suffix == ".zip":
                unpack(file, place, self.member)
        if all(name in known for name in self.urls):
            return place, "verified (SHA-256)"
        pinned = "; the address names a commit, whose files do not change" if self.pinned else ""
        remedy = "; pass sha256=… where you know one" if len(self.urls) == 1 else ""
        return place, f"not verified, since none is known to us{pinned}{remedy}"

    def _dataset(self, events: pd.DataFrame, items: pd.DataFrame, origin: str, checked: str) -> Dataset:
        catalog = Catalog.from_pandas(items, text=self.texts)
        log = Interactions.from_pandas(events, kinds=self.kinds, catalog=catalog)
        about = (
            f"{self.what}\nSource: {origin} (canonical: {self.page}).\nChecksum: {checked}.\n"
            f"Licence: {self.licence}\nCite: {self.cite}\n{counts(log, catalog)}"
        )
        return Dataset(self.name, catalog, log, about)


def checked_folder(folder: PathLike) -> Path:
    """`folder` as a path.

    Raises:
        DataError: there is no such folder.
    """
    try:
        place = Path(folder)
        found = place.is_dir()
    except (TypeError, ValueError, OSError):
        found = False
    if not found:
        raise DataError(f"there is no folder {shown(folder)} (looked in {str(Path.cwd())!r})")
    return place


def counts(log: Interactions, catalog: Catalog) -> str:
    """How much there is, as the last line of `Dataset.about`."""
    return (
        f"Counts: {len(log):,} events by {len(log.users):,} people on {len(log.items):,} of {len(catalog):,} "
        "items."
    )


def find(place: Path, *names: str) -> list[Path]:
    """The files of one of these names (patterns, the first that fits) in `place` or up to two folders below.

    Raises:
        DataError: there is none; the message says what there is.
    """
    for name in names:
        for depth in ("", "*/", "*/*/"):
            if found := sorted(path for path in place.glob(depth + name) if path.is_file()):
                return found
    present = sorted(path.name for path in place.iterdir())[:_PRESENT]
    raise DataError(
        f"there is no {' or '.join(names)} in {shown(place)}, and no {' and '.join(_PREPARED)}; "
        f"there is {', '.join(map(brief, present)) or 'nothing'}"
    )


def need(frame: pd.DataFrame, names: Iterable[str], file: Path) -> None:
    """Refuse a table that lacks a column.

    Raises:
        DataError: which one is missing, in which file, and what is there.

    >>> need(pd.DataFrame({"who": [1]}), ["user"], Path("log.csv"))
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: 'log.csv' has no column 'user'; the columns are 'who'
    """
    missing = [name for name in names if not frames.has_column(frame, name)]
    if missing:
        present = ", ".join(map(brief, frame.columns[:30])) or "none at all"
        plural = "s" if len(missing) > 1 else ""
        raise DataError(
            f"{shown(file)} has no column{plural} {', '.join(map(brief, missing))}; the columns are {present}"
        )


def with_unknown(items: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """`items`, and a row with nothing but the id for each item that only the events know."""
    unknown = pd.unique(events["item"][~events["item"].isin(items["item"])])
    return pd.concat([items, pd.DataFrame({"item": unknown})], ignore_index=True) if len(unknown) else items


def column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """A column, or one of empty strings if there is none."""
    return frame[name] if name in frame else pd.Series("", index=frame.index, dtype="str")


def moments(series: pd.Series[Any]) -> pd.Series[Any]:
    """Times out of cells that are written in any way, in milliseconds too; empty where there is none.

    >>> moments(pd.Series(["2004-01-01", "0000-00-00", "1403054180000", "1999"])).dt.year.tolist()
    [2004.0, nan, 2014.0, 1999.0]
    """
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return series
    read = pd.to_datetime(
        pd.Series(frames.texts(series), series.index), errors="coerce", utc=True, format="ISO8601"
    )
    numbers = pd.to_numeric(series, errors="coerce").astype("float64")
    numbers = numbers.where(numbers.abs() < MILLISECONDS, numbers / 1000.0)
    return read.fillna(pd.to_datetime(numbers, errors="coerce", unit="s", utc=True))


def lists(series: pd.Series[Any], separator: str = ",") -> list[list[str]]:
    """Cells such as ``"['Excel', 'Word']"`` or ``"Fantasy/Horror"`` as lists."""
    cells = frames.texts(series)
    return [
        [part.strip(" '\"") for part in cell.strip("[]").split(separator) if part.strip(" '\"")]
        for cell in cells
    ]


def joined(frame: pd.DataFrame, columns: Sequence[str], separator: str = "\n") -> list[str]:
    """The texts of several columns of each row, one after the other."""
    parts = [frames.texts(column(frame, name)) for name in columns]
    return [separator.join(part for part in row if part) for row in zip(*parts, strict=True)]
