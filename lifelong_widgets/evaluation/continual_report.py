"""What a continual run found: the matrix R[t, i], its measures, and a table that shows them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifelong_widgets.data.display import printable, shorten
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import transfer
from lifelong_widgets.evaluation.metrics import hit_rate, ndcg
from lifelong_widgets.evaluation.picture import short

JSON_VERSION = 1
_METRICS = {"HR": hit_rate, "nDCG": ndcg}


@dataclass(frozen=True, repr=False)
class ContinualReport:
    """The outcome of `continual`. A run that was stopped has the rows that were finished.

    Attributes:
        k: Length of the lists.
        names: What each slice is called.
        n_learned: For each slice the events that are there to learn.
        n_tested: For each slice the held-out events that test.
        ranks: (1 + rows, all tests) int32: the rank of each held-out event's item, slice after slice, 0 for
            a miss. The first row was taken before anything was learned, row t after slice t.
        seconds: Wall-clock time of the run.
        interrupted: Whether it was stopped before its end.
        about: Facts given by the caller, as JSON-able values.
        error: What ended the run, if an error of the learner did (`interrupted` is then true), or None.
    """

    k: int
    names: tuple[str, ...]
    n_learned: tuple[int, ...]
    n_tested: tuple[int, ...]
    ranks: NDArray[np.int32]
    seconds: float
    interrupted: bool
    about: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def metrics(self) -> tuple[str, str]:
        """The names of the two measures, such as ``("HR@10", "nDCG@10")``."""
        return f"HR@{self.k}", f"nDCG@{self.k}"

    @property
    def n_rows(self) -> int:
        """How many slices were learned and tested after; all, unless the run was stopped."""
        return max(len(self.ranks) - 1, 0)

    def matrix(self, metric: str | None = None) -> NDArray[np.float64]:
        """R, (n_rows, n_slices): the hit rate on slice i after slice t, or the nDCG if that is named.

        Raises:
            DataError: there is no such metric.
        """
        return self._rates(metric)[1:]

    def before(self, metric: str | None = None) -> NDArray[np.float64]:
        """(n_slices,): the same before anything was learned; an untrained learner's, if it was untrained.

        Raises:
            DataError: there is no such metric, or the run was stopped before this row.
        """
        if not len(self.ranks):
            raise DataError("the run was stopped before its first row")
        row: NDArray[np.float64] = self._rates(metric)[0]
        return row

    def measures(self, metric: str | None = None, reference: ArrayLike | None = None) -> dict[str, float]:
        """The measures of `evaluation.transfer` by name, over the slices that were learned; NaN for none.

        Forward transfer is measured against `before`. With a `reference`, ``intransigence`` is among them.

        Raises:
            DataError: there is no such metric, or `reference` has not one accuracy for each slice.
        """
        n = self.n_rows
        square = self.matrix(metric)[:, :n]
        values: dict[str, float] = dict.fromkeys(_MEASURES, math.nan)
        if n:
            values = {name: measure(square) for name, measure in _MEASURES.items()}
            values["forward transfer"] = transfer.forward_transfer(square, self.before(metric)[:n])
        else:
            values["forward transfer"] = math.nan
        if reference is not None:
            best = np.asarray(reference, dtype=np.float64)
            if best.shape != (len(self.names),):
                raise DataError(
                    f"reference has one accuracy for each of {len(self.names)} slices, not {best.shape}"
                )
            values["intransigence"] = transfer.intransigence(square, best[:n]) if n else math.nan
        return values

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values; `to_json` documents them."""
        return {
            "format": "lifelong-widgets continual report",
            "version": JSON_VERSION,
            "about": dict(self.about),
            "k": self.k,
            "slices": [
                {"name": name, "learned_events": learned, "tested_events": tested}
                for name, learned, tested in zip(self.names, self.n_learned, self.n_tested, strict=True)
            ],
            "interrupted": self.interrupted,
            "error": self.error,
            "seconds": round(self.seconds, 3),
            "metrics": {
                key: {
                    "before": [_number(rate) for rate in self.before(metric)] if len(self.ranks) else None,
                    "matrix": [[_number(rate) for rate in row] for row in self.matrix(metric)],
                    "measures": {name: _number(value) for name, value in self.measures(metric).items()},
                }
                for key, metric in zip(("hit_rate", "ndcg"), self.metrics, strict=True)
            },
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """The report as JSON text, written to `path` too if one is given.

        Fields of version 1 keep their meaning; later versions may add some. A measure that there is none of
        is null.

        - ``format``, ``version``, ``about`` (what the caller said about the run), ``k``
        - ``slices``: ``name``, ``learned_events`` (there to learn), ``tested_events``
        - ``interrupted``, ``error`` (null if it was stopped by hand), ``seconds``
        - ``metrics.hit_rate`` and ``.ndcg``: ``before`` (one rate for each slice, null if the run was stopped
          before), ``matrix`` (a row after each slice that was learned), ``measures`` by name
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def __str__(self) -> str:
        names = [shorten(printable(name), 12) for name in self.names]
        rows = ["before", *(f"after {name}" for name in names[: self.n_rows])][: len(self.ranks)]
        width = max(len(row) for row in [*rows, "after"])
        lines = [f"{self.metrics[0]} on held-out events of each slice{self._stopped()}"]
        lines.append(" " * width + "".join(f"{name:>14}" for name in names))
        for name, rates in zip(rows, self._rates(None), strict=True):
            lines.append(f"{name:<{width}}" + "".join(f"{short(rate):>14}" for rate in rates))
        lines.append(", ".join(f"{name} {short(value)}" for name, value in self.measures().items()))
        return "\n".join(lines)

    def __repr__(self) -> str:
        values = self.measures()
        figures = ", ".join(f"{name} {values[name]:.3f}" for name in ("average accuracy", "forgetting"))
        return f"ContinualReport({self.n_rows} of {len(self.names)} slices, {self.metrics[0]}: {figures})"

    def _repr_html_(self) -> str:
        title = escape(str(self.about.get("title", "Slice by slice")))
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.names)
        rows = ["before", *(f"after {name}" for name in self.names[: self.n_rows])]
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th>{"".join(_cell(rate) for rate in rates)}</tr>'
            for name, rates in zip(rows, self._rates(None), strict=False)
        )
        figures = ", ".join(f"{name} {short(value)}" for name, value in self.measures().items())
        return (
            f"<figure><figcaption><b>{title}</b>: {self.metrics[0]} on held-out events of each slice"
            f"{escape(self._stopped())}</figcaption>"
            f'<table style="font-variant-numeric:tabular-nums"><thead><tr><th></th>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table><p>{escape(figures)}</p></figure>"
        )

    def _stopped(self) -> str:
        if not self.interrupted:
            return ""
        return "; INTERRUPTED" if self.error is None else f"; ENDED BY AN ERROR: {shorten(self.error, 500)}"

    def _rates(self, metric: str | None) -> NDArray[np.float64]:
        name = self.metrics[0] if metric is None else metric
        if name not in self.metrics:
            raise DataError(f"metric {name!r:.80}; this report has {' and '.join(self.metrics)}")
        measure = _METRICS[name.partition("@")[0]]
        ends = np.cumsum(self.n_tested)[:-1]
        rates = [[measure(part, self.k) for part in np.split(row, ends)] for row in self.ranks]
        return np.array(rates, dtype=np.float64).reshape(-1, len(self.names))


_MEASURES = {
    "average accuracy": transfer.average_accuracy,
    "lifetime accuracy": transfer.lifetime_accuracy,
    "backward transfer": transfer.backward_transfer,
    "forgetting": transfer.forgetting,
    "stability": transfer.stability,
    "plasticity": transfer.plasticity,
}


def _cell(rate: float) -> str:
    # a tint that is readable under the text of a light and of a dark theme
    return f'<td style="background:rgba(0,114,178,{0.45 * rate:.2f});text-align:right">{short(rate)}</td>'


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 5)
