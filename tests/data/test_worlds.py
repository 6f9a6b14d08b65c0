"""The four simulated worlds: what is true in them is true, and shows in their logs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import Feedback, datasets
from lifelong_widgets.data.datasets.worlds import (
    CommunityWorld,
    CourseWorld,
    NewsWorld,
    ShopWorld,
    World,
)
from lifelong_widgets.errors import DataError, UnknownItemError

WORLDS = ("community-world", "course-world", "news-world", "shop-world")


@pytest.fixture(scope="module")
def made() -> dict[str, datasets.Dataset]:
    return {name: datasets.load(name, seed=3, n_people=60, n_events=2_000) for name in WORLDS}


@pytest.fixture(params=WORLDS)
def data(request: pytest.FixtureRequest, made: dict[str, datasets.Dataset]) -> datasets.Dataset:
    return made[request.param]


def world_of(data: datasets.Dataset) -> World:
    assert isinstance(data.truth, World)
    return data.truth


# ---- what holds in every world ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORLDS)
def test_one_seed_one_log(name: str) -> None:
    one, again, other = (datasets.load(name, seed=seed, n_people=20, n_events=200) for seed in (3, 3, 4))
    assert list(again.interactions) == list(one.interactions)
    assert list(again.catalog) == list(one.catalog)
    assert list(other.interactions) != list(one.interactions)


def test_it_says_what_it_is_and_its_items_have_texts(data: datasets.Dataset) -> None:
    assert "Counts: " in data.about and "Licence: " in data.about and "simulated" in data.about
    assert all(
        item.title != item.id and item.categories and any(item.texts.values()) for item in data.catalog
    )
    assert 1_800 <= len(data.interactions) <= 2_000
    assert set(data.interactions.kind_names) <= set(data.interactions.kinds)
    assert data.interactions.kinds == world_of(data).kinds


def test_chances_are_what_happens(data: datasets.Dataset) -> None:
    """Somebody is shown one and the same item 3,000 times."""
    world = world_of(data).fork(seed=1)
    person = world.people[0]
    item = world.favourites(person, 1)[0]
    chances = world.chances(person, item)
    assert 0.0 < sum(chances.values()) < 1.0
    found: Counter[str] = Counter()
    for _ in range(3_000):
        taken = world.choose(person, [item])
        found[taken.kind if taken else "nothing"] += 1
    for kind, chance in chances.items():
        assert found[kind] / 3_000 == pytest.approx(chance, abs=4.0 * np.sqrt(0.25 / 3_000))


def test_who_knows_the_truth_beats_popularity(data: datasets.Dataset) -> None:
    world = world_of(data)
    counts = Counter(event.item for event in data.interactions)
    popular = [item for item, _ in counts.most_common(10)]
    best = np.mean([world.reward(person, world.favourites(person, 10)).mean() for person in world.people])
    usual = np.mean([world.reward(person, popular).mean() for person in world.people])
    assert best > 1.3 * usual and best > 0.05


def test_people_take_what_is_worth_more_to_them(data: datasets.Dataset) -> None:
    """At the end of the log: shown the best and the worst of ten, they take the best far more often."""
    world = world_of(data).fork(seed=2)
    best = worst = 0
    for person in world.people:
        order = world.favourites(person, len(world.catalog))
        for _ in range(10):
            taken = world.choose(person, [order[-1], order[0]])
            best += taken is not None and taken.item == order[0]
            worst += taken is not None and taken.item == order[-1]
    assert best > 10 * worst and best > 50


def test_a_fork_goes_its_own_way(data: datasets.Dataset) -> None:
    world = world_of(data)
    person = world.people[5]
    before = world.utility(person, world.catalog.ids)
    fork = world.fork(seed=1)
    for item in fork.favourites(person, 20):
        kind = next(name for name in ("purchase", "agree", "watched", "read") if name in fork.kinds)
        fork.remember(Feedback(person, item, kind))
    assert not np.array_equal(fork.utility(person, world.catalog.ids), before)
    assert np.array_equal(world.utility(person, world.catalog.ids), before)


def test_an_item_that_comes_later_takes_part(data: datasets.Dataset) -> None:
    world = type(world_of(data))(seed=3, n_people=10)
    texts = dict.fromkeys(world.catalog.text_columns, "")
    world.catalog.add({"item": "new", "title": "New", "categories": [world.categories[0]], **texts})
    assert np.isfinite(world.utility(world.people[0], ["new"])).all()
    assert 0.0 < sum(world.chances(world.people[0], "new").values()) < 1.0


def test_what_cannot_be_is_refused(data: datasets.Dataset) -> None:
    world = world_of(data)
    with pytest.raises(DataError, match="no person 'nobody'"):
        world.utility("nobody", [])
    with pytest.raises(UnknownItemError):
        world.utility(world.people[0], ["nothing"])
    for wrong in ({"n_events": 0}, {"n_people": 0}, {"seed": -1}, {"n_people": 1.5}):
        with pytest.raises(DataError):
            datasets.load(data.name, **wrong)  # type: ignore[arg-type]


# ---- the shop --------------------------------------------------------------------------------------------


def shop_before_and_after(product: str, wanted: str) -> tuple[float, float]:
    """What `wanted` is worth to a customer before and after they bought `product`."""
    world = ShopWorld(seed=1, n_people=3)
    by_product = {item.texts["product"]: item.id for item in world.catalog}
    before = world.utility("customer-001", [by_product[wanted]])[0]
    world.remember(Feedback("customer-001", by_product[product], "purchase"))
    return float(before), float(world.utility("customer-001", [by_product[wanted]])[0])


def test_what_goes_together_is_wanted_together() -> None:
    before, after = shop_before_and_after("teapot", "loose tea")
    assert after == pytest.approx(before + 2.0)
    before, after = shop_before_and_after("teapot", "flour")
    assert after == before


def test_what_lasts_is_bought_once_and_what_is_used_up_again() -> None:
    before, after = shop_before_and_after("teapot", "teapot")
    assert after == pytest.approx(before - 2.5)
    before, after = shop_before_and_after("flour", "flour")
    assert after == pytest.approx(before + 1.0)


def test_baskets_hold_complements(made: dict[str, datasets.Dataset]) -> None:
    """A purchase is followed by its complement more often than by another product, three times at least."""
    data = made["shop-world"]
    world = world_of(data)
    assert isinstance(world, ShopWorld)
    product = {item.id: world._products[item.texts["product"]] for item in data.catalog}
    last: dict[Any, int] = {}
    together = pairs = 0
    for event in data.interactions:
        if event.kind == "purchase":
            if event.user in last:
                together += bool(world._goes[last[event.user], product[event.item]])
                pairs += 1
            last[event.user] = product[event.item]
    assert together / pairs > 2.0 * world._goes.mean()


def test_a_purchase_carries_its_price(made: dict[str, datasets.Dataset]) -> None:
    data = made["shop-world"]
    for event in data.interactions[:200]:
        price = float(data.catalog[event.item].texts["price"])
        assert event.value == (pytest.approx(price) if event.kind == "purchase" else None)


# ---- the community ---------------------------------------------------------------------------------------


def test_followers_think_alike_and_agree_more_than_strangers(made: dict[str, datasets.Dataset]) -> None:
    data = made["community-world"]
    world = world_of(data)
    assert isinstance(world, CommunityWorld)
    edges = set(world.edges)
    assert len(edges) == 60 * 8 and all(one != other for one, other in edges)
    agreed: dict[bool, list[bool]] = {True: [], False: []}
    for event in data.interactions:
        author = data.catalog[event.item].texts["author"]
        agreed[(event.user, author) in edges].append(event.kind == "agree")
    assert len(agreed[True]) > 100
    assert np.mean(agreed[True]) > np.mean(agreed[False]) + 0.15


def test_a_vote_follows_the_opinion_and_is_cast_once(made: dict[str, datasets.Dataset]) -> None:
    data = made["community-world"]
    world = world_of(data)
    assert isinstance(world, CommunityWorld)
    votes = [(event.user, event.item) for event in data.interactions]
    assert len(set(votes)) == len(votes)
    sides = {"for": 1.0, "against": -1.0}
    signs = []
    for event in data.interactions:
        item = data.catalog[event.item]
        opinion = world.opinions[world.row_of(event.user), world.categories.index(item.categories[0])]
        if event.kind != "pass":
            signs.append((event.kind == "agree") == (opinion * sides[item.texts["stance"]] > 0))
    assert np.mean(signs) > 0.85


def test_a_log_ends_when_everybody_has_voted_on_everything() -> None:
    town = datasets.load("community-world", n_people=1, n_events=1_000)
    assert len(town.interactions) == len(town.catalog)


# ---- the course ------------------------------------------------------------------------------------------


def test_who_has_not_done_the_prerequisite_leaves() -> None:
    world = CourseWorld(seed=0, n_people=50)
    later = next(item for item in world.catalog if item.texts["level"] == "2")
    person = next(person for person in world.people if not world.ready(person, [later.id])[0])
    before = world.chances(person, later.id)
    assert before["left"] > 5 * before["watched"]
    world.remember(Feedback(person, later.texts["requires"], "left"))
    assert not world.ready(person, [later.id])[0]
    world.remember(Feedback(person, later.texts["requires"], "watched"))
    after = world.chances(person, later.id)
    assert world.ready(person, [later.id])[0] and after["watched"] > 10 * after["left"]


def test_prerequisites_show_in_the_log(made: dict[str, datasets.Dataset]) -> None:
    data = made["course-world"]
    done: dict[Any, set[Any]] = {}
    left: dict[bool, list[bool]] = {True: [], False: []}
    for event in data.interactions:
        needed = data.catalog[event.item].texts["requires"]
        past = done.setdefault(event.user, set())
        if needed:
            left[needed in past].append(event.kind == "left")
        if event.kind == "watched":
            assert event.item not in past
            past.add(event.item)
    assert np.mean(left[False]) > 3 * np.mean(left[True])


def test_the_value_is_the_share_that_was_watched(made: dict[str, datasets.Dataset]) -> None:
    ranges = {"watched": (80, 100), "watched_part": (20, 80), "left": (0, 20)}
    for event in made["course-world"].interactions:
        low, high = ranges[event.kind]
        assert event.value is not None and low <= event.value <= high


# ---- the news --------------------------------------------------------------------------------------------


def published(data: datasets.Dataset, item: Any) -> float:
    released = data.catalog[item].released
    assert released is not None
    return released


def test_stories_die_within_two_days(made: dict[str, datasets.Dataset]) -> None:
    data = made["news-world"]
    ages = (
        np.array([(event.time or 0.0) - published(data, event.item) for event in data.interactions]) / 3600.0
    )
    assert ages.min() >= 0.0 and ages.max() <= 48.0
    assert np.median(ages) < 12.0


def test_everybody_reads_what_breaks(made: dict[str, datasets.Dataset]) -> None:
    data = made["news-world"]
    world = world_of(data)
    assert isinstance(world, NewsWorld)
    counts = Counter(event.item for event in data.interactions)
    breaking = [counts[item] for item in world.breaking]
    others = [counts[item] for item in data.catalog.ids if item not in set(world.breaking)]
    assert 0 < len(breaking) < 0.15 * len(others)
    assert np.mean(breaking) > 2 * np.mean(others)


def test_time_goes_on_and_brings_new_stories() -> None:
    world = NewsWorld(seed=0, n_people=5)
    world.advance(24.0)
    first = list(world.catalog.ids)
    assert len(first) == 30
    fresh = world.utility("reader-001", first)
    world.advance(72.0)
    assert len(world.catalog) == 120
    assert (world.utility("reader-001", first) < fresh - 5.0).all()
    assert set(world.favourites("reader-001", 10)) <= set(world.catalog.ids[30:])
    with pytest.raises(DataError, match="positive number of hours"):
        world.advance(0.0)
