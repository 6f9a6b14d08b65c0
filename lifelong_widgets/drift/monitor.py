"""An alarm when the lists on screen are hit significantly less often than before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets

from lifelong_widgets.drift.adaptation import ADAPTATIONS, Factors, factors, strength
from lifelong_widgets.drift.detectors import DETECTORS, DUMMIES, Detector, make_detector
from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber
from lifelong_widgets.state_file import count_of


@dataclass(frozen=True, slots=True)
class DriftMark:
    """What `DriftMonitor.revert` needs: counts, and the outcomes, which an alarm replaces but keeps whole."""

    since: bytearray
    watched: int
    alarms: int
    improvements: int
    n_outcomes: int
    n_events: int


class DriftMonitor(Part):
    """Watch the prequential hit rate with a drift detector, and raise an alarm when it falls.

    Every event that was tested before it was learned gives one outcome: was the item among the first
    `top_k` of the list on screen? The `detector`, ADWIN unless another is named, looks for a change of their
    mean that is more than chance allows. One after which the hit rate is lower is an *alarm*, and the watch
    starts afresh; one after which it is higher is an *improvement*: noted, no alarm, since a model that
    learns ought to get better.

    One update of ADWIN costs amortised O(1) (worst case O(log n)); each outcome since the last alarm is kept
    as one byte, so that the detector can be saved as plain numbers and rebuilt exactly. That costs a quarter
    of a microsecond for each outcome with ADWIN, 2 with Page-Hinkley, some 15 with HDDM and
    35 with KSWIN, which are not compiled.

    Every detector takes the outcomes for independent. On a log of sessions they are not (who sits there
    changes, and with them how easy the next item is to foresee), so there it marks changes of the mix as
    well as of taste.

    With an `adaptation` the learner answers an alarm (see `factors`); without one, it is only told.

    Sources: those of `make_detector`; by default A. Bifet and R. Gavaldà, "Learning from time-changing data
    with adaptive windowing", SDM 2007, as implemented by `river.drift.ADWIN`.

    >>> monitor = DriftMonitor(min_events=100)
    >>> for n in range(1, 1001):  # three of four hit, then one of four
    ...     hit = n % 4 != 0 if n <= 600 else n % 4 == 0
    ...     if monitor.update(hit, n):
    ...         print("alarm at event", n)
    alarm at event 640
    >>> monitor.alarms, monitor.status
    ([640], 'steady')
    """

    detector = traitlets.Enum(
        list(DETECTORS),
        default_value="adwin",
        help="What looks for a fall of the hit rate; never and always are dummies to compare with. "
        "Changing it starts the watch afresh.",
    ).tag(config=True, label="Drift detector")
    delta = FiniteFloat(
        0.002,
        min=1e-6,
        max=0.5,
        help="How easily the drift alarm goes off: the chance of a false one that the detector accepts when "
        "it looks. Smaller is calmer and slower.",
    ).tag(config=True, scale="log", live=True, label="Drift sensitivity δ")
    top_k = WholeNumber(
        10,
        min=1,
        max=1000,
        help="An event counts as a hit if its item was among the first this many of the list on screen. "
        "Changing it starts the watch afresh.",
    ).tag(config=True, label="Hit within the first")
    min_events = WholeNumber(
        300,
        min=10,
        max=1_000_000,
        help="Outcomes in the window before drift is looked for at all; also the quiet time after an alarm.",
    ).tag(config=True, label="Outcomes before an alarm")
    adaptation = traitlets.Enum(
        list(ADAPTATIONS),
        default_value=ADAPTATIONS[0],
        help="What an alarm changes for a while: longer online steps, fewer replayed events, longer steps of "
        "the gate, wider exploration, or all of these.",
    ).tag(config=True, label="Answer to an alarm")
    adaptation_events = WholeNumber(
        100,
        min=1,
        max=1_000_000,
        help="How many events after an alarm its answer has faded away.",
    ).tag(config=True, label="Events of an answer")

    def __init__(self, **hyperparameters: Any) -> None:
        super().__init__(**hyperparameters)
        self.n_restarts = (
            0  # by another `top_k` or `detector`: who puts a state of before back has to restart it then
        )
        self.reset()
        self.observe(self._refeed, ["delta", "min_events"])
        self.observe(self.restart, ["top_k", "detector"])

    def reset(self) -> None:
        """Forget every outcome and every alarm; the settings stay."""
        self._alarms: list[int] = []
        self._improvements: list[int] = []
        self._n_outcomes = 0
        self._n_events = 0
        self._start_afresh()

    def update(self, hit: bool, n_events: int) -> bool:
        """Take the outcome of event number `n_events` in; True if it raised an alarm."""
        hit = bool(hit)
        self._n_outcomes += 1
        self._n_events = int(n_events)
        self._since.append(hit)
        change = self._detector.update(hit)
        if change is None:
            return False
        if change == "rise":
            self._improvements.append(self._n_events)
            return False
        self._alarms.append(self._n_events)
        self._start_afresh()
        return True

    def advance(self, n_events: int) -> None:
        """The learner has `n_events` behind it now, whether or not an outcome came of the latest."""
        self._n_events = n_events

    @property
    def alarms(self) -> list[int]:
        """The event numbers at which the hit rate was found to have fallen (a copy)."""
        return list(self._alarms)

    @property
    def improvements(self) -> list[int]:
        """The event numbers at which the hit rate was found to have risen (a copy)."""
        return list(self._improvements)

    @property
    def n_outcomes(self) -> int:
        """How many outcomes were taken in, over the whole life."""
        return self._n_outcomes

    @property
    def mean(self) -> float | None:
        """The hit rate within the present window, or None while the window is empty."""
        return self._detector.mean

    def factors(self, n_events: int) -> Factors:
        """What the learner multiplies by when it has `n_events` behind it; all 1 unless it adapts.

        It follows from the alarms and the settings, so that what is saved or taken back has it too.

        >>> monitor = DriftMonitor(detector="always", min_events=10, adaptation="learning_rate")
        >>> _ = [monitor.update(False, n) for n in range(1, 11)]
        >>> [round(monitor.factors(n).learning_rate, 2) for n in (10, 60, 110)], monitor.status
        ([2.0, 1.41, 1.0], 'adapting: 100 events to go')
        """
        since = n_events - self._alarms[-1] if self._alarms else None
        return factors(self.adaptation, strength(since, self.adaptation_events))

    @property
    def status(self) -> str:
        """One phrase for a person: it adapts, too few events to tell, steady, or an alarm and how long ago.

        >>> DriftMonitor().status
        'too few events: 0 of 300'
        """
        watched = len(self._since)
        if self._alarms and self.adaptation != ADAPTATIONS[0]:
            left = self._alarms[-1] + self.adaptation_events - self._n_events
            if left > 0:
                return f"adapting: {left} event{'' if left == 1 else 's'} to go"
        if watched >= self.min_events:
            return "not watched" if self.detector == DUMMIES[0] else "steady"
        if self._alarms:
            ago = self._n_events - self._alarms[-1]
            return f"alarm {ago} event{'' if ago == 1 else 's'} ago"
        return f"too few events: {watched} of {self.min_events}"

    def state(self) -> dict[str, Any]:
        """Everything but the settings, as plain Python and one numpy array, for `restore`.

        >>> monitor = DriftMonitor()
        >>> _ = monitor.update(True, 1), monitor.update(False, 2)
        >>> monitor.state()["outcomes"]
        array([1, 0], dtype=uint8)
        """
        return {
            "alarms": self.alarms,
            "improvements": self.improvements,
            "n_outcomes": self._n_outcomes,
            "n_events": self._n_events,
            "outcomes": np.frombuffer(bytes(self._since), dtype=np.uint8).copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue exactly where `state()` was taken, by a monitor with the same settings.

        Raises:
            DataError: The state is not one that `state()` gave; the monitor is then left as it was.
        """
        try:
            outcomes = np.asarray(state["outcomes"])
            alarms = [count_of(n, "alarm") for n in state["alarms"]]
            improvements = [count_of(n, "improvement") for n in state["improvements"]]
            n_outcomes, n_events = (count_of(state[name], name) for name in ("n_outcomes", "n_events"))
        except (KeyError, TypeError, ValueError, FormatError) as error:
            raise DataError(f"not the state of a DriftMonitor: {type(error).__name__} {error}") from error
        if outcomes.ndim != 1 or not np.isin(outcomes, (0, 1)).all() or n_outcomes < len(outcomes):
            raise DataError(
                "not the state of a DriftMonitor: outcomes must be a 1-D array of 0 and 1, no longer than "
                f"n_outcomes = {n_outcomes}; got {outcomes.dtype} of shape {outcomes.shape}"
            )
        since = bytearray(outcomes.astype(np.uint8).tobytes())
        self._detector = self._fed(since)
        self._since = since
        self._alarms, self._improvements = alarms, improvements
        self._n_outcomes, self._n_events = n_outcomes, n_events

    def mark(self) -> DriftMark:
        """A place to come back to with `revert`. Costs O(1).

        >>> monitor = DriftMonitor()
        >>> mark = monitor.mark()
        >>> _ = monitor.update(True, 1)
        >>> monitor.revert(mark)
        >>> monitor.n_outcomes
        0
        """
        return DriftMark(
            self._since,
            len(self._since),
            len(self._alarms),
            len(self._improvements),
            self._n_outcomes,
            self._n_events,
        )

    def revert(self, mark: DriftMark) -> None:
        """Take back every outcome since `mark`, and any alarm they raised; of several marks the newest first.

        The settings, which are not taken back, must be those of then. Costs one update of the detector
        for each outcome that stays, nothing if there were no outcomes since.
        """
        if self._n_outcomes != mark.n_outcomes:
            self._since = mark.since
            del self._since[mark.watched :]
            self._refeed()
        del self._alarms[mark.alarms :], self._improvements[mark.improvements :]
        self._n_outcomes, self._n_events = mark.n_outcomes, mark.n_events

    def _fed(self, outcomes: bytes | bytearray) -> Detector:
        detector = make_detector(self.detector, self.delta, self.min_events)
        for outcome in outcomes:
            detector.update(bool(outcome))
        return detector

    def _refeed(self, _change: object = None) -> None:
        # A detector under a new setting must be one that a saved file can rebuild from the outcomes alone.
        self._detector = self._fed(self._since)

    def restart(self, _change: object = None) -> None:
        """Forget the outcomes in the window, which another question was asked of; the alarms stay."""
        self.n_restarts += 1
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._since = bytearray()
        self._detector = self._fed(b"")
