"""What content and network add, handed out to what the item is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.explanation.explanation import ContentFeature
from lifelong_widgets.explanation.paths import along_item
from lifelong_widgets.explanation.shares import shares
from lifelong_widgets.memory import Ranker
from lifelong_widgets.models import Network

NamedParts = Callable[[NDArray[np.float32]], Iterable[tuple[str, str, NDArray[np.float64]]]]
"""Modality, name and vector of each part of a row of content; see `ItemFeatures.named_parts`."""


def content_features(
    network: Network,
    ranker: Ranker,
    named_parts: NamedParts,
    person: int | None,
    item: int,
    parts: dict[str, float],
    personal: dict[str, float],
) -> tuple[ContentFeature, ...]:
    """The parts of content and network by what the item is made of, those that add most first.

    Args:
        network: the slow memory.
        ranker: that makes the list.
        named_parts: of the item.
        person: whose list it is.
        item: which.
        parts: of its score.
        personal: what is personal about each.
    """
    columns: dict[str, NDArray[np.float64]] = {}
    learned: dict[str, float] = {}
    if parts.get("content") or personal.get("content"):
        terms = ranker.content_terms(person, item).sum(axis=0)
        if terms.any():
            columns["content"] = shares(terms)
    if parts.get("network") or personal.get("network"):
        read = ranker.read_of(person)
        path, terms = along_item(network, network.user_vectors(*read), item)
        split = shares(np.concatenate([path.parts[:, 0], terms, path.baseline]))
        learned["network"], columns["network"] = float(split[0]), split[1:-1]
    row = ranker.content_of(item)
    amounts: dict[tuple[str, str], dict[str, float]] = {}
    if learned.get("network"):
        amounts["", ""] = _both("network", learned["network"], parts, personal)
    for modality, name, vector in named_parts(row):
        into = amounts.setdefault((modality, name), {})
        weights = np.divide(vector, row, out=np.zeros(len(row)), where=row != 0)
        for part, of_columns in columns.items():
            for home, amount in _both(part, float(of_columns @ weights), parts, personal).items():
                into[home] = into.get(home, 0.0) + amount
    found = [ContentFeature(*key, of_key) for key, of_key in amounts.items() if of_key]
    return tuple(sorted(found, key=lambda feature: -feature.amount))


def _both(part: str, share: float, parts: dict[str, float], personal: dict[str, float]) -> dict[str, float]:
    """A share of a part, and of what is personal about it."""
    amounts = {part: share * parts.get(part, 0.0)}
    if personal.get(part):
        amounts["personal"] = share * personal[part]
    return amounts
