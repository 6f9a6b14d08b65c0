"""A catalogue that starts empty or small: what its later items are known by, and who is told."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from lifelong_widgets.data import Catalog, Feedback, Interactions
from lifelong_widgets.errors import FeatureWarning
from lifelong_widgets.recommender import Recommender

QUIET: dict[str, Any] = {"progress": False}
TITLES = ["A red lamp of the sea", "Tide tables", "Buttons of the forest"]


def titled(numbers: range, more: str = "") -> list[dict[str, Any]]:
    return [{"item": n, "title": TITLES[n % 3] + more, "categories": [f"shelf {n % 3}"]} for n in numbers]


def grown(n_at_first: int = 0, **settings: Any) -> Recommender:
    catalog = Catalog.from_records([{"item": 1000 + n, "title": "alpha beta"} for n in range(n_at_first)])
    return Recommender(catalog, **{"embedding_dim": 8, "epochs": 1, **settings})


def n_telling(rec: Recommender) -> int:
    return int(rec.features.transform(list(rec.catalog)).any(axis=1).sum())


def test_who_starts_with_nothing_is_told_once_that_a_fit_is_needed() -> None:
    rec = grown()
    rec.catalog.add(titled(range(30)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(30):
            rec.learn_one(user="ada", item=n, kind="click")
        rec.catalog.add(titled(range(30, 60)))
        rec.recommend("ada")
    assert [warning.category for warning in caught] == [FeatureWarning]
    said = str(caught[0].message)
    assert "30 of 30 items have words or categories" in said and "learned from 0 items" in said
    assert "fit(log)" in said and "text_features='hashing'" in said
    assert caught[0].filename == __file__
    assert n_telling(rec) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rec.fit(Interactions.from_events([Feedback("ada", n, time=float(n)) for n in range(30)]), **QUIET)
        rec.recommend("ada")
    assert n_telling(rec) == 60


def test_who_starts_with_a_few_is_told_the_numbers() -> None:
    rec = grown(5)
    rec.catalog.add(titled(range(300)))
    with pytest.warns(FeatureWarning, match=r"300 of 305 items .* learned from 5 items"):
        rec.recommend("ada")
    rec.learn_one(user="ada", item=3, kind="click")


def test_a_warning_that_is_an_error_changes_nothing() -> None:
    rec = grown()
    rec.catalog.add(titled(range(30)))
    rec.apply_items([])
    before = rec.digest()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FeatureWarning):
            rec.learn_one(user="ada", item=3, kind="click")
        assert rec.digest() == before
        rec.learn_one(user="ada", item=3, kind="click")


@pytest.mark.filterwarnings("error")
def test_ordinary_use_is_told_nothing(tmp_path: Path) -> None:
    rec = grown(30)
    rec.catalog.add(titled(range(25)))  # with words of their own, and fewer than there were
    rec.recommend("ada")
    few = grown(2)
    few.catalog.add(titled(range(9)))
    few.recommend("ada")
    wordless = grown(2)
    wordless.catalog.add([{"item": n, "title": "1"} for n in range(40)])
    wordless.recommend("ada")
    known = grown(2)
    known.catalog.add([{"item": n, "title": f"alpha {n}"} for n in range(40)])
    known.recommend("ada")
    without = grown(2, text_features="none", categories_features="none")
    without.catalog.add(titled(range(40)))
    without.recommend("ada")
    begun_empty = grown()
    begun_empty.catalog.add(titled(range(40)))
    log = Interactions.from_events([Feedback("ada", n, time=float(n)) for n in range(30)])
    begun_empty.fit(log, **QUIET)  # which is what it would be told to do
    begun_empty.recommend("ada")
    begun_empty.save(tmp_path / "fitted.lw")
    loaded = Recommender.load(tmp_path / "fitted.lw")
    loaded.catalog.add(titled(range(100, 130), more=" anew"))
    loaded.recommend("ada")


def test_undoing_neither_counts_twice_nor_tells_again() -> None:
    rec = grown(12)
    rec.catalog.add(titled(range(9)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            rec.learn_one(user="ada", item=3, kind="click")
            rec.undo(**QUIET)
        rec.recommend("ada")
    rec.catalog.add(titled(range(9, 20)))
    with pytest.warns(FeatureWarning, match=r"20 of 32 items"):
        rec.recommend("ada")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rec.learn_one(user="ada", item=3, kind="click")
        rec.undo(**QUIET)
        rec.recommend("ada")


@pytest.mark.filterwarnings("error")
def test_hashed_words_are_content_at_once_in_a_catalogue_that_starts_empty() -> None:
    rec = grown(text_features="hashing")
    rec.catalog.add(titled(range(30)))
    for n in range(0, 30, 3):
        rec.learn_one(user="ada", item=n, kind="click")
    assert n_telling(rec) == 30
    lamp, tide, other_lamp = rec.features.transform([rec.catalog[n] for n in (0, 1, 3)])
    assert lamp @ other_lamp > lamp @ tide
    rec.recommend("ada")
