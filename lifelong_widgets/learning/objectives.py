"""The losses: what it means that an item came next, and that a person did not want one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from torch.nn import functional


class Objective(ABC):
    """A loss of scores: call it. `gradients` has a default by autograd; ours are by formula.

    Args of both:
        target_scores: (n,).
        negative_scores: (n, m); `-inf` where a negative is the target itself.
        rewards: (n,); the size weighs the example, the sign says which way. Where it is negative, the loss
            is the reversed pairwise one of `bpr`, whatever the objective.
        n_items: how many items the negatives were drawn from.
    """

    @abstractmethod
    def attract(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """The loss of each example of a reward of 1, (n,), differentiable."""

    def attract_gradients(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The losses of `attract` and their gradients with respect to both scores: (n,), (n,), (n, m)."""
        with torch.enable_grad():
            target = target_scores.detach().requires_grad_()
            others = negative_scores.detach().requires_grad_()
            losses = self.attract(target, others, n_items)
            of_target, of_others = torch.autograd.grad(
                losses.sum(), (target, others), allow_unused=True, materialize_grads=True
            )
        return losses.detach(), of_target, of_others

    def __call__(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, rewards: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        """The loss of each example, (n,)."""
        attract = self.attract(target_scores, negative_scores, n_items)
        if bool((rewards < 0).any()):
            gap = target_scores.unsqueeze(1) - negative_scores
            repel = functional.softplus(gap.masked_fill(negative_scores.isneginf(), -torch.inf)).mean(dim=1)
            return torch.where(rewards < 0, repel, attract) * rewards.abs()
        return attract * rewards

    def gradients(
        self,
        target_scores: torch.Tensor,
        negative_scores: torch.Tensor,
        rewards: torch.Tensor,
        n_items: int,
        weights: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The losses, (n,), and gradients of ``(weights * losses).sum()`` by both scores: (n,), (n, m)."""
        losses, of_target, of_negatives = self.attract_gradients(target_scores, negative_scores, n_items)
        unwanted = rewards.numpy() < 0
        if unwanted.any():
            which = torch.from_numpy(unwanted)
            others = negative_scores[which]
            gap = target_scores[which].unsqueeze(1) - others
            gap.masked_fill_(others.isneginf(), -torch.inf)
            losses[which] = functional.softplus(gap).mean(dim=1)
            slope = gap.sigmoid_().div_(gap.shape[1])
            of_target[which] = slope.sum(1)
            of_negatives[which] = slope.neg_()
            rewards = rewards.abs()
        scales = rewards * weights
        return losses.mul_(rewards), of_target.mul_(scales), of_negatives.mul_(scales.unsqueeze(1))


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
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """``dL/ds = p - 1`` and ``dL/ds_j = p_j``, with p the softmax."""
        # in numpy, whose small operations cost half of torch's; in torch's memory, which is aligned
        chances = torch.empty_like(negative_scores)
        others, own = chances.numpy(), target_scores.numpy() - _correction(negative_scores, n_items)
        with np.errstate(all="ignore"):  # what is not finite is for the caller to see
            highest = np.maximum(negative_scores.numpy().max(1), own)
            own = own - highest
            np.subtract(negative_scores.numpy(), highest[:, None], out=others)
            np.exp(others, out=others)
            chance = np.exp(own)
            total = others.sum(1) + chance
            losses = np.log(total) - own
            others /= total[:, None]
            chance = chance / total - 1
        return torch.from_numpy(losses), torch.from_numpy(chance), chances


def _correction(negative_scores: torch.Tensor, n_items: int) -> float:
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
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """``dL/ds_j = sigmoid(s_j - s) / m``, and the negative sum of these for s."""
        gap = negative_scores - target_scores.unsqueeze(1)
        losses = functional.softplus(gap).mean(dim=1)
        slope = gap.sigmoid_().div_(gap.shape[1])
        return losses, slope.sum(1).neg_(), slope


sampled_softmax, bpr = SampledSoftmax(), BPR()

OBJECTIVES: dict[str, Objective] = {"sampled_softmax": sampled_softmax, "bpr": bpr}
