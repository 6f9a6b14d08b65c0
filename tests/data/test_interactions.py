from __future__ import annotations

import datetime
import warnings
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKind, Interactions
from lifelong_widgets.errors import DataError, DataWarning

MOMENTS = pd.DatetimeIndex(["1970-01-02", "1970-01-01", "1970-01-01 12:00:00"])


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"user": ["u", "v", "u"], "item": [1, 2, 3], "time": [30, 10, 20], **columns})


def test_events_are_in_the_order_of_time():
    log = Interactions.from_pandas(frame(kind=["like", "click", "skip"], value=[5, None, 2]))
    assert list(log) == [
        Feedback("v", 2, "click", 10.0),
        Feedback("u", 3, "skip", 20.0, 2.0),
        Feedback("u", 1, "like", 30.0, 5.0),
    ]
    assert log[0] == Feedback("v", 2, "click", 10.0)
    assert log[-1] == Feedback("u", 1, "like", 30.0, 5.0)
    assert log.users == ["v", "u"]
    assert log.items == [2, 3, 1]
    assert log.kind_names == ["click", "skip", "like"]
    assert log.rewards.tolist() == pytest.approx([0.5, -0.2, 1.0])


def test_the_arrays_have_the_promised_types_and_are_read_only():
    log = Interactions.from_pandas(frame())
    arrays = (log.user_codes, log.item_codes, log.kind_codes, log.times, log.values)
    assert [array.dtype for array in arrays] == [np.int64, np.int64, np.int64, np.float64, np.float32]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    "times",
    [
        [86_400, 0, 43_200],
        [86_400.0, 0.0, 43_200.0],
        ["86400", "0", "43200"],
        ["1970-01-02", "1970-01-01", "1970-01-01 12:00"],
        ["1970-01-02T02:00:00+02:00", "1970-01-01T00:00:00Z", "1970-01-01T12:00:00"],
        MOMENTS,
        MOMENTS.astype("datetime64[s]"),
        MOMENTS.tz_localize("UTC").tz_convert("Asia/Tokyo"),
        pd.Series(
            [pd.Timestamp("1970-01-02"), "1970-01-01", datetime.datetime(1970, 1, 1, 12)], dtype=object
        ),
        pd.Series([86_400, 0, 43_200], dtype="Int64"),
        pd.Series([86_400, "0", 43_200.0], dtype=object),
    ],
    ids=repr,
)
def test_times_come_in_many_forms(times):
    assert Interactions.from_pandas(frame(time=times)).times.tolist() == [0.0, 43_200.0, 86_400.0]


def test_dates_are_times():
    dates = pd.Series(
        [datetime.date(1970, 1, 2), datetime.date(1970, 1, 1), datetime.date(1970, 1, 3)], dtype=object
    )
    assert Interactions.from_pandas(frame(time=dates)).times.tolist() == [0.0, 86_400.0, 172_800.0]


def test_without_times_the_rows_are_in_order():
    log = Interactions.from_pandas(frame(), time=None)
    assert log.items == [1, 2, 3]
    assert log.times.tolist() == [0.0, 1.0, 2.0]


