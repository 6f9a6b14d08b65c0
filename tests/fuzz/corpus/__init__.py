"""The cases that are written out, by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from tests.fuzz.case import Case
from tests.fuzz.corpus import (
    archives,
    changes,
    commands,
    csv_files,
    journals,
    json_lines,
    objects,
    parquet_files,
    recommenders,
)

_ROOMS = (csv_files, json_lines, parquet_files, archives, objects, commands, changes, recommenders, journals)


@cache
def corpus() -> dict[str, Case]:
    """Every case by its id."""
    found: dict[str, Case] = {}
    for case in _every():
        assert case.id not in found, f"two cases are called {case.id}"
        found[case.id] = case
    return found


def _every() -> Iterator[Case]:
    for room in _ROOMS:
        yield from room.cases()
