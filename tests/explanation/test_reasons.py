"""The sentence on a card, and what "Why?" says of the same item."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import datasets
from lifelong_widgets.explanation import Reason, paths
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommender import Recommender
from tests.explanation.test_explanation import life

SMALL = {"embedding_dim": 16, "hidden_dim": 32, "history_length": 20, "epochs": 2}


def reason_of(row: Any) -> Reason:
    assert isinstance(row.reason, Reason)
    return row.reason


def first_named(rec: Recommender, k: int = 8, now: float | None = None) -> list[bool]:
    """Of each card that names an item, whether the event that adds most by `explain` is with this one."""
    found = []
    for user in rec.users.ids[:25]:
        for row in rec.recommend(user, k=k, now=now):
            if reason_of(row).cause:
                events = rec.explain(user, row.item, now=now).events
                speak = [event for event in events if event.kind != "dislike"]
                most = max(speak, key=lambda event: event.amount)
                found.append(most.title == reason_of(row).cause)
    return found


def test_a_card_names_the_event_that_adds_most_to_the_score() -> None:
    """On the log of the bookshop, where people also dislike: that alone is not named though it adds most."""
    data = datasets.load("bookshop")
    rec = Recommender(data.catalog, seed=0, **SMALL)
    rec.fit(data.interactions.before(0.06), progress=False)
    rec.learn_many(data.interactions.before(0.08).after(0.8), progress=False)
    found = first_named(rec)
    assert len(found) > 40 and all(found)


@pytest.mark.parametrize(
    "settings_of", [{}, {"discount": 0.9, "session_gap": 1e6}, NETWORK_ALONE, {"model": "gru"}]
)
def test_it_does_with_values_with_any_network_and_at_any_moment(settings_of: dict[str, Any]) -> None:
    rec, named = life(3, 80, n_items=40, **settings_of), 0
    for user in range(4):
        for now in (None, 1e7):
            for row in rec.recommend(user, k=6, now=now):
                events = rec.explain(user, row.item, now=now).events
                speak = [event for event in events if event.kind != "dislike"]
                most = max(speak, key=lambda event: event.amount)
                if reason_of(row).cause:
                    assert reason_of(row).cause == most.title
                    named += 1
    assert named > 8


def test_it_speaks_of_the_part_by_which_an_item_stands_out() -> None:
    rec = life(3, 120, n_items=40)
    through = {"neighbors", "successors", "linear", "content", "network"}
    for user in range(4):
        cards = rec.recommend(user, k=10, exclude_seen=False)
        parts = [rec.explain(user, card.item) for card in cards]
        owed = [
            {part: why.parts[part] + why.personal[part] for part in (*through, "popularity", "repeats")}
            for why in parts
        ]
        for card, own, why in zip(cards, owed, parts, strict=True):
            # a sentence is integrated along fewer points: what adds next to nothing may not speak there
            speaks = any(event.amount > 0.02 for event in why.events if event.kind != "dislike")
            stands_out = {part: own[part] - np.mean([each[part] for each in owed]) for part in own}
            most = max(stands_out, key=lambda part: stands_out[part])
            if most in through and speaks:
                assert reason_of(card).key.startswith("because") or reason_of(card).key == "again"
            elif most == "popularity":
                assert reason_of(card).key == "popular"


def test_popular_is_said_only_where_popularity_is_read() -> None:
    for settings, key in (
        ({}, "popular"),
        (NETWORK_ALONE, "general"),
        ({"use_popularity": False}, "general"),
    ):
        rec = life(3, 120, n_items=40, **settings)
        said = {reason_of(row).key for row in rec.recommend("a stranger", k=10)}
        assert key in said and said <= {key, "new", "new.content"}, settings


@pytest.mark.parametrize("settings_of", [{}, NETWORK_ALONE])
def test_of_an_item_about_which_nothing_is_known_only_that_it_is_new(settings_of: dict[str, Any]) -> None:
    """Bug: what the network made of the first values of its embedding "went with" something."""
    rec = life(3, 120, n_items=40, **settings_of)
    rec.catalog.add({"item": "blank", "title": "Zyx"})
    rec.catalog.add({"item": "known", "title": "red sea"})
    said = {
        (user, row.item): reason_of(row).key
        for user in range(4)
        for row in rec.recommend(user, k=50, exclude_seen=False)
    }
    assert {said[user, "blank"] for user in range(4)} == {"new"}
    assert "new" not in {said[user, "known"] for user in range(4)}
    table = rec.explain(1, "blank").to_pandas("feature")
    assert table[["modality", "feature"]].to_numpy().tolist()[:-1] == [["item", "its own embedding"]]


def test_a_list_looks_at_few_points_of_a_path_and_why_at_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes until a path adds up, no list waits for it."""
    asked: list[int] = []
    points = paths._points

    def noted(n: int) -> Any:
        asked.append(n)
        return points(n)

    rec = life(0, model="lstm_click")
    monkeypatch.setattr(paths, "_points", noted)
    monkeypatch.setattr(paths, "_CLOSE", 0.0)  # nothing ever adds up
    item = rec.recommend(0, k=3).items[0]
    assert max(asked) == 32
    rec.explain(0, item)
    assert max(asked) == 256
