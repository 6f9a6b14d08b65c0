"""What every featurizer must do. A new one is added to `FEATURIZERS` and passes these without a change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from lifelong_widgets.data import Catalog, Feedback, Interactions, Item
from lifelong_widgets.errors import DataError, SettingError
from lifelong_widgets.featurizers import FEATURIZERS, FeatureSettings, Featurizer, LearnedText
from lifelong_widgets.recommender import Recommender
from tests.featurizers.media_files import write_media

SHELF = [
    Item(
        "a",
        "The Lamp at the End of the Pier",
        ("Mystery", "Sea"),
        {"description": "A lamp on the pier goes out.", "author": "Wick"},
        image="lamp.png",
        audio="lamp.wav",
    ),
    Item(
        "b",
        "Tide Tables for Beginners",
        ("Sea",),
        {"description": "Learning to wait for the tide.", "author": "Moon"},
        image="tide.png",
        audio="tide.wav",
    ),
    Item(
        "c",
        "A Short History of Buttons",
        ("History",),
        {"description": "Buttons, and who lost them.", "author": "Hook"},
        image="buttons.png",
        audio="buttons.wav",
    ),
    Item(
        "d",
        "The Second Lamp",
        ("Mystery",),
        {"description": "Another lamp on the pier.", "author": "Wick"},
        image="second-lamp.png",
        audio="second-lamp.wav",
    ),
]
LATER = [
    Item("e", "灯塔 Ωmega <b>", ("Opera",), {"description": ""}),
    Item("f", "The Lamp", ("Sea",), {}, image="lamp.png", audio="lamp.wav"),
]
# People of two kinds: in the evening those who take one lamp and then the other, at noon the rest.
LOG = Interactions.from_events(
    Feedback(f"u{person}", item, time=86_400.0 * day + 3_600.0 * hour + 60.0 * place, value=float(hour))
    for person in range(40)
    for day in range(3)
    for hour, shelf in [[(21, "ad"), (12, "bc")][person % 2]]
    for place, item in enumerate(shelf)
)
KNOWN_BY_BEHAVIOR_ALONE = ("behavior-", "social-")
"""These say nothing of an item that nobody took, and whose author nobody knows."""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures and sounds of the shelf."""
    return write_media(tmp_path_factory.mktemp("media"))


@pytest.fixture(autouse=True)
def beside_the_media(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(media)


MADE: dict[str, Callable[[], Featurizer]] = {
    f"{modality}-{name}": kind for modality, kinds in FEATURIZERS.items() for name, kind in kinds.items()
}
MADE["fusion"] = lambda: FeatureSettings(n_text_components=8).make(seed=0)


@pytest.fixture(params=MADE)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def featurizer(name: str) -> Featurizer:
    return MADE[name]()


def test_shape_type_and_names(featurizer: Featurizer) -> None:
    rows = featurizer.fit(SHELF, LOG).transform(SHELF)
    assert rows.shape == (len(SHELF), featurizer.width)
    assert len(set(featurizer.get_feature_names_out())) == featurizer.width, "no two columns are called alike"
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert (np.abs(rows).sum(axis=1) > 0).all()


def test_items_that_come_later_get_the_same_width(name: str, featurizer: Featurizer) -> None:
    width = featurizer.fit(SHELF, LOG).transform(SHELF).shape[1]
    later = featurizer.transform(LATER)
    assert later.shape == (2, width)
    assert np.isfinite(later).all()
    if name.startswith(KNOWN_BY_BEHAVIOR_ALONE):
        assert not later.any(), "what nobody took is missing, not guessed"
    else:
        assert np.abs(later[1]).sum() > 0, "an item with known words and categories is placed by them"


def test_alike_items_lie_nearer_than_unlike_ones(featurizer: Featurizer) -> None:
    if isinstance(featurizer, LearnedText):  # which says nothing before a recommender has trained it
        same = featurizer.fit(SHELF).transform([SHELF[0], replace(SHELF[0], id="other")])
        np.testing.assert_array_equal(same[0], same[1])
        return
    pier, _, buttons, second_lamp = featurizer.fit(SHELF, LOG).transform(SHELF)
    assert pier @ second_lamp > pier @ buttons


def test_every_row_has_length_1_or_is_missing(featurizer: Featurizer) -> None:
    lengths = np.linalg.norm(featurizer.fit(SHELF, LOG).transform([*SHELF, *LATER]), axis=1)
    parts = len(getattr(featurizer, "featurizers", [featurizer]))
    present = lengths[lengths > 0] ** 2
    np.testing.assert_allclose(present, np.round(present), atol=1e-5)
    assert present.max() <= parts + 1e-5


def test_without_a_log_it_is_fitted_all_the_same(name: str, featurizer: Featurizer) -> None:
    rows = featurizer.fit(SHELF).transform(SHELF)
    assert rows.shape == (len(SHELF), featurizer.width)
    assert rows.any() != name.startswith(KNOWN_BY_BEHAVIOR_ALONE)


def test_one_item_at_a_time_or_all_at_once_is_the_same(featurizer: Featurizer) -> None:
    featurizer.fit(SHELF, LOG)
    together = featurizer.transform(SHELF)
    alone = np.vstack([featurizer.transform([item]) for item in SHELF])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_row_is_the_sum_of_its_named_parts(featurizer: Featurizer) -> None:
    featurizer.fit(SHELF, LOG)
    for item, row in zip(SHELF, 0.5 * featurizer.transform(SHELF), strict=True):  # fusion may scale a row
        parts = featurizer.parts(item, row)
        assert all(name and isinstance(name, str) for name, _ in parts)
        np.testing.assert_allclose(sum(vector for _, vector in parts), row, atol=1e-5)
    assert featurizer.parts(SHELF[0], np.zeros(featurizer.width, dtype=np.float32)) == []


def test_fitting_twice_gives_the_same_bits(featurizer: Featurizer) -> None:
    first = featurizer.fit(SHELF, LOG).transform(SHELF)
    np.testing.assert_array_equal(first, featurizer.fit(SHELF, LOG).transform(SHELF))


def test_state_is_arrays_and_json_and_brings_everything_back(name: str, featurizer: Featurizer) -> None:
    expected = featurizer.fit(SHELF, LOG).transform([*SHELF, *LATER])
    state = featurizer.get_state()
    for value in state.values():
        if not isinstance(value, np.ndarray):
            json.dumps(value)
    np.testing.assert_array_equal(MADE[name]().set_state(state).transform([*SHELF, *LATER]), expected)


@pytest.mark.parametrize(
    "shelf", [[], [Item(1, "1")], [Item(1, "…"), Item(2, "!")]], ids=["none", "one", "no words"]
)
def test_a_shelf_with_next_to_nothing_on_it(featurizer: Featurizer, shelf: list[Item]) -> None:
    rows = featurizer.fit(shelf).transform(shelf)
    assert rows.shape == (len(shelf), featurizer.width)
    assert np.isfinite(rows).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "title", ["the same few words", "word", "x" * 100_000, "\ud83d<b>"], ids=["few", "one", "long", "odd"]
)
def test_a_shelf_of_items_all_alike_warns_of_nothing(featurizer: Featurizer, title: str) -> None:
    shelf = [Item(n, title, ("Sea",), {"description": title}) for n in range(40)]
    rows = featurizer.fit(shelf).transform(shelf)
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(rows, np.tile(rows[0], (len(rows), 1)))


