"""The protocol: test before learning, no look ahead, growth, interruption."""

from __future__ import annotations

import json
import signal
import threading
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKind, Id, Interactions
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.errors import DataError, DataWarning
from lifelong_widgets.evaluation import (
    LastItem,
    RecencyPopularity,
    ablate,
    catalog_after,
    hit_rate,
    prequential,
)
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender
from tests.evaluation.learners import Scripted, catalog_of, log_of, oracle

LOG = log_of([("u", "a"), ("v", "b"), ("u", "c"), ("w", "a"), ("v", "c"), ("u", "d")])


def test_who_knows_the_future_is_always_right() -> None:
    report = prequential(oracle(catalog_of(*"abcd"), LOG), LOG, k=1, progress=False)
    assert report.ranks["live"].tolist() == [1] * 6
    assert report.overall() == {"HR@1": 1.0, "nDCG@1": 1.0, "MRR@100": 1.0}
    assert not report.interrupted


def test_the_rank_is_the_place_in_the_list_and_beyond_depth_a_miss() -> None:
    catalog = catalog_of(*"abcd")
    third = prequential(oracle(catalog, LOG, place=3), LOG, k=2, depth=3, progress=False)
    assert third.ranks["live"].tolist() == [3] * 6
    assert third.overall() == {"HR@2": 0.0, "nDCG@2": 0.0, "MRR@3": pytest.approx(1 / 3)}
    beyond = prequential(oracle(catalog, LOG, place=3), LOG, k=2, depth=2, progress=False)
    assert beyond.ranks["live"].tolist() == [0] * 6


def test_who_repeats_what_it_has_learned_profits_only_from_repeats() -> None:
    # it shows the last item learned: if it were taught before it is tested, it would always be right
    def last(self: Scripted, user: Id, k: int) -> tuple[Id, ...]:
        return (self.learned[-1].item,) if self.learned else ()

    log = log_of([("u", "a"), ("u", "a"), ("v", "b"), ("u", "a"), ("u", "a")])
    report = prequential(Scripted(catalog_of(*"ab"), last), log, k=1, progress=False)
    assert report.ranks["live"].tolist() == [0, 1, 0, 0, 1]


def test_all_learners_answer_before_any_learns() -> None:
    catalog = catalog_of(*"abcd")
    taught: list[str] = []
    asked_after: list[int] = []

    def show(self: Scripted, user: Id, k: int) -> tuple[Id, ...]:
        asked_after.append(len(taught))
        return ()

    def teach(self: Scripted, feedback: Feedback) -> None:
        taught.append(str(feedback.item))

    pair = {name: Scripted(catalog, show, before_learning=teach) for name in ("one", "two")}
    prequential(pair, LOG, progress=False)
    assert asked_after == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10]


def test_a_lesson_is_the_event_with_the_learners_own_list() -> None:
    catalog = catalog_of(*"abcd")
    pair = {
        "one": Scripted(catalog, lambda self, user, k: ("a", "b")),
        "two": Scripted(catalog, lambda self, user, k: ("d",)),
    }
    prequential(pair, LOG, k=2, depth=7, progress=False)
    for name, shown in (("one", ("a", "b")), ("two", ("d",))):
        assert {feedback.shown for feedback in pair[name].learned} == {shown}
        bare = [(f.user, f.item, f.kind, f.time) for f in pair[name].learned]
        assert bare == [(e.user, e.item, e.kind, e.time) for e in LOG]
        assert set(pair[name].asked) == {(user, 7, True) for user in "uvw"}


def test_a_new_item_is_a_miss_and_then_in_the_catalogue_with_its_content() -> None:
    everything = Catalog.from_records(
        {"item": item, "title": item.upper(), "categories": ["x"], "text": f"about {item}"} for item in "abcd"
    )
    catalog = everything.subset(["a", "b"])
    learner = Scripted(catalog, lambda self, user, k: tuple(self.catalog.ids))
    report = prequential(learner, LOG, k=10, arrivals=everything, progress=False)
    assert report.ranks["live"].tolist() == [1, 2, 0, 1, 3, 0]
    assert report.n_new_items == 2
    assert learner.sizes_when_asked == [2, 2, 2, 3, 3, 3]
    assert catalog["c"] == everything["c"] and catalog["d"].texts == {"text": "about d"}


