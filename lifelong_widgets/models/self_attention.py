"""Self-attention from the newest event to the whole history."""

from __future__ import annotations

import torch

from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.layers import HiddenLayers
from lifelong_widgets.models.past import events_of, missing


class SelfAttention(UserEncoder):
    """A block of SASRec: places learned, attention, a feed-forward network, each with a short cut past it.

    With ``x_t = r_t v_t + p_t`` for the t-th most recent event and ``z = LayerNorm(x)``:
    ``a = x_1 + sum over t of softmax_t(Q z_1 · K z_t / √d) V z_t``, and the user's vector is
    ``a + W h(LayerNorm(a)) + b`` with the hidden layers h. SASRec reads the outcome at the newest event, and
    with a single causal block nothing else of it is ever read: so only that one row of the attention is made,
    which costs the length of the history and not its square.

    W.-C. Kang and J. McAuley, "Self-attentive sequential recommendation", ICDM 2018.

    Example:
        >>> encoder = SelfAttention(embedding_dim=8, hidden_dim=16, history_length=20)
        >>> tuple(encoder(torch.zeros(3, 20, 8), torch.zeros(3, 20)).shape)
        (3, 8)
    """

    def make_layers(self) -> None:
        """See `UserEncoder.make_layers`."""
        self.places = torch.nn.Parameter(torch.zeros(self.history_length, self.embedding_dim))
        self.before_attention = torch.nn.LayerNorm(self.embedding_dim)
        self.query, self.key, self.value = (
            torch.nn.Linear(self.embedding_dim, self.embedding_dim, bias=False) for _ in range(3)
        )
        self.before_hidden = torch.nn.LayerNorm(self.embedding_dim)
        self.hidden = HiddenLayers(self.embedding_dim, self.hidden_dim, self.activation, self.n_hidden_layers)
        self.output = torch.nn.Linear(self.hidden_dim, self.embedding_dim)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """See `UserEncoder.initialise`; places begin small beside the items, which are what matters."""
        super().initialise(generator)
        self.places.mul_(0.1)

    def read(self, inputs: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The users' vectors, (n, embedding_dim); see `UserEncoder.read`."""
        events, n_events = events_of(inputs, rewards)
        behind = missing(events.shape[1], n_events)
        placed = (events + self.places[: events.shape[1]]).masked_fill(behind.unsqueeze(2), 0.0)
        normed = self.before_attention(placed)
        fit = (self.key(normed) @ self.query(normed[:, 0]).unsqueeze(2)).squeeze(2)
        # a row without any event is all zeros, not -inf: its softmax has to be a number before it is dropped
        empty = (n_events == 0).unsqueeze(1)
        fit = (fit * self.embedding_dim**-0.5).masked_fill(behind & ~empty, -torch.inf)
        seen = (fit.softmax(1).unsqueeze(1) @ self.value(normed)).squeeze(1)
        attended = placed[:, 0] + seen.masked_fill(empty, 0.0)
        users: torch.Tensor = attended + self.output(self.hidden(self.before_hidden(attended)))
        return users
