"""Items by what people did: what each featurizer says, and that it works in the live loop."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from lifelong_widgets import Recommender
from lifelong_widgets.data import Catalog, Feedback, Interactions, Item
from lifelong_widgets.errors import DataError, MissingExtraError
from lifelong_widgets.featurizers import (
    FEATURIZERS,
    AudienceFeaturizer,
    Item2VecFeaturizer,
    UsageFeaturizer,
    Winsorizer,
    word2vec,
)
from lifelong_widgets.featurizers.moments import clock, session_positions
from lifelong_widgets.featurizers.scaling import NumberScale
from lifelong_widgets.featurizers.word2vec import train_word2vec


def shelf() -> Catalog:
    return Catalog.from_records(
        {"item": f"{crowd}{n}", "title": f"{crowd} {n}"} for crowd in "xy" for n in range(6)
    )


SHELF = shelf()  # read only
DAY = 86_400.0


def crowds(n_people: int = 60, n_events: int = 12, seed: int = 0) -> Interactions:
    """Half of the people take items of x, half of y, in any order."""
    rng = np.random.default_rng(seed)
    return Interactions.from_events(
        Feedback(person, f"{'xy'[person % 2]}{rng.integers(6)}", time=1e4 * person + step)
        for person in range(n_people)
        for step in range(n_events)
    )


@pytest.mark.parametrize(
    "made", [Item2VecFeaturizer(8, epochs=40), AudienceFeaturizer(8)], ids=lambda f: f._label()
)
def test_the_nearest_items_are_of_the_same_crowd(made: Item2VecFeaturizer | AudienceFeaturizer) -> None:
    rows = made.fit(list(SHELF), crowds()).transform(list(SHELF))
    alike = rows @ rows.T
    np.fill_diagonal(alike, -np.inf)
    nearest = np.argsort(-alike, axis=1)[:, :3] // 6
    assert (nearest == (np.arange(12) // 6)[:, None]).all()


def test_a_skip_is_no_taste_and_an_item_that_was_only_skipped_is_missing() -> None:
    log = Interactions.from_events([*crowds(), *(Feedback(0, "y0", "skip", 1e4 + n) for n in range(50))])
    for made in (Item2VecFeaturizer(4), AudienceFeaturizer(4)):
        without = made.fit(list(SHELF), crowds()).transform(list(SHELF))
        np.testing.assert_array_equal(made.fit(list(SHELF), log).transform(list(SHELF)), without)
        only = Interactions.from_events([Feedback(0, "x0", time=1.0), Feedback(0, "y0", "skip", 2.0)])
        x0, y0 = made.fit(list(SHELF), only).transform([SHELF["x0"], SHELF["y0"]])
        assert x0.any() and not y0.any()


@pytest.mark.parametrize("name", ["item2vec", "audience", "usage", "author"])
def test_a_log_of_skips_alone_and_a_shelf_without_authors(name: str) -> None:
    made = {kind: made for kinds in FEATURIZERS.values() for kind, made in kinds.items()}[name]()
    log = Interactions.from_events(Feedback("ada", f"x{n}", "skip", time=n) for n in range(3))
    rows = made.fit(list(SHELF), log).transform(list(SHELF))
    assert rows.shape == (12, made.width) == (12, len(made.get_feature_names_out()))
    assert rows.any() == (name == "usage")


def test_columns_are_named_by_items_that_people_know() -> None:
    names = AudienceFeaturizer(2).fit(list(SHELF), crowds()).get_feature_names_out()
    assert names[0].startswith("audience: ")
    assert all(part.split()[0] in "xy" for part in names[0].removeprefix("audience: ").split("+"))


def test_usage_says_what_happened() -> None:
    events = [Feedback(user, "x0", time=DAY * user, value=9.0) for user in range(8)]
    events += [Feedback(0, "y0", time=50 * DAY + 60.0 * n, value=1.0) for n in range(4)]
    events += [Feedback(user, "x1", "skip", time=60 * DAY) for user in range(2)]
    features = UsageFeaturizer().fit(list(SHELF), Interactions.from_events(events))
    rows = pd.DataFrame(
        features.transform([SHELF[item] for item in ("x0", "y0", "x1", "x2")]),
        index=["x0", "y0", "x1", "x2"],
        columns=[name.removeprefix("usage: ") for name in features.get_feature_names_out()],
    )
    assert rows["people (log)"].idxmax() == "x0"
    assert rows["share of repeats"].idxmax() == "y0"
    assert rows["session position (log)"].idxmax() == "y0"
    assert rows["mean reward"].idxmin() == "x1"
    assert rows.loc["x0", "mean value"] > 0 > rows.loc["y0", "mean value"]
    assert rows.loc["x1", "mean value"] == 0.0, "without a value: the mean"
    assert not rows.loc["x2"].any()


@pytest.mark.parametrize("name", ["item2vec", "audience", "usage"])
def test_in_the_live_loop_by_one_argument(name: str, tmp_path: Path) -> None:
    rec = Recommender(shelf(), behavior_features=name, n_behavior_components=4, epochs=1)
    rec.fit(crowds(20, 4))
    rec.learn_one(user="me", item="x1")
    rec.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    for learner in (rec, again):
        learner.catalog.add({"item": "brand new", "title": "x 9"})
        learner.learn_one(user="me", item="brand new")
    pd.testing.assert_frame_equal(
        rec.recommend("me", k=5).to_pandas(), again.recommend("me", k=5).to_pandas()
    )


# ---- the tools


def test_word2vec_has_the_same_bits_in_another_process_whatever_the_hash_seed() -> None:
    sentences = [list("abcab"), list("dacb")] * 20
    code = (
        f"import runpy; train = runpy.run_path({word2vec.__file__!r})['train_word2vec']\n"
        f"words, rows = train({sentences!r}, dim=6, seed=3)\n"
        "print(words, rows.tobytes().hex())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    words, rows = train_word2vec(sentences, dim=6, seed=3)
    assert found.stdout == f"{words} {rows.tobytes().hex()}\n"
    assert not np.array_equal(rows, train_word2vec(sentences, dim=6, seed=4)[1])


def test_word2vec_reads_all_of_a_very_long_sentence_and_leaves_out_rare_words() -> None:
    words, rows = train_word2vec([["a", "b"] * 6_000 + ["c", "c", "d"]], dim=2, seed=0, epochs=1, min_count=2)
    assert words == ["a", "b", "c"]
    assert rows.shape == (3, 2) and rows.dtype == np.float32
    assert train_word2vec([], dim=5, seed=0)[1].shape == (0, 5)


def test_without_gensim_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def missing(name: str, *rest: str) -> object:
        if name.startswith("gensim"):
            raise builtins.ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'lifelong-widgets\[text\]'"):
        Item2VecFeaturizer().fit(list(SHELF), crowds(2))


@given(st.floats(0, 4e9), st.integers(1, 60))
def test_the_clock_comes_round_every_week(time: float, weeks: int) -> None:
    now, later = clock([time, time + weeks * 7 * DAY])
    np.testing.assert_allclose(now, later, atol=1e-4)
    assert now @ now == pytest.approx(3.0)


def test_positions_begin_anew_after_half_an_hour_and_with_each_person() -> None:
    rows = {"user": list("aabaab"), "item": range(6), "time": [0, 10, 15, 1_810, 3_611, 3_612]}
    log = Interactions.from_pandas(pd.DataFrame(rows))
    assert session_positions(log).tolist() == [0, 1, 0, 2, 0, 0]


def test_winsorized_columns_keep_their_bounds_for_new_rows() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 2))
    rows[3] = np.nan
    clipped = Winsorizer(0.1, 0.9).fit(rows).transform(np.array([[1e9, -1e9], [np.nan, 0.0]]))
    low, high = np.nanquantile(rows, [0.1, 0.9], axis=0)
    np.testing.assert_allclose(clipped, [[high[0], low[1]], [np.nan, 0.0]])
    with pytest.raises(DataError, match=r"0 <= lower <= upper <= 1"):
        Winsorizer(0.9, 0.1).fit(rows)
    with pytest.raises(DataError, match="3 columns; it was fitted on 2"):
        Winsorizer().fit(rows).transform(np.zeros((1, 3)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [Winsorizer, NumberScale])
def test_scales_are_transformers_of_scikit_learn(kind: type[Winsorizer] | type[NumberScale]) -> None:
    frame = pd.DataFrame({"seconds": [3.0, 5.0, 4.0, np.nan], "stars": [1.0, 2.0, 5.0, 4.0]})
    rows = frame.to_numpy()
    with pytest.raises(NotFittedError):
        kind().transform(rows)
    expected = kind().fit(rows).transform(rows)
    np.testing.assert_array_equal(kind().fit_transform(frame), expected)
    assert kind().fit(rows).get_feature_names_out().tolist() == ["x0", "x1"]
    for fitted in (clone(kind()).fit(frame), make_pipeline(kind()).fit(frame)):
        assert fitted.get_feature_names_out().tolist() == ["seconds", "stars"]
        np.testing.assert_array_equal(fitted.transform(frame[:2]), expected[:2])
        with pytest.raises(DataError, match="columns are stars, seconds; it was fitted on seconds, stars"):
            fitted.transform(frame[["stars", "seconds"]])
        with pytest.raises(DataError, match="3 columns; it was fitted on 2"):
            fitted.transform(np.zeros((1, 3)))
    again = kind().fit(frame).fit(rows)
    assert again.get_feature_names_out().tolist() == ["x0", "x1"], "of the fit before nothing is left"
    wide = kind().set_output(transform="pandas").fit_transform(frame)
    assert list(wide.columns) == ["seconds", "stars"]
    with pytest.raises(DataError, match=r"rows and columns, \(n, 2\)"):
        NumberScale().fit(rows).transform(rows[0])


@pytest.mark.filterwarnings("error")
def test_a_scale_of_nothing_or_of_one_value_gives_zeros() -> None:
    for rows in (np.zeros((0, 2)), np.full((3, 2), 7.0), np.full((3, 2), np.nan)):
        scale = NumberScale().fit(rows)
        again = NumberScale().set_state(scale.get_state())
        np.testing.assert_array_equal(again.transform(rows), np.zeros(rows.shape))


def test_directions_that_the_same_items_lie_far_along_have_names_of_their_own() -> None:
    shelf = [Item(n, "Fog" if n < 3 else "") for n in range(3)]  # three of one title
    rng = np.random.default_rng(0)
    log = Interactions.from_events(
        Feedback(f"u{user}", int(item), time=float(n))
        for n, (user, item) in enumerate(rng.integers((20, 3), size=(60, 2)))
    )
    names = AudienceFeaturizer(n_behavior_components=3).fit(shelf, log).get_feature_names_out().tolist()
    assert names == ["audience: Fog+Fog+Fog", "audience: Fog+Fog+Fog (2)", "audience: Fog+Fog+Fog (3)"]
