"""The items that can be recommended, and their content."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lifelong_widgets.data import frames, tables
from lifelong_widgets.data.display import brief, brief_fields, html_table, listing, near, others, shorten
from lifelong_widgets.data.frames import FIRST_SECOND, LAST_SECOND
from lifelong_widgets.data.ids import Id, IdIndex, as_id, twin
from lifelong_widgets.errors import DataError, DataWarning, UnknownItemError, warn

_RESERVED = ("item", "title", "categories", "released", "image", "audio")
_LONGEST_LIST = 10_000  # characters of a written-out list that are still parsed
_MOST_TEXTS = 1_000
_LONGEST_ITEM = 4_000_000  # characters; in bytes, as JSON, far below what a journal can hold in a cell
_TEXTS_SHOWN = 5
_LOOKED_AT = 1_000  # rows, and characters of each, by which it is told what a column holds
_WORDS = re.compile(r"[^\W\d_]{2}\W?\s[^\W\d_]{2}|[\u4e00-\u9fff]{4}")  # two, or Chinese, which has no spaces
_NEAR_AMONG = 5_000  # ids among which a typing error is looked for


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """One item of a catalogue.

    Attributes:
        id: the user's own.
        title: what people read; the id if nothing better is known.
        categories: such as genres, without repeats.
        texts: the text of each text column, possibly empty.
        image: where its picture lies, or None.
        audio: where its sound lies, or None.
        released: when people could first take it, in seconds since 1970-01-01 UTC, by the clock of the log. A
            recommender that is made or fitted with the item does not recommend it before. None if that is
            not known: then it has always been there.

    >>> Item("b1", "Fog", ("Crime",), {"blurb": "Grey."}).to_record()
    {'item': 'b1', 'title': 'Fog', 'categories': ['Crime'], 'blurb': 'Grey.'}
    """

    id: Id
    title: str
    categories: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    audio: str | None = None
    released: float | None = None

    __repr__ = brief_fields

    def to_record(self) -> dict[str, Any]:
        """The item as plain values, ready for JSON; text columns stand beside the title."""
        record: dict[str, Any] = {"item": self.id, "title": self.title, "categories": list(self.categories)}
        record.update(self.texts)
        if self.image is not None:
            record["image"] = self.image
        if self.audio is not None:
            record["audio"] = self.audio
        if self.released is not None:
            record["released"] = self.released
        return record


class Catalog:
    """Items by id, in the order in which they came. It only grows, but for what `take_back` takes back.

    `text` names the text columns that every item has (an item without one has the empty text there). One that
    is called ``released`` is a text then, and when items came is not known.

    >>> shop = Catalog.from_pandas(pd.DataFrame({
    ...     "item": ["b1", "b2"], "title": ["Fog", "Tide"], "categories": ["Crime|Sea", "Poetry"]}))
    >>> shop["b1"].categories, len(shop)
    (('Crime', 'Sea'), 2)
    >>> shop.add({"item": "b3", "title": "Sand"})
    1
    >>> shop
    Catalog(3 items, 3 categories: Crime, Sea, Poetry)
    """

    def __init__(self, text: str | Sequence[str] = ()) -> None:
        self._text_columns = _text_columns(text)
        self._items: list[Item] = []
        self._index = IdIndex(name="item")

    # ---- from tables -------------------------------------------------------------------------------

    @classmethod
    def from_pandas(
        cls,
        frame: pd.DataFrame,
        item: str = "item",
        title: str | None = "title",
        categories: str | None = "categories",
        text: str | Sequence[str] = (),
        image: str | None = None,
        audio: str | None = None,
        category_separator: str = "|",
        released: str | None = "released",
        **other: object,
    ) -> Catalog:
        """A catalogue from the columns of `frame` that the arguments name.

        `categories` holds lists, or strings that are split at `category_separator` (a string such as
        ``"['Crime', 'Sea']"``, as CSV files carry lists, is read as the list). `released` says when
        people could first take each item, as times in a log do; cells may be empty. The default columns
        ``title``, ``categories`` and ``released`` may be absent: then titles are ids, nothing has a category,
        and when items came is not known.

        Raises:
            DataError: a column that is missing, an id that is missing or repeated (both rows are named), a
                time that cannot be read, an item of more than four million characters, or an argument that
                names something that a catalogue has no place for.

        Warns:
            DataWarning: most categories hold ``;``, ``,`` or ``/`` and none the separator; or columns hold
                words and nobody has named them (``text=[]`` says that this is meant).

        >>> films = pd.DataFrame({"film": [7], "name": ["Fog"], "genres": ["Crime/Sea"], "plot": ["Grey."]})
        >>> Catalog.from_pandas(
        ...     films, item="film", title="name", categories="genres", text="plot", category_separator="/")[7]
        Item(id=7, title='Fog', categories=('Crime', 'Sea'), texts={'plot': 'Grey.'}, image=None, audio=None,\
 released=None)
        """
        if other:
            _refuse_others(other)
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"a catalogue is made from a pandas DataFrame, not a {type(frame).__name__}")
        if not len(frame):
            raise DataError(f"no items: {frames.source(frame)} has no rows")
        if not isinstance(category_separator, str) or not category_separator:
            raise DataError(f"category_separator is a string such as '|', not {brief(category_separator)}")
        texts = _text_columns(text)
        ids = frames.column(frame, item, "the item ids", "Name the right one with item=…")
        codes, vocabulary = frames.ids(ids, "item id")
        _refuse_repeats(ids, codes)
        frames.refuse_twins(vocabulary, codes, ids, "item")

        titles = _optional_texts(frame, title, "title", "the titles")
        images = _optional_texts(frame, image, None, "the images")
        sounds = _optional_texts(frame, audio, None, "the audio files")
        text_cells = {name: frames.texts(frames.column(frame, name, "a text")) for name in texts}
        grouped = _optional(frame, categories, "categories", "the categories")
        groups = [()] * len(frame) if grouped is None else _all_categories(grouped, category_separator)
        if "released" in texts:
            if released not in (None, "released"):
                raise DataError("'released' is a text column here, so items have no other time: rename it")
            released = None
        dated = _optional(frame, released, "released", "when items were released")
        moments = [None] * len(frame) if dated is None else _moments(dated)
        items = [
            Item(
                id=id,
                title=titles[row] or str(id),
                categories=groups[row],
                texts={name: written[row] for name, written in text_cells.items()},
                image=images[row] or None,
                audio=sounds[row] or None,
                released=moments[row],
            )
            for row, id in enumerate(vocabulary)
        ]
        for row, made in enumerate(items):
            if problem := _too_long(made):
                raise DataError(f"{frames.row(ids, row)}: {problem}")
        if isinstance(text, tuple) and not text:
            _warn_of_unread_texts(frame, (item, title, categories, image, audio, released))
        catalog = cls(texts)
        catalog._append(items)
        return catalog

    @classmethod
    def from_csv(
        cls,
        path: tables.PathLike,
        item: str = "item",
        title: str | None = "title",
        categories: str | None = "categories",
        text: str | Sequence[str] = (),
        image: str | None = None,
        audio: str | None = None,
        category_separator: str = "|",
        released: str | None = "released",
        sep: str | None = None,
        **other: object,
    ) -> Catalog:
        """From a CSV file (UTF-8, with a header), whose ids are strings; columns as in `from_pandas`.

        `sep` is the character between cells, such as ``";"``; without it a comma, or a tab in a ``.tsv``.

        Raises:
            FormatError: the file cannot be read.
            DataError: as `from_pandas`.
        """
        return cls.from_pandas(
            tables.read_csv(path, sep),
            item=item,
            title=title,
            categories=categories,
            text=text,
            image=image,
            audio=audio,
            category_separator=category_separator,
            released=released,
            **other,
        )

    @classmethod
    def from_parquet(
        cls,
        path: tables.PathLike,
        item: str = "item",
        title: str | None = "title",
        categories: str | None = "categories",
        text: str | Sequence[str] = (),
        image: str | None = None,
        audio: str | None = None,
        category_separator: str = "|",
        released: str | None = "released",
        **other: object,
    ) -> Catalog:
        """From a Parquet file; columns as in `from_pandas`.

        Raises:
            FormatError: the file cannot be read.
            DataError: as `from_pandas`.
            MissingExtraError: pyarrow is not installed.
        """
        return cls.from_pandas(
            tables.read_parquet(path),
            item=item,
            title=title,
            categories=categories,
            text=text,
            image=image,
            audio=audio,
            category_separator=category_separator,
            released=released,
            **other,
        )

    @classmethod
    def from_records(
        cls, records: Iterable[Mapping[str, Any]], text: str | Sequence[str] | None = None
    ) -> Catalog:
        """A catalogue from what `to_records` writes; other keys are text columns unless `text` names these.

        Raises:
            DataError: a record without an id, or an id twice.

        >>> Catalog.from_records([{"item": 1, "title": "Fog", "blurb": "grey"}])[1].texts
        {'blurb': 'grey'}
        """
        try:
            rows = list(records)
        except TypeError:
            raise DataError(f"a catalogue is made from a list of records, not {brief(records)}") from None
        if text is None:
            keys = dict.fromkeys(key for row in rows if isinstance(row, Mapping) for key in row)
            text = [key for key in keys if not isinstance(key, str) or key not in _RESERVED]
        catalog = cls(text)
        catalog.add(rows)
        return catalog

    # ---- growing -----------------------------------------------------------------------------------

    def add(
        self, items: Mapping[str, Any] | Item | Catalog | pd.DataFrame | Iterable[Mapping[str, Any] | Item]
    ) -> int:
        """Add one item or many at the end, all or none; return how many.

        A mapping, or a row of a frame, has the keys ``item`` (required), ``title``, ``categories`` (a list or
        a string with ``|`` between them), ``image``, ``audio``, ``released`` (a time, as in `from_pandas`)
        and the names of the text columns.

        Raises:
            DataError: an id that is missing or already there, a key that the catalogue does not know, or an
                item of more than four million characters; the catalogue is then as it was.

        >>> shop = Catalog()
        >>> shop.add([{"item": 1, "title": "Fog"}, {"item": 1, "title": "Tide"}])
        Traceback (most recent call last):
        ...
        lifelong_widgets.errors.DataError: rows 0 and 1 have the same item id 1
        >>> len(shop)
        0
        """
        if isinstance(items, Catalog):
            given: list[Any] = list(items)
        elif isinstance(items, pd.DataFrame):
            given = self._rows(items)
        elif isinstance(items, (Item, Mapping)):
            given = [items]
        else:
            try:
                given = list(items)
            except TypeError:
                raise DataError(f"an item is a mapping with the key 'item', not {brief(items)}") from None
        new = [self._item(item, f"row {row}" if len(given) > 1 else "") for row, item in enumerate(given)]
        self._append(new)
        return len(new)

    def take_back(self, n_items: int) -> None:
        """Be again as with the first `n_items`: for whoever has just added others that turn out unusable.

        >>> shop = Catalog.from_records([{"item": 1}, {"item": 2}])
        >>> shop.take_back(1)
        >>> shop.ids
        [1]
        """
        self._index.truncate(n_items)
        del self._items[n_items:]

    def _rows(self, frame: pd.DataFrame) -> list[Any]:
        for label in frame.columns:
            self._check_key(label, "")
            frames.column(frame, label, "the items")  # refuses one that is there twice
        return frame.to_dict("records")

    def _check_key(self, key: object, place: str) -> None:
        if not isinstance(key, str) or (key not in _RESERVED and key not in self._text_columns):
            known = (*_RESERVED, *self._text_columns)
            hint = near(key, known) or "."
            raise DataError(f"{place}unknown column {brief(key)}{hint} An item has {listing(known)}.")

    def _item(self, given: Any, where: str) -> Item:
        place = f"{where}: " if where else ""
        if isinstance(given, Item):
            given = given.to_record()
        if not isinstance(given, Mapping):
            raise DataError(f"{place}an item is a mapping with the key 'item', not {brief(given)}")
        for key in given:
            self._check_key(key, place)
        if "item" not in given:
            raise DataError(f"{place}the key 'item' with the item's id is missing")

        def text(name: str) -> str:
            try:
                return frames.text(given.get(name))
            except DataError as error:
                raise DataError(f"{place}{name}: {error}") from None

        try:
            id = as_id(given["item"], "item id")
            categories = _categories(given.get("categories"), "|")
            released = None if "released" in self._text_columns else _moment(given.get("released"))
        except DataError as error:
            raise DataError(f"{place}{error}") from None
        item = Item(
            id=id,
            title=text("title") or str(id),
            categories=categories,
            texts={name: text(name) for name in self._text_columns},
            image=text("image") or None,
            audio=text("audio") or None,
            released=released,
        )
        if problem := _too_long(item):
            raise DataError(f"{place}{problem}")
        return item

    def _append(self, items: list[Item]) -> None:
        seen: dict[Id, int] = {}
        for row, item in enumerate(items):
            if item.id in seen:
                raise DataError(f"rows {seen[item.id]} and {row} have the same item id {brief(item.id)}")
            if item.id in self._index:
                at = self._index.get(item.id)
                place = f"row {row}: " if len(items) > 1 else ""
                raise DataError(
                    f"{place}the item {brief(item.id)} is already in the catalogue (item number {at}), "
                    "and is not changed; add only those that are new: if item['item'] not in catalog"
                )
            seen[item.id] = row
        try:
            self._index.extend(item.id for item in items)
        except DataError as error:
            twins = ((row, other) for row, item in enumerate(items) if (other := twin(item.id)) is not None)
            clashing = (row for row, id in twins if id in self._index or seen.get(id, row) < row)
            raise DataError(f"row {next(clashing, 0)}: {error}" if len(items) > 1 else str(error)) from None
        self._items.extend(items)

    # ---- reading -----------------------------------------------------------------------------------

    @property
    def ids(self) -> Sequence[Id]:
        """Every id, by index. A live view: do not change it."""
        return self._index.ids

    @property
    def index(self) -> IdIndex:
        """The map between ids and indices. Only the catalogue adds to it."""
        return self._index

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The names of the text columns."""
        return self._text_columns

    @property
    def categories(self) -> list[str]:
        """Every category, in order of first appearance."""
        return list(dict.fromkeys(category for item in self._items for category in item.categories))

    def index_of(self, id: Id) -> int:
        """The index of the item `id`.

        Raises:
            UnknownItemError: there is no such item.
            DataError: it is no id, or an item of the other type that is written alike is known.

        >>> shop = Catalog.from_records([{"item": "b1"}, {"item": "b2"}])
        >>> shop.index_of("b2")
        1
        >>> shop.index_of("zoo")
        Traceback (most recent call last):
        ...
        lifelong_widgets.errors.UnknownItemError: there is no item 'zoo' in the catalogue of 2 items; \
add it first with catalog.add({'item': 'zoo', 'title': …})
        """
        code = self._index.get(id)
        if code is None:
            hint = near(id, self._index) if len(self._index) <= _NEAR_AMONG else ""
            raise UnknownItemError(
                f"there is no item {brief(id)} in the catalogue of {len(self):,} items"
                f"{f'{hint} If it is new,' if hint else ';'} "
                f"add it first with catalog.add({{'item': {brief(id)}, 'title': …}})"
            )
        return code

    def slice(self, start: int, stop: int | None = None) -> list[Item]:
        """The items with index `start` up to, not including, `stop`: what a consumer has not seen yet."""
        return self._items[start:stop]

    def subset(self, ids: Iterable[Id]) -> Catalog:
        """A new catalogue with only these items, in this order.

        Raises:
            UnknownItemError: an id that is not here.

        >>> list(Catalog.from_records([{"item": 1}, {"item": 2}, {"item": 3}]).subset([3, 1]).ids)
        [3, 1]
        """
        smaller = Catalog(self._text_columns)
        smaller._append([self[id] for id in ids])
        return smaller

    def __getitem__(self, id: Id) -> Item:
        return self._items[self.index_of(id)]

    def __contains__(self, id: object) -> bool:
        return id in self._index

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    # ---- showing and writing -----------------------------------------------------------------------

    def to_records(self) -> list[dict[str, Any]]:
        """Every item as plain values, ready for JSON."""
        return [item.to_record() for item in self._items]

    def to_pandas(self) -> pd.DataFrame:
        """A frame of all that is known, a column for each field and each text; categories are lists."""
        columns: dict[str, list[Any]] = {
            "item": [item.id for item in self._items],
            "title": [item.title for item in self._items],
            "categories": [list(item.categories) for item in self._items],
        }
        columns.update({name: [item.texts[name] for item in self._items] for name in self._text_columns})
        columns["image"] = [item.image for item in self._items]
        columns["audio"] = [item.audio for item in self._items]
        columns.setdefault("released", [item.released for item in self._items])
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        names = self.categories
        shown = ", ".join(shorten(name, 30) for name in names[:8]) + (", …" if len(names) > 8 else "")
        counted = f"{len(names):,} categor{'y' if len(names) == 1 else 'ies'}"
        return f"Catalog({len(self):,} items, {counted}{': ' + shown if names else ''})"

    def _repr_html_(self) -> str:
        first = self._items[:10]
        texts = self._text_columns[:_TEXTS_SHOWN]
        rows = [
            (item.id, item.title, ", ".join(item.categories), *(item.texts[name] for name in texts))
            for item in first
        ]
        head = ("item", "title", "categories", *texts)
        return html_table(f"Catalog: {len(self):,} items", head, rows, more=len(self) - len(first))