def test_it_can_be_the_last_step_of_a_pipeline(name: str, featurizer: Featurizer) -> None:
    pipeline = make_pipeline(featurizer).fit(SHELF, LOG)
    expected = MADE[name]().fit(SHELF, LOG).transform(SHELF)
    np.testing.assert_array_equal(pipeline.transform(SHELF), expected)
    restored = MADE[name]().set_state(featurizer.get_state())
    np.testing.assert_array_equal(make_pipeline(restored).transform(SHELF), expected)
    assert len(pipeline.get_feature_names_out()) == featurizer.width


NEEDS_NO_FIT = ("image-colors", "text-hashing")


def test_before_a_fit_it_says_that_there_was_none(name: str, featurizer: Featurizer) -> None:
    if name in NEEDS_NO_FIT:
        assert featurizer.transform(SHELF).any()
        return
    for look in (
        lambda: featurizer.transform(SHELF),
        lambda: make_pipeline(featurizer).transform(SHELF),
        featurizer.get_feature_names_out,
        featurizer.get_state,
        lambda: featurizer.parts(SHELF[0], np.zeros(featurizer.width)),
    ):
        with pytest.raises(NotFittedError, match=r"fit"):
            look()


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["a text", "b"], "not of a str \\('a text'\\)"),
        ("a text", "a list of Items, not of a str"),
        (None, "not of a NoneType"),
        (iter(SHELF), "a list of Items, not of a list_iterator"),
        (pd.DataFrame({"title": ["a"]}), "not of a str \\('title'\\)"),
    ],
    ids=["texts", "text", "none", "iterator", "frame"],
)
def test_what_are_no_items_is_refused_by_name(featurizer: Featurizer, items: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        featurizer.fit(items)
    expected = featurizer.fit(SHELF, LOG).transform(SHELF)
    for verb in (featurizer.fit, featurizer.transform):
        with pytest.raises(DataError, match=said):
            verb(items)
    np.testing.assert_array_equal(featurizer.transform(SHELF), expected)


def test_what_is_no_log_is_refused_where_one_is_read(featurizer: Featurizer) -> None:
    if featurizer.reads_log:
        with pytest.raises(DataError, match=r"an Interactions, not a list: fit\(items, log\)"):
            featurizer.fit(SHELF, [1, 0, 1, 0])
    else:
        assert featurizer.fit(SHELF, [1, 0, 1, 0]).transform(SHELF).any(), "labels of a later step"


@pytest.mark.parametrize("value", [0, -1, 10**9, 2.5, True])
def test_a_number_is_refused_by_the_class_as_it_is_as_a_setting(name: str, value: float) -> None:
    numbers = [argument for argument in MADE[name]().get_params() if argument.startswith("n_")]
    for argument in numbers:
        with pytest.raises(SettingError) as by_setting:
            Recommender(Catalog(), **{argument: value})
        with pytest.raises(SettingError) as by_class:
            MADE[name]().set_params(**{argument: value}).fit(SHELF, LOG)
        assert str(by_class.value) == str(by_setting.value)
        assert f"{argument} is {value!r}; it must be a whole number, 1 … " in str(by_class.value)
        width = MADE[name]().set_params(**{argument: np.int64(3)}).fit([]).width
        assert width == 3, "as a search over parameters gives them"
