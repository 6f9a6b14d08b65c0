"""The loss of a batch and its gradients where the head is no plain product: by autograd, block by block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lifelong_widgets.learning.at_items import (
    Gradients,
    add_product,
    of_parts,
    summed_by_item,
    to_people,
)
from lifelong_widgets.learning.distillation import Distillation
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.objectives import Objective
from lifelong_widgets.models import Network, ScoringHead
from lifelong_widgets.models.item_table import refuse_beyond
from lifelong_widgets.models.network import blocks


def gradients_through_head(
    network: Network,
    examples: Examples,
    negatives: np.ndarray,
    objective: Objective,
    into: Sequence[torch.Tensor],
    weights: np.ndarray | None,
    distillation: Distillation | None,
    drawn_from: int,
) -> Gradients:
    """See `gradients.gradients`, whose arguments these are; under `torch.no_grad`."""
    n, dim = len(examples), network.embedding_dim
    of_content, of_people, _ = of_parts(network, into)
    of_projection = of_content[0]
    place_of = dict(zip(network.dense_parameters()[: len(into)], into, strict=True))
    refuse_beyond(len(network.items), negatives, examples.targets)  # add_product does not look where it reads
    inputs = network.inputs(examples.history_items, examples.history_rewards)
    users, backward = network.encoder.trace(
        torch.from_numpy(inputs.vectors), torch.from_numpy(examples.history_rewards)
    )
    users = network.with_people(users, examples.people)

    # what is scored, and for whom: each example's target, the negatives for all, the scores that were kept
    people, items = [slice(0, n), slice(0, n)], [examples.targets[:, None], negatives]
    if distillation is not None:
        items.append(distillation.kept.items)
        people.append(slice(n - len(distillation.kept.items), n))
    standing = np.concatenate([part.reshape(-1) for part in items])
    embeddings, content = network.items.gather(torch.from_numpy(standing))
    vectors = network.item_vectors(embeddings, content).split([part.size for part in items])
    scored = [
        _Scored(network.head, users[who], part.view(*places.shape, dim))
        for who, part, places in zip(people, vectors, items, strict=True)
    ]

    is_target = torch.from_numpy(negatives == examples.targets[:, None])
    shares = np.full(n, 1 / n, dtype=examples.rewards.dtype) if weights is None else weights / n
    losses, of_targets, of_negatives = objective.gradients(
        scored[0].scores[:, 0].numpy(),
        scored[1].scores.masked_fill(is_target, -torch.inf).numpy(),
        examples.rewards,
        drawn_from,
        shares,
    )
    loss = float((losses * shares).sum())
    slopes = [torch.from_numpy(of_targets).unsqueeze(1), torch.from_numpy(of_negatives)]
    if distillation is not None:
        kept_shares = torch.from_numpy(shares[people[2]])
        terms, of_kept = distillation.gradients(scored[2].scores, kept_shares)
        loss += float((terms * kept_shares).sum())
        slopes.append(of_kept)

    head = list(network.head.parameters())
    of_head = [torch.zeros_like(parameter) for parameter in head]
    of_users = torch.zeros_like(users)
    of_items = [
        part.backward(slope, of_users[who], of_head)
        for who, part, slope in zip(people, scored, slopes, strict=True)
    ]
    at_places = torch.cat([part.reshape(-1, dim) for part in of_items])

    to_people(of_people, examples.people, of_users)
    encoder = list(network.encoder.parameters())
    of_inputs = backward(of_users, [place_of[parameter] for parameter in encoder]).numpy()
    for parameter, gradient in zip(head, of_head, strict=True):
        if any(parameter is other for other in encoder):  # learned through both
            place_of[parameter].add_(gradient)
        else:
            place_of[parameter].copy_(gradient)
    torch.mm(content.T, at_places, out=of_projection)
    add_product(inputs.content, of_inputs.reshape(-1, dim), of_projection.numpy())
    network.content.to_parameters(of_content)

    found = summed_by_item(standing, at_places.numpy(), examples, inputs.weights, of_inputs)
    return Gradients(losses, loss, *found)


class _Scored:
    """Scores of people × items, and the way back to both and to the head.

    The graph is kept from the one to the other if all pairs are one block. Else each block is made again on
    the way back, so that the memory is that of one block, however large the batch.

    Args:
        head: that scores.
        users: (n, user_dim).
        vectors: (m, dim) for all, or (n, m, dim).
    """

    def __init__(self, head: ScoringHead, users: torch.Tensor, vectors: torch.Tensor) -> None:
        self._head, self._users, self._vectors = head, users, vectors
        n, m = len(users), vectors.shape[-2]
        self.scores = torch.empty(n, m, dtype=users.dtype)
        self._blocks = list(blocks(n, m, head.n_numbers))
        self._whole = self._block(*self._blocks[0]) if len(self._blocks) == 1 else None
        for people, places in self._blocks:
            if self._whole is None:
                part = head(users[people], self._vectors_of(people, places))
            else:
                part = self._whole[2].detach()
            self.scores[people, places] = part

    def backward(
        self, slopes: torch.Tensor, of_users: torch.Tensor, of_head: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """The gradient of `vectors`; those of `users` and of the head's parameters are added to the others.

        Args:
            slopes: (n, m), of the scores.
            of_users: (n, user_dim).
            of_head: one for each of the head's parameters.
        """
        of_vectors = torch.zeros_like(self._vectors)
        for people, places in self._blocks:
            users, vectors, scores = self._whole or self._block(people, places)
            found = torch.autograd.grad(
                scores,
                [users, vectors, *self._head.parameters()],
                slopes[people, places],
                allow_unused=True,
                materialize_grads=True,
            )
            into = of_vectors[places] if of_vectors.ndim == 2 else of_vectors[people, places]
            for place, value in zip((of_users[people], into, *of_head), found, strict=True):
                place.add_(value)
        return of_vectors

    def _block(self, people: slice, places: slice) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Users, vectors and scores of a block, with the graph between them."""
        with torch.enable_grad():
            users = self._users[people].detach().requires_grad_()
            vectors = self._vectors_of(people, places).detach().requires_grad_()
            return users, vectors, self._head(users, vectors)

    def _vectors_of(self, people: slice, places: slice) -> torch.Tensor:
        return self._vectors[places] if self._vectors.ndim == 2 else self._vectors[people, places]