def _refuse_others(given: Mapping[str, object]) -> None:
    known = ("item", "title", "categories", "text", "image", "audio", "category_separator", "released")
    name = next(iter(given))
    hint = near(name, known) or "."
    raise DataError(
        f"a catalogue has no {brief(name)}{hint} What an item has is named with {listing(known)}; any other "
        f"column can be read as a text: text=[…, {brief(given[name])}]"
    )


def _text_columns(text: str | Sequence[str]) -> tuple[str, ...]:
    given: object = text
    if isinstance(given, pd.DataFrame):
        raise DataError(
            "Catalog(…) begins an empty catalogue; Catalog.from_pandas(frame, item=…, title=…) makes one "
            "of a DataFrame"
        )
    try:
        names = (text,) if isinstance(text, str) else tuple(text)
    except TypeError:
        raise DataError(f"text is a column's name or several, not {brief(text)}") from None
    if len(names) > _MOST_TEXTS:
        raise DataError(f"{len(names):,} text columns; there can be {_MOST_TEXTS:,}: name those with text=…")
    for name in names:
        if not isinstance(name, str):
            raise DataError(
                f"a text column is called by a string, not {brief(name)}"
                + ("; Catalog.from_records(records) makes a catalogue" if isinstance(name, Mapping) else "")
            )
        as_id(name, "name of a text column")  # not empty, and such that a file can store it
        if name in _RESERVED and name != "released":  # which files had as a text before it was a field
            raise DataError(
                f"{name!r} cannot be a text column: an item has a field of that name; rename the column"
            )
    if len(set(names)) < len(names):
        raise DataError(f"a text column is named twice in {brief(names, 200)}")
    return names


