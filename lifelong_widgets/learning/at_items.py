"""Gradients at the items of a batch: each item once, whatever it is in the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.models import Network

_DIGIT = 9  # bits: the counts of one digit stay in the nearest cache


@dataclass(frozen=True, slots=True)
class Gradients:
    """What a batch says.

    Attributes:
        losses: (n,), of each example, not weighted.
        loss: the weighted mean that the gradients are of, with the distillation, which `losses` are without.
        indices: (n_rows,), int64, ascending: the items of the batch, each once.
        embeddings: (n_rows, embedding_dim), the gradient of their embeddings.
    """

    losses: NDArray[np.floating]
    loss: float
    indices: NDArray[np.int64]
    embeddings: NDArray[np.floating]


def of_parts(
    network: Network, into: Sequence[torch.Tensor]
) -> tuple[Sequence[torch.Tensor], Sequence[torch.Tensor], Sequence[torch.Tensor]]:
    """The places for the gradients of content, of people's features (one or none), and of the modules."""
    n = len(list(network.content.parameters()))
    m = n + (network.of_people is not None)
    return into[:n], into[n:m], into[m:]


def to_people(
    into: Sequence[torch.Tensor], people: NDArray[np.floating] | None, of_users: torch.Tensor
) -> None:
    """Write the gradient of Q, if there is one, in ``users = encoder + people @ Q``."""
    for place in into:
        if people is None:
            place.zero_()
        else:
            torch.mm(torch.from_numpy(people).T, of_users, out=place)


@compiled
def add_product(left: NDArray[np.floating], right: NDArray[np.floating], into: NDArray[np.floating]) -> None:
    """``into += left.T @ right``."""
    for row in range(len(left)):
        for place in range(left.shape[1]):
            value, sums = left[row, place], into[place]
            if value != 0.0:
                for column in range(right.shape[1]):
                    sums[column] += value * right[row, column]


def summed_by_item(
    items: NDArray[np.int64],
    gradients: NDArray[np.floating],
    examples: Examples,
    weights: NDArray[np.floating] | None,
    of_inputs: NDArray[np.floating],
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """The items of a batch, ascending, each once; the sum of the gradients at the places where each stands.

    Args:
        items: (m,), what stands anywhere but in a history: targets, negatives and so on.
        gradients: (m, dim), at these places.
        examples: the batch, whose histories are read.
        weights: (n, n_averages, history_length), of the averages of a history; None if it is read as it is.
        of_inputs: (n, n_averages, dim), the gradient of these averages; of the history itself without them.
    """
    if weights is None:
        weights = np.empty((0, 0, 0), dtype=of_inputs.dtype)
    return _summed(items, gradients, examples.history_items, examples.history_rewards, weights, of_inputs)


@compiled
def _summed(
    items: NDArray[np.int64],
    gradients: NDArray[np.floating],
    history_items: NDArray[np.int64],
    history_rewards: NDArray[np.floating],
    weights: NDArray[np.floating],
    of_inputs: NDArray[np.floating],
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    (m, dim), length = gradients.shape, history_items.shape[1]
    standing, places = _standing(items, history_items, history_rewards)
    standing, places = _by_item(standing, places)
    n_distinct = 0
    for order in range(len(standing)):
        n_distinct += order == 0 or standing[order] != standing[order - 1]
    distinct = np.empty(n_distinct, dtype=np.int64)
    sums = np.empty((n_distinct, dim), dtype=gradients.dtype)
    own, size = np.empty(dim, dtype=gradients.dtype), 0
    for order in range(len(standing)):
        if order == 0 or standing[order] != standing[order - 1]:
            distinct[size] = standing[order]
            sums[size] = 0.0
            size += 1
        into, place = sums[size - 1], places[order]
        if place < m:
            for column in range(dim):
                into[column] += gradients[place, column]
            continue
        person, place = (place - m) // length, (place - m) % length
        if len(weights) == 0:
            for column in range(dim):
                into[column] += of_inputs[person, place, column]
            continue
        own[:] = 0.0
        for average in range(weights.shape[1]):
            weight, slopes = weights[person, average, place], of_inputs[person, average]
            for column in range(dim):
                own[column] += weight * slopes[column]
        for column in range(dim):
            into[column] += own[column]
    return distinct, sums


@compiled
def _standing(
    items: NDArray[np.int64], history_items: NDArray[np.int64], history_rewards: NDArray[np.floating]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What stands at each place, and the places: those of `items` first, then those of histories, by rows."""
    size = len(items) + history_items.size
    standing, places = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    size, length = len(items), history_items.shape[1]
    standing[:size], places[:size] = items, np.arange(size)
    for person in range(len(history_items)):
        for place in range(length):
            if history_rewards[person, place] != 0.0:
                standing[size] = history_items[person, place]
                places[size] = len(items) + person * length + place
                size += 1
    return standing[:size], places[:size]


@compiled
def _by_item(
    items: NDArray[np.int64], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both by ascending items, and as they were among equal ones.

    A radix sort, D. Knuth, "The art of computer programming 3", 5.2.5: of so few numbers with so few digits
    it takes a fifth of the time of one that compares.
    """
    highest, shift = items.max() if len(items) else 0, 0
    while shift == 0 or highest >> shift > 0:
        starts = np.zeros(2**_DIGIT + 1, dtype=np.int64)
        for item in items:
            starts[((item >> shift) & (2**_DIGIT - 1)) + 1] += 1
        for digit in range(2**_DIGIT):
            starts[digit + 1] += starts[digit]
        sorted_items, sorted_places = np.empty_like(items), np.empty_like(places)
        for order in range(len(items)):
            digit = (items[order] >> shift) & (2**_DIGIT - 1)
            sorted_items[starts[digit]], sorted_places[starts[digit]] = items[order], places[order]
            starts[digit] += 1
        items, places = sorted_items, sorted_places
        shift += _DIGIT
    return items, places
