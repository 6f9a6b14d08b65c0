from __future__ import annotations

import dataclasses
import json
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKind, FeedbackKinds
from lifelong_widgets.data.feedback import check_same_kinds, feedback_of
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommender import Recommender


def test_a_feedback_holds_plain_values():
    event = Feedback(
        np.int64(3), np.str_("b1"), time=np.int64(5), value=np.float32(2), shown=[np.int64(1), "b1"]
    )
    assert dataclasses.astuple(event) == (3, "b1", "click", 5.0, 2.0, (1, "b1"), None)
    assert [type(part) for part in (event.user, event.item, event.time, event.value)] == [
        int,
        str,
        float,
        float,
    ]
    assert [type(item) for item in event.shown] == [int, str]


def test_a_feedback_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Feedback("ada", "b1").kind = "like"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", None), ("user", ""), ("user", 1.0), ("user", True), ("item", float("nan")), ("item", ["b1"]),
        ("kind", ""), ("kind", None), ("kind", 3),
        ("time", float("nan")), ("time", float("inf")), ("time", "now"), ("time", datetime(2024, 5, 1)),
        ("time", True), ("time", 10**400), ("value", float("-inf")), ("value", "five"),
        ("shown", "b1"), ("shown", 5), ("shown", ("b1", None)), ("shown", ("b1", "")), ("id", ""), ("id", 7),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_and_named(field, value):
    with pytest.raises(DataError, match=field):
        Feedback(**{"user": "ada", "item": "b1", field: value})


def test_the_reward_has_the_sign_of_the_kind():
    assert DEFAULT_KINDS["purchase"].reward == 1.5
    assert DEFAULT_KINDS["dislike"].reward == -1.0
    assert not DEFAULT_KINDS["view"].consumes


def test_a_negative_weight_is_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"'skip' is -0\.2.*weight=0\.2 and positive=False"):
        FeedbackKind("skip", weight=-0.2)
    with pytest.raises(DataError, match="positive=False"):
        DEFAULT_KINDS.with_weights(like=-1)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), "1", None, True])
def test_a_weight_is_a_finite_number(weight):
    with pytest.raises(DataError, match="'like'"):
        FeedbackKind("like", weight=weight)


@pytest.mark.parametrize("weight", [1001, 1e20, 1e39, 10**400])
def test_a_weight_that_would_drown_all_others_is_refused(weight):
    with pytest.raises(DataError, match=r"the weight of 'like' is .*it must be at most 1000"):
        FeedbackKind("like", weight=weight)
    assert FeedbackKind("like", weight=1000).weight == 1000.0


@pytest.mark.parametrize(
    ("of_log", "message"),
    [
        (DEFAULT_KINDS.with_weights(like=2), "weight is 2.0 in the log and 1.0 in the recommender"),
        (DEFAULT_KINDS.with_kind(FeedbackKind("like", positive=False)), "positive is False in the log"),
        (DEFAULT_KINDS.with_kind(FeedbackKind("like", consumes=False)), "consumes is False in the log"),
    ],
)
def test_a_kind_that_means_something_else_to_the_learner_is_refused(of_log, message):
    with pytest.raises(DataError, match=f"'like': {message}.*kinds=log.kinds"):
        check_same_kinds(of_log, ["click", "like"], DEFAULT_KINDS)
    check_same_kinds(of_log, ["click"], DEFAULT_KINDS)  # it does not occur


def test_a_kind_that_the_learner_does_not_know_is_refused_and_a_label_is_free():
    of_log = DEFAULT_KINDS.with_kind(FeedbackKind("likes"))
    with pytest.raises(
        DataError, match=r"'likes', which .* not know; did you mean 'like'\?.*kinds=log.kinds"
    ):
        check_same_kinds(of_log, ["likes"], DEFAULT_KINDS)
    check_same_kinds(DEFAULT_KINDS.with_kind(FeedbackKind("like", label="Love")), ["like"], DEFAULT_KINDS)


def test_an_unknown_kind_names_the_closest_the_known_and_the_remedy():
    with pytest.raises(DataError, match=r"'lik'; did you mean 'like'\? Known are view, .*with_kind"):
        DEFAULT_KINDS["lik"]
    with pytest.raises(DataError, match="'lik'"):
        DEFAULT_KINDS.with_weights(lik=1)


def test_asking_for_an_unknown_kind_without_insisting_is_no_error():
    assert DEFAULT_KINDS.get("lik") is None
    assert DEFAULT_KINDS.get("like") is DEFAULT_KINDS["like"]
    assert "lik" not in DEFAULT_KINDS
    assert [] not in DEFAULT_KINDS


def test_changing_kinds_makes_a_copy_in_the_same_order():
    changed = DEFAULT_KINDS.with_weights(like=2, skip=0)
    assert (changed["like"].reward, changed["skip"].reward, DEFAULT_KINDS["like"].reward) == (2.0, 0.0, 1.0)
    assert list(changed) == list(DEFAULT_KINDS)
    assert list(DEFAULT_KINDS.with_kind(FeedbackKind("shared"))) == [*DEFAULT_KINDS, "shared"]
    assert FeedbackKind("shared_twice").label == "Shared twice"


def test_a_kind_given_twice_is_refused():
    with pytest.raises(DataError, match="'a' is given twice"):
        FeedbackKinds(FeedbackKind("a"), FeedbackKind("a"))


weights = st.floats(0, 1000)
kinds = st.builds(FeedbackKind, st.text(min_size=1), weights, st.booleans(), st.booleans(), st.text())


