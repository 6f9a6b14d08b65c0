"""What a person is shown, of two memories."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import ablate
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, checkerboard


def shelf(n_items: int) -> Catalog:
    return Catalog.from_records({"item": n, "title": f"Thing {n}"} for n in range(n_items))


def test_the_network_alone_ranks_as_it_scores() -> None:
    catalog, log = checkerboard()
    rec = Recommender(catalog, **SMALL, **NETWORK_ALONE)
    rec.fit(log, progress=False)
    listed = rec.recommend("p1", k=24, exclude_seen=False)
    person = rec.users.get("p1")
    scores = rec.network.score_all(
        rec.histories.items_of(person)[None], rec.histories.rewards_of(person)[None]
    )[0].numpy()
    order = np.argsort(-scores, kind="stable")
    assert listed.items == tuple(catalog.ids[index] for index in order)
    assert listed.scores == pytest.approx(scores[order], abs=1e-6)
    before = listed.scores[0]
    rec.learn_one(user="p1", item=listed.items[0], kind="like")
    assert rec.gate.n_steps == 0 and rec.recommend("p1", exclude_seen=False).scores[0] != before
    why = rec.explain("p1", listed.items[1])
    assert why.events and set(why.parts) == {"baseline", "network"}


@pytest.mark.parametrize("people_come_back", [True, False])
def test_whether_people_come_back_is_learned(people_come_back: bool) -> None:
    rec = Recommender(shelf(60), **SMALL)
    rng = np.random.default_rng(0)
    for n in range(900):
        person = n % 9
        item = int(rng.integers(3)) + 3 * person if people_come_back else int(rng.integers(60))
        if not people_come_back:  # each item once
            item = (n // 9 * 7 + person * 11) % 60
            if n >= 60 * 9:
                break
        rec.learn_one(user=person, item=item, kind="view", time=60.0 * n)
    own = [
        len(
            set(rec.recommend(person, k=3, exclude_seen=False).items) & set(range(3 * person, 3 * person + 3))
        )
        for person in range(9)
    ]
    if people_come_back:
        assert np.mean(own) > 2.5
    else:
        seen = rec.histories.items_of(rec.users.get(0))[:10].tolist()
        assert len(set(rec.recommend(0, k=3, exclude_seen=False).items) & set(seen)) <= 1


def test_lists_are_whole_whatever_the_candidates() -> None:
    """Beyond the candidates the network goes on; scores fall all the way, and nothing is listed twice."""
    rec = Recommender(shelf(400), n_candidates=5, **SMALL)
    for n in range(40):
        rec.learn_one(user="ada", item=n % 30, kind="like", time=float(n))
    listed = rec.recommend("ada", k=400)
    assert len(listed) == len(set(listed.items)) == 370 and not set(listed.items) & set(range(30))
    assert all(np.diff(listed.scores) <= 0)
    assert sorted(rec.recommend("ada", k=400, exclude_seen=False).items) == list(range(400))
    assert sorted(rec.recommend("nobody", k=400).items) == list(range(400))


def test_what_follows_is_learned_from_one_event() -> None:
    """The network needs many steps for it, the fast memory one."""
    rec = Recommender(shelf(300), **SMALL)
    for person in range(3):
        rec.learn_one(user=person, item=100, kind="view")
        rec.learn_one(user=person, item=217, kind="view")
    rec.observe(Feedback("eve", 100, "view"))
    assert rec.recommend("eve", k=1).items == (217,)
    alone = Recommender(shelf(300), **SMALL, **NETWORK_ALONE)
    for person in range(3):
        alone.learn_one(user=person, item=100, kind="view")
        alone.learn_one(user=person, item=217, kind="view")
    alone.observe(Feedback("eve", 100, "view"))
    assert alone.recommend("eve", k=1).items != (217,)


def test_a_list_and_the_click_on_it_look_once() -> None:
    rec = Recommender(shelf(20), **SMALL)
    rec.learn_one(user="ada", item=1, kind="like")
    rec.recommend("ada")
    look = rec.ranker.look(rec.users.get("ada"))
    assert rec.ranker.look(rec.users.get("ada")) is look
    rec.learn_one(user="bob", item=2, kind="like")
    assert rec.ranker.look(rec.users.get("ada")) is not look


def test_each_part_can_be_left_out() -> None:
    catalog, log = checkerboard()
    made = ablate(catalog, log, ["neighbors", "popularity"], progress=False, **SMALL)
    assert list(made) == ["whole", "without neighbors", "without popularity", "network alone"]
    lists = {name: rec.recommend("p1", k=5).scores for name, rec in made.items()}
    assert len(set(lists.values())) == 4
    with pytest.raises(DataError, match="no part 'neighbours'"):
        ablate(catalog, log, ["neighbours"])


def test_a_part_cannot_be_switched_off_in_the_middle_of_a_life() -> None:
    with pytest.raises(DataError, match="use_linear"):
        Recommender(shelf(3), **SMALL).memory.use_linear = False


def test_a_reason_names_what_the_score_owes_most_to() -> None:
    rec = Recommender(shelf(300), **SMALL)
    for person in range(6):
        for item in (100, 217):
            rec.learn_one(user=person, item=item, kind="view")
        for item in range(200, 205):  # which are as popular
            rec.learn_one(user=f"{person} {item}", item=item, kind="view")
    rec.observe(Feedback("eve", 100, "like"))
    first = rec.recommend("eve", k=1)[0]
    assert (first.item, first.reason) == (217, "goes with Thing 100, which you liked")
    for n in range(30):
        rec.learn_one(user="ann", item=40 + n % 2, kind="view")
        for other in range(3):  # so that hers are not what is popular
            rec.learn_one(user=f"{other} {n // 2}", item=(100, 217)[n % 2], kind="view")
    again = {row.item: row.reason for row in rec.recommend("ann", k=2, exclude_seen=False)}
    assert set(again) == {40, 41}
    assert all(
        reason
        in (
            "you took it before",
            "goes with Thing 40, which you looked at",
            "goes with Thing 41, which you looked at",
        )
        for reason in again.values()
    )
    assert all(f"Thing {item}" not in reason for item, reason in again.items())


def test_from_an_item_that_came_with_its_event_the_gate_learns_nothing() -> None:
    rec = Recommender(shelf(30), **SMALL)
    for n in range(20):
        rec.learn_one(user=n % 4, item=n, kind="view")
    n_steps = rec.gate.n_steps
    rec.catalog.add([{"item": "new"}])
    rec.learn_one(user=1, item="new", kind="view")
    assert rec.gate.n_steps == n_steps
    rec.catalog.add([{"item": "newer"}])
    rec.learn_one(user=2, item="newer", kind="view", shown=("newer", 3))  # it could be chosen
    rec.learn_one(user=3, item="new", kind="view")
    assert rec.gate.n_steps == n_steps + 2


def test_where_nobody_names_a_candidate_there_are_reasons_all_the_same() -> None:
    listed = Recommender(shelf(5), use_network=False, **SMALL).recommend("ann", k=3)
    assert len(listed) == 3 and all(row.reason for row in listed)


def test_a_part_that_is_off_is_owed_nothing() -> None:
    catalog, log = checkerboard()
    rec = Recommender(catalog, use_content=False, use_network=False, **SMALL)
    rec.learn_many(log[:60], progress=False)
    owed = rec.explain_list("p1").to_pandas()
    assert not owed["content"].any() and not owed["network"].any() and owed["popularity"].any()
