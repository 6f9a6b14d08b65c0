"""What the gate's facts add, handed out to the past events that they are made of."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.explanation.paths import Path
from lifelong_widgets.explanation.shares import shares
from lifelong_widgets.memory import FEATURES, GROUP_OF, LINEAR, Attributions, Past, Ranker

_MEMBERS = np.array([name.partition(".")[0] for name in FEATURES])

Amounts = list[dict[str, float]]
"""For each event of a past, what it adds by each part."""


def amounts_by_event(
    ranker: Ranker, person: int | None, item: int, past: Past, whole: Attributions | None, path: Path
) -> Amounts:
    """What each event of a person's past adds to the score of an item.

    Args:
        ranker: that makes the list.
        person: whose past it is.
        item: that is explained.
        past: the person's.
        whole: what the gate's score of the item is made of; None if the network is alone.
        path: of the network, along the past.
    """
    amounts: Amounts = [defaultdict(float) for _ in past.items]
    if whole is None:
        for event, amount in zip(amounts, path.parts.tolist(), strict=True):
            event["network"] += amount
        return amounts
    for part, added in (("", whole.features[0]), ("personal", whole.personal[0])):
        _hand_out(amounts, ranker, person, item, past, added, path, part)
    return amounts


def _hand_out(
    into: Amounts,
    ranker: Ranker,
    person: int | None,
    item: int,
    past: Past,
    added: NDArray[np.float64],
    path: Path,
    part: str,
) -> None:
    """To each event its own of `added`, (len(FEATURES),): to `part`, or to each member's if it is empty."""
    liked = np.flatnonzero(past.rewards > 0)
    for member in LINEAR:
        amount = float(added[np.equal(_MEMBERS, member)].sum())
        terms = ranker.terms(member, person, np.array([item]))[:, 0]
        if amount and terms.any():
            home = part or GROUP_OF[f"{member}.share"]
            for place, share in zip(liked.tolist(), shares(terms).tolist(), strict=True):
                into[place][home] += amount * share
    amount = float(added[np.equal(_MEMBERS, "network")].sum())
    if amount and path.parts.any():
        split = shares(np.append(path.parts, path.baseline))  # of which the last is no event's
        for event, share in zip(into, split[:-1].tolist(), strict=True):
            event[part or "network"] += amount * share
    own = np.flatnonzero(past.items == item)
    if len(own):
        counted = np.flatnonzero((past.items == item) & (past.rewards > 0))
        of_count = FEATURES.index("repeats.count")
        for place in counted.tolist():
            into[place][part or "repeats"] += float(added[of_count]) / len(counted)
        of_latest = (np.equal(_MEMBERS, "repeats")) & (np.arange(len(FEATURES)) != of_count)
        into[int(own[0])][part or "repeats"] += float(added[of_latest].sum())
