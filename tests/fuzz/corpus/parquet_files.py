"""Parquet files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.case import EITHER, Case, loaded, refused
from tests.fuzz.corpus.files import written
from tests.fuzz.loaders import CATALOG_FILE, LOG_FILE
from tests.fuzz.values import LONG, PLAIN, TEXTS, id_is_right

EVENTS = {"user": ["ada", "bob"], "item": ["b1", "b2"], "time": [1.0, 2.0], "kind": ["like", "click"]}
ITEMS = {"item": ["b1", "b2"], "title": ["Fog", "Tide"], "categories": [["Crime", "Sea"], []]}


def parquet(columns: dict[str, Any] | pa.Table, **options: Any) -> bytes:
    """The bytes of a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), buffer, **options)
    return buffer.getvalue()


def cases() -> Iterator[Case]:
    """All of them."""
    whole = parquet(EVENTS)
    for name, content in (
        ("empty", b""),
        ("magic alone", b"PAR1"),
        ("magic twice", b"PAR1PAR1"),
        ("a footer of 4 GB", b"PAR1" + whole[4:-8] + b"\xff\xff\xff\xffPAR1"),
        ("a footer of zeros", b"PAR1" + bytes(len(whole) - 12) + whole[-8:]),
        ("encrypted", whole[:-4] + b"PARE"),
        ("a name that is not UTF-8", whole.replace(b"user", b"us\xff\xfe")),
        ("a zip file", b"PK\x03\x04" + bytes(100)),
        ("a pickle", b"cposix\nsystem\n(S'touch pwned'\ntR."),
        ("CSV", b"user,item,time\na,b,1\n"),
        ("random bytes", b"PAR1" + bytes(np.random.default_rng(0).bytes(2000)) + whole[-8:]),
    ):
        yield Case(
            LOG_FILE, f"parquet, {name}", written("log.parquet", content), refused("not a readable Parquet")
        )
    for step in range(0, len(whole), 97):
        yield Case(
            LOG_FILE, f"parquet, cut at {step}", written("log.parquet", whole[:step]), refused("log.parquet")
        )
    yield from _bombs()
    yield from _types()
    for name, text in TEXTS.items():
        if "surrogate" not in name:
            fate = loaded(lambda c, text=text: c["b1"].title == text and text.strip() in c["b1"].categories)
            columns = {"item": ["b1"], "title": [text], "categories": [[text]]}
            yield Case(
                CATALOG_FILE, f"parquet, text: {name}", written("items.parquet", parquet(columns)), fate
            )
    for name, value in PLAIN.items():
        for field in ("user", "time", "value"):
            try:
                content = parquet({**EVENTS, field: pa.array([value, value])})
            except (pa.ArrowException, UnicodeEncodeError, OverflowError):  # no column can hold it
                continue
            right = field != "user" or id_is_right(value) or "depth" in name
            fate = EITHER if right else refused("column 'user'")
            yield Case(LOG_FILE, f"parquet, {field}: {name}", written("log.parquet", content), fate)


def _bombs() -> Iterator[Case]:
    def many_rows() -> bytes:
        return _repeated(parquet({name: ["x"] * 2**16 for name in ("user", "item", "time")}), times=2**14)

    def long_strings() -> bytes:
        one = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int8)), pa.array(["x" * 10**6]))
        return parquet(
            pa.table({"user": one, "item": one, "time": pa.array(range(10**6))}), store_schema=False
        )

    def long_listed() -> bytes:
        one = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int8)), pa.array(["x" * 10**6]))
        lists = pa.ListArray.from_arrays(pa.array([0, 10**6]), one)
        return parquet(pa.table({"item": ["a"], "categories": lists}), store_schema=False)

    def one_list() -> bytes:
        nothing = pa.ListArray.from_arrays(pa.array([0, 2**16]), pa.array(["x"] * 2**16))
        return _repeated(parquet(pa.table({"item": ["a"], "categories": nothing})), times=2**13)

    def zeros() -> bytes:
        zero = pa.array([bytes(2**20)] * 8, pa.binary())
        return _repeated(parquet({"item": zero}, use_dictionary=False, compression="zstd"), times=2**10)

    def many_groups() -> bytes:
        return _repeated(parquet({f"c{n}": [1] for n in range(100)}), times=2**10)

    def many_columns() -> bytes:
        return parquet({f"c{n}": [1] for n in range(10_001)})

    for name, make, message in (
        ("a billion rows", many_rows, "1,073,741,824 rows"),
        ("a string of a megabyte a million times", long_strings, "would fill"),
        ("a column of zeros", zeros, "would fill"),
        ("many row groups", many_groups, "1,024 row groups"),
        ("10,001 columns", many_columns, "10,001 columns"),
    ):
        yield Case(LOG_FILE, f"parquet bomb, {name}", written("log.parquet", make), refused(message))
    for name, make, message in (
        ("a list of a megabyte a million times", long_listed, "would fill"),
        ("lists of half a billion", one_list, "536,879,104 values"),
    ):
        yield Case(CATALOG_FILE, f"parquet bomb, {name}", written("items.parquet", make), refused(message))


