"""A convolution over the history, and the maximum over its places."""

from __future__ import annotations

import torch

from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.layers import ACTIVATIONS, HiddenLayers
from lifelong_widgets.models.past import events_of, missing

_WINDOW = 3  # events


class CNN(UserEncoder):
    """Filters over windows of three events, of each the maximum over the history, and dense layers.

    ``h_1 = max over t of σ(K [x_{t-1} x_t x_{t+1}] + b)`` with ``x_t = r_t v_t``, then the further hidden
    layers, and the user's vector is ``W h + b``. Where an event stands matters within a window only.

    Y. Kim, "Convolutional neural networks for sentence classification", EMNLP 2014; on histories: J. Tang and
    K. Wang, "Personalized top-N sequential recommendation via convolutional sequence embedding", WSDM 2018.

    Example:
        >>> encoder = CNN(embedding_dim=8, hidden_dim=16, history_length=20)
        >>> tuple(encoder(torch.zeros(3, 20, 8), torch.zeros(3, 20)).shape)
        (3, 8)
    """

    def make_layers(self) -> None:
        """See `UserEncoder.make_layers`."""
        self.filters = torch.nn.Conv1d(self.embedding_dim, self.hidden_dim, _WINDOW, padding=_WINDOW // 2)
        self.hidden = HiddenLayers(
            self.hidden_dim, self.hidden_dim, self.activation, self.n_hidden_layers - 1
        )
        self.output = torch.nn.Linear(self.hidden_dim, self.embedding_dim)

    def read(self, inputs: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The users' vectors, (n, embedding_dim); see `UserEncoder.read`."""
        events, n_events = events_of(inputs, rewards)
        found = ACTIVATIONS[self.activation](self.filters(events.transpose(1, 2)))
        found = found.masked_fill(missing(events.shape[1], n_events).unsqueeze(1), -torch.inf).amax(2)
        found = found.masked_fill((n_events == 0).unsqueeze(1), 0.0)
        users: torch.Tensor = self.output(self.hidden(found))
        return users
