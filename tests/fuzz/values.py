"""Values that have no business in a cell, or look as if they had none, and what is to become of them."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import math
import uuid
from typing import Any

import numpy as np
import pandas as pd

from lifelong_widgets.data.ids import LONGEST_ID
from tests.fuzz.checks import PAYLOAD


class Level(enum.IntEnum):
    LOW = 1


def _nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


LONG = "x" * 1_000_000

# what files can say: JSON's types
PLAIN: dict[str, Any] = {
    "nothing": None,
    "empty text": "",
    "a space": " ",
    "true": True,
    "zero": 0,
    "a negative": -1,
    "2**63 - 1": 2**63 - 1,
    "2**63": 2**63,
    "2**64": 2**64,
    "10**400": 10**400,
    "1e308": 1e308,
    "1e39, beyond float32": 1e39,
    "infinity": math.inf,
    "not a number": math.nan,
    "a fraction": 0.5,
    "a list": [1, 2],
    "an empty list": [],
    "a list of lists": [["a"], [None]],
    "a dict": {"a": 1},
    "depth 100": _nested(100),
    "a million characters": LONG,
    "a null character": "a\0b",
    "control characters": "\x1b[2J\x07\r\n\x7f\x85\u2028",
    "bidirectional": "\u202egnp.exe\u2066\u200f",
    "invisible": "a\u200b\ufeff\u00ad\U000e0041",
    "a lone surrogate": "a\ud800b",
    "beyond the BMP": "\U0001d54f👩‍👩‍👧",
    "a path upwards": "../../x",
    "a path of Windows": "C:\\x",
    "an absolute path": "/etc/passwd",
    "a formula": "=cmd|'/C calc'!A0",
    "a template": "{{7*7}} ${7*7} {0.__class__} %s%n",
    "a shell": "$(touch pwned); `touch pwned`",
    "Python": "__import__('os').system('touch pwned')",
    "SQL": "'; DROP TABLE events; --",
    "a pickle": "cposix\nsystem\n(S'touch pwned'\ntR.",
    "HTML": PAYLOAD,
    "a written list": "['a', 'b']",
    "a written list of hex": f"[0x{'f' * 9000}]",
    "a written list of escapes": r"['\d', '\U0001f600']",
    "brackets": "[" * 9000 + "]" * 9000,
    "a written number": "7",
    "a number of 5,000 digits": "9" * 5000,
    "1e400": "1e400",
    "inf": "inf",
    "nan": "nan",
    "hexadecimal": "0x10",
    "underscores": "1_000",
    "other digits": "٣",
    "now": "now",
    "the year 1": "0001-01-01",
    "the year 10000": "10000-01-01",
    "the 30th of February": "2024-02-30",
    "an absurd zone": "2024-01-01T00:00:00+99:99",
    "a zone at the end of time": "9999-12-31T23:59:59-14:00",
    "milliseconds": 1_700_000_000_000,
}

# what only Python objects can be
PYTHON: dict[str, Any] = {
    "10**5000": 10**5000,
    "-10**5000": -(10**5000),
    "bytes": b"abc",
    "a set": {1, 2},
    "a tuple": (1, 2),
    "a range": range(3),
    "depth 100,000": _nested(100_000),
    "a complex number": 1 + 2j,
    "an object": object(),
    "a class": int,
    "a function": len,
    "an enum": Level.LOW,
    "a UUID": uuid.UUID(int=7),
    "a Decimal": decimal.Decimal("1.5"),
    "a Decimal, NaN": decimal.Decimal("NaN"),
    "a Decimal, signalling": decimal.Decimal("sNaN"),
    "a huge Decimal": decimal.Decimal("1e999999"),
    "a Fraction": fractions.Fraction(1, 3),
    "a date": datetime.date(2024, 5, 1),
    "a date of the year 1": datetime.date(1, 1, 1),
    "a datetime of another zone": datetime.datetime(
        1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=14))
    ),
    "a time of day": datetime.time(3),
    "a timedelta": datetime.timedelta(3),
    "a Timestamp": pd.Timestamp("2024-01-01", tz="Asia/Tokyo"),
    "a Period": pd.Period("2024-01"),
    "an Interval": pd.Interval(0, 1),
    "NaT": pd.NaT,
    "NA": pd.NA,
    "datetime64 NaT": np.datetime64("NaT"),
    "datetime64, the year 300000": np.datetime64("300000-01-01"),
    "timedelta64": np.timedelta64(3, "D"),
    "timedelta64 of ns": np.timedelta64(3, "ns"),
    "float16": np.float16(3),
    "longdouble": np.longdouble("1e4000"),
    "complex128": np.complex128(1 + 2j),
    "int8": np.int8(7),
    "NumPy's true": np.True_,
    "NumPy's string": np.str_("a"),
    "NumPy's bytes": np.bytes_(b"a"),
    "NumPy's void": np.void(b"abc"),
    "an array": np.array([1, 2]),
    "an array of no dimension": np.array(5),
    "an array of objects": np.array([None, {}], dtype=object),
    "a Series": pd.Series([1, 2]),
    "a frame": pd.DataFrame({"a": [1]}),
}

ALL: dict[str, Any] = PLAIN | PYTHON

# text that must arrive as it is, in whatever text field it stands
TEXTS = {name: value for name, value in PLAIN.items() if isinstance(value, str) and value.strip()}


def id_is_right(value: Any) -> bool:
    """Whether `value` is an id: a string that can be stored and is no book, or an integer of 64 bits."""
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_ID and value.encode(errors="replace").decode() == value
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64))
    return whole and -(2**63) <= int(value) < 2**63


def text_is_right(value: Any) -> bool | None:
    """Whether `value` can be a title; None where either will do."""
    if value is None or isinstance(value, (str, bool, float)) or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, int):
        return abs(value) < 10**4000
    if isinstance(value, (list, dict, set, tuple, bytes, range, complex, np.ndarray, np.void)):
        return False
    return None


def number_is_right(value: Any) -> bool | None:
    """Whether `value` can be the value of an event, which may have none; None where either will do."""
    if value is None or (isinstance(value, float) and value != value):
        return True
    if isinstance(value, (bool, np.bool_, complex, list, dict, set, tuple, bytes, range, np.ndarray)):
        return False
    if isinstance(value, (int, float)):
        return abs(value) < 3.4e38
    return None


def time_is_right(value: Any) -> bool | None:
    """Whether `value` can be the time of an event; None where either will do."""
    if isinstance(value, (bool, np.bool_, complex, list, dict, set, tuple, bytes, range, np.ndarray)):
        return False
    if isinstance(value, (int, float)):
        return value == value and -62_135_596_800 <= value < 253_402_300_800
    return None
