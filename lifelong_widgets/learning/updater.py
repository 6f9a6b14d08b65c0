"""One small step: the new events and some replayed ones, on the rows that they touch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import traitlets
from torch.nn import functional

from lifelong_widgets.errors import LifelongWidgetsError
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.objectives import OBJECTIVES
from lifelong_widgets.models import Network
from lifelong_widgets.parts import FiniteFloat, Part

_STEPS_OF_YOUTH = 300  # after this many, half of the boost of a new item has faded


class OnlineUpdater(Part):
    """Takes gradient steps on a network: Adam for the dense parameters, lazy Adam for the rows of a batch.

    The cost of a step depends on the batch, not on how many items, people or events there are. Call `build`
    once: the first torch optimizer of a process takes over a second to make, so it is not left to the first
    click.
    """

    learning_rate = FiniteFloat(
        0.0002, min=1e-6, max=0.1, help="How far one event moves the model (Adam's step size)."
    ).tag(config=True, live=True, scale="log", label="Learning rate")
    replay_ratio = traitlets.Int(
        1, min=0, max=64, help="How many past events are learned again beside each new one."
    ).tag(config=True, live=True, label="Replayed per click")
    new_item_boost = FiniteFloat(
        15.0,
        min=0.0,
        max=100.0,
        help="How many times faster than an old item a new one moves at first; it fades with its steps.",
    ).tag(config=True, live=True, label="New item boost")
    n_negatives = traitlets.Int(
        300, min=1, max=100_000, help="How many items are drawn to compare the right one with."
    ).tag(config=True, label="Negatives")
    objective = traitlets.Enum(
        list(OBJECTIVES), default_value="sampled_softmax", help="The loss: sampled softmax or BPR."
    ).tag(config=True, label="Objective")

    def build(self, network: Network) -> None:
        """Attach to a network that is built; again after it was built anew."""
        self._network = network
        self._optimizer = torch.optim.Adam(network.dense_parameters(), lr=self.learning_rate, fused=True)

    def step(self, examples: Examples, rng: np.random.Generator, learning_rate: float | None = None) -> float:
        """Learn from a batch; returns its mean loss before the step.

        Args:
            examples: the batch, new and replayed together.
            rng: draws the negatives.
            learning_rate: of the trainer while it fits, instead of the traits of the online step.

        Raises:
            LifelongWidgetsError: if the loss is not finite; nothing was changed.
        """
        network, n = self._network, len(examples)
        n_items = len(network.items)
        negatives = self._negatives(n_items, rng)
        # where there is no event the target stands in: a row that the batch does not need must not move
        past = np.where(examples.history_rewards != 0, examples.history_items, examples.targets[:, None])
        touched, places = np.unique(
            np.concatenate([past.ravel(), examples.targets, negatives]), return_inverse=True
        )
        indices = torch.from_numpy(touched)
        embeddings, content = network.items.gather(indices)
        embeddings = embeddings.contiguous().requires_grad_()

        # `embedding` gathers as indexing does, but its backward pass is several times quicker on a CPU
        vectors = functional.embedding(torch.from_numpy(places), network.item_vectors(embeddings, content))
        history, targets, others = vectors.split([past.size, n, len(negatives)])
        users = network.encoder(
            history.view(n, -1, network.embedding_dim), torch.from_numpy(examples.history_rewards)
        )
        target_scores = (users * targets).sum(-1)
        is_target = torch.from_numpy(negatives == examples.targets[:, None])
        negative_scores = (users @ others.T).masked_fill(is_target, -torch.inf)
        loss = OBJECTIVES[self.objective](
            target_scores, negative_scores, torch.from_numpy(examples.rewards), n_items
        )
        rate = self.learning_rate if learning_rate is None else learning_rate
        value = float(loss.item())
        if not math.isfinite(value):
            raise LifelongWidgetsError(
                f"the loss of this step is {value}: nothing was learned from it. "
                f"A smaller learning_rate than {rate:g} usually mends this."
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()
        assert embeddings.grad is not None
        fitting = learning_rate is not None
        rates = rate if fitting else rate * self._boost(network.items.n_updates[indices])
        network.items.adam_step(indices, embeddings.grad, rates)
        return value

    def get_state(self) -> dict[str, torch.Tensor]:
        """The moments of the dense parameters, by their place in `Network.dense_parameters`."""
        state = {}
        for place, moments in self._optimizer.state_dict()["state"].items():
            for name, tensor in moments.items():
                state[f"{place}.{name}"] = tensor.detach().clone()
        return state

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take the moments back."""
        document: dict[str, Any] = self._optimizer.state_dict()
        document["state"] = {}
        for key, tensor in state.items():
            place, name = key.split(".")
            document["state"].setdefault(int(place), {})[name] = tensor.clone()
        self._optimizer.load_state_dict(document)

    def _boost(self, n_updates: torch.Tensor) -> torch.Tensor:
        """How much faster each row moves: step sizes that decrease with the row's own count of steps.

        ``1 + boost / (1 + t / 300)``, after Robbins and Monro (1951), "A stochastic approximation method": an
        item that has just arrived must find its place in a few events, one that is well known must not be
        thrown about by them.
        """
        return 1 + self.new_item_boost / (1 + n_updates.unsqueeze(1) / _STEPS_OF_YOUTH)

    def _negatives(self, n_items: int, rng: np.random.Generator) -> np.ndarray:
        if n_items <= self.n_negatives:
            return np.arange(n_items)
        return rng.integers(n_items, size=self.n_negatives)
