"""Cases by their ids: those written out, and random ones, whose id is their seed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from tests.fuzz import selftest
from tests.fuzz.case import Case
from tests.fuzz.corpus import corpus
from tests.fuzz.mutations import LOADERS, mutant

_ONE_IN = 16


def case_called(id: str) -> Case:
    """The case with this id."""
    loader, _, name = id.partition(": ")
    if loader == selftest.NAME:
        return selftest.case_of(name)
    if loader in LOADERS and name.startswith("random "):
        return mutant(loader, int(name.removeprefix("random ")))
    return corpus()[id]


def short() -> list[str]:
    """What the suite runs: every case but those in bulk, of which one in sixteen, and a few random ones."""
    chosen = [id for id, case in corpus().items() if not case.bulk or zlib.crc32(id.encode()) % _ONE_IN == 0]
    return chosen + randoms(rounds=6, seed=0)


def long(rounds: int, seed: int, loaders: Sequence[str] = ()) -> list[str]:
    """Every case, and `rounds` random ones of each loader."""
    ids = [*corpus(), *randoms(rounds, seed)]
    return [id for id in ids if not loaders or id.partition(": ")[0] in loaders]


def randoms(rounds: int, seed: int) -> list[str]:
    """The ids of random cases, another stretch of seeds for each `seed`."""
    return [f"{loader}: random {seed * 10**6 + number}" for loader in LOADERS for number in range(rounds)]
