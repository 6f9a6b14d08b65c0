"""The loss of a value: how far it is from what came of it."""

from __future__ import annotations

import numpy as np
import torch

from lifelong_widgets.learning.objectives import Floats, Objective


class SquaredError(Objective):
    """``½ (s - r)²``: the score of the target is drawn to its reward, and no other item is looked at.

    Not Huber's loss, whose minimum is near the median: what is looked for is the mean of returns, whose
    distribution has a long tail. No error is so large that it throws the network about, since Adam's steps do
    not grow with it.

    >>> scores, nobody, rewards = np.array([3.0]), np.zeros((1, 0)), np.array([1.0])
    >>> SquaredError().gradients(scores, nobody, rewards, n_items=9, weights=np.ones(1))[:2]
    (array([2.]), array([2.]))
    """

    def attract(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """See `Objective.attract`."""
        return (target_scores - 1.0).square() / 2

    def __call__(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, rewards: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """The loss of each example, (n,)."""
        return (target_scores - rewards).square() / 2

    def gradients(
        self,
        target_scores: Floats,
        negative_scores: Floats,
        rewards: Floats,
        n_items: int,
        weights: Floats,
    ) -> tuple[Floats, Floats, Floats]:
        """The losses, (n,), and gradients of ``(weights * losses).sum()`` by both scores."""
        errors = target_scores - rewards
        return errors * errors / 2, errors * weights, np.zeros_like(negative_scores)


squared_error = SquaredError()
