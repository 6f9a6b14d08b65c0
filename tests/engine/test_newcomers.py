"""An item that nobody has taken yet is found by what it is, from when it was released."""

from __future__ import annotations

import datetime
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets import Catalog, Feedback, Interactions, Recommender
from lifelong_widgets.errors import ClockWarning, DataError
from lifelong_widgets.evaluation import prequential
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommendations import Recommendations

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
    with pytest.warns(ClockWarning, match="1 of 1"):
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


def latest(rec: Recommender, shown: Recommendations) -> float:
    """When the last one of those was released that nobody has taken."""
    new = [item for item in shown.items if rec.memory.newcomers.is_new(rec.catalog.index_of(item))]
    return max(rec.catalog[item].released or 0.0 for item in new)


def test_a_list_is_of_the_moment_that_is_asked_about(file: Path) -> None:
    rec = Recommender.load(file)
    for now in (FITTED - 5 * DAY, FITTED + 2 * DAY, 1e9):
        shown = rec.recommend("r1", k=250, now=now)
        assert latest(rec, shown) <= now
        assert rec.compress().recommend("r1", k=250, now=now).items
    assert latest(rec, rec.recommend("r1", k=250, now=FITTED + 2 * DAY)) == FITTED + 2 * DAY
    assert latest(rec, rec.recommend("r1", k=250)) <= FITTED, "and without it of that of the log"
    rec.catalog.add({"item": "next week", "released": FITTED + 7 * DAY})
    assert "next week" in rec.recommend("r1", k=300).items, "the clock of the log may have stopped before"
    assert "next week" not in rec.recommend("r1", k=300, now=FITTED + 6 * DAY).items
    assert "next week" in rec.recommend("r1", k=300, now=FITTED + 7 * DAY).items
    for now in ("noon", float("nan"), 1e15, True, [1.0]):
        with pytest.raises(DataError, match="now"):
            rec.recommend("r1", now=now)  # type: ignore[arg-type]
    naive = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=FITTED + 7 * DAY)  # UTC, as in logs
    zoned = naive.replace(tzinfo=datetime.UTC).astimezone(datetime.timezone(datetime.timedelta(hours=-5)))
    there = rec.recommend("r1", k=300, now=FITTED + 7 * DAY).items
    for now in (naive, zoned, naive.isoformat(), np.datetime64(naive), pd.Timestamp(naive)):
        assert rec.recommend("r1", k=300, now=now).items == there
        assert (
            rec.explain("r1", there[0], now=now).score == rec.explain("r1", there[0], FITTED + 7 * DAY).score
        )


def test_a_click_is_learned_from_the_list_of_its_moment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rec, later = Recommender.load(file), FITTED + 2 * DAY
    looks: list[float] = []
    candidates = rec.memory.candidates
    monkeypatch.setattr(
        rec.memory,
        "candidates",
        lambda past, *rest: looks.append(past.moment.time) or candidates(past, *rest),
    )
    shown = rec.recommend("r1", now=later, reasons=False)
    rec.learn_one(user="r1", item=shown.items[0], kind="like", time=later)
    assert looks == [later], "once"


def test_one_wrong_clock_releases_nothing_and_ages_nothing(file: Path) -> None:
    rec, wrong = Recommender.load(file), Recommender.load(file)
    rec.learn_one(user="r7", item="i3", kind="like")
    wrong.learn_one(user="r7", item="i3", kind="like", time=4e9)
    for one in (rec, wrong):
        one.learn_one(user="r8", item="i4", kind="like", time=FITTED)
    assert wrong.histories.clock == FITTED
    assert wrong.digest() == rec.digest(), "as if nobody had said when it was"
    assert latest(wrong, wrong.recommend("r1", k=250)) <= FITTED


def test_a_wrong_clock_is_undone_and_restored(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "live", CATALOG, embedding_dim=4, hidden_dim=4) as rec:
        for n, time in enumerate((10 * DAY, 11 * DAY, 4e9, 11 * DAY, 4e9)):
            before = rec.digest()
            rec.learn_one(user=n, item=f"i{n}", kind="like", time=time)
            rec.undo()
            assert rec.digest() == before
            rec.learn_one(user=n, item=f"i{n}", kind="like", time=time)
        rec.catalog.add({"item": "new", "released": 20 * DAY})
        rec.learn_one(user=1, item="new", kind="like")
        listed, digest = rec.recommend(2, k=100), rec.digest()
    with Recommender.open(tmp_path / "live") as again:
        assert again.digest() == digest
        assert again.recommend(2, k=100).items == listed.items
        assert again.histories.moments([4e9]) == [4e9], "the claim is remembered"


def test_what_is_not_released_yet_is_not_compared_with() -> None:
    catalog = Catalog.from_records({"item": n, "released": 9 * DAY if n >= 400 else 0.0} for n in range(800))
    rec = Recommender(catalog, embedding_dim=4, hidden_dim=4)
    for n in range(30):
        rec.learn_one(user=n % 3, item=n, kind="like", time=DAY)
    moved = np.flatnonzero(rec.network.items.n_updates)
    assert moved.max() < 400 < 2 * len(moved)
    rec.catalog.add([{"item": f"new {n}"} for n in range(400)])
    rec.learn_one(user=1, item=1, kind="like", time=9 * DAY - 1.0)
    moved = np.flatnonzero(rec.network.items.n_updates)
    assert moved.max() >= 800 and not ((moved >= 400) & (moved < 800)).any(), "what was added is there"
    rec.learn_one(user=1, item=1, kind="like", time=9 * DAY)
    assert ((np.flatnonzero(rec.network.items.n_updates) // 400) == 1).any(), "from its release on"


def test_times_that_do_not_go_with_those_of_the_items_are_told() -> None:
    counted = [Feedback(event.user, event.item, "like", float(n)) for n, event in enumerate(LOG[:200])]
    real = Catalog.from_records(
        {"item": item.id, "released": 1.6e9 + (item.released or 0.0)} for item in CATALOG
    )
    settings = {"embedding_dim": 4, "hidden_dim": 4, "epochs": 1}
    rec = Recommender(real, **settings)
    with pytest.warns(ClockWarning, match="events are of 1970-01-01, items of 2020-09") as of_fit:
        rec.fit(Interactions.from_events(counted), progress=False)
    rec = Recommender(real, **settings)
    with pytest.warns(ClockWarning, match="1 of 1 events") as of_click:
        rec.learn_one(counted[5])
    rec = Recommender(real, **settings)
    with pytest.warns(ClockWarning) as of_many:
        rec.learn_many(Interactions.from_events(counted), progress=False)
    for said in (of_fit, of_click, of_many):
        assert {warning.filename for warning in said} == {__file__}  # the line that called
    with warnings.catch_warnings():
        warnings.simplefilter("error", ClockWarning)
        rec.learn_one(counted[6])  # once is enough
        fine = Recommender(CATALOG, **settings)
        fine.learn_one(LOG[0])
        fine.fit(LOG[:200], progress=False)
