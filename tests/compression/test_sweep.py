"""A sweep over ways of compressing, and what it gives back."""

from __future__ import annotations

import signal
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from lifelong_widgets.compression import Point, Sweep, sweep
from lifelong_widgets.compression.report import CompressionReport, Kept
from lifelong_widgets.compression.teaching import TuningSteps
from lifelong_widgets.data import Catalog
from lifelong_widgets.errors import DataError
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender
from tests.compression.test_copies import LOG, made

REPORT = CompressionReport(
    "?", 1000, 800, 100, Kept(9, 8, 10), Kept(9, 8, 10), Kept(0.9, 0.8, 1.0), None, None, float("nan"), 9, 9
)


def point(name: str, n_bytes: int, quality: float, us: float = 9.0) -> Point:
    kept = Kept(quality, quality, quality)
    return Point(
        (name,),
        replace(REPORT, method=name, bytes_after=n_bytes, ndcg_kept=kept, rank_us_after=Kept(us, us, us)),
    )


def test_the_front_is_what_no_other_one_beats() -> None:
    points = [
        point("a", 400, 1.0),
        point("b", 300, 0.9),
        point("c", 350, 0.8),
        point("d", 100, 0.5),
        point("e", 300, 0.7),
    ]
    found = Sweep(points, False, {})
    assert [p.methods[0] for p in found] == ["a", "b", "d"] and len(found.tried) == 5
    for one, other in pairwise(found):
        assert one.n_bytes > other.n_bytes and one.quality > other.quality
    assert found.best(n_bytes=360).methods == ("b",) and found.best(quality=0.8).methods == ("b",)
    assert found.to_pandas()["front"].tolist() == [True, True, False, True, False]
    assert "3 of 5 ways" in repr(found) and "<table>" in found._repr_html_()
    for bounds, message in (
        ({}, "say what"),
        ({"n_bytes": 3}, "none of the 5"),
        ({"quality": "x"}, "a number"),
        ({"quality": 98}, "quality is 98; it is a share of nDCG@10, such as 0.98"),
        ({"n_bytes": 3}, "the smallest, d, has 100 bytes"),
        ({"quality": 1.5}, "the best, a, keeps 1$"),
        ({"microseconds": 0}, "the quickest, a, takes .* µs"),
    ):
        with pytest.raises(DataError, match=message):
            found.best(**bounds)


def test_a_sweep_measures_and_changes_nothing() -> None:
    rec, _ = made()
    before, seen = rec.digest(), list[ProgressEvent]()
    found = sweep(rec, LOG[500:560], tried=["int8", ["int4", "neighbors:4"]], progress=seen.append)
    assert rec.digest() == before and not found.interrupted
    assert [p.report.n_lists for p in found.tried] == [60, 60] and seen[-1].done == seen[-1].total == 3
    assert found.best(quality=0.0).methods == ("neighbors:4", "int4")
    small = rec.compress(found.best(quality=0.0).methods)
    assert small.report is not None and small.n_bytes == found.best(quality=0.0).n_bytes


def test_it_can_be_stopped_and_goes_around_what_a_model_cannot_take() -> None:
    rec, _ = made()

    def enough(event: ProgressEvent) -> None:
        if event.done >= 2:
            raise Stop

    found = sweep(rec, tried=["int8", "int4", "pq:4"], progress=enough)
    assert found.interrupted and len(found.tried) == 1 and "interrupted" in repr(found)
    gru = Recommender(Catalog.from_records([{"item": n} for n in range(9)]), model="gru", embedding_dim=8)
    found = sweep(gru, tried=["neurons:0.5", "int8"], progress=False)
    assert len(found.tried) == 1 and "gru" in found.refused["neurons:0.5 + int8"]
    with pytest.raises(DataError, match="unknown compression"):
        sweep(rec, tried=["int8", "int5"], progress=False)
    with pytest.raises(DataError, match="quality is 98; it is a share"):
        sweep(rec, quality=98, progress=False)
    with pytest.raises(DataError, match="nothing to compress"):
        sweep(Recommender(Catalog()), progress=False)
    assert not sweep(rec, tried=["int8"], n_bytes=10, progress=False).tried


def test_a_way_whose_teaching_is_stopped_ends_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    rec, _ = made()
    taught = TuningSteps.go_on

    def interrupted(steps: TuningSteps) -> bool:
        signal.raise_signal(signal.SIGINT)
        return taught(steps)

    monkeypatch.setattr(TuningSteps, "go_on", interrupted)
    found = sweep(rec, tried=["int8", "distill:8", "int4"], progress=False)
    assert found.interrupted and [point.methods for point in found.tried] == [("int8",)]


def test_a_sweep_uses_one_thread() -> None:
    """So that its copies have the same bits wherever they are made."""
    rec, _ = made()
    before, threads = torch.get_num_threads(), list[int]()
    torch.set_num_threads(4)
    try:
        sweep(rec, tried=["int8"], progress=lambda _: threads.append(torch.get_num_threads()))
        assert threads == [1, 1] and torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_a_point_is_told_to_give_its_methods() -> None:
    """Bug: the error was the whole point, with its report."""
    with pytest.raises(DataError, match=r"^a Point is not a method, but has some: give its \.methods$"):
        made()[0].compress(point("int8", 3, 0.9))  # type: ignore[arg-type]