def test_an_item_that_was_released_is_in_the_catalogue_before_its_first_event() -> None:
    first, last = float(LOG.times[0]), float(LOG.times[-1])
    everything = Catalog.from_records(
        [
            {"item": "a"},
            {"item": "b"},
            {"item": "c", "released": first},
            {"item": "d", "released": last + 1},
            {"item": "e", "released": float(LOG.times[2])},
        ]
    )
    learner = Scripted(everything.subset(["a", "b"]), lambda self, user, k: tuple(self.catalog.ids))
    report = prequential(learner, LOG, k=10, arrivals=everything, progress=False)
    assert learner.sizes_when_asked == [3, 3, 4, 4, 4, 4]
    assert report.ranks["live"].tolist() == [1, 2, 3, 1, 3, 0], "d was taken before it was released"
    assert report.n_new_items == 3 and list(learner.catalog.ids) == ["a", "b", "c", "e", "d"]


def test_without_arrivals_a_new_item_has_an_id_only() -> None:
    catalog = catalog_of("a", "b")
    prequential(Scripted(catalog), LOG, arrivals=catalog_of("a", "b", "c"), progress=False)
    assert catalog["c"].title == "title of c" and catalog["d"].title == "d"


def test_learners_that_share_a_catalogue_see_it_grow_together() -> None:
    shared, own = catalog_of("a"), catalog_of("a", "b")
    learners = {"one": Scripted(shared), "two": Scripted(shared), "three": Scripted(own)}
    report = prequential(learners, LOG, progress=False)
    assert list(shared.ids) == ["a", "b", "c", "d"] and list(own.ids) == ["a", "b", "c", "d"]
    assert report.n_new_items == 3
    assert learners["two"].sizes_when_asked == [1, 1, 2, 3, 3, 3]


def test_consumed_items_are_left_out_unless_asked_for() -> None:
    log = log_of([("u", "a"), ("u", "a"), ("u", "b")])
    hidden = prequential(RecencyPopularity(catalog_of("a", "b")), log, k=2, progress=False)
    assert hidden.ranks["live"].tolist() == [1, 0, 1]
    shown = prequential(RecencyPopularity(catalog_of("a", "b")), log, k=2, exclude_seen=False, progress=False)
    assert shown.ranks["live"].tolist() == [1, 1, 2]


def test_what_speaks_against_an_item_is_learned_but_tests_nothing() -> None:
    log = log_of([("u", "a", "like"), ("u", "b", "dislike"), ("v", "b", "skip"), ("v", "a", "view")])
    learner = oracle(catalog_of("a", "b"), log)
    report = prequential(learner, log, warm_up=10, progress=False)
    assert report.n_events == 4 and report.positions.tolist() == [11, 14]
    assert report.ranks["live"].tolist() == [1, 1]
    assert [f.kind for f in learner.learned] == ["like", "dislike", "skip", "view"]
    assert [f.shown is None for f in learner.learned] == [False, True, True, False]
    assert len(report.rank_us["live"]) == 2 and len(report.learn_us["live"]) == 4


def test_testing_without_learning_only_extends_the_histories() -> None:
    learner = Scripted(catalog_of(*"abcd"))
    prequential(learner, LOG, learn=False, progress=False)
    assert not learner.learned and len(learner.observed) == 6


def test_alarms_are_marked_at_their_event_of_the_stream() -> None:
    learner = Scripted(catalog_of(*"abcd"), alarm_at=(2, 5))
    report = prequential({"live": learner}, LOG, warm_up=100, progress=False)
    assert report.alarms == {"live": (102, 105)}


