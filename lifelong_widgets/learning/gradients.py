"""The loss of a batch and its gradients, by hand: a few matrix products, no graph, nothing read twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.learning.distillation import Distillation, rows_of, scores_of
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.objectives import Objective
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

    losses: torch.Tensor
    loss: float
    indices: torch.Tensor
    embeddings: torch.Tensor


@torch.no_grad()
def gradients(
    network: Network,
    examples: Examples,
    negatives: np.ndarray,
    objective: Objective,
    into: Sequence[torch.Tensor],
    weights: np.ndarray | None = None,
    distillation: Distillation | None = None,
) -> Gradients:
    """The gradients of ``(weights · (losses + distillation)).mean()``; the dense ones are written to `into`.

    A score is ``[u | P u] · [embedding | content]``, so the product of the gradient of the scores with the
    rows of the items holds both the gradient of *u* and the content side of the gradient of *P*: item
    vectors are never made, neither here nor on the way back.

    Args:
        network: that is asked; it is not changed.
        examples: the batch.
        negatives: (m,), int64, the items that every example is held against.
        objective: the loss.
        into: one tensor for each of `Network.dense_parameters`, overwritten.
        weights: (n,), how much each example counts; 1 each.
        distillation: of the last examples of the batch; the others, or all, are without.
    """
    n, m, dim = len(examples), len(negatives), network.embedding_dim
    of_projection, *of_encoder = into
    rows = network.items.rows
    inputs = network.inputs(examples.history_items, examples.history_rewards)
    rewards = torch.from_numpy(examples.history_rewards)
    users, backward = network.encoder.trace(inputs.vectors, rewards)
    queries = network.queries(users)
    ahead = np.concatenate([negatives, examples.targets])
    others, targets = rows.index_select(0, torch.from_numpy(ahead)).split([m, n])
    scores = queries @ others.T
    is_target = negatives == examples.targets[:, None]
    if is_target.any():
        scores.numpy()[is_target] = -np.inf
    shares = np.full(n, 1 / n, dtype=examples.rewards.dtype) if weights is None else weights / n
    losses, of_targets, of_others = objective.gradients(
        (queries * targets).sum(1),
        scores,
        torch.from_numpy(examples.rewards),
        len(network.items),
        torch.from_numpy(shares),
    )
    of_targets = of_targets.unsqueeze(1)

    of_queries = (of_others @ others).addcmul_(of_targets, targets)
    loss = float((losses.numpy() * shares).sum())
    n_kept, kept_items = 0, ahead[:0]
    if distillation is not None:
        kept_items = distillation.kept.items.reshape(-1)
        n_kept = len(distillation.kept.items)
        kept_rows = rows_of(network, distillation.kept.items)
        kept_shares = torch.from_numpy(shares[n - n_kept :])
        terms, of_kept = distillation.gradients(scores_of(queries[n - n_kept :], kept_rows), kept_shares)
        loss += float((terms * kept_shares).sum())
        of_queries[n - n_kept :] += torch.bmm(of_kept.unsqueeze(1), kept_rows).squeeze(1)
    of_content = of_queries[:, dim:]
    of_users = torch.addmm(of_queries[:, :dim], of_content, network.projection)
    of_inputs = backward(of_users, of_encoder)
    torch.mm(of_content.T, users, out=of_projection)
    of_projection.addmm_(inputs.content.T, of_inputs.flatten(0, 1))

    # the gradient at each place where an item stands: as a negative, a target, in a history, with kept scores
    length = examples.history_items.shape[1]
    end = m + n + n * length
    places = torch.empty(end + len(kept_items), dim, dtype=users.dtype)
    torch.mm(of_others.T, users, out=places[:m])
    torch.mul(users, of_targets, out=places[m : m + n])
    past = places[m + n : end].view(n, length, dim)
    if inputs.weights is None:
        past.copy_(of_inputs)
    else:
        torch.bmm(inputs.weights.transpose(1, 2), of_inputs, out=past)
    events = np.flatnonzero(examples.history_rewards)
    standing = [np.arange(m + n), events + (m + n)]
    standing_items = [ahead, examples.history_items.reshape(-1)[events]]
    if n_kept:
        torch.mul(
            of_kept.unsqueeze(2), users[n - n_kept :].unsqueeze(1), out=places[end:].view(n_kept, -1, dim)
        )
        standing.append(np.arange(end, end + len(kept_items)))
        standing_items.append(kept_items)
    items, embeddings = _summed_by_item(
        np.concatenate(standing_items), places.numpy(), np.concatenate(standing)
    )
    return Gradients(losses, loss, torch.from_numpy(items), torch.from_numpy(embeddings))


@compiled
def _summed_by_item(
    items: NDArray[np.int64], gradients: NDArray[np.float32], standing: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The items, ascending, each once; the sum of the gradients at the places where each is standing."""
    bits = np.int64(np.ceil(np.log2(len(items) + 1.0)))
    keys = (items << bits) | np.arange(len(items))  # item and place in one number: quicker than to argsort
    keys.sort()
    distinct = np.empty(len(keys), dtype=np.int64)
    sums = np.empty((len(keys), gradients.shape[1]), dtype=gradients.dtype)
    size = 0
    for key in keys:
        item, gradient = key >> bits, gradients[standing[key & ((1 << bits) - 1)]]
        if size == 0 or item != distinct[size - 1]:
            distinct[size] = item
            sums[size] = gradient
            size += 1
        else:
            for column in range(len(gradient)):
                sums[size - 1, column] += gradient[column]
    return distinct[:size], sums[:size]
