"""The detectors that `DriftMonitor` can watch with: river's, and two dummies to measure them against."""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Literal, Protocol

from river.drift import ADWIN, KSWIN, DummyDriftDetector, PageHinkley
from river.drift.binary import HDDMA, HDDMW
from scipy import stats

from lifelong_widgets.errors import DataError, closest

Change = Literal["fall", "rise"]

PAGE_HINKLEY_TOLERANCE = 0.02
"""A fall of the hit rate by less than this is none to Page-Hinkley: it would have to wait for ever."""

KSWIN_SEED = 0
"""KSWIN compares with a random sample of its window. Always the same one, so that a replay is the same."""


class Detector(Protocol):
    """What takes outcomes in, one by one, and says when the hit rate has changed.

    What it holds is decided by the outcomes it was given since it was made, and nothing else: fed with the
    same ones, another of the same settings is in the same state.
    """

    @property
    def mean(self) -> float | None:
        """The hit rate of the outcomes that it takes for alike, or None before the first."""
        ...

    def update(self, hit: bool) -> Change | None:
        """Take an outcome in; ``"fall"`` or ``"rise"`` if it shows that the hit rate has changed."""
        ...


def make_detector(name: str, delta: float, min_events: int) -> Detector:
    """A detector by name, without outcomes.

    `delta` in (0, 1) is what each takes for its significance. None of them promises the same with it:

    ================  =====================================================================================
    ``adwin``         δ of one look (every 32 outcomes), shared among the places where the window may be cut
    ``page_hinkley``  threshold λ = ln(1/δ) / (8 · 0.02): with the true mean known, a walk that starts at a
                      given outcome ever crosses it with a chance of at most δ (Hoeffding's lemma)
    ``kswin``         the level of one Kolmogorov-Smirnov test; there is one at every outcome
    ``hddm_a``        the confidence of Hoeffding's bound at one outcome
    ``hddm_w``        the confidence of McDiarmid's bound at one outcome, on averages that weigh the last
                      `min_events` / 3 outcomes most (λ = 3 / `min_events`)
    ``never``         nothing
    ``always``        nothing
    ================  =====================================================================================

    Before `min_events` outcomes there is no change. ``always`` finds a fall as often as it may, at every
    `min_events`-th outcome; ``never`` finds none. A figure of a detector says little without theirs beside.

    Raises:
        DataError: there is no such detector.

    Sources: A. Bifet and R. Gavaldà, SDM 2007 (ADWIN); E. S. Page, Biometrika 41, 1954, and D. V. Hinkley,
    Biometrika 58, 1971 (Page-Hinkley); C. Raab, M. Heusinger and F.-M. Schleif, Neurocomputing 416, 2020
    (KSWIN); I. Frías-Blanco et al., IEEE TKDE 27(3), 2015 (HDDM); all as implemented by `river.drift`.

    >>> for name in DETECTORS:
    ...     watch = make_detector(name, delta=0.002, min_events=100)
    ...     found = [watch.update(n % 4 != 0 if n <= 600 else n % 4 == 0) for n in range(1, 1001)]
    ...     print(f"{name:12} {next((n for n, change in enumerate(found, 1) if change), None)}")
    adwin        640
    page_hinkley 685
    kswin        624
    hddm_a       610
    hddm_w       627
    never        None
    always       100
    """
    if name not in DETECTORS:
        raise DataError(f"detector {name!r:.80}{closest(name, DETECTORS)}; there are {', '.join(DETECTORS)}")
    return DETECTORS[name](delta, min_events)


class _Adwin:
    """ADWIN's window, whose cut is a fall or a rise by the means of before and after."""

    def __init__(self, delta: float, min_events: int) -> None:
        # ADWIN's own grace period: no cut is tried before, so a fall within it is found late, not lost.
        self._adwin = ADWIN(delta=delta, grace_period=min_events)

    @property
    def mean(self) -> float | None:
        return float(self._adwin.estimation) if self._adwin.width else None

    def update(self, hit: bool) -> Change | None:
        before = self._adwin.estimation
        self._adwin.update(hit)
        if not self._adwin.drift_detected:
            return None
        return "rise" if self._adwin.estimation >= before else "fall"


class _TwoSides:
    """Two one-sided detectors of an increase: of the misses, which is a fall, and of the hits, a rise.

    HDDM has no grace period: what it finds before there are `min_events` outcomes is told then, not lost.
    """

    def __init__(self, make: Callable[[float, int], Any], delta: float, min_events: int) -> None:
        self._make = partial(make, delta, min_events)
        self._min_events = min_events
        self._n_outcomes = 0
        self._early: Change | None = None
        self._start()

    @property
    def mean(self) -> float | None:
        return self._hits / self._n if self._n else None

    def update(self, hit: bool) -> Change | None:
        self._n_outcomes += 1
        self._n += 1
        self._hits += hit
        self._of_misses.update(int(not hit))
        self._of_hits.update(int(hit))
        found: Change | None = None
        if self._of_misses.drift_detected:
            found = "fall"
        elif self._of_hits.drift_detected:
            found = "rise"
        if found:
            self._start()
        if self._n_outcomes < self._min_events:
            self._early = found or self._early
            return None
        found, self._early = found or self._early, None
        return found

    def _start(self) -> None:
        self._of_misses, self._of_hits = self._make(), self._make()
        self._n = self._hits = 0


