"""Dense hidden layers, and what parameters are before the first step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gelu": functional.gelu,
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
"""What σ may be: GELU ``x · Φ(x)``, ReLU ``max(x, 0)``, the logistic sigmoid, and tanh."""


class HiddenLayers(torch.nn.ModuleList):
    """``h_l = σ(W_l h_{l-1} + b_l)`` for l = 1 … `n_layers`; what goes in comes out where there is none.

    Args:
        in_dim: width of h_0.
        hidden_dim: width of every other.
        activation: σ, a name in `ACTIVATIONS`.
        n_layers: how many, 0 or more.

    Example:
        >>> layers = HiddenLayers(in_dim=3, hidden_dim=8, activation="relu", n_layers=2)
        >>> hidden = layers(torch.ones(5, 3))
        >>> tuple(hidden.shape), bool((hidden >= 0).all()), layers.width
        ((5, 8), True, 8)
    """

    def __init__(self, in_dim: int, hidden_dim: int, activation: str, n_layers: int) -> None:
        super().__init__(
            torch.nn.Linear(hidden_dim if layer else in_dim, hidden_dim) for layer in range(n_layers)
        )
        self.width = hidden_dim if n_layers else in_dim
        self.activation = ACTIVATIONS[activation]

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(…, in_dim) to (…, width)."""
        for layer in self:
            inputs = self.activation(layer(inputs))
        return inputs


@torch.no_grad()
def initialise(module: torch.nn.Module, generator: torch.Generator) -> None:
    """First values that `generator` alone decides, in place.

    Matrices and kernels are uniform with variance ``1 / fan_in``, which keeps the size of what goes through
    (LeCun et al., "Efficient BackProp", 1998); biases are 0, but 1 for the forget gate of an LSTM, so that it
    remembers until it has learned what to forget (Jozefowicz et al., "An empirical exploration of recurrent
    network architectures", ICML 2015). The rest stays what its constructor made it.
    """
    for parameter in module.parameters():
        if parameter.ndim >= 2:
            bound = (3 / parameter[0].numel()) ** 0.5
            parameter.uniform_(-bound, bound, generator=generator)
    for name, parameter in module.named_parameters():
        if name.rpartition(".")[2].startswith("bias"):
            parameter.zero_()
    for part in module.modules():
        if isinstance(part, torch.nn.LSTM):
            forget = slice(part.hidden_size, 2 * part.hidden_size)
            for layer in range(part.num_layers):
                getattr(part, f"bias_ih_l{layer}")[forget] = 1.0
