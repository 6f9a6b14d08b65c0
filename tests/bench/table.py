"""The results as text that is also Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.bench.run import METRICS, OURS, Result


def of_result(result: Result) -> str:
    """Every learner's measures and cost on one log, and what they say about ours."""
    report = result.report
    planned = report.n_stream - report.warm_up
    done = f"{report.n_events:,} of {planned:,} events after a warm-up of {report.warm_up:,}"
    lines = [
        f"### {result.log}, {result.protocol}",
        "",
        f"{done}; {result.about['people']:,} people, {result.about['items']:,} items."
        + (f" INTERRUPTED{f' by {report.error}' if report.error else ''}." if report.interrupted else ""),
        "",
    ]
    if not len(result.people):
        return "\n".join([*lines, "Nothing was tested."])
    costs = report.costs
    rows = [("learner", *METRICS, "rank µs", "learn µs", "settings")]
    for name in report.learners:
        measures = [f"{value:.4f}" for value in report.overall(name).values()]
        rank, learn = (f"{costs.loc[name, f'{verb}_mean']:,.0f}" for verb in ("rank", "learn"))
        chosen = ", ".join(f"{key}={value}" for key, value in result.settings.get(name, {}).items())
        rows.append((name, *measures, rank, learn, chosen or ("defaults" if name == OURS else "")))
    lines += [*_markdown(rows), ""]
    for metric in METRICS:
        ratio = result.against_best(metric)
        lines.append(
            f"{metric}: ours {ratio.verdict}, {ratio} times {result.best_simple(metric)}; last fifth "
            f"{result.last_fifth(metric)} times the frozen twin, {result.against_itself(metric):.2f} times "
            "its own second fifth.  "
        )
    return "\n".join(lines)


def of_all(results: Sequence[Result]) -> str:
    """One line for each log, and the mean over them."""
    tested = [result for result in results if len(result.people)]
    if not tested:
        return "Nothing was tested."
    rows = [("log", "protocol", "events", "best simple", *(f"{m}: ours / best" for m in METRICS), "verdict")]
    for result in tested:
        ratios = [result.against_best(metric) for metric in METRICS]
        verdicts = "/".join(ratio.verdict for ratio in ratios)
        events = f"{len(result.people):,}" + ("*" if result.report.interrupted else "")
        best = result.best_simple(METRICS[0])
        rows.append((result.log, result.protocol, events, best, *map(str, ratios), verdicts))
    means = [np.mean([result.against_best(metric).value for result in tested]) for metric in METRICS]
    rows.append(("mean", "", "", "", *(f"{mean:.3f}" for mean in means), ""))
    notes = ["", "\\* interrupted"] if any(result.report.interrupted for result in tested) else []
    return "\n".join([*_markdown(rows), *notes])


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