class _BinaryKSWIN(KSWIN):
    """KSWIN on zeros and ones, with the p-value of each pair of counts computed once.

    river calls SciPy's test at every outcome, half a millisecond each. Of zeros and ones the test sees no
    more than how many ones either sample has, so that its p-values fit into a small table.
    """

    def update(self, x: float) -> None:
        """Take an outcome in; what river's own `update` finds, draw for draw."""
        if self.drift_detected:
            self._reset()
        self.n += 1
        self.window.append(x)
        self._drift_detected = False
        if len(self.window) < self.window_size:
            return
        n_old = self.window_size - self.stat_size
        window = list(self.window)
        old = sum(window[place] for place in self._rng.sample(range(n_old), self.stat_size))
        distance, p_value = _kolmogorov_smirnov(int(old), int(sum(window[n_old:])), self.stat_size)
        if p_value <= self.alpha and distance > 0.1:
            self._drift_detected = True
            self.window = deque(islice(self.window, n_old, None), maxlen=self.window_size)


@lru_cache(maxsize=65_536)
def _kolmogorov_smirnov(ones: int, other_ones: int, n: int) -> tuple[float, float]:
    """Distance and two-sided p-value of two samples of `n` zeros and ones."""
    one, other = ([0] * (n - count) + [1] * count for count in (ones, other_ones))
    with warnings.catch_warnings():  # where the exact p-value fails, SciPy takes the asymptotic one
        warnings.simplefilter("ignore", category=RuntimeWarning)
        found = stats.ks_2samp(one, other, method="auto")
    return float(found.statistic), float(found.pvalue)


class _Kswin:
    """KSWIN over the last `min_events` outcomes: the last third against as many from the rest, at random."""

    def __init__(self, delta: float, min_events: int) -> None:
        recent = min_events // 3
        self._kswin = _BinaryKSWIN(alpha=delta, window_size=min_events, stat_size=recent, seed=KSWIN_SEED)

    @property
    def mean(self) -> float | None:
        window = self._kswin.window
        return sum(window) / len(window) if window else None

    def update(self, hit: bool) -> Change | None:
        before = self._kswin.window
        self._kswin.update(int(hit))
        if not self._kswin.drift_detected:
            return None
        recent = self._kswin.stat_size  # `before` was left behind, whole, when the window was cut
        earlier = list(before)[:-recent]
        return "fall" if sum(self._kswin.window) / recent < sum(earlier) / len(earlier) else "rise"


class _Dummy:
    """The alarm that does not look at the outcomes: at every `period`-th, or never."""

    def __init__(self, period: int | None) -> None:
        self._clock = None if period is None else DummyDriftDetector(trigger_method="fixed", t_0=period)
        self._n = self._hits = 0

    @property
    def mean(self) -> float | None:
        return self._hits / self._n if self._n else None

    def update(self, hit: bool) -> Change | None:
        self._n += 1
        self._hits += hit
        if self._clock is None:
            return None
        self._clock.update(hit)
        return "fall" if self._clock.drift_detected else None


def _page_hinkley(delta: float, min_events: int) -> Any:
    # No forgetting (alpha=1): with it the sum has a spread of its own, and crosses any threshold in the end.
    return PageHinkley(
        min_instances=min_events,
        delta=PAGE_HINKLEY_TOLERANCE,
        threshold=math.log(1 / delta) / (8 * PAGE_HINKLEY_TOLERANCE),
        alpha=1.0,
        mode="up",
    )


def _hddm_a(delta: float, min_events: int) -> Any:
    return HDDMA(drift_confidence=delta, warning_confidence=delta)


def _hddm_w(delta: float, min_events: int) -> Any:
    # river's λ = 0.05 averages over some 20 outcomes: too few to see a fall from one in five to one in ten.
    return HDDMW(drift_confidence=delta, warning_confidence=delta, lambda_val=3 / min_events)


DETECTORS: dict[str, Callable[[float, int], Detector]] = {
    "adwin": _Adwin,
    "page_hinkley": partial(_TwoSides, _page_hinkley),
    "kswin": _Kswin,
    "hddm_a": partial(_TwoSides, _hddm_a),
    "hddm_w": partial(_TwoSides, _hddm_w),
    "never": lambda delta, min_events: _Dummy(None),
    "always": lambda delta, min_events: _Dummy(min_events),
}
"""By the name that the hyperparameter `detector` has; the first is the default, the last two are dummies."""

DUMMIES = ("never", "always")
"""Those of `DETECTORS` that do not look at the outcomes."""