def _repeated(content: bytes, times: int) -> bytes:
    """The file with its row groups `times` as often in the footer, all in the same place: a power of two."""
    metadata = pq.read_metadata(io.BytesIO(content))
    while times > 1:
        metadata.append_row_groups(pq.read_metadata(io.BytesIO(_footer(metadata))))
        times //= 2
    length = int.from_bytes(content[-8:-4], "little")
    return content[: -8 - length] + _footer(metadata)[4:]


def _footer(metadata: Any) -> bytes:
    buffer = io.BytesIO()
    metadata.write_metadata_file(buffer)
    return buffer.getvalue()


def _types() -> Iterator[Case]:
    for name, user, fate in (
        ("int64", pa.array([1, 2]), loaded(lambda log: log.users == [1, 2])),
        ("uint64 beyond int64", pa.array([1, 2**64 - 1], pa.uint64()), refused("row 1")),
        ("integers and none", pa.array([1, None]), refused("the user id is missing")),
        ("float", pa.array([1.0, 2.0]), refused("ids are strings or integers")),
        ("bool", pa.array([True, False]), refused("column 'user'")),
        ("null", pa.array([None, None]), refused("column 'user', row 0")),
        ("binary", pa.array([b"a", b"b"]), refused("is a bytes")),
        ("not UTF-8", pa.array([b"\xff", b"\xfe"]).view(pa.string()), refused("Invalid UTF8")),
        ("large strings", pa.array(["a", "b"], pa.large_string()), loaded()),
        ("dictionary", pa.array(["a", "b"]).dictionary_encode(), loaded()),
        ("date", pa.array([1, 2], pa.date32()), refused("column 'user', row 0")),
        ("a date beyond Python", pa.array([2**30, 2], pa.date32()), refused()),
        ("timestamp", pa.array([1, 2], pa.timestamp("ns", "UTC")), refused("column 'user', row 0")),
        ("time of day", pa.array([1, 2], pa.time32("s")), refused("column 'user', row 0")),
        ("duration", pa.array([1, 2], pa.duration("ns")), refused("column 'user', row 0")),
        ("decimal", pa.array([1, 2]).cast(pa.decimal128(30)), refused("is a Decimal")),
        ("half floats", pa.array(np.array([1, 2], np.float16)), refused("ids are strings or integers")),
        ("struct", pa.array([{"a": 1}, {"a": 2}]), refused("no column 'user'")),
        ("map", pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())), refused("no column 'user'")),
        ("list", pa.array([["a"], ["b"]]), refused("column 'user', row 0")),
        ("list of lists", pa.array([[["a"]], []]), refused("no column 'user'")),
        ("wide bytes", pa.array([b"x" * 1000] * 2, pa.binary(1000)), refused("no column 'user'")),
        ("a UUID", pa.array([bytes(16)] * 2, pa.binary(16)), refused("is a bytes")),
    ):
        columns = {**EVENTS, "user": user}
        yield Case(LOG_FILE, f"parquet, ids of type {name}", written("log.parquet", parquet(columns)), fate)
    for name, time, fate in (
        ("timestamp", pa.array([1, 2], pa.timestamp("us")), loaded()),
        ("timestamp, zone", pa.array([1, 2], pa.timestamp("ms", "Asia/Tokyo")), loaded()),
        ("timestamp, no such zone", pa.array([1, 2], pa.timestamp("ms", "Mars/Olympus")), refused()),
        ("timestamp, none", pa.array([1, None], pa.timestamp("us")), refused("the time is missing")),
        ("timestamp, the year 290000", pa.array([1, 2**63 - 1], pa.timestamp("us")), refused("row 1")),
        ("date", pa.array([1, 2], pa.date32()), loaded()),
        ("a date beyond Python", pa.array([2**30, 2], pa.date32()), refused("row 0")),
        ("duration", pa.array([1, 2], pa.duration("s")), refused("column 'time'")),
        ("decimal", pa.array([1, 2]).cast(pa.decimal128(30)), loaded()),
        ("struct", pa.array([{"a": 1}, {"a": 2}]), refused("no column 'time'")),
        ("list", pa.array([[1], [2]]), refused("row 0")),
    ):
        columns = {**EVENTS, "time": time}
        yield Case(LOG_FILE, f"parquet, times of type {name}", written("log.parquet", parquet(columns)), fate)
    for name, metadata in (
        ("none", {}),
        ("no JSON", {b"pandas": b"{"}),
        (
            "nonsense",
            {b"pandas": b'{"index_columns": ["user"], "columns": [{"name": 5}], "pandas_version": 0}'},
        ),
        ("a schema of nonsense", {b"ARROW:schema": b"AAAA" * 100}),
    ):
        table = pa.table(EVENTS).replace_schema_metadata(metadata)
        fate = loaded(lambda log: log.users == ["ada", "bob"]) if "schema" not in name else EITHER
        yield Case(
            LOG_FILE, f"parquet, pandas' metadata: {name}", written("log.parquet", parquet(table)), fate
        )
    frame = pd.DataFrame({**EVENTS, "item": pd.Categorical(["b1", "b2"])}).set_index("user")
    yield Case(
        LOG_FILE,
        "parquet, the users as index",
        _of_frame(frame),
        loaded(lambda log: log.users == ["ada", "bob"]),
    )
    twice = pa.Table.from_arrays([pa.array(["a"])] * 4, names=["user", "item", "time", "user"])
    yield Case(
        LOG_FILE,
        "parquet, a name twice",
        written("log.parquet", parquet(twice)),
        refused("2 columns called 'user'"),
    )
    dots = pa.table({**EVENTS, "user.list.element": ["x", "y"], "a.b": [["x"], []]})
    yield Case(LOG_FILE, "parquet, names with dots", written("log.parquet", parquet(dots)), loaded())
    nested = {**EVENTS, "extra": pa.array([{"a": [{"b": "x" * 100}]}, None])}
    yield Case(
        LOG_FILE, "parquet, nested columns of no use", written("log.parquet", parquet(nested)), loaded()
    )
    yield Case(
        LOG_FILE,
        "parquet, no rows",
        written("log.parquet", parquet(pa.table(EVENTS).slice(0, 0))),
        refused("no rows"),
    )
    yield Case(
        LOG_FILE, "parquet, no columns", written("log.parquet", parquet(pa.table({}))), refused("no events")
    )
    yield Case(
        CATALOG_FILE,
        "parquet, a title of a million characters",
        written("items.parquet", parquet({**ITEMS, "title": [LONG, "b"]})),
        loaded(lambda c: c["b1"].title == LONG),
    )
    yield Case(
        CATALOG_FILE,
        "parquet, ids clash",
        written("items.parquet", parquet({**ITEMS, "item": ["b", "b"]})),
        refused("row 0 and row 1"),
    )
    for depth in (50, 3000):
        yield Case(
            LOG_FILE,
            f"parquet, a schema nested {depth} levels",
            written("log.parquet", lambda depth=depth: _deep(depth)),
        )


def _deep(depth: int) -> bytes:
    kind = pa.int64()
    for _ in range(depth):
        kind = pa.struct([("a", kind)])
    return parquet(pa.table({**EVENTS, "deep": pa.nulls(2, kind)}))


def _of_frame(frame: pd.DataFrame) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        frame.to_parquet(folder / "log.parquet")
        return Path("log.parquet")

    return make