def test_the_kind_is_a_column_or_a_constant_or_a_click():
    assert Interactions.from_pandas(frame()).kind_names == ["click"]
    assert Interactions.from_pandas(frame(), kind="purchase").kind_names == ["purchase"]
    assert Interactions.from_pandas(frame(kind="like"), kind=None).kind_names == ["click"]
    assert Interactions.from_pandas(frame(event="like"), kind="event").kind_names == ["like"]
    shared = DEFAULT_KINDS.with_kind(FeedbackKind("shared", 3))
    assert Interactions.from_pandas(frame(kind="shared"), kinds=shared).rewards.tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({}, {"user": "users"}, r"'users' for the user ids; did you mean 'user'\? The columns"),
        ({}, {"item": "film"}, "no column 'film' for the item ids. The columns are 'user', 'item'"),
        ({}, {"time": "timestamp"}, "'timestamp' for the times.*time=None if the rows are in order"),
        ({}, {"value": "stars"}, "no column 'stars' for the values"),
        ({}, {"kind": "lik"}, "kind='lik' is neither a column nor a kind.*did you mean 'like'"),
        ({"user": ["u", None, "u"]}, {}, "column 'user', row 1: the user id is missing"),
        ({"user": [1, np.nan, 2]}, {}, "column 'user', row 1: the user id is missing"),
        ({"item": ["a", "b", ""]}, {}, "column 'item', row 2: the item id is an empty string"),
        ({"item": [1, 2, "2"]}, {}, r"column 'item', row 2: the item '2' is a string, but 2 is known"),
        ({"time": ["1970", "tomorrow", "1970"]}, {}, "column 'time', row 1: 'tomorrow' cannot.*ISO 8601"),
        ({"time": [1.0, np.nan, 2.0]}, {}, "column 'time', row 1: the time is missing"),
        ({"time": ["1970", None, "1971"]}, {}, "column 'time', row 1: the time is missing"),
        ({"time": [pd.NaT, *MOMENTS[:2]]}, {}, "column 'time', row 0: the time is missing"),
        ({"time": [1.0, 2.0, np.inf]}, {}, "column 'time', row 2: .*inf.* cannot be read"),
        ({"time": [True, False, True]}, {}, "column 'time' holds truth values"),
        ({"time": [1, 2, 1_700_000_000_000]}, {}, "column 'time', row 2: .*divide milliseconds by 1000"),
        ({"value": [1.0, np.inf, 2.0]}, {}, "column 'value', row 1: the value .*inf.* not a finite number"),
        ({"value": [1.0, 1e300, 2.0]}, {}, "column 'value', row 1: the value .*1e.300.* not a finite number"),
        ({"value": ["1", "2", "many"]}, {}, "column 'value', row 2: the value 'many' is not a finite number"),
        ({"kind": ["like", "lik", "like"]}, {}, "'kind', row 1: unknown .* 'lik'; did you mean 'like'"),
        ({"kind": ["like", "a", "b"]}, {},
         r"row 1 \(and 1 other\): unknown .* 'a'.*the Recommender.*DEFAULT_KINDS.*Not known either: 'b'"),
        ({"kind": ["like", None, "like"]}, {}, "column 'kind', row 1: the kind is missing"),
    ],
)  # fmt: skip
def test_an_unusable_table_is_refused_with_place_and_remedy(columns, options, message):
    with pytest.raises(DataError, match=message):
        Interactions.from_pandas(frame(**columns), **options)


def test_rows_are_named_by_position_and_by_label():
    odd = frame(user=["u", None, "u"]).set_index(pd.Index([10, 20, 30]))
    with pytest.raises(DataError, match=r"column 'user', row 1 \(index label 20\)"):
        Interactions.from_pandas(odd)


def test_a_log_has_events():
    with pytest.raises(DataError, match="no events"):
        Interactions.from_pandas(frame().head(0))
    with pytest.raises(DataError, match="not a list"):
        Interactions.from_pandas([])


def test_items_are_held_against_the_catalogue():
    shop = Catalog.from_records([{"item": 1}, {"item": 2}])
    with pytest.raises(
        DataError, match=r"column 'item', row 2: the item 3 is not in the catalogue.*catalog\.add"
    ):
        Interactions.from_pandas(frame(), catalog=shop)
    shop.add({"item": 3})
    assert len(Interactions.from_pandas(frame(), catalog=shop)) == 3


def test_item_ids_of_the_other_type_say_so():
    shop = Catalog.from_records([{"item": "1"}])
    with pytest.raises(DataError, match=r"column 'item', row 0: .*pass '1'"):
        Interactions.from_pandas(frame(), catalog=shop)


def test_a_slice_knows_only_what_occurs_in_it():
    log = Interactions.from_pandas(frame(kind=["like", "click", "skip"]))
    early = log[:1]
    assert (early.users, early.items, early.kind_names) == (["v"], [2], ["click"])
    assert list(log[1:]) == list(log)[1:]
    assert list(log[::2]) == list(log)[::2]
    assert len(log[3:]) == 0
    assert list(log[3:]) == []
    with pytest.raises(DataError, match="order of time"):
        log[::-1]