@settings(max_examples=25, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=40),
    k=st.integers(1, 12),
)
def test_the_books_balance_for_any_log(events: list[tuple[int, int]], k: int) -> None:
    log = log_of(events)
    catalog = catalog_of(0)
    report = prequential(RecencyPopularity(catalog), log, k=k, depth=12, progress=False)
    ranks = report.ranks["live"]
    assert len(ranks) == len(events) == report.n_events
    assert set(catalog.ids) == {0, *(item for _, item in events)}
    # by hand: popularity counts on a log of seconds are plain counts up to a hair, latest first among equals
    counts: dict[int, float] = {0: 0.0}
    consumed: dict[int, set[int]] = {}
    for second, ((user, item), rank) in enumerate(zip(events, ranks.tolist(), strict=True)):
        possible = item in counts and item not in consumed.get(user, set())
        assert (rank > 0) == possible
        if possible:
            better = [i for i, c in counts.items() if c > counts[item] and i not in consumed.get(user, set())]
            assert rank >= len(better) + 1
        counts[item] = counts.get(item, 0.0) + 2.0 ** (second / (7 * 86_400))
        consumed.setdefault(user, set()).add(item)
    assert report.overall()[f"HR@{k}"] == hit_rate(ranks, k)


def test_an_exception_like_ctrl_c_within_a_learner_still_gives_a_report() -> None:
    def stop(self: Scripted, feedback: Feedback) -> None:
        if len(self.learned) == 3:
            raise KeyboardInterrupt

    first = Scripted(catalog_of(*"abcd"))
    pair = {"one": first, "two": Scripted(catalog_of(*"abcd"), before_learning=stop)}
    report = prequential(pair, LOG, progress=False)
    assert report.interrupted and report.n_events == 3
    assert [len(ranks) for ranks in report.ranks.values()] == [3, 3]


def test_ctrl_c_lets_the_event_be_finished_by_all_learners() -> None:
    def interrupt(self: Scripted, feedback: Feedback) -> None:
        if len(self.learned) == 1:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    pair = {
        "one": Scripted(catalog_of(*"abcd"), before_learning=interrupt),
        "two": Scripted(catalog_of(*"abcd")),
    }
    report = prequential(pair, LOG, progress=False)
    assert report.interrupted and report.n_events == 2
    assert len(pair["one"].learned) == len(pair["two"].learned) == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait() -> None:
    def interrupt_twice(self: Scripted, feedback: Feedback) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    learner = Scripted(catalog_of(*"abcd"), before_learning=interrupt_twice)
    report = prequential(learner, LOG, progress=False)
    assert report.interrupted and report.n_events == 0 and not learner.learned


def test_it_also_runs_beside_the_main_thread() -> None:
    reports = []
    thread = threading.Thread(
        target=lambda: reports.append(prequential(Scripted(catalog_of(*"abcd")), LOG, progress=False))
    )
    thread.start()
    thread.join()
    assert reports[0].n_events == 6


def test_a_progress_callback_hears_of_every_event_and_may_stop() -> None:
    log = log_of([("u", item) for item in range(50)])
    heard: list[ProgressEvent] = []
    whole = prequential(Scripted(catalog_of(*range(50))), log, progress=heard.append)
    assert [event.done for event in heard] == [20, 40, 50] and heard[-1].total == 50
    assert not whole.interrupted

    def stop(event: ProgressEvent) -> None:
        raise Stop

    report = prequential(Scripted(catalog_of(*range(50))), log, progress=stop)
    assert report.interrupted and report.n_events == 20


