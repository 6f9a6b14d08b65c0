"""What changes a recommender: events, logs, kinds, hyperparameters, items.

A refused one leaves model and journal bit for bit; those that were not refused are repeated by the journal.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifelong_widgets.assembly import make_parts
from lifelong_widgets.data import DEFAULT_KINDS, FeedbackKind, FeedbackKinds, Interactions
from lifelong_widgets.recommender import Recommender
from tests.fuzz.case import EITHER, Case, Fate, refused
from tests.fuzz.loaders import (
    ADD_LIVE,
    FIT,
    KINDS,
    LEARN_MANY,
    LEARN_ONE,
    SET_KINDS,
    SETTING,
    small_log,
    small_shop,
)
from tests.fuzz.values import ALL, LONG

VALUES = {
    "none": None, "true": True, "zero": 0, "-1": -1, "2**31": 2**31, "2**63": 2**63, "10**400": 10**400,
    "1e308": 1e308, "1e-308": 1e-308, "infinity": float("inf"), "not a number": float("nan"), "text": "x",
    "empty text": "", "a list": [], "a dict": {}, "an array": np.array([1.0]), "NumPy's integer": np.int64(3),
}  # fmt: skip


_LONGEST_LOG = 400  # entries, and
_LARGEST_LOG = 1 << 20  # bytes of the journal of one shop: each case reads all of it, twice
_open: list[tuple[Recommender, tempfile.TemporaryDirectory[str]]] = []


def shop() -> Recommender:
    """One with a journal for many cases, whatever they taught it; then the journal is audited, and left."""
    if _open and _is_long(_open[0][0]):
        rec, place = _open.pop()
        with place, rec:
            report = rec.audit(progress=False)
            assert report.equal, report
    if not _open:
        place = tempfile.TemporaryDirectory(prefix="fuzz-")
        _open.append((small_shop(Path(place.name) / "shop.lw"), place))
    return _open[0][0]


def _is_long(rec: Recommender) -> bool:
    assert rec.journal
    log = sum(file.stat().st_size for file in rec.journal.folder.glob("journal.sqlite*"))
    return rec.journal.last_id > _LONGEST_LOG or log > _LARGEST_LOG


def cases() -> Iterator[Case]:
    """All of them."""
    event = {"user": "u0", "item": "i0", "kind": "like"}
    for name, value in ALL.items():
        for field in ("user", "item", "kind", "time", "value", "shown", "id"):
            yield _case(LEARN_ONE, f"{field}: {name}", {**event, field: value}, bulk=True)
    for name, value in VALUES.items():
        for loader in (LEARN_MANY, FIT, SET_KINDS):
            yield _case(loader, name, value, refused(), bulk=True)
    for part, settings in make_parts({}).items():
        for setting in settings.settings():
            for name, value in VALUES.items():
                yield _case(SETTING, f"{setting}: {name}", (part, setting, value), bulk=True)
    for name, log, fate in (
        ("an unknown item", _log(item=["i0", "nowhere"]), refused("no item 'nowhere'")),
        ("an item of another type", _log(item=["i0", 7]), refused("no item 7")),
        ("an unknown kind", _log(kind=["like", "purchase"]), refused("kind")),
        ("a kind of another weight", _log(kinds=KINDS.with_weights(like=2)), refused("kind 'like'")),
        (
            "worth nothing",
            _log(kind=["like", "like"], kinds=KINDS.with_weights(like=0)),
            refused("kind 'like'"),
        ),
        ("no events", small_log()[:0], EITHER),
    ):
        yield _case(FIT, f"a log with {name}", log, fate)
        yield _case(LEARN_MANY, f"a log with {name}", log, fate)
    for name, kinds in (
        ("no kinds", FeedbackKinds()),
        ("others", DEFAULT_KINDS),
        ("in another order", FeedbackKinds(*reversed(list(KINDS.values())))),
    ):
        yield _case(SET_KINDS, name, kinds, refused("must begin with those there are"))
    yield _case(SET_KINDS, "one more", KINDS.with_kind(FeedbackKind("bought", 1000.0)))
    for name, fields, fate in (
        ("nothing", {}, refused("user")),
        ("no item", {"user": "u0"}, refused("item")),
        ("an unknown item", {"user": "u0", "item": "nowhere"}, refused("no item 'nowhere'")),
        ("a user of another type", {"user": 7, "item": "nowhere"}, refused("no item 'nowhere'")),
        ("a list that was never shown", {**event, "shown": ["x", "y"] * 1000}, EITHER),
        ("a list of a million", {**event, "shown": ["i0"] * 10**6}, EITHER),
        ("an id of 70 MB", {**event, "id": "x" * (70 << 20)}, refused("id of a feedback")),
        ("a user of 70 MB", {**event, "user": "x" * (70 << 20)}, refused("user")),
        ("lists of 70 MB", {**event, "shown": ["x" * 1000] * (70 << 10)}, refused("at most")),
    ):
        yield _case(LEARN_ONE, name, fields, fate)
    title = "t" * (70 << 20)
    for name, items, fate in (
        ("a title of 70 MB", [{"item": "n1", "title": title}], refused("73,400,320")),
        ("one of 70 MB among others", [{"item": "n1"}, {"item": "n2", "blurb": title}], refused("row 1")),
        ("an id of 70 MB", [{"item": title}], refused("item id")),
        ("a title of a million characters", [{"item": "n3", "title": LONG}], EITHER),
    ):
        yield _case(ADD_LIVE, name, items, fate)


def _log(kinds: FeedbackKinds | None = None, **columns: list[Any]) -> Interactions:
    rows = {"user": ["u0", "u1"], "item": ["i0", "i1"], "time": [1, 2], "kind": ["like", "like"], **columns}
    known = kinds or KINDS.with_kind(DEFAULT_KINDS["purchase"])
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in rows.items()})
    return Interactions.from_pandas(frame, kinds=known)


def _case(loader: Any, name: str, given: Any, fate: Fate = EITHER, bulk: bool = False) -> Case:
    def make(_: Path) -> tuple[Recommender, Any]:
        return shop(), given

    return Case(loader, name, make, fate, bulk=bulk)
