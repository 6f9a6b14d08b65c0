"""Random cases: valid input with random damage. A loader's name and a seed say all about one."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lifelong_widgets.data import Catalog
from lifelong_widgets.journal.entries import COLUMNS
from lifelong_widgets.saving import KIND, VERSION
from lifelong_widgets.state_file import write_tree
from tests.fuzz import loaders
from tests.fuzz.case import Case, Loader
from tests.fuzz.corpus import archives, changes, journals, recommenders
from tests.fuzz.corpus.files import written
from tests.fuzz.corpus.parquet_files import parquet
from tests.fuzz.trees import found, places, removed, replaced
from tests.fuzz.values import ALL, LONG, PLAIN

Rng = np.random.Generator
Rows = list[dict[str, Any]]

_INTERESTING = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
_PLAIN = [value for value in PLAIN.values() if value is not LONG]  # it would be most of the time
_ALL = [value for value in ALL.values() if value is not LONG]


# ---- damage --------------------------------------------------------------------------------------------


def damaged(content: bytes, rng: Rng) -> bytes:
    """`content` with up to eight bits flipped, numbers changed, pieces cut out, doubled, moved or put in."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(len(changed) + 1))
        length = int(rng.integers(1, 1 + min(64, max(len(changed), 1))))
        match int(rng.integers(8)):
            case 0 if changed:
                changed[at % len(changed)] ^= 1 << int(rng.integers(8))
            case 1:
                size = int(rng.choice([1, 2, 4, 8]))
                number = _INTERESTING[int(rng.integers(len(_INTERESTING)))] % 256**size
                changed[at : at + size] = number.to_bytes(size, "little" if rng.random() < 0.7 else "big")
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length] * int(rng.integers(1, 50))
            case 4:
                changed[at:at] = rng.bytes(length)
            case 5:
                other = int(rng.integers(len(changed) + 1))
                changed[at : at + length] = changed[other : other + length]
            case 6 if rng.random() < 0.2:
                del changed[at:]
            case _:
                changed[at:at] = [
                    b",",
                    b'"',
                    b"\n",
                    b"\0",
                    b"[",
                    b"{",
                    b"\\",
                    b"9" * 400,
                    "é\u202e".encode(),
                ][int(rng.integers(9))]
    return bytes(changed)


def _one(values: Sequence[Any], rng: Rng) -> Any:
    return values[int(rng.integers(len(values)))]


def _mixed(rows: Rows, values: Sequence[Any], rng: Rng) -> Rows:
    """The rows with a few cells replaced, left out, or under another name, and some rows doubled."""
    changed = [dict(row) for row in rows]
    for _ in range(int(rng.integers(1, 5))):
        row = changed[int(rng.integers(len(changed)))]
        field = _one(list(row), rng) if row else "item"
        match int(rng.integers(8)):
            case 0:
                row.pop(field, None)
            case 1:
                row[str(_one(["", "item", "user", "\ud800", "title "], rng))] = _one(values, rng)
            case 2:
                changed.append(dict(row))
            case _:
                row[field] = _one(values, rng)
    return changed


def _events(rng: Rng) -> Rows:
    return [
        {
            "user": f"u{rng.integers(4)}",
            "item": f"i{rng.integers(6)}",
            "time": n,
            "kind": "like",
            "value": 1.0,
        }
        for n in range(int(rng.integers(1, 12)))
    ]


def _items(rng: Rng) -> Rows:
    return [
        {"item": f"i{n}", "title": f"Thing {n}", "categories": ["North", "South"], "blurb": "Grey."}
        for n in range(int(rng.integers(1, 12)))
    ]


# ---- files ---------------------------------------------------------------------------------------------


def _csv(rows: Rows, separator: str = ",") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    for cells in (names, *([row.get(name) for name in names] for row in rows)):
        with suppress(ValueError):  # an integer of 5,000 digits
            writer.writerow(cells)
    return text.getvalue().encode(errors="replace")


def _json_lines(rows: Rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _parquet(rows: Rows) -> bytes:
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        cells = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(cells)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):  # no column can hold them
            columns[name] = pa.array([str(cell).encode(errors="replace").decode() for cell in cells])
    return parquet({name.encode(errors="replace").decode(): cells for name, cells in columns.items()})


_FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "csv": _csv, "tsv": lambda rows: _csv(rows, "\t"), "jsonl": _json_lines, "parquet": _parquet,
}  # fmt: skip


def _table(loader: Loader, name: str, rows: Callable[[Rng], Rows]) -> Callable[[Rng, str], Case]:
    def make(rng: Rng, title: str) -> Case:
        suffix = _one(list(_FORMATS), rng)
        content = _FORMATS[suffix](_mixed(rows(rng), _PLAIN, rng) if rng.random() < 0.6 else rows(rng))
        if rng.random() < 0.5:
            content = damaged(content, rng)
        return Case(loader, title, written(f"{name}.{suffix}", content), megabytes=2000)

    return make


def _replay(rng: Rng, title: str) -> Case:
    suffix = _one(list(_FORMATS), rng)
    log = _FORMATS[suffix](_mixed(_events(rng) * 3, _PLAIN, rng))
    if rng.random() < 0.3:
        log = damaged(log, rng)
    items = _FORMATS[suffix](_mixed(_items(rng), _PLAIN, rng))

    def make(folder: Path) -> list[str]:
        (folder / f"log.{suffix}").write_bytes(log)
        (folder / f"items.{suffix}").write_bytes(items)
        return [f"log.{suffix}", "--items", f"items.{suffix}", "--learners", "popularity", "--rows-in-order"]

    return Case(loaders.REPLAY, title, make, megabytes=2000)


def _movielens(rng: Rng, title: str) -> Case:
    if rng.random() < 0.5:
        return Case(loaders.MOVIELENS, title, written("ml-100k.zip", damaged(archives.archive(), rng)))
    content = archives.archive(damaged(archives.DATA, rng), damaged(archives.ITEM, rng))
    return Case(loaders.MOVIELENS, title, written("ml-100k.zip", content))


def _saved(rng: Rng, title: str) -> Case:
    if rng.random() < 0.4:
        return Case(loaders.SAVED, title, written("mine.lw", damaged(recommenders.whole(), rng)))
    tree = recommenders.tree()
    for _ in range(int(rng.integers(1, 4))):
        path = _one(list(places(tree)), rng)
        entry = found(tree, path)
        if rng.random() < 0.1:
            tree = removed(tree, path)
        elif hasattr(entry, "dtype"):
            with suppress(
                RuntimeError, TypeError, ValueError
            ):  # two changes of one array need not go together
                tree = replaced(tree, path, _one(list(recommenders.ARRAYS.values()), rng)(entry))
        else:
            tree = replaced(tree, path, _one([value for value in _PLAIN if _hashable_as_json(value)], rng))

    def make(folder: Path) -> Path:
        write_tree(folder / "mine.lw", tree, KIND, VERSION)
        return Path("mine.lw")

    return Case(loaders.SAVED, title, make, megabytes=2000)


def _hashable_as_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def _journal(rng: Rng, title: str) -> Case:
    base = dict(journals.killed() if rng.random() < 0.5 else journals.whole(bool(rng.random() < 0.3)))
    if rng.random() < 0.5:
        name = _one(list(base), rng)
        base[name] = damaged(base[name], rng)
        forge = False
    else:
        base = {
            name: content for name, content in journals.whole().items() if not name.startswith("checkpoints/")
        }
        forge = True
    seed = int(rng.integers(2**32))

    def make(folder: Path) -> Path:
        journals._write(folder, base)
        if forge:
            with closing(sqlite3.connect(folder / "shop.lw" / journals.LOG)) as db:
                _tamper(db, np.random.default_rng(seed))
                journals.forge(db)
                db.commit()
        return Path("shop.lw")

    return Case(loaders.JOURNAL, title, make, megabytes=2000)


