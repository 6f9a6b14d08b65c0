"""The contract of a user encoder, and the registry of those there are."""

from __future__ import annotations

from abc import abstractmethod

import torch


class UserEncoder(torch.nn.Module):
    """Reads a person's recent history and gives the vector that their items are scored against.

    Built as ``Encoder(embedding_dim, hidden_dim, history_length)``; all parameters are dense and small.
    """

    def __init__(self, embedding_dim: int, hidden_dim: int, history_length: int) -> None:
        super().__init__()
        self.embedding_dim, self.hidden_dim, self.history_length = embedding_dim, hidden_dim, history_length

    @abstractmethod
    def forward(self, vectors: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The users' vectors, (n, embedding_dim).

        Args:
            vectors: (n, history_length, embedding_dim), the items of each history, the most recent first.
            rewards: (n, history_length), what each of them was worth to the person; 0 where there is none.
        """