def test_moments_come_in_many_forms():
    log = Interactions.from_pandas(frame(time=["2024-05-01", "2024-05-03", "2024-05-02"]))
    second = pd.Timestamp("2024-05-02", tz="UTC")
    moments = [
        1 / 3, 0.4, np.float64(0.4), second, second.timestamp(), int(second.timestamp()),
        "2024-05-02", "2024-05-02T02:00:00+02:00", second.to_pydatetime(),
        second.to_pydatetime().astimezone(zoneinfo.ZoneInfo("Asia/Tokyo")),
        datetime.datetime(2024, 5, 2), datetime.date(2024, 5, 2), np.datetime64("2024-05-02"),
    ]  # fmt: skip
    for moment in moments:
        assert (len(log.before(moment)), len(log.after(moment))) == (1, 2), repr(moment)


@pytest.mark.parametrize(
    "moment", [0, 1, 0.0, 1.0, -5, float("nan"), float("inf"), True, None, "soon", [0.5], pd.NaT]
)
def test_what_is_no_moment_is_refused(moment):
    with pytest.raises(DataError, match="is no moment; give a fraction"):
        Interactions.from_pandas(frame()).before(moment)


def test_what_a_log_holds_is_shown_as_text():
    log = Interactions.from_pandas(frame(user="<img src=x onerror=alert(1)>", item="x" * 1000))
    assert "<img" not in log._repr_html_()
    assert "&lt;img" in log._repr_html_()
    assert len(log._repr_html_()) < 2_000
    assert "3 events" in repr(log)
    assert repr(log[:0]) == "Interactions(no events)"
    assert "no events" in log[:0]._repr_html_()


# ---- what holds for every log

ids = st.sampled_from(["a", "b", "c", "d"])
events = st.lists(
    st.tuples(
        ids,
        ids,
        st.integers(2, 30),
        st.sampled_from(list(DEFAULT_KINDS)),
        st.none() | st.floats(-1e6, 1e6, width=32),
    ),
    min_size=1,
    max_size=30,
)


def log_of(rows) -> Interactions:
    return Interactions.from_pandas(pd.DataFrame(rows, columns=["user", "item", "time", "kind", "value"]))


def as_events(rows) -> list[Feedback]:
    return [Feedback(user, item, kind, time, value) for user, item, time, kind, value in rows]


@given(events)
def test_time_orders_the_events_and_equal_times_keep_theirs(rows):
    assert list(log_of(rows)) == as_events(sorted(rows, key=lambda row: row[2]))


@given(events, st.floats(0.001, 0.999) | st.integers(2, 31))
def test_before_and_after_are_the_log(rows, moment):
    log = log_of(rows)
    before, after = log.before(moment), log.after(moment)
    assert list(before) + list(after) == list(log)
    assert all(early.time <= late.time for early in before for late in after)
    if moment > 1:
        assert all(event.time < moment for event in before)
        assert all(event.time >= moment for event in after)
    else:
        assert abs(len(before) - moment * len(log)) < 1


@given(events)
def test_a_log_goes_to_pandas_and_back(rows):
    log = log_of(rows)
    assert list(Interactions.from_pandas(log.to_pandas())) == list(log)


@given(events, st.slices(30))
def test_slices_are_those_of_a_list(rows, at):
    if at.step is None or at.step > 0:
        assert list(log_of(rows)[at]) == list(log_of(rows))[at]


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1))
def test_microseconds_survive_the_way_through_pandas(microseconds):
    rows = pd.DataFrame({"user": "u", "item": "i", "time": np.array(microseconds) / 1e6})
    log = Interactions.from_pandas(rows)
    assert Interactions.from_pandas(log.to_pandas()).times.tolist() == log.times.tolist()


# ---- from single events --------------------------------------------------------------------------------


def test_events_one_by_one_make_the_log_that_their_table_makes():
    table = Interactions.from_pandas(frame(kind=["like", "click", "skip"], value=[5, None, 2]))
    shuffled = [table[2], table[0], table[1]]
    log = Interactions.from_events(shuffled)
    assert list(log) == list(table)
    assert (log.users, log.items, log.kind_names) == (table.users, table.items, table.kind_names)
    assert [array.dtype for array in (log.user_codes, log.times, log.values)] == [
        np.int64, np.float64, np.float32
    ]  # fmt: skip
    assert not log.times.flags.writeable
    assert list(Interactions.from_events(iter(log))) == list(log)


