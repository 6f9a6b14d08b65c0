"""The SQLite file: its tables, its version, and opening it as if a stranger had sent it."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from lifelong_widgets.data import Item
from lifelong_widgets.data.display import listing
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.journal.entries import COLUMNS, checksum, from_json, to_json

Synchronous = Literal["NORMAL", "FULL"]

FILE = "journal.sqlite"
VERSION = 3  # 1 is what a journal without attachments and edges is, 2 one without edges
APPLICATION = int.from_bytes(b"LWjl")
LONGEST_CELL = 64 * 2**20
"""Bytes of the longest row that is written or read."""

_TABLES = {
    "meta": "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL)",
    "items": (
        "CREATE TABLE items (position INTEGER PRIMARY KEY, record TEXT NOT NULL, checksum INTEGER NOT NULL)"
    ),
    # `user` and `item` have no type, so that 7 stays 7 and '7' stays '7'. Ids are given by the writer, which
    # is alone: AUTOINCREMENT would write one page more for every click.
    "entries": (
        "CREATE TABLE entries (id INTEGER PRIMARY KEY, op TEXT NOT NULL, recorded REAL NOT NULL, user, item, "
        "kind TEXT, time REAL, value REAL, shown TEXT, event TEXT, call INTEGER, body TEXT, "
        "checksum INTEGER NOT NULL)"
    ),
    "entries_event": "CREATE UNIQUE INDEX entries_event ON entries (event) WHERE event IS NOT NULL",
    # The few entries that are no events, which are looked for by op. A click does not touch this index.
    "entries_op": "CREATE INDEX entries_op ON entries (op) WHERE user IS NULL",
}
_MADE_BY_SQLITE: dict[str, str | None] = {"sqlite_autoindex_meta_1": None}
_ATTACHMENTS = {
    "attachments": (
        "CREATE TABLE attachments (entry INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, "
        "checksum INTEGER NOT NULL, PRIMARY KEY (entry, part))"
    )
}
_ATTACHMENTS_MADE_BY_SQLITE: dict[str, str | None] = {"sqlite_autoindex_attachments_1": None}
_PART = 2**24  # bytes of an attachment in one row

INSERT = f"INSERT INTO entries ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
INSERT_ITEM = "INSERT INTO items (position, record, checksum) VALUES (?, ?, ?)"


def write_new(path: Path, genesis: dict[str, Any], items: Iterable[Item], key_check: str | None) -> None:
    """Make a journal without entries at `path`, where no file is. Not durable before the caller syncs it."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.values():
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("PRAGMA user_version = 1")  # see `attach`
        set_meta(connection, "genesis", genesis)
        set_meta(connection, "pseudonyms", key_check)
        set_meta(connection, "unscrubbed", [])
        connection.executemany(INSERT_ITEM, item_rows(items, 0))
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise own_error(error, path) from error
    finally:
        connection.close()


def item_rows(items: Iterable[Item], start: int) -> Iterable[tuple[int, str, int]]:
    """The rows of the table `items` for `items` at the places from `start` on."""
    for position, item in enumerate(items, start):
        record = to_json(item.to_record())
        yield position, record, checksum((position, record))


def attach(connection: sqlite3.Connection, entry: int, data: bytes) -> None:
    """Write the attachment of an entry. The first one makes it a journal of version 2."""
    _be_of_version(2, connection)
    for part, start in enumerate(range(0, len(data), _PART)):
        row = (entry, part, data[start : start + _PART])
        connection.execute(
            "INSERT INTO attachments (entry, part, data, checksum) VALUES (?, ?, ?, ?)",
            (*row, _checksum_of_part(*row)),
        )


def make_room_for_edges(connection: sqlite3.Connection) -> None:
    """To be called before one is written. The first makes it a journal of version 3."""
    _be_of_version(3, connection)


def _be_of_version(version: int, connection: sqlite3.Connection) -> None:
    """Make a journal of an older version one of this, so that those who do not know it refuse it by name."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found < 2:
        for statement in _ATTACHMENTS.values():
            connection.execute(statement)
    if found < version:
        connection.execute(f"PRAGMA user_version = {version}")


def has_attachments(connection: sqlite3.Connection) -> bool:
    """Whether there is a table of attachments."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'attachments'").fetchone()
    return found is not None


def attachment(connection: sqlite3.Connection, entry: int, path: Path) -> bytes | None:
    """The attachment of an entry, or None if it has none.

    Raises:
        FormatError: it is damaged.
    """
    if not has_attachments(connection):
        return None
    parts = []
    rows = connection.execute(
        "SELECT entry, part, data, checksum FROM attachments WHERE entry = ? ORDER BY part", (entry,)
    )
    for number, (_, part, data, written) in enumerate(rows):
        if part != number or type(data) is not bytes or written != _checksum_of_part(entry, part, data):
            raise FormatError(f"{path} is damaged at the attachment of entry {entry}")
        parts.append(data)
    return b"".join(parts) if parts else None


def _checksum_of_part(entry: int, part: int, data: bytes) -> int:
    return zlib.crc32(data, checksum((entry, part)))


