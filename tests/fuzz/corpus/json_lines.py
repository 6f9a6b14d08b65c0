"""JSON lines."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from typing import Any

from tests.fuzz.case import EITHER, Case, Fate, loaded, refused
from tests.fuzz.corpus.files import written
from tests.fuzz.loaders import CATALOG_FILE, LOG_FILE
from tests.fuzz.values import LONG, PLAIN, id_is_right, number_is_right, text_is_right, time_is_right

EVENT = {
    "user": "ada",
    "item": "b1",
    "kind": "like",
    "time": 5.0,
    "value": None,
    "shown": ["b1", 7],
    "call": None,
}
LINE = json.dumps(EVENT).encode() + b"\n"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _broken()
    for name, value in PLAIN.items():
        yield from (dataclasses.replace(case, bulk=True) for case in _values(name, value))


def _values(name: str, value: Any) -> Iterator[Case]:
    for field in ("user", "item", "kind", "time", "value", "shown"):
        make = _line("log", {**EVENT, field: value})
        yield Case(LOG_FILE, f"jsonl, {field}: {name}", make, _fate(field, value))
    make = _line("items", {"item": 1, "title": value, "blurb": value})
    yield Case(CATALOG_FILE, f"jsonl, title: {name}", make, _text_fate(value))
    make = _line("items", {"item": 1, "categories": value})
    yield Case(CATALOG_FILE, f"jsonl, categories: {name}", make)
    fate = loaded(lambda catalog: list(catalog.ids) == [value]) if id_is_right(value) else refused("line 1")
    yield Case(CATALOG_FILE, f"jsonl, id: {name}", _line("items", {"item": value}), fate)


def _fate(field: str, value: Any) -> Fate:
    if isinstance(value, float) and not math.isfinite(value):
        return refused("no number in JSON")
    if field in ("user", "item"):
        return loaded() if id_is_right(value) else refused("line 1")
    if field == "time":
        right = time_is_right(value)
    elif field == "value":
        right = number_is_right(value)
    else:
        return EITHER
    return EITHER if right is None else loaded() if right else refused("line 1")


def _text_fate(value: Any) -> Fate:
    if isinstance(value, float) and not math.isfinite(value):
        return refused("no number in JSON")
    right = text_is_right(value)
    return EITHER if right is None else loaded() if right else refused("line 1")


def _line(name: str, row: dict[str, Any]) -> Any:
    return written(f"{name}.jsonl", lambda: json.dumps(row).encode())


def _broken() -> Iterator[Case]:
    for name, content, fate in (
        ("empty", b"", refused("is empty")),
        ("empty lines", b"\n  \n\r\n", refused("is empty")),
        (
            "empty lines between",
            b"\n" + LINE + b"\n" + LINE.replace(b"like", b"lik"),
            refused("line 4 of 'log.jsonl'"),
        ),
        ("no line end", LINE.strip(), loaded()),
        ("a mark", b"\xef\xbb\xbf" + LINE, loaded()),
        ("UTF-16", LINE.decode().encode("utf-16"), refused("line 1 of 'log.jsonl' is not UTF-8")),
        ("Latin-1", LINE + LINE.replace(b"ada", b"Zo\xeb"), refused("line 2 of 'log.jsonl' is not UTF-8")),
        ("random bytes", bytes(range(256)) * 40, refused("line 1")),
        ("null characters", bytes(100), refused("line 1")),
        ("a list", b"[" + LINE + b"]", refused("line 1 of 'log.jsonl'")),
        ("lists", b"[1, 2]\n", refused("[1, 2]; each line is a JSON object")),
        ("a string", b'"abc"\n', refused("each line is a JSON object")),
        ("null", b"null\n", refused("each line is a JSON object")),
        ("an object of several lines", json.dumps(EVENT, indent=1).encode(), refused("line 1")),
        ("two objects in a line", LINE.strip() * 2, refused("Extra data")),
        ("an empty object", b"{}\n", refused("no column 'user'")),
        ("CSV", b"user,item\na,b\n", refused("line 1")),
        ("a key that is half a character", b'{"\\ud800": 1}\n', refused("line 1 of 'log.jsonl' has the key")),
        ("a key twice", b'{"user": "a", "user": "b"}\n', refused("the key 'user' is there twice")),
        ("NaN", LINE.replace(b"5.0", b"NaN"), refused("NaN is no number in JSON")),
        ("-Infinity", LINE.replace(b"5.0", b"-Infinity"), refused("no number in JSON")),
        ("1e400", LINE.replace(b"5.0", b"1e400"), refused("column 'time', line 1")),
        ("5,000 digits", LINE.replace(b"5.0", b"9" * 5000), refused("line 1")),
        ("nested 9 levels", LINE.replace(b"null", b"[" * 9 + b"]" * 9), refused("nested more than 8 levels")),
        (
            "nested 100,000 levels",
            LINE.replace(b"null", b"[" * 100_000 + b"]" * 100_000),
            refused("nested more"),
        ),
        ("nested and never closed", b'{"a":' * 100_000, refused("line 1")),
        ("brackets in a string", LINE.replace(b"ada", b"[{" * 100), loaded()),
        (
            "a user as a number and as a string",
            LINE.replace(b'"ada"', b"7") + LINE.replace(b"ada", b"7"),
            refused("line 2"),
        ),
        ("users as numbers", LINE.replace(b'"ada"', b"7"), loaded(lambda log: log.users == [7])),
        ("users as strings", LINE.replace(b"ada", b"7"), loaded(lambda log: log.users == ["7"])),
        ("a user as a float", LINE.replace(b'"ada"', b"7.0"), refused("7.0 is a float")),
        ("an escape of half a character", LINE.replace(b"ada", b"\\ud800"), refused("lone surrogate")),
        ("a null character", LINE.replace(b"ada", b"a\\u0000b"), loaded(lambda log: log.users == ["a\0b"])),
        (
            "a line of a million characters",
            LINE.replace(b"ada", LONG.encode()),
            refused("line 1 of 'log.jsonl': the user id 'xxx"),
        ),
        ("cut", LINE + LINE[:30], refused("line 2 of 'log.jsonl' is not JSON")),
        (
            "another key in each line",
            b"".join(b'{"k%d": 1}\n' % n for n in range(10_001)),
            refused("10,001 columns"),
        ),
        (
            "10,000 keys and many lines",
            b"{" + b",".join(b'"k%d":1' % n for n in range(9_999)) + b"}\n" + b"{}\n" * 30_000,
            refused("limit is 200,000,000 cells"),
        ),
    ):
        yield Case(LOG_FILE, f"jsonl, {name}", written("log.jsonl", content), fate, megabytes=800)
    yield Case(
        LOG_FILE,
        "jsonl, a line of 100 MB",
        written("log.jsonl", lambda: b'{"user": "' + b"x" * 10**8 + b'"}'),
        refused("longer than"),
    )
    yield Case(
        LOG_FILE,
        "jsonl, 100,000 keys",
        written("log.jsonl", lambda: b"{" + b",".join(b'"k%d":1' % n for n in range(10**5)) + b"}"),
        refused("columns"),
    )
    for step in range(0, len(LINE), 9):
        yield Case(LOG_FILE, f"jsonl, cut at {step}", written("log.jsonl", LINE[:step]))
