"""What a score of the network owes to each past event, and to each part of the item: integrated gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.models import Network

Floats = NDArray[np.float64]
Scores = Callable[[torch.Tensor], torch.Tensor]
"""The scores of k items at some points of the path, (n_points, k)."""
Slopes = Callable[[torch.Tensor], torch.Tensor]
"""Their gradients there, (n_points, k, n_inputs, dim)."""

MOST_POINTS = 256
_STEPS = (8, 16, 32, 64, 128, MOST_POINTS)  # as many points of the path, until what is found adds up
_CLOSE = 1e-4  # of the difference that is explained
_LEAST = 1e-3  # that it counts as


@dataclass(frozen=True, slots=True)
class Paths:
    """What parts add to the scores of k items, from a baseline of each.

    Attributes:
        baseline: (k,), the scores at the beginning of the path.
        parts: (n, k), what each adds; with the baseline they add up to the score.
        gap: (k,), by how much they did not before that was spread over them, against what they explain: the
            error of the integral.
    """

    baseline: Floats
    parts: Floats
    gap: Floats


def along_history(
    network: Network,
    history_items: NDArray[np.int64],
    history_rewards: NDArray[np.float32],
    items: NDArray[np.int64],
    contrast: NDArray[np.float32],
    people: NDArray[np.float32] | None = None,
    most: int = MOST_POINTS,
) -> Paths:
    """What each past event adds to the scores of `items`, or to differences of them.

    The path is straight, from a history of as many events of items of which nothing is known (vectors of
    zeros) to the history as it is. An event owns the sum over the numbers of its item's vector.

    Source: M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML 2017. The
    integral is taken by Gauss and Legendre's rule, with more and more points until it adds up: what captum's
    `IntegratedGradients` does with a number of steps that one has to know. Where the encoder reads averages
    of the history, these lie on a straight path as well, and the gradients are asked for there.

    Args:
        network: that is explained.
        history_items: (history_length,), the most recent first.
        history_rewards: (history_length,); 0 where there is no event.
        items: (m,), whose scores are looked at.
        contrast: (m, k), what makes k numbers of their scores, such as a score less the mean of others.
        people: (1, person_dim), the features of the person, which stay as they are.
        most: at most so many points.

    Returns:
        One part for each event, in the order of the history.
    """
    rewards = torch.from_numpy(history_rewards[None].copy())
    rows = network.items.gather(torch.from_numpy(items))
    mixed, k = torch.from_numpy(contrast), contrast.shape[1]
    with torch.no_grad():
        vectors = network.item_vectors(*network.items.gather(torch.from_numpy(history_items)))
        weights = network.encoder.averaging(rewards)
        inputs = vectors if weights is None else weights[0] @ vectors
        of_items = network.item_vectors(*rows)
        past, of_inputs = vectors.double(), None if weights is None else weights[0].double().T
    there = np.flatnonzero(history_rewards)

    def through_head(users: torch.Tensor) -> torch.Tensor:
        features = None if people is None else people.repeat(len(users), axis=0)
        held: torch.Tensor = network.head(network.with_people(users, features), of_items) @ mixed
        return held

    @torch.no_grad()
    def scores(points: torch.Tensor) -> torch.Tensor:
        return through_head(network.encoder.read(points, rewards.expand(len(points), -1)))

    @torch.no_grad()
    def slopes(points: torch.Tensor) -> torch.Tensor:
        n = len(points)
        users, backward = network.encoder.trace(
            points.repeat_interleave(k, 0), rewards.expand(n * k, -1).contiguous()
        )
        if network.is_product:
            of_users = (mixed.T @ of_items).repeat(n, 1)
        else:
            own = torch.arange(k).repeat(n).unsqueeze(1)  # each row is asked for one item
            with torch.enable_grad():
                leaf = users.detach().requires_grad_()
                of_users = torch.autograd.grad(through_head(leaf).gather(1, own).sum(), leaf)[0]
        unused = [torch.empty_like(parameter) for parameter in network.encoder.parameters()]
        return backward(of_users, unused).view(n, k, *points.shape[1:])

    def to_events(mean: torch.Tensor) -> Floats:
        if of_inputs is not None:
            mean = of_inputs @ mean
        added: Floats = mean.mul_(past).sum(dim=2).numpy()
        return added.T[there]

    if network.is_product:
        exact = network.encoder.mean_slopes(inputs, mixed.T @ of_items)
        if exact is not None:
            return _spread(*_ends(scores, inputs), to_events(exact))
    return _integrated(scores, slopes, inputs, to_events, most)


def along_item(network: Network, user: torch.Tensor, item: int) -> tuple[Paths, Floats]:
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
        return both

    def slopes(points: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            leaf = points.requires_grad_()
            return torch.autograd.grad(scores(leaf).sum(), leaf)[0].unsqueeze(1)

    def to_parts(mean: torch.Tensor) -> Floats:
        added: Floats = (mean[0] * vectors.double()).sum(dim=1, keepdim=True).numpy()
        return added

    found = _integrated(scores, slopes, vectors, to_parts, MOST_POINTS)
    return Paths(found.baseline, found.parts[:1], found.gap), found.parts[1:, 0]


def _integrated(
    scores: Scores,
    slopes: Slopes,
    inputs: torch.Tensor,
    to_parts: Callable[[torch.Tensor], Floats],
    most: int,
) -> Paths:
    """The integral from zeros to `inputs`, (n_inputs, dim).

    `to_parts` makes what each part adds, (n, k), of the mean gradients along the path, (k, n_inputs, dim).
    """
    baseline, change = _ends(scores, inputs)
    for n in (n for n in _STEPS if n <= most):
        places, weights = _points(n)
        found = slopes(places * inputs)
        added = to_parts((weights @ found.double().reshape(n, -1)).view(found.shape[1:]))
        gap = change - added.sum(axis=0)
        if not len(added) or (np.abs(gap) <= _CLOSE * np.maximum(np.abs(change), _LEAST)).all():
            break
    return _spread(baseline, change, added)


def _ends(scores: Scores, inputs: torch.Tensor) -> tuple[Floats, Floats]:
    """The scores at the beginning of the path, (k,), and by how much they change along it."""
    with torch.no_grad():
        ends = scores(torch.stack([torch.zeros_like(inputs), inputs])).double().numpy()
    return ends[0], ends[1] - ends[0]


def _spread(baseline: Floats, change: Floats, added: Floats) -> Paths:
    """What is `added`, (n, k), so that it adds up to the change, with what was missing handed out by size."""
    gap, sizes = change - added.sum(axis=0), np.abs(added)
    total = sizes.sum(axis=0)
    off = np.abs(gap) / np.maximum(np.abs(change), _LEAST) if len(added) else np.zeros_like(change)
    added = added + np.divide(gap * sizes, total, out=np.zeros_like(sizes), where=total > 0)
    return Paths(baseline, added, off)


@cache
def _points(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where Gauss and Legendre's rule looks from 0 to 1, (n, 1, 1), and what each place counts, (n,)."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return torch.from_numpy((0.5 * (nodes + 1.0)).astype(np.float32)).view(-1, 1, 1), torch.from_numpy(
        0.5 * weights
    )
