"""What an alarm changes for a while, and that it is saved, undone and replayed like everything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data import Catalog, Feedback, Interactions
from lifelong_widgets.drift import ADAPTATIONS, DriftMonitor, Factors
from lifelong_widgets.drift.adaptation import EXPLORATION, GATE, LEARNING_RATE, REPLAY, factors, strength
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.state_file import digest_of

CATALOG = pd.DataFrame({"item": [f"i{n}" for n in range(12)]})
SMALL = {"embedding_dim": 4, "hidden_dim": 8, "replay_ratio": 4, "detector": "always", "min_events": 10}
BY_HAND = {
    "learning_rate": ("updater", "learning_rate", LEARNING_RATE),
    "replay": ("updater", "replay_ratio", REPLAY),
    "gate": ("gate", "gate_learning_rate", GATE),
}
"""Of each answer the hyperparameter that somebody at the sliders would have moved, and how far."""


def live(rec: Recommender, first: int, last: int) -> None:
    """Events with a list each; `always` rings at the tenth, the twentieth, …"""
    for n in range(first, last):
        rec.learn_one(Feedback(f"p{n % 3}", f"i{n % 12}", "like", time=60.0 * n, shown=("i0", "i1")))


def learner(**settings: object) -> Recommender:
    return Recommender(Catalog.from_pandas(CATALOG), **SMALL, **settings)


def learned(rec: Recommender) -> str:
    """All that was learned; the settings, in which twins differ, left out."""
    return digest_of(rec.get_state())


@given(st.integers(0, 500), st.integers(1, 300), st.sampled_from(ADAPTATIONS))
def test_it_fades_from_full_to_nothing_and_never_grows(since: int, length: int, adaptation: str) -> None:
    now, next_one = (factors(adaptation, strength(n, length)) for n in (since, since + 1))
    assert LEARNING_RATE >= now.learning_rate >= next_one.learning_rate >= 1
    assert GATE >= now.gate >= next_one.gate >= 1
    assert REPLAY <= now.replay <= next_one.replay <= 1
    assert factors(adaptation, strength(length + since, length)) == factors(adaptation, strength(None, 1))
    assert factors("none", strength(since, length)) == Factors() == factors(adaptation, 0.0)
    assert EXPLORATION >= now.exploration >= next_one.exploration >= 1
    one_by_one = {name: factors(name, strength(since, length)) for name in ADAPTATIONS}
    of_all = factors("all", strength(since, length))
    assert of_all == Factors(
        one_by_one["learning_rate"].learning_rate,
        one_by_one["replay"].replay,
        one_by_one["gate"].gate,
        one_by_one["exploration"].exploration,
    )


@pytest.mark.parametrize("adaptation", BY_HAND)
def test_after_an_alarm_it_learns_as_if_somebody_had_moved_the_slider(adaptation: str) -> None:
    answering, by_hand = learner(adaptation=adaptation), learner()
    live(answering, 0, 10)
    live(by_hand, 0, 10)
    assert answering.drift.alarms == [10] and learned(answering) == learned(by_hand)
    part, name, factor = BY_HAND[adaptation]
    moved = factor * getattr(by_hand.parts[part], name)
    by_hand.parts[part].set_trait(name, int(moved) if name == "replay_ratio" else moved)
    live(answering, 10, 11)
    live(by_hand, 10, 11)
    assert learned(answering) == learned(by_hand)
    untouched = learner()
    live(untouched, 0, 11)
    assert learned(answering) != learned(untouched)


def test_the_settings_stay_what_the_user_made_them() -> None:
    rec = learner(adaptation="all", learning_rate=0.01)
    before = rec.settings()
    live(rec, 0, 15)
    assert rec.drift.factors(rec.n_events).learning_rate > 1.5 and rec.settings() == before


def test_once_it_has_faded_a_step_is_an_ordinary_one() -> None:
    rec = learner(adaptation="all", adaptation_events=3)
    live(rec, 0, 13)
    assert rec.drift.factors(12) != Factors() == rec.drift.factors(rec.n_events)
    twin = Recommender.from_saved(
        rec.catalog,
        rec.kinds,
        0,
        False,
        rec.settings() | {"adaptation": "none"},
        rec.features,
        rec.get_state(),
    )
    live(rec, 13, 20)
    live(twin, 13, 20)
    assert learned(rec) == learned(twin)


def test_events_of_a_batch_let_it_fade_too() -> None:
    rec = learner(adaptation="all", adaptation_events=30)
    live(rec, 0, 10)
    frame = pd.DataFrame(
        {"user": ["p1"] * 30, "item": [f"i{n % 12}" for n in range(30)], "time": np.arange(30)}
    )
    rec.learn_many(Interactions.from_pandas(frame), batch_size=10, progress=False)
    assert rec.drift.alarms == [10] and rec.drift.factors(rec.n_events) == Factors()


def test_a_file_in_the_midst_of_it_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    rec = learner(adaptation="all")
    live(rec, 0, 14)
    rec.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    live(rec, 14, 25)
    live(again, 14, 25)
    assert again.digest() == rec.digest() and again.drift.adaptation == "all"


def test_undo_takes_the_alarm_and_its_answer_back_to_the_bit() -> None:
    rec = learner(adaptation="all")
    live(rec, 0, 8)
    before = rec.digest()
    live(rec, 8, 16)
    assert rec.drift.factors(rec.n_events) != Factors()
    rec.undo(8)
    assert rec.digest() == before and rec.drift.factors(rec.n_events) == Factors()


def test_a_journal_repeats_it(tmp_path: Path) -> None:
    rec = Recommender.open(tmp_path / "shop.lw", Catalog.from_pandas(CATALOG), adaptation="replay", **SMALL)
    live(rec, 0, 16)
    rec.drift.adaptation = "all"
    live(rec, 16, 24)
    digest = rec.digest()
    assert rec.audit(progress=False).equal
    rec.close()
    with Recommender.open(tmp_path / "shop.lw") as again:
        assert again.digest() == digest and again.drift.adaptation == "all"


def test_the_status_says_how_long() -> None:
    told, answering = (DriftMonitor(detector="always", min_events=10, adaptation=a) for a in ("none", "gate"))
    for n in range(1, 15):
        told.update(False, n)
        answering.update(False, n)
    assert told.status == "alarm 4 events ago" and answering.status == "adapting: 96 events to go"
    answering.adaptation_events = 5
    assert answering.status == "adapting: 1 event to go"
    answering.adaptation_events = 4
    assert answering.status == "alarm 4 events ago"


def test_the_status_counts_events_that_came_without_a_list() -> None:
    rec = learner(adaptation="learning_rate", adaptation_events=20)
    live(rec, 0, 10)
    assert rec.drift.status == "adapting: 20 events to go"
    for n in range(25):
        rec.learn_one(user="p1", item=f"i{n % 12}", kind="like")
    assert rec.drift.status == "alarm 25 events ago"
    rec.undo(8)
    assert rec.drift.status == "adapting: 3 events to go"


def test_another_answer_is_refused() -> None:
    with pytest.raises(traitlets.TraitError):
        learner(adaptation="panic")


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_what_was_saved_without_one_answers_nothing(version: str) -> None:
    old = Path(__file__).parent.parent / "engine" / "fixtures" / f"recommender-{version}.lw"
    assert Recommender.load(old).drift.adaptation == "none"
