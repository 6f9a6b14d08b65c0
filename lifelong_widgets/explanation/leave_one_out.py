"""Exact attribution to the history: score again without each past event."""

from __future__ import annotations

import numpy as np
import torch

from lifelong_widgets.models import Network


def leave_one_out(
    network: Network,
    history_items: np.ndarray,
    history_rewards: np.ndarray,
    items: np.ndarray,
    people: np.ndarray | None = None,
) -> np.ndarray:
    """How much each past event adds to the score of each item, exactly, for this model.

    ``attribution[l, i] = score(i | history) - score(i | history without event l)``: feature attribution by
    occlusion. Zeiler and Fergus (2014), "Visualizing and understanding convolutional networks". One forward
    pass of ``n_events + 1`` short histories, whatever the catalogue.

    Args:
        network: that is explained.
        history_items: (history_length,), int64, the most recent first.
        history_rewards: (history_length,), float32; 0 where there is no event.
        items: (n_items,), int64, the items to explain.
        people: (1, person_dim), float32, the features of the person, which stay as they are.

    Returns:
        (n_events, n_items), float32; n_events is the number of non-zero rewards, in the order of the history.
    """
    events = np.flatnonzero(history_rewards)
    rewards = np.repeat(history_rewards[None], len(events) + 1, axis=0)
    rewards[np.arange(len(events)), events] = 0.0
    with torch.no_grad():
        vectors = network.item_vectors(*network.items.gather(torch.from_numpy(history_items)))
        users = network.encoder(vectors.expand(len(rewards), -1, -1), torch.from_numpy(rewards))
        if people is not None:
            users = network.with_people(users, people.repeat(len(users), axis=0))
    scores = network.scores_of(users, items)
    return (scores[-1] - scores[:-1]).numpy()
