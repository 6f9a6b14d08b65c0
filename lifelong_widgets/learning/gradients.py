"""The loss of a batch and its gradients, by hand: a few matrix products, no graph, nothing read twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.learning.at_items import (
    Gradients,
    add_product,
    of_parts,
    summed_by_item,
    to_people,
)
from lifelong_widgets.learning.distillation import Distillation, rows_of, scores_of
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.objectives import Objective
from lifelong_widgets.learning.through_head import gradients_through_head
from lifelong_widgets.models import Network
from lifelong_widgets.models.item_table import refuse_beyond
from lifelong_widgets.models.network import queries_of


@torch.no_grad()
def gradients(
    network: Network,
    examples: Examples,
    negatives: np.ndarray,
    objective: Objective,
    into: Sequence[torch.Tensor],
    weights: np.ndarray | None = None,
    distillation: Distillation | None = None,
    drawn_from: int | None = None,
) -> Gradients:
    """The gradients of ``(weights · (losses + distillation)).mean()``; the dense ones are written to `into`.

    Where the head is a product, a score is ``[u | P u] · [embedding | content]``, so the product of the
    gradient of the scores with the rows of the items holds both the gradient of *u* and the content side of
    the gradient of *P*: item vectors are never made, neither here nor on the way back. Another head is asked
    pair by pair, in `gradients_through_head`.

    Args:
        network: that is asked; it is not changed.
        examples: the batch.
        negatives: (m,), int64, the items that every example is held against.
        objective: the loss.
        into: one tensor for each of `Network.dense_parameters`, overwritten.
        weights: (n,), how much each example counts; 1 each.
        distillation: of the last examples of the batch; the others, or all, are without.
        drawn_from: how many items the negatives were drawn from; all, if it is not said.
    """
    drawn_from = len(network.items) if drawn_from is None else drawn_from
    learned = network.learned
    upper = into if learned is None else into[: -len(learned.parameters())]
    through = _through_product if network.is_product else gradients_through_head
    found = through(network, examples, negatives, objective, upper, weights, distillation, drawn_from)
    if learned is not None:
        # a vector is embedding + content @ P, so that the gradient of the former is that of the vector
        projection = network.projection.detach().numpy()[learned.columns]
        learned.backward(found.indices, found.embeddings @ projection.T, into[len(upper) :])
    return found


def _through_product(
    network: Network,
    examples: Examples,
    negatives: np.ndarray,
    objective: Objective,
    into: Sequence[torch.Tensor],
    weights: np.ndarray | None,
    distillation: Distillation | None,
    drawn_from: int,
) -> Gradients:
    n, dim = len(examples), network.embedding_dim
    of_content, of_people, of_encoder = of_parts(network, into)
    of_projection = of_content[0]
    rows, projection = network.items.array, network.projection.detach().numpy()
    refuse_beyond(len(rows), negatives, examples.targets)  # the loops do not look where they read
    inputs = network.inputs(examples.history_items, examples.history_rewards)
    traced, backward = network.encoder.trace(
        torch.from_numpy(inputs.vectors), torch.from_numpy(examples.history_rewards)
    )
    traced = network.with_people(traced, examples.people)
    users = traced.numpy()
    queries = queries_of(users, projection)
    target_scores, scores = _scores(queries, rows, examples.targets, negatives)
    shares = np.full(n, 1 / n, dtype=examples.rewards.dtype) if weights is None else weights / n
    losses, of_targets, of_others = objective.gradients(
        target_scores, scores, examples.rewards, drawn_from, shares
    )
    loss = float((losses * shares).sum())

    of_queries = _of_queries(rows, examples.targets, negatives, of_targets, of_others)
    if distillation is not None:
        kept_items, replayed = distillation.kept.items, slice(n - len(distillation.kept.items), n)
        kept_rows = rows_of(network, kept_items)
        kept_scores = scores_of(torch.from_numpy(queries[replayed]), kept_rows)
        kept_shares = torch.from_numpy(shares[replayed])
        terms, of_kept = distillation.gradients(kept_scores, kept_shares)
        loss += float((terms * kept_shares).sum())
        of_queries[replayed] += torch.bmm(of_kept.unsqueeze(1), kept_rows).squeeze(1).numpy()
    of_users = _of_users(of_queries, users, projection, of_projection.numpy())
    to_people(of_people, examples.people, torch.from_numpy(of_users))
    of_inputs = backward(torch.from_numpy(of_users), of_encoder).numpy()
    add_product(inputs.content, of_inputs.reshape(-1, dim), of_projection.numpy())
    network.content.to_parameters(of_content)

    standing = np.concatenate([examples.targets, negatives])
    at_places = _at_scored(of_targets, of_others, users)
    if distillation is not None:
        of_rows = (of_kept.unsqueeze(2) * traced[replayed].unsqueeze(1)).numpy()
        standing = np.concatenate([standing, kept_items.reshape(-1)])
        at_places = np.concatenate([at_places, of_rows.reshape(-1, dim)])
    found = summed_by_item(standing, at_places, examples, inputs.weights, of_inputs)
    return Gradients(losses, loss, *found)


def _scores_of(
    queries: NDArray[np.floating],
    rows: NDArray[np.floating],
    targets: NDArray[np.int64],
    negatives: NDArray[np.int64],
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The scores of each example's target, (n,), and of all negatives, (n, m), -inf for the target itself."""
    n, width = queries.shape
    of_targets = np.empty(n, dtype=queries.dtype)
    of_negatives = np.empty((n, len(negatives)), dtype=queries.dtype)
    for example in range(n):
        row, query, total = rows[targets[example]], queries[example], queries.dtype.type(0.0)
        for column in range(width):
            total += row[column] * query[column]
        of_targets[example] = total
    m, nothing = len(negatives), queries.dtype.type(0.0)
    for place in range(0, m, 2):  # two by two: four sums of which none waits, and half as much to fetch
        beside = min(place + 1, m - 1)
        row, other_row = rows[negatives[place]], rows[negatives[beside]]
        for example in range(0, n, 2):
            below = min(example + 1, n - 1)
            query, other_query = queries[example], queries[below]
            p, q, r, s = nothing, nothing, nothing, nothing
            for column in range(width):
                p += row[column] * query[column]
                q += other_row[column] * query[column]
                r += row[column] * other_query[column]
                s += other_row[column] * other_query[column]
            of_negatives[example, place], of_negatives[example, beside] = p, q
            of_negatives[below, place], of_negatives[below, beside] = r, s
    for place in range(m):
        for example in range(n):
            if negatives[place] == targets[example]:
                of_negatives[example, place] = -np.inf
    return of_targets, of_negatives