def _tamper(db: sqlite3.Connection, rng: Rng) -> None:
    cells = [
        value for value in (*_PLAIN, b"abc") if value is None or isinstance(value, (str, int, float, bytes))
    ]
    for _ in range(int(rng.integers(1, 5))):
        id = int(rng.integers(1, 35))
        match int(rng.integers(6)):
            case 0:
                db.execute("DELETE FROM entries WHERE id = ?", (id,))
            case 1:
                row = db.execute(
                    "SELECT body FROM entries WHERE body IS NOT NULL ORDER BY random()"
                ).fetchone()
                if row:
                    body = damaged(str(row[0]).encode(), rng).decode(errors="replace")
                    db.execute("UPDATE entries SET body = ? WHERE body = ?", (body, row[0]))
            case 2:
                column, other = _one(COLUMNS, rng), int(rng.integers(1, 35))
                cell = f"(SELECT {column} FROM entries WHERE id = ?)"
                _if_possible(db, f"UPDATE entries SET {column} = {cell} WHERE id = ?", (id, other))
            case _:
                _if_possible(
                    db, f"UPDATE entries SET {_one(COLUMNS, rng)} = ? WHERE id = ?", (_one(cells, rng), id)
                )


def _if_possible(db: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> None:
    with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):  # SQLite itself would not have it
        db.execute(statement, values)


# ---- objects -------------------------------------------------------------------------------------------


def _frame(rng: Rng, title: str) -> Case:
    rows = _mixed(_events(rng), _ALL, rng)
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = np.empty((len(rows), len(names)), dtype=object)
    for position, row in enumerate(rows):
        for place, name in enumerate(names):
            cells[position, place] = row.get(name)
    frame = pd.DataFrame(cells, columns=pd.Index(names, dtype=object), dtype=object)
    if rng.random() < 0.3:
        with suppress(Exception):  # pandas may find no common type; then it stays as it is
            frame = frame.infer_objects()
    return Case(loaders.LOG_FRAME, title, lambda _: (frame, {}))


def _records(rng: Rng, title: str) -> Case:
    rows = _mixed(_items(rng), _ALL, rng)
    return Case(loaders.RECORDS, title, lambda _: (rows, {}))


def _add(rng: Rng, title: str) -> Case:
    rows = _mixed([{**row, "item": f"new {row['item']}"} for row in _items(rng)], _ALL, rng)

    def make(_: Path) -> tuple[Catalog, Rows]:
        return Catalog.from_records(_items(np.random.default_rng(0))), rows

    return Case(loaders.ADD, title, make)


def _kinds(rng: Rng, title: str) -> Case:
    kinds = loaders.KINDS.to_dict()
    for _ in range(int(rng.integers(1, 4))):
        path = _one([path for path in places(kinds) if isinstance(found(kinds, path[:-1]), dict)], rng)
        kinds = removed(kinds, path) if rng.random() < 0.2 else replaced(kinds, path, _one(_ALL, rng))
        if not kinds:
            break
    return Case(loaders.KINDS_DICT, title, lambda _: kinds)


def _fields(rng: Rng) -> dict[str, Any]:
    event = {"user": "u0", "item": "i0", "kind": "like", "time": 5.0, "value": None, "shown": ["i0", "i1"]}
    return _mixed([event], _ALL, rng)[0]


def _feedback(rng: Rng, title: str) -> Case:
    fields = {
        name: value for name, value in _fields(rng).items() if name in ("kind", "time", "value", "shown")
    }
    fields |= {"user": _one(_ALL, rng) if rng.random() < 0.3 else "u0", "item": "i0"}
    return Case(loaders.FEEDBACK, title, lambda _: fields)


def _learn_one(rng: Rng, title: str) -> Case:
    known = ("user", "item", "kind", "time", "value", "shown")
    fields = {name: value for name, value in _fields(rng).items() if name in known}
    return Case(loaders.LEARN_ONE, title, lambda _: (changes.shop(), fields))


LOADERS: dict[str, Callable[[Rng, str], Case]] = {
    loaders.LOG_FILE.name: _table(loaders.LOG_FILE, "log", _events),
    loaders.CATALOG_FILE.name: _table(loaders.CATALOG_FILE, "items", _items),
    loaders.REPLAY.name: _replay,
    loaders.MOVIELENS.name: _movielens,
    loaders.SAVED.name: _saved,
    loaders.JOURNAL.name: _journal,
    loaders.LOG_FRAME.name: _frame,
    loaders.RECORDS.name: _records,
    loaders.ADD.name: _add,
    loaders.KINDS_DICT.name: _kinds,
    loaders.FEEDBACK.name: _feedback,
    loaders.LEARN_ONE.name: _learn_one,
}


def mutant(loader: str, seed: int) -> Case:
    """The random case of `loader` with this seed."""
    return LOADERS[loader](np.random.default_rng(seed), f"random {seed}")
