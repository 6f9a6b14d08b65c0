"""A prequential report as text for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifelong_widgets.data.display import printable, shorten

if TYPE_CHECKING:
    from lifelong_widgets.evaluation.report import PrequentialReport


def text_table(report: PrequentialReport) -> str:
    """The measures of each learner by fifth of the stream, what an event costs, and the alarms."""
    lines = [*_heading(report), ""]
    if len(report.positions):
        lines += [*_measures(report), ""]
    lines += _costs(report)
    for name, alarms in report.alarms.items():
        if alarms:
            lines.append(f"drift alarms of {printable(name)}: {_some(alarms)}")
    return "\n".join(lines).rstrip()


def _heading(report: PrequentialReport) -> list[str]:
    title = printable(str(report.about.get("title", "test, then learn")))
    done = f"{report.n_events:,} events replayed in {_duration(report.seconds)}"
    if report.warm_up:
        done += f" after a warm-up of {report.warm_up:,}"
    lines = [title, f"{done}; {report.n_new_items:,} of new items (misses)"]
    if report.interrupted:
        left = report.n_stream - report.warm_up - report.n_events
        ended = (
            "INTERRUPTED" if report.error is None else f"ENDED BY AN ERROR of {shorten(report.error, 500)}"
        )
        lines.append(f"{ended}: {left:,} events were left")
    if report.warning:
        lines.append(report.warning)
    return lines


def _measures(report: PrequentialReport) -> list[str]:
    table = report.to_pandas()
    width = max(len("tested"), *(len(name) for name in report.learners))
    fifths = list(dict.fromkeys(table["fifth"]))
    columns = [f"fifth {fifth}" if fifth.isdecimal() else fifth for fifth in fifths]
    counts = table[table["learner"] == report.learners[0]]["events"]
    lines = [" " * (width + 10) + "".join(f"{column:>10}" for column in columns)]
    lines.append(f"{'tested':<{width + 10}}" + "".join(f"{count:>10,}" for count in counts))
    for metric in report.metrics:
        for name in report.learners:
            values = table[table["learner"] == name][metric]
            lines.append(
                f"{metric:<9} {printable(name):<{width}}" + "".join(f"{value:>10.4f}" for value in values)
            )
    return lines


def _costs(report: PrequentialReport) -> list[str]:
    costs = report.costs.to_dict(orient="index")
    lines = ["CPU time per event        to rank   to learn"]
    for name in report.learners:
        rank, learn = (_microseconds(float(costs[name][f"{verb}_mean"])) for verb in ("rank", "learn"))
        lines.append(f"  {printable(name):<20} {rank:>10} {learn:>10}")
    return lines


def _microseconds(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.0f} µs"


def _some(alarms: tuple[int, ...]) -> str:
    shown = ", ".join(f"{event:,}" for event in alarms[:8])
    return f"event {shown}" + (f" and {len(alarms) - 8} more" if len(alarms) > 8 else "")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
