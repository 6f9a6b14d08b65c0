"""What several builds of one recommender achieved, side by side."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lifelong_widgets.evaluation import PrequentialReport
from lifelong_widgets.intervals import interval_of
from lifelong_widgets.widgets.wording import name

LENGTH = 10  # of the lists that are tested

Bounds = tuple[float, float]
_UNKNOWN: Bounds = (math.nan, math.nan)


@dataclass(frozen=True)
class Trial:
    """One build: its blocks by name, how it did on the test events, and what its modalities weigh.

    The bounds are those of 95 % intervals, in which the people are a sample; NaN where there are too few.
    """

    blocks: Mapping[str, Any]
    hit_rate: float
    ndcg: float
    cold_hit_rate: float
    n_tested: int
    n_cold: int
    milliseconds: float
    weights: Mapping[str, float]  # none unless they are learned
    hit_rate_bounds: Bounds = _UNKNOWN
    ndcg_bounds: Bounds = _UNKNOWN
    cold_bounds: Bounds = _UNKNOWN
    epsilon: float | None = None  # what was spent, if it learned in private

    @classmethod
    def of(
        cls,
        blocks: Mapping[str, Any],
        report: PrequentialReport,
        weights: Mapping[str, float],
        users: Sequence[Hashable],
        epsilon: float | None = None,
    ) -> Trial:
        """What `report` says of a recommender of these blocks; `users` says whose each tested event is."""
        overall, cold = report.overall(), report.cold()
        hits, ndcg = report.metrics[:2]
        learner = report.learners[0]
        ranks, is_cold = report.ranks[learner], report.is_cold()
        hit = (ranks > 0) & (ranks <= LENGTH)
        gain = np.where(hit, 1.0 / np.log2(1.0 + np.maximum(ranks, 1)), 0.0)
        costs = (report.rank_us[learner], report.learn_us[learner])
        return cls(
            dict(blocks),
            overall[hits],
            overall[ndcg],
            cold[hits],
            len(report.positions),
            int(report.is_cold().sum()),
            sum(float(cost.mean(dtype=np.float64)) / 1000 for cost in costs if len(cost)),
            dict(weights),
            _bounds(hit, users),
            _bounds(gain, users),
            _bounds(hit[is_cold], [user for user, cold in zip(users, is_cold, strict=True) if cold]),
            epsilon,
        )


def _bounds(values: Any, users: Sequence[Hashable]) -> Bounds:
    """The interval of the mean of `values`, one an event."""
    if not len(values):
        return _UNKNOWN
    column = np.asarray(values, dtype=np.float64)[:, None]
    return interval_of(column, np.ones_like(column), users, "bootstrap")


def frame(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row a trial, counted from 1: every block, the figures, and the weight of each modality.

    >>> trial = Trial({"fusion": "gated"}, 0.3, 0.1, math.nan, 200, 0, 4.5, {"text": 0.9})
    >>> frame([trial])[["fusion", "HR@10", "weight of text"]].to_dict("list")
    {'fusion': ['gated'], 'HR@10': [0.3], 'weight of text': [0.9]}
    """
    rows = [
        {
            **trial.blocks,
            f"HR@{LENGTH}": trial.hit_rate,
            f"HR@{LENGTH} low": trial.hit_rate_bounds[0],
            f"HR@{LENGTH} high": trial.hit_rate_bounds[1],
            f"nDCG@{LENGTH}": trial.ndcg,
            f"HR@{LENGTH} cold": trial.cold_hit_rate,
            "events": trial.n_tested,
            "events cold": trial.n_cold,
            "ms an event": trial.milliseconds,
            **({} if trial.epsilon is None else {"epsilon": trial.epsilon}),
            **{f"weight of {modality}": weight for modality, weight in trial.weights.items()},
        }
        for trial in trials
    ]
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="build"))


