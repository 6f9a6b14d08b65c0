"""Input drift: a move is found and named, noise is told from it, too few events are said to be too few."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.drift import input_drift
from lifelong_widgets.errors import DataError, UnknownItemError

CATALOG = Catalog.from_records(
    [
        {"item": f"i{n}", "categories": [["crime", "poetry", "maths"][n % 3]] if n < 30 else []}
        for n in range(40)
    ]
)


def log(seed: int, n: int, shares: tuple[float, float, float] = (0.4, 0.4, 0.2)) -> Interactions:
    rng = np.random.default_rng(seed)
    items = rng.choice(3, size=n, p=shares) + 3 * rng.integers(10, size=n)
    frame = pd.DataFrame({"user": rng.integers(50, size=n), "item": [f"i{item}" for item in items]})
    return Interactions.from_pandas(frame, time=None)


def test_a_mix_that_moved_is_found_and_the_movers_named() -> None:
    found = input_drift(log(0, 1_000), log(1, 1_000, (0.2, 0.4, 0.4)), CATALOG)
    assert found.status == "moved" and found.p_value == 0.001
    assert {moved.name for moved in found.most_moved[:2]} == {"crime", "maths"}
    crime = next(moved for moved in found.most_moved if moved.name == "crime")
    assert (crime.before, crime.after) == (pytest.approx(0.4, abs=0.05), pytest.approx(0.2, abs=0.05))
    assert found.psi is not None and found.psi > 0.1
    assert found.js is not None and found.js_by_chance is not None and found.js > 10 * found.js_by_chance


@pytest.mark.parametrize("by", ["category", "item"])
def test_two_logs_of_one_mix_are_steady(by: str) -> None:
    values = []
    for seed in range(12):
        found = input_drift(log(seed, 400), log(100 + seed, 300), CATALOG, by=by, n_permutations=99)
        assert found.p_value is not None
        values.append(found.p_value)
    assert sum(value <= 0.05 for value in values) <= 2
    assert np.mean(values) == pytest.approx(0.5, abs=0.25)


def test_chance_alone_keeps_many_items_apart_and_that_is_said() -> None:
    found = input_drift(log(0, 250), log(1, 250), CATALOG, by="item")
    assert found.n_bins == 30 and found.status == "steady"
    assert found.js is not None and found.js_by_chance == pytest.approx(found.js, rel=0.5)
    assert found.js > 0.01


@pytest.mark.parametrize(("before", "after", "fewest"), [(30, 500, 30), (500, 199, 199)])
def test_too_few_events_are_said_and_nothing_is_claimed(before: int, after: int, fewest: int) -> None:
    found = input_drift(log(0, before), log(1, after, (0.0, 0.0, 1.0)), CATALOG)
    assert found.status == f"too few events: {fewest} of 200"
    assert (found.psi, found.js, found.p_value, found.most_moved) == (None, None, None, ())


def test_an_empty_log_has_too_few_events() -> None:
    empty = Interactions.from_events([])
    assert input_drift(empty, log(0, 500), CATALOG).status == "too few events: 0 of 200"
    assert input_drift(empty, empty, CATALOG).n_bins == 0


def test_an_event_of_two_categories_counts_one() -> None:
    catalog = Catalog.from_records([{"item": 1, "categories": ["a", "b"]}, {"item": 2, "categories": ["c"]}])
    one, other = (
        Interactions.from_pandas(pd.DataFrame({"user": 1, "item": items}), time=None)
        for items in ([1, 1, 2, 2], [1, 2, 2, 2])
    )
    found = input_drift(one, other, catalog, min_events=4)
    assert [(moved.name, moved.before, moved.after) for moved in found.most_moved] == [
        ("c", 0.5, 0.75),
        ("a", 0.25, 0.125),
        ("b", 0.25, 0.125),
    ]


def test_items_without_a_category_are_a_bin_of_their_own() -> None:
    bare = Interactions.from_pandas(pd.DataFrame({"user": 1, "item": ["i35"] * 300}), time=None)
    found = input_drift(log(0, 300), bare, CATALOG)
    assert found.most_moved[0].name == "(no category)" and found.most_moved[0].after == 1


def test_the_seed_decides_the_p_value() -> None:
    def p_value(seed: int) -> float | None:
        return input_drift(log(3, 300), log(4, 300, (0.36, 0.42, 0.22)), CATALOG, seed=seed).p_value

    assert p_value(1) == p_value(1) != p_value(2)


def test_what_cannot_be_compared_is_refused() -> None:
    fine = log(0, 300)
    with pytest.raises(DataError, match="two Interactions"):
        input_drift(fine, [1, 2], CATALOG)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="needs a Catalog"):
        input_drift(fine, fine, {})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="'category' or of 'item'"):
        input_drift(fine, fine, CATALOG, by="user")
    for wrong in ({"min_events": 0}, {"n_permutations": 1.5}, {"alpha": 1}, {"seed": -1}):
        with pytest.raises(DataError, match=next(iter(wrong))):
            input_drift(fine, fine, CATALOG, **wrong)  # type: ignore[arg-type]
    with pytest.raises(UnknownItemError):
        input_drift(fine, fine, Catalog.from_records([{"item": "x"}]))
