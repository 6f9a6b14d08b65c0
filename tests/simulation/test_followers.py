"""Followers: whom people follow says what they like, and with no influence it says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.data import datasets
from lifelong_widgets.errors import DataError
from lifelong_widgets.simulation import Followers

SHELF = datasets.load("bookshop", n_events=10).catalog


@pytest.mark.parametrize("influence", [0.0, 0.8])
def test_people_take_after_those_whom_they_follow_or_not(influence: float) -> None:
    crowd = Followers(SHELF, n_people=100, influence=influence, seed=1)
    alike = np.corrcoef(crowd.tastes)
    row = {person: number for number, person in enumerate(crowd.people)}
    edges = np.mean([alike[row[one], row[other]] for one, other, _ in crowd.graph])
    strangers = alike[~np.eye(100, dtype=bool)].mean()
    assert edges > strangers + 0.2 if influence else abs(edges - strangers) < 0.05


def test_nobody_acts_before_they_have_joined_and_one_seed_is_one_log() -> None:
    crowd, again = (Followers(SHELF, n_people=60, seed=2) for _ in range(2))
    log = crowd.log(600)
    assert list(log) == list(again.log(600)) and list(crowd.graph) == list(again.graph)
    joined = dict(zip(crowd.people, crowd.joined, strict=True))
    assert all((event.time or 0.0) >= joined[event.user] - 1.0 for event in log)
    middle = log[300].time or 0.0
    assert {edge[0] for edge in crowd.graph_at(middle)} <= {p for p, when in joined.items() if when <= middle}
    assert 0 < len(crowd.graph_at(middle)) < len(crowd.graph)
    for wrong in ({"n_people": 19}, {"influence": 1.5}, {"influence": "much"}):
        with pytest.raises(DataError):
            Followers(SHELF, **wrong)  # type: ignore[arg-type]
