"""A log of the checkerboard, a place for a journal, and one that has lived."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifelong_widgets.data import Interactions
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import live, opened
from tests.engine.worlds import checkerboard


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C is Python's, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def log() -> Interactions:
    return checkerboard()[1]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return tmp_path / "shop.lw"


@pytest.fixture
def lived(shop: Path, log: Interactions) -> Iterator[tuple[Recommender, list[int]]]:
    rec = opened(shop)
    yield rec, live(rec, log)
    rec.close()
