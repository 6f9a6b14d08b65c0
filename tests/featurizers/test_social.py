"""Company: what the followed take, live; and where somebody stands in the graph."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Feedback, Interactions, SocialGraph
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers import AuthorFeaturizer, CategoryFeaturizer, NeighborTastes, NodeEmbedding
from lifelong_widgets.featurizers.walks import random_walks

DAY = 86_400.0
SHOP = Catalog.from_records(
    [{"item": "a", "categories": ["Sea"]}, {"item": "b", "categories": ["Ice"]}], text="author"
)


def tastes_of(graph: SocialGraph, half_life: float | None = 30.0) -> NeighborTastes:
    log = Interactions.from_events(
        [Feedback("bob", "a", time=0.0), Feedback("eve", "b", time=0.0), Feedback("ada", "b", time=0.0)]
    )
    return NeighborTastes(graph, CategoryFeaturizer(), half_life).fit(log, SHOP)


def test_edges_and_events_count_from_the_moment_they_arrive() -> None:
    graph = SocialGraph()
    tastes = tastes_of(graph)
    ice, sea = tastes.get_feature_names_out().tolist()
    assert (ice, sea) == ("followed take category: Ice", "followed take category: Sea")
    assert not tastes.transform(["ada"]).any(), "who follows nobody has no row, whatever they take"
    graph.add("ada", "bob", 3.0)
    assert tastes.transform(["ada"]).tolist() == [[0.0, 1.0]]
    graph.add("ada", "eve", 1.0)
    row = tastes.transform(["ada"])[0]
    assert row[1] / row[0] == pytest.approx(3.0), "the heavier edge counts more"
    tastes.update(Feedback("eve", "b", time=60 * DAY))
    row = tastes.transform(["ada"])[0]
    assert row[1] / row[0] == pytest.approx(3 / 4 / (1 + 1 / 4), rel=1e-4), "two half-lives have passed"
    graph.remove("ada", "eve")
    assert tastes.transform(["ada"]).tolist() == [[0.0, 1.0]]


def two_crowds(bridge: float = 0.1) -> SocialGraph:
    graph = SocialGraph()
    for crowd in ("x", "y"):
        for first, second in itertools.combinations(range(8), 2):
            graph.add(f"{crowd}{first}", f"{crowd}{second}")
    graph.add("x0", "y0", bridge)
    return graph


@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (0.5, 2.0)], ids=["deepwalk", "node2vec"])
def test_people_of_one_crowd_lie_near_each_other(p: float, q: float) -> None:
    graph = two_crowds()
    place = NodeEmbedding(graph, n_components=8, p=p, q=q).fit()
    rows = place.transform(graph.people)
    crowds = np.array([str(person)[0] for person in graph.people])
    alike = rows @ rows.T
    same = crowds[:, None] == crowds[None, :]
    np.fill_diagonal(alike, np.nan)
    assert np.nanmean(alike[same]) > np.nanmean(alike[~same]) + 0.2


def test_a_newcomer_is_placed_by_company_and_moves_with_it() -> None:
    graph = two_crowds()
    place = NodeEmbedding(graph, n_components=8).fit()
    x1, y1 = place.transform(["x1", "y1"])
    for friend in ("x1", "x2", "x3"):
        graph.add("new", friend)
    (row,) = place.transform(["new"])
    assert row @ x1 > row @ y1
    for friend in ("x1", "x2", "x3"):
        graph.remove("new", friend)
    assert not place.transform(["new"]).any()
    graph.add("y1", "new")
    np.testing.assert_allclose(place.transform(["new"])[0], y1, atol=1e-6)


def test_walks_follow_edges_in_proportion_to_their_weights() -> None:
    graph = SocialGraph.from_pandas(
        pd.DataFrame({"follower": ["hub"] * 3, "followed": ["a", "b", "c"], "weight": [1.0, 2.0, 5.0]})
    )
    graph.add("left", "hub")
    graph.remove("left", "hub")  # known, and without an edge: no walk begins there or leads there
    walks = random_walks(graph, seed=1, n_walks=500)
    assert set(np.unique(walks)) == {0, 1, 2, 3}
    ends = set(map(tuple, np.stack([walks[:, :-1].ravel(), walks[:, 1:].ravel()], axis=1).tolist()))
    assert ends == {(0, 1), (0, 2), (0, 3), (1, 0), (2, 0), (3, 0)}
    after_hub = walks[:, 1:][walks[:, :-1] == 0]
    np.testing.assert_allclose(np.bincount(after_hub)[1:] / len(after_hub), [0.125, 0.25, 0.625], atol=0.02)


def test_the_second_step_has_the_bias_of_node2vec() -> None:
    # from a through b: back to a (1/p), to c, whom a knows (1), or to d, whom a does not know (1/q)
    graph = SocialGraph()
    for edge in ("ab", "bc", "ac", "bd"):
        graph.add(*edge)
    a, b, c, d = (list(graph.people).index(name) for name in "abcd")
    p, q = 4.0, 0.5
    walks = random_walks(graph, seed=3, p=p, q=q, n_walks=3_000)
    triples = np.stack([walks[:, :-2].ravel(), walks[:, 1:-1].ravel(), walks[:, 2:].ravel()], axis=1)
    after = triples[(triples[:, 0] == a) & (triples[:, 1] == b), 2]
    wanted = np.array([1 / p, 1.0, 1 / q])
    found = np.array([(after == node).mean() for node in (a, c, d)])
    np.testing.assert_allclose(found, wanted / wanted.sum(), atol=0.02)
    with pytest.raises(DataError, match="p and q of node2vec are above 0, not p=0"):
        random_walks(graph, seed=0, p=0)


def test_a_new_item_has_the_row_of_its_author_and_integers_meet_their_authors() -> None:
    shop = Catalog(text="author")
    shop.add([{"item": f"i{n}", "author": ["1", "2", ""][n % 3]} for n in range(6)])
    log = Interactions.from_events(
        Feedback(user, item, time=1.0)
        for user, item in [(1, "i1"), (3, "i0"), (3, "i1"), (2, "i0"), (1, "i0")]
    )
    features = AuthorFeaturizer(n_social_components=4).fit(list(shop), log)
    shop.add([{"item": "new", "author": "1"}, {"item": "unknown", "author": "9"}])
    first, _, nobody, fourth, _, _, new, unknown = features.transform(list(shop))
    np.testing.assert_array_equal(new, first)
    np.testing.assert_array_equal(fourth, first)
    assert first.any() and not nobody.any() and not unknown.any()
