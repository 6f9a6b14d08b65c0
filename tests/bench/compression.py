"""``python -m tests.bench.compression [LOG …]``: what compression costs, and whether copies follow.

Each log is learned up to nine tenths. Copies are made some 20,000 events before that, and follow while these
are learned. What they show is then measured on the next events, which nothing has learned, against the live
model, against copies that are made afresh, and against small recommenders that learned the same events
themselves.

The methods of each size are the first of `LADDER` whose file is small enough, which no event decides. The
order of `LADDER`, and which small recommenders there are, was chosen on the first fifth of each log alone, of
which nothing is tested here: ``--choose`` and ``--choose-small`` do that again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
"""From the mildest to the strongest: what no other way beats on the first fifths of the three logs."""

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

SMALL: dict[str, list[tuple[dict[str, Any], str]]] = {}
"""The best of them for each bar, and how it is written: as ``--choose-small`` found on the first fifth."""

LIMITS = {"movielens-100k": 100_000, "mars": 25_000, "online-retail-ii": 40_000, "idea": 30_000}
_WARM_UP, _LEARNED, _FOLLOWED, _TESTED, _STEP = 0.2, 0.9, 20_000, 3_000, 500
_OF_WARM_UP = 0.5, 0.85  # fitted up to, learned up to; the rest of the first fifth chooses


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


def bench(source: str, others: bool, small: bool) -> list[str]:
    """The lines about one log."""
    log = load(source)
    events = log.events[: LIMITS.get(log.name, 40_000)]
    fitted, end = int(len(events) * _WARM_UP), int(len(events) * _LEARNED)
    begin = max(end - _FOLLOWED, fitted)
    held_out = events[end : end + _TESTED]

    rec = Recommender(log.catalog, kinds=events.kinds)
    rec.fit(events[:fitted], progress=False)
    rec.learn_many(events[fitted:begin], progress=False)
    followed = {"+".join(methods): CompressedRecommender(rec, methods) for methods in LADDER}
    seconds = 0.0
    for start in range(begin, end, _STEP):
        rec.learn_many(events[start : min(start + _STEP, end)], progress=False)
        clock = time.process_time()
        for copy in followed.values():
            copy.follow()
        seconds += time.process_time() - clock
    baseline = baseline_of(rec, held_out)
    lines = [
        f"### {log.name}: {len(log.catalog):,} items, {len(rec.users):,} people, {end:,} events learned, "
        f"{len(held_out):,} tested",
        "",
        f"Live: {baseline.n_bytes / 1e6:.1f} MB ({baseline.n_bytes_live / 1e6:.1f} without empty places), "
        f"nDCG@10 {_ndcg(baseline):.4f}. Copies followed {end - begin:,} events, "
        f"{1e6 * seconds / (end - begin) / len(followed):.0f} µs of CPU an event.",
        "",
        "| copy | MB | × smaller | × live | nDCG@10 kept | HR@10 kept | overlap@10 | µs a list |",
        "|---|---|---|---|---|---|---|---|",
    ]
    afresh = {name: CompressedRecommender(rec, name.split("+"), following=False) for name in followed}
    reports = {name: report_of(copy, rec, baseline) for name, copy in afresh.items()}
    lines += [str(Row(name.replace("+", " + "), report)) for name, report in reports.items()]
    if others:
        for methods in OTHERS:
            copy = CompressedRecommender(rec, methods, following=False)
            lines.append(str(Row(" + ".join(methods), report_of(copy, rec, baseline))))
    lines += [
        "",
        "| bar | methods | × smaller | nDCG@10 kept | µs a list | followed against afresh |",
        "|---|---|---|---|---|---|",
    ]
    for ratio, share in BARS:
        name = next((name for name, report in reports.items() if report.ratio >= ratio), list(reports)[-1])
        report, late = reports[name], report_of(followed[name], rec, baseline)
        lines.append(_bar(ratio, share, report, late))
    if small:
        lines += [
            "",
            "| small from the beginning | file | MB | × smaller | nDCG@10 of the live model |",
            "|---|---|---|---|---|",
        ]
        lines += _small(log, events, fitted, end, held_out, baseline)
    return lines


def choose(sources: Sequence[str]) -> list[str]:
    """The ways that no other one beats on the first fifths of logs: by the mean size and the mean quality."""
    reports: dict[str, list[CompressionReport]] = {" + ".join(methods): [] for methods in WAYS}
    names = []
    for source in sources:
        log, rec, held_out = _warm_up(source, {})
        names.append(log.name)
        baseline = baseline_of(rec, held_out)
        for name, found in reports.items():
            copy = CompressedRecommender(rec, name.split(" + "), following=False)
            found.append(report_of(copy, rec, baseline))
    rows = []
    for name, found in reports.items():
        ratio = float(np.exp(np.mean([np.log(report.ratio) for report in found])))
        kept = float(np.mean([report.ndcg_kept.value for report in found if report.ndcg_kept is not None]))
        rows.append((ratio, kept, name))
    front = [row for row in rows if not any(o[0] > row[0] and o[1] >= row[1] for o in rows)]
    lines = [
        f"| way | × smaller | nDCG@10 kept | {' | '.join(names)} |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for ratio, kept, name in sorted(rows):
        cells = " | ".join(f"{report.ndcg_kept} ({report.ratio:.1f} ×)" for report in reports[name])
        best = "**" if (ratio, kept, name) in front else ""
        lines.append(f"| {best}{name}{best} | {ratio:.1f} | {kept:.3f} | {cells} |")
    return lines


def choose_small(source: str) -> list[str]:
    """The grid on the first fifth of a log, and for each bar the best whose file is small enough."""
    log, rec, held_out = _warm_up(source, {})
    live = baseline_of(rec, held_out)
    lines = [
        f"### {log.name}: the large one has nDCG@10 {_ndcg(live):.4f} in {live.n_bytes / 1e6:.2f} MB",
        "",
        "| small from the beginning | file | × smaller | nDCG@10 of the live model |",
        "|---|---|---|---|",
    ]
    found = []
    for settings in GRID:
        _, small, _ = _warm_up(source, settings)
        own = baseline_of(small, held_out)
        for store in ("int8", "int4"):
            report = report_of(CompressedRecommender(small, store, following=False), small, own)
            assert report.ndcg_kept is not None
            share = _ndcg(own) * report.ndcg_kept.value / _ndcg(live)
            found.append((share, live.n_bytes / report.bytes_after, settings, store))
            lines.append(f"| {_says(settings)} | {store} | {found[-1][1]:.1f} | {share:.3f} |")
    for bar, _ in BARS:
        best = max((one for one in found if one[1] >= bar), key=lambda one: one[0], default=None)
        lines.append(f"{bar:g} ×: {best}")
    return lines


def _warm_up(source: str, settings: dict[str, Any]) -> tuple[Log, Recommender, Interactions]:
    """A recommender of the first fifth of a log, and those events of it that it has not learned."""
    log = load(source)
    events = log.events[: LIMITS.get(log.name, 40_000)]
    events = events[: int(len(events) * _WARM_UP)]
    fitted, end = (int(len(events) * share) for share in _OF_WARM_UP)
    rec = Recommender(log.catalog, kinds=events.kinds, **settings)
    rec.fit(events[:fitted], progress=False)
    rec.learn_many(events[fitted:end], progress=False)
    return log, rec, events[end : end + _TESTED]


def _bar(ratio: float, share: float, report: CompressionReport, followed: CompressionReport) -> str:
    kept, late = report.ndcg_kept, followed.ndcg_kept
    assert kept is not None and late is not None
    met = "yes" if report.ratio >= ratio and kept.value >= share else "**no**"
    us = f"{report.rank_us_before.value:.0f} → {report.rank_us_after.value:.0f}"
    return (
        f"| {ratio:g} × at {share:.1%}: {met} | {report.method} | {report.ratio:.1f} | {kept} | {us} | "
        f"{late.value / kept.value - 1.0:+.2%} |"
    )


def _small(
    log: Log, events: Interactions, fitted: int, end: int, held_out: Interactions, live: Baseline
) -> list[str]:
    lines, learned = [], dict[str, tuple[Recommender, Baseline]]()
    for settings, store in SMALL.get(log.name, []):
        if _says(settings) not in learned:
            rec = Recommender(log.catalog, kinds=events.kinds, **settings)
            rec.fit(events[:fitted], progress=False)
            rec.learn_many(events[fitted:end], progress=False)
            learned[_says(settings)] = rec, baseline_of(rec, held_out)
        rec, own = learned[_says(settings)]
        report = report_of(CompressedRecommender(rec, store, following=False), rec, own)
        assert report.ndcg_kept is not None
        share = _ndcg(own) * report.ndcg_kept.value / _ndcg(live)
        lines.append(
            f"| {_says(settings)} | {store} | {report.bytes_after / 1e6:.2f} | "
            f"{live.n_bytes / report.bytes_after:.1f} | {share:.3f} |"
        )
    return lines


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
    parser.add_argument("--choose", action="store_true", help="only: order the ways on the first fifths")
    parser.add_argument("--choose-small", action="store_true", help="only: the best small ones, likewise")
    options = parser.parse_args(arguments)
    with threadpool_limits(limits=1):
        if options.choose:
            print("\n".join(choose(options.logs)), flush=True)
        for source in options.logs if options.choose_small else []:
            print("\n".join([*choose_small(source), ""]), flush=True)
        for source in [] if options.choose or options.choose_small else options.logs:
            print("\n".join([*bench(source, options.others, options.small), ""]), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
