"""What is fuzzed: everything that reads what somebody else wrote, and everything that changes by it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import traitlets

from lifelong_widgets import cli
from lifelong_widgets.data import Catalog, Feedback, FeedbackKind, FeedbackKinds, Interactions
from lifelong_widgets.data.datasets import movielens_files
from lifelong_widgets.data.tables import read_table
from lifelong_widgets.errors import DataError, DataWarning, JournalWarning
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL
from tests.fuzz.case import SCRATCH, Loader
from tests.fuzz.checks import harmless, sound_catalog, sound_events, sound_kinds, sound_log

CELL = r"column|row|line|frame|name"


# ---- a small shop, in which all that changes is tried ----------------------------------------------------

KINDS = FeedbackKinds(FeedbackKind("click", 0.5), FeedbackKind("like"), FeedbackKind("skip", positive=False))


SIZES = {**SMALL, "n_text_components": 4, "epochs": 2, "capacity": 50}


def small_catalog() -> Catalog:
    """The items of the small shop."""
    return Catalog.from_records(
        [
            {
                "item": f"i{n}",
                "title": f"Thing {n}",
                "categories": ["North", "South"][n % 2 :],
                "blurb": "Grey.",
            }
            for n in range(8)
        ]
    )


def small_shop(journal: Path | None = None) -> Recommender:
    """A recommender that has learned a little, and wrote it down if there is a place for it."""
    if journal is None:
        shop = Recommender(small_catalog(), kinds=KINDS, **SIZES)
    else:
        shop = Recommender.open(journal, small_catalog(), KINDS, progress=False, **SIZES)
    shop.fit(small_log(), progress=False)
    for n in range(10):
        shop.learn_one(user=f"u{n % 3}", item=f"i{n % 5}", kind=["like", "skip"][n % 2], shown=["i1", "i2"])
    return shop


def small_log() -> Interactions:
    """Events of the small shop."""
    rows = {"user": [f"u{n % 4}" for n in range(40)], "item": [f"i{n * 3 % 8}" for n in range(40)]}
    return Interactions.from_pandas(pd.DataFrame(rows).assign(time=range(40), kind="like"), kinds=KINDS)


def fingerprint(recommender: Recommender) -> str:
    """Of all that a call could have changed: the state bit for bit, settings, kinds and catalogue."""
    digest = hashlib.sha256()
    _digest(recommender.get_state(), digest)
    _digest(recommender.features.get_state(), digest)
    settings = json.dumps([recommender.settings(), recommender.kinds.to_dict(), recommender.frozen])
    digest.update(settings.encode())
    digest.update(catalog_fingerprint(recommender.catalog).encode())
    return digest.hexdigest()


def _digest(tree: Any, digest: Any) -> None:
    if isinstance(tree, dict):
        for key, value in tree.items():
            digest.update(f"{key}:".encode())
            _digest(value, digest)
    elif isinstance(tree, torch.Tensor):
        _digest(tree.numpy(), digest)
    elif isinstance(tree, np.ndarray):
        digest.update(f"{tree.dtype}{tree.shape}".encode() + np.ascontiguousarray(tree).tobytes())
    else:
        digest.update(repr(tree).encode())


def catalog_fingerprint(catalog: Catalog) -> str:
    """Of everything in a catalogue."""
    return repr((list(catalog), list(catalog.ids), catalog.text_columns))


def sound_recommender(recommender: Recommender) -> None:
    """It recommends, learns, explains and can be saved."""
    catalog = recommender.catalog
    if not len(catalog):
        return
    users = [*recommender.users.ids[:3], "somebody new"]
    for user in users:
        shown = recommender.recommend(user, k=3)
        assert len(shown.items) <= 3 and np.isfinite(shown.scores).all()
        assert harmless(repr(shown))
    kind = next(iter(recommender.kinds))
    recommender.explain(users[0], catalog.ids[0])
    verb = recommender.observe if recommender.frozen else recommender.learn_one
    verb(Feedback(users[0], catalog.ids[-1], kind))
    verb(Feedback("somebody new", catalog.ids[0], kind, shown=tuple(catalog.ids[:2])))
    for part in recommender.get_state()["network"].values():
        assert not isinstance(part, torch.Tensor) or bool(torch.isfinite(part).all())
    path = Path("again.lw")
    recommender.save(path)
    assert fingerprint(Recommender.load(path)) == fingerprint(recommender)
    path.unlink()


# ---- files -----------------------------------------------------------------------------------------------


def _log_file(path: Path) -> Interactions:
    return Interactions.from_pandas(read_table(path))


def _catalog_file(path: Path) -> Catalog:
    frame = read_table(path)
    texts = [name for name in ("blurb",) if name in frame.columns]
    return Catalog.from_pandas(frame, text=texts)


def _replay(paths: list[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main(["replay", *paths, "--quiet"])
        except SystemExit as stop:  # argparse's own
            code = int(stop.code or 0)
    message = err.getvalue()
    assert "Traceback" not in message, message
    if code:
        assert code == cli.UNUSABLE and not out.getvalue(), f"exit code {code}: {message:.300}"
        raise DataError(message)
    assert harmless(message)
    return out.getvalue()


def _printable(page: str) -> None:
    assert "HR@" in page and harmless(page)


LOG_FILE = Loader("log file", _log_file, sound_log, CELL + r"|'[^']*log[^']*'|path of a file")
CATALOG_FILE = Loader(
    "catalogue file", _catalog_file, sound_catalog, CELL + r"|'[^']*items[^']*'", warns=(DataWarning,)
)
REPLAY = Loader(
    "replay", _replay, _printable, r"(?m)^lifelong-widgets: error: |^usage: ", warns=(DataWarning,)
)


def _movielens(path: Path) -> tuple[Catalog, Interactions]:
    names = ["ml-100k/u.data", "ml-100k/u.item"]
    events, items = movielens_files.parse_canonical(*movielens_files.read_members(path, names))
    catalog = Catalog.from_pandas(items, text=("year",))
    return catalog, Interactions.from_pandas(events, kind="rating", catalog=catalog)


def _movielens_wheel(path: Path) -> tuple[Catalog, Interactions]:
    names = [movielens_files.WHEEL_FOLDER + name for name in ("ml-100k.inter", "ml-100k.item")]
    events, items = movielens_files.parse_wheel(*movielens_files.read_members(path, names))
    catalog = Catalog.from_pandas(items, text=("year",))
    return catalog, Interactions.from_pandas(events, kind="rating", catalog=catalog)


def _sound_pair(pair: tuple[Catalog, Interactions]) -> None:
    sound_catalog(pair[0])
    sound_log(pair[1])


_ARCHIVE = CELL + r"|MovieLens|no items|no events"
MOVIELENS = Loader("MovieLens zip", _movielens, _sound_pair, _ARCHIVE)
MOVIELENS_WHEEL = Loader("MovieLens wheel", _movielens_wheel, _sound_pair, _ARCHIVE)

SAVED = Loader("saved recommender", Recommender.load, sound_recommender, r"\.lw")


def _open_journal(path: Path) -> Recommender:
    """A copy of it, since opening writes."""
    copy = path.absolute().parents[1] / SCRATCH / path.name
    shutil.copytree(path, copy)
    return Recommender.open(copy, progress=False)


def _sound_journal(recommender: Recommender) -> None:
    journal = recommender.journal
    assert journal is not None
    folder = journal.folder
    try:
        sound_recommender(recommender)
        known = fingerprint(recommender)
        recommender.close()
        with Recommender.open(folder, read_only=True, progress=False) as look:
            assert fingerprint(look) == known
    finally:
        recommender.close()


JOURNAL = Loader(
    "journal",
    _open_journal,
    _sound_journal,
    r"shop\.lw",
    warns=(JournalWarning,),
)


# ---- objects ---------------------------------------------------------------------------------------------


def _from_pandas(given: tuple[Any, dict[str, Any]]) -> Interactions:
    return Interactions.from_pandas(given[0], **given[1])


def _catalog_from_pandas(given: tuple[Any, dict[str, Any]]) -> Catalog:
    return Catalog.from_pandas(given[0], **given[1])


def _catalog_from_records(given: tuple[Any, dict[str, Any]]) -> Catalog:
    return Catalog.from_records(given[0], **given[1])


def _add(given: tuple[Catalog, Any]) -> Catalog:
    given[0].add(given[1])
    return given[0]


LOG_FRAME = Loader("Interactions.from_pandas", _from_pandas, sound_log, CELL + r"|kind|log|events|catalog")
CATALOG_FRAME = Loader(
    "Catalog.from_pandas", _catalog_from_pandas, sound_catalog, CELL + r"|catalogue|items|category_separator"
)
RECORDS = Loader(
    "Catalog.from_records",
    _catalog_from_records,
    sound_catalog,
    CELL + r"|item|catalogue|text column|^[^:]+: ",
)
ADD = Loader(
    "Catalog.add",
    _add,
    sound_catalog,
    r"row|item|column|^[^:]+: ",
    lambda given: catalog_fingerprint(given[0]),
)
KINDS_DICT = Loader("FeedbackKinds.from_dict", FeedbackKinds.from_dict, sound_kinds, r"kind|weight|of ['\"]")
FEEDBACK = Loader(
    "Feedback",
    lambda fields: [Feedback(**fields)],
    sound_events,
    r"user|item|kind|time|value|shown|feedback",
)


# ---- what changes a recommender --------------------------------------------------------------------------


def _shop_state(given: tuple[Recommender, Any]) -> str:
    """Of the model, and of the log that it is written down in."""
    shop = given[0]
    assert shop.journal
    return f"{fingerprint(shop)} {shop.digest()} {shop.journal.last_id} {shop.journal.digest()}"


def _learn_one(given: tuple[Recommender, dict[str, Any]]) -> Recommender:
    given[0].learn_one(**given[1])
    return given[0]


def _learn_many(given: tuple[Recommender, Any]) -> Recommender:
    given[0].learn_many(given[1], progress=False)
    return given[0]


def _fit(given: tuple[Recommender, Any]) -> Recommender:
    given[0].fit(given[1], progress=False)
    return given[0]


def _add_live(given: tuple[Recommender, Any]) -> Recommender:
    given[0].catalog.add(given[1])
    return given[0]


def _set_kinds(given: tuple[Recommender, Any]) -> Recommender:
    given[0].kinds = given[1]
    return given[0]


def _set(given: tuple[Recommender, tuple[str, str, Any]]) -> Recommender:
    part, name, value = given[1]
    setattr(given[0].parts[part], name, value)
    return given[0]


_EVENT = r"user|item|kind|time|value|shown|Feedback|feedback|log|events|people|entry"
LEARN_ONE = Loader("learn_one", _learn_one, sound_recommender, _EVENT, _shop_state)
LEARN_MANY = Loader("learn_many", _learn_many, sound_recommender, _EVENT, _shop_state)
FIT = Loader("fit", _fit, sound_recommender, _EVENT, _shop_state)
ADD_LIVE = Loader("catalog.add", _add_live, sound_recommender, r"row|item|column|^[^:]+: ", _shop_state)
SET_KINDS = Loader("kinds =", _set_kinds, sound_recommender, r"kind", _shop_state)
SETTING = Loader(
    "a hyperparameter",
    _set,
    sound_recommender,
    r"trait|cannot change|hyperparameter",
    _shop_state,
    allowed=(traitlets.TraitError,),
)
