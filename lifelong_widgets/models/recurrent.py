"""User encoders that read a history from its oldest event to its newest: LSTM and GRU."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch.nn.utils.rnn import pack_padded_sequence

from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.past import events_of


class _Recurrent(UserEncoder):
    """``h_t = cell(r_t v_t, h_{t-1})`` from the oldest event on; the user's vector is ``W h_T + b``."""

    kind: ClassVar[type[torch.nn.LSTM | torch.nn.GRU]]

    def make_layers(self) -> None:
        """See `UserEncoder.make_layers`."""
        self.recurrent = self.kind(self.embedding_dim, self.hidden_dim, batch_first=True)
        self.output = torch.nn.Linear(self.hidden_dim, self.embedding_dim)

    def read(self, inputs: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The users' vectors, (n, embedding_dim); see `UserEncoder.read`."""
        users: torch.Tensor = self.output(last_state(self.recurrent, inputs, rewards)[0])
        return users


class LSTM(_Recurrent):
    """A long short-term memory over the history, and a dense layer of its last state.

    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997. It has no
    dense hidden layer: `activation` and `n_hidden_layers` say nothing to it.

    Example:
        >>> encoder = LSTM(embedding_dim=8, hidden_dim=16, history_length=20)
        >>> tuple(encoder(torch.zeros(3, 20, 8), torch.zeros(3, 20)).shape)
        (3, 8)
    """

    kind = torch.nn.LSTM


class GRU(_Recurrent):
    """Gated recurrent units over the history, and a dense layer of their last state, as in GRU4Rec.

    B. Hidasi, A. Karatzoglou, L. Baltrunas and D. Tikk, "Session-based recommendations with recurrent neural
    networks", ICLR 2016. It has no dense hidden layer: `activation` and `n_hidden_layers` say nothing to it.

    Example:
        >>> encoder = GRU(embedding_dim=8, hidden_dim=16, history_length=20)
        >>> tuple(encoder(torch.zeros(3, 20, 8), torch.zeros(3, 20)).shape)
        (3, 8)
    """

    kind = torch.nn.GRU


class LSTMState(UserEncoder):
    """The state ``[h | c]`` in which an LSTM is after the history, from which `ClickLSTM` goes on.

    Example:
        >>> encoder = LSTMState(embedding_dim=8, hidden_dim=16, history_length=20)
        >>> tuple(encoder(torch.zeros(3, 20, 8), torch.zeros(3, 20)).shape)
        (3, 32)
    """

    def make_layers(self) -> None:
        """See `UserEncoder.make_layers`."""
        self.recurrent = torch.nn.LSTM(self.embedding_dim, self.hidden_dim, batch_first=True)

    @property
    def user_dim(self) -> int:
        """Two numbers for each unit: what it shows, and what it remembers."""
        return 2 * self.hidden_dim

    def read(self, inputs: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The states, (n, 2 · hidden_dim); see `UserEncoder.read`."""
        return torch.cat(last_state(self.recurrent, inputs, rewards), dim=1)


def last_state(
    recurrent: torch.nn.LSTM | torch.nn.GRU, vectors: torch.Tensor, rewards: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """What a layer remembers of histories: (n, hidden_dim), twice for an LSTM; 0 where there is no event."""
    events, n_events = events_of(vectors, rewards, oldest_first=True)
    packed = pack_padded_sequence(events, n_events.clamp(min=1), batch_first=True, enforce_sorted=False)
    states = recurrent(packed)[1]
    empty = (n_events == 0).unsqueeze(1)
    return tuple(
        state[-1].masked_fill(empty, 0.0) for state in (states if isinstance(states, tuple) else (states,))
    )