def _warn_of_unread_texts(frame: pd.DataFrame, used: tuple[object, ...]) -> None:
    """Warn of columns of words that nobody named: most of what is known of an item would be lost."""
    unread = []
    for place, label in enumerate(frame.columns):
        if any(frames.same_label(label, name) for name in used):
            continue
        cells = [
            cell[:_LOOKED_AT] for cell in frame.iloc[:_LOOKED_AT, place].tolist() if isinstance(cell, str)
        ]
        cells = [cell for cell in cells if cell]
        if cells and 2 * sum(map(bool, map(_WORDS.search, cells))) > len(cells):
            unread.append(brief(label))
    if unread:
        names, several = listing(unread), len(unread) > 1
        warn(
            f"{'columns' if several else 'column'} {names} {'hold' if several else 'holds'} words and "
            f"{'are' if several else 'is'} not read: say text=[{names}] (--text-column on the command line) "
            "to learn from them too, title=… or categories=… of what is one of these, or text=[] if that is "
            "meant",
            DataWarning,
        )


def _too_long(item: Item) -> str:
    """What to say of an item that is too long, or the empty string."""
    lengths = {
        "title": len(item.title),
        "categories": sum(map(len, item.categories)) + len(item.categories),
        "image": len(item.image or ""),
        "audio": len(item.audio or ""),
    }
    if sum(lengths.values()) + sum(map(len, item.texts.values())) <= _LONGEST_ITEM:
        return ""
    lengths |= {brief(name): len(written) for name, written in item.texts.items()}
    longest = max(lengths, key=lambda name: lengths[name])
    return (
        f"the item {brief(item.id)} has {sum(lengths.values()):,} characters, {lengths[longest]:,} of them "
        f"in {longest}; there can be {_LONGEST_ITEM:,}: shorten it"
    )


