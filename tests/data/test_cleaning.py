"""Each rule takes what it says and nothing else, says what it took, and gives it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.data import Feedback, Interactions, cleaning
from lifelong_widgets.errors import DataError

Event = tuple[str, int, str, float, float | None]

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "eve"]),
        st.integers(1, 3),
        st.sampled_from(["click", "view", "skip"]),
        st.integers(0, 30).map(float),
        st.sampled_from([None, 1.0, 9.0]),
    ),
    max_size=40,
)
RULES: dict[str, Callable[[Interactions], Any]] = {
    "duplicates": cleaning.drop_duplicates,
    "double clicks": lambda log: cleaning.drop_duplicates(log, within=3.0),
    "bursts": lambda log: cleaning.drop_bursts(log, max_events=3, seconds=5.0),
    "crowded bursts": lambda log: cleaning.drop_bursts(log, max_events=3, seconds=5.0, baskets=False),
    "regular": lambda log: cleaning.drop_regular(log, gaps=2, tolerance=0.1),
    "short": lambda log: cleaning.drop_short(log, minimum=5.0),
}


def log_of(events: list[Event]) -> Interactions:
    return Interactions.from_events(
        Feedback(user, item, kind, time, value) for user, item, kind, time, value in events
    )


def same(log: Interactions, other: Interactions) -> bool:
    names = ("users", "items", "kind_names")
    arrays = ("user_codes", "item_codes", "kind_codes", "times", "values")
    return all(getattr(log, name) == getattr(other, name) for name in names) and all(
        np.array_equal(getattr(log, name), getattr(other, name), equal_nan=name == "values")
        for name in arrays
    )


@given(EVENTS, st.lists(st.sampled_from(sorted(RULES)), min_size=1, max_size=4))
@settings(max_examples=150)
def test_cleaned_and_restored_is_the_log(events: list[Event], names: list[str]) -> None:
    log = log_of(events)
    cleaned, report = RULES[names[0]](log)
    for name in names[1:]:
        cleaned, more = RULES[name](cleaned)
        report = report + more
    assert same(report.restore(cleaned), log)
    assert same(report.removed, log.take(report.rows))
    assert same(cleaned, log.take(np.delete(np.arange(len(log)), report.rows)))
    assert len(report) == len(log) - len(cleaned) == sum(report.counts) == sum(report.people.values())
    counts: dict[str, int] = {}
    for event in report.removed:
        counts[str(event.user)] = counts.get(str(event.user), 0) + 1
    assert report.people == counts


@given(EVENTS)
def test_duplicates_are_those_of_pandas(events: list[Event]) -> None:
    log = log_of(events)
    cleaned, report = cleaning.drop_duplicates(log)
    frame = log.to_pandas()
    np.testing.assert_array_equal(report.rows, np.flatnonzero(frame.duplicated()))
    assert not cleaned.to_pandas().duplicated().any()


@given(EVENTS, st.integers(1, 4), st.integers(0, 8), st.booleans())
def test_a_burst_is_every_window_with_too_many(
    events: list[Event], most: int, seconds: int, baskets: bool
) -> None:
    log = log_of(events)
    _, report = cleaning.drop_bursts(log, most, float(seconds), baskets)
    expected = set()
    rows = list(enumerate(log))
    for _, first in rows:
        start = first.time or 0.0
        window = [
            (row, event.time)
            for row, event in rows
            if event.user == first.user and start <= (event.time or 0.0) <= start + seconds
        ]
        acts = len({time for _, time in window}) if baskets else len(window)
        if acts > most:
            # of an act that begins in the middle of its moment, the whole moment lies in the window
            expected |= {row for row, _ in window}
    assert set(report.rows.tolist()) == expected


def burst(user: str, start: float, gaps: list[float]) -> list[Event]:
    times = start + np.cumsum([0.0, *gaps])
    return [(user, number, "click", float(time), None) for number, time in enumerate(times)]


def test_a_bot_among_people_is_named_and_people_stay() -> None:
    rng = np.random.default_rng(0)
    people = [burst(f"person{n}", 1e6 * n, rng.lognormal(3.0, 1.0, size=200).tolist()) for n in range(5)]
    fast = burst("fast", 7.0, [0.2] * 100)
    steady = burst("steady", 9.0, rng.normal(60.0, 1.0, size=100).tolist())
    log = log_of([event for events in [*people, fast, steady] for event in events])
    slower, bursts = cleaning.drop_bursts(log)
    assert bursts.people == {"fast": 101}
    _, regular = cleaning.drop_regular(slower)
    assert regular.people == {"steady": 101}


def test_a_basket_of_a_hundred_lines_is_no_burst() -> None:
    log = log_of([("ada", number, "purchase", 60.0, 2.0) for number in range(100)])
    assert len(cleaning.drop_bursts(log)[0]) == 100
    assert len(cleaning.drop_bursts(log, baskets=False)[0]) == 0


def test_too_short_is_of_the_kinds_asked_for_and_never_of_what_has_no_value() -> None:
    log = log_of(
        [("ada", 1, "view", 1.0, 2.0), ("ada", 2, "view", 2.0, None), ("ada", 3, "rating", 3.0, 2.0)]
    )
    read, report = cleaning.drop_short(log, minimum=5, kinds=["view"])
    assert read.items == [2, 3]
    assert report.rules == ["shorter than 5 (view)"]


def test_rows_of_a_frame_with_something_missing_go_and_come_back() -> None:
    frame = pd.DataFrame(
        {"user": ["ada", None, "bob", " "], "item": [1, 2, 3, 4], "time": [1.0, 2.0, np.nan, 4.0]},
        index=["p", "q", "r", "s"],
    )
    whole, report = cleaning.drop_missing(frame)
    assert len(Interactions.from_pandas(whole)) == 1
    assert report.rows.tolist() == [1, 2, 3]
    assert report.people == {"bob": 1, " ": 1}
    assert report.removed.index.tolist() == ["q", "r", "s"]
    pd.testing.assert_frame_equal(report.restore(whole), frame)


def test_a_report_reads_well_and_escapes_what_people_are_called() -> None:
    log = log_of([("<b>", 1, "click", 1.0, None)] * 3 + [("ada", 1, "click", 1.0, 0.5)])
    once, report = cleaning.drop_duplicates(log)
    report = report + cleaning.drop_short(once, 1)[1]
    assert repr(report) == "CleaningReport(3 of 4 events removed: 2 as duplicates, 1 as shorter than 1)"
    page = report._repr_html_()
    assert "<b>" not in page and "&lt;b&gt; (2)" in page and "50.00%" in page
    assert report.to_pandas()["people"].tolist() == [1, 1]


LOG = log_of([("ada", 1, "click", 1.0, None)] * 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cleaning.drop_duplicates([1]), "not a list; make one with Interactions.from_pandas"),
        (lambda: cleaning.drop_duplicates(LOG, within=-1), "within is seconds, at least 0; .* -1"),
        (lambda: cleaning.drop_bursts(LOG, max_events=2.5), "max_events is a whole number .* 2.5"),
        (lambda: cleaning.drop_bursts(LOG, seconds=float("nan")), "seconds is seconds.* nan"),
        (lambda: cleaning.drop_regular(LOG, gaps=1), "gaps is a whole number of gaps, at least 2; .* 1"),
        (lambda: cleaning.drop_short(LOG, minimum="5"), "minimum is a duration .* '5'"),
        (lambda: cleaning.drop_short(LOG, 5, kinds=["veiw"]), "no kind 'veiw'; did you mean 'view'"),
        (lambda: cleaning.drop_missing(LOG), "pandas DataFrame, not a Interactions"),
        (lambda: cleaning.drop_missing(pd.DataFrame({"usr": [1]})), "no column 'user'.*did you mean 'usr'"),
        (lambda: cleaning.drop_duplicates(LOG)[1].restore(LOG), "left an Interactions of 1; give it back"),
        (
            lambda: cleaning.drop_duplicates(LOG)[1] + cleaning.drop_duplicates(LOG)[1],
            "the first left 1 events and the second was given 2",
        ),
    ],
)
def test_bad_input_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()


def test_drop_missing_says_how_to_name_other_columns() -> None:
    frame = pd.DataFrame({"customer": ["ada", None], "sku": [1, 2], "at": [1, 2]})
    with pytest.raises(DataError, match=r"columns=\['customer', 'sku', 'at'\]"):
        cleaning.drop_missing(frame)
    whole, report = cleaning.drop_missing(frame, columns=["customer", "sku", "at"])
    assert len(whole) == 1 and "without customer, sku or at" in repr(report)
