"""What a drift detector is worth: its alarms against the moments at which the hit rate really fell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lifelong_widgets.drift import DETECTORS, DriftMonitor
from lifelong_widgets.errors import DataError


@dataclass(frozen=True, eq=False)
class OutcomeStream:
    """Hits and misses whose changes are known.

    Attributes:
        hits: (n,) bool; event 1 is the first.
        falls: the events from which on the hit rate is lower, in order.
        rises: the events from which on it is higher. An alarm there is a false one.
    """

    hits: NDArray[np.bool_]
    falls: tuple[int, ...] = ()
    rises: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        hits = np.asarray(self.hits)
        if hits.ndim != 1 or not hits.size or not np.isin(hits, (0, 1)).all():
            raise DataError(
                f"outcomes are a 1-D array of 0 and 1 with at least one, not of shape {hits.shape}"
            )
        object.__setattr__(self, "hits", hits.astype(np.bool_))
        for name in ("falls", "rises"):
            object.__setattr__(self, name, _moments(getattr(self, name), len(hits), name))
        if set(self.falls) & set(self.rises):
            raise DataError("the hit rate cannot fall and rise at the same event")

    def __len__(self) -> int:
        return len(self.hits)


def bernoulli_stream(seed: int, *phases: tuple[int, float]) -> OutcomeStream:
    """Independent outcomes: for each phase its length and its hit rate.

    Raises:
        DataError: no phase, one without events, or a rate that is not within 0 and 1.

    >>> stream = bernoulli_stream(0, (500, 0.3), (500, 0.1), (500, 0.3))
    >>> len(stream), stream.falls, stream.rises
    (1500, (501,), (1001,))
    """
    for length, rate in phases:
        if type(length) is not int or length < 1 or not 0 <= rate <= 1:
            raise DataError(f"a phase is events and their hit rate, such as (500, 0.3); got {length, rate}")
    if not phases:
        raise DataError("a stream has at least one phase, such as (500, 0.3)")
    rng = np.random.default_rng(seed)
    hits = np.concatenate([rng.random(length) < rate for length, rate in phases])
    starts = 1 + np.cumsum([length for length, _ in phases])[:-1]
    steps = [
        (int(start), after - before)
        for start, (_, before), (_, after) in zip(starts, phases[:-1], phases[1:], strict=True)
    ]
    return OutcomeStream(
        hits,
        falls=tuple(start for start, step in steps if step < 0),
        rises=tuple(start for start, step in steps if step > 0),
    )


@dataclass(frozen=True, slots=True)
class Detection:
    """How the alarms of one run stand to the falls of its stream.

    Attributes:
        delays: for each fall the events from it to its alarm (0 at the very event), or None if it was missed.
        false_alarms: alarms that answer no fall.
        n_events: the length of the stream.
        area_lost: for each fall the hits that were lost until its alarm, or until the end of its time if it
            was missed: the sum of (hit rate before − outcome) over these events.
    """

    delays: tuple[int | None, ...]
    false_alarms: int
    n_events: int
    area_lost: tuple[float, ...]

    @property
    def missed(self) -> int:
        """How many falls had no alarm."""
        return sum(delay is None for delay in self.delays)

    @property
    def false_alarms_per_1000(self) -> float:
        """False alarms per thousand events of the stream."""
        return 1_000 * self.false_alarms / self.n_events


def score_alarms(stream: OutcomeStream, alarms: Iterable[int], horizon: int | None = None) -> Detection:
    """Hold alarms against the falls of a stream.

    The time of a fall ends with the next fall or rise, the end of the stream, or `horizon` events after it,
    whichever comes first. The first alarm within it answers the fall; every other alarm is a false one.

    Args:
        stream: Outcomes and their falls.
        alarms: The events at which a detector rang.
        horizon: How many events after a fall an alarm is still one of it; None for no bound.

    Raises:
        DataError: alarms that are no events of the stream, or a horizon below 1.

    Source: the measures (delay, false and missed detections) of J. Gama et al., "A survey on concept drift
    adaptation", ACM Computing Surveys 46(4), 2014, section 5.

    >>> stream = OutcomeStream([1] * 100 + [0] * 100, falls=(101,))
    >>> found = score_alarms(stream, [40, 111, 150])
    >>> found.delays, found.false_alarms, found.area_lost, found.missed
    ((10,), 2, (11.0,), 0)
    """
    if horizon is not None and (type(horizon) is not int or horizon < 1):
        raise DataError(f"horizon is {horizon!r:.80}; it is a whole number of at least 1, or None")
    rang = list(_moments(alarms, len(stream), "alarms"))
    ends = sorted({*stream.falls, *stream.rises, len(stream) + 1})
    starts = [1, *ends[:-1]]
    delays: list[int | None] = []
    lost: list[float] = []
    for fall in stream.falls:
        end = next(moment for moment in ends if moment > fall)
        if horizon is not None:
            end = min(end, fall + horizon)
        start = max((moment for moment in starts if moment < fall), default=1)
        answer = next((alarm for alarm in rang if fall <= alarm < end), None)
        before = float(stream.hits[start - 1 : fall - 1].mean()) if fall > 1 else 0.0
        until = stream.hits[fall - 1 : end - 1 if answer is None else answer]
        lost.append(float(before * len(until) - until.sum()))
        delays.append(None if answer is None else answer - fall)
    false_alarms = len(rang) - sum(delay is not None for delay in delays)
    return Detection(tuple(delays), false_alarms, len(stream), tuple(lost))


def compare_detectors(
    streams: OutcomeStream | Sequence[OutcomeStream],
    detectors: Sequence[str] = tuple(DETECTORS),
    *,
    horizon: int | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Run every detector, the two dummies among them, over streams whose changes are known.

    Args:
        streams: One or several; each is watched by a monitor of its own, and the figures are of all together.
        detectors: Their names (see `drift.make_detector`).
        horizon: As in `score_alarms`.
        settings: Of every `DriftMonitor`, such as ``delta=0.01`` or ``min_events=100``.

    Returns:
        A row for each detector: ``falls``, ``missed`` (of them), ``delay`` (the median of those found, NaN if
        none was), ``false_alarms`` (per 1,000 events), ``area_lost`` (hits per fall until the alarm; what is
        lost where nobody watches is that of ``never``).

    Raises:
        DataError: no stream, or a detector or setting that does not exist.

    >>> table = compare_detectors([bernoulli_stream(n, (1000, 0.5), (600, 0.1)) for n in range(3)])
    >>> table.loc[["adwin", "never", "always"], ["falls", "missed", "delay"]]
              falls  missed  delay
    detector
    adwin         3       0   55.0
    never         3       3    NaN
    always        3       0  199.0
    """
    several = [streams] if isinstance(streams, OutcomeStream) else list(streams)
    if not several or not all(isinstance(stream, OutcomeStream) for stream in several):
        raise DataError("compare_detectors takes an OutcomeStream or several, such as bernoulli_stream gives")
    for name in detectors:
        if name not in DETECTORS:
            raise DataError(f"there is no detector {name!r:.80}; there are {', '.join(DETECTORS)}")
    rows = []
    for name in detectors:
        found = [score_alarms(stream, _alarms(name, stream, settings), horizon) for stream in several]
        delays = [delay for one in found for delay in one.delays]
        told = [delay for delay in delays if delay is not None]
        n_events = sum(one.n_events for one in found)
        rows.append(
            {
                "detector": name,
                "falls": len(delays),
                "missed": len(delays) - len(told),
                "delay": float(np.median(told)) if told else np.nan,
                "false_alarms": 1_000 * sum(one.false_alarms for one in found) / n_events,
                "area_lost": sum(sum(one.area_lost) for one in found) / len(delays) if delays else np.nan,
            }
        )
    return pd.DataFrame(rows).set_index("detector")


def _alarms(name: str, stream: OutcomeStream, settings: dict[str, Any]) -> list[int]:
    monitor = DriftMonitor(detector=name, **settings)
    return [n for n, hit in enumerate(stream.hits.tolist(), start=1) if monitor.update(hit, n)]


def _moments(given: Iterable[int] | ArrayLike, n: int, name: str) -> tuple[int, ...]:
    moments = np.asarray(list(given) if isinstance(given, Iterable) else given)
    if not moments.size:
        return ()
    if moments.ndim != 1 or moments.dtype.kind not in "iu" or moments.min() < 1 or moments.max() > n:
        raise DataError(f"{name} are event numbers from 1 to {n:,}, the length of the stream")
    return tuple(np.unique(moments).tolist())