def set_meta(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Write one value of the table `meta`."""
    text = to_json(value)
    row = (name, text, checksum((name, text)))
    connection.execute("INSERT OR REPLACE INTO meta (name, value, checksum) VALUES (?, ?, ?)", row)


def meta(connection: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """The table `meta`.

    ``genesis``: as given. ``pseudonyms``: what the key is known by, or None. ``unscrubbed``: of each person
    erased but not scrubbed, the ids from which on and before which checkpoints are void.
    """
    found = {}
    for name, text, written in connection.execute("SELECT name, value, checksum FROM meta"):
        try:
            if written != checksum((name, text)):
                raise ValueError("its checksum is wrong")
            found[name] = from_json(text)
        except (DataError, TypeError, ValueError) as error:
            raise FormatError(f"{path} is damaged at the value {name!r:.80} of meta: {error}") from None
    check, void = found.get("pseudonyms"), found.get("unscrubbed")
    if (
        set(found) != {"genesis", "pseudonyms", "unscrubbed"}
        or type(found["genesis"]) is not dict
        or not (check is None or type(check) is str)
        or type(void) is not list
        or not all(type(pair) is list and list(map(type, pair)) == [int, int] for pair in void)
    ):
        raise FormatError(f"{path} is damaged: its table meta is not as lifelong-widgets writes it")
    return found


def connect(path: Path, read_only: bool, synchronous: Synchronous) -> sqlite3.Connection:
    """A connection to the journal at `path`, after it was found to be one and whole.

    Raises:
        FormatError: no journal, a damaged one, one of a newer version, or one that holds more than ours does.
        LifelongWidgetsError: the system does not let us.
    """
    if not path.is_file():
        raise FormatError(f"there is no journal {path}")
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{_mode(path, read_only)}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )
    except sqlite3.Error as error:
        raise own_error(error, path) from error
    try:
        _restrain(connection)
        _check(connection, path)
        if not read_only:
            _make_writable(connection, path, synchronous)
    except sqlite3.Error as error:
        connection.close()
        raise own_error(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _mode(path: Path, read_only: bool) -> str:
    if not read_only:
        return "mode=rw"
    log = path.with_name(f"{path.name}-wal")
    pending = log.exists() and log.stat().st_size > 0
    if not pending and not os.access(path.parent, os.W_OK):
        return "mode=ro&immutable=1"  # SQLite could not make the files that readers and a writer share
    return "mode=ro"


def _restrain(connection: sqlite3.Connection) -> None:
    # https://www.sqlite.org/security.html, "Untrusted SQLite Database Files"
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_CELL)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION:
        raise FormatError(f"{path} is not a journal of lifelong-widgets")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise FormatError(
            f"{path} has format version {version}; this version of lifelong-widgets reads up to {VERSION}. "
            "A newer lifelong-widgets wrote it: upgrade to read it"
        )
    if version < 1:
        raise FormatError(f"{path} is damaged: it has format version {version}")
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    wanted = _TABLES | _MADE_BY_SQLITE
    if version > 1:
        wanted = wanted | _ATTACHMENTS | _ATTACHMENTS_MADE_BY_SQLITE
    if found != wanted:
        names = sorted(str(name) for name in found.keys() | wanted if found.get(name) != wanted.get(name))
        raise FormatError(
            f"{path} is not a journal as lifelong-widgets writes it; it differs in {listing(names)}"
        )
    # Not quick_check, which does not compare the indexes with the rows: an UNDO that an index has lost would
    # not be found, and what it took back would count. About 3 s for a million events.
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise FormatError(f"{path} is damaged: {verdict}")


def _make_writable(connection: sqlite3.Connection, path: Path, synchronous: Synchronous) -> None:
    (journal_mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if journal_mode != "wal":
        raise LifelongWidgetsError(
            f"{path} cannot have a write-ahead log; keep it on a local disk, not on a network file system"
        )
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA secure_delete = ON")


_REMEDIES = {
    sqlite3.SQLITE_BUSY: "is in use: another connection has held it for more than 5 s; close that one",
    sqlite3.SQLITE_LOCKED: "is in use by this process; let what reads it come to its end",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: make room. Nothing of this call was kept",
    sqlite3.SQLITE_READONLY: "may not be written: change its permissions, or open it with read_only=True",
    sqlite3.SQLITE_PERM: "may not be opened: change its permissions",
    sqlite3.SQLITE_CANTOPEN: "may not be opened: change its permissions and those of its folder",
    sqlite3.SQLITE_IOERR: "could not be read or written by the system; look at the disk",
    sqlite3.SQLITE_NOMEM: "needs more memory than there is",
}


def own_error(error: sqlite3.Error, path: Path, writing: bool = False) -> LifelongWidgetsError:
    """Our error for one of SQLite's: what is not the system's refusal is a damaged file."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _REMEDIES:
        return LifelongWidgetsError(f"{path} {_REMEDIES[code & 0xFF]} ({error})")
    if writing and code == sqlite3.SQLITE_TOOBIG:
        return DataError(f"an entry of {path} has at most {LONGEST_CELL:,} bytes; this one has more")
    return FormatError(f"{path} is damaged or no journal: {error}")
