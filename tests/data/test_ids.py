from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data.ids import LONGEST_ID, IdIndex, as_id, twin
from lifelong_widgets.errors import DataError

strings = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=LONGEST_ID)
integers = st.integers(-(2**63), 2**63 - 1)


@given(strings | integers)
def test_an_id_is_kept_as_it_is(id):
    assert as_id(id) == id
    assert type(as_id(id)) is type(id)


@pytest.mark.parametrize("value", [np.int64(7), np.uint8(7), np.int32(7)])
def test_numpy_integers_become_plain_ones(value):
    assert type(as_id(value)) is int


def test_numpy_strings_become_plain_ones():
    assert type(as_id(np.str_("b042"))) is str


@pytest.mark.parametrize(
    "value",
    [None, True, np.True_, float("nan"), 1.0, np.float32(3), "", b"x", ("a",), ["a"], np.array([1, 2]),
     pd.NA, pd.NaT, 2**63, "\ud800", "x" * 1001],
    ids=repr,
)  # fmt: skip
def test_everything_else_is_refused_and_named(value):
    with pytest.raises(DataError, match="the user id"):
        as_id(value, "user id")


def test_an_id_has_at_most_a_thousand_characters():
    assert as_id("é" * LONGEST_ID) == "é" * 1000
    with pytest.raises(DataError, match="has 73,400,320 characters; there can be 1,000") as caught:
        as_id("x" * (70 << 20), "user")
    assert len(str(caught.value)) < 200
    index = IdIndex(["ada"])
    for use in (index.get, index.add, lambda id: index.encode([id])):
        with pytest.raises(DataError, match="there can be 1,000"):
            use("x" * 1001)
    assert list(index) == ["ada"]


def test_what_a_float_should_have_been_is_said():
    with pytest.raises(DataError, match="such as 7 or '7'"):
        as_id(7.0)


@given(strings | integers)
def test_a_twin_is_written_alike_and_is_mutual(id):
    other = twin(id)
    assert other is None or (str(other) == str(id) and type(other) is not type(id))
    assert other is None or twin(other) == id


@pytest.mark.parametrize("text", ["007", "+7", "1_000", " 7", "7.0", "-0", "٣", "9" * 5000, "-", ""])
def test_what_no_integer_is_written_like_has_no_twin(text):
    assert twin(text) is None


@given(st.lists(strings))
def test_an_index_goes_there_and_back(ids):
    index = IdIndex()
    codes = index.extend(id for id in ids if twin(id) is None)
    kept = [id for id in ids if twin(id) is None]
    assert [index[code] for code in codes] == kept
    assert list(index) == list(dict.fromkeys(kept))
    assert index.encode(kept).tolist() == codes.tolist()
    assert all(id in index for id in kept)


def test_strings_and_integers_can_live_together():
    index = IdIndex(["ada", 7], name="user")
    assert (index.get("ada"), index.get(7), index.get(8)) == (0, 1, None)


@pytest.mark.parametrize(("known", "asked"), [(196, "196"), ("196", 196), (-1, "-1")])
def test_the_twin_of_a_known_id_is_refused_with_the_remedy(known, asked):
    index = IdIndex([known], name="user")
    for use in (index.get, index.add, lambda id: index.encode([id])):
        with pytest.raises(DataError, match=f"the user .* pass {known!r}"):
            use(asked)
    assert asked not in index
    assert list(index) == [known]


def test_what_equals_an_id_without_being_one_is_not_found():
    index = IdIndex([1, 0])
    for value in (True, 1.0, np.nan, None, [1]):
        assert value not in index
        with pytest.raises(DataError):
            index.get(value)


def test_extending_is_all_or_nothing():
    index = IdIndex(["a"])
    with pytest.raises(DataError):
        index.extend(["b", "a", "c", ""])
    assert list(index) == ["a"]
    assert "b" not in index
    assert index.add("c") == 1


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(0, 9))
def test_truncating_forgets_what_was_added_last(ids, size):
    index, kept = IdIndex(ids), list(dict.fromkeys(ids))[:size]
    index.truncate(size)
    assert list(index) == kept
    assert [id for id in "abcdefgh" if id in index] == sorted(kept)
    assert index.add("z") == len(kept)


def test_looking_up_adds_nothing():
    index = IdIndex(["a"])
    index.get("b")
    index.encode(["b", "c"])
    assert len(index) == 1


@pytest.mark.parametrize(
    "id", ["../../etc/passwd", "C:\\nul", "a/b?c#d", "'; drop table items; --", "\x00", "🦉"]
)
def test_ids_that_look_like_something_else_are_just_ids(id):
    assert IdIndex([id]).get(id) == 0
