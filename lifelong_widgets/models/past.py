"""A history as a sequence encoder reads it: the events there are, side by side."""

from __future__ import annotations

import torch


def events_of(
    vectors: torch.Tensor, rewards: torch.Tensor, oldest_first: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """The vectors of the events times their rewards, without the gaps between them.

    A dislike so enters as the negative of its item. What stands where the reward is 0 is not read.

    Args:
        vectors: (n, history_length, dim), the most recent first.
        rewards: (n, history_length); 0 where there is no event.
        oldest_first: turn each history around.

    Returns:
        (n, most, dim), with 0 behind the last event of each, where `most` is the largest number of events and
        at least 1; and (n,) int64, how many events each has.

    Example:
        >>> vectors = torch.tensor([[[1.0], [9.0], [3.0]]])
        >>> events, n_events = events_of(vectors, torch.tensor([[1.0, 0.0, -1.0]]))
        >>> events[0, :, 0].tolist(), n_events.tolist()
        ([1.0, -3.0], [2])
    """
    present = rewards != 0
    n_events = present.sum(1)
    most = max(1, int(n_events.max())) if len(n_events) else 1
    order = torch.argsort((~present).to(torch.int8), dim=1, stable=True)
    place = torch.arange(most).expand(len(rewards), most)
    if oldest_first:
        place = (n_events.unsqueeze(1) - 1 - place).clamp(min=0)
    order = order.gather(1, place)
    taken = vectors.take_along_dim(order.unsqueeze(2), dim=1) * rewards.gather(1, order).unsqueeze(2)
    return taken.masked_fill(missing(most, n_events).unsqueeze(2), 0.0), n_events


def missing(most: int, n_events: torch.Tensor) -> torch.Tensor:
    """(n, most), True behind the last event of each."""
    return torch.arange(most) >= n_events.unsqueeze(1)
