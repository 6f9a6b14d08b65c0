"""What a score of the network owes to each past event, and to each part of the item: integrated gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.models import Network

Floats = NDArray[np.float64]

_STEPS = (16, 32, 64, 128, 256)  # as many points of the path, until what is found adds up
_CLOSE = 1e-4  # of the difference that is explained


@dataclass(frozen=True, slots=True)
class Path:
    """What parts add to a score, from a baseline.

    Attributes:
        baseline: the score at the beginning of the path.
        parts: (n,), what each adds; with the baseline they add up to the score.
        gap: by how much they did not before that was spread over them, against what they explain: the error
            of the integral.
    """

    baseline: float
    parts: Floats
    gap: float


def along_history(
    network: Network,
    history_items: NDArray[np.int64],
    history_rewards: NDArray[np.float32],
    item: int,
    others: NDArray[np.int64],
    people: NDArray[np.float32] | None = None,
) -> Path:
    """What each past event adds to the score of an item, less the mean of that of `others`, if there are any.

    The path is straight, from a history of as many events of items of which nothing is known (vectors of
    zeros) to the history as it is. An event owns the sum over the numbers of its item's vector.

    Source: M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML 2017. The
    integral is taken by Gauss and Legendre's rule, with more and more points until it adds up: what captum's
    `IntegratedGradients` does with a number of steps that one has to know.

    Args:
        network: that is explained.
        history_items: (history_length,), the most recent first.
        history_rewards: (history_length,); 0 where there is no event.
        item: whose score it is.
        others: (m,), items that it is held against.
        people: (1, person_dim), the features of the person, which stay as they are.

    Returns:
        One part for each event, in the order of the history.
    """
    rewards = torch.from_numpy(history_rewards.copy())
    rows = network.items.gather(torch.from_numpy(np.append(item, others)))
    with torch.no_grad():
        vectors = network.item_vectors(*network.items.gather(torch.from_numpy(history_items)))
        scored = network.item_vectors(*rows)

    def scores(histories: torch.Tensor) -> torch.Tensor:
        n = len(histories)
        users = network.encoder(histories, rewards.expand(n, -1))
        features = None if people is None else people.repeat(n, axis=0)
        both: torch.Tensor = network.head(network.with_people(users, features), scored)
        return both[:, 0] - both[:, 1:].mean(dim=1) if len(others) else both[:, 0]

    return _integrated(scores, vectors, np.flatnonzero(history_rewards))


def along_item(network: Network, user: torch.Tensor, item: int) -> tuple[Path, Floats]:
    """What an item's own embedding, and each column of its content, add to its score for a person.

    Args:
        network: that is explained.
        user: (1, user_dim), the person's vector.
        item: which.

    Returns:
        A path of one part, the embedding, that begins with an item of which nothing is known; and the
        columns, (content_dim,), which add up to the score with both.
    """
    embedding, content = network.items.gather(torch.tensor([item]))
    with torch.no_grad():
        vectors = torch.cat([embedding, content.T * network.projection])  # which add up to the item's

    def scores(several: torch.Tensor) -> torch.Tensor:
        both: torch.Tensor = network.head(user.expand(len(several), -1), several.sum(dim=1, keepdim=True))
        return both[:, 0]

    found = _integrated(scores, vectors, np.arange(len(vectors)))
    return Path(found.baseline, found.parts[:1], found.gap), found.parts[1:]


def _integrated(
    scores: Callable[[torch.Tensor], torch.Tensor], vectors: torch.Tensor, parts: NDArray[np.int64]
) -> Path:
    """The integral for `vectors`, (m, dim), of which only `parts` are not zero, or matter."""
    with torch.no_grad():
        ends = scores(torch.stack([torch.zeros_like(vectors), vectors])).double().numpy()
    baseline, change = float(ends[0]), float(ends[1] - ends[0])
    added, gap = np.zeros(len(parts)), 0.0
    for found in _at_more_and_more_points(scores, vectors) if len(parts) else ():
        added = found[parts]
        gap = change - float(added.sum())
        if abs(gap) <= _CLOSE * max(abs(change), 1e-3):
            break
    sizes = np.abs(added)
    if sizes.any():
        added = added + gap * sizes / sizes.sum()
    return Path(baseline, added, abs(gap) / max(abs(change), 1e-3))


def _at_more_and_more_points(
    scores: Callable[[torch.Tensor], torch.Tensor], vectors: torch.Tensor
) -> Iterator[Floats]:
    for n in _STEPS:
        nodes, weights = np.polynomial.legendre.leggauss(n)
        places = torch.from_numpy((0.5 * (nodes + 1.0)).astype(np.float32)).view(-1, 1, 1)
        with torch.enable_grad():
            points = (places * vectors).requires_grad_()
            slopes = torch.autograd.grad(scores(points).sum(), points)[0]
        mean = torch.einsum("n,nmd->md", torch.from_numpy(0.5 * weights), slopes.double())
        yield (mean * vectors.double()).sum(dim=1).numpy()
