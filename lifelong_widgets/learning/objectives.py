"""The losses: what it means that an item came next, and that a person did not want one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch.nn import functional

Floats = NDArray[np.floating]


class Objective(ABC):
    """A loss of scores: call it. `gradients` has a default by autograd; ours are by formula.

    Args of both:
        target_scores: (n,).
        negative_scores: (n, m); `-inf` where a negative is the target itself.
        rewards: (n,); the size weighs the example, the sign says which way: `attract` or `repel`.
        n_items: how many items the negatives were drawn from.
    """

    @abstractmethod
    def attract(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """The loss of each example of a reward of 1, (n,), differentiable."""

    def attract_gradients(
        self, target_scores: Floats, negative_scores: Floats, n_items: int
    ) -> tuple[Floats, Floats, Floats]:
        """The losses of `attract` and their gradients with respect to both scores: (n,), (n,), (n, m)."""
        with torch.enable_grad():
            target = torch.from_numpy(target_scores).requires_grad_()
            others = torch.from_numpy(negative_scores).requires_grad_()
            losses = self.attract(target, others, n_items)
            of_target, of_others = torch.autograd.grad(
                losses.sum(), (target, others), allow_unused=True, materialize_grads=True
            )
        return losses.detach().numpy(), of_target.numpy(), of_others.numpy()

    def repel(self, target_scores: torch.Tensor, negative_scores: torch.Tensor) -> torch.Tensor:
        """The loss of each example of a reward of -1, (n,), differentiable: by default `bpr` reversed."""
        gap = target_scores.unsqueeze(1) - negative_scores
        return functional.softplus(gap.masked_fill(negative_scores.isneginf(), -torch.inf)).mean(dim=1)

    def repel_gradients(
        self, target_scores: Floats, negative_scores: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """The losses of `repel` and their gradients with respect to both scores: (n,), (n,), (n, m)."""
        gap = target_scores[:, None] - negative_scores
        gap[np.isneginf(negative_scores)] = -np.inf
        slope = expit(gap) / gap.shape[1]
        return np.logaddexp(0, gap).mean(1), slope.sum(1), -slope

    def __call__(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, rewards: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """The loss of each example, (n,)."""
        attract = self.attract(target_scores, negative_scores, n_items)
        if bool((rewards < 0).any()):
            repel = self.repel(target_scores, negative_scores)
            return torch.where(rewards < 0, repel, attract) * rewards.abs()
        return attract * rewards

    def gradients(
        self,
        target_scores: Floats,
        negative_scores: Floats,
        rewards: Floats,
        n_items: int,
        weights: Floats,
    ) -> tuple[Floats, Floats, Floats]:
        """The losses, (n,), and gradients of ``(weights * losses).sum()`` by both scores: (n,), (n, m)."""
        losses, of_target, of_negatives = self.attract_gradients(target_scores, negative_scores, n_items)
        unwanted = rewards < 0
        if unwanted.any():
            losses[unwanted], of_target[unwanted], of_negatives[unwanted] = self.repel_gradients(
                target_scores[unwanted], negative_scores[unwanted]
            )
            rewards = np.abs(rewards)
        scales = rewards * weights
        losses *= rewards
        of_target *= scales
        of_negatives *= scales[:, None]
        return losses, of_target, of_negatives


class SampledSoftmax(Objective):
    """Cross-entropy over the target and a uniform sample of the other items, corrected for the sampling.

    ``L = r · (log(e^s + sum_j e^(s_j + log(N/m))) - s)``: with m negatives drawn uniformly out of N items,
    ``log(N/m)`` is the log-Q correction that makes the loss estimate the full softmax. Bengio and Senécal
    (2008), "Adaptive importance sampling to accelerate training of a neural probabilistic language model".
    """

    def attract(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """See `Objective.attract`."""
        # the softmax does not change if the same is added to all: less for the target is more for the others
        own = target_scores - _correction(negative_scores, n_items)
        return -torch.log_softmax(torch.cat([own.unsqueeze(1), negative_scores], dim=1), dim=1)[:, 0]

    def attract_gradients(
        self, target_scores: Floats, negative_scores: Floats, n_items: int
    ) -> tuple[Floats, Floats, Floats]:
        """``dL/ds = p - 1`` and ``dL/ds_j = p_j``, with p the softmax."""
        own = target_scores - _correction(negative_scores, n_items)
        highest = np.maximum(own, negative_scores.max(axis=1))
        with np.errstate(invalid="ignore"):  # whoever asks looks whether the loss is finite
            own -= highest
            target, others = np.exp(own), negative_scores - highest[:, None]
            np.exp(others, out=others)
            total = target + others.sum(axis=1)
            target /= total
            others /= total[:, None]
            return np.log(total) - own, target - 1.0, others


def _correction(negative_scores: torch.Tensor | Floats, n_items: int) -> float:
    return math.log(max(n_items / negative_scores.shape[1], 1.0))


class BPR(Objective):
    """The pairwise loss ``-log sigmoid(s - s_j)``, mean over the negatives, reversed where r is negative.

    Rendle et al. (2009), "BPR: Bayesian personalized ranking from implicit feedback".
    """

    def attract(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """See `Objective.attract`; `n_items` is not needed."""
        return functional.softplus(negative_scores - target_scores.unsqueeze(1)).mean(dim=1)

    def attract_gradients(
        self, target_scores: Floats, negative_scores: Floats, n_items: int
    ) -> tuple[Floats, Floats, Floats]:
        """``dL/ds_j = sigmoid(s_j - s) / m``, and the negative sum of these for s."""
        gap = negative_scores - target_scores[:, None]
        slope = expit(gap) / gap.shape[1]
        return np.logaddexp(0, gap).mean(1), -slope.sum(1), slope


class BinaryCrossEntropy(Objective):
    """``-log σ(s) - mean over j of log(1 - σ(s_j))``: label 1 for the target, label 0 for the negatives.

    It is the mean over the negatives and not their sum, so that the two labels weigh the same however many
    are drawn. The sigmoid of a score is so the chance of a click among as many clicks as items drawn at
    random; it orders the items as the chance among all of them does, and is larger. An item that a person
    did not want has the label 0, ``-log(1 - σ(s))``, and says nothing of the others.

    X. He et al., "Neural collaborative filtering", WWW 2017.
    """

    def attract(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """See `Objective.attract`; `n_items` is not needed."""
        return functional.softplus(-target_scores) + functional.softplus(negative_scores).mean(dim=1)

    def attract_gradients(
        self, target_scores: Floats, negative_scores: Floats, n_items: int
    ) -> tuple[Floats, Floats, Floats]:
        """``dL/ds = σ(s) - 1``, and ``dL/ds_j = σ(s_j) / m``."""
        losses = np.logaddexp(0, -target_scores) + np.logaddexp(0, negative_scores).mean(1)
        return losses, -expit(-target_scores), expit(negative_scores) / negative_scores.shape[1]

    def repel(self, target_scores: torch.Tensor, negative_scores: torch.Tensor) -> torch.Tensor:
        """See `Objective.repel`."""
        return functional.softplus(target_scores)

    def repel_gradients(
        self, target_scores: Floats, negative_scores: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """``dL/ds = σ(s)``."""
        return np.logaddexp(0, target_scores), expit(target_scores), np.zeros_like(negative_scores)


sampled_softmax, bpr, binary_cross_entropy = SampledSoftmax(), BPR(), BinaryCrossEntropy()

OBJECTIVES: dict[str, Objective] = {
    "sampled_softmax": sampled_softmax,
    "bpr": bpr,
    "binary_cross_entropy": binary_cross_entropy,
}
