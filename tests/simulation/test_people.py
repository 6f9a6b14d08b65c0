from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from lifelong_widgets.data import Catalog, Feedback, datasets
from lifelong_widgets.errors import DataError, UnknownItemError
from lifelong_widgets.simulation import SimulatedPeople


@pytest.fixture(scope="module")
def shop() -> datasets.Dataset:
    return datasets.load("bookshop", n_readers=30, n_events=300)


@pytest.fixture
def people(shop) -> SimulatedPeople:
    return SimulatedPeople(shop.catalog, n_people=20, seed=1)


def clicks(people: SimulatedPeople, lists: dict, rounds: int = 40) -> list[Feedback]:
    """What everyone clicks who is shown their list `rounds` times."""
    choices = (people.choose(person, lists[person]) for _ in range(rounds) for person in people.people)
    return [choice for choice in choices if choice]


def everyone(people: SimulatedPeople, items: list) -> dict:
    return {person: items for person in people.people}


def test_people_have_ids_and_known_tastes(people):
    assert people.people[0] == "sim-001"
    assert len(people.people) == 20
    assert people.tastes.shape == (20, 12)
    assert len(people.categories) == 12


def test_a_click_carries_the_list_that_was_on_screen(people):
    best = people.favourites("sim-001", k=10)
    for event in clicks(people, everyone(people, best), rounds=5):
        assert event.user in people.people
        assert (event.kind, event.shown) == ("click", tuple(best))
        assert event.item in best


def test_a_click_is_called_as_the_recommender_calls_it(people):
    best = people.favourites("sim-001", k=10)
    choices = [people.choose("sim-001", best, kind="purchase") for _ in range(20)]
    assert {choice.kind for choice in choices if choice} == {"purchase"}


def test_a_list_of_recommendations_will_do(people):
    best = people.favourites("sim-001", k=10)
    shown = {event.shown for event in clicks(people, everyone(people, SimpleNamespace(items=best)))}
    assert shown == {tuple(best)}


def test_the_same_seed_does_the_same(shop):
    def run(seed):
        people = SimulatedPeople(shop.catalog, n_people=5, seed=seed)
        return clicks(people, everyone(people, list(shop.catalog.ids[:10])))

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_people_click_more_on_what_they_like(people, shop):
    rng = np.random.default_rng(0)
    liked = clicks(people, {person: people.favourites(person) for person in people.people})
    anything = {person: rng.permutation(shop.catalog.ids)[:10].tolist() for person in people.people}
    assert len(liked) > 1.3 * len(clicks(people, anything))


def test_among_what_they_see_they_take_what_they_like_best(people, shop):
    ordered = {person: people.favourites(person, k=len(shop.catalog)) for person in people.people}
    ends = {person: [items[-1], items[0]] for person, items in ordered.items()}
    taken = Counter(ends[event.user].index(event.item) for event in clicks(people, ends))
    assert taken[1] > 5 * taken[0]


def test_what_stands_higher_is_clicked_more_often():
    equal = Catalog.from_records([{"item": n, "categories": ["one"]} for n in range(20)])
    people = SimulatedPeople(equal, n_people=10)
    taken = Counter(event.item for event in clicks(people, everyone(people, list(range(20))), rounds=200))
    assert taken[0] > 1.5 * taken[10] > 0
    assert taken[10] > taken[19]


def test_nothing_on_screen_means_no_click(people):
    assert people.choose("sim-001", []) is None


def test_once_tastes_have_drifted_the_old_favourites_are_clicked_less(people):
    old = {person: people.favourites(person) for person in people.people}
    before = len(clicks(people, old))
    tastes = people.tastes.copy()
    people.drift()
    assert len(clicks(people, old)) < 0.8 * before
    people.drift()
    assert np.array_equal(people.tastes, tastes)


def test_tastes_can_be_shuffled_person_by_person(people):
    before = people.tastes.copy()
    people.drift("shuffle")
    assert np.array_equal(np.sort(people.tastes), np.sort(before))
    moves = people.tastes.argmax(axis=1) - before.argmax(axis=1)
    assert len(set(moves.tolist())) > 3


def test_another_drift_is_refused_and_changes_nothing(people):
    before = people.tastes.copy()
    with pytest.raises(DataError, match="'swap' or 'shuffle'"):
        people.drift("jump")
    assert np.array_equal(people.tastes, before)


def test_the_people_behind_a_log_are_the_same_people(shop):
    people = SimulatedPeople.from_truth(shop)
    assert tuple(people.people) == shop.truth.people
    everything = list(shop.catalog.ids)
    assert people.utility("reader-003", everything) == pytest.approx(
        shop.truth.utility(2, np.arange(len(everything)), after=True)
    )
    people.drift()
    assert people.tastes == pytest.approx(shop.truth.tastes_before)
    assert shop.truth.tastes_after != pytest.approx(shop.truth.tastes_before)


def test_the_people_behind_a_real_log_are_not_known():
    real = datasets.Dataset("real", Catalog(), None, "")
    with pytest.raises(DataError, match="'real' is a real log"):
        SimulatedPeople.from_truth(real)


def test_items_may_come_later():
    shop = Catalog.from_records([{"item": 1, "categories": ["old"]}])
    people = SimulatedPeople(shop, n_people=2)
    shop.add([{"item": 2, "categories": ["old"]}, {"item": 3, "categories": ["new"]}, {"item": 4}])
    worth = people.utility("sim-001", [1, 2, 3, 4])
    assert worth.tolist() == [worth[0], worth[0], 0.0, 0.0]
    assert set(people.favourites("sim-001", k=2)) == {1, 2}


def test_a_catalogue_without_categories_pleases_everyone_equally():
    people = SimulatedPeople(Catalog.from_records([{"item": n} for n in range(5)]), n_people=3)
    assert people.utility("sim-001", [0, 4]).tolist() == [0.0, 0.0]
    assert clicks(people, everyone(people, [0, 1, 2]))


def test_who_and_what_does_not_exist_is_named(people):
    with pytest.raises(DataError, match="no person 'sim-1'; did you mean 'sim-0"):
        people.choose("sim-1", [])
    with pytest.raises(UnknownItemError, match="no item 'b9999'"):
        people.choose("sim-001", ["b9999"])
    with pytest.raises(DataError, match="0 people"):
        SimulatedPeople(Catalog(), n_people=0)
