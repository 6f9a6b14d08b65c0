"""How far each item moved, and which categories gained."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.widgets.movement import movement

CATEGORIES = {"a": ["Sea"], "b": ["Sea"], "c": ["Crime"], "d": ["Crime"], "e": ["Garden"]}


def test_only_what_learning_did_is_counted() -> None:
    found = movement(["a", "b", "c", "d"], ["b", "c", "d", "e"], ["a"], CATEGORIES.__getitem__)
    assert found.places == {"b": 0, "c": 0, "d": 0, "e": None}
    assert (found.moved, found.up, found.down) == (0, (), ())


def test_what_a_click_pushed_out_or_brought_back_is_not_counted() -> None:
    gone = movement(["a", "b", "c", "d"], ["c", "d"], ["a", "b"], CATEGORIES.__getitem__)
    assert (gone.places, gone.moved) == ({"c": 0, "d": 0}, 0)
    back = movement(["b", "c", "d"], ["b", "a", "c", "d"], ["a"], CATEGORIES.__getitem__)
    assert (back.places, back.moved) == ({"b": 0, "a": None, "c": 0, "d": 0}, 0)
    assert movement(["b", "c", "d"], ["c", "a", "b"], ["a"], CATEGORIES.__getitem__).moved == 2


def test_categories_are_named_by_the_places_they_gain() -> None:
    found = movement(["a", "b", "c", "d"], ["c", "d", "a", "b"], [], CATEGORIES.__getitem__)
    assert found.moved == 4
    assert (found.up, found.down) == (("Crime",), ("Sea",))


@given(st.permutations(list("abcde")), st.permutations(list("abcde")), st.sampled_from("abcde"))
def test_places_are_those_of_the_new_list_and_sum_to_nothing(
    before: list[str], after: list[str], clicked: str
) -> None:
    found = movement(before, after, [clicked], CATEGORIES.__getitem__)
    assert list(found.places) == after
    assert sum(move or 0 for move in found.places.values()) == 0
    assert not set(found.up) & set(found.down)


@given(st.lists(st.sampled_from("abcde"), unique=True), st.lists(st.sampled_from("abcde"), unique=True))
def test_any_two_lists_can_be_compared(before: list[str], after: list[str]) -> None:
    found = movement(before, after, [], CATEGORIES.__getitem__)
    assert {item for item, move in found.places.items() if move is None} == set(after) - set(before)
    assert 0 <= found.moved <= len(after)
