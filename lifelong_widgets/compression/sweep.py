"""Many ways of making a model smaller, tried one after the other, and those that no other one beats."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lifelong_widgets.compression.live import Live
from lifelong_widgets.compression.measuring import baseline_of, report_of
from lifelong_widgets.compression.methods import Methods, plan_of
from lifelong_widgets.compression.report import SMALL_NET, CompressionReport
from lifelong_widgets.compression.serving import CompressedRecommender
from lifelong_widgets.data import Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.models import one_thread
from lifelong_widgets.progress import ProgressCallback, Stop, held_interrupts, track

TRIED: tuple[tuple[str, ...], ...] = (
    ("int8",),
    ("neighbors:128", "int8"),
    ("neighbors:64", "int8"),
    ("int4",),
    ("neighbors:64", "int4"),
    ("neighbors:32", "int4"),
    ("neighbors:16", "int4"),
    ("neighbors:16", "int4", "pq:16"),
    ("low_rank:64", "neighbors:64", "int8"),
    ("distill:32", "neighbors:64", "int8"),
)
"""What a sweep tries unless it is told."""


@dataclass(frozen=True, slots=True)
class Point:
    """One way, and what it came to.

    Attributes:
        methods: as `Recommender.compress` takes them.
        report: what it costs and saves.
    """

    methods: tuple[str, ...]
    report: CompressionReport

    @property
    def quality(self) -> float:
        """The share of nDCG@10 that is kept, or without held-out events the overlap of the lists."""
        kept = self.report.ndcg_kept
        return self.report.overlap_at_10.value if kept is None else kept.value

    @property
    def n_bytes(self) -> int:
        """How large the file is."""
        return self.report.bytes_after

    @property
    def microseconds(self) -> float:
        """Of CPU time a list, in the median."""
        return self.report.rank_us_after.value


class Sweep(Sequence[Point]):
    """The points that no other one beats: none is smaller and better at once. The smallest comes last.

    Attributes:
        tried: all that were measured, in the order in which they were tried.
        interrupted: whether it was stopped before all of them were.
        refused: what this model could not take, by name, with the reason.
    """

    def __init__(self, tried: Sequence[Point], interrupted: bool, refused: dict[str, str]) -> None:
        self.tried, self.interrupted, self.refused = tuple(tried), interrupted, refused
        front = sorted(self.tried, key=lambda point: (point.n_bytes, -point.quality))
        best: list[Point] = []
        for point in front:
            if not best or point.quality > best[-1].quality:
                best.append(point)
        self._front = best[::-1]

    def __len__(self) -> int:
        return len(self._front)

    def __getitem__(self, index: Any) -> Any:
        return self._front[index]

    def __iter__(self) -> Iterator[Point]:
        return iter(self._front)

    def best(
        self,
        n_bytes: int | None = None,
        microseconds: float | None = None,
        quality: float | None = None,
    ) -> Point:
        """The best of all within these bounds; with `quality` the smallest that keeps as much.

        Args:
            n_bytes: how large the file may be.
            microseconds: how long a list may take.
            quality: which share of nDCG@10 must be kept.

        Raises:
            DataError: no bound was given, `quality` is a percentage, or none of them is within.
        """
        bounds = {"n_bytes": n_bytes, "microseconds": microseconds, "quality": quality}
        for name, bound in bounds.items():
            if bound is not None and (isinstance(bound, bool) or not isinstance(bound, (int, float))):
                raise DataError(f"{name} is {bound!r:.40}; it must be a number")
        _check_quality(quality)
        if all(bound is None for bound in bounds.values()):
            raise DataError("say what the best may take: n_bytes=…, microseconds=… or quality=…")
        within = [
            point
            for point in self.tried
            if (n_bytes is None or point.n_bytes <= n_bytes)
            and (microseconds is None or point.microseconds <= microseconds)
            and (quality is None or point.quality >= quality)
        ]
        if not within:
            asked = ", ".join(f"{name}={bound:,}" for name, bound in bounds.items() if bound is not None)
            nearest = "".join(f"; {told}" for name, told in self._extremes() if bounds[name] is not None)
            raise DataError(f"none of the {len(self.tried)} ways that were tried is within {asked}{nearest}")
        if quality is not None:
            return min(within, key=lambda point: (point.n_bytes, -point.quality))
        return max(within, key=lambda point: (point.quality, -point.n_bytes))

    def _extremes(self) -> Iterator[tuple[str, str]]:
        """What can be reached at all by each bound."""
        if self.tried:
            one = min(self.tried, key=lambda point: point.n_bytes)
            yield "n_bytes", f"the smallest, {one.report.method}, has {one.n_bytes:,} bytes"
            one = min(self.tried, key=lambda point: point.microseconds)
            yield "microseconds", f"the quickest, {one.report.method}, takes {one.microseconds:.0f} µs"
            one = max(self.tried, key=lambda point: point.quality)
            yield "quality", f"the best, {one.report.method}, keeps {one.quality:.4g}"

    def to_pandas(self) -> pd.DataFrame:
        """All that were tried, one row each; ``front`` says which no other one beats."""
        rows = [
            {
                "methods": point.report.method,
                "bytes": point.n_bytes,
                "times smaller": point.report.ratio,
                "quality": point.quality,
                "overlap@10": point.report.overlap_at_10.value,
                "microseconds": point.microseconds,
                "front": any(point is other for other in self._front),
            }
            for point in self.tried
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        lines = [self._heading()]
        for point in self._front:
            report = point.report
            kept = report.overlap_at_10 if report.ndcg_kept is None else report.ndcg_kept
            lines.append(
                f"  {point.n_bytes:>13,} bytes  {report.ratio:>5.1f} ×  {kept}  "
                f"{point.microseconds:>6.0f} µs  {report.method}"
            )
        return "\n".join([*lines, f"  {SMALL_NET}"])

    def _heading(self) -> str:
        first = self.tried[0].report if self.tried else None
        what = "overlap@10" if first is None or first.ndcg_kept is None else "nDCG@10 kept"
        stopped = ", interrupted" if self.interrupted else ""
        of = f"{len(self)} of {len(self.tried)} ways"
        return f"{of} that none of the others beats{stopped}: size, {what}, time"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("methods", "bytes", "×", "kept", "µs"))
        body = "".join(
            f"<tr><td style='text-align:left'>{html.escape(point.report.method)}</td>"
            f"<td>{point.n_bytes:,}</td><td>{point.report.ratio:.1f}</td>"
            f"<td>{html.escape(str(point.report.ndcg_kept or point.report.overlap_at_10))}</td>"
            f"<td>{point.microseconds:.0f}</td></tr>"
            for point in self._front
        )
        return f"<table><caption>{html.escape(self._heading())}</caption><tr>{head}</tr>{body}</table>"


def _check_quality(quality: float | None) -> None:
    """Raise a DataError for a percentage; a copy may be a little better than the live model."""
    if quality is not None and quality >= 2:
        raise DataError(f"quality is {quality:g}; it is a share of nDCG@10, such as 0.98")


@one_thread()
def sweep(
    rec: Live,
    held_out: Interactions | None = None,
    *,
    n_bytes: int | None = None,
    microseconds: float | None = None,
    quality: float | None = None,
    tried: Sequence[Methods] = TRIED,
    progress: bool | ProgressCallback = True,
) -> Sweep:
    """Try ways of making a recommender smaller, and give those that no other one beats.

    Ctrl-C (or `Stop` from the progress callback) ends it between two ways, with what was measured so far. The
    recommender is as it was.

    Args:
        rec: the live one.
        held_out: recent events that were *not* learned; without them only the overlap of lists is known.
        n_bytes: with a budget, ways that are not within it are not among those that are returned.
        microseconds: the same of the CPU time of a list.
        quality: the same of the share of nDCG@10 that is kept.
        tried: the ways, each as `Recommender.compress` takes them.
        progress: draw a bar, be silent, or call this.

    Raises:
        DataError: `quality` is a percentage; or what `Recommender.compress` raises, but for methods that this
            model cannot take: these are left out, and `Sweep.refused` says why.

    Warns:
        DataWarning: some of `held_out` was learned already.

    >>> import pandas as pd
    >>> import lifelong_widgets as lw
    >>> rec = lw.Recommender(lw.Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3]})), embedding_dim=8)
    >>> found = sweep(rec, tried=["int8", "int4"], progress=False)
    >>> len(found.tried), found.best(quality=0.0).methods
    (2, ('int4',))
    """
    _check_quality(quality)
    plans = [plan_of(methods) for methods in tried]  # what no model takes is refused before anything is tried
    if not len(rec.network.items):
        raise DataError("there is nothing to compress: the catalogue is empty")
    points: list[Point] = []
    refused: dict[str, str] = {}
    interrupted = False
    try:
        with held_interrupts() as interrupt, track(len(plans) + 1, "compress", progress, unit="way") as bar:
            baseline = baseline_of(rec, held_out)
            bar.update(1)
            for plan in plans:
                if interrupt.is_set():
                    raise Stop
                try:
                    small = CompressedRecommender(rec, plan, following=False)
                except DataError as error:
                    refused[str(plan)] = str(error)
                    bar.update(1)
                    continue
                if small.interrupted:  # a way that was taught less than it says is not measured
                    raise Stop
                point = Point(tuple(plan.names()), report_of(small, rec, baseline))
                fits = (n_bytes is None or point.n_bytes <= n_bytes) and (
                    microseconds is None or point.microseconds <= microseconds
                )
                if fits and (quality is None or point.quality >= quality):
                    points.append(point)
                bar.update(1, kept=point.quality, smaller=point.report.ratio)
    except Stop:
        interrupted = True
    return Sweep(points, interrupted, refused)
