"""A graph of people: it grows, shrinks, and refuses what makes no sense."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data import SocialGraph
from lifelong_widgets.errors import DataError

STEPS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.0])),
    max_size=40,
)


@given(STEPS)
def test_it_holds_the_edges_of_a_dictionary(steps: list[tuple[bool, int, int, float]]) -> None:
    graph, expected = SocialGraph(), {}
    for add, follower, followed, weight in steps:
        if add and follower != followed:
            graph.add(follower, followed, weight)
            expected[follower, followed] = weight
        elif not add and (follower, followed) in expected:
            graph.remove(follower, followed)
            del expected[follower, followed]
    assert {(a, b): weight for a, b, weight in graph} == expected
    assert len(graph) == len(expected)
    for person in range(5):
        assert graph.following(person) == {b: w for (a, b), w in expected.items() if a == person}
        assert graph.followers(person) == {a: w for (a, b), w in expected.items() if b == person}
    sources, targets, weights = graph.edges()
    rows = zip(sources.tolist(), targets.tolist(), weights.tolist(), strict=True)
    assert {(graph.people[a], graph.people[b]): w for a, b, w in rows} == expected


def test_a_table_in_and_out() -> None:
    frame = pd.DataFrame({"follower": ["ada", "bob"], "followed": ["bob", "eve"], "weight": [1.0, 0.25]})
    graph = SocialGraph.from_pandas(frame)
    pd.testing.assert_frame_equal(graph.to_pandas(), frame, check_dtype=False)
    assert repr(graph) == "SocialGraph(2 edges among 3 people)"
    trust = SocialGraph.from_pandas(
        frame.rename(columns={"follower": "who", "followed": "whom"}), "who", "whom", weight=None
    )
    assert trust.following("bob") == {"eve": 1.0}


def test_the_picture_escapes_names() -> None:
    graph = SocialGraph()
    graph.add("<script>", "ada")
    assert "<script>" not in graph._repr_html_()


def frame(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"follower": ["ada", "bob"], "followed": ["bob", "eve"]} | columns)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame(followed=["bob", "bob"]), "row 1: 'bob' cannot follow themselves"),
        (frame(followed=["bob", None]), "column 'followed', row 1.*missing"),
        (frame(weight=[1.0, -1.0]), "row 1: the weight of an edge is a finite number above 0, not -1.0"),
        (frame(weight=[1.0, np.nan]), "row 1: the weight of an edge"),
        (frame().rename(columns={"follower": "folower"}), "no column 'follower'.* did you mean 'folower'"),
        ([("ada", "bob")], "pandas DataFrame, not a list"),
        (pd.DataFrame({"follower": ["7"], "followed": [7]}), "row 0: the user 7 is an integer"),
    ],
)
def test_a_bad_table_is_refused(rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        SocialGraph.from_pandas(rows)


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        (("ada", "ada"), "themselves"),
        (("zoe", "zoe"), "themselves"),
        (("ada", 1.0), "is a float"),
        (("ada", "bob", "heavy"), "above 0, not 'heavy'"),
        (("ada", "bob", float("inf")), "above 0"),
        (("ada", "bob", True), "above 0, not True"),
    ],
)
def test_a_refused_edge_leaves_the_graph_as_it_was(edge: tuple[object, ...], message: str) -> None:
    graph = SocialGraph.from_pandas(frame())
    before, people = list(graph), list(graph.people)
    with pytest.raises(DataError, match=message):
        graph.add(*edge)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="does not follow"):
        graph.remove("eve", "ada")
    assert (list(graph), list(graph.people)) == (before, people)