def test_the_figure_beside_the_bar_is_the_hit_rate_so_far() -> None:
    log = log_of([("u", item) for item in range(40)])
    heard: list[ProgressEvent] = []
    prequential(oracle(catalog_of(*range(40)), log), log, k=3, progress=heard.append)
    assert [event.figures for event in heard] == [{"HR@3": 1.0}] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be a whole number of at least 1, not 0"),
        ({"k": True}, "k must be"),
        ({"k": 2.5}, "k must be"),
        ({"k": 10, "depth": 9}, "depth must be a whole number of at least 10"),
        ({"warm_up": -1}, "warm_up must be"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_learned(options, message) -> None:
    learner = Scripted(catalog_of(*"abcd"))
    with pytest.raises(DataError, match=message):
        prequential(learner, LOG, progress=False, **options)
    assert not learner.asked and not learner.learned


def test_without_a_learner_there_is_nothing_to_test() -> None:
    with pytest.raises(DataError, match="no learner"):
        prequential({}, LOG, progress=False)


def test_ids_of_another_type_are_found_before_the_run() -> None:
    learner = Scripted(catalog_of("1", "2"))
    with pytest.raises(DataError, match="is an integer"):
        prequential(learner, log_of([("u", 1), ("u", 2)]), progress=False)
    assert not learner.asked and len(learner.catalog) == 2


def test_users_of_another_type_are_found_before_the_run() -> None:
    learner = Scripted(catalog_of(*"abcd"))
    learner.users = IdIndex([5], name="user")
    with pytest.raises(DataError, match="the user '5' is a string, but 5 is known as an integer"):
        prequential(learner, log_of([("u", "a"), ("5", "b")]), progress=False)
    assert not learner.asked and not learner.learned


def test_a_kind_that_means_something_else_to_a_learner_is_found_before_the_run() -> None:
    frame = pd.DataFrame({"user": ["u", "v"], "item": ["a", "z"], "kind": ["view", "share"]})
    kinds = DEFAULT_KINDS.with_kind(FeedbackKind("share"))
    popular = RecencyPopularity(catalog_of(*"abcd"))
    with pytest.raises(DataError, match="'share', which the recommender does not know"):
        prequential(popular, Interactions.from_pandas(frame, time=None, kinds=kinds), progress=False)
    popular = RecencyPopularity(catalog_of(*"abcd"), kinds)
    with pytest.raises(DataError, match=r"'view': weight is 2\.0 in the log and 0.3 in the recommender"):
        prequential(
            popular,
            Interactions.from_pandas(frame, time=None, kinds=kinds.with_weights(view=2)),
            progress=False,
        )
    assert "z" not in popular.catalog


def test_an_error_of_a_learner_ends_the_run_with_a_report_of_what_was_done() -> None:
    def fail(self: Scripted, feedback: Feedback) -> None:
        if len(self.learned) == 3:
            raise DataError("the loss was \x1b[2Jnot finite")

    pair = {
        "one": Scripted(catalog_of(*"abcd")),
        "two": Scripted(catalog_of(*"abcd"), before_learning=fail),
    }
    report = prequential(pair, LOG, progress=False, warm_up=10)
    assert report.interrupted and report.n_events == 3
    assert report.error == "two at event 14: the loss was \x1b[2Jnot finite"
    assert [len(ranks) for ranks in report.ranks.values()] == [3, 3]
    assert "ENDED BY AN ERROR of two at event 14: the loss was �[2Jnot finite: 3 events were left" in str(
        report
    )
    assert "Ended by an error of two" in report.to_html()
    assert json.loads(report.to_json())["error"] == report.error


def test_the_error_of_another_package_is_not_swallowed() -> None:
    def fail(self: Scripted, feedback: Feedback) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prequential(Scripted(catalog_of(*"abcd"), before_learning=fail), LOG, progress=False)


def test_arrivals_with_other_columns_are_found_before_the_run() -> None:
    arrivals = Catalog.from_records([{"item": "c", "title": "C", "blurb": "new"}])
    learner = Scripted(catalog_of("a", "b"))
    with pytest.raises(DataError, match="text column 'blurb'"):
        prequential(learner, LOG, arrivals=arrivals, progress=False)
    assert not learner.asked


def test_the_same_run_twice_gives_the_same_ranks() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"user": rng.integers(0, 9, 300), "item": rng.zipf(1.5, 300) % 40})
    log = Interactions.from_pandas(frame, time=None)
    one, two = (
        prequential(RecencyPopularity(catalog_of(*range(3))), log, progress=False).ranks["live"]
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


def test_cold_items_are_told_apart_by_their_events_so_far() -> None:
    before = log_of([("u", "a", "like")] * 5 + [("u", "b", "like")] * 3)
    log = log_of([("v", "a", "like"), ("v", "b", "like"), ("w", "b", "like"), ("x", "b", "like")])
    learner = oracle(catalog_of("a", "b"), log)
    report = prequential(learner, log, warm_up=before, progress=False)
    assert report.warm_up == 8 and report.earlier is not None
    assert report.earlier.tolist() == [5, 3, 4, 5]
    assert report.is_cold().tolist() == [False, True, True, False]
    assert report.cold()["HR@10"] == 1.0 and report.to_pandas()["fifth"].iloc[-1] == "cold"
    assert report.to_dict()["learners"]["live"]["cold"]["events"] == 2
    assert "cold" in str(report) and "fewer than 5 events" in report.to_html()


def test_a_fitted_recommender_says_which_items_were_cold_for_all_learners() -> None:
    """Bug: without `warm_up=`, items with fewer than five events *in the replayed part* were cold."""
    known = [("u", "a", "like")] * 2 + [("v", "a", "like")] * 4 + [("u", "b", "like")] * 3
    before, log = log_of(known), log_of([("w", "a", "like"), ("w", "b", "like"), ("x", "b", "like")])
    catalog = catalog_of("a", "b")
    rec = Recommender(catalog, embedding_dim=8)
    rec.fit(before, progress=False)
    learners = {"live": rec, "frozen": rec.frozen_twin(), "popular": RecencyPopularity(catalog)}
    report = prequential(learners, log, progress=False)
    assert report.earlier is not None and report.earlier.tolist() == [6, 3, 4]
    assert report.to_pandas()[report.to_pandas()["fifth"] == "cold"]["events"].tolist() == [2, 2, 2]
    assert report.compare("live", "frozen").n_people == 2  # w, twice, and x
    told = prequential(RecencyPopularity(catalog), log, warm_up=before, progress=False)
    assert told.earlier is not None and told.earlier.tolist() == [6, 3, 4]  # as the events themselves say


def test_without_the_warm_up_nobody_knows_what_was_cold() -> None:
    log = log_of([("u", "a", "like")])
    report = prequential(oracle(catalog_of("a"), log), log, warm_up=3, progress=False)
    with pytest.raises(DataError, match="warm_up=log"):
        report.cold()


def test_a_recommender_can_hit_what_was_released_since_the_last_event() -> None:
    everything = Catalog.from_records(
        [{"item": f"i{n}", "released": 10.0 * n} for n in range(3)] + [{"item": "new", "released": 95.0}]
    )
    times = {"user": "u", "item": ["i0", "i1", "new"], "time": [50.0, 90.0, 100.0]}
    log = Interactions.from_pandas(pd.DataFrame(times))
    rec = Recommender(catalog_after(everything, log[:1]), seed=0)
    report = prequential(rec, log, arrivals=everything, progress=False)
    assert list(rec.catalog.ids) == ["i0", "i1", "i2", "new"]
    assert report.ranks["live"][2] > 0, "it came after 90, the time of the last event, and before 100"


def test_a_learner_that_wants_to_know_is_told_when_each_event_happens() -> None:
    class Told(RecencyPopularity):
        asked: list[float | None]

        def recommend(self, user, k=10, exclude_seen=True, reasons=True, now=None):  # type: ignore[no-untyped-def, override]
            self.asked.append(now)
            return super().recommend(user, k, exclude_seen, reasons)

    told = Told(Catalog.from_records({"item": item} for item in LOG.items))
    told.asked = []
    prequential({"told": told, "not": RecencyPopularity(told.catalog)}, LOG, progress=False)
    assert told.asked == LOG.times.tolist()


def test_a_second_run_on_the_same_stream_warns_of_who_has_learned_it() -> None:
    """Bug: running the cell of the README twice gave other numbers, without a word."""
    catalog = catalog_of(*range(8))
    log = log_of([(user, item) for item in range(6) for user in "uvw"])
    past, stream = log.before(0.5), log.after(0.5)
    rec = Recommender(catalog, embedding_dim=8, epochs=1)
    rec.fit(past, progress=False)
    learners = {"live": rec, "frozen": rec.frozen_twin(), "popular": RecencyPopularity(catalog)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = prequential(learners, stream, progress=False)
    with pytest.warns(DataWarning, match="'live' and 'frozen' and 'popular' learned events.*Make new"):
        prequential(learners, stream, progress=False)
    rec.fit(past, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = prequential(rec, stream, progress=False)
    np.testing.assert_array_equal(again.ranks["live"], first.ranks["live"])


def test_a_run_that_was_broken_off_and_begun_again_warns_too() -> None:
    log = log_of([(user, item) for item in range(6) for user in "uvw"])
    rec = Recommender(catalog_of(*range(8)), embedding_dim=8)
    prequential(rec, log[:5], progress=False)
    with pytest.warns(DataWarning, match="'live' learned events of this log before"):
        prequential(rec, log, progress=False)


def test_no_warning_where_a_stream_goes_on_from_what_was_learned() -> None:
    same_second = Interactions.from_pandas(pd.DataFrame({"user": "u", "item": list("abcabc"), "time": 5.0}))
    by_day = Interactions.from_pandas(
        pd.DataFrame(
            {"user": list("uv") * 4, "item": list("aabbaabb"), "time": [0, 0, 0, 0, 0, 0, 86_400, 86_400]}
        )
    )
    by_person = log_of([(user, item) for item in range(6) for user in "uvw"])
    ours = by_person.user_codes == 0
    for before, after in (
        (same_second[:3], same_second[3:]),
        (by_day[:4], by_day[4:]),
        (by_person.take(ours), by_person.take(~ours)),
    ):
        catalog = catalog_of(*dict.fromkeys([*before.items, *after.items]))
        learners = {"live": Recommender(catalog, embedding_dim=8), "popular": RecencyPopularity(catalog)}
        for event in before:
            for learner in learners.values():
                learner.learn_one(event)
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataWarning)
            prequential(learners, after, progress=False)


@pytest.mark.parametrize(
    ("learners", "log", "message"),
    [
        (RecencyPopularity(catalog_of("a")), pd.DataFrame(), "Interactions, not a DataFrame; .*from_pandas"),
        ({"x": 3}, LOG, "'x' is no learner: type int has no catalog"),
        (3, LOG, "'live' is no learner"),
    ],
)
def test_what_is_no_learner_or_no_log_is_refused(learners: Any, log: Any, message: str) -> None:
    """Bug: `'method' object is not iterable`."""
    with pytest.raises(DataError, match=message):
        prequential(learners, log, progress=False)


def test_ablate_says_so_when_its_arguments_are_swapped() -> None:
    with pytest.raises(DataError, match=r"ablate\(catalog, log\)"):
        ablate(LOG, catalog_of(*"abcd"), progress=False)  # type: ignore[arg-type]


def test_ablate_gives_up_with_a_fit_that_was_broken_off() -> None:
    """Bug: one arm had learned less than the others, and nothing said so."""

    def break_off(event: ProgressEvent) -> None:
        if event.description == "fit":
            raise Stop

    with pytest.raises(KeyboardInterrupt, match="'whole' was fitted"):
        ablate(catalog_of(*"abcd"), LOG, progress=break_off)


@pytest.mark.parametrize("learner", [RecencyPopularity(catalog_of("a")), LastItem(catalog_of("a"))])
def test_a_flag_that_is_no_bool_is_refused(learner: RecencyPopularity) -> None:
    """Bug: `exclude_seen="no"` was taken for True."""
    with pytest.raises(DataError, match="exclude_seen is 'no'; it must be True or False"):
        learner.recommend("u", exclude_seen="no")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="exclude_seen is 'no'"):
        prequential(learner, LOG, exclude_seen="no", progress=False)  # type: ignore[arg-type]
