"""What the gate's facts add, handed out to the past events that they are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.explanation.paths import MOST_POINTS, Paths, along_history
from lifelong_widgets.explanation.shares import shares
from lifelong_widgets.memory import FEATURES, GROUP_OF, GROUPS, LINEAR, Attributions, Past, Ranker
from lifelong_widgets.models import Network

N_OTHERS = 10
"""How many of the best other items the network's score of an item is held against."""

_MEMBERS = np.array([name.partition(".")[0] for name in FEATURES])
_OF_GROUP = {group: np.flatnonzero([home == group for home in GROUP_OF.values()]) for group in GROUPS}
_IS_OF = {member: np.equal(_MEMBERS, member).astype(np.float64) for member in ("network", *LINEAR)}
_COUNTED = [FEATURES.index(f"repeats.{name}") for name in ("count", "rhythm", "rhythm_in_events", "overdue")]
"""What is said of all events that speak for an item; the rest of their group is said of the latest one."""

_LATEST = np.setdiff1d(np.flatnonzero(np.equal(_MEMBERS, "repeats")), _COUNTED)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ByEvent:
    """What each event of a person's past adds to the scores of k items.

    Attributes:
        amounts: by part, (n events, k) each, the latest event first.
        paths: of the network, along the past.
    """

    amounts: dict[str, Floats]
    paths: Paths

    @property
    def totals(self) -> Floats:
        """What each adds in all, (n events, k)."""
        return sum(self.amounts.values(), np.zeros_like(self.paths.parts))


def by_group(added: Floats) -> dict[str, Floats]:
    """What each of `GROUPS` adds to k scores, (k,), given what each feature adds, (k, len(FEATURES))."""
    return {group: added[:, columns].sum(axis=1) for group, columns in _OF_GROUP.items()}


def amounts_by_event(
    network: Network,
    ranker: Ranker,
    person: int | None,
    items: NDArray[np.int64],
    around: NDArray[np.int64],
    whole: Attributions | None,
    now: float | None,
    most: int = MOST_POINTS,
) -> ByEvent:
    """What each event of a person's past adds to the scores of `items`.

    Args:
        network: the slow memory.
        ranker: that makes the list.
        person: whose past it is.
        items: (k,), that are explained.
        around: the best items, one more than `N_OTHERS` if there are so many.
        whole: what the gate's scores of them are made of; None if the network is alone.
        now: the moment that is asked about.
        most: at most so many points of the network's path.
    """
    history, rewards, people = ranker.read_of(person)
    scored, contrast = items, np.eye(len(items), dtype=np.float32)
    if whole is not None:
        # the gate reads how the network's score compares with others, so what lifts all alike adds nothing
        scored, contrast = np.concatenate([items, around]), np.vstack([contrast, -_shares_of(around, items)])
    paths = along_history(network, history[0], rewards[0], scored, contrast, people, most)
    if whole is None:
        return ByEvent({"network": paths.parts}, paths)
    past = ranker.past_of(person, now)
    terms = ranker.terms(past, items)
    members = ("network", *terms)
    split = np.zeros((len(members), len(past.items), len(items)))
    # whose terms are all zero speaks of others only: what the gate makes of that is no event's
    split[0] = shares(np.concatenate([paths.parts, paths.baseline[None]]))[:-1] * paths.parts.any(axis=0)
    liked = np.flatnonzero(past.rewards > 0)
    if terms and len(liked):
        stacked = np.stack(list(terms.values()))
        split[1:, liked] = shares(stacked) * stacked.any(axis=1, keepdims=True)
    whose = np.stack([_IS_OF[member] for member in members])
    amounts: dict[str, Floats] = {}
    for added, part in ((whole.features, ""), (whole.personal, "personal")):
        if not added.any():
            continue
        handed = split * (whose @ added.T)[:, None]
        if part:
            amounts[part] = handed.sum(axis=0)
        for place, member in enumerate(() if part else members):
            home = GROUP_OF[f"{member}.share"]
            amounts[home] = amounts[home] + handed[place] if home in amounts else handed[place]
        _hand_out_repeats(amounts, part or "repeats", past, items, added)
    return ByEvent(amounts, paths)


def _hand_out_repeats(
    amounts: dict[str, Floats], part: str, past: Past, items: NDArray[np.int64], added: Floats
) -> None:
    """To one's own events with an item: number and rhythm to those that count, the rest to the latest."""
    own = past.items[:, None] == items
    for place in np.flatnonzero(own.any(axis=0)):
        into = amounts.setdefault(part, np.zeros(own.shape))[:, place]
        events = np.flatnonzero(own[:, place])
        counted = events[past.rewards[events] > 0]
        into[counted] += added[place, _COUNTED].sum() / max(len(counted), 1)
        into[events[0]] += added[place, _LATEST].sum()


def _shares_of(around: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.float32]:
    """What each of the first `N_OTHERS` of `around` counts in their mean, for each item without itself."""
    counts = (around[:, None] != items).astype(np.float32)
    counts[N_OTHERS:] *= counts[:N_OTHERS].sum(axis=0) < N_OTHERS
    shares_of: NDArray[np.float32] = counts / np.maximum(counts.sum(axis=0), 1.0)
    return shares_of
