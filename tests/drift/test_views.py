"""Drift by person and category: who falls is found, few events are said to be few, chance is checked."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.drift import DriftByGroup, groups_of
from lifelong_widgets.errors import DataError
from tests.drift.streams import outcomes


def feed(views: DriftByGroup, group: str, hits: np.ndarray, first: int = 1) -> list[int]:
    return [n for n, hit in enumerate(hits.tolist(), start=first) if views.update(group, hit, n)]


def test_only_the_category_that_fell_rings() -> None:
    views = DriftByGroup(max_groups=10)
    steady = [feed(views, f"steady {n}", outcomes(n, (1_200, 0.5))) for n in range(9)]
    fallen = feed(views, "fallen", outcomes(9, (600, 0.5), (600, 0.1)))
    assert not any(steady)
    assert fallen and fallen[0] > 600 and views.alarms("fallen") == fallen


def test_a_group_of_few_events_is_said_to_have_few() -> None:
    views = DriftByGroup()
    feed(views, "ada", outcomes(0, (40, 0.5)))
    ada, nobody = views.view("ada"), views.view("bob")
    assert (ada.status, ada.n_outcomes, ada.p_value) == ("too few events: 40 of 100", 40, None)
    assert (nobody.status, nobody.hit_rate) == ("too few events: 0 of 100", None)
    assert views.groups == ["ada"]  # asking leaves no trace
    assert views.fallen() == []


def test_the_group_that_was_quiet_longest_is_let_go() -> None:
    views = DriftByGroup(max_groups=2)
    for n, group in enumerate(["ada", "bob", "ada", "eve"]):
        views.update(group, True, n)
    assert views.groups == ["ada", "eve"] and views.n_let_go == 1
    assert views.view("bob").n_outcomes == 0 and views.view("ada").n_outcomes == 2


def test_the_level_is_shared_among_all_groups_there_is_room_for() -> None:
    hits = outcomes(4, (600, 0.6), (600, 0.3))
    alone, among_many = DriftByGroup(max_groups=1), DriftByGroup(max_groups=10_000)
    assert 600 < feed(alone, "x", hits)[0] < feed(among_many, "x", hits)[0]


@pytest.mark.parametrize("correction", ["bh", "bonferroni"])
def test_fallen_names_who_fell_worst_first(correction: str) -> None:
    views = DriftByGroup(detector="never", min_events=120)
    for n in range(20):
        feed(views, f"steady {n}", outcomes(n, (400, 0.4)))
    feed(views, "a little", outcomes(50, (340, 0.6), (60, 0.25)))
    feed(views, "a lot", outcomes(51, (340, 0.8), (60, 0.0)))
    found = views.fallen(0.05, correction)  # type: ignore[arg-type]
    assert [view.group for view in found] == ["a lot", "a little"]
    assert found[0].recent == 0 and found[0].before == pytest.approx(0.8, abs=0.1)


def test_without_a_correction_chance_would_name_somebody() -> None:
    wrong = named = 0
    for trial in range(10):
        views = DriftByGroup(detector="never", min_events=100)
        for n in range(40):
            feed(views, str(n), outcomes(1_000 * trial + n, (200, 0.3)))
        wrong += any((view.p_value or 1) <= 0.05 for view in views.views())
        named += bool(views.fallen(0.05))
    assert wrong >= 7 and named <= 2


def test_bonferroni_names_no_more_than_benjamini_and_hochberg() -> None:
    views = DriftByGroup(detector="never")
    for n in range(30):
        feed(views, str(n), outcomes(n, (250, 0.5), (50, 0.25)))
    assert len(views.fallen(0.05, "bonferroni")) < len(views.fallen(0.05, "bh"))


def test_an_event_counts_for_each_category_of_its_item() -> None:
    catalog = Catalog.from_records([{"item": 7, "categories": ["Crime", "Sea"]}])
    views = DriftByGroup(detector="always", min_events=10)
    groups = groups_of(Feedback("ada", 7), catalog)
    rang = [views.update_all(groups, True, n) for n in range(1, 11)]
    assert rang == [[]] * 9 + [["Crime", "Sea"]]
    assert [view.group for view in views.views()] == ["Crime", "Sea"]
    with pytest.raises(DataError, match="'user' or by 'category'"):
        groups_of(Feedback("ada", 7), catalog, by="item")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"max_groups": 0}, "max_groups"),
        ({"max_groups": 100_000}, "fewer groups"),
        ({"delta": 0.0}, "delta"),
        ({"delta": float("nan")}, "delta"),
        ({"min_events": 5}, "min_events"),
        ({"detector": "adwim"}, "did you mean 'adwin'"),
    ],
)
def test_what_cannot_be_watched_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        DriftByGroup(**wrong)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="correction"):
        DriftByGroup().fallen(correction="none")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="q is"):
        DriftByGroup().fallen(q=1)