def picture(
    trials: Sequence[Trial],
    defaults: Mapping[str, Any],
    labels: Mapping[str, str],
    say: Callable[..., str],
    term: Callable[[str], str],
) -> str:
    """The trials as an HTML table, in which everything is text.

    Each row names the blocks in which it differs from the first, with what the first has there; the first,
    which is so called, those that are not the defaults. The best figure of a column is marked as soon as
    there are two, unless its interval overlaps with that of another.

    Args:
        trials: in the order in which they were built.
        defaults: the value of each block that nobody has touched.
        labels: what people call each block.
        say: a label in the language of the page, by its key.
        term: what a part says of itself, in that language.
    """
    if not trials:
        return ""
    weighed = any(trial.weights for trial in trials)
    private = any(trial.epsilon is not None for trial in trials)
    more = ["epsilon"] * private + ["weights"] * weighed
    heads = ["build", "blocks", "hits", "ndcg", "cold", "milliseconds", *more]
    values = {"k": LENGTH, "n": trials[0].n_tested, "cold": trials[0].n_cold}
    head = "".join(f'<th scope="col">{html.escape(say(f"workbench.{key}", **values))}</th>' for key in heads)
    best = {
        "hits": _best([t.hit_rate for t in trials], max, [t.hit_rate_bounds for t in trials]),
        "ndcg": _best([t.ndcg for t in trials], max, [t.ndcg_bounds for t in trials]),
        "cold": _best([t.cold_hit_rate for t in trials], max, [t.cold_bounds for t in trials]),
        "milliseconds": _best([t.milliseconds for t in trials], min),
    }
    word = say("workbench.best")
    rows = []
    for number, trial in enumerate(trials):
        first = number == 0
        changed = _changed(trial.blocks, defaults if first else trials[0].blocks, labels, term)
        same = html.escape(say("workbench.defaults" if first else "workbench.same"))
        if first:
            rest = f" {html.escape(say('workbench.rest'))}" if changed else ""
            changed = f"{html.escape(say('workbench.first'))} {changed or same}{rest}"
        cells = [
            f'<th scope="row">{number + 1}</th>',
            f'<td class="llw-blocks">{changed or same}</td>',
            _figure(trial.hit_rate, ".3f", number in best["hits"], word, trial.hit_rate_bounds, say),
            _figure(trial.ndcg, ".3f", number in best["ndcg"], word, trial.ndcg_bounds, say),
            _figure(trial.cold_hit_rate, ".3f", number in best["cold"], word, trial.cold_bounds, say),
            _figure(trial.milliseconds, ".1f", number in best["milliseconds"], word),
        ]
        if private:
            spent = "–" if trial.epsilon is None else f"{trial.epsilon:.2f}".replace("inf", "∞")
            cells.append(f'<td class="llw-figure">{spent}</td>')
        if weighed:
            cells.append(f'<td class="llw-weights">{_bars(trial.weights, term)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = html.escape(say("workbench.caption", **values))
    return (
        f'<table class="llw-comparison"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _changed(
    blocks: Mapping[str, Any],
    base: Mapping[str, Any],
    labels: Mapping[str, str],
    term: Callable[[str], str],
) -> str:
    return "".join(
        f"<span>{html.escape(name(term(labels[block])))} {html.escape(_value(base[block], term))} → "
        f"<b>{html.escape(_value(value, term))}</b></span> "
        for block, value in blocks.items()
        if value != base[block]
    ).rstrip()


def _value(value: Any, term: Callable[[str], str]) -> str:
    """A choice in the language of the page, or a number."""
    return name(term(value)) if isinstance(value, str) else f"{value:g}"


def _best(
    values: Sequence[float], choose: Callable[[Sequence[float]], float], bounds: Sequence[Bounds] = ()
) -> set[int]:
    """Where the best of `values` are, as shown; nowhere without others, or if chance may be why."""
    shown = [round(value, 3) for value in values if not math.isnan(value)]
    if len(shown) < 2:
        return set()
    top = choose(shown)
    found = {place for place, value in enumerate(values) if round(value, 3) == top}
    others = [bound for place, bound in enumerate(bounds) if place not in found]
    if any(_overlap(bounds[place], other) for place in found for other in others):
        return set()
    return found


def _overlap(one: Bounds, other: Bounds) -> bool:
    """Whether two intervals have a point in common; an unknown one has none."""
    return one[0] <= other[1] and other[0] <= one[1]


def _figure(
    value: float,
    form: str,
    best: bool,
    word: str,
    bounds: Bounds = _UNKNOWN,
    say: Callable[..., str] | None = None,
) -> str:
    """A number; that it is the best is said in words, too, for those who do not see how it is set."""
    if math.isnan(value):
        return '<td class="llw-figure">–</td>'
    mark = f' <span class="llw-live-region">{html.escape(word)}</span>' if best else ""
    sure = ""
    if say is not None and not math.isnan(bounds[0]):
        title = html.escape(f"{say('workbench.interval')}: {bounds[0]:{form}} … {bounds[1]:{form}}")
        sure = f' <small title="{title}">±{(bounds[1] - bounds[0]) / 2:.2f}</small>'
    return f'<td class="llw-figure{" llw-best" if best else ""}">{value:{form}}{sure}{mark}</td>'


def _bars(weights: Mapping[str, float], term: Callable[[str], str]) -> str:
    """The weight of each modality as a small bar beside its number."""
    if not weights:
        return "–"
    longest = max(max(abs(weight) for weight in weights.values()), 1e-9)
    return "".join(
        f'<span class="llw-weight"><span>{html.escape(name(term(modality)))}</span>'
        f'<span class="llw-bar"><i style="width:{100 * abs(weight) / longest:.0f}%"></i></span>'
        f"<span>{weight:.2f}</span></span>"
        for modality, weight in weights.items()
    )
