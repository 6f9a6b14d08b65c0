"""``python -m tests.bench.compression [LOG …]``: what compression costs, and whether copies follow.

Each log is learned up to nine tenths. Copies are made some 20,000 events before that, and follow while these
are learned. What they show is then measured on the next events, which nothing has learned, against the live
model, against copies that are made afresh, and against small recommenders that learned the same events
themselves.

The methods of each size are the first of `LADDER` whose file is small enough, which no event decides.
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
from tests.bench.logs import load

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
"""From the mildest to the strongest."""

OTHERS = (
    ["int4"],
    ["low_rank:64", "int8"],
    ["prune:0.25", "int8"],
    ["pq:16", "int8"],
    ["hashed:64", "int8"],
    ["neurons:0.5", "int8"],
    ["distill:32", "int8"],
)
"""What each other method costs, beside ``int8``."""

SMALL: dict[str, tuple[dict[str, Any], list[str]]] = {
    "16 wide, 16 neighbours, no linear memory": (
        {"embedding_dim": 16, "hidden_dim": 32, "n_neighbors": 16, "use_linear": False},
        ["float32"],
    ),
    "32 wide, 32 neighbours": ({"embedding_dim": 32, "hidden_dim": 64, "n_neighbors": 32}, ["int4"]),
}
"""Recommenders that are small from the beginning, and how their files are written."""

LIMITS = {"movielens-100k": 100_000, "mars": 25_000, "online-retail-ii": 40_000, "idea": 30_000}
_WARM_UP, _LEARNED, _FOLLOWED, _TESTED, _STEP = 0.2, 0.9, 20_000, 3_000, 500


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
            f"{report.bytes_live / report.bytes_after:.1f} | {kept} | {report.hit_rate_kept} | "
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
        "| copy | MB | × smaller | × filled | nDCG@10 kept | HR@10 kept | overlap@10 | µs a list |",
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
        lines += [_small(name, log.catalog, events, fitted, end, held_out, baseline) for name in SMALL]
    return lines


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
    name: str,
    catalog: Any,
    events: Interactions,
    fitted: int,
    end: int,
    held_out: Interactions,
    live: Baseline,
) -> str:
    settings, methods = SMALL[name]
    rec = Recommender(catalog, kinds=events.kinds, **settings)
    rec.fit(events[:fitted], progress=False)
    rec.learn_many(events[fitted:end], progress=False)
    own = baseline_of(rec, held_out)
    copy = CompressedRecommender(rec, methods, following=False)
    report = report_of(copy, rec, own)
    assert report.ndcg_kept is not None
    share = _ndcg(own) * report.ndcg_kept.value / _ndcg(live)
    n_bytes = report.bytes_live if methods == ["float32"] else report.bytes_after
    return (
        f"| {name} | {'float32, no empty places' if methods == ['float32'] else ' + '.join(methods)} | "
        f"{n_bytes / 1e6:.2f} | {live.n_bytes / n_bytes:.1f} | {share:.3f} |"
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
    options = parser.parse_args(arguments)
    with threadpool_limits(limits=1):
        for source in options.logs:
            print("\n".join([*bench(source, options.others, options.small), ""]), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
