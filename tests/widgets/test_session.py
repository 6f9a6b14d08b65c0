"""The session: one owner thread, clicks that count once, a crowd beside them."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import DEFAULT_KINDS, FeedbackKind, FeedbackKinds, Interactions
from lifelong_widgets.errors import DataError, LifelongWidgetsError, UnknownItemError
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import SimulatedPeople
from lifelong_widgets.widgets import LiveSession, RecommendationList
from lifelong_widgets.widgets.session import Change
from tests.widgets.shop import shop


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


def test_the_same_click_twice_counts_once_and_is_answered_twice() -> None:
    session = LiveSession(shop(), k=5)
    heard: list[Change] = []
    session.subscribe(heard.append)
    item = session.shown().recommendations.items[0]
    session.feedback(item, "view", click="c1").result()
    assert session.feedback(item, "view", click="c1").result() is None
    session.wait()
    assert session.rec.n_events == session.scores.clicks == 1
    assert [change.click for change in heard if change.what == "list"] == ["c1", "c1"]


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
    assert [(change.click, change.message) for change in heard if change.what == "error"] == [
        ("c1", "ZeroDivisionError: division by zero")
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
