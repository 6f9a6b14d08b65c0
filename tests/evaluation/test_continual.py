"""The protocol of a continual run: what is learned, what is asked, and what a test leaves alone."""

from __future__ import annotations

import json
import math
import signal
from types import SimpleNamespace

import numpy as np
import pytest

from lifelong_widgets.data import Catalog, Feedback, Id, Interactions
from lifelong_widgets.errors import DataError, DivergenceError
from lifelong_widgets.evaluation import ContinualReport, RecencyPopularity, continual, transfer
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender
from tests.evaluation.learners import Scripted, catalog_of, log_of

ONE = log_of([("u", "a"), ("v", "b"), ("u", "c"), ("v", "a")])
TWO = log_of([("w", "d"), ("u", "d"), ("w", "e"), ("u", "e")])


def last_learned(self: Scripted, user: Id, k: int) -> tuple[Id, ...]:
    return tuple(dict.fromkeys(event.item for event in reversed(self.learned)))[:k]


def test_the_first_part_of_each_slice_is_learned_and_all_held_out_events_are_asked_after_each() -> None:
    learner = Scripted(catalog_of(*"abcde"))
    report = continual(learner, [ONE, TWO], k=3, hold_out=0.5, progress=False)
    assert [(event.user, event.item) for event in learner.learned] == [
        ("u", "a"), ("v", "b"), ("w", "d"), ("u", "d"),
    ]  # fmt: skip
    assert learner.asked == [(user, 3, False) for user in "uvwu"] * 3
    assert not learner.observed
    assert (report.n_learned, report.n_tested, report.names) == ((2, 2), (2, 2), ("1", "2"))
    assert not report.interrupted and report.error is None


def test_the_matrix_holds_what_was_hit_after_each_slice() -> None:
    one = log_of([("u", "a"), ("v", "b"), ("u", "a"), ("v", "c")])
    two = log_of([("u", "d"), ("v", "e"), ("u", "e"), ("v", "d")])
    learner = Scripted(catalog_of(*"abcde"), last_learned)
    report = continual(learner, [one, two], k=2, hold_out=0.5, progress=False)
    assert report.ranks.tolist() == [[0, 0, 0, 0], [2, 0, 0, 0], [0, 0, 1, 2]]
    assert report.before().tolist() == [0, 0]
    assert report.matrix().tolist() == [[0.5, 0], [0, 1]]
    assert report.matrix("nDCG@2") == pytest.approx(
        np.array([[0.5 / math.log2(3), 0], [0, (1 + 1 / math.log2(3)) / 2]])
    )
    values = report.measures(reference=[0.5, 1])
    assert values["average accuracy"] == values["forgetting"] == values["stability"] == 0.5
    assert values["forward transfer"] == values["intransigence"] == 0


def test_a_test_changes_nothing() -> None:
    def life(tested: bool) -> str:
        shop = catalog_of(*"abcde")
        rec = Recommender(shop, embedding_dim=8, hidden_dim=8)
        if tested:
            continual(rec, [ONE, TWO], hold_out=0.5, progress=False)
        else:
            for part in (ONE[:2], TWO[:2]):
                for event in part:
                    rec.learn_one(event)
        return rec.digest()

    assert life(tested=True) == life(tested=False)


def test_in_batches_it_learns_as_learn_many_does() -> None:
    both = [Recommender(catalog_of(*"abcde"), embedding_dim=8, hidden_dim=8) for _ in range(2)]
    continual(both[0], [ONE, TWO], hold_out=0.25, batch_size=2, progress=False)
    for part in (ONE[:3], TWO[:3]):
        both[1].learn_many(part, 2, progress=False)
    assert both[0].digest() == both[1].digest()


def test_a_frozen_line_reads_and_does_not_learn() -> None:
    learner = Scripted(catalog_of(*"abcde"))
    continual(learner, [ONE, TWO], hold_out=0.5, learn=False, progress=False)
    assert len(learner.observed) == 4 and not learner.learned


def test_consumed_items_are_left_out_only_if_that_is_asked_for() -> None:
    again = log_of([("u", "a"), ("u", "b"), ("u", "a")])
    for exclude_seen, rate in ((False, 1.0), (True, 0.0)):
        popular = RecencyPopularity(catalog_of("a", "b"))
        report = continual(popular, [again], k=2, exclude_seen=exclude_seen, progress=False)
        assert report.matrix().tolist() == [[rate]]


def test_a_new_item_comes_with_its_content_when_it_is_learned_and_is_a_miss_before() -> None:
    everything = Catalog.from_records({"item": item, "title": item.upper()} for item in "abcde")
    catalog = everything.subset(["a"])
    learner = Scripted(catalog, lambda self, user, k: tuple(self.catalog.ids))
    report = continual(learner, [ONE, TWO], hold_out=0.5, arrivals=everything, progress=False)
    assert list(catalog.ids) == ["a", "b", "d"]  # "c" and "e" were never learned
    assert catalog["d"].title == "D"
    assert report.matrix().tolist() == [[0.5, 0], [0.5, 0]]


def test_what_speaks_against_an_item_is_learned_and_tests_nothing() -> None:
    log = log_of([("u", "a"), ("u", "b", "dislike"), ("v", "a"), ("v", "b", "dislike")])
    learner = Scripted(catalog_of("a", "b"))
    report = continual(learner, [log], hold_out=0.5, progress=False)
    assert report.n_tested == (1,) and learner.learned[1].kind == "dislike"


def test_progress_counts_lessons_and_tests() -> None:
    seen: list[ProgressEvent] = []
    continual(Scripted(catalog_of(*"abcde")), [ONE, TWO], hold_out=0.5, progress=seen.append)
    assert seen[-1].done == seen[-1].total == 4 + 3 * 4