def _optional(frame: pd.DataFrame, name: str | None, default: str | None, what: str) -> pd.Series[Any] | None:
    if name is None or (frames.same_label(name, default) and not frames.has_column(frame, name)):
        return None
    return frames.column(frame, name, what)


def _optional_texts(frame: pd.DataFrame, name: str | None, default: str | None, what: str) -> list[str]:
    found = _optional(frame, name, default, what)
    return [""] * len(frame) if found is None else frames.texts(found)


def _moments(series: pd.Series[Any]) -> list[float | None]:
    """The times in a column as seconds; None where a cell is empty."""
    there = series.notna().to_numpy() & (series.astype("str").str.strip() != "").to_numpy(dtype=bool)
    moments: list[float | None] = [None] * len(series)
    if there.any():
        read = frames.seconds(series[there])
        for row, moment in zip(np.flatnonzero(there).tolist(), read.tolist(), strict=True):
            moments[row] = moment
    return moments


def _moment(cell: Any) -> float | None:
    if cell is None or (type(cell) is float and FIRST_SECOND <= cell < LAST_SECOND):  # as records have it
        return cell
    return _moments(pd.Series([cell], name="released"))[0]


def _refuse_repeats(ids: pd.Series[Any], codes: Any) -> None:
    repeated = pd.Series(codes).duplicated().to_numpy()
    if repeated.any():
        second = int(repeated.argmax())
        first = int((codes == codes[second]).argmax())
        raise DataError(
            f"{frames.where(ids, first)} and {frames.row(ids, second)} have the same item id "
            f"{brief(ids.iloc[second])}{others(int(repeated.sum()) - 1)}; an item appears once: keep one row "
            f"of each, with frame.drop_duplicates({brief(ids.name)})"
        )


