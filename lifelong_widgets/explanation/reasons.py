"""The sentence beside a recommendation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lifelong_widgets.data import Catalog
from lifelong_widgets.explanation.leave_one_out import leave_one_out
from lifelong_widgets.models import Histories, Network

_PAST_TENSE = {
    "view": "looked at",
    "click": "clicked",
    "rating": "rated",
    "like": "liked",
    "purchase": "bought",
}


def reasons(
    network: Network,
    histories: Histories,
    person: int | None,
    items: np.ndarray,
    catalog: Catalog,
    kind_names: Sequence[str],
) -> tuple[str, ...]:
    """Why each item is there, in a sentence: the past event without which its score would fall most.

    Events that speak against their item are left out ("because you disliked X" explains nothing). Where no
    event adds anything, the item is there for everybody, or is new and was placed by its content.

    Args:
        network: that made the list.
        histories: where the person's past is.
        person: whose list it is, None if they were never seen.
        items: (n_items,), int64, indices of the items.
        catalog: for the titles.
        kind_names: of the kind codes in `histories`.
    """
    rewards = histories.rewards_of(person)
    events = np.flatnonzero(rewards)
    rows = torch.from_numpy(items)
    is_new = network.items.n_updates[rows].numpy() == 0
    has_content = network.items.gather(rows)[1].abs().sum(1).numpy() > 0
    best = np.full(len(items), -1)
    if len(events):
        added = leave_one_out(network, histories.items_of(person), rewards, items)
        added[rewards[events] < 0] = -np.inf
        best = np.where(added.max(axis=0) > 0, events[added.argmax(axis=0)], -1)
    sentences = []
    for event, new, content in zip(best.tolist(), is_new.tolist(), has_content.tolist(), strict=True):
        if event >= 0:
            title = catalog[catalog.ids[histories.items_of(person)[event]]].title
            verb = _PAST_TENSE.get(kind_names[histories.kinds_of(person)[event]])
            sentences.append(f"because you {verb} {title}" if verb else f"because of {title}")
        else:
            arrived = "new here: placed by its content" if content else "new here"
            sentences.append(arrived if new else "popular with everybody")
    return tuple(sentences)
