"""``python -m tests.bench.compression [LOG …]``: what compression costs, and whether copies follow.

Each log is learned up to nine tenths. What copies show is measured on the rest, which nothing has
learned, against the live model, and with ``--small`` against small recommenders that learned the same events
themselves. With ``--follow`` copies are made some 20,000 events before the end, follow while these are
learned, and are held against copies that are made afresh.

The methods of each size are the first of `LADDER` whose file is small enough, which no event decides. Small
recommenders are chosen from `GRID` on the first fifth of the log, of which nothing is tested otherwise;
``--choose`` says which ways no other one beats there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from lifelong_widgets.compression import CompressedRecommender
from lifelong_widgets.compression.measuring import Baseline, baseline_of, report_of
from lifelong_widgets.compression.report import CompressionReport
from lifelong_widgets.data import Interactions
from lifelong_widgets.recommender import Recommender
from tests.bench.logs import Log, load

BARS = ((4.0, 0.995), (8.0, 0.98), (20.0, 0.95))
"""So many times smaller, at this share of nDCG@10."""

LADDER = (
    ["int8"],
    ["neighbors:128", "int8"],
    ["neighbors:64", "int8"],
    ["neighbors:64", "int4"],
    ["neighbors:32", "int4"],
    ["neighbors:16", "int4"],
)
"""From the mildest to the strongest, by the size of the file."""

OTHERS = (
    ["int4"],
    ["low_rank:64", "int8"],
    ["low_rank:64", "tune:200", "int8"],
    ["prune:0.25", "int8"],
    ["prune:0.25", "tune:200", "int8"],
    ["neighbors:16", "tune:200", "int4"],
    ["pq:16", "int8"],
    ["hashed:64", "int8"],
    ["neurons:0.5", "int8"],
    ["distill:32", "int8"],
)
"""What each other method costs, beside ``int8``."""

WAYS = (
    *LADDER,
    ["neighbors:128", "int4"],
    ["neighbors:32", "int8"],
    ["neighbors:8", "int4"],
    ["low_rank:64", "neighbors:64", "int8"],
    ["low_rank:64", "neighbors:64", "tune:200", "int4"],
    ["pq:16", "neighbors:16", "int4"],
    *OTHERS,
)
"""What ``--choose`` tries."""

GRID: tuple[dict[str, Any], ...] = (
    {"embedding_dim": 64, "hidden_dim": 128, "n_neighbors": 64, "use_linear": False},
    {"embedding_dim": 32, "hidden_dim": 64, "n_neighbors": 64, "use_linear": True},
    {"embedding_dim": 32, "hidden_dim": 64, "n_neighbors": 32, "use_linear": True},
    {"embedding_dim": 32, "hidden_dim": 64, "n_neighbors": 64, "use_linear": False},
    {"embedding_dim": 32, "hidden_dim": 64, "n_neighbors": 32, "use_linear": False},
    {"embedding_dim": 16, "hidden_dim": 32, "n_neighbors": 64, "use_linear": True},
    {"embedding_dim": 16, "hidden_dim": 32, "n_neighbors": 32, "use_linear": False},
    {"embedding_dim": 16, "hidden_dim": 32, "n_neighbors": 16, "use_linear": False},
)
"""Recommenders that are small from the beginning, each written with eight and with four bits."""

LIMITS = {"movielens-100k": 100_000, "mars": 25_000, "online-retail-ii": 40_000, "idea": 30_000}
_WARM_UP, _LEARNED, _FOLLOWED, _STEP = 0.2, 0.9, 20_000, 500
_OF_WARM_UP = 0.51, 0.85  # fitted up to, learned up to; the rest of the first fifth chooses


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    report: CompressionReport

    def __str__(self) -> str:
        report = self.report
        kept = report.ndcg_kept
        before, after = report.rank_us_before, report.rank_us_after
        return (
            f"| {self.what} | {report.bytes_after / 1e6:.2f} | {report.ratio:.1f} | "
            f"{report.ratio_live:.1f} | {kept} | {report.hit_rate_kept} | "
            f"{report.overlap_at_10.value:.3f} | {before.value:.0f} → {after.value:.0f} |"
        )


@dataclass(frozen=True)
class Replay:
    """A log, and recommenders that have learned some of it.

    Attributes:
        log: what is replayed.
        events: of it, as many as are read.
        models: a folder where each is kept once it has learned, and looked for first; None for none.
    """

    log: Log
    events: Interactions
    models: Path | None

    @classmethod
    def of(cls, source: str, models: Path | None) -> Replay:
        """The replay of a source as `load` takes it."""
        log = load(source)
        return cls(log, log.events[: LIMITS.get(log.name, 40_000)], models)

    def learned(self, fitted: int, end: int, settings: dict[str, Any]) -> Recommender:
        """A recommender that was fitted with the first events, and then learned up to `end` one by one."""
        values = [f"{name}={value}" for name, value in settings.items()]
        name = "-".join([self.log.name, str(fitted), str(end), *values]) + ".lw"
        if self.models is not None and (self.models / name).exists():
            return Recommender.load(self.models / name)
        rec = Recommender(self.log.catalog, kinds=self.events.kinds, **settings)
        rec.fit(self.events[:fitted], progress=False)
        rec.learn_many(self.events[fitted:end], progress=False)
        if self.models is not None:
            self.models.mkdir(parents=True, exist_ok=True)
            rec.save(self.models / name)
        return rec

    def late(self, settings: dict[str, Any] | None = None) -> tuple[Recommender, Interactions]:
        """What has learned nine tenths, and the rest."""
        fitted, end = (int(len(self.events) * share) for share in (_WARM_UP, _LEARNED))
        return self.learned(fitted, end, settings or {}), self.events[end:]

    def early(self, settings: dict[str, Any] | None = None) -> tuple[Recommender, Interactions]:
        """What has learned most of the first fifth, and the rest of that."""
        first = self.events[: int(len(self.events) * _WARM_UP)]
        fitted, end = (int(len(first) * share) for share in _OF_WARM_UP)
        return self.learned(fitted, end, settings or {}), first[end:]


def bench(replay: Replay, others: bool, small: bool) -> Iterator[str]:
    """The lines about one log."""
    log, (rec, held_out) = replay.log, replay.late()
    baseline = baseline_of(rec, held_out)
    yield f"### {log.name}: {len(log.catalog):,} items, {len(rec.users):,} people, {len(held_out):,} tested"
    yield ""
    yield (
        f"Live: {baseline.n_bytes / 1e6:.1f} MB in float32 ({baseline.n_bytes_live / 1e6:.1f} with empty "
        f"places), nDCG@10 {_ndcg(baseline):.4f}."
    )
    yield ""
    yield "| copy | MB | × smaller | × live | nDCG@10 kept | HR@10 kept | overlap@10 | µs a list |"
    yield "|---|---|---|---|---|---|---|---|"
    reports = {}
    for methods in [*LADDER, *(OTHERS if others else ())]:
        copy = CompressedRecommender(rec, methods, following=False)
        reports[" + ".join(methods)] = report_of(copy, rec, baseline)
        yield str(Row(" + ".join(methods), reports[" + ".join(methods)]))
    yield ""
    yield "| bar | methods | × smaller | nDCG@10 kept | µs a list |"
    yield "|---|---|---|---|---|"
    for ratio, share in BARS:
        ladder = [" + ".join(methods) for methods in LADDER]
        name = next((name for name in ladder if reports[name].ratio >= ratio), ladder[-1])
        yield _bar(ratio, share, reports[name])
    if small:
        yield ""
        yield "| small from the beginning | file | MB | × smaller | nDCG@10 of the live model |"
        yield "|---|---|---|---|---|"
        grid = _of_grid(replay)
        for ratio, _ in BARS:
            if (best := _best(grid, ratio)) is not None:
                yield _small(*replay.late(best.settings), best.settings, best.store, baseline).line


def follow(replay: Replay) -> Iterator[str]:
    """Copies that followed some 20,000 events against those that are made afresh after these."""
    fitted, end = (int(len(replay.events) * share) for share in (_WARM_UP, _LEARNED))
    begin = max(end - _FOLLOWED, fitted)
    rec, held_out = replay.learned(fitted, begin, {}), replay.events[end:]
    followed = [CompressedRecommender(rec, methods) for methods in LADDER]
    seconds = 0.0
    for start in range(begin, end, _STEP):
        rec.learn_many(replay.events[start : min(start + _STEP, end)], progress=False)
        clock = time.process_time()
        for copy in followed:
            copy.follow()
        seconds += time.process_time() - clock
    baseline = baseline_of(rec, held_out)
    yield (
        f"Copies followed {end - begin:,} events of {replay.log.name}, "
        f"{1e6 * seconds / (end - begin) / len(followed):.0f} µs of CPU an event."
    )
    yield ""
    yield "| copy | nDCG@10 kept, made afresh | followed | difference |"
    yield "|---|---|---|---|"
    for copy in followed:
        late = report_of(copy, rec, baseline).ndcg_kept
        fresh = report_of(CompressedRecommender(rec, copy.plan, following=False), rec, baseline).ndcg_kept
        assert late is not None and fresh is not None
        yield f"| {copy.plan} | {fresh} | {late} | {late.value / fresh.value - 1.0:+.2%} |"


def choose(replays: Sequence[Replay]) -> Iterator[str]:
    """The ways that no other one beats on the first fifths of logs: by the mean size and the mean quality."""
    reports: dict[str, list[CompressionReport]] = {" + ".join(methods): [] for methods in WAYS}
    for replay in replays:
        rec, held_out = replay.early()
        baseline = baseline_of(rec, held_out)
        yield f"### {replay.log.name}, learned up to the last {len(held_out):,} of its first fifth"
        for name, found in reports.items():
            copy = CompressedRecommender(rec, name.split(" + "), following=False)
            found.append(report_of(copy, rec, baseline))
            yield f"| {name} | {found[-1].ratio:.1f} | {found[-1].ndcg_kept} |"
    yield ""
    yield "| way | × smaller | nDCG@10 kept | no other one beats it |"
    yield "|---|---|---|---|"
    rows = []
    for name, found in reports.items():
        ratio = float(np.exp(np.mean([np.log(report.ratio) for report in found])))
        kept = float(np.mean([report.ndcg_kept.value for report in found if report.ndcg_kept is not None]))
        rows.append((ratio, kept, name))
    for ratio, kept, name in sorted(rows):
        beaten = any(other[0] > ratio and other[1] >= kept for other in rows)
        yield f"| {name} | {ratio:.1f} | {kept:.3f} | {'' if beaten else 'yes'} |"


@dataclass(frozen=True)
class Small:
    """A recommender that is small from the beginning.

    Attributes:
        settings: what it is made with.
        store: how its file is written.
        ratio: how many times smaller its file is than that of the large one.
        share: its nDCG@10 over that of the large one.
        line: of a table about it.
    """

    settings: dict[str, Any]
    store: str
    ratio: float
    share: float
    line: str


def choose_small(replay: Replay) -> Iterator[str]:
    """The grid on the first fifth of a log, and for each bar the best whose file is small enough."""
    yield f"### {replay.log.name}, its first fifth"
    yield ""
    yield "| small from the beginning | file | MB | × smaller | nDCG@10 of the live model |"
    yield "|---|---|---|---|---|"
    grid = _of_grid(replay)
    yield from (one.line for one in grid)
    for ratio, _ in BARS:
        best = _best(grid, ratio)
        yield f"{ratio:g} ×: {'none' if best is None else best.line}"


def _of_grid(replay: Replay) -> list[Small]:
    """Each of the grid on the first fifth, in both ways of writing it."""
    live = baseline_of(*replay.early())
    found = []
    for settings in GRID:
        rec, held_out = replay.early(settings)
        found += [_small(rec, held_out, settings, store, live) for store in ("int8", "int4")]
    return found


def _best(grid: list[Small], ratio: float) -> Small | None:
    """The best of those that are so many times smaller."""
    return max((one for one in grid if one.ratio >= ratio), key=lambda one: one.share, default=None)


def _bar(ratio: float, share: float, report: CompressionReport) -> str:
    kept = report.ndcg_kept
    assert kept is not None
    met = "yes" if report.ratio >= ratio and kept.value >= share else "**no**"
    us = f"{report.rank_us_before.value:.0f} → {report.rank_us_after.value:.0f}"
    return f"| {ratio:g} × at {share:.1%}: {met} | {report.method} | {report.ratio:.1f} | {kept} | {us} |"


def _small(
    rec: Recommender, held_out: Interactions, settings: dict[str, Any], store: str, live: Baseline
) -> Small:
    own = baseline_of(rec, held_out)
    report = report_of(CompressedRecommender(rec, store, following=False), rec, own)
    assert report.ndcg_kept is not None
    ratio, share = live.n_bytes / report.bytes_after, _ndcg(own) * report.ndcg_kept.value / _ndcg(live)
    size = f"{report.bytes_after / 1e6:.2f}"
    line = f"| {_says(settings)} | {store} | {size} | {ratio:.1f} | {share:.3f} |"
    return Small(settings, store, ratio, share, line)


def _says(settings: dict[str, Any]) -> str:
    linear = "with" if settings["use_linear"] else "without"
    return (
        f"{settings['embedding_dim']} wide, hidden {settings['hidden_dim']}, {settings['n_neighbors']} "
        f"neighbours, {linear} linear memory"
    )


def _ndcg(baseline: Baseline) -> float:
    gains = baseline.shown.gains
    return float(np.mean(gains)) if gains is not None else float("nan")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, and print a table a log."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compression", description=__doc__)
    parser.add_argument(
        "logs", nargs="*", default=["movielens-100k"], help="as `python -m tests.bench` takes them"
    )
    parser.add_argument("--others", action="store_true", help="the other methods as well")
    parser.add_argument(
        "--small", action="store_true", help="and recommenders that are small from the beginning"
    )
    parser.add_argument("--follow", action="store_true", help="only: whether copies follow")
    parser.add_argument("--choose", action="store_true", help="only: order the ways on the first fifths")
    parser.add_argument("--choose-small", action="store_true", help="only: the best small ones, likewise")
    parser.add_argument(
        "--models", type=Path, help="a folder where recommenders are kept when they have learned, for later"
    )
    options = parser.parse_args(arguments)
    with threadpool_limits(limits=1):
        replays = [Replay.of(source, options.models) for source in options.logs]
        if options.choose:
            parts = [choose(replays)]
        elif options.choose_small:
            parts = [choose_small(replay) for replay in replays]
        elif options.follow:
            parts = [follow(replay) for replay in replays]
        else:
            parts = [bench(replay, options.others, options.small) for replay in replays]
        for part in parts:
            for line in part:
                print(line, flush=True)
            print(flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
