"""One log under one protocol: tune the simple learners, fit all, then test and learn event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import Interactions
from lifelong_widgets.evaluation import Learner, PrequentialReport, catalog_after, prequential
from lifelong_widgets.evaluation.comparison import Ratio, gains, paired_ratio
from lifelong_widgets.recommender import Recommender
from tests.bench.logs import Log, first_only
from tests.bench.peers import make_peers
from tests.bench.simple import SIMPLE, Interrupted, Settings, make, tune

OURS, TWIN = "lifelong-widgets", "its frozen twin"
FIRST, REPEAT = "FIRST", "REPEAT"
WARM_UP = 0.2
METRICS = ("HR@10", "nDCG@10", "MRR@100")


@dataclass(frozen=True)
class Result:
    """What a run found, ready to be compared."""

    log: str
    protocol: str
    settings: dict[str, Settings]
    report: PrequentialReport
    people: NDArray[np.int64]  # of each tested event
    about: dict[str, Any] = field(default_factory=dict)

    def best_simple(self, metric: str) -> str:
        """The simple learner with the highest `metric` on the very events that are reported."""
        simple = [name for name in self.report.learners if name in SIMPLE]
        return max(simple, key=lambda name: self.report.overall(name)[metric])

    def against_best(self, metric: str) -> Ratio:
        """Ours over the best simple learner."""
        return self._ratio(self.best_simple(metric), metric, np.ones(len(self.people), dtype=np.bool_))

    def last_fifth(self, metric: str) -> Ratio:
        """Ours over its frozen twin, in the last fifth of the stream."""
        report = self.report
        return self._ratio(TWIN, metric, report.positions > report.n_stream * 4 // 5)

    def against_itself(self, metric: str) -> float:
        """Ours in the last fifth over ours in the first one that was tested."""
        then, now = (self.report.fifth(number, OURS)[metric] for number in (2, 5))
        return now / then if then else float("nan")

    def _ratio(self, other: str, metric: str, where: NDArray[np.bool_]) -> Ratio:
        ours, theirs = (gains(self.report.ranks[name][where], metric) for name in (OURS, other))
        return paired_ratio(ours, theirs, self.people[where])

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values."""
        report = self.report.to_dict()
        return {
            "log": self.log,
            "protocol": self.protocol,
            **self.about,
            "interrupted": report["interrupted"],
            "error": report["error"],
            "events": report["stream_events"],
            "tested": report["tested_events"],
            "new_item_events": report["new_item_events"],
            "settings": self.settings,
            "learners": report["learners"],
            "ours": {
                metric: {
                    "best_simple": self.best_simple(metric),
                    "ratio": vars(self.against_best(metric)),
                    "last_fifth_to_frozen_twin": vars(self.last_fifth(metric)),
                    "last_fifth_to_second": self.against_itself(metric),
                }
                for metric in METRICS
            }
            if len(self.people)
            else None,
        }


def run(
    log: Log,
    protocol: str,
    limit: int | None = None,
    tested: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Result:
    """Tune, fit and replay.

    Args:
        log: What to replay.
        protocol: `FIRST`, each pair of user and item once and consumed items excluded, or `REPEAT`, all
            events and nothing excluded.
        limit: Take the first so many events for the whole stream.
        tested: Stop so many events after the warm-up, which is that of the whole stream.
        seed: Of our model; nothing else is drawn.
        progress: Draw bars.

    Raises:
        Interrupted: Ctrl-C before there was anything to report.
    """
    exclude_seen = protocol == FIRST
    events = (first_only(log.events) if exclude_seen else log.events)[:limit]
    warm_up, stream = events.before(WARM_UP), events.after(WARM_UP)[:tested]
    settings = tune(warm_up, log.catalog, exclude_seen, progress)

    growing = catalog_after(log.catalog, warm_up)
    ours = Recommender(growing, kinds=events.kinds, seed=seed)
    if ours.fit(warm_up, progress=progress).interrupted:
        raise Interrupted
    learners: dict[str, Learner] = {OURS: ours, TWIN: ours.frozen_twin()}
    learners |= {name: make(name, settings[name], growing, warm_up) for name in SIMPLE}
    learners |= make_peers(growing, warm_up)
    report = prequential(
        learners,
        stream,
        arrivals=log.catalog,
        exclude_seen=exclude_seen,
        warm_up=len(warm_up),
        progress=progress,
    )
    about = {"people": len(events.users), "items": len(events.items)}
    return Result(log.name, protocol, settings, report, people_of(report, stream), about)


def people_of(report: PrequentialReport, stream: Interactions) -> NDArray[np.int64]:
    """The people of the tested events of `stream`, as codes."""
    return stream.user_codes[report.positions - report.warm_up - 1]
