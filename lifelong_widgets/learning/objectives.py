"""The losses: what it means that an item came next, and that a person did not want one."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch.nn import functional

Objective = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, int], torch.Tensor]


def sampled_softmax(
    target_scores: torch.Tensor, negative_scores: torch.Tensor, rewards: torch.Tensor, n_items: int
) -> torch.Tensor:
    """Cross-entropy over the target and a uniform sample of the other items, corrected for the sampling.

    ``L = r · (log(e^s + sum_j e^(s_j + log(N/m))) - s)``: with m negatives drawn uniformly out of N items,
    ``log(N/m)`` is the log-Q correction that makes the loss estimate the full softmax. Bengio and Senécal
    (2008), "Adaptive importance sampling to accelerate training of a neural probabilistic language model".
    Where the reward is negative, the reversed pairwise loss of `bpr` takes its place.

    Args:
        target_scores: (n,).
        negative_scores: (n, m); `-inf` where a negative is the target itself.
        rewards: (n,); the size weighs the example, the sign says which way.
        n_items: how many items there are to draw from.

    Returns:
        The loss of each example, (n,).
    """
    correction = math.log(max(n_items / negative_scores.shape[1], 1.0))
    logits = torch.cat([target_scores.unsqueeze(1), negative_scores + correction], dim=1)
    place_of_target = torch.zeros(len(logits), dtype=torch.int64)
    attract = functional.cross_entropy(logits, place_of_target, reduction="none")
    return _by_sign(attract, target_scores, negative_scores, rewards)


def bpr(
    target_scores: torch.Tensor, negative_scores: torch.Tensor, rewards: torch.Tensor, n_items: int
) -> torch.Tensor:
    """The pairwise loss ``-log sigmoid(s - s_j)``, mean over the negatives, reversed where r is negative.

    Rendle et al. (2009), "BPR: Bayesian personalized ranking from implicit feedback". Arguments and result
    are those of `sampled_softmax`; `n_items` is not needed.
    """
    attract = functional.softplus(negative_scores - target_scores.unsqueeze(1)).mean(dim=1)
    return _by_sign(attract, target_scores, negative_scores, rewards)


OBJECTIVES: dict[str, Objective] = {"sampled_softmax": sampled_softmax, "bpr": bpr}


def _by_sign(
    attract: torch.Tensor, target_scores: torch.Tensor, negative_scores: torch.Tensor, rewards: torch.Tensor
) -> torch.Tensor:
    if bool((rewards < 0).any()):
        gap = target_scores.unsqueeze(1) - negative_scores
        repel = functional.softplus(gap.masked_fill(negative_scores.isneginf(), -torch.inf)).mean(dim=1)
        return torch.where(rewards < 0, repel, attract) * rewards.abs()
    return attract * rewards
