"""The contract of a user encoder."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence

import torch

from lifelong_widgets.models.layers import initialise

Backward = Callable[[torch.Tensor, Sequence[torch.Tensor]], torch.Tensor]
"""``backward(users_gradient, parameter_gradients)`` fills the latter in and returns the inputs' gradient."""


class UserEncoder(torch.nn.Module):
    """Reads a person's recent history and gives the vector that their items are scored against.

    Built as ``Encoder(embedding_dim, hidden_dim, history_length, activation, n_hidden_layers)``; the last two
    shape the dense hidden layers ``h_l = σ(W_l h_{l-1} + b_l)`` of one that has some. All parameters are
    dense and small. An encoder is its `make_layers` and its `read`. One that reads averages of the history
    rather than the history itself says which in `averaging`: they are then taken from the item table's rows
    directly. One that must be quick to train has its own `trace`, with the gradients by hand.
    """

    def __init__(
        self,
        embedding_dim: int,
        hidden_dim: int,
        history_length: int,
        activation: str = "gelu",
        n_hidden_layers: int = 1,
    ) -> None:
        super().__init__()
        self.embedding_dim, self.hidden_dim, self.history_length = embedding_dim, hidden_dim, history_length
        self.activation, self.n_hidden_layers = activation, n_hidden_layers
        self.make_layers()

    @abstractmethod
    def make_layers(self) -> None:
        """Make the layers, as attributes, by the sizes that are set; construction calls it once."""

    @property
    def user_dim(self) -> int:
        """The width of what `read` gives: that of the items, unless its head takes another."""
        return self.embedding_dim

    def initialise(self, generator: torch.Generator) -> None:
        """First values that `generator` alone decides; see `layers.initialise`."""
        initialise(self, generator)

    def forward(self, vectors: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The users' vectors, (n, user_dim).

        Args:
            vectors: (n, history_length, embedding_dim), the items of each history, the most recent first.
            rewards: (n, history_length), what each of them was worth to the person; 0 where there is none.
        """
        weights = self.averaging(rewards)
        return self.read(vectors if weights is None else weights @ vectors, rewards)

    def averaging(self, rewards: torch.Tensor) -> torch.Tensor | None:
        """The weights of the averages that `read` is given, (n, n_averages, history_length).

        0 where the reward is 0. None if it is given the vectors themselves.
        """
        return None

    @abstractmethod
    def read(self, inputs: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The users' vectors, differentiable.

        Args:
            inputs: (n, n_averages, embedding_dim), the averages; without `averaging` the `vectors` of
                `forward`, with anything where the reward is 0.
            rewards: those of `forward`.
        """

    def trace(self, inputs: torch.Tensor, rewards: torch.Tensor) -> tuple[torch.Tensor, Backward]:
        """What `read` gives, and the way back, to be used at most once.

        ``backward(users_gradient, parameter_gradients)`` returns the gradient of `inputs` and overwrites the
        tensors of `parameter_gradients`, one for each of `parameters()` in their order. Both are called under
        `torch.no_grad`.
        """
        with torch.enable_grad():
            leaf = inputs.detach().requires_grad_()
            users = self.read(leaf, rewards)

        def backward(gradient: torch.Tensor, into: Sequence[torch.Tensor]) -> torch.Tensor:
            sources = [leaf, *self.parameters()]
            found = torch.autograd.grad(users, sources, gradient, allow_unused=True, materialize_grads=True)
            for place, value in zip(into, found[1:], strict=True):
                place.copy_(value)
            return found[0]

        return users.detach(), backward

    def mean_slopes(self, inputs: torch.Tensor, of_users: torch.Tensor) -> torch.Tensor | None:
        """The mean gradients of `inputs` along the straight path from zeros to them, in closed form.

        Args:
            inputs: (n_inputs, embedding_dim), of one person, as `read` takes them.
            of_users: (k, user_dim), the gradients of k numbers that are linear in the person's vector.

        Returns:
            (k, n_inputs, embedding_dim), float64; None if there is no such form.
        """
        return None
