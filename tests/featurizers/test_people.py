"""What every featurizer of people must do, and what each of them says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from lifelong_widgets.data import Catalog, Feedback, Interactions, SocialGraph
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers import (
    CategoryFeaturizer,
    ContentProfile,
    HabitFeaturizer,
    NeighborTastes,
    NodeEmbedding,
    PersonFeaturizer,
    TallyFeaturizer,
    TasteProfile,
)

DAY = 86_400.0
PEOPLE = ["ada", "bob", "eve", "kit"]
ITEMS = list("abcdef")
SHOP = Catalog.from_records(
    {"item": item, "title": item.upper(), "categories": [["Sea", "Ice", "Sun"][number % 3], "Any"]}
    for number, item in enumerate(ITEMS)
)
GRAPH = SocialGraph.from_pandas(
    pd.DataFrame(
        {"follower": ["ada", "ada", "bob", "kit"], "followed": ["bob", "eve", "eve", "ada"], "weight": 0.5}
    )
)
EVENTS = st.lists(
    st.builds(
        Feedback,
        user=st.sampled_from(PEOPLE),
        item=st.sampled_from([*ITEMS, "unheard of"]),
        kind=st.sampled_from(["click", "like", "skip"]),
        time=st.integers(0, 400).map(lambda hours: 3_600.0 * hours),
        value=st.sampled_from([None, 1.0, 30.0]),
    ),
    min_size=1,
    max_size=40,
)
MADE: dict[str, Callable[[], PersonFeaturizer]] = {
    "content in events": lambda: ContentProfile(CategoryFeaturizer(), half_life=3.0),
    "content in days": lambda: ContentProfile(CategoryFeaturizer(), half_life=2.0, unit="days"),
    "content that never fades": lambda: ContentProfile(CategoryFeaturizer(), half_life=None),
    "taste": lambda: TasteProfile(n_components=3, half_life=5.0),
    "habits": HabitFeaturizer,
    "neighbors": lambda: NeighborTastes(GRAPH, CategoryFeaturizer(), half_life=4.0),
    "node": lambda: NodeEmbedding(GRAPH, n_components=3),
}

TALLIES = [name for name, make in MADE.items() if isinstance(make(), TallyFeaturizer)]


def some_log(seed: int = 0, n: int = 60) -> Interactions:
    rng = np.random.default_rng(seed)
    return Interactions.from_events(
        Feedback(
            PEOPLE[rng.integers(len(PEOPLE))],
            ITEMS[rng.integers(len(ITEMS))],
            ["click", "like", "skip"][rng.integers(3)],
            float(rng.integers(0, 20 * int(DAY))),
            [None, 5.0, 60.0][rng.integers(3)],
        )
        for _ in range(n)
    )


@pytest.fixture(params=MADE)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def featurizer(name: str) -> PersonFeaturizer:
    return MADE[name]()


# ---- the contract


def test_shape_type_names_and_length(featurizer: PersonFeaturizer) -> None:
    log = some_log()
    rows = featurizer.fit(log, SHOP).transform([*PEOPLE, "zoe"])
    assert rows.shape == (len(PEOPLE) + 1, featurizer.width)
    assert rows.dtype == np.float32
    assert len(set(featurizer.get_feature_names_out())) == featurizer.width
    lengths = np.linalg.norm(rows, axis=1)
    assert ((np.abs(lengths - 1.0) < 1e-5) | (lengths == 0.0)).all()
    assert not rows[-1].any(), "of a new person nothing is known"
    assert rows[0].any()
    np.testing.assert_array_equal(featurizer.transform(log), featurizer.transform(log.users))
    assert featurizer.transform([]).shape == (0, featurizer.width)


def test_fitting_twice_or_a_copy_gives_the_same_bits(featurizer: PersonFeaturizer) -> None:
    first = featurizer.fit(some_log(), SHOP).transform(PEOPLE)
    np.testing.assert_array_equal(featurizer.fit(some_log(), SHOP).transform(PEOPLE), first)
    np.testing.assert_array_equal(clone(featurizer).fit(some_log(), SHOP).transform(PEOPLE), first)


def test_reading_changes_nothing(featurizer: PersonFeaturizer) -> None:
    featurizer.fit(some_log(), SHOP)
    before = featurizer.get_state()
    featurizer.transform(["somebody", "else", *PEOPLE])
    assert repr(featurizer.get_state()) == repr(before)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(TALLIES), EVENTS, EVENTS)
def test_updates_are_taken_back_bit_for_bit(name: str, first: list[Feedback], second: list[Feedback]) -> None:
    featurizer = cast(TallyFeaturizer, MADE[name]())
    featurizer.fit(some_log(), SHOP).forget_people()
    states, marks = [], []
    for events in (first, second):
        states.append(repr(featurizer.get_state()))
        marks.append(featurizer.mark())
        for event in events:
            featurizer.update(event, marks[-1])
    for mark, state in zip(reversed(marks), reversed(states), strict=True):
        featurizer.revert(mark)
        assert repr(featurizer.get_state()) == state
    assert not featurizer.transform(PEOPLE).any(), "nobody is known any more"


@pytest.mark.parametrize("name", TALLIES)
def test_a_log_is_lived_through_without_looking_ahead(name: str) -> None:
    featurizer = cast(TallyFeaturizer, MADE[name]())
    log = some_log(seed=1)
    rows = featurizer.fit(some_log(), SHOP).forget_people().live_through(log)
    featurizer.forget_people()
    for row, event in zip(rows, log, strict=True):
        np.testing.assert_allclose(row, featurizer.transform([event.user])[0], atol=1e-6)
        featurizer.update(event)


def test_state_is_arrays_and_json_and_life_goes_on_after_it(name: str, featurizer: PersonFeaturizer) -> None:
    featurizer.fit(some_log(), SHOP)
    state = featurizer.get_state()
    written = {
        key: value.copy() if isinstance(value, np.ndarray) else json.loads(json.dumps(value))
        for key, value in state.items()
    }
    other = MADE[name]().set_state(written, SHOP)
    for event in some_log(seed=1, n=20):
        featurizer.update(event)
        other.update(event)
    np.testing.assert_array_equal(other.transform([*PEOPLE, "zoe"]), featurizer.transform([*PEOPLE, "zoe"]))


@pytest.mark.filterwarnings("error")
def test_a_log_with_next_to_nothing_in_it(featurizer: PersonFeaturizer) -> None:
    for log in (some_log()[:0], some_log()[:1]):
        rows = featurizer.fit(log, SHOP).transform(PEOPLE)
        assert rows.shape == (len(PEOPLE), featurizer.width)
        assert np.isfinite(rows).all()


def test_a_refused_event_teaches_nothing(featurizer: PersonFeaturizer, name: str) -> None:
    featurizer.fit(some_log(), SHOP)
    before = repr(featurizer.get_state())
    if name == "node":
        return  # it looks at no event
    with pytest.raises(DataError, match="unknown feedback kind"):
        featurizer.update(Feedback("newcomer", "a", kind="licked"))
    assert repr(featurizer.get_state()) == before


@given(EVENTS, st.integers(0, 40))
@settings(max_examples=40)
@pytest.mark.parametrize("made", [name for name in MADE if name not in ("node", "habits", "taste")])
def test_event_by_event_is_the_same_as_all_at_once(made: str, events: list[Feedback], cut: int) -> None:
    log = Interactions.from_events(events)
    whole = MADE[made]().fit(log, SHOP)
    grown = MADE[made]().fit(log[:cut], SHOP)
    for event in log[cut:]:
        grown.update(event)
    np.testing.assert_allclose(grown.transform(PEOPLE), whole.transform(PEOPLE), atol=1e-5)


@given(EVENTS, st.integers(0, 40))
@settings(max_examples=40)
def test_habits_grow_event_by_event_on_the_same_scale(events: list[Feedback], cut: int) -> None:
    log = Interactions.from_events(events)
    whole, grown = HabitFeaturizer().fit(log), HabitFeaturizer().fit(log[:cut])
    for event in log[cut:]:
        grown.update(event)
    grown.scale_ = whole.scale_  # scales are what fit alone learns
    np.testing.assert_allclose(grown.transform(PEOPLE), whole.transform(PEOPLE), atol=1e-4)


@given(EVENTS)
@settings(max_examples=40)
def test_a_late_event_counts_as_if_it_had_come_in_time(events: list[Feedback]) -> None:
    """With a half-life in days the order of arrival does not matter."""
    log = Interactions.from_events(events)
    profile = ContentProfile(CategoryFeaturizer(), half_life=2.0, unit="days").fit(log[:0], SHOP)
    for event in [*log][::-1]:
        profile.update(event)
    expected = MADE["content in days"]().fit(log, SHOP).transform(PEOPLE)
    np.testing.assert_allclose(profile.transform(PEOPLE), expected, atol=1e-5)


def test_in_unions_and_pipelines() -> None:
    log = some_log()
    union = FeatureUnion([(name.replace(" ", "_"), make()) for name, make in MADE.items()])
    rows = union.fit(log, SHOP).transform(PEOPLE)
    assert rows.shape == (len(PEOPLE), len(union.get_feature_names_out()))
    np.testing.assert_array_equal(union.fit_transform(log, SHOP), union.transform(log.users))
    piped = Pipeline([("people", union), ("scale", StandardScaler())]).fit(log, SHOP)
    assert piped.transform(["zoe", "ada"]).shape == (2, rows.shape[1])


def test_what_cannot_be_fitted_is_said() -> None:
    with pytest.raises(DataError, match="fitted on an Interactions, not a list"):
        HabitFeaturizer().fit(["ada"])  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"a Catalog, not a NoneType: fit\(log, catalog\)"):
        ContentProfile(CategoryFeaturizer()).fit(some_log())
    with pytest.raises(DataError, match="unit is 'events' or 'days', not 'weeks'"):
        TasteProfile(unit="weeks").fit(some_log())
    for wrong in (0, -1.0, "long"):
        with pytest.raises(DataError, match="half_life is a number of events above 0, or None, not"):
            TasteProfile(half_life=wrong).fit(some_log())  # type: ignore[arg-type]
    with pytest.raises(DataError, match="graph is a SocialGraph, not a dict"):
        NodeEmbedding({}).fit()  # type: ignore[arg-type]


# ---- what each says


def log_of(*events: tuple[str, str, float]) -> Interactions:
    return Interactions.from_events(Feedback(user, item, time=time) for user, item, time in events)


def at(featurizer: PersonFeaturizer, user: str, column: str) -> float:
    names = featurizer.get_feature_names_out().tolist()
    return float(featurizer.transform([user])[0, names.index(column)])


def test_half_life_in_events_and_in_days() -> None:
    log = log_of(("ada", "a", 0.0), ("ada", "b", 10 * DAY))
    sea, ice = "profile of category: Sea", "profile of category: Ice"
    events = ContentProfile(CategoryFeaturizer(), half_life=1.0).fit(log, SHOP)
    assert at(events, "ada", sea) / at(events, "ada", ice) == pytest.approx(1 / 2)
    days = ContentProfile(CategoryFeaturizer(), half_life=5.0, unit="days").fit(log, SHOP)
    assert at(days, "ada", sea) / at(days, "ada", ice) == pytest.approx(1 / 4)


def test_what_was_skipped_speaks_against() -> None:
    log = Interactions.from_events([Feedback("ada", "a", "like", 1.0), Feedback("ada", "b", "skip", 2.0)])
    profile = ContentProfile(CategoryFeaturizer(), half_life=None).fit(log, SHOP)
    assert at(profile, "ada", "profile of category: Sea") > 0 > at(profile, "ada", "profile of category: Ice")


def test_an_item_that_came_later_is_known_by_its_content() -> None:
    shop = Catalog.from_records([{"item": 1, "categories": ["Sea"]}])
    profile = ContentProfile(CategoryFeaturizer()).fit(log_of(("ada", "x", 0.0)), shop)
    shop.add({"item": 2, "categories": ["Sea"]})
    profile.update(Feedback("bob", 2))
    assert at(profile, "bob", "profile of category: Sea") == pytest.approx(1.0)


def test_people_who_take_the_same_are_alike_and_what_all_take_says_little() -> None:
    rows = [(user, item, float(n)) for n, (user, item) in enumerate(
        [("ada", "a"), ("bob", "a"), ("eve", "b"), ("kit", "b")] * 2
        + [(user, "f") for user in PEOPLE]
    )]  # fmt: skip
    taste = TasteProfile(n_components=4).fit(log_of(*rows))
    ada, bob, eve, _ = taste.transform(PEOPLE)
    assert ada @ bob == pytest.approx(1.0, abs=1e-5)
    assert ada @ eve < 0.5
    for user, item, time in rows:
        if user == "ada":
            taste.update(Feedback("newcomer", item, time=time))
    np.testing.assert_allclose(taste.transform(["newcomer"])[0], ada, atol=1e-6)


def test_habits_tell_night_from_day_long_from_short_and_kind_from_kind() -> None:
    events = []
    for day in range(20):
        for minute in range(6):  # owls: a long session at night
            events.append(Feedback("owl", "a", "view", DAY * day + 3600 * 23 + 60 * minute, 300.0))
        events.append(Feedback("lark", "b", "purchase", DAY * day + 3600 * 6, 10.0))
    habits = HabitFeaturizer().fit(Interactions.from_events(events))
    for column in ("session length (log)", "session position (log)", "mean value", "view (log)"):
        assert at(habits, "owl", f"habits: {column}") > 0.1 > -0.1 > at(habits, "lark", f"habits: {column}")
    assert at(habits, "lark", "habits: purchase (log)") > at(habits, "owl", "habits: purchase (log)")
    assert (
        at(habits, "lark", "habits: time of day (sin)") > 0 > at(habits, "owl", "habits: time of day (sin)")
    )
