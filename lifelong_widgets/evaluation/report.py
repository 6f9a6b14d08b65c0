"""What a prequential run found: numbers, a curve, and the page that shows them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation.comparison import Comparison, compared, gains
from lifelong_widgets.evaluation.metrics import COLD, hit_rate, mrr, ndcg
from lifelong_widgets.evaluation.page import fragment, page
from lifelong_widgets.evaluation.text import text_table

JSON_VERSION = 1
FIFTHS = 5
FEW = 100
"""Tests: with fewer, chance moves a hit rate by a tenth or more."""


@dataclass(frozen=True, repr=False)
class PrequentialReport:
    """The outcome of `prequential`. Event numbers count from 1 and include the warm-up.

    Attributes:
        k: Length of the lists for HR and nDCG.
        depth: Length of the lists that were asked for, and of MRR.
        warm_up: Events of the stream before the first one replayed.
        n_stream: Events of the whole stream, warm-up included.
        n_events: Events that were replayed.
        n_new_items: Events whose item some catalogue did not hold: unavoidable misses.
        positions: The event number of each *tested* event, int64.
        ranks: For each learner the rank of the item in each tested event, int32, 0 for a miss.
        rank_us: For each learner the CPU time of each list in microseconds, float32.
        learn_us: For each learner the CPU time of learning each replayed event in microseconds, float32.
        alarms: For each learner the event numbers of its drift alarms.
        seconds: Wall-clock time of the replay.
        interrupted: Whether it was stopped before the end of the log.
        about: Facts given by the caller, as JSON-able values.
        error: What ended the replay, if an error of a learner did (`interrupted` is then true), or None.
        earlier: For each tested event, how many events its item had had before, in the warm-up or what a
            learner was fitted with too, int32; None where that is not known.
        people: For each tested event whose it was, as a number, int64; None if that was not kept.
    """

    k: int
    depth: int
    warm_up: int
    n_stream: int
    n_events: int
    n_new_items: int
    positions: NDArray[np.int64]
    ranks: Mapping[str, NDArray[np.int32]]
    rank_us: Mapping[str, NDArray[np.float32]]
    learn_us: Mapping[str, NDArray[np.float32]]
    alarms: Mapping[str, tuple[int, ...]]
    seconds: float
    interrupted: bool
    about: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    earlier: NDArray[np.int32] | None = None
    people: NDArray[np.int64] | None = None

    @property
    def learners(self) -> tuple[str, ...]:
        """The names of the learners, in the order in which they were given."""
        return tuple(self.ranks)

    @property
    def metrics(self) -> tuple[str, str, str]:
        """The names of the three measures, such as ``("HR@10", "nDCG@10", "MRR@100")``."""
        return f"HR@{self.k}", f"nDCG@{self.k}", f"MRR@{self.depth}"

    def overall(self, learner: str | None = None) -> dict[str, float]:
        """The three measures of `learner` (the first by default) over every tested event; NaN if none.

        Raises:
            DataError: There is no such learner.
        """
        return self._measure(self._ranks(learner))

    def fifth(self, number: int, learner: str | None = None) -> dict[str, float]:
        """The three measures of `learner` (the first by default) within fifth `number` (1 … 5).

        The fifths are those of the whole stream, warm-up included, by number of events.

        Raises:
            DataError: There is no such fifth or learner.
        """
        if number not in range(1, FIFTHS + 1):
            raise DataError(f"a stream has fifths 1 to {FIFTHS}, not {number!r}")
        return self._measure(self._ranks(learner)[self._fifths() == number])

    def cold(self, learner: str | None = None, below: int = COLD) -> dict[str, float]:
        """The three measures of `learner` over the tested events of items that had had few events till then.

        Args:
            learner: The first by default.
            below: How many events make an item warm.

        Raises:
            DataError: There is no such learner, or the warm-up was given as a number and no learner can say
                what it was fitted with, so that nobody knows which items were cold.
        """
        return self._measure(self._ranks(learner)[self.is_cold(below)])

    def is_cold(self, below: int = COLD) -> NDArray[np.bool_]:
        """For each tested event, whether its item had had fewer than `below` events; errors as `cold`."""
        if self.earlier is None:
            raise DataError(
                "which items were cold is not known: give prequential the events of the warm-up, "
                f"warm_up=log, not only their number ({self.warm_up:,})"
            )
        return self.earlier < below

    def compare(self, ours: str, theirs: str) -> Comparison:
        """Whether learner `ours` is better than `theirs`, by how much, and how sure that is.

        Each measure's difference and ratio have a 95 % interval: a paired bootstrap over *people*, with all
        their events (`evaluation.comparison`). It says what another sample of people would have said; what
        another seed or another month would, it does not.

        Raises:
            DataError: there is no such learner, no event was tested, or the report does not know whose the
                events were.

        >>> report = PrequentialReport(
        ...     k=10, depth=100, warm_up=0, n_stream=4, n_events=4, n_new_items=0, positions=np.arange(1, 5),
        ...     ranks={"a": np.array([1, 1, 1, 2]), "b": np.array([0, 1, 0, 3])}, rank_us={}, learn_us={},
        ...     alarms={}, seconds=0.0, interrupted=False, people=np.array([0, 0, 1, 1]))
        >>> report.compare("a", "b")["HR@10"].ratio
        Ratio(value=2.0, low=2.0, high=2.0)
        """
        ranks = self._ranks(ours), self._ranks(theirs)
        if self.people is None or not len(self.people):
            why = (
                "no event was tested" if self.people is not None else "it is not known whose the events were"
            )
            raise DataError(f"{why}, so that {ours!r} and {theirs!r} cannot be compared")
        measures = {
            metric: compared(gains(ranks[0], metric), gains(ranks[1], metric), self.people)
            for metric in self.metrics
        }
        return Comparison(ours, theirs, len(self.people), len(np.unique(self.people)), measures)

    def to_pandas(self) -> pd.DataFrame:
        """One row for each learner and each fifth with tested events, one for all, and one for cold items.

        Columns: learner, fifth ("2", …, "all" or "cold"), events (tested), and the three measures. The row of
        `cold` items is there if there were any and it is known which.
        """
        fifths = self._fifths()
        rows: list[dict[str, Any]] = []
        for learner, ranks in self.ranks.items():
            for number in np.unique(fifths).tolist():
                part = ranks[fifths == number]
                rows.append(
                    {"learner": learner, "fifth": str(number), "events": len(part), **self._measure(part)}
                )
            rows.append({"learner": learner, "fifth": "all", "events": len(ranks), **self._measure(ranks)})
            if self.earlier is not None and (cold := ranks[self.is_cold()]).size:
                rows.append({"learner": learner, "fifth": "cold", "events": len(cold), **self._measure(cold)})
        return pd.DataFrame(rows)

    @property
    def costs(self) -> pd.DataFrame:
        """Microseconds of CPU time per event: mean and 95th percentile, to rank and to learn."""
        rows = {name: self._cost(name) for name in self.learners}
        return pd.DataFrame.from_dict(rows, orient="index")

    def curve(self, window: int | None = None, points: int = 400) -> pd.DataFrame:
        """The rolling hit rate: for at most `points` event numbers the HR@k of the `window` tests before.

        The curve starts when the window is full. By default it holds a fortieth of the tests, at least 200
        and at most 2,000; of fewer tests than that, all.

        Returns:
            Index: event number; one column for each learner.

        Raises:
            DataError: `window` or `points` is less than 1.
        """
        if points < 1 or (window is not None and window < 1):
            raise DataError(f"window and points must be at least 1, not {window} and {points}")
        n = len(self.positions)
        window = min(window or self.window, max(n, 1))
        ends = np.unique(np.linspace(window, n, min(points, n - window + 1)).round().astype(np.int64))
        columns = {}
        for learner, ranks in self.ranks.items():
            total = np.concatenate([[0], np.cumsum((ranks > 0) & (ranks <= self.k))])
            columns[learner] = (total[ends] - total[ends - window]) / window
        return pd.DataFrame(columns, index=pd.Index(self.positions[ends - 1], name="event"))

    @property
    def warning(self) -> str:
        """That there are too few tests to tell anything, or an empty string."""
        n = len(self.positions)
        if n >= FEW:
            return ""
        tested = f"only {n} events were" if n > 1 else "only one event was" if n else "no event was"
        return f"too few to test: {tested} tested, which says nothing of how good a learner is"

    @property
    def window(self) -> int:
        """The number of tests that one point of the default curve covers."""
        n = len(self.positions)
        return min(max(n, 1), min(2000, max(200, n // 40)))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values; `to_json` documents them."""
        curve = self.curve()
        return {
            "format": "lifelong-widgets prequential report",
            "version": JSON_VERSION,
            "about": dict(self.about),
            "k": self.k,
            "depth": self.depth,
            "stream_events": self.n_stream,
            "warm_up_events": self.warm_up,
            "replayed_events": self.n_events,
            "tested_events": len(self.positions),
            "new_item_events": self.n_new_items,
            "interrupted": self.interrupted,
            "error": self.error,
            "seconds": round(self.seconds, 3),
            "learners": {
                name: {
                    "all": self._plain(self.ranks[name]),
                    "fifths": {
                        str(number): self._plain(self.ranks[name][self._fifths() == number])
                        for number in np.unique(self._fifths()).tolist()
                    },
                    **(
                        {}
                        if self.earlier is None
                        else {"cold": self._plain(self.ranks[name][self.is_cold()])}
                    ),
                    "cpu_us": {key: _number(value) for key, value in self._cost(name).items()},
                    "alarms": list(self.alarms[name]),
                }
                for name in self.learners
            },
            "curve": {
                "window": self.window,
                "event": [int(event) for event in curve.index],
                "hit_rate": {name: [round(float(rate), 5) for rate in curve[name]] for name in self.learners},
            },
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """The report as JSON text, written to `path` too if one is given.

        Fields of version 1 keep their meaning; later versions may add some. An empty measure is null.

        - ``format``, ``version``, ``about`` (what the caller said about the run)
        - ``k``, ``depth``: lengths of the lists for HR and nDCG, and for MRR
        - ``stream_events`` = ``warm_up_events`` + those to replay; ``replayed_events`` (fewer if
          ``interrupted``, by an ``error`` or, where that is null, by hand), ``tested_events``,
          ``new_item_events``, ``seconds``
        - ``learners.NAME.all`` and ``.fifths.1`` … ``.5`` (those with tests): ``events``, ``hit_rate``,
          ``ndcg``, ``mrr``
        - ``learners.NAME.cold``: the same of the events of items that had had fewer than 5 till then; not
          there if the warm-up is not known
        - ``learners.NAME.cpu_us``: ``rank_mean``, ``rank_p95``, ``learn_mean``, ``learn_p95``
        - ``learners.NAME.alarms``: event numbers
        - ``curve``: ``window`` (tests per point), ``event`` (numbers), ``hit_rate.NAME`` (one per event)
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """The report as one self-contained page (no script, nothing fetched), written to `path` if given."""
        text = page(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def __str__(self) -> str:
        return text_table(self)

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {self.overall(name)[self.metrics[0]]:.3f}" for name in self.learners)
        return f"PrequentialReport({len(self.positions):,} tests, {self.metrics[0]}: {figures})"

    def _repr_html_(self) -> str:
        return fragment(self)

    def _ranks(self, learner: str | None) -> NDArray[np.int32]:
        name = self.learners[0] if learner is None else learner
        if name not in self.ranks:
            raise DataError(f"no learner {name!r} in this report; there are {', '.join(self.learners)}")
        return self.ranks[name]

    def _fifths(self) -> NDArray[np.int64]:
        """The fifth of the whole stream, 1 … 5, that each tested event lies in."""
        ends = [self.n_stream * number // FIFTHS for number in range(1, FIFTHS)]
        return np.searchsorted(ends, self.positions, side="left") + 1

    def _measure(self, ranks: NDArray[np.int32]) -> dict[str, float]:
        values = hit_rate(ranks, self.k), ndcg(ranks, self.k), mrr(ranks, self.depth)
        return dict(zip(self.metrics, values, strict=True))

    def _plain(self, ranks: NDArray[np.int32]) -> dict[str, int | float | None]:
        values = (_number(value) for value in self._measure(ranks).values())
        return {"events": len(ranks), **dict(zip(("hit_rate", "ndcg", "mrr"), values, strict=True))}

    def _plain_cold(self, learner: str) -> dict[str, Any]:
        if self.earlier is None:
            return {}
        return {"cold": self._plain(self.ranks[learner][self.is_cold()])}

    def _cost(self, learner: str) -> dict[str, float]:
        cost = {}
        for verb, values in (("rank", self.rank_us[learner]), ("learn", self.learn_us[learner])):
            empty = not len(values)
            cost[f"{verb}_mean"] = math.nan if empty else float(values.mean(dtype=np.float64))
            cost[f"{verb}_p95"] = math.nan if empty else float(np.percentile(values, 95))
        return cost


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 5)