def test_events_without_a_time_take_the_one_beside_them():
    events = [Feedback("a", 1), Feedback("b", 1, time=20), Feedback("c", 1), Feedback("d", 1, time=5)]
    log = Interactions.from_events(events, times=[20, 0, 5, 99])
    assert [(event.user, event.time) for event in log] == [("c", 5.0), ("d", 5.0), ("a", 20.0), ("b", 20.0)]
    with pytest.raises(DataError, match="event 2 has no time"):
        Interactions.from_events(events, times=[20, 0])
    with pytest.raises(DataError, match="event 0 has no time"):
        Interactions.from_events(events)


def test_no_events_are_an_empty_log():
    log = Interactions.from_events([])
    assert len(log) == 0 and list(log) == [] and log.users == []


def test_an_event_that_cannot_be_part_of_a_log_is_named():
    good = Feedback(7, "b1", time=0)
    with pytest.raises(DataError, match=r"event 1: unknown feedback kind 'lik'; did you mean 'like'\?"):
        Interactions.from_events([good, Feedback(7, "b1", "lik", time=0)])
    with pytest.raises(DataError, match="event 1: the user '7' is a string, but 7 is known"):
        Interactions.from_events([good, Feedback("7", "b1", time=0)])
    with pytest.raises(DataError, match="'time', row 0"):
        Interactions.from_events([Feedback(7, "b1")], times=[1e15])
    odd = Interactions.from_events(
        [Feedback(7, "b1", "lik", time=0)], DEFAULT_KINDS.with_kind(FeedbackKind("lik"))
    )
    assert odd.kind_names == ["lik"]


# ---- what a file could bring along


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": [1, "now", "today"]}, "column 'time', row 1: 'now' cannot be read as a time"),
        ({"time": ["2024-05-01", "1714521600", "2024-05-01"]}, "row 1: '1714521600' cannot be read"),
        ({"time": pd.Series([1, True, 2], dtype=object)}, "row 1: True cannot be read as a time"),
        ({"time": pd.Series([1, [2], 2], dtype=object)}, r"row 1: \[2\] cannot be read as a time"),
        ({"time": pd.Series([1, 10**400, 2], dtype=object)}, "'time', row 1: 1000.* cannot be read"),
        ({"time": pd.to_timedelta([1, 2, 3], "s")}, "column 'time' holds timedelta64"),
        ({"time": [1j, 2j, 3j]}, "column 'time' holds complex128"),
        ({"value": pd.to_datetime([1, 2, 3])}, "column 'value' holds datetime64"),
        ({"value": [True, False, True]}, "column 'value' holds truth values"),
        ({"value": pd.Series([1, 10**400, 2], dtype=object)}, "'value', row 1: the value 1000.* is not"),
        ({"user": pd.Series(["a", np.timedelta64(1, "s"), "b"], dtype=object)}, "row 1: .*timedelta64.* id"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_number_is_refused(columns, message):
    with pytest.raises(DataError, match=message):
        Interactions.from_pandas(frame(**columns))


def test_epoch_seconds_and_dates_may_be_mixed():
    times = pd.Series([172_800, "1970-01-02", datetime.date(1970, 1, 1)], dtype=object)
    assert Interactions.from_pandas(frame(time=times)).times.tolist() == [0.0, 86_400.0, 172_800.0]


def test_other_kinds_of_strings_and_integers_are_the_same_ids():
    users = pd.Series(["a", np.str_("a"), "a"], dtype=object)
    items = pd.Series([1, np.int8(1), 1], dtype=object)
    log = Interactions.from_pandas(frame(user=users, item=items))
    assert (log.users, log.items) == (["a"], [1])


@pytest.mark.parametrize("argument", ["user", "item", "time", "kind", "value", "kinds", "catalog"])
@pytest.mark.parametrize(
    "value", [[], pd.NA, np.array([1, 2]), 10**5000, "x" * 10**6], ids=lambda v: type(v).__name__
)
def test_an_argument_of_another_type_is_refused(argument, value):
    with pytest.raises(DataError) as caught:
        Interactions.from_pandas(frame(), **{argument: value})
    assert len(str(caught.value)) < 1000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["1", None, "2"], "column 'time', row 1: the time is missing"),
        (["1970-01-01", None, "1970-01-02"], "column 'time', row 1: the time is missing"),
        (["1", "inf", "2"], "column 'time', row 1: 'inf' cannot be read|row 0: '1' cannot be read"),
        ([1.0, np.nan, 2.0], "column 'time', row 1: the time is missing"),
        ([1.0, np.inf, 2.0], "column 'time', row 1: .*inf.* cannot be read"),
    ],
)
def test_the_one_bad_time_is_named(times, message):
    with pytest.raises(DataError, match=message):
        Interactions.from_pandas(frame(time=times))