_scores = compiled(_scores_of, reassociate=True)


@compiled
def _of_queries(
    rows: NDArray[np.floating],
    targets: NDArray[np.int64],
    negatives: NDArray[np.int64],
    of_targets: NDArray[np.floating],
    of_negatives: NDArray[np.floating],
) -> NDArray[np.floating]:
    """The way back through `_scores`, (n, width of a row)."""
    n, width = len(targets), rows.shape[1]
    of_queries = np.empty((n, width), dtype=rows.dtype)
    for example in range(n):
        row, slope, into = rows[targets[example]], of_targets[example], of_queries[example]
        for column in range(width):
            into[column] = slope * row[column]
    for place in range(len(negatives)):
        row = rows[negatives[place]]
        for example in range(n):
            slope, into = of_negatives[example, place], of_queries[example]
            for column in range(width):
                into[column] += slope * row[column]
    return of_queries


@compiled
def _of_users(
    of_queries: NDArray[np.floating],
    users: NDArray[np.floating],
    projection: NDArray[np.floating],
    of_projection: NDArray[np.floating],
) -> NDArray[np.floating]:
    """The way back through ``[u | P u]``: the gradient of u, (n, embedding_dim); that of P is written."""
    n, dim = users.shape
    of_users = of_queries[:, :dim].copy()
    of_projection[:] = 0.0
    for place in range(len(projection)):
        row, of_row = projection[place], of_projection[place]
        for example in range(n):
            slope, user, into = of_queries[example, dim + place], users[example], of_users[example]
            for column in range(dim):
                into[column] += slope * row[column]
            for column in range(dim):
                of_row[column] += slope * user[column]
    return of_users


@compiled
def _at_scored(
    of_targets: NDArray[np.floating], of_negatives: NDArray[np.floating], users: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The gradients of the embeddings of targets and negatives, (n + m, embedding_dim)."""
    (n, dim), m = users.shape, of_negatives.shape[1]
    gradients = np.zeros((n + m, dim), dtype=users.dtype)
    for example in range(n):
        for column in range(dim):
            gradients[example, column] = of_targets[example] * users[example, column]
    whole = n // 4 * 4
    for place in range(m):
        into = gradients[n + place]
        for example in range(0, whole, 4):
            one, two, three, four = (
                of_negatives[example, place],
                of_negatives[example + 1, place],
                of_negatives[example + 2, place],
                of_negatives[example + 3, place],
            )
            for column in range(dim):
                into[column] = (
                    into[column]
                    + one * users[example, column]
                    + two * users[example + 1, column]
                    + three * users[example + 2, column]
                    + four * users[example + 3, column]
                )
        for example in range(whole, n):
            slope = of_negatives[example, place]
            for column in range(dim):
                into[column] += slope * users[example, column]
    return gradients
