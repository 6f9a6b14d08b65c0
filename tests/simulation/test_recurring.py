"""Seasons that come back."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.errors import DataError
from lifelong_widgets.simulation import RecurringTastes, recurring_tastes


def shares(stream: RecurringTastes, place: int) -> np.ndarray:
    """How the clicks of a slice spread over the categories."""
    places = [int(stream.catalog[event.item].categories[0].split()[1]) for event in stream.slices[place]]
    return np.bincount(places, minlength=24) / len(places)


@pytest.fixture(scope="module", params=[False, True], ids=["other people", "the same people"])
def stream(request) -> RecurringTastes:
    return recurring_tastes(seed=3, n_slices=4, events_per_slice=300, conflict=request.param)


def test_the_tastes_of_a_season_come_back(stream: RecurringTastes) -> None:
    assert stream.seasons == ("A", "B", "A", "B")
    a, b, again = (shares(stream, place) for place in range(3))
    assert a[:12].sum() > 0.9 and b[12:].sum() > 0.9
    assert np.abs(a - again).sum() < 0.3 < 1.5 < np.abs(a - b).sum()


def test_who_is_about(stream: RecurringTastes) -> None:
    both = set(stream.slices[0].users) & set(stream.slices[1].users)
    assert bool(both) == stream.conflict
    assert len(set(stream.slices[0].users) & set(stream.slices[2].users)) > 30


def test_time_goes_on_from_slice_to_slice(stream: RecurringTastes) -> None:
    times = np.concatenate([part.times for part in stream.slices])
    assert len(times) == 1200 and (np.diff(times) > 0).all()


def test_who_knows_the_tastes_is_nearly_always_right_and_in_the_other_season_never(
    stream: RecurringTastes,
) -> None:
    assert 0.7 < stream.ceiling(0) <= 1
    swapped = RecurringTastes(stream.catalog, stream.slices, ("B", "A", "B", "A"), stream.people, True)
    assert swapped.ceiling(0) < 0.2


def test_the_same_seed_gives_the_same_stream() -> None:
    def clicks(seed: int) -> list[tuple]:
        made = recurring_tastes(seed=seed, n_slices=2, events_per_slice=40)
        return [(event.user, event.item, event.time) for part in made.slices for event in part]

    assert clicks(1) == clicks(1)
    assert clicks(1) != clicks(2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_slices": 0}, "n_slices must be"),
        ({"events_per_slice": True}, "events_per_slice must be"),
        ({"n_people": 1.5}, "n_people must be"),
        ({"n_categories": 7}, "an even number"),
        ({"shelf": 0}, "shelf must be"),
    ],
)
def test_a_number_out_of_range_is_named(given: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        recurring_tastes(**given)
    with pytest.raises(DataError, match="season 'C'"):
        recurring_tastes(n_slices=1, events_per_slice=1).of_season("C")
