"""What a list is made of, and what has moved it."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.data import Catalog
from lifelong_widgets.errors import DataError
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL
from tests.explanation.test_explanation import life


@pytest.mark.parametrize("settings", [{}, {"discount": 0.9, "session_gap": 1e6}, NETWORK_ALONE])
def test_a_list_is_made_of_what_each_item_is_made_of(settings: dict[str, object]) -> None:
    rec = life(4, 60, n_items=30, **settings)
    before = rec.digest()
    made, listed = rec.explain_list(1, k=5), rec.recommend(1, k=5)
    assert [row.item for row in made] == list(listed.items)
    for row, score in zip(made, listed.scores, strict=True):
        assert row.score == score
        assert dict(row.parts) == pytest.approx(dict(rec.explain(1, row.item).parts), abs=1e-5)
        if rec.ranker.look(rec.users.get(1)).candidates.place_of(rec.index_of(row.item)) is not None:
            assert sum(row.parts.values()) == pytest.approx(score, abs=1e-5)
    assert len(made.to_pandas()) == 5 and "what the 5 best" in repr(made) and "<table>" in made._repr_html_()
    assert rec.digest() == before


def test_what_has_changed_is_the_difference_of_two_lists() -> None:
    rec = life(4, 60, n_items=30)
    before = rec.explain_list(1, k=5)
    clicked = before[1].item
    rec.learn_one(user=1, item=clicked, kind="like")
    changed, after = rec.what_changed(before), rec.recommend(1, k=5).items
    assert [row.item for row in changed[: len(after)]] == list(after)
    rows = {row.item: row for row in changed}
    assert set(rows) == {row.item for row in before} | set(after)
    assert rows[clicked].before == 2 and rows[clicked].after is None
    was = {row.item: row for row in before}
    for item, row in rows.items():
        assert row.after == (after.index(item) + 1 if item in after else None)
        if item in was and row.parts:
            assert row.amount == pytest.approx(rec.explain(1, item).score - was[item].score, abs=1e-4)
    assert all(row.by for row in changed.moved if row.parts)
    assert (
        "have moved: place before → place now, how much its score has risen" in repr(changed)
        and "<table>" in changed._repr_html_()
    )
    table = changed.to_pandas()
    assert list(table.columns[:6]) == ["item", "title", "before", "after", "amount", "by"]


def test_what_was_taken_has_left_because_it_was_taken() -> None:
    """Bug: it was said to have left "by popularity", or by whatever else had changed."""
    rec = life(4, 60, n_items=30)
    before = rec.explain_list(1, k=5)
    taken = before[1].item
    rec.learn_one(user=1, item=taken, kind="purchase")
    changed = rec.what_changed(before)
    table = changed.to_pandas().set_index("item")
    assert table.loc[taken, "by"] == "you took it"
    assert (table.drop(taken)["by"] != "you took it").all()
    line = next(line for line in repr(changed).splitlines() if line.endswith("you took it"))
    assert line.startswith("2 → –") and "by you" not in line
    assert "you took it" in changed._repr_html_()
    rec.learn_one(user=2, item=before[0].item, kind="purchase")  # somebody else
    assert rec.what_changed(before)[0].by != "you took it"


def test_what_follows_a_click_is_moved_by_what_goes_with_it() -> None:
    rec = Recommender(Catalog.from_records({"item": n, "title": f"Thing {n}"} for n in range(80)), **SMALL)
    rng = np.random.default_rng(0)
    for person in range(12):
        for item in (10, 21):
            rec.learn_one(user=person, item=item, kind="view")
        for item in rng.choice(np.arange(40, 80), 3, replace=False).tolist():
            rec.learn_one(user=person, item=item, kind="view")
    before = rec.explain_list("eve", k=5)
    rec.learn_one(user="eve", item=10, kind="view")
    moved = {row.item: row for row in rec.what_changed(before)}
    assert moved[21].after == 1
    assert max(moved[21].parts, key=lambda part: moved[21].parts[part]) in (
        "neighbors",
        "successors",
        "linear",
    )


def test_nothing_has_changed_before_anything_was_learned() -> None:
    rec = life(4, 40)
    changed = rec.what_changed(rec.explain_list("nobody", k=3))
    assert len(changed) == 3 and not changed.moved
    assert all(row.amount == 0 and not row.by for row in changed)
    with pytest.raises(DataError, match="explain_list"):
        rec.what_changed([])  # type: ignore[arg-type]
    for other in (life(5, 40), rec.frozen_twin()):
        with pytest.raises(DataError, match="'nobody' was explained by another recommender"):
            rec.what_changed(other.explain_list("nobody", k=3))
    with pytest.raises(DataError, match="k is 0"):
        rec.explain_list("ada", k=0)
