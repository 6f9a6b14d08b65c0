"""Explanations against what they are explanations of: the curves of the bench, on a world with a rule."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.recommender import Recommender
from tests.bench.faithfulness import SHARES, area, counterfactuals, measure, points, table
from tests.engine.worlds import SMALL, checkerboard


def test_scores_fall_sooner_in_the_order_of_the_explanation() -> None:
    catalog, log = checkerboard(n_people=10, n_items=50)
    rec = Recommender(catalog, **{**SMALL, "history_length": 25})
    rec.learn_many(log, progress=False)
    before = rec.digest()
    found, people = measure(rec, 8, seed=0)
    assert rec.digest() == before and len(people) == 8
    for each in found.values():
        assert each.shape == (8, 2, len(SHARES), 2)
        np.testing.assert_array_equal(each[:, 0, 0], found["random"][:, 0, 0])  # the whole past
        np.testing.assert_array_equal(each[:, 0, -1], found["random"][:, 0, -1])  # nothing of it
        np.testing.assert_allclose(each[:, 0, 0], each[:, 1, -1])
    deletion = {name: np.mean([area(pair[0])[0] for pair in each], axis=0) for name, each in found.items()}
    insertion = {name: np.mean([area(pair[1])[0] for pair in each], axis=0) for name, each in found.items()}
    assert deletion["both ends"] <= deletion["leave one out"] + 0.1
    assert deletion["explanation"] < min(deletion["random"], deletion["popularity"])
    assert insertion["explanation"] > max(insertion["random"], insertion["popularity"])
    assert table(found, people).count("\n") == 7 and points(found).count("\n") == 13
    assert "of 2" in counterfactuals(rec, people[:2])