@pytest.mark.parametrize("how", ["callback", "Ctrl-C"])
def test_it_can_be_stopped_and_keeps_the_rows_that_were_finished(how: str) -> None:
    def stop(event: ProgressEvent) -> None:
        if event.done == 4 + 2 + 4 + 1 and how == "callback":  # a row, a slice, a row, an event
            raise Stop

    def interrupt(self: Scripted, feedback: Feedback) -> None:
        if how == "Ctrl-C" and len(self.learned) == 3:
            signal.raise_signal(signal.SIGINT)

    learner = Scripted(catalog_of(*"abcde"), last_learned, before_learning=interrupt)
    report = continual(learner, [ONE, TWO], hold_out=0.5, progress=stop)
    assert report.interrupted and report.error is None
    assert len(learner.learned) == (3 if how == "callback" else 4)  # the event under way is finished
    assert report.n_rows == 1 and report.matrix().shape == (1, 2)
    assert math.isnan(report.measures()["forgetting"])
    assert "INTERRUPTED" in str(report)


def test_stopped_before_its_first_row_it_has_no_row() -> None:
    def interrupt(self: Scripted, user: Id, k: int) -> tuple[Id, ...]:
        signal.raise_signal(signal.SIGINT)
        return ()

    learner = Scripted(catalog_of(*"abcde"), interrupt)
    report = continual(learner, [ONE, TWO], progress=False)
    assert report.interrupted and report.n_rows == 0 and not len(report.ranks)
    with pytest.raises(DataError, match="before its first row"):
        report.before()
    assert json.loads(report.to_json())["metrics"]["hit_rate"]["before"] is None
    assert str(report) and repr(report) and report._repr_html_()


def test_an_error_of_the_learner_ends_the_run_and_is_named() -> None:
    def fail(self: Scripted, feedback: Feedback) -> None:
        if len(self.learned) == 3:
            raise DivergenceError("the loss is nan")

    learner = Scripted(catalog_of(*"abcde"), before_learning=fail)
    report = continual(learner, [ONE, TWO], hold_out=0.5, names=["spring", "autumn"], progress=False)
    assert report.error == "in slice 2, 'autumn': the loss is nan"
    assert report.interrupted and report.n_rows == 1
    assert "the loss is nan" in str(report)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slices": []}, "a sequence of slices"),
        ({"slices": ONE}, "a sequence of slices"),
        ({"slices": [ONE, "two"]}, "slice '2' is a str"),
        ({"slices": [ONE, ONE[:1]]}, "slice '2' has 1 events"),
        ({"slices": [log_of([("u", "a"), ("u", "b", "skip")])]}, "none of its 1 held-out events"),
        ({"hold_out": 0.0}, "hold_out=0.0"),
        ({"hold_out": 1}, "hold_out=1;"),
        ({"hold_out": True}, "hold_out=True"),
        ({"k": 0}, "k must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"batch_size": 8}, "Scripted has no learn_many"),
        ({"names": ["one"]}, "1 names for 2 slices"),
        ({"slices": [log_of([(1, 7), (2, 8)])]}, "item"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_learned(change: dict, message: str) -> None:
    learner = Scripted(catalog_of(*"abcde", "7", "8"))
    given = {"slices": [ONE, TWO], **change}
    with pytest.raises(DataError, match=message):
        continual(learner, given.pop("slices"), progress=False, **given)
    assert not learner.learned and not learner.asked


@pytest.fixture(scope="module")
def report() -> ContinualReport:
    learner = Scripted(catalog_of(*"abcde"), last_learned)
    names = ["<b>spring</b>", "autumn"]
    about = {"title": "<i>two</i> seasons"}
    return continual(learner, [ONE, TWO], hold_out=0.5, names=names, about=about, progress=False)


def test_the_report_in_a_notebook_escapes_what_comes_from_outside(report: ContinualReport) -> None:
    html = report._repr_html_()
    assert "&lt;b&gt;spring&lt;/b&gt;" in html and "<b>spring" not in html
    assert "&lt;i&gt;two" in html and "<i>two" not in html
    assert "average accuracy" in html and html.count("<tr>") == 4


def test_the_report_as_text(report: ContinualReport) -> None:
    assert repr(report).startswith("ContinualReport(2 of 2 slices, HR@10: average accuracy 0.")
    lines = str(report).splitlines()
    assert lines[2].startswith("before") and lines[4].startswith("after autumn")
    assert "forgetting" in lines[-1]


def test_the_report_as_json(report: ContinualReport, tmp_path) -> None:
    path = tmp_path / "report.json"
    document = json.loads(report.to_json(path))
    assert json.loads(path.read_text("utf-8")) == document
    assert document["slices"][1] == {"name": "autumn", "learned_events": 2, "tested_events": 2}
    hits = document["metrics"]["hit_rate"]
    assert np.array(hits["matrix"]) == pytest.approx(report.matrix())
    assert hits["measures"]["forgetting"] == pytest.approx(transfer.forgetting(report.matrix()), abs=1e-5)


def test_another_metric_is_refused(report: ContinualReport) -> None:
    with pytest.raises(DataError, match="HR@10 and nDCG@10"):
        report.matrix("MRR")
    with pytest.raises(DataError, match="each of 2 slices"):
        report.measures(reference=[0.5])


def test_a_batch_that_is_interrupted_ends_the_run() -> None:
    class Batches(Scripted):
        def learn_many(self, log: Interactions, batch_size: int, progress: bool) -> SimpleNamespace:
            return SimpleNamespace(interrupted=True)

    report = continual(Batches(catalog_of(*"abcde")), [ONE, TWO], batch_size=2, progress=False)
    assert report.interrupted and report.n_rows == 0 and len(report.ranks) == 1
