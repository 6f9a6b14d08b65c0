"""Cases with a known bad end, by which the runner itself is tested. They are in no corpus."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path
from typing import Any

from lifelong_widgets.errors import DataError
from tests.fuzz.case import Case, Fate, Loader, loaded, refused

NAME = "self-test"


def _load(given: dict[str, Any]) -> dict[str, Any]:
    match given["what"]:
        case "fine":
            return given
        case "typed":
            raise DataError("column 'user', row 3: it is bad")
        case "untyped":
            raise KeyError("user")
        case "no place":
            raise DataError("it is bad")
        case "a long message":
            raise DataError("column " + "x" * 10_000)
        case "a terminal code":
            raise DataError("column \x1b[2J")
        case "half-changed":
            given["state"].append(1)
            raise DataError("column 'user'")
        case "a file":
            Path("pwned").touch()
        case "a warning":
            warnings.warn("divided by zero", RuntimeWarning, stacklevel=1)
        case "memory":
            given["state"].append(bytes(bytearray(os.urandom(1)) * (80 << 20)))
        case "hangs":
            time.sleep(1000)
        case "crashes":
            os.abort()
    return given


def _check(given: dict[str, Any]) -> None:
    assert given["what"] != "unsound"


_LOADER = Loader(NAME, _load, _check, "column", state=lambda given: repr(len(given["state"])))
_FATES: dict[str, Fate] = {"is to be refused": refused("row"), "is to be loaded": loaded(lambda _: False)}


def case_of(what: str) -> Case:
    """The case that ends so."""
    return Case(_LOADER, what, lambda _: {"what": what, "state": []}, _FATES.get(what, Fate()), megabytes=40)
