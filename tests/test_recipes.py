"""Recipes for the four fields."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import traitlets

import lifelong_widgets as lw
from lifelong_widgets.data import Catalog, Feedback, FeedbackKind, Interactions, datasets
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import prequential

SHELF = [
    {"item": "a", "title": "Ant", "categories": ["x"]},
    {"item": "b", "title": "Bee", "categories": ["y"]},
]


@pytest.fixture(params=["e-commerce", "news", "online-education", "social-media"])
def recipe(request: pytest.FixtureRequest) -> lw.recipes.Recipe:
    return lw.recipes.get(request.param)


def test_there_is_one_for_each_field() -> None:
    assert list(lw.recipes.list()) == ["e-commerce", "news", "online-education", "social-media"]


def test_every_setting_exists_and_has_a_reason(recipe: lw.recipes.Recipe) -> None:
    rec = recipe.recommender(Catalog.from_records(SHELF), seed=3)
    settings = rec.settings()
    for name, choice in recipe.settings.items():
        assert settings[name] == choice.value
        assert len(choice.why.split()) > 2
    assert rec.kinds == recipe.kinds


def test_what_one_passes_counts_more(recipe: lw.recipes.Recipe) -> None:
    shelf = Catalog.from_records(SHELF)
    rec = recipe.recommender(shelf, text_features="none", history_length=7)
    assert rec.settings()["text_features"] == "none" and rec.settings()["history_length"] == 7
    with pytest.raises(DataError, match="histry_length"):
        recipe.recommender(shelf, histry_length=7)
    with pytest.raises(traitlets.TraitError):
        recipe.recommender(shelf, history_length=-1)


def test_its_data_sets_exist_and_speak_of_the_same_kinds(recipe: lw.recipes.Recipe) -> None:
    assert {recipe.world, *recipe.logs} <= set(datasets.list())
    data = datasets.load(recipe.world, n_people=5, n_events=20)
    assert data.interactions.kinds == recipe.kinds


def test_it_says_something_that_the_defaults_do_not(recipe: lw.recipes.Recipe) -> None:
    plain = lw.Recommender(Catalog.from_records(SHELF)).settings()
    assert [name for name, value in recipe.hyperparameters.items() if value != plain[name]]


def test_it_says_in_what_it_differs_and_why_not_in_more(recipe: lw.recipes.Recipe) -> None:
    """Bug: most settings were the defaults, and nothing said so."""
    plain = lw.Recommender(Catalog.from_records(SHELF)).settings()
    assert recipe.differs == {n: v for n, v in recipe.hyperparameters.items() if v != plain[n]}
    assert recipe.left and not set(recipe.left) & set(recipe.settings) and set(recipe.left) <= set(plain)
    text, html = repr(recipe), recipe._repr_html_()
    for shown in (text, html):
        assert f"differs from the defaults in {', '.join(recipe.differs)};" in shown
        assert shown.count("(default)") == len(recipe.settings) - len(recipe.differs) + len(recipe.left)
        assert all(why in shown for why in recipe.left.values())


def test_it_learns_its_world(recipe: lw.recipes.Recipe) -> None:
    data = datasets.load(recipe.world, n_people=15, n_events=300)
    before, after = data.interactions[:200], data.interactions[200:]
    taught, blank = (
        recipe.recommender(data.catalog, embedding_dim=8, hidden_dim=8, epochs=2) for _ in range(2)
    )
    taught.fit(before, progress=False)
    for event in before:
        blank.observe(event)
    report = prequential(
        {"taught": taught, "blank": blank}, after, depth=50, exclude_seen=False, learn=False, progress=False
    )
    mrr = {
        name: np.mean([1 / rank if rank else 0.0 for rank in ranks]) for name, ranks in report.ranks.items()
    }
    assert mrr["taught"] > 1.2 * mrr["blank"]


def test_it_cannot_be_changed(recipe: lw.recipes.Recipe) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        recipe.settings["capacity"] = 1  # type: ignore[index]


def test_it_reads_well(recipe: lw.recipes.Recipe) -> None:
    text, html = repr(recipe), recipe._repr_html_()
    for part in (recipe.name, recipe.purpose, recipe.world, *recipe.kinds, *recipe.settings):
        assert part in text and part in html
    assert html.startswith("<table") and max(map(len, text.splitlines())) < 120


def test_an_unknown_field() -> None:
    with pytest.raises(DataError, match="no recipe 'ecommerce'; did you mean 'e-commerce'"):
        lw.recipes.get("ecommerce")


def test_kinds_of_ones_own_take_the_place_of_the_recipes() -> None:
    """Bug: a raw TypeError, since the recipe gave `kinds` too."""
    recipe, shelf = lw.recipes.get("e-commerce"), Catalog.from_records([{"item": 1, "title": "Fog"}])
    mine = recipe.kinds.with_kind(FeedbackKind("Add to Cart", 0.7))
    rec = recipe.recommender(shelf, kinds=mine, behavior_features="none")
    assert rec.kinds == mine and rec.settings()["history_length"] == 100
    log = Interactions.from_events([Feedback("ada", 1, "Add to Cart", time=1)], kinds=mine)
    with pytest.raises(DataError, match=r"recipe\.recommender\(catalog, kinds=log\.kinds\)"):
        recipe.recommender(shelf, behavior_features="none").fit(log, progress=False)
