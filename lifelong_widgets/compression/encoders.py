"""Narrower user encoders: fewer hidden units, or a small encoder that a large one has taught."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compression.methods import Distill, Neurons
from lifelong_widgets.compression.teaching import TuningSteps, teach
from lifelong_widgets.errors import DataError
from lifelong_widgets.models import Network, ScoringHead, UserEncoder
from lifelong_widgets.models.decayed_mlp import DecayedMLP
from lifelong_widgets.models.layers import ACTIVATIONS
from lifelong_widgets.models.registry import MODELS

_RIDGE = 1e-3
FIRST_STEPS, _LATER_STEPS, _RATE = 300, 20, 3e-3


@dataclass(frozen=True, slots=True)
class Contexts:
    """Histories that were learned from, to teach an encoder with.

    Attributes:
        items: (n, history_length), int64.
        rewards: (n, history_length), float32.
    """

    items: NDArray[np.int64]
    rewards: NDArray[np.float32]


class Modules(torch.nn.Module):
    """A user encoder and the head that goes with it. Both may hold a part, which is one part then."""

    def __init__(self, encoder: UserEncoder, head: ScoringHead) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, history: torch.Tensor, rewards: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """The scores, (n, m), of items whose vectors are given, as those of the histories are."""
        scores: torch.Tensor = self.head(self.encoder(history, rewards), items)
        return scores


def modules_of(network: Network, hidden_dim: int | None = None) -> Modules:
    """An encoder, of another width if that is given, and a head, like those of `network`, without values."""
    model, layers = MODELS[network.model], (network.activation, network.n_hidden_layers)
    width = network.hidden_dim if hidden_dim is None else hidden_dim
    encoder: UserEncoder = model.encoder(network.embedding_dim, width, network.history_length, *layers)
    head: ScoringHead = model.head(encoder, network.hidden_dim, *layers)
    return Modules(encoder, head).requires_grad_(False)


def width_of(network: Network, how: Neurons | Distill | None) -> int:
    """How many hidden units the encoder has then.

    Raises:
        DataError: this cannot be done to the model.
    """
    if how is None:
        return network.hidden_dim
    if isinstance(how, Neurons):
        if not isinstance(network.encoder, DecayedMLP) or network.n_hidden_layers != 1:
            raise DataError(
                f"{how}: the user encoder of {network.model} is not one hidden layer of which units could be "
                "left out; distill makes a narrower one"
            )
        return max(1, round(how.density * network.hidden_dim))
    if network.encoder.user_dim != network.embedding_dim:
        raise DataError(
            f"{how}: the head of {network.model} reads the encoder's own units, so its width is fixed"
        )
    return min(how.hidden_dim, network.hidden_dim)


@torch.no_grad()
def narrow(
    network: Network,
    how: Neurons | Distill,
    contexts: Contexts,
    steps: TuningSteps,
    before: Modules | None = None,
) -> Modules:
    """A narrower encoder that says of `contexts` nearly what that of `network` says; and the head.

    Source: G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015; of the
    users' vectors rather than of scores, since all scores are products of these.

    Args:
        network: the live one.
        how: by what method.
        contexts: replayed.
        steps: told of each.
        before: what was made of the network as it was a little while ago, to go on from.

    Raises:
        DataError: there are no contexts, or this cannot be done to the model.
    """
    width = width_of(network, how)
    if not len(contexts.items):
        raise DataError(f"{how} needs contexts to learn from, and the replay buffer is empty")
    made = modules_of(network, width)
    made.head.load_state_dict(network.head.state_dict())
    inputs = torch.from_numpy(network.inputs(contexts.items, contexts.rewards).vectors)
    rewards = torch.from_numpy(contexts.rewards)
    wanted = network.encoder.read(inputs, rewards)
    live, encoder = network.encoder, made.encoder
    units = isinstance(live, DecayedMLP) and isinstance(encoder, DecayedMLP) and network.n_hidden_layers == 1
    if units and (isinstance(how, Neurons) or before is None):
        assert isinstance(live, DecayedMLP) and isinstance(encoder, DecayedMLP)
        _keep_units(live, encoder, inputs, width)
        _fit_output(encoder, inputs, wanted)
        if isinstance(how, Neurons):
            return made
    elif before is not None:
        encoder.load_state_dict(before.encoder.state_dict())
    else:
        encoder.initialise(torch.Generator().manual_seed(0))

    def loss(batch: torch.Tensor, _: torch.Generator) -> torch.Tensor:
        return (encoder.read(inputs[batch], rewards[batch]) - wanted[batch]).square().mean()

    n_steps = FIRST_STEPS if before is None else _LATER_STEPS
    teach(list(encoder.parameters()), loss, len(inputs), n_steps, _RATE, steps)
    return made


def _keep_units(live: DecayedMLP, into: DecayedMLP, inputs: torch.Tensor, width: int) -> None:
    """The units whose say varies most: how much they do, times the size of what they are multiplied by."""
    active = ACTIVATIONS[live.activation](live.hidden(inputs.flatten(1)))
    says = active.std(0, correction=0) * live.output.weight.norm(dim=0)
    kept = torch.sort(torch.argsort(says, descending=True, stable=True)[:width])[0]
    into.hidden.weight.copy_(live.hidden.weight[kept])
    into.hidden.bias.copy_(live.hidden.bias[kept])
    into.output.weight.copy_(live.output.weight[:, kept])
    into.output.bias.copy_(live.output.bias)
    into.short_cut.copy_(live.short_cut)


def _fit_output(encoder: DecayedMLP, inputs: torch.Tensor, wanted: torch.Tensor) -> None:
    """The last layer again, by ridge regression: what is left makes up for what is gone."""
    hidden = ACTIVATIONS[encoder.activation](encoder.hidden(inputs.flatten(1)))
    missing = wanted - encoder.output(hidden) - encoder.short_cut @ inputs
    known = torch.cat([hidden, torch.ones(len(hidden), 1)], 1).double()
    gram = known.T @ known
    gram += _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
    change = torch.linalg.solve(gram, known.T @ missing.double()).float()
    encoder.output.weight.add_(change[:-1].T)
    encoder.output.bias.add_(change[-1])