def test_rows_are_taken_by_mask_or_by_place_and_never_out_of_order():
    log = Interactions.from_pandas(frame())
    assert log.take(np.array([True, False, True])).items == [2, 1]
    assert log.take(np.array([1])).items == [3]
    assert len(log.take(np.array([]))) == 0
    for rows in (np.array([3]), np.array([True])):
        with pytest.raises(DataError, match="this log has 3 events; these rows are not of it"):
            log.take(rows)
    with pytest.raises(DataError, match="ascending order"):
        log.take(np.array([2, 0]))


def test_a_frame_or_events_in_the_constructor_are_sent_to_the_right_door() -> None:
    for wrong in (pd.DataFrame({"user": [1]}), [Feedback("ada", 7)]):
        with pytest.raises(DataError, match=r"from_pandas\(frame, .*from_events"):
            Interactions(wrong)  # type: ignore[arg-type, call-arg]


def test_ratings_become_likes_and_dislikes_by_thresholds() -> None:
    stars = pd.DataFrame({"who": "ada", "film": range(5), "at": range(5), "stars": [1, 2, 3, 4, 5]})
    names = {"user": "who", "item": "film", "time": "at", "rating": "stars"}
    log = Interactions.from_ratings(stars, **names)
    assert [event.kind for event in log] == ["dislike", "dislike", "click", "like", "like"]
    assert (log.rewards > 0).tolist() == [False, False, True, True, True]
    assert log.values.tolist() == [1, 2, 3, 4, 5]
    told = Interactions.from_ratings(stars, **names, like_from=5, dislike_to=1, between=None)
    assert [(event.item, event.kind) for event in told] == [(0, "dislike"), (4, "like")]
    for limits in ({"like_from": 2}, {"dislike_to": 4}, {"like_from": float("nan")}, {"like_from": "4"}):
        with pytest.raises(DataError, match="must be a number below like_from"):
            Interactions.from_ratings(stars, **names, **limits)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"column 'stars', row 1: the rating is missing \(and 1 other\)"):
        Interactions.from_ratings(stars.assign(stars=[1, None, None, 4, 5]), **names)


def test_a_column_of_ratings_named_as_the_kind_is_told_about_from_ratings() -> None:
    """Bug: MovieLens' own layout was answered with "unknown feedback kind 5; add one with …"."""
    frame = pd.DataFrame({"user": [1, 2], "item": [7, 8], "rating": [5, 1], "time": [1, 2]})
    for ratings in (frame, frame.astype({"rating": "str"})):
        with pytest.raises(DataError, match=r"holds numbers.*from_ratings.*rename"):
            Interactions.from_pandas(ratings, kind="rating", value="rating")
    renamed = frame.rename(columns={"rating": "stars"})
    assert Interactions.from_pandas(renamed, kind="rating", value="stars").kind_names == ["rating"]


