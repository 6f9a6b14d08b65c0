"""A multilayer perceptron over decayed averages of the history."""

from __future__ import annotations

import torch
from torch.nn import functional

from lifelong_widgets.models.base import UserEncoder


class DecayedMLP(UserEncoder):
    """An MLP over averages of the history at several half-lives, with a learned short cut past it.

    For half-lives h = 1, 4, 16, … items, the averages are
    ``a_h = sum_l w_hl r_l v_l / sum_l w_hl |r_l|`` with ``w_hl = 2^(-l / h)``: `v_l` is the vector of the
    l-th most recent item and `r_l` its reward, so that a dislike pulls away from an item without having to be
    learned first. The user's vector is ``W2 gelu(W1 [a_1 … a_H] + b1) + b2 + sum_h s_h a_h``.

    On streams this was as good as a GRU or self-attention and four to five times cheaper to train online.

    Example:
        >>> encoder = DecayedMLP(embedding_dim=8, hidden_dim=16, history_length=20)
        >>> tuple(encoder(torch.zeros(3, 20, 8), torch.zeros(3, 20)).shape)
        (3, 8)
    """

    def __init__(self, embedding_dim: int, hidden_dim: int, history_length: int) -> None:
        super().__init__(embedding_dim, hidden_dim, history_length)
        half_lives = [h for h in (1, 4, 16, 64) if h == 1 or h < history_length]
        place = torch.arange(history_length, dtype=torch.float32)
        decay = torch.stack([0.5 ** (place / half_life) for half_life in half_lives])
        self.register_buffer("decay", decay, persistent=False)
        self.decay: torch.Tensor
        self.hidden = torch.nn.Linear(len(half_lives) * embedding_dim, hidden_dim)
        self.output = torch.nn.Linear(hidden_dim, embedding_dim)
        self.short_cut = torch.nn.Parameter(torch.full((len(half_lives),), 1 / len(half_lives)))

    def forward(self, vectors: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The users' vectors, (n, embedding_dim); see `UserEncoder.forward`."""
        weights = self.decay * rewards.unsqueeze(1)
        weights = weights / (weights.abs().sum(-1, keepdim=True) + 1e-6)
        averages = weights @ vectors
        hidden = functional.gelu(self.hidden(averages.flatten(1)))
        short_cut = (averages * self.short_cut.unsqueeze(1)).sum(1)
        users: torch.Tensor = self.output(hidden) + short_cut
        return users
