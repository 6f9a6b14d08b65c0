"""The hit rate of each person, or each category, and an alarm where one of them falls."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.drift.detectors import DETECTORS
from lifelong_widgets.drift.input import UNCATEGORISED
from lifelong_widgets.drift.monitor import DriftMonitor
from lifelong_widgets.errors import DataError, closest

_SMALLEST_DELTA = 1e-6  # that a DriftMonitor takes


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group at this moment.

    Attributes:
        group: a person or a category.
        n_outcomes: how many outcomes of it were taken in since it was last let go.
        hit_rate: within its present window, or None before the first.
        before: its hit rate since the last alarm without the recent outcomes, or None with too few.
        recent: that of its recent outcomes, or None with too few.
        p_value: of a fall from `before` to `recent`, or None with too few.
        alarms: the event numbers at which its detector found a fall.
        status: ``"too few events: n of m"``, ``"steady"``, ``"alarm n events ago"``.
    """

    group: Hashable
    n_outcomes: int
    hit_rate: float | None
    before: float | None
    recent: float | None
    p_value: float | None
    alarms: tuple[int, ...]
    status: str


class DriftByGroup:
    """One drift detector for each of the groups that were seen last.

    A fall that one person or one category has is lost in the mean of all. But who watches fifty groups gets
    fifty times the false alarms: so each detector has the level `delta` / `max_groups` (Bonferroni), whoever
    comes. `fallen` asks another question, at a moment of the caller's choice: in which groups are the recent
    outcomes worse than those before them? There the share of false ones among those that it names is at most
    `q` (Benjamini-Hochberg), for groups that are independent or lean the same way.

    When a group comes for which there is no room, the one that has been quiet longest is let go; it starts
    anew when it comes back. A group costs one byte per outcome since its last alarm.

    Args:
        max_groups: How many are watched at most.
        detector: The name of a detector (see `make_detector`).
        delta: The level of all detectors together, in (0, 0.5].
        min_events: Outcomes of a group before anything is said about it.

    Raises:
        DataError: A number out of bounds, a `delta` that shared out is below 1e-6, or no such detector.

    Sources: C. E. Bonferroni 1936; Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57(1), 1995; R. A.
    Fisher's exact test, one-sided.

    >>> views = DriftByGroup(max_groups=20, min_events=60)
    >>> for n in range(1, 1001):  # poetry is hit less from event 600 on, crime as before
    ...     rang = views.update("crime", n % 4 != 0, n)
    ...     rang = views.update("poetry", n % 4 != 0 if n <= 600 else n % 4 == 0, n)
    >>> views.alarms("crime"), views.alarms("poetry")
    ([], [640])
    >>> views.view("maths").status
    'too few events: 0 of 60'
    """

    def __init__(
        self, max_groups: int = 50, detector: str = "adwin", delta: float = 0.05, min_events: int = 100
    ) -> None:
        if type(max_groups) is not int or max_groups < 1:
            raise DataError(f"max_groups is {max_groups!r:.80}; it is a whole number of at least 1")
        if type(min_events) is not int or not 10 <= min_events <= 1_000_000:
            raise DataError(f"min_events is {min_events!r:.80}; it is a whole number from 10 to 1000000")
        if isinstance(delta, bool) or not isinstance(delta, (int, float)) or not 0 < delta <= 0.5:
            raise DataError(f"delta is {delta!r:.80}; it is a level in (0, 0.5]")
        if delta / max_groups < _SMALLEST_DELTA:
            raise DataError(
                f"delta={delta} shared among max_groups={max_groups} is less than {_SMALLEST_DELTA:g}; "
                "take a greater delta, or fewer groups"
            )
        if detector not in DETECTORS:
            hint = closest(detector, DETECTORS)
            raise DataError(f"detector {detector!r:.80}{hint}; there are {', '.join(DETECTORS)}")
        self.max_groups, self.detector, self.delta, self.min_events = max_groups, detector, delta, min_events
        self._monitors: OrderedDict[Hashable, DriftMonitor] = OrderedDict()
        self.n_let_go = 0

    def update(self, group: Hashable, hit: bool, n_events: int) -> bool:
        """Take an outcome of `group` at event number `n_events` in; True if it raised an alarm."""
        monitor = self._monitors.get(group)
        if monitor is None:
            if len(self._monitors) >= self.max_groups:
                self._monitors.popitem(last=False)
                self.n_let_go += 1
            monitor = self._monitors[group] = self._fresh()
        self._monitors.move_to_end(group)
        return monitor.update(hit, n_events)

    def update_all(self, groups: Iterable[Hashable], hit: bool, n_events: int) -> list[Hashable]:
        """Take one outcome in for each of several groups, such as categories; those that raised an alarm."""
        return [group for group in groups if self.update(group, hit, n_events)]

    @property
    def groups(self) -> list[Hashable]:
        """The groups that are watched, the one that was seen last at the end (a copy)."""
        return list(self._monitors)

    def alarms(self, group: Hashable) -> list[int]:
        """The event numbers at which `group` was found to have fallen; none if it is not watched."""
        monitor = self._monitors.get(group)
        return [] if monitor is None else monitor.alarms

    def view(self, group: Hashable) -> GroupView:
        """How it stands with `group`. One that is not watched has too few events."""
        monitor = self._monitors.get(group) or self._fresh()
        before, recent, p_value = self._compared(monitor)
        return GroupView(
            group=group,
            n_outcomes=monitor.n_outcomes,
            hit_rate=monitor.mean,
            before=before,
            recent=recent,
            p_value=p_value,
            alarms=tuple(monitor.alarms),
            status=monitor.status,
        )

    def views(self) -> list[GroupView]:
        """How it stands with each group that is watched, the one that was seen last at the end."""
        return [self.view(group) for group in self._monitors]

    def fallen(self, q: float = 0.05, correction: Literal["bh", "bonferroni"] = "bh") -> list[GroupView]:
        """The groups whose recent outcomes are worse than those before by more than chance, worst first.

        Recent are the last `min_events` / 2. Groups with too few outcomes take no part. One look at a moment
        of one's choice keeps the level; looking after each event until something shows does not.

        Args:
            q: ``"bh"``: the share of false ones among those named. ``"bonferroni"``: the chance of any.
            correction: ``"bh"`` (Benjamini-Hochberg) or ``"bonferroni"``.

        Raises:
            DataError: `q` is not in (0, 1), or another correction.
        """
        if isinstance(q, bool) or not isinstance(q, (int, float)) or not 0 < q < 1:
            raise DataError(f"q is {q!r:.80}; it is a level in (0, 1)")
        if correction not in ("bh", "bonferroni"):
            raise DataError(f"correction={correction!r:.80}; there are 'bh' and 'bonferroni'")
        able = [view for view in self.views() if view.p_value is not None]
        if not able:
            return []
        values = np.array([view.p_value for view in able])
        adjusted = stats.false_discovery_control(values) if correction == "bh" else values * len(values)
        return [able[place] for place in np.argsort(values, kind="stable").tolist() if adjusted[place] <= q]

    def _fresh(self) -> DriftMonitor:
        return DriftMonitor(
            detector=self.detector, delta=self.delta / self.max_groups, min_events=self.min_events
        )

    def _compared(self, monitor: DriftMonitor) -> tuple[float | None, float | None, float | None]:
        outcomes = monitor.state()["outcomes"]
        if len(outcomes) < self.min_events:
            return None, None, None
        n_recent = self.min_events // 2
        before, recent = outcomes[:-n_recent], outcomes[-n_recent:]
        # hypergeometric: with so many hits in all, how few would chance put among the recent ones?
        p_value = stats.hypergeom.cdf(recent.sum(), len(outcomes), int(outcomes.sum()), n_recent)
        return float(before.mean()), float(recent.mean()), float(min(p_value, 1.0))


def groups_of(feedback: Feedback, catalog: Catalog, by: str = "category") -> tuple[Hashable, ...]:
    """The groups that an event belongs to: its person, or the categories of its item.

    Raises:
        DataError: another `by`.
        UnknownItemError: the catalogue does not hold the item, and `by` is ``"category"``.

    >>> shop = Catalog.from_records([{"item": 7, "categories": ["Crime", "Sea"]}, {"item": 8}])
    >>> groups_of(Feedback("ada", 7), shop), groups_of(Feedback("ada", 8), shop)
    (('Crime', 'Sea'), ('(no category)',))
    >>> groups_of(Feedback("ada", 7), shop, by="user")
    ('ada',)
    """
    if by == "user":
        return (feedback.user,)
    if by == "category":
        return catalog[feedback.item].categories or (UNCATEGORISED,)
    raise DataError(f"by={by!r:.80}; groups are by 'user' or by 'category'")
