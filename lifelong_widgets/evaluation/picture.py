"""The rolling hit rate as an inline SVG, coloured by the style sheet of the page around it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifelong_widgets.evaluation.report import PrequentialReport

_WIDTH, _HEIGHT = 900, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 150, 22, 34
_LABEL_GAP = 15.0
_GREY_ROLES = {"frozen": "frozen", "popularity": "popularity"}
_N_COLOURS = 5


def roles(learners: Sequence[str]) -> dict[str, str]:
    """The CSS class of each learner: baselines are grey, the others get a colour each, blue first.

    >>> roles(["live", "frozen", "popularity", "kNN"])
    {'live': 'c0', 'frozen': 'frozen', 'popularity': 'popularity', 'kNN': 'c1'}
    """
    coloured = [name for name in learners if name not in _GREY_ROLES]
    colours = {name: f"c{number % _N_COLOURS}" for number, name in enumerate(coloured)}
    return {name: colours.get(name) or _GREY_ROLES[name] for name in learners}


def curve_svg(report: PrequentialReport) -> str:
    """The curve of each learner, the fifths of the stream, and a mark at each drift alarm."""
    curve = report.curve()
    if len(curve) < 2:
        return '<p class="note">Too few tests for a curve.</p>'
    first, last = report.warm_up, report.warm_up + report.n_events
    ticks = _ticks(float(curve.to_numpy().max()))

    def x(event: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (event - first) / (last - first)

    def y(rate: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * rate / ticks[-1]

    classes = roles(report.learners)
    parts = [_grid(ticks, y), _fifths(report, first, last, x)]
    for name, alarms in report.alarms.items():
        for event in alarms:
            label = escape(f"drift alarm of {name} at event {event:,}")
            parts.append(
                f'<g class="alarm {classes[name]}"><title>{label}</title>'
                f'<path d="M{x(event):.1f} {_TOP}V{y(0):.1f}"/></g>'
            )
    # the first learner is drawn last, on top of the others
    for name in reversed(report.learners):
        rates = zip(curve.index, curve[name], strict=True)
        points = " ".join(f"{x(event):.1f},{y(rate):.1f}" for event, rate in rates)
        parts.append(f'<polyline class="line {classes[name]}" points="{points}"/>')
    parts.append(_labels([(name, float(curve[name].iloc[-1])) for name in report.learners], classes, y))
    ends = ", ".join(f"{name} {curve[name].iloc[-1]:.3f}" for name in report.learners)
    label = escape(f"Rolling hit rate at {report.k} over the stream; at its end: {ends}.")
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">' + "".join(parts) + "</svg>"
    )


def _ticks(top: float) -> list[float]:
    """Round values from 0 to at least `top`, three to six steps."""
    rough = max(top, 0.01) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
    return [step * number for number in range(math.ceil(max(top, 0.01) / step - 1e-9) + 1)]


def _grid(ticks: list[float], y: Callable[[float], float]) -> str:
    digits = max(2, -math.floor(math.log10(ticks[1])) + (f"{ticks[1]:e}"[2] != "0"))
    return "".join(
        f'<path class="grid" d="M{_LEFT} {y(rate):.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text class="axis" text-anchor="end" x="{_LEFT - 6}" y="{y(rate) + 4:.1f}">'
        f"{short(rate, digits)}</text>"
        for rate in ticks
    )


def _fifths(report: PrequentialReport, first: int, last: int, x: Callable[[float], float]) -> str:
    edges = [report.n_stream * number // 5 for number in range(6)]
    inner = [edge for edge in edges if first < edge < last]
    bounds = [first, *inner, last]
    bottom = _HEIGHT - _BOTTOM
    parts = [f'<path class="grid" d="M{x(edge):.1f} {_TOP}V{bottom}"/>' for edge in inner]
    shown = [
        bound for bound in bounds if bound in (first, last) or x(last) - x(bound) > 50 < x(bound) - x(first)
    ]
    for bound in shown:
        parts.append(
            f'<text class="axis" text-anchor="middle" x="{x(bound):.1f}" y="{bottom + 16}">{bound:,}</text>'
        )
    for start, end in pairwise(bounds):
        if x(end) - x(start) > 40:
            number = sum(edge <= start for edge in edges[1:]) + 1
            middle = (x(start) + x(end)) / 2
            parts.append(
                f'<text class="axis" text-anchor="middle" x="{middle:.1f}" y="{_TOP - 8}">'
                f"fifth {number}</text>"
            )
    parts.append(f'<text class="axis" text-anchor="end" x="{x(last):.1f}" y="{_HEIGHT - 3}">events</text>')
    return "".join(parts)


def _labels(ends: list[tuple[str, float]], classes: dict[str, str], y: Callable[[float], float]) -> str:
    """Names at the right ends of the lines, moved apart where they would overlap."""
    placed: list[tuple[str, float, float]] = []
    lowest = math.inf
    for name, rate in sorted(ends, key=lambda end: end[1]):
        lowest = min(y(rate), lowest - _LABEL_GAP)
        placed.append((name, rate, lowest))
    overshoot = max(0.0, _TOP - placed[-1][2])
    return "".join(
        f'<text class="label {classes[name]}" x="{_WIDTH - _RIGHT + 8}" y="{at + overshoot + 4:.1f}">'
        f"<tspan>{short(rate)}</tspan> {escape(name if len(name) <= 18 else name[:17] + '…')}</text>"
        for name, rate, at in placed
    )


def short(rate: float, digits: int = 3) -> str:
    """A rate without the zero before its point.

    >>> short(0.2036), short(1.0), short(-0.05)
    ('.204', '1.000', '-.050')
    """
    if math.isnan(rate):
        return "–"
    return re.sub(r"^(-?)0\.", r"\1.", f"{rate:.{digits}f}")
