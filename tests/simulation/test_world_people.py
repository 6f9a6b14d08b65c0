"""People of a world in front of a live list."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import lifelong_widgets as lw
from lifelong_widgets.data import Feedback, datasets
from lifelong_widgets.data.datasets import World
from lifelong_widgets.evaluation import RecencyPopularity, prequential
from lifelong_widgets.simulation import SimulatedPeople, WorldPeople
from lifelong_widgets.widgets import LiveSession
from lifelong_widgets.widgets.crowd import Crowd

SMALL = {"n_people": 40, "n_events": 1_000}


def test_the_people_behind_a_world_are_its_people() -> None:
    school = datasets.load("course-world", **SMALL)
    assert isinstance(school.truth, World)
    people = SimulatedPeople.from_truth(school, seed=1)
    assert isinstance(people, WorldPeople)
    assert tuple(people.people) == school.truth.people
    everything = list(school.catalog.ids)
    before = school.truth.utility("learner-001", everything)
    assert np.array_equal(people.utility("learner-001", everything), before)
    people.drift()
    assert not np.array_equal(people.utility("learner-001", everything), before)
    people.drift()
    assert people.utility("learner-001", everything) == pytest.approx(before)
    assert np.array_equal(school.truth.utility("learner-001", everything), before)


def test_they_remember_only_what_they_are_told_to() -> None:
    school = datasets.load("course-world", **SMALL)
    people = WorldPeople(school.truth, seed=1)
    best = people.favourites("learner-002", k=10)
    taken = next(
        taken
        for _ in range(100)
        if (taken := people.choose("learner-002", SimpleNamespace(items=best))) and taken.kind == "watched"
    )
    assert taken.shown == tuple(best) and taken.value >= 80.0
    assert people.favourites("learner-002", k=10) == best
    people.remember(taken)
    assert taken.item not in people.favourites("learner-002", k=50)


@pytest.mark.parametrize("field", lw.recipes.list())
def test_a_recommender_made_by_the_recipe_learns_the_world(field: str) -> None:
    """Fitted on the first part of a small log, it takes more of the rest than what is popular lately does."""
    recipe = lw.recipes.get(field)
    data = datasets.load(recipe.world, seed=5, n_people=40, n_events=700)
    warm_up, stream = data.interactions.before(0.7), data.interactions.after(0.7)
    growing = data.catalog.subset(warm_up.items)
    rec = recipe.recommender(growing, epochs=4, embedding_dim=16, n_negatives=50)
    popular = RecencyPopularity(growing, kinds=data.interactions.kinds, half_life="1D")
    rec.fit(warm_up, progress=False)
    for event in warm_up:
        popular.learn_one(event)
    report = prequential(
        {"live": rec, "popular": popular}, stream, k=10, arrivals=data.catalog, progress=False
    )
    hits = {name: np.mean((ranks > 0) & (ranks <= 10)) for name, ranks in report.ranks.items()}
    assert hits["live"] > 1.15 * hits["popular"]


class Contrary(WorldPeople):
    """They take the first item of every list, to say that they disagree."""

    def choose(self, person, recommendations, kind=None):
        return Feedback(person, recommendations.items[0], "disagree", shown=recommendations.items)


def test_a_list_that_only_annoys_is_no_hit() -> None:
    recipe = lw.recipes.get("social-media")
    town = datasets.load("community-world", **SMALL)
    rec, twin = (recipe.recommender(town.catalog, embedding_dim=8) for _ in range(2))
    crowd = Crowd(rec, twin, Contrary(town.truth), seed=0)
    visit = crowd.visit(10)
    assert visit.update is not None and rec.n_events == 1
    assert not visit.live_hit and not visit.frozen_hit


@pytest.mark.parametrize("field", ["social-media", "online-education"])
def test_the_crowd_of_a_session_reacts_as_the_world_says(field: str) -> None:
    recipe = lw.recipes.get(field)
    data = datasets.load(recipe.world, **SMALL)
    rec = recipe.recommender(data.catalog, epochs=1)
    rec.fit(data.interactions, progress=False)
    session = LiveSession(rec, seed=0)
    people = SimulatedPeople.from_truth(data, seed=2)
    assert isinstance(people, WorldPeople)
    session.use_people(people)
    before = sum(map(len, people.world._past))
    result = session.run_simulation(n=15).result(timeout=120)
    after = sum(map(len, people.world._past))
    session.close()
    assert result.clicks == 15 and rec.n_events == len(data.interactions) + 15
    assert before < after <= before + 15  # a lesson that somebody left is not done
    assert 0.0 < result.live_hit_rate < 1.0
