"""The log of impressions: checked on the way in, the same after a table."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration import Impression, ImpressionLog

GOOD: dict[str, Any] = {
    "user": "ada",
    "slate": ("b", "a"),
    "propensities": (0.25, 0.5),
    "pool": ("a", "b", "c"),
    "first": (0.5, 0.25, 0.25),
}


@st.composite
def impressions(draw: st.DrawFn) -> Impression:
    items = tuple(
        draw(st.lists(st.integers(-5, 99) | st.text("xyz", min_size=1), min_size=1, max_size=5, unique=True))
    )
    n = draw(st.integers(1, len(items)))
    chances = draw(st.lists(st.floats(0.01, 1), min_size=len(items), max_size=len(items)))
    first = tuple((np.array(chances) / sum(chances)).tolist())
    clicked = draw(st.none() | st.integers(1, n))
    reward = None if clicked is None else draw(st.none() | st.floats(-9, 9))
    kept = draw(st.booleans())
    return Impression(
        draw(st.integers().filter(lambda i: abs(i) < 2**60) | st.text("ab", min_size=1)),
        items[:n],
        (first[0], *chances[1:n]),
        clicked,
        reward,
        items if kept else None,
        first if kept else None,
    )


@settings(max_examples=30)
@given(st.lists(impressions(), max_size=4))
def test_a_table_gives_back_what_it_was_made_from(rows: list[Impression]) -> None:
    log = ImpressionLog(rows)
    assert list(ImpressionLog.from_pandas(log.to_pandas())) == rows


def test_parquet_gives_back_what_it_was_made_from() -> None:
    log = ImpressionLog([Impression(**GOOD, clicked=2, reward=3.5), Impression("bob", ("a",), (1.0,))])
    file = io.BytesIO()
    log.to_pandas().to_parquet(file)
    assert list(ImpressionLog.from_pandas(pd.read_parquet(file))) == list(log)


def test_only_the_click_is_rewarded() -> None:
    seen = Impression(**GOOD, clicked=2, reward=3.5)
    assert [seen.reward_at(position) for position in (1, 2)] == [0.0, 3.5]
    assert Impression(**GOOD).reward == 0.0
    assert Impression(**GOOD, clicked=1).reward == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"user": ""}, "the user is an empty string"),
        ({"slate": ()}, "the slate is empty"),
        ({"slate": ("b", "b")}, "the slate holds 'b' twice"),
        ({"slate": "ba"}, "slate is a sequence, such as a tuple, not the str 'ba'; a CSV"),
        ({"slate": ("b", None)}, "item of the slate"),
        ({"propensities": (0.25,)}, "propensities has 1 numbers for the 2 items"),
        ({"propensities": (0.25, 0.0)}, "propensity 0.0 at position 2 is not above 0"),
        ({"propensities": (0.25, 1.5)}, "propensity 1.5 at position 2"),
        ({"propensities": (0.25, float("nan"))}, "propensities holds nan"),
        ({"clicked": 3}, "clicked is 3; it is a position from 1 to 2, or None"),
        ({"clicked": 0}, "clicked is 0"),
        ({"clicked": "b"}, "clicked is 'b'"),
        ({"reward": 1.0}, "nothing was clicked"),
        ({"clicked": 1, "reward": float("inf")}, "reward is inf"),
        ({"first": None}, "pool and first belong together"),
        ({"first": (0.5, 0.25, 0.2)}, "sum to 1 and not to 0.95"),
        ({"first": (0.25, 0.5, 0.25)}, "position 1 is 0.25, but first says 0.5 of 'b'"),
        ({"pool": ("a", "c", "d")}, "the item 'b' of the slate is not in its pool"),
    ],
)
def test_what_is_no_impression_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Impression(**GOOD | change)


def test_a_bad_table_says_where() -> None:
    frame = ImpressionLog([Impression(**GOOD), Impression(**GOOD)]).to_pandas()
    with pytest.raises(DataError, match="no column 'propensities'"):
        ImpressionLog.from_pandas(frame.drop(columns="propensities"))
    frame.at[1, "propensities"] = (0.25, 7.0)
    with pytest.raises(DataError, match=r"row 1 \(from 0\): the propensity 7.0 at position 2"):
        ImpressionLog.from_pandas(frame)
    with pytest.raises(DataError, match="takes a DataFrame, not a list"):
        ImpressionLog.from_pandas([])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="holds Impression objects, not a str"):
        ImpressionLog(["ada"])  # type: ignore[list-item]


def test_slices_are_logs() -> None:
    log = ImpressionLog([Impression(**GOOD), Impression("bob", ("a",), (1.0,), clicked=1)])
    assert repr(log[1:]) == "ImpressionLog(1 impressions, 1 users, 1 clicked)"
    assert log[0].user == "ada"