@given(st.lists(kinds, unique_by=lambda kind: kind.name))
def test_kinds_survive_json(some):
    before = FeedbackKinds(*some)
    assert FeedbackKinds.from_dict(json.loads(json.dumps(before.to_dict()))) == before


@pytest.mark.parametrize("broken", [None, [], {"like": 1}, {"like": {"name": "like", "colour": "red"}}])
def test_kinds_that_were_not_written_by_us_are_refused(broken):
    with pytest.raises(DataError):
        FeedbackKinds.from_dict(broken)


# ---- what a file could bring along


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"user": 10**400}, "the user is an integer of more than 64 bits"),
        ({"user": "\ud800"}, "the user .* holds a lone surrogate"),
        ({"item": 2**63}, "the item is an integer of more than 64 bits"),
        ({"kind": "\ud800"}, "the kind of a feedback|kind of a feedback .* lone surrogate"),
        ({"id": "\ud800"}, "id of a feedback .* lone surrogate"),
        ({"id": "x" * (70 << 20)}, "the id of a feedback .* has 73,400,320 characters; there can be 1,000"),
        ({"user": "x" * 1001}, "the user .* has 1,001 characters"),
        ({"item": "x" * 1001}, "the item .* has 1,001 characters"),
        ({"kind": "x" * 1001}, "the kind of a feedback .* has 1,001 characters"),
        ({"shown": [1, "x" * 1001]}, "the shown item .* has 1,001 characters"),
        ({"shown": [1, 10**400]}, "the shown item is an integer of more than 64 bits"),
        ({"shown": {1, 2}}, "`shown` is the sequence .* best first, not the set"),
        ({"time": 1_700_000_000_000}, "outside the years 1 to 9999.*divide milliseconds by 1000"),
        ({"time": 10**5000}, "the time of a feedback is an int too large to print"),
        ({"value": 1e39}, "the value of a feedback is 1e.39; it is at most 3.403e.38"),
        ({"value": 1 + 2j}, "the value of a feedback is .*; it must be a finite number or None"),
        ({"kind": 10**5000}, "the kind of a feedback is a name such as 'click', not an int too large"),
    ],
)
def test_what_no_journal_could_give_back_is_refused_at_once(fields, message):
    with pytest.raises(DataError, match=message):
        Feedback(**{"user": "ada", "item": 1, **fields})


def test_ids_become_plain_strings_and_integers():
    event = Feedback(np.str_("ada"), np.int32(7), shown=[np.int64(7)], value=np.float32(2), id=np.str_("e"))
    assert event == Feedback("ada", 7, shown=(7,), value=2.0, id="e")
    assert [type(part) for part in (event.user, event.item, event.id, event.value)] == [str, int, str, float]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"positive": "false"}, "positive of 'like' is 'false'; it is True or False"),
        ({"consumes": None}, "consumes of 'like' is None"),
        ({"label": 5}, "the label of 'like' is a string, not 5"),
        ({"name": "\ud800"}, "lone surrogate"),
        ({"label": "x" * 1001}, "the label of 'like' .* has 1,001 characters"),
        ({"name": "click"}, "the feedback kind 'click' is listed as 'like'"),
        ({"weight": 10**5000}, "the weight of 'like' is an int too large to print; it must be at most 1000"),
        ({"weight": -(10**5000)}, "a weight is not negative"),
    ],
)
def test_kinds_out_of_a_file_are_checked(kind, message):
    with pytest.raises(DataError, match=message):
        FeedbackKinds.from_dict({"like": {"name": "like", **kind}})


def test_there_are_not_more_kinds_than_a_person_could_tell_apart():
    with pytest.raises(DataError, match="1,001 kinds of feedback; there can be 1,000"):
        FeedbackKinds.from_dict({f"k{n}": {"name": f"k{n}"} for n in range(1001)})
    with pytest.raises(DataError, match="a kind is a FeedbackKind"):
        FeedbackKinds("like")


def test_kinds_show_what_they_are_worth_and_whether_they_consume() -> None:
    kinds = FeedbackKinds(
        FeedbackKind("view", 0.2, consumes=False), FeedbackKind("skip", 0.5, positive=False)
    )
    assert repr(kinds) == "FeedbackKinds(view=0.2 (may come again), skip=-0.5)"
    assert "done with: not listed again" in kinds._repr_html_() and "may come again" in kinds._repr_html_()


@pytest.mark.parametrize(
    "field",
    [
        {"user": "bob"},
        {"item": 2},
        {"kind": "dislike"},
        {"time": 9.0},
        {"value": 1.0},
        {"shown": [1]},
        {"id": "x"},
    ],
)
def test_what_is_given_beside_a_feedback_is_refused_and_named(field: dict[str, object]) -> None:
    arguments: dict[str, object] = dict.fromkeys(("user", "item", "time", "value", "shown", "id")) | {
        "kind": "click"
    }
    with pytest.raises(DataError, match=f"not both: {next(iter(field))}"):
        feedback_of("learn_one", Feedback("ada", 1, "like"), (), **(arguments | field))  # type: ignore[arg-type]


def test_the_list_that_was_shown_may_be_recommendations() -> None:
    rec = Recommender(Catalog.from_records({"item": n} for n in range(1, 9)), embedding_dim=4)
    shown = rec.recommend("ada", 3)
    assert Feedback("ada", 1, shown=shown).shown == tuple(shown.items)  # type: ignore[arg-type]
