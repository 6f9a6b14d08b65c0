"""Scoring heads: what makes a number of a person's vector and an item's."""

from __future__ import annotations

from abc import abstractmethod

import torch

from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.layers import HiddenLayers, initialise
from lifelong_widgets.models.recurrent import LSTMState


class ScoringHead(torch.nn.Module):
    """Scores n people × m items. Built as ``Head(encoder, hidden_dim, activation, n_hidden_layers)``.

    A score is a logit: its sigmoid is the chance of a click where the loss is the binary cross-entropy. A
    head may hold a part of its encoder, which is then learned through both.
    """

    n_numbers: int
    """How many numbers one pair takes while it is scored: work is cut so that they fit the memory."""

    def __init__(
        self, encoder: UserEncoder, hidden_dim: int, activation: str = "gelu", n_hidden_layers: int = 1
    ) -> None:
        super().__init__()

    def initialise(self, generator: torch.Generator) -> None:
        """First values of what is the head's own; see `layers.initialise`."""
        initialise(self, generator)

    @abstractmethod
    def forward(self, users: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        """The scores, (n, m), differentiable.

        Args:
            users: (n, user_dim), what the encoder gives.
            vectors: (m, embedding_dim), items that all are scored with; or (n, m, embedding_dim), m for each.
        """


class Product(ScoringHead):
    """``score = u · v``. `Network` has a way of its own for it, on which item vectors are never made.

    Example:
        >>> from lifelong_widgets.models.decayed_mlp import DecayedMLP
        >>> head = Product(DecayedMLP(2, 4, 5), hidden_dim=4)
        >>> head(torch.ones(1, 2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor([[3., 7.]])
    """

    n_numbers = 1

    def tower(self, vectors: torch.Tensor) -> torch.Tensor:
        """What a person's vector is multiplied with, (…, embedding_dim)."""
        return vectors

    def forward(self, users: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        """See `ScoringHead.forward`."""
        items = self.tower(vectors)
        return users @ items.T if items.ndim == 2 else (items @ users.unsqueeze(2)).squeeze(2)


class TwoTower(Product):
    """``score = u · (s v + W h(v) + b)``: hidden layers on the item's side too, and a short cut past them.

    The short cut s, which is learned, begins at 1, as that of `DecayedMLP` does on the user's side.

    P. Covington, J. Adams and E. Sargin, "Deep neural networks for YouTube recommendations", RecSys 2016; X.
    Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019.
    """

    def __init__(
        self, encoder: UserEncoder, hidden_dim: int, activation: str = "gelu", n_hidden_layers: int = 1
    ) -> None:
        super().__init__(encoder, hidden_dim, activation, n_hidden_layers)
        self.short_cut = torch.nn.Parameter(torch.ones(1))
        self.hidden = HiddenLayers(encoder.embedding_dim, hidden_dim, activation, n_hidden_layers)
        self.output = torch.nn.Linear(hidden_dim, encoder.embedding_dim)

    def tower(self, vectors: torch.Tensor) -> torch.Tensor:
        """See `Product.tower`."""
        items: torch.Tensor = self.output(self.hidden(vectors)) + self.short_cut * vectors
        return items


class PairHead(ScoringHead):
    """A head that reads every pair through hidden units, ``score = w · h(u, v) + b``."""

    output: torch.nn.Linear

    @abstractmethod
    def hidden(self, users: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        """What the last layer sees, (n, m, n_units); see `ScoringHead.forward`."""

    def forward(self, users: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        """See `ScoringHead.forward`."""
        scores: torch.Tensor = self.output(self.hidden(users, vectors)).squeeze(2)
        return scores


class MLPRanker(PairHead):
    """Hidden layers on ``[u, v, u ∘ v]``, and a linear one for the score.

    The first layer is a sum of three, of which those of *u* and of *v* are made once for each person and each
    item, not once a pair.

    X. He et al., "Neural collaborative filtering", WWW 2017, with the product beside the vectors, which an
    MLP learns badly by itself: S. Rendle, W. Krichene, L. Zhang and J. Anderson, "Neural collaborative
    filtering vs. matrix factorization revisited", RecSys 2020.

    Example:
        >>> from lifelong_widgets.models.decayed_mlp import DecayedMLP
        >>> head = MLPRanker(DecayedMLP(2, 4, 5), hidden_dim=4, n_hidden_layers=2)
        >>> tuple(head(torch.ones(7, 2), torch.ones(3, 2)).shape)
        (7, 3)
    """

    def __init__(
        self, encoder: UserEncoder, hidden_dim: int, activation: str = "gelu", n_hidden_layers: int = 1
    ) -> None:
        super().__init__(encoder, hidden_dim, activation, n_hidden_layers)
        self.layers = HiddenLayers(3 * encoder.embedding_dim, hidden_dim, activation, n_hidden_layers)
        self.output = torch.nn.Linear(hidden_dim, 1)
        self.n_numbers = encoder.embedding_dim + 2 * hidden_dim

    def hidden(self, users: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        """See `PairHead.hidden`."""
        first, *others = self.layers
        assert isinstance(first, torch.nn.Linear)
        of_user, of_item, of_product = first.weight.split(users.shape[1], dim=1)
        own = users.unsqueeze(1)
        pairs = (own * vectors) @ of_product.T
        pairs = pairs + (own @ of_user.T + first.bias) + vectors @ of_item.T
        units: torch.Tensor = self.layers.activation(pairs)
        for layer in others:
            units = self.layers.activation(layer(units))
        return units


class ClickLSTM(PairHead):
    """``Embedding → LSTM → Dense(sigmoid)``: the LSTM that has read the history reads the item as its last.

    From the state (h, c) after the history, one step of the same cell on *v* gives the units whose weighted
    sum is the logit of a click. What the cell makes of *h* is made once for each person, and what it makes of
    *v* once for each item.

    The click model of the text from which this project was made; LSTM: S. Hochreiter and J. Schmidhuber,
    "Long short-term memory", Neural Computation 9(8), 1997.

    Raises:
        TypeError: the encoder is not an `LSTMState`.
    """

    def __init__(
        self, encoder: UserEncoder, hidden_dim: int, activation: str = "gelu", n_hidden_layers: int = 1
    ) -> None:
        super().__init__(encoder, hidden_dim, activation, n_hidden_layers)
        if not isinstance(encoder, LSTMState):
            raise TypeError(f"a ClickLSTM goes on from an LSTMState, not from a {type(encoder).__name__}")
        self.recurrent = encoder.recurrent
        self.output = torch.nn.Linear(hidden_dim, 1)
        self.n_numbers = 9 * hidden_dim

    def initialise(self, generator: torch.Generator) -> None:
        """See `ScoringHead.initialise`; the LSTM is the encoder's."""
        initialise(self.output, generator)

    def hidden(self, users: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        """See `PairHead.hidden`."""
        of_input, of_state, input_bias, state_bias = self.recurrent.all_weights[0]
        shown, remembered = users.unsqueeze(1).chunk(2, dim=2)
        gates = (shown @ of_state.T + (input_bias + state_bias)) + vectors @ of_input.T
        take, keep, new, show = gates.chunk(4, dim=2)
        cell = torch.sigmoid(keep) * remembered + torch.sigmoid(take) * torch.tanh(new)
        return torch.sigmoid(show) * torch.tanh(cell)
