"""A learner to be killed: it does whatever comes, and says what it begins and what has returned."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lifelong_widgets.data import Catalog, Feedback, Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommender import Recommender
from tests.soak.shop import rows

ITEMS, PEOPLE = 60, 12
SIZES: dict[str, Any] = {
    "embedding_dim": 8,
    "hidden_dim": 16,
    "history_length": 6,
    "n_negatives": 20,
    "capacity": 100,
    "epochs": 1,
}
CHECKPOINT_EVERY = 20

Say = Callable[..., None]

_LIVE: dict[str, Callable[[np.random.Generator], Any]] = {
    "learning_rate": lambda rng: float(rng.uniform(0.0001, 0.01)),
    "replay_ratio": lambda rng: int(rng.integers(4)),
    "new_item_boost": lambda rng: float(rng.uniform(1, 10)),
    "delta": lambda rng: float(rng.uniform(0.01, 0.5)),
}
_OTHERS: dict[str, Callable[[np.random.Generator], Any]] = {  # of drift: another k starts the watch afresh
    "top_k": lambda rng: int(rng.integers(1, 11)),
    "min_events": lambda rng: int(rng.integers(10, 60)),
}
_OF_A_FIT: dict[str, Callable[[np.random.Generator], Any]] = {
    "fit_learning_rate": lambda rng: float(rng.uniform(0.0005, 0.01)),
    "batch_size": lambda rng: int(rng.integers(1, 40)),
    "max_categories": lambda rng: int(rng.integers(2, 30)),
}

_SHARES = {
    "learn_one": 0.57,
    "observe": 0.06,
    "learn_many": 0.12,
    "undo": 0.06,
    "deep undo": 0.02,
    "settings": 0.05,
    "reopen": 0.01,
    "items": 0.03,
    "kinds": 0.01,
    "checkpoint": 0.02,
    "save": 0.03,
    "forget": 0.01,
    "fit": 0.01,
}
_PENDING = {"settings", "items", "kinds", "reopen"}  # what they change is written with the next event
_WRITING = {"learn_one", "observe", "learn_many", "checkpoint", "fit"}  # and so by these


def beginning() -> Catalog:
    """The items that every journal begins with."""
    return Catalog.from_pandas(rows(ITEMS))


def live(folder: Path, seed: int, say: Say) -> None:
    """Open the journal and go on for ever."""
    rng = np.random.default_rng(seed)
    rec = _opened(folder)
    assert rec.journal
    say("open", rec.journal.last_id, rec.digest())
    pending = False
    for number in itertools.count():
        name = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
        if name == "reopen":
            say("begin", name, 0, "")
            rec.close()
            rec = _opened(folder, **_drawn(_LIVE, rng))
            assert rec.journal
        else:
            _do(rec, name, rng, f"{seed}-{number}", say)
        pending = name in _PENDING or (pending and name not in _WRITING)
        say("done", rec.journal.last_id, "" if pending else rec.digest())


def _opened(folder: Path, **settings: Any) -> Recommender:
    return Recommender.open(
        folder, beginning(), checkpoint_every=CHECKPOINT_EVERY, progress=False, **SIZES, **settings
    )


def _drawn(
    settings: dict[str, Callable[[np.random.Generator], Any]], rng: np.random.Generator
) -> dict[str, Any]:
    """New values of about half of `settings`, in a random order."""
    return {
        name: settings[name](rng) for name in rng.permutation(list(settings)).tolist() if rng.random() < 0.5
    }


def _set(rec: Recommender, settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        part = next(part for part in rec.parts.values() if part.has_trait(name))
        setattr(part, name, value)


def _do(rec: Recommender, name: str, rng: np.random.Generator, tag: str, say: Say) -> None:
    """One operation. Says beforehand its name, how many events it hands in, what it is about, and whose."""
    person, item = f"person {rng.integers(PEOPLE)}", int(rng.integers(len(rec.catalog)))
    if name in ("learn_one", "observe"):
        shown = rec.recommend(person, reasons=False).items if rng.random() < 0.7 else None
        kind = str(rng.choice(["click", "like", "view", "skip"]))
        event = Feedback(person, item, kind, value=float(rng.random()), shown=shown or None, id=tag)
        say("begin", name, 1, tag, person)
        (rec.learn_one if name == "learn_one" else rec.observe)(event)
    elif name in ("learn_many", "fit"):
        n, batch_size = (40, 0) if name == "fit" else (int(rng.integers(1, 80)), int(rng.integers(1, 20)))
        log = _events(rec, rng, n)
        say("begin", name, n, "", ",".join(str(event.user) for event in log))
        if name == "fit":
            _set(rec, _drawn(_OF_A_FIT, rng))
            rec.fit(log, progress=False)
        else:
            rec.learn_many(log, batch_size, progress=False)
    elif name == "save":
        copy = _beside(rec)
        say("begin", name, 0, rec.digest())
        rec.save(copy)
    elif name == "forget":
        say("begin", name, 0, person)
        _if_there_is(rec.forget, person, progress=False, verify=bool(rng.random() < 0.5))
    else:
        say("begin", name, 0, "")
        _change(rec, name, rng)


def _change(rec: Recommender, name: str, rng: np.random.Generator) -> None:
    if name in ("undo", "deep undo"):
        _if_there_is(rec.undo, int(rng.integers(1, 4 if name == "undo" else 40)), progress=False)
    elif name == "settings":
        _set(rec, _drawn(_LIVE | _OTHERS, rng))
    elif name == "items":
        rec.catalog.add(rows(int(rng.integers(1, 4)), len(rec.catalog)))
    elif name == "kinds":
        rec.kinds = rec.kinds.with_weights(view=float(rng.uniform(0, 1)))
    else:
        rec.checkpoint()


def copy_of(folder: Path) -> Path:
    """Where the learner saves copies of its model."""
    return folder.with_suffix(".copy")


def _beside(rec: Recommender) -> Path:
    assert rec.journal
    return copy_of(rec.journal.folder)


def _events(rec: Recommender, rng: np.random.Generator, n: int) -> Interactions:
    people, items = rng.integers(PEOPLE, size=n), rng.integers(len(rec.catalog), size=n)
    events = (Feedback(f"person {who}", int(what), "like") for who, what in zip(people, items, strict=True))
    return Interactions.from_events(events, rec.kinds, times=range(n))


def _if_there_is(verb: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    with contextlib.suppress(DataError):  # there are not so many events, or none of this person
        verb(*args, **kwargs)
