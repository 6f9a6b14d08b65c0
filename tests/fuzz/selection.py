"""Cases by their ids: those written out, and random ones, whose id is their seed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from tests.fuzz import selftest
from tests.fuzz.case import Case

_ONE_IN = {"journal": 40}  # each of its cases takes longer
_ONE_IN_OF_OTHERS = 16


def case_called(id: str) -> Case:
    """The case with this id."""
    loader, _, name = id.partition(": ")
    if loader == selftest.NAME:  # without all that the corpus imports
        return selftest.case_of(name)
    from tests.fuzz.corpus import corpus
    from tests.fuzz.mutations import mutant

    seed = name.removeprefix("random ")
    return mutant(loader, int(seed)) if seed.isdigit() else corpus()[id]


def short() -> list[str]:
    """What the suite runs: every case, but few of those in bulk, and a few random ones."""
    from tests.fuzz.corpus import corpus

    return [id for id, case in corpus().items() if not case.bulk or _drawn(case)] + randoms(rounds=6, seed=0)


def _drawn(case: Case) -> bool:
    return zlib.crc32(case.id.encode()) % _ONE_IN.get(case.loader.name, _ONE_IN_OF_OTHERS) == 0


def long(rounds: int, seed: int, loaders: Sequence[str] = ()) -> list[str]:
    """Every case, and `rounds` random ones of each loader; of `loaders` only, if any are named."""
    from tests.fuzz.corpus import corpus

    ids = [*corpus(), *randoms(rounds, seed)]
    return [id for id in ids if not loaders or id.partition(": ")[0] in loaders]


def randoms(rounds: int, seed: int) -> list[str]:
    """The ids of random cases; each `seed` has a stretch of a million of its own."""
    from tests.fuzz.mutations import LOADERS

    return [f"{loader}: random {seed * 10**6 + number}" for loader in LOADERS for number in range(rounds)]
