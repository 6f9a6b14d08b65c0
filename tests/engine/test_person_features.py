"""What is known of people beside their history: learned with it, saved, undone, replayed and forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

from lifelong_widgets.data import (
    DEFAULT_KINDS,
    Catalog,
    Feedback,
    FeedbackKind,
    FeedbackKinds,
    Interactions,
    SocialGraph,
)
from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.featurizers import FEATURIZERS
from lifelong_widgets.featurizers.person_settings import OF_THE_GRAPH, PERSON_FEATURES
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.state_file import digest_of
from tests.engine.lives import QUIET, SETTINGS, fresh, live, opened
from tests.engine.worlds import assert_same_state, checkerboard

# everything that keeps what the network reads: replay with kept scores, values, learned weights of modalities
ALL: dict[str, Any] = {"distillation": 0.5, "discount": 0.9, "session_gap": 40.0, "target_update": 7}

each = pytest.mark.parametrize("name", PERSON_FEATURES)


def told(name: str) -> dict[str, Any]:
    """The settings by which a recommender reads these; with a graph if they look at one."""
    if name not in OF_THE_GRAPH:
        return {"person_features": name}
    graph = SocialGraph()
    for number in range(30):
        for other in (number + 2, number + 7):
            graph.add(f"p{number}", f"p{other % 30}", 1.0 + number % 3)
    return {"person_features": name, "graph": graph}


def row_of(rec: Recommender, user: str) -> np.ndarray:
    rows = rec.people.rows([rec.users.get(user)])
    assert rows is not None
    return rows[0]


def test_without_them_there_is_nothing(log: Interactions) -> None:
    rec = fresh()
    live(rec, log)
    state = rec.get_state()
    assert rec.settings()["person_features"] == "none" and "people" not in state
    assert "people" not in state["buffer"] and "of_people" not in state["network"]
    assert rec.people.rows([0]) is None and rec.mark().people is None


@each
def test_they_are_read_and_learned(name: str, log: Interactions) -> None:
    rec = fresh(**told(name))
    live(rec, log)
    of_people = rec.network.of_people
    assert of_people is not None and rec.network.person_dim == rec.people.width > 1
    assert of_people.abs().max() > 0, "what comes of them is learned"
    assert row_of(rec, "p1").any()
    listed = rec.recommend("p1", 20, exclude_seen=False)
    with np.errstate(all="raise"):
        of_people.data.zero_()
    rec.ranker.changed()
    assert rec.recommend("p1", 20, exclude_seen=False).scores != listed.scores


@each
@pytest.mark.parametrize("more", [{}, ALL], ids=["plain", "all"])
def test_a_saved_file_goes_on_bit_for_bit(
    name: str, more: dict[str, Any], tmp_path: Path, log: Interactions
) -> None:
    rec = fresh(**told(name), **more)
    live(rec, log)
    rec.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    assert_same_state(again, rec)
    for event in log[230:250]:
        rec.learn_one(event)
        again.learn_one(event)
    assert again.digest() == rec.digest()
    assert again.recommend("p1").scores == rec.recommend("p1").scores


@each
def test_undone_step_by_step(name: str, log: Interactions) -> None:
    rec, digests = fresh(**told(name), **ALL), []
    rec.fit(log[:60], **QUIET)
    for event in log[60:90]:
        digests.append(rec.digest())
        rec.learn_one(event)
        digests.append(rec.digest())
        rec.learn_one(user=f"new {len(digests)}", item=event.item, kind="like")
    n = len(digests)
    for back in (1, 3, 2):
        n -= back
        rec.undo(back)
        assert rec.digest() == digests[n]


@each
def test_a_journal_gives_them_back_and_forgets_them(name: str, shop: Path, log: Interactions) -> None:
    plain, rec = fresh(**told(name), **ALL), opened(shop, **told(name), **ALL)
    live(plain, log, undone=3)
    live(rec, log, undone=3)
    assert rec.digest() == plain.digest() and rec.audit(**QUIET).equal
    rec.close()
    with Recommender.open(shop) as again:
        assert again.digest() == plain.digest()
        again.learn_one(log[231])
        plain.learn_one(log[231])
        assert again.digest() == plain.digest()


@each
def test_a_log_that_defines_fewer_kinds_is_repeated_too(name: str, shop: Path, log: Interactions) -> None:
    fewer = log.with_kinds(FeedbackKinds(DEFAULT_KINDS["like"]))
    rec = opened(shop, **told(name))
    rec.fit(fewer[:60], **QUIET)
    rec.learn_one(user="p1", item="i1", kind="skip")
    assert rec.audit(**QUIET).equal
    rec.close()


@each
def test_forgotten_as_if_they_had_never_been(name: str, shop: Path, log: Interactions) -> None:
    rec, never = opened(shop, **told(name)), fresh(person_features=name)
    for edge in told(name).get("graph", ()):
        if "p4" not in edge:
            never.follow(*edge)
    live(rec, log)
    live(never, log, without="p4")
    certificate = rec.forget("p4", **QUIET)
    assert certificate.proven
    assert_same_state(rec, never)
    rec.close()


@each
def test_a_step_that_fails_leaves_everything(
    name: str, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = fresh(**told(name))
    live(rec, log)
    before = rec.digest()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the last part of a step")

    monkeypatch.setattr(rec.ranker, "take_in", fail)
    for event in (log[230], Feedback("nobody yet", "i1", "like")):
        with pytest.raises(RuntimeError):
            rec.learn_one(event)
    monkeypatch.undo()
    assert rec.digest() == before


@each
def test_looking_changes_nothing(name: str, log: Interactions) -> None:
    rec = fresh(**told(name), **ALL)
    live(rec, log)
    before, n = rec.digest(), len(rec.users)
    for user in ("p1", "nobody yet"):
        listed = rec.recommend(user)
        rec.explain(user, listed.items[0])
        rec.values(user)
    assert rec.digest() == before and len(rec.users) == n
    assert not row_of(rec, "nobody yet").any(), "of whom nothing is known, nothing is said"


@each
def test_an_example_holds_what_was_known_before_its_event(name: str, log: Interactions) -> None:
    """Learned one by one, in the fit, and as it lies in the replay buffer."""
    rec = fresh(**told(name), capacity=1000)
    expected = []
    for event in log[:20]:
        known = rec.people.index_of(event.user)
        rows = rec.people.rows([known])
        assert rows is not None
        expected.append(rows[0])
        rec.learn_one(event)
    kept = rec.get_state()["buffer"]["people"]
    np.testing.assert_array_equal(kept, np.array(expected))

    fitted = fresh(**told(name), capacity=1000)
    fitted.fit(log[:80], **QUIET)
    kept = fitted.get_state()["buffer"]["people"]
    assert len(kept) == 80
    first = [place for place, event in enumerate(log[:80]) if event.user not in log[:place].users]
    assert name in OF_THE_GRAPH or not kept[first].any(), "what is known of them is what they did"
    assert (np.abs(kept).sum(axis=1) > 0).sum() > 40
    scales = fitted.people._featurizer
    assert scales is not None
    scales.forget_people()
    for place, event in enumerate(log[:80]):
        np.testing.assert_allclose(kept[place], scales.transform([event.user])[0], atol=1e-6)
        scales.update(event)


@each
def test_a_frozen_twin_and_a_compressed_copy_read_them(name: str, log: Interactions) -> None:
    rec = fresh(**told(name), **ALL)
    live(rec, log)
    twin, small = rec.frozen_twin(), rec.compress()
    people = [f"p{number}" for number in range(8)]
    listed = {person: rec.recommend(person, 20, exclude_seen=False) for person in people}
    for person in people:
        assert twin.recommend(person, 20, exclude_seen=False).scores == listed[person].scores
    assert small.report.overlap_at_10.value > 0.85
    twin.observe(Feedback("nobody yet", "i2", "like"))
    twin.follow("nobody yet", "p1")
    assert row_of(twin, "nobody yet").any(), "it follows what people did"
    assert (twin.network.of_people == rec.network.of_people).all()


def test_they_cannot_change_late() -> None:
    rec = fresh()
    with pytest.raises(DataError, match="person_features shapes the network"):
        rec.parts["people"].person_features = "habits"
    with pytest.raises(traitlets.TraitError):
        fresh(person_features="horoscope")


@each
def test_a_kind_that_came_later_is_learned_all_the_same(name: str, log: Interactions) -> None:
    rec = fresh(**told(name))
    rec.fit(log[:60], **QUIET)
    rec.kinds = rec.kinds.with_kind(FeedbackKind("applause"))
    before = row_of(rec, "p1")
    assert np.isfinite(rec.learn_one(user="p1", item="i1", kind="applause").loss)
    np.testing.assert_array_equal(row_of(rec, "p1"), before)


def test_profiles_of_items_without_content_say_nothing(tmp_path: Path, log: Interactions) -> None:
    nothing = {f"{modality}_features": "none" for modality in FEATURIZERS}
    rec = Recommender(checkerboard()[0], **SETTINGS, **nothing, person_features="content_profile")
    rec.fit(log[:60], **QUIET)
    for event in log[60:70]:
        rec.learn_one(event)
    assert rec.network.person_dim == 0
    rec.save(tmp_path / "mine.lw")
    assert Recommender.load(tmp_path / "mine.lw").digest() == rec.digest()


def test_habits_and_profiles_say_something_before_any_fit(log: Interactions) -> None:
    for name in ("habits", "content_profile"):
        rec = fresh(**told(name))
        rec.learn_one(log[0])
        rec.learn_one(Feedback("p9", "i2", "click", 1e6))
        rows = [row_of(rec, str(log[0].user)), row_of(rec, "p9")]
        assert np.abs(rows[0] - rows[1]).max() > 0.1, name


@each
def test_damaged_states_are_refused(name: str, log: Interactions) -> None:
    rec = fresh(**told(name))
    live(rec, log)
    whole = digest_of(rec.get_state())
    rows = rec.get_state()["people"]["rows"]
    wrongs: list[tuple[str, Any]] = [
        ("rows", rows[:-1]),
        ("rows", np.where(np.arange(rows.size).reshape(rows.shape) == 3, np.nan, rows)),
        ("rows", rows.astype(np.float16)),
    ]
    if name == "node_embedding":
        wrongs += [("rows", rows[:, 1:]), ("people", ["p1"] * len(rows))]
    else:
        wrongs += [("now", float("inf"))]
    if name == "taste_profile":
        item_rows = rec.get_state()["people"]["item_rows"]
        wrongs += [("item_rows", item_rows[:, 1:]), ("item_rows", np.full(item_rows.shape, np.inf))]
    if name == "habits":
        kinds = rec.get_state()["people"]["kinds"]
        wrongs += [("kinds", {"like": kinds["like"]}), ("scale/mean", np.zeros(3))]
    for key, wrong in wrongs:
        state = rec.get_state()
        state["people"][key] = wrong
        twin = fresh(**told(name))
        with pytest.raises((FormatError, ValueError)):
            twin.set_state(state)
    assert digest_of(rec.get_state()) == whole


def test_a_growing_catalogue_is_read(log: Interactions) -> None:
    """The content of an item that came later is in the profile of who took it."""
    catalog = Catalog.from_records({"item": n, "title": ["blue sea", "white ice"][n % 2]} for n in range(20))
    rec = Recommender(catalog, **SETTINGS, person_features="content_profile")
    rec.catalog.add({"item": "late", "title": "white ice"})
    rec.learn_one(user="ada", item="late", kind="like")
    rec.learn_one(user="bob", item=1, kind="like")
    rec.learn_one(user="eve", item=0, kind="like")
    ada, bob, eve = (row_of(rec, user) for user in ("ada", "bob", "eve"))
    assert ada @ bob > 0.9 > 0.5 > ada @ eve
