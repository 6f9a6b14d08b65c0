"""Journals: damaged files, and whole ones (with the right checksums) that hold nonsense."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lifelong_widgets.data import Catalog, Feedback, FeedbackKind
from lifelong_widgets.errors import DataError
from lifelong_widgets.journal.entries import COLUMNS, checksum
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL
from tests.fuzz.case import EITHER, Case, Fate, loaded, refused
from tests.fuzz.checks import PAYLOAD
from tests.fuzz.loaders import JOURNAL, KINDS, small_log
from tests.fuzz.trees import places, removed, replaced
from tests.fuzz.values import LONG, PLAIN

Files = dict[str, bytes]
_CELLS = (
    "nothing", "empty text", "true", "zero", "a negative", "2**63 - 1", "1e308", "1e39, beyond float32",
    "infinity", "a fraction", "a million characters", "a null character", "control characters", "HTML",
    "a path upwards", "a written number", "a pickle",
)  # fmt: skip
_JSON = (
    "nothing", "true", "a negative", "2**63", "10**400", "1e308", "infinity", "empty text", "HTML",
    "a million characters", "a lone surrogate", "an empty list", "a list of lists", "a dict", "depth 100",
)  # fmt: skip
LOG = "journal.sqlite"


@cache
def whole(pseudonymize: bool = False) -> Files:
    """The files of a small journal with an entry of every kind, closed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop.lw"
        shop = _begun(folder, pseudonymize)
        shop.close()
        return _files(folder)


