"""Gradients at the items of a batch: each item once, whatever it is in the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.models import Network


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


@compiled
def of_vectors(weights: NDArray[np.floating], of_inputs: NDArray[np.floating]) -> NDArray[np.floating]:
    """The way back through averages, to the (n, history_length, embedding_dim) vectors that they are of."""
    n, n_averages, length = weights.shape
    of_vectors = np.zeros((n, length, of_inputs.shape[2]), dtype=of_inputs.dtype)
    for person in range(n):
        for place in range(length):
            into = of_vectors[person, place]
            for average in range(n_averages):
                weight, slopes = weights[person, average, place], of_inputs[person, average]
                if weight != 0.0:
                    for column in range(len(into)):
                        into[column] += weight * slopes[column]
    return of_vectors


@compiled
def summed_by_item(
    items: NDArray[np.int64], gradients: NDArray[np.floating]
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """The items, ascending, each once; the sum of the gradients at the places where each is standing."""
    bits = np.int64(np.ceil(np.log2(len(items) + 1.0)))
    keys = (items << bits) | np.arange(len(items))  # item and place in one number: quicker than to argsort
    keys.sort()
    n_distinct = 0
    for place in range(len(keys)):
        if place == 0 or keys[place] >> bits != keys[place - 1] >> bits:
            n_distinct += 1
    distinct = np.empty(n_distinct, dtype=np.int64)
    sums = np.empty((n_distinct, gradients.shape[1]), dtype=gradients.dtype)
    size = 0
    for key in keys:
        item, gradient = key >> bits, gradients[key & ((1 << bits) - 1)]
        if size == 0 or item != distinct[size - 1]:
            distinct[size] = item
            sums[size] = gradient
            size += 1
        else:
            into = sums[size - 1]
            for column in range(len(gradient)):
                into[column] += gradient[column]
    return distinct, sums
