"""What is held about one person: all of it, and nothing of others."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import DEFAULT_KINDS, Feedback
from lifelong_widgets.errors import DataError
from lifelong_widgets.privacy import private_settings
from lifelong_widgets.privacy.personal_data import SECTIONS
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, opened
from tests.engine.worlds import checkerboard

EVERYTHING: dict[str, Any] = {
    "person_features": "habits",
    "discount": 0.5,
    "retention": "user_stratified",
    "epochs": 1,
}
"""What makes the model hold all that it ever holds of people."""

HELD = set(SECTIONS) - {"privacy"}
"""Private learning does without most of that."""

LOG = checkerboard()[1]
PERSON = str(LOG[150].user)


def lived(rec: Recommender) -> Recommender:
    rec.fit(LOG[:120], **QUIET)
    for event in LOG[120:150]:
        rec.learn_one(event)
    rec.learn_one(Feedback(PERSON, "i3", "like", 500.0, value=4.0, shown=("i1", "i3"), id="mine"))
    rec.learn_many(LOG[150:], **QUIET)
    if rec.journal is not None:
        rec.follow(PERSON, "somebody")
        rec.follow("a fan", PERSON, weight=2.0)
        rec.follow("a fan", "somebody")
    return rec


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return tmp_path / "shop.lw"


def test_all_of_a_person_is_there_and_nothing_changes(shop: Path) -> None:
    with opened(shop, **EVERYTHING) as rec:
        before = lived(rec).digest()
        held = rec.held_about(PERSON)
        assert rec.digest() == before and set(held) == HELD
        own = [event for event in LOG if event.user == PERSON]
        assert len(held["journal"]) == len(own) + 3
        assert held["edges"] == {"following": {"somebody": 1.0}, "followers": {"a fan": 2.0}}
        followed = [(entry["follower"], entry["followed"]) for entry in held["journal"][-2:]]
        assert followed == [(PERSON, "somebody"), ("a fan", PERSON)]
        clicked = next(entry for entry in held["journal"] if entry.get("id") == "mine")
        assert clicked["item"] == "i3" and clicked["shown"] == ["i1", "i3"] and clicked["value"] == 4.0
        assert {event.item for event in own} | {"i3"} == set(held["consumed"])
        assert held["history"][0]["item"] == own[-1].item and len(held["history"]) == 10
        took = [example["item"] for example in held["replay"]]
        assert took and set(took) <= set(held["consumed"])
        person = rec.users.get(PERSON)
        assert len(took) == int((rec.buffer.owners == person).sum())
        # written down, it is plain JSON
        held.save(shop / "mine.json")
        told = json.loads((shop / "mine.json").read_text("utf-8"))
        assert told["user"] == PERSON and told["consumed"] == held["consumed"]
        assert set(told["about"]) == HELD


def test_nothing_is_held_about_the_forgotten(shop: Path) -> None:
    with opened(shop, **EVERYTHING) as rec:
        lived(rec)
        others = {str(user) for user in rec.users} - {PERSON}
        rec.forget(PERSON, verify=False, **QUIET)
        held = rec.held_about(PERSON)
        assert not held and "nothing is held" in repr(held)
        assert held.to_dict() == {"user": PERSON, "known_as": PERSON, "about": {}}
        assert all(rec.held_about(user) for user in others)


def test_with_pseudonyms_a_person_asks_by_their_own_id(shop: Path) -> None:
    with opened(shop, pseudonymize=True, **EVERYTHING) as rec:
        lived(rec)
        held = rec.held_about(PERSON)
        assert set(held) == HELD and held.known_as == rec.known_as(PERSON) != PERSON
        assert dict(rec.held_about(held.known_as)) == dict(held)
    with Recommender.open(shop, read_only=True) as reader:
        assert dict(reader.held_about(PERSON)) == dict(held)


def test_events_taken_back_are_told_as_such(shop: Path) -> None:
    with opened(shop) as rec:
        rec.learn_one(user="ada", item="i1")
        rec.learn_one(user="ada", item="i2")
        rec.undo()
        assert [entry["taken_back"] for entry in rec.held_about("ada")["journal"]] == [False, True]
        assert rec.held_about("ada")["consumed"] == ["i1"]


def test_numbers_and_times_are_told_for_people(shop: Path) -> None:
    """Bug: a reward of 0.3 was told as 0.30000001192092896, and a time only in seconds since 1970."""
    at = 1_714_521_600.0
    with opened(shop, kinds=DEFAULT_KINDS.with_weights(like=0.3)) as rec:
        for item in ("i1", "i2"):
            rec.learn_one(user="ada", item=item, kind="like", time=at)
        rec.learn_one(user="eve", item="i1", kind="like")
        held, told = rec.held_about("ada"), rec.held_about("ada").to_json()
        assert "0.3," in told and "0.30000001" not in told and "0.30000001" not in held._repr_html_()
        assert (
            {row["reward"] for row in held["history"]} == {0.3} == {row["reward"] for row in held["replay"]}
        )
        for row in (*held["history"], *held["journal"]):
            assert row["time"] == at and row["time_utc"] == "2024-05-01T00:00:00+00:00"
        recorded = datetime.datetime.fromisoformat(held["journal"][0]["recorded_utc"])
        assert abs(recorded.timestamp() - held["journal"][0]["recorded"]) <= 1.0
        assert json.loads(told) == held.to_dict()
        assert rec.held_about("eve")["journal"][0]["time_utc"] is None


def test_without_a_journal_and_of_strangers() -> None:
    rec = lived(fresh())
    assert set(rec.held_about(PERSON)) == {"history", "consumed", "replay", "gate"}
    assert not rec.held_about("nobody") and len(rec.users) == 30
    with pytest.raises(DataError):
        rec.held_about(3.5)  # type: ignore[arg-type]


def test_the_examples_of_each_person_are_theirs() -> None:
    """Whoever takes their things from the buffer takes them all, and only theirs."""
    for retention in ("reservoir", "recent", "user_stratified", "item_stratified"):
        rec = lived(fresh(retention=retention))
        n = sum(len(rec.held_about(user).get("replay", ())) for user in rec.users)
        assert n == len(rec.buffer) == 60
        for user in rec.users:
            own = set(rec.held_about(user)["consumed"])
            for example in rec.held_about(user).get("replay", ()):
                assert {example["item"], *(event["item"] for event in example["after"])} <= own


OWNED = {
    "users": "journal",
    "histories/items": "history",
    "histories/rewards": "history",
    "histories/kinds": "history",
    "histories/times": "history",
    "histories/consumed_offsets": "consumed",
    "buffer/owners": "replay",
    "buffer/strata/groups": "replay",
    "buffer/strata/n_seen": "replay",
    "buffer/strata/full": "replay",
    "buffer/strata/owner": "replay",
    "people/users": "features",
    "people/rows": "features",
    "privacy/uses": "privacy",
    "gate/personal/weights": "gate",
    "gate/personal/slopes": "gate",
    "value/buffer/owners": "values",
    "value/pending/people": "values",
    **{f"value/pending/{name}": "values" for name in ("times", "timed", "history_items", "history_rewards")},
    **{f"value/pending/{name}": "values" for name in ("items", "rewards", "features")},
}
"""The arrays of the state that have a row for each person, or say whose something is, and their section."""


def test_every_table_of_people_belongs_to_a_section() -> None:
    """A new table that knows people by index has to be exported: add it here and to `personal_data`.

    Such a table grows with the people who come, though nothing else does: so it is found.
    """
    few, many = lived(fresh(**EVERYTHING)), lived(fresh(**EVERYTHING))
    for rec, n in ((few, 7), (many, 19)):
        for stranger in range(n):  # with as many events, so that only the people differ
            for event in range(133 // n):
                rec.learn_one(user=f"s{stranger}", item=f"i{event % 24}", kind="like", time=600.0)
    one, other = _sizes(few.get_state()), _sizes(many.get_state())
    grown = {path for path in one if path in other and other[path] - one[path] == 12}
    assert grown <= set(OWNED), grown - set(OWNED)
    # which OWNED says of what is private, too
    private = lived(fresh(**{**private_settings("person", epsilon=None), "epochs": 1}))
    of_privacy = set(_sizes(private.get_state())) - set(one)
    assert of_privacy == {"privacy/uses", "privacy/fit_rates", "privacy/fit_steps"}
    assert private.held_about(PERSON)["privacy"]["steps"] > 0
    assert {"users", "histories/items", "people/rows", "gate/personal/weights"} <= grown
    assert set(OWNED.values()) <= set(SECTIONS)


def _sizes(tree: Any, where: str = "") -> dict[str, int]:
    if isinstance(tree, dict):
        return {k: v for key, part in tree.items() for k, v in _sizes(part, f"{where}/{key}").items()}
    return {where[1:]: len(tree)} if isinstance(tree, (list, np.ndarray)) and np.ndim(tree) else {}
