from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lifelong_widgets.data import Interactions, datasets
from lifelong_widgets.data.datasets.tastes import draw_tastes, membership, swapped
from lifelong_widgets.errors import DataError


@pytest.fixture(scope="module")
def shop() -> datasets.Dataset:
    return datasets.load("bookshop")


def test_the_catalogue_is_worth_reading(shop):
    books = list(shop.catalog)
    assert len(books) == 252
    assert [book.id for book in books[:2]] == ["b001", "b002"]
    genres = Counter(genre for book in books for genre in book.categories)
    assert len(genres) == 12
    assert min(genres.values()) >= 20
    assert {len(book.categories) for book in books} == {1, 2, 3}
    for column in ("author", "description"):
        assert len({book.texts[column] for book in books}) == len(books)
    assert len({book.title.casefold() for book in books}) == len(books)
    for book in books:
        assert book.texts["description"].endswith(".")
        assert 8 <= len(book.texts["description"].split()) <= 40
    # no two descriptions begin alike: none was made from a template
    assert max(Counter(tuple(book.texts["description"].split()[:4]) for book in books).values()) <= 2


def test_the_log_has_the_size_that_was_asked_for(shop):
    assert len(shop.interactions) == 12_000
    assert len(shop.interactions.users) == 300
    small = datasets.load("bookshop", n_readers=5, n_events=50).interactions
    assert len(small) == 50
    assert set(small.users) <= {f"reader-00{n}" for n in range(1, 6)}


def test_every_way_of_choosing_occurs(shop):
    counts = Counter(event.kind for event in shop.interactions)
    assert set(counts) == {"click", "like", "purchase"}
    assert counts["click"] > counts["like"] > counts["purchase"] > 100


def test_the_same_seed_gives_the_same_log_and_another_seed_another():
    options = {"n_readers": 20, "n_events": 200}
    one, again, other = (datasets.load("bookshop", seed=seed, **options) for seed in (3, 3, 4))
    assert list(one.interactions) == list(again.interactions)
    assert np.array_equal(one.truth.tastes_before, again.truth.tastes_before)
    assert list(one.interactions) != list(other.interactions)


def test_readers_do_not_take_a_book_twice_until_they_have_had_half_the_shop():
    log = datasets.load("bookshop", n_readers=3, n_events=600).interactions
    for user in log.users:
        had = [event.item for event in log if event.user == user]
        half = had[:126]
        assert len(set(half)) == len(half)
    assert len(log) > len({(event.user, event.item) for event in log})


def places(shop: datasets.Dataset, part: Interactions, after: bool) -> float:
    """How far up a reader's own order of the whole shop the chosen books stand, on average; 0 is the top."""
    everything = np.arange(len(shop.catalog))
    people = {person: row for row, person in enumerate(shop.truth.people)}
    found = []
    for event in part:
        worth = shop.truth.utility(people[event.user], everything, after)
        found.append((worth > worth[shop.catalog.index.get(event.item)]).mean())
    return float(np.mean(found))


def test_readers_choose_by_their_tastes_and_by_the_new_ones_once_these_have_changed(shop):
    drift = shop.truth.drift_time
    before, after = shop.interactions.before(drift), shop.interactions.after(drift)
    assert len(before) == pytest.approx(0.6 * 12_000, abs=5)
    assert places(shop, before, after=False) < 0.25
    assert places(shop, after, after=True) < 0.25
    assert places(shop, before, after=True) > 0.35
    assert places(shop, after, after=False) > 0.35


def test_knowing_the_truth_beats_popularity_and_knowing_the_old_truth_does_not(shop):
    truth, log = shop.truth, shop.interactions
    people = {person: row for row, person in enumerate(truth.people)}
    everything, popular = np.arange(len(shop.catalog)), np.zeros(len(shop.catalog))
    had = np.zeros((len(people), len(everything)), dtype=bool)
    hits: dict[str, list[bool]] = {"truth": [], "old truth": [], "popularity": []}
    for place, event in enumerate(log):
        row, book = people[event.user], shop.catalog.index.get(event.item)
        if place >= 9_000:
            now, old = truth.utility(row, everything, True), truth.utility(row, everything, False)
            for name, scores in zip(hits, (now, old, popular), strict=True):
                best = np.argsort(-np.where(had[row], -np.inf, scores), kind="stable")[:10]
                hits[name].append(book in best)
        had[row, book] = True
        popular *= 0.5 ** (1 / 1000)
        popular[book] += 1
    rates = {name: np.mean(outcomes) for name, outcomes in hits.items()}
    assert rates["truth"] > 1.5 * rates["popularity"]
    assert rates["popularity"] > rates["old truth"]


def test_without_drift_there_is_one_truth():
    shop = datasets.load("bookshop", n_events=500, drift_at=None)
    assert shop.truth.drift_time is None
    assert np.array_equal(shop.truth.tastes_before, shop.truth.tastes_after)
    assert "turns: never" in shop.about


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_events": 0}, "n_events=0"),
        ({"n_readers": 0}, "0 people"),
        ({"drift_at": 0.0}, r"drift_at=0\.0"),
        ({"drift_at": 1.0}, r"drift_at=1\.0"),
        ({"drift_at": float("nan")}, "drift_at=nan"),
        ({"readers": 5}, "did you mean 'n_readers'"),
    ],
)
def test_options_that_make_no_log_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        datasets.load("bookshop", **options)


def test_every_load_gives_a_catalogue_that_may_grow():
    datasets.load("bookshop", n_events=1).catalog.add({"item": "b999"})
    assert "b999" not in datasets.load("bookshop", n_events=1).catalog


def test_tastes_are_positive_and_sum_to_the_same_for_everyone():
    tastes = draw_tastes(np.random.default_rng(0), 40, 12)
    assert (tastes >= 0).all()
    assert tastes.sum(axis=1) == pytest.approx(6.0)


def test_a_small_concentration_makes_people_single_minded():
    wide, narrow = (draw_tastes(np.random.default_rng(0), 200, 12, c).max(axis=1).mean() for c in (20.0, 0.1))
    assert narrow > 1.5 * wide


@pytest.mark.parametrize("n_categories", [0, 1, 2, 3])
def test_there_are_tastes_over_few_categories_too(n_categories):
    assert draw_tastes(np.random.default_rng(0), 4, n_categories).shape == (4, n_categories)
    assert membership([], [f"c{n}" for n in range(n_categories)]).shape == (0, n_categories)


@pytest.mark.parametrize("concentration", [0.0, -1.0, float("nan"), float("inf")])
def test_a_concentration_is_positive(concentration):
    with pytest.raises(DataError, match="concentration"):
        draw_tastes(np.random.default_rng(0), 4, 3, concentration)


def test_the_fashion_turns_and_turns_back():
    tastes = draw_tastes(np.random.default_rng(1), 50, 12)
    turned = swapped(tastes)
    popularity = tastes.mean(axis=0)
    assert turned.mean(axis=0)[popularity.argmin()] == popularity.max()
    assert np.array_equal(swapped(turned), tastes)
    assert turned.sum(axis=1) == pytest.approx(tastes.sum(axis=1))


def test_data_sets_are_listed_as_models_and_recipes_are() -> None:
    assert "bookshop" in datasets.list() and list(datasets.list()) == sorted(datasets.list())