@cache
def killed() -> Files:
    """The files of a small journal whose writer was killed: the newest entries are in the write-ahead log."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop.lw"
        shop = _begun(folder, pseudonymize=False)
        files = _files(folder)
        shop.close()
        return files


def _begun(folder: Path, pseudonymize: bool) -> Recommender:
    items = [
        {"item": f"i{n}", "title": f"Thing {n}", "categories": ["North"], "blurb": "Grey."} for n in range(8)
    ]
    shop = Recommender.open(
        folder, Catalog.from_records(items), KINDS, pseudonymize=pseudonymize, capacity=50,
        **{**SMALL, "n_text_components": 4, "epochs": 1},
    )  # fmt: skip
    shop.fit(small_log()[:12], progress=False)
    for n in range(4):
        shop.learn_one(Feedback(f"u{n}", f"i{n}", "like", value=1.0, shown=("i1", "i2"), id=f"e{n}"))
    shop.undo(1)
    shop.checkpoint()
    shop.catalog.add({"item": "late", "title": "Late", "blurb": "New."})
    shop.updater.learning_rate = 0.001
    shop.kinds = shop.kinds.with_kind(FeedbackKind("bought", 2.0))
    shop.learn_one(Feedback(7, "late", "bought"))
    shop.learn_many(small_log()[20:26], batch_size=2, progress=False)
    shop.observe(Feedback("u0", "i5", "skip"))
    shop.forget("u2", progress=False)
    shop.learn_one(Feedback("u0", "i6", "click", time=1e9))
    return shop


def _files(folder: Path) -> Files:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def cases() -> Iterator[Case]:
    """All of them."""
    yield _case("whole", whole, loaded())
    yield _case("killed", killed, loaded())
    yield _case("whole, pseudonyms", lambda: whole(True), loaded())
    yield from _damaged()
    yield from _folders()
    yield from _schemas()
    yield from _rows()
    yield from _meta()
    yield from _checkpoints()


def _damaged() -> Iterator[Case]:
    content = whole()[LOG]
    rng = np.random.default_rng(0)
    for name, damaged in (
        ("empty", b""),
        ("text", b"hello"),
        ("the magic alone", b"SQLite format 3\0"),
        ("zeros", bytes(len(content))),
        ("random bytes", rng.bytes(len(content))),
        ("random bytes after the header", content[:100] + rng.bytes(len(content) - 100)),
        ("a pickle", b"cposix\nsystem\n(S'touch pwned'\ntR."),
    ):
        yield _log(f"the log: {name}", damaged, refused())
    for step in range(0, len(content), len(content) // 12):
        yield _log(f"the log cut at {step}", content[:step])
    for number in range(40):
        flipped = bytearray(content)
        flipped[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        yield _log(f"the log, bit {number} flipped", bytes(flipped))
    pending = killed()
    ahead = f"{LOG}-wal"
    for step in range(0, len(pending[ahead]), len(pending[ahead]) // 12):
        yield _case(
            f"the write-ahead log cut at {step}",
            lambda step=step: {**killed(), ahead: killed()[ahead][:step]},
            bulk=True,
        )
    yield _case("the write-ahead log of random bytes", lambda: {**killed(), ahead: rng.bytes(9000)})
    yield _case("the write-ahead log of another journal", lambda: {**whole(True), ahead: killed()[ahead]})
    yield _case(
        "the shared index of random bytes", lambda: {**killed(), f"{LOG}-shm": rng.bytes(32768)}, loaded()
    )


def _folders() -> Iterator[Case]:
    def folder_of(name: str) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            _write(folder, {k: v for k, v in whole().items() if not k.startswith(name)})
            (folder / "shop.lw" / name).mkdir(parents=True)
            return Path("shop.lw")

        return make

    yield _case("empty", dict, refused("no journal"))
    yield _case(
        "the log is missing", lambda: {k: v for k, v in whole().items() if k != LOG}, refused("no journal")
    )
    yield Case(JOURNAL, "the log is a folder", folder_of(LOG), refused())
    yield Case(JOURNAL, "a checkpoint is a folder", folder_of("checkpoints/000000000099.lw"))
    yield _case("the checkpoints are a file", lambda: {LOG: whole()[LOG], "checkpoints": b"x"})
    key = "pseudonyms.key"
    for name, content in (("empty", b""), ("of another", b"00" * 32), ("no text", bytes(range(256)))):
        yield _case(
            f"a key that is {name}", lambda content=content: {**whole(True), key: content}, refused("key")
        )
    yield _case("no key", lambda: {k: v for k, v in whole(True).items() if k != key}, refused("key"))
    yield _case("a key too many", lambda: {**whole(), key: b"00" * 32})


def _schemas() -> Iterator[Case]:
    for name, statements, fate in (
        ("another application", ["PRAGMA application_id = 1"], refused("not a journal")),
        ("a newer version", ["PRAGMA user_version = 4"], refused("reads up to 3")),
        ("version 2 without its table", ["PRAGMA user_version = 2"], refused("differs in attachments")),
        ("version 0", ["PRAGMA user_version = 0"], refused("version 0")),
        ("a negative version", ["PRAGMA user_version = -1"], refused("version -1")),
        ("one more table", ["CREATE TABLE extra (a)"], refused("differs in extra")),
        (
            "a trigger",
            ["CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END"],
            refused("differs in t"),
        ),
        ("a view", ["CREATE VIEW v AS SELECT 1"], refused("differs in v")),
        (
            "a view as the log",
            ["ALTER TABLE entries RENAME TO e", "CREATE VIEW entries AS SELECT * FROM e"],
            refused("differs in"),
        ),
        ("one more column", ["ALTER TABLE entries ADD COLUMN more"], refused("differs in entries")),
        ("a table missing", ["DROP TABLE items"], refused("differs in items")),
        ("an index missing", ["DROP INDEX entries_event"], refused("differs in entries_event")),
        ("a name of terminal codes", ['CREATE TABLE "\x1b[2J\u202e" (a)'], refused()),
        ("a name of a million characters", [f'CREATE TABLE "{LONG}" (a)'], refused()),
        ("analysed", ["ANALYZE"], refused()),
        ("no entries", ["DELETE FROM entries"], EITHER),
        ("no items", ["DELETE FROM items"], refused()),
        ("an item missing", ["DELETE FROM items WHERE position = 3"], refused("item")),
        ("no meta", ["DELETE FROM meta"], refused("meta")),
        ("more meta", ["INSERT INTO meta VALUES ('more', '1', 0)"], refused("meta")),
        ("an entry missing", ["DELETE FROM entries WHERE id = 15"], EITHER),
        ("the fit missing", ["DELETE FROM entries WHERE op = 'fit'"], EITHER),
        ("the call missing", ["DELETE FROM entries WHERE op = 'learn_many'"], EITHER),
        ("ops swapped", ["UPDATE entries SET op = 'observe' WHERE op = 'learn'"], EITHER),
        ("an op of our dreams", ["UPDATE entries SET op = 'exec' WHERE id = 14"], EITHER),
        ("ids from 2**62", ["UPDATE entries SET id = id + 4611686018427387904"], EITHER),
        ("ids below zero", ["UPDATE entries SET id = id - 20 WHERE id < 16"], EITHER),
        (
            "the last id possible",
            ["UPDATE entries SET id = 9223372036854775807 WHERE id = (SELECT max(id) FROM entries)"],
            EITHER,
        ),
        ("calls crossed", ["UPDATE entries SET call = 3 WHERE op = 'event'"], EITHER),
        ("an event twice", ["UPDATE entries SET event = 'x' WHERE id = 14"], EITHER),
    ):
        yield _sql(name, lambda db, statements=statements: [db.execute(each) for each in statements], fate)


def _rows() -> Iterator[Case]:
    stored = {name: PLAIN[name] for name in _CELLS} | {"bytes": b"abc", "a huge blob": bytes(10**7)}
    first = "(SELECT min(id) FROM entries WHERE op = 'learn')"
    for column in COLUMNS[:-1]:
        for name, value in stored.items():
            yield _sql(
                f"{column} of an event: {name}",
                lambda db, column=column, value=value: db.execute(
                    f"UPDATE entries SET {column} = ? WHERE id = {first}", (value,)
                ),
                bulk=True,
            )
    bodies = {
        op: json.loads(body)
        for op, body in _query("SELECT op, body FROM entries WHERE body IS NOT NULL GROUP BY op")
    }
    for op, body in bodies.items():
        for path in places(body):
            where = f"the body of {op}, {'/'.join(map(str, path))}"
            yield _body(f"without {where}", op, removed(body, path))
            for name in _JSON:
                value = PLAIN[name]
                yield _body(f"{where}: {name}", op, replaced(body, path, value))
        for name in _JSON:
            yield _body(f"the body of {op}: {name}", op, PLAIN[name])
    deep = "[" * 100_000 + "]" * 100_000
    for column in ("body", "shown"):
        for name, text in (
            ("no JSON", "{"),
            ("nested deeply", deep),
            ("NaN", "[NaN]"),
            ("5,000 digits", f"[{'9' * 5000}]"),
            ("half a character", '["\\ud800"]'),
        ):
            yield _sql(
                f"{column}: {name}",
                lambda db, column=column, text=text: db.execute(
                    f"UPDATE entries SET {column} = ? WHERE {column} IS NOT NULL", (text,)
                ),
                refused("entry"),
                bulk=True,
            )
    for name, taken in (
        ("everything", [[1, 2**62]]),
        ("100,000 ranges", [[n, n] for n in range(1, 100_001)]),
        ("what came later", [[1, 10**6]]),
        ("a range backwards", [[9, 2]]),
    ):
        yield _body(f"an undo of {name}", "undo", {"taken_back": taken})
    for name, record in (
        ("HTML", {"item": "i3", "title": PAYLOAD, "blurb": PAYLOAD, "categories": [PAYLOAD]}),
        ("a path", {"item": "../../x", "title": "x"}),
        ("an id twice", {"item": "i2", "title": "x"}),
        ("a title of a million characters", {"item": "i3", "title": LONG}),
        ("an unknown key", {"item": "i3", "__class__": "x"}),
        ("no id", {"title": "x"}),
        ("a list", [1]),
    ):
        yield _sql(
            f"an item: {name}",
            lambda db, record=record: db.execute(
                "UPDATE items SET record = ? WHERE position = 3", (json.dumps(record),)
            ),
        )


def _meta() -> Iterator[Case]:
    genesis = json.loads(_query("SELECT value FROM meta WHERE name = 'genesis'")[0][0])
    values = {
        name: PLAIN[name]
        for name in (
            "nothing",
            "true",
            "a negative",
            "2**63",
            "10**400",
            "1e308",
            "a space",
            "an empty list",
            "a dict",
        )
    }
    for path in places(genesis):
        where = f"genesis/{'/'.join(map(str, path))}"
        yield _genesis(f"without {where}", removed(genesis, path))
        for name, value in values.items():
            yield _genesis(f"{where}: {name}", replaced(genesis, path, value))
    yield _genesis(
        "a genesis of a network that is too wide", replaced(genesis, ("settings", "hidden_dim"), 10**6)
    )
    yield _genesis("a genesis of 2**60 items", replaced(genesis, ("n_items",), 2**60))
    for name in ("pseudonyms", "unscrubbed"):
        for what, value in values.items():
            yield _sql(
                f"{name}: {what}",
                lambda db, name=name, value=value: db.execute(
                    "UPDATE meta SET value = ? WHERE name = ?", (json.dumps(value), name)
                ),
                bulk=True,
            )


def _checkpoints() -> Iterator[Case]:
    paths = sorted(name for name in whole() if name.startswith("checkpoints/"))
    newest = paths[-1]
    content = whole()[newest]
    for name, damaged in (
        ("empty", b""),
        ("cut", content[: len(content) // 2]),
        ("random bytes", np.random.default_rng(0).bytes(5000)),
        ("a header of 2**60 bytes", (2**60).to_bytes(8, "little") + content[8:]),
        ("a bit flipped", content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]),
        ("a pickle", b"cposix\nsystem\n(S'touch pwned'\ntR."),
        ("that of another entry", whole()[paths[0]]),
        ("a folder's worth of zeros", bytes(10**6)),
    ):
        yield _case(
            f"the newest checkpoint: {name}",
            lambda damaged=damaged: {**whole(), newest: damaged},
            loaded(_as_before),
        )
        yield _case(
            f"every checkpoint: {name}",
            lambda damaged=damaged: {k: damaged if k in paths else v for k, v in whole().items()},
            loaded(_as_before),
        )
    yield _case(
        "no checkpoints", lambda: {k: v for k, v in whole().items() if k not in paths}, loaded(_as_before)
    )
    yield _case(
        "a checkpoint from the future",
        lambda: {**whole(), "checkpoints/000000099999.lw": content},
        loaded(_as_before),
    )
    yield _case(
        "names like checkpoints",
        lambda: {**whole(), "checkpoints/x.lw": b"x", "checkpoints/\u0661.lw": b"x"},
        loaded(_as_before),
    )


def _as_before(recommender: Recommender) -> bool:
    """What was learned is all there, whatever became of the checkpoints (the check has learned some more)."""
    return recommender.n_events > 20


# ---- making them ---------------------------------------------------------------------------------------


def _query(statement: str) -> list[Any]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / LOG
        path.write_bytes(whole()[LOG])
        with closing(sqlite3.connect(path)) as db:
            return db.execute(statement).fetchall()


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / "shop.lw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _case(name: str, files: Callable[[], Files], fate: Fate = EITHER, bulk: bool = False) -> Case:
    def make(folder: Path) -> Path:
        (folder / "shop.lw").mkdir()
        _write(folder, files())
        return Path("shop.lw")

    return Case(JOURNAL, name, make, fate, bulk=bulk)


def _log(name: str, content: bytes, fate: Fate = EITHER) -> Case:
    return _case(name, lambda: {**whole(), LOG: content}, fate, bulk=True)


def _sql(
    name: str, change: Callable[[sqlite3.Connection], Any], fate: Fate = EITHER, bulk: bool = False
) -> Case:
    """A whole journal after `change`, with the checksums that it would have had."""

    def make(folder: Path) -> Path:
        _write(folder, {k: v for k, v in whole().items() if not bulk or not k.startswith("checkpoints/")})
        with closing(sqlite3.connect(folder / "shop.lw" / LOG)) as db:
            with suppress(sqlite3.IntegrityError):  # SQLite itself would not have it
                change(db)
            forge(db)
            db.commit()
        return Path("shop.lw")

    return Case(JOURNAL, name, make, fate, bulk=bulk)


def forge(db: sqlite3.Connection) -> None:
    """Give every row the checksum of what it holds, if it can have one."""
    for table, key, columns in (
        ("entries", "id", COLUMNS[:-1]),
        ("items", "position", ("position", "record")),
        ("meta", "name", ("name", "value")),
    ):
        try:
            rows = db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
        except sqlite3.Error:  # the table itself is what was tampered with
            continue
        for row in rows:
            try:
                right = checksum(row)
            except (DataError, TypeError, ValueError):
                continue
            value = row[columns.index(key)]
            if db.execute(f"SELECT type FROM sqlite_master WHERE name = '{table}'").fetchone() == ("table",):
                db.execute(f"UPDATE {table} SET checksum = ? WHERE {key} IS ?", (right, value))


def _body(name: str, op: str, body: Any) -> Case:
    def change(db: sqlite3.Connection) -> None:
        db.execute("UPDATE entries SET body = ? WHERE op = ?", (json.dumps(body), op))

    return _sql(name, change, bulk=True)


def _genesis(name: str, genesis: Any) -> Case:
    def change(db: sqlite3.Connection) -> None:
        db.execute("UPDATE meta SET value = ? WHERE name = 'genesis'", (json.dumps(genesis),))

    return _sql(name, change, bulk=True)
