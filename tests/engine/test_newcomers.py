"""An item that nobody has taken yet is found by what it is, from when it was released."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifelong_widgets import Catalog, Feedback, Interactions, Recommender
from lifelong_widgets.evaluation import prequential
from lifelong_widgets.memory import NETWORK_ALONE

DAY = 86_400.0
N_GENRES, N_DAYS, N_READERS = 6, 48, 48
FITTED = 40 * DAY


def magazine(seed: int = 0) -> tuple[Catalog, Interactions]:
    """Six issues a day, one of each genre; a reader takes that of their own genre, of today or yesterday."""
    rng = np.random.default_rng(seed)
    issues = [
        {"item": f"i{n}", "categories": [f"genre {n % N_GENRES}"], "released": float(n // N_GENRES) * DAY}
        for n in range(N_DAYS * N_GENRES)
    ]
    events = []
    for day in range(2, N_DAYS):
        for reader in range(N_READERS):
            issue = N_GENRES * (day - int(rng.integers(2))) + reader % N_GENRES
            time = day * DAY + float(rng.integers(3600, 80_000))
            events.append(Feedback(f"r{reader}", f"i{issue}", "like", time))
    return Catalog.from_records(issues), Interactions.from_events(sorted(events, key=lambda e: e.time or 0.0))


CATALOG, LOG = magazine()
CUT = int(np.searchsorted(LOG.times, FITTED))


def fitted(folder: Path, **settings: str) -> Path:
    rec = Recommender(CATALOG, seed=1, **settings)
    rec.fit(LOG[:CUT], progress=False)
    rec.save(folder / "magazine.lw")
    return folder / "magazine.lw"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted(tmp_path_factory.mktemp("magazine"))


def hit_rate_of_first_events(file: Path) -> float:
    rec = Recommender.load(file)
    report = prequential(rec, LOG[CUT:], k=2, depth=10, warm_up=LOG[:CUT], progress=False)
    assert report.earlier is not None
    first = report.ranks["live"][report.earlier == 0]
    assert len(first) >= 30
    return float(np.mean((first > 0) & (first <= 2)))


def test_what_nobody_has_taken_is_recommended_to_whom_it_is_for(file: Path, tmp_path: Path) -> None:
    known = hit_rate_of_first_events(file)
    assert known > 0.5
    by_age_only = fitted(tmp_path, categories_features="none", text_features="none")
    assert known > hit_rate_of_first_events(by_age_only) + 0.1


def test_what_is_not_released_yet_is_not_recommended(file: Path) -> None:
    rec = Recommender.load(file)
    for reader in range(N_GENRES):
        shown = [rec.catalog[item] for item in rec.recommend(f"r{reader}", k=100).items]
        assert len(shown) == 100 and all((item.released or 0.0) <= FITTED for item in shown)
    early = Recommender(CATALOG, seed=1)
    assert len(early.recommend("r0", k=100)) == 100, "before the first event there is no clock"
    early.learn_one(user="r0", item="i200", kind="like")
    assert len(early.recommend("r0", k=100)) == 100, "nor after a click that nobody said the time of"
    early.learn_one(user="r0", item="i201", kind="like", time=1.0)
    shown = early.recommend("r1", k=100).items
    assert set(shown) == {"i0", "i1", "i2", "i3", "i4", "i5", "i200", "i201"}, "what was taken is there"
    early.catalog.add({"item": "later", "released": 99 * DAY})
    assert "later" in early.recommend("r1", k=100).items, "and what is added is"


@pytest.mark.parametrize("alone", [False, True])
def test_what_is_not_released_yet_can_be_asked_about_and_taken(alone: bool) -> None:
    settings = NETWORK_ALONE if alone else {}
    rec = Recommender(CATALOG, seed=1, discount=0.5, **settings)
    for item in ("i0", "i1"):
        rec.learn_one(user="r0", item=item, kind="like", time=DAY / 2)
    assert np.isfinite(list(rec.explain("r0", "i250").parts.values())).all()
    assert np.isfinite(rec.values("r0", ["i250", "i2"]).to_pandas()["value"]).all()
    assert np.isfinite(rec.learn_one(user="r0", item="i250", kind="like", time=DAY).loss)
    assert np.isfinite(list(rec.recommend("r0", k=20).scores)).all()


def test_it_is_the_same_after_saving_and_after_undoing(file: Path, tmp_path: Path) -> None:
    rec = Recommender.load(file)
    rec.catalog.add({"item": "new", "categories": ["genre 2"], "released": rec.histories.clock})
    before = rec.recommend("r2", k=10)
    assert "new" in before.items
    rec.save(tmp_path / "again.lw")
    assert Recommender.load(tmp_path / "again.lw").recommend("r2", k=10).items == before.items
    rec.learn_one(user="r3", item="new", kind="like")
    rec.undo()
    assert rec.recommend("r2", k=10).items == before.items
    assert list(rec.recommend("r2", k=10).scores) == pytest.approx(list(before.scores))
