"""What the model once said of an example, to hold it to that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.models import Network

N_SCORED = 8
"""Items whose scores are kept with an example: its target, and others drawn uniformly."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores that a model gave for n examples.

    Attributes:
        items: (n, N_SCORED), int64, the target first.
        scores: (n, N_SCORED), float32.
    """

    items: np.ndarray
    scores: np.ndarray


@torch.no_grad()
def score(network: Network, examples: Examples, rng: np.random.Generator) -> Scored:
    """What the network says now of the targets, and of items that `rng` draws, one set for each example.

    The scores that dark experience replay keeps. Buzzega et al. (2020), "Dark experience for general
    continual learning: a strong, simple baseline".
    """
    drawn = rng.integers(len(network.items), size=(len(examples), N_SCORED - 1))
    items = np.concatenate([examples.targets[:, None], drawn], axis=1)
    users = network.user_vectors(*examples.read)
    return Scored(items, network.scores_of(users, items).numpy())


def rows_of(network: Network, items: np.ndarray) -> torch.Tensor:
    """The rows of the table for (n, k) items: (n, k, width of a row)."""
    return network.items.rows.index_select(0, torch.from_numpy(items.reshape(-1))).view(*items.shape, -1)


def scores_of(queries: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """The score of each of the (n, k) rows for its example: (n, k)."""
    return torch.bmm(rows, queries.unsqueeze(2)).squeeze(2)


@dataclass(frozen=True, slots=True)
class Distillation:
    """A term of the loss: ``strength · mean over the items of (score now - score kept)²`` of each example.

    Attributes:
        kept: the scores of the last examples of a batch, those that are replayed.
        strength: how much it counts beside the loss of the example.
    """

    kept: Scored
    strength: float

    def gradients(self, scores: torch.Tensor, shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The term of each example, (r,), and the gradient of ``(shares · terms).sum()`` by its scores.

        Args:
            scores: (r, N_SCORED), of the items now.
            shares: (r,), how much each example counts.
        """
        gap = scores - torch.from_numpy(self.kept.scores)
        slopes = gap * (shares.unsqueeze(1) * (2 * self.strength / gap.shape[1]))
        return gap.square().mean(1) * self.strength, slopes