def test_errors_count_the_other_rows_alike() -> None:
    good = pd.DataFrame({"user": ["a", "b", "c"], "item": [1, 2, 3], "time": [1, 2, 3], "value": 1.0})
    for column, cells, message in (
        ("user", ["a", None, None], r"the user id is missing \(and 1 other\); fill"),
        ("item", [np.nan, 1.0, np.nan], r"the item id is missing \(and 1 other\); fill"),
        ("time", ["x", "y", "2024-05-01"], r"row 0: 'x' cannot be read as a time \(and 1 other\); use"),
        ("time", [1e15, 2e15, 3e15], r"outside the years 1 to 9999 \(and 2 others\); numbers"),
        ("value", ["x", "2", "y"], r"'x' is not a finite number \(and 1 other\); leave"),
    ):
        with pytest.raises(DataError, match=message):
            Interactions.from_pandas(good.assign(**{column: cells}))
    shelf = Catalog.from_pandas(pd.DataFrame({"item": [2]}))
    with pytest.raises(DataError, match=r"row 0: the item 1 \(and 1 other\) is not in the catalogue"):
        Interactions.from_pandas(good, catalog=shelf)


def test_dates_in_another_order_are_told_how_to_be_read() -> None:
    frame = pd.DataFrame({"user": "a", "item": [1, 2], "at": ["yesterday", "11.03.2024 15:28:10"]})
    with pytest.raises(DataError, match=r"pd\.to_datetime\(frame\['at'\], dayfirst=True, errors='coerce'\)"):
        Interactions.from_pandas(frame, time="at")


def test_messages_show_plain_numbers() -> None:
    """Bug: `the time np.int64(1709282584000) is outside`."""
    frame = pd.DataFrame({"user": "a", "item": [1], "time": [1_709_282_584_000]})
    with pytest.raises(DataError, match="the time 1709282584000 is outside"):
        Interactions.from_pandas(frame)


def test_a_fraction_that_is_a_string_is_no_moment() -> None:
    """Bug: "0.8" was a second of 1970, so that nothing was before it and everything after."""
    log = Interactions.from_pandas(frame())
    for cut in (log.before, log.after):
        with pytest.raises(
            DataError, match=r"'0\.8' is a string, .*; a fraction of the events is a number: 0\.8"
        ):
            cut("0.8")


def test_a_percentage_is_no_moment() -> None:
    times = pd.date_range("2024-05-01", periods=10)
    log = Interactions.from_pandas(pd.DataFrame({"user": "a", "item": range(10), "time": times}))
    with pytest.raises(DataError, match=r"for 80 % of the events give 0\.8"):
        log.before(80)
    numbered = Interactions.from_pandas(pd.DataFrame({"user": "a", "item": range(100)}), time=None)
    assert len(numbered.before(80)) == 80  # rows that are in order are numbered


def test_a_column_of_kinds_that_nobody_named_is_told() -> None:
    """Bug: a log of purchases became one of clicks, without a word."""
    frame = pd.DataFrame({"user": "ada", "item": [1, 2], "time": [1, 2], "action": ["view", "purchase"]})
    with pytest.warns(DataWarning, match=r"column 'action' holds kinds.*'view', 'purchase'.*kind='action'"):
        assert Interactions.from_pandas(frame).kind_names == ["click"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Interactions.from_pandas(frame, kind="action").kind_names == ["view", "purchase"]
        assert Interactions.from_pandas(frame, kind="click").kind_names == ["click"]
        Interactions.from_pandas(frame.assign(action=["view", "elsewhere"]))
        Interactions.from_pandas(frame.assign(kind="like"))


def test_with_users_takes_a_name_for_each_person() -> None:
    """Bug: a list of some people was taken, and the log could not be printed."""
    log = Interactions.from_pandas(
        pd.DataFrame({"user": ["ada", "bob", "ada"], "item": 1, "time": [1, 2, 3]})
    )
    with pytest.raises(DataError, match=r"2 people .* 1 names.*log\.take\("):
        log.with_users(["ada"])
    assert log.take(np.isin(log.users, ["ada"])[log.user_codes]).users == ["ada"]


def test_from_events_takes_events_and_says_so() -> None:
    with pytest.raises(DataError, match=r"event 1 is a dict; from_events takes Feedback\("):
        Interactions.from_events([Feedback("a", 1, time=0.0), {"user": "a", "item": 1}])  # type: ignore[list-item]
