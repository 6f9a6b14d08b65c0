"""The session: one owner thread, clicks that count once, a crowd beside them."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import DEFAULT_KINDS, Feedback, FeedbackKind, FeedbackKinds, Interactions
from lifelong_widgets.errors import DataError, LifelongWidgetsError, UnknownItemError
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import SimulatedPeople
from lifelong_widgets.widgets import LiveSession, RecommendationList, Studio, UserPicker
from lifelong_widgets.widgets.changes import Change
from tests.widgets.shop import shop


def answered(session: LiveSession, heard: list[Change]) -> list[str]:
    """The clicks that were answered with a list, in order, once none is waiting."""
    for _ in range(100):
        if not session.call(len, session._answers):
            break
        time.sleep(0.02)
    return [click for change in heard if change.what == "list" for click in change.clicks]


def test_a_click_is_learned_with_the_list_that_was_on_screen() -> None:
    session = LiveSession(shop(), k=5)
    third = session.shown().recommendations.items[2]
    update = session.feedback(third, "like").result()
    assert update is not None
    assert (update.n_events, update.item, update.rank) == (1, third, 3)
    assert third not in session.shown().recommendations.items
    assert session.scores.clicks == 1
    assert session.scores.latency is not None and session.scores.latency > 0


def test_a_click_on_a_list_just_replaced_is_tested_against_that_list() -> None:
    session = LiveSession(shop(), k=5)
    old = session.shown()
    session.feedback(old.recommendations.items[0], "like").result()
    update = session.feedback(old.recommendations.items[4], "like", version=old.version).result()
    assert update is not None and update.rank == 5


def learned_from(session: LiveSession) -> list[Feedback]:
    """What the recommender learns from now on."""
    events: list[Feedback] = []
    learn = session.rec.learn_one
    session.rec.learn_one = lambda feedback: (events.append(feedback), learn(feedback))[1]  # type: ignore
    return events


def test_a_click_is_that_of_the_person_whose_list_it_was_whoever_looks_on_now() -> None:
    session = LiveSession(shop(), user="ada", k=5)
    events, old = learned_from(session), session.shown()
    item = old.recommendations.items[1]
    session.choose_user("bob").result()
    update = session.feedback(item, "like", version=old.version).result()
    assert update is not None and update.rank == 2
    assert [(event.user, event.shown) for event in events] == [("ada", old.recommendations.items)]
    assert session.call(session.marks.of, "ada", item) == ["like"]
    assert session.call(session.marks.of, "bob", item) == []


def test_a_click_and_a_change_of_person_count_in_their_order() -> None:
    session = LiveSession(shop(), user="ada", k=5)
    events = learned_from(session)
    session.feedback("b1", "like")
    session.choose_user("bob")
    session.feedback("b2", "like")
    session.wait()
    assert [(event.user, event.item) for event in events] == [("ada", "b1"), ("bob", "b2")]


def test_a_click_on_a_list_that_is_not_kept_is_learned_and_tests_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lifelong_widgets.widgets.lists._KEPT_LISTS", 2)
    session = LiveSession(shop(), user="ada", k=5)
    events, old = learned_from(session), session.shown().version
    for item in ("b1", "b2", "b3"):
        session.feedback(item, "view").result()
        session.shown()
    session.choose_user("bob").result()
    in_window = session.scores.summary()["inWindow"]
    update = session.feedback("b4", "like", version=old).result()
    session.wait()
    assert update is not None and update.rank is None
    assert (events[-1].user, events[-1].shown) == ("ada", None)
    assert session.scores.summary()["inWindow"] == in_window and session.scores.clicks == 4


def test_a_click_on_a_list_that_was_nobodys_is_refused_and_may_come_again() -> None:
    session = LiveSession(shop(), k=5)
    heard: list[Change] = []
    session.subscribe(heard.append)
    with pytest.raises(DataError, match="click again"):
        session.feedback("b1", "like", click="c1", version=999).result()
    session.wait()
    assert [change.clicks for change in heard if change.what == "error"] == [("c1",)]
    assert session.rec.n_events == 0
    update = session.feedback("b1", "like", click="c1", user="ada", version=999).result()
    assert update is not None and update.rank is None  # who it was is said, so it is learned
    assert session.feedback("b1", "like", click="c1", version=999).result() is None
    with pytest.raises(DataError, match="version is 'x'"):
        session.feedback("b1", "like", version="x")  # type: ignore[arg-type]


def test_the_same_click_twice_counts_once_and_is_answered_twice() -> None:
    session = LiveSession(shop(), k=5)
    heard: list[Change] = []
    session.subscribe(heard.append)
    item = session.shown().recommendations.items[0]
    session.feedback(item, "view", click="c1").result()
    assert session.feedback(item, "view", click="c1").result() is None
    session.wait()
    assert session.rec.n_events == session.scores.clicks == 1
    assert answered(session, heard) == ["c1", "c1"]


def test_clicks_from_many_threads_are_all_learned() -> None:
    session = LiveSession(shop(), k=5)
    items = session.rec.catalog.ids

    def click(number: int) -> None:
        session.feedback(items[number], "view", click=f"c{number}", user=f"person {number}")

    threads = [threading.Thread(target=click, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.wait()
    assert session.rec.n_events == 30


def test_what_is_wrong_with_a_click_is_said_before_anything_is_queued() -> None:
    session = LiveSession(shop())
    with pytest.raises(UnknownItemError, match="b999"):
        session.feedback("b999", "like")
    with pytest.raises(DataError, match="did you mean 'like'"):
        session.feedback("b1", "lik")
    with pytest.raises(DataError, match="k is 0"):
        LiveSession(shop(), k=0)
    assert session.rec.n_events == 0 and len(session.rec.buffer) == 0


def test_an_error_of_the_engine_is_told_and_the_session_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    session = LiveSession(shop(), k=5)
    heard: list[Change] = []
    session.subscribe(heard.append)
    with monkeypatch.context() as patch:
        patch.setattr(session.rec, "learn_one", lambda feedback: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            session.feedback("b1", "like", click="c1").result()
    session.wait()
    assert [(change.clicks, change.message) for change in heard if change.what == "error"] == [
        (("c1",), "ZeroDivisionError: division by zero")
    ]
    assert (
        session.feedback("b1", "like", click="c1").result() is not None
    )  # it was not counted, so it may come again


def test_a_listener_that_fails_is_logged_and_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def broken(change: Change) -> None:
        raise ZeroDivisionError("my own mistake")

    session = LiveSession(shop(), k=10)
    heard: list[str] = []
    session.subscribe(broken)
    session.subscribe(lambda change: heard.append(change.what))
    assert session.feedback("b3", "like").result() is not None
    session.wait()
    assert "b3" not in session.twin.recommend("me", k=30).items and session.scores.visits == 1
    assert session.run_simulation(5).result(timeout=30).clicks == 5
    assert {"list", "figures", "job"} <= set(heard)
    assert "my own mistake" in caplog.text


def test_everything_is_told_in_the_owner_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    session = LiveSession(shop(), k=10)
    heard: list[tuple[str, int]] = []
    session.subscribe(lambda change: heard.append((change.what, threading.get_ident())))
    monkeypatch.setattr(session.rec, "learn_one", lambda feedback: 1 / 0)
    for number in range(20):
        session.feedback("b1", "like", click=f"c{number}")
    session.run_simulation(3)
    session.wait()
    assert [what for what, _ in heard].count("error") == 20
    assert {thread for _, thread in heard} == {session.call(threading.get_ident)}


def test_a_kind_that_was_added_meanwhile_is_known_to_the_twin_too() -> None:
    session = LiveSession(shop(), k=10)
    share = FeedbackKind("share", weight=2.0, positive=True, consumes=True, label="Share")
    session.rec.kinds = session.rec.kinds.with_kind(share)
    assert session.feedback("b3", "share").result() is not None
    session.wait()
    assert "b3" not in session.twin.recommend("me", k=30).items and session.scores.visits == 1
    session.rec.kinds = session.rec.kinds.with_weights(click=2.0)
    session.run_simulation(3).result(timeout=30)
    assert session.twin.kinds["click"].weight == 2.0


def test_simulated_people_use_a_kind_that_the_recommender_knows() -> None:
    kinds = FeedbackKinds(*(DEFAULT_KINDS[name] for name in ("skip", "purchase")))
    session = LiveSession(Recommender(shop().catalog, kinds=kinds, embedding_dim=8), k=10)
    assert session.run_simulation(3).result(timeout=30).clicks == 3
    assert session.last_update is not None and session.last_update.kind == "purchase"
    only_bad = FeedbackKinds(DEFAULT_KINDS["skip"])
    session = LiveSession(Recommender(shop().catalog, kinds=only_bad, embedding_dim=8), k=10)
    with pytest.raises(DataError, match="positive"):
        session.run_simulation(3).result(timeout=30)


def test_the_twin_reads_the_history_but_does_not_learn() -> None:
    session = LiveSession(shop(), k=5)
    session.feedback("b3", "like").result()
    session.wait()
    assert "b3" not in session.twin.recommend("me", k=30).items
    assert session.twin.frozen and not session.rec.frozen


def test_a_skip_teaches_but_tests_nothing() -> None:
    session = LiveSession(shop(), k=5)
    session.feedback(session.shown().recommendations.items[0], "skip").result()
    session.wait()
    summary = session.scores.summary()
    assert (session.scores.clicks, summary["visits"], summary["inWindow"]) == (1, 1, 0)


def test_too_few_visits_give_no_rate() -> None:
    session = LiveSession(shop(), k=5)
    session.feedback("b3", "like").result()
    session.wait()
    assert session.scores.live is None and session.scores.frozen is None


def test_a_simulation_runs_beside_clicks() -> None:
    session = LiveSession(shop(), k=10)
    before = session.rec.n_events
    job = session.run_simulation(60)
    update = session.feedback(session.shown().recommendations.items[0], "view").result(timeout=10)
    assert update is not None
    assert not job.done, "the click waited for the whole simulation"
    result = job.result(timeout=60)
    assert result.clicks == 60 and not result.cancelled
    assert 0 <= result.live_hit_rate <= 1 and 0 <= result.frozen_hit_rate <= 1
    assert session.rec.n_events == before + 61
    assert job.progress == 1.0 and "done" in repr(job)


def test_a_simulation_can_be_cancelled_and_keeps_what_it_did() -> None:
    session = LiveSession(shop(), k=10)
    job = session.run_simulation(100_000)
    with pytest.raises(LifelongWidgetsError, match="simulation is running"):
        session.run_simulation(5)
    job.cancel()
    result = job.result(timeout=10)
    assert result.cancelled and result.clicks == session.rec.n_events < 100_000
    assert session.run_simulation(1).result(timeout=30).clicks == 1


def test_a_job_can_be_awaited() -> None:
    async def work() -> int:
        return (await session.run_simulation(3)).clicks

    session = LiveSession(shop(), k=10)
    assert asyncio.run(work()) == 3


def test_a_job_that_was_awaited_in_vain_goes_on_and_says_so() -> None:
    async def look() -> None:
        await asyncio.wait_for(job, timeout=0.05)

    session = LiveSession(shop(), k=10)
    job = session.run_simulation(100_000)
    with pytest.raises(TimeoutError):
        asyncio.run(look())
    assert not job.done and "running" in repr(job)
    with pytest.raises(LifelongWidgetsError, match="simulation is running"):
        session.run_simulation(5)
    job.cancel()
    assert job.result(timeout=10).clicks == session.rec.n_events


def test_a_model_is_saved_whole_while_a_simulation_runs(tmp_path: Path) -> None:
    session = LiveSession(shop(), k=10)
    job = session.run_simulation(100_000)
    sizes = []
    for number in range(5):
        session.call(session.rec.save, tmp_path / f"{number}.lw")
        saved = Recommender.load(tmp_path / f"{number}.lw")
        assert saved.n_events == saved.buffer.n_seen  # every event has a reward
        sizes.append(saved.n_events)
    assert not job.done and sizes == sorted(sizes)
    assert session.call(session.rec.compress, "int8").recommend("me", k=3).items
    job.cancel()
    job.result(timeout=10)


def test_what_a_call_raises_arrives_and_the_session_goes_on() -> None:
    session = LiveSession(shop(), k=5)
    with pytest.raises(UnknownItemError, match="b999"):
        session.call(session.rec.explain, "me", item="b999")
    assert session.feedback("b1", "like").result() is not None


def test_a_failed_job_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    session = LiveSession(shop(), k=10)
    heard: list[Change] = []
    session.subscribe(heard.append)
    monkeypatch.setattr(session.rec, "learn_one", lambda feedback: 1 / 0)
    job = session.run_simulation(3)
    with pytest.raises(ZeroDivisionError):
        job.result(timeout=10)
    session.wait()
    assert heard[-1].what == "job" and "division" in heard[-1].message


def test_the_crowd_is_the_same_under_the_same_seed() -> None:
    def run() -> list[float]:
        session = LiveSession(shop(), k=10, seed=3)
        session.run_simulation(40).result()
        return [
            session.scores.live or 0.0,
            session.scores.frozen or 0.0,
            *session.rec.recommend("me", k=5).scores,
        ]

    assert run() == run()


def test_a_swap_of_tastes_is_marked() -> None:
    session = LiveSession(shop(), k=10)
    tastes = session.people.tastes.copy()
    session.run_simulation(5).result()
    session.swap_tastes().result()
    assert not np.array_equal(tastes, session.people.tastes)
    assert list(session.scores.marks) == [{"kind": "swap", "visit": session.scores.visits}]


def test_hyperparameters_change_between_steps_or_are_refused() -> None:
    session = LiveSession(shop())
    session.set_hyperparameter("updater", "learning_rate", 0.01).result()
    assert session.rec.updater.learning_rate == 0.01
    with pytest.raises(DataError, match="capacity"):
        session.set_hyperparameter("buffer", "capacity", 5)


def test_widgets_on_one_recommender_share_one_session() -> None:
    rec = shop()
    session = LiveSession.of(rec)
    assert LiveSession.of(rec) is session is LiveSession.of(session)
    assert LiveSession.of(shop()) is not session
    with pytest.raises(DataError, match="Recommender"):
        LiveSession.of("rec")


def test_after_a_fit_the_twin_is_the_fitted_model() -> None:
    rec = shop()
    before = LiveSession(rec, user="ada", k=5)
    before.feedback("b3", "like").result()
    people = SimulatedPeople(rec.catalog, n_people=3)
    before.use_people(people)
    events = {"user": [f"p{n}" for n in range(40)], "item": [f"b{n % 30}" for n in range(40)]}
    rec.fit(Interactions.from_pandas(pd.DataFrame(events), time=None), progress=False)
    after = LiveSession.of(rec)
    assert after is not before and LiveSession.of(rec) is after
    assert after.twin.n_events == 40 and after.twin.recommend("p1").scores == rec.recommend("p1").scores
    assert (after.scores.visits, after.user, after.lists.k) == (0, "ada", 5) and after.people is people
    with pytest.raises(LifelongWidgetsError, match="show the recommender anew"):
        before.feedback("b1", "like")  # two threads on one model would be one too many


def test_others_clicks_refresh_the_list_that_is_watched() -> None:
    session = LiveSession(shop(), k=10)
    widget = RecommendationList(session)
    before = session.shown().version
    session.set_hyperparameter("updater", "learning_rate", 0.05)
    session.run_simulation(40).result()
    session.wait()
    assert session.shown().version > before
    assert session.shown().recommendations.items == session.rec.recommend("me", k=10).items
    widget.close()


def test_a_closed_session_says_so_and_leaves_nobody_waiting() -> None:
    rec = shop()
    session = LiveSession(rec, k=5)
    widget, job = RecommendationList(session), session.run_simulation(100_000)
    session.close()
    with pytest.raises(LifelongWidgetsError, match="session is closed"):
        session.feedback("b1", "like")
    try:
        assert job.result(timeout=10).cancelled
    except LifelongWidgetsError as error:
        assert "closed" in str(error)
    widget.close()
    assert LiveSession.of(rec) is not session


def test_a_session_nobody_holds_goes_and_its_thread_ends() -> None:
    session = LiveSession(shop(), k=5)
    session.feedback("b1", "like").result()
    thread = session.call(threading.current_thread)
    name = weakref.ref(session)
    del session
    for _ in range(100):  # the timer of the next refresh still holds it
        gc.collect()
        if name() is None:
            break
        time.sleep(0.1)
    assert name() is None
    thread.join(5)
    assert not thread.is_alive()


def test_of_clicks_that_come_fast_each_is_learned_once_in_order_and_lists_are_few() -> None:
    session = LiveSession(shop(300), k=5)
    heard: list[Change] = []
    learned: list[str | None] = []
    learn = session.rec.learn_one
    session.rec.learn_one = lambda feedback: (learned.append(feedback.id), learn(feedback))[1]  # type: ignore
    session.subscribe(heard.append)
    assert session.shown().version == 1
    start = time.monotonic()
    names = [f"c{number}" for number in range(300)]
    for number, name in enumerate(names):
        session.feedback(f"b{number}", "like", click=name, version=1)
        if number % 7 == 0:
            session.feedback(f"b{number}", "like", click=name, version=1)  # a browser that sends it again
    assert [name for name in answered(session, heard) if name] and learned == names
    assert list(dict.fromkeys(answered(session, heard))) == names
    frames = sum(change.what == "list" for change in heard)
    assert frames <= 1 + 20 * (time.monotonic() - start)
    assert session.rec.n_events == session.scores.clicks == 300
    did = session.shown().did
    assert did is not None and did.act.item == "b299"


def test_a_list_that_cannot_be_made_is_said_to_every_click_that_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = LiveSession(shop(), k=5)
    heard: list[Change] = []
    session.subscribe(heard.append)
    session.feedback("b1", "like", click="c1").result()
    with monkeypatch.context() as patch:
        patch.setattr(session.lists, "renew", lambda user: 1 / 0)
        session.feedback("b2", "like", click="c2", version=1)
        session.feedback("b3", "like", click="c3", version=1)
        answered(session, heard)
    # in one message or in two: they may have waited for the same list or not
    errors = [change.clicks for change in heard if change.what == "error"]
    assert [click for clicks in errors for click in clicks] == ["c2", "c3"]
    assert session.rec.n_events == 3 and "b3" not in session.shown().recommendations.items


def test_undo_takes_a_click_back_from_model_list_marks_count_and_twin() -> None:
    session = LiveSession(shop(), k=5)
    session.feedback("b1", "view").result()
    before = session.rec.digest(), session.shown().recommendations.items, session.twin.recommend("me").scores
    session.feedback("b1", "view").result()
    session.feedback("b3", "like").result()
    assert session.call(lambda: session.can_undo)
    assert [(event.item, event.kind) for event in session.undo().result()] == [("b3", "like")]
    assert session.shown().did is not None and session.shown().did.act.undone
    assert session.call(session.marks.of, "me", "b1") == ["view"]
    assert [event.item for event in session.undo().result()] == ["b1"]
    assert session.call(session.marks.of, "me", "b1") == ["view"]  # the first of the two stands
    session.wait()
    after = session.rec.digest(), session.shown().recommendations.items, session.twin.recommend("me").scores
    assert after == before
    assert session.scores.clicks == session.rec.n_events == session.twin.n_events == 1
    assert list(session.scores.marks) == []


def test_nothing_to_undo_is_said_to_who_asked() -> None:
    session = LiveSession(shop(), k=5)
    heard: list[Change] = []
    session.subscribe(heard.append)
    assert not session.call(lambda: session.can_undo)
    with pytest.raises(DataError, match="can be taken back"):
        session.undo(click="u1").result()
    session.wait()
    assert [change.clicks for change in heard if change.what == "error"] == [("u1",)]
    with pytest.raises(DataError, match="at least 1"):
        session.undo(0).result()


def test_an_undo_that_is_sent_twice_takes_one_click_back_and_is_answered_twice() -> None:
    session = LiveSession(shop(), k=5)
    heard: list[Change] = []
    session.feedback("b1", "like")
    session.feedback("b2", "like", click="c2").result()
    session.subscribe(heard.append)
    assert len(session.undo(click="u1").result()) == 1
    assert session.undo(click="u1").result() == ()
    assert answered(session, heard)[-2:] == ["u1", "u1"] and session.rec.n_events == 1
    assert session.feedback("b2", "like", click="c2").result() is None  # it was taken back, and stays so


def test_what_a_crowd_did_is_taken_back_too_and_whose_it_was_is_known() -> None:
    session = LiveSession(shop(), k=5)
    session.run_simulation(3).result()
    event = session.undo().result()[0]
    assert event.user in session.people.people
    did = session.shown("me").did
    assert did is None  # nobody had looked at the list of "me"
    before = session.rec.digest()
    session.feedback("b1", "like", user="ada").result()
    session.undo(user="me").result()
    did = session.shown("me").did
    assert did is not None and did.act.user == "ada" and session.rec.digest() == before


def test_undoing_what_the_twin_never_saw_makes_a_new_twin() -> None:
    session = LiveSession(shop(), k=5)
    session.feedback("b1", "like").result()
    session.call(session.rec.learn_one, user="me", item="b2")  # past the session
    assert session.undo().result()[0].item == "b2"
    session.wait()
    assert session.twin.n_events == session.rec.n_events == 1
    assert session.twin.recommend("me").scores == session.rec.recommend("me").scores
    assert [mark["kind"] for mark in session.scores.marks] == ["twin"]


def test_whom_the_model_forgets_the_session_forgets(tmp_path: Path) -> None:
    rec = Recommender.open(tmp_path / "shop.lw", shop().catalog, embedding_dim=8, progress=False)
    session = LiveSession(rec, user="ada", k=5)
    widget = RecommendationList(session)
    session.run_simulation(30).result()
    for item in ("b1", "b2"):
        session.feedback(item, "view").result()
    session.feedback("b3", "view", user="bob").result()
    twin, version = session.twin, session.shown("ada").version
    assert session.scores.live is not None
    session.call(rec.forget, "ada", progress=False)
    assert session.twin is not twin and "ada" not in session.twin.users and "ada" not in session.rec.users
    assert session.shown("ada").version > version and session.shown("ada").did is None
    assert session.call(session.marks.of, "ada", "b1") == []
    assert session.call(session.marks.of, "bob", "b3") == ["view"]
    assert session.scores.clicks == 31
    assert session.scores.live is None and session.scores.marks[-1]["kind"] == "twin"
    assert session.run_simulation(2).result().clicks == 2  # the crowd sees the new twin
    assert session.twin.n_events == rec.n_events
    assert session.people is not None and session.shown("ada").recommendations.items
    widget.close()
    session.close()
    rec.close()


def wire(studio: Studio) -> str:
    """Every trait that a page or a saved notebook has of a studio, as JSON."""
    widgets: list[ipywidgets.Widget] = [studio]
    for widget in widgets:  # which grows meanwhile
        traits = [getattr(widget, name) for name in widget.keys]
        parts = itertools.chain(*(value if isinstance(value, tuple) else (value,) for value in traits))
        widgets += [part for part in parts if isinstance(part, ipywidgets.Widget) and part not in widgets]
    code = {"_esm", "_css"}
    states = [
        {key: value for key, value in widget.get_state().items() if key not in code} for widget in widgets
    ]
    return json.dumps(states, default=str)


@pytest.mark.parametrize("pseudonymize", [False, True])
@pytest.mark.parametrize(("me", "looks_on"), [("me", "zed-7"), ("me", "me"), ("zed-7", "zed-7")])
def test_after_forget_no_widget_names_the_person(
    tmp_path: Path, me: str, looks_on: str, pseudonymize: bool
) -> None:
    rec = Recommender.open(
        tmp_path / "shop.lw", shop().catalog, pseudonymize=pseudonymize, embedding_dim=8, progress=False
    )
    session = LiveSession(rec, user=me, k=5)
    session.feedback("b1", "view", user="zed-7").result()
    studio, theirs = Studio(session), RecommendationList(session, user="zed-7")
    session.feedback("b2", "view", user="zed-7").result()
    session.feedback("b3", "view", user="bob").result()
    session.feedback("b4", "view", user="zed-7").result()
    old = session.shown("zed-7").version
    session.shown("me")
    if me != looks_on:  # by way of the picker, which then also offers everybody in the log
        studio.picker.who.value = "log"
        session.choose_user("zed-7").result()
        assert studio.picker.from_log.value == "zed-7" and studio.picker.from_log.options
    session.undo(user="me").result()
    studio.picker.problem.error = "the model knows nobody called zed-7"
    session.call(studio.list._save_snapshot)
    assert "zed-7" in wire(studio)
    messages: list[Any] = []
    studio.list.send = lambda content, buffers=None: messages.append(content)
    # In one turn: a list from before the person is forgotten may name them.
    session.call(lambda: (messages.clear(), rec.forget("zed-7", progress=False)))
    assert str(rec.known_as("zed-7")) not in wire(studio)
    assert "zed-7" not in wire(studio) and "zed-7" not in repr(theirs.get_state("snapshot"))
    assert messages and "zed-7" not in repr(messages)  # what is on the page is drawn anew
    assert messages[0]["snapshot"]["version"] > old
    time.sleep(0.7)  # what comes late
    session.wait()
    assert "zed-7" not in wire(studio)
    assert "zed-7" not in session.call(lambda: session.lists.people + session.marks.people)
    assert "zed-7" not in session.call(lambda: list(session.lists._watched))
    assert session.user == studio.picker.who.value == studio.picker.me == "me"
    with pytest.raises(DataError, match="click again"):
        session.feedback("b5", "like", version=old).result()  # it comes too late, and is nobody else's
    assert rec.known_as("zed-7") not in rec.users
    for part in (studio, theirs):
        part.close()
    session.close()
    rec.close()


def test_what_a_person_waited_for_when_forgotten_is_answered_all_the_same(tmp_path: Path) -> None:
    rec = Recommender.open(tmp_path / "shop.lw", shop().catalog, embedding_dim=8, progress=False)
    session = LiveSession(rec, user="zed", k=5)
    heard: list[Change] = []
    session.subscribe(heard.append)

    session._answers._throttle._seconds = 1.5

    def click_and_forget() -> None:  # in one turn, so that only the first click is answered before
        for number in range(3):
            session._feedback("zed", f"c{number}", f"b{number}", "view", None)
        rec.forget("zed", progress=False)

    session.call(click_and_forget)
    assert answered(session, heard) == ["c0", "c1", "c2"]
    assert [change.user for change in heard if change.what == "list"] == ["zed", "me"]
    assert session.user == "me" and session.call(lambda: session.lists.people) == ["me"]
    session.close()
    rec.close()


def test_who_never_clicked_goes_on_looking_when_somebody_else_is_forgotten(tmp_path: Path) -> None:
    rec = Recommender.open(tmp_path / "shop.lw", shop().catalog, embedding_dim=8, progress=False)
    session = LiveSession(rec, user="eve", k=5)
    picker, version = UserPicker(session), session.shown("eve").version
    session.feedback("b1", "view", user="zed").result()
    session.feedback("b2", "view", user="bob").result()
    session.choose_user("bob").result()
    session.call(rec.forget, "zed", progress=False)
    assert (session.user, picker.who.value, picker.from_log.value) == ("bob", "log", "bob")
    assert picker.me == "eve"
    update = session.feedback("b3", "like", version=version).result()
    assert update is not None and "eve" in rec.users
    picker.close()
    session.close()
    rec.close()


@pytest.mark.parametrize("pseudonymize", [False, True])
def test_a_click_that_the_journal_has_is_known_in_the_next_life(tmp_path: Path, pseudonymize: bool) -> None:
    def live() -> LiveSession:
        rec = Recommender.open(
            tmp_path / "shop.lw", shop().catalog, pseudonymize=pseudonymize, embedding_dim=8, progress=False
        )
        return LiveSession(rec, k=5)

    session = live()
    session.feedback("b1", "like", click="c1").result()
    session.feedback("b2", "view", click="c2").result()
    session.feedback("b2", "view").result()
    digest = session.rec.digest()
    session.close()
    session.rec.close()
    session = live()
    heard: list[Change] = []
    session.subscribe(heard.append)
    assert session.call(lambda: session.can_undo)
    assert session.feedback("b1", "like", click="c1").result() is None
    assert answered(session, heard) == ["c1"] and session.scores.clicks == 0
    assert session.rec.digest() == digest
    assert session.feedback("b3", "view").result() is not None  # clicks without an id are all different ones
    session.undo().result()
    session.feedback("b3", "view", click="c3").result()
    assert session.call(session.marks.of, "me", "b3") == ["view"]
    assert len(session.undo(2).result()) == 2
    assert session.call(session.marks.of, "me", "b3") == []
    assert session.rec.n_events == session.twin.n_events == 2
    session.close()
    session.rec.close()