def _all_categories(column: pd.Series[Any], separator: str) -> list[tuple[str, ...]]:
    parsed: dict[str, tuple[str, ...]] = {}  # catalogues repeat the same few combinations
    found = []
    for position, cell in enumerate(column.tolist()):
        if isinstance(cell, str) and cell in parsed:
            found.append(parsed[cell])
            continue
        try:
            found.append(_categories(cell, separator))
        except DataError as error:
            raise DataError(f"{frames.where(column, position)}: {error}") from None
        if isinstance(cell, str):
            parsed[cell] = found[-1]
    _warn_of_separator(parsed, separator, column.name)
    return found


def _warn_of_separator(parsed: Mapping[str, tuple[str, ...]], separator: str, name: object) -> None:
    """Say so if cells look like several categories that were taken for one each."""
    if any(len(names) > 1 for names in parsed.values()):  # split, or lists
        return
    whole = [cell for cell, names in parsed.items() if names and not cell.startswith("[")]
    for other in (";", ",", "/"):
        held = [cell for cell in whole if other in cell]
        if 2 * len(held) > len(whole):
            warn(
                f"column {brief(name)}: most categories hold {other!r}, such as {brief(held[0])}, and none "
                f"{separator!r}, at which they are split: each is taken for one category. If they are "
                f"several, pass category_separator={other!r}",
                DataWarning,
            )
            return


def _categories(cell: Any, separator: str) -> tuple[str, ...]:
    if isinstance(cell, str):
        parts: Iterable[Any] = _written_list(cell) or cell.split(separator)
    elif isinstance(cell, (list, tuple, set, frozenset)) or (isinstance(cell, np.ndarray) and cell.ndim == 1):
        parts = sorted(cell, key=str) if isinstance(cell, (set, frozenset)) else cell
    else:
        parts = (cell,)
    try:
        named = [frames.text(part).strip() for part in parts]
    except DataError as error:
        raise DataError(f"a category: {error}") from None
    return tuple(dict.fromkeys(name for name in named if name))


def _written_list(cell: str) -> list[Any] | None:
    """The list in a cell such as ``"['Crime', 'Sea']"``, which is how CSV files carry lists."""
    if not (cell.startswith("[") and cell.endswith("]")) or len(cell) > _LONGEST_LIST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as that of a backslash, which would quote the cell
            found = ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    flat = isinstance(found, list) and all(
        isinstance(part, (str, float)) or (isinstance(part, int) and abs(part) < 2**63) for part in found
    )
    return (found or [""]) if flat else None
