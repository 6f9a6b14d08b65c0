"""One small step: the new events and some replayed ones, on the rows that they touch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import traitlets
from torch.nn import functional

from lifelong_widgets.errors import DivergenceError, FormatError
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.objectives import OBJECTIVES
from lifelong_widgets.models import Network
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber

_STEPS_OF_YOUTH = 300  # after this many, half of the boost of a new item has faded


@dataclass(slots=True)
class StepMark:
    """What `OnlineUpdater.revert` needs: the rows that a step moved and the dense parameters, as they were.

    `dense` holds, for each dense parameter, its values and Adam's three moments; `stepped` says whether there
    were any moments yet. The copies are made by the step that is given the mark.
    """

    rows: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = field(default_factory=list)
    dense: list[tuple[torch.Tensor, ...]] = field(default_factory=list)
    stepped: bool = False


class OnlineUpdater(Part):
    """Takes gradient steps on a network: Adam for the dense parameters, lazy Adam for the rows of a batch.

    The cost of a step depends on the batch, not on how many items, people or events there are. Call `build`
    once: the first torch optimizer of a process takes over a second to make, so it is not left to the first
    click.
    """

    learning_rate = FiniteFloat(
        0.0002, min=1e-6, max=0.1, help="How far one event moves the model (Adam's step size)."
    ).tag(config=True, live=True, scale="log", label="Learning rate")
    replay_ratio = WholeNumber(
        1, min=0, max=64, help="How many past events are learned again beside each new one."
    ).tag(config=True, live=True, label="Replayed per click")
    new_item_boost = FiniteFloat(
        15.0,
        min=0.0,
        max=100.0,
        help="How many times faster than an old item a new one moves at first; it fades with its steps.",
    ).tag(config=True, live=True, label="New item boost")
    n_negatives = WholeNumber(
        300, min=1, max=100_000, help="How many items are drawn to compare the right one with."
    ).tag(config=True, label="Negatives")
    objective = traitlets.Enum(
        list(OBJECTIVES), default_value="sampled_softmax", help="The loss: sampled softmax or BPR."
    ).tag(config=True, label="Objective")

    def build(self, network: Network) -> None:
        """Attach to a network that is built; again after it was built anew."""
        self._network = network
        self._optimizer = torch.optim.Adam(network.dense_parameters(), lr=self.learning_rate, fused=True)

    @torch.enable_grad()  # whatever an interrupted `no_grad` elsewhere has left behind
    def step(
        self,
        examples: Examples,
        rng: np.random.Generator,
        learning_rate: float | None = None,
        mark: StepMark | None = None,
        weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """Learn from a batch; returns the loss of each example before the step, (n,), float32.

        Args:
            examples: the batch, new and replayed together.
            rng: draws the negatives.
            learning_rate: of the trainer while it fits, instead of the traits of the online step.
            mark: can then take the step back.
            weights: (n,), float32, how much each example counts in the mean that is made smaller; 1 each.

        Raises:
            DivergenceError: if the loss is not finite; nothing was changed.
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
        losses = OBJECTIVES[self.objective](
            target_scores, negative_scores, torch.from_numpy(examples.rewards), n_items
        )
        loss = (losses if weights is None else losses * torch.from_numpy(weights)).mean()
        rate = self.learning_rate if learning_rate is None else learning_rate
        value = float(loss.item())
        if not math.isfinite(value):
            raise DivergenceError(
                f"the loss of this step is {value}: nothing was learned from it. "
                f"A smaller learning_rate than {rate:g} usually mends this."
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if mark is not None:
            self._keep(mark)
            mark.rows.append((indices, embeddings.detach().clone(), network.items.moments(indices)))
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()
        assert embeddings.grad is not None
        fitting = learning_rate is not None
        rates = rate if fitting else rate * self._boost(network.items.n_updates[indices])
        network.items.adam_step(indices, embeddings.grad, rates)
        each: np.ndarray = losses.detach().numpy()
        return each

    def mark(self, spent: StepMark | None = None) -> StepMark:
        """A place to come back to: hand it to each `step` from now on, then to `revert`.

        Costs nothing until a step is taken, and then a copy of the dense parameters and of the rows that the
        step moves. `spent` is a mark that is needed no more, whose memory is used again.
        """
        if spent is None:
            return StepMark()
        spent.rows.clear()
        spent.stepped = False
        return spent

    def revert(self, mark: StepMark) -> None:
        """Take back, bit for bit, every step that `mark` was given to; of several marks the newest first."""
        for indices, embeddings, moments in reversed(mark.rows):
            self._network.items.put_back(indices, embeddings, moments)
        if not mark.rows:
            return
        with torch.no_grad():
            for parameter, (values, *olds) in zip(self._dense(), mark.dense, strict=True):
                parameter.copy_(values)
                if mark.stepped:
                    for moment, old in zip(self._moments(parameter), olds, strict=True):
                        moment.copy_(old)
        if not mark.stepped:
            self._optimizer.state.clear()

    def get_state(self) -> dict[str, torch.Tensor]:
        """The moments of the dense parameters, by their place in `Network.dense_parameters`."""
        state = {}
        for place, moments in self._optimizer.state_dict()["state"].items():
            for name, tensor in moments.items():
                state[f"{place}.{name}"] = tensor.detach().clone()
        return state

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take the moments back.

        Raises:
            FormatError: they are not those of this network's dense parameters, or not finite.
        """
        shapes = {
            f"{place}.{name}": shape
            for place, parameter in enumerate(self._dense())
            for name, shape in (
                ("step", torch.Size()),
                ("exp_avg", parameter.shape),
                ("exp_avg_sq", parameter.shape),
            )
        }
        if state and state.keys() != shapes.keys():
            raise FormatError(f"optimizer: there are moments {', '.join(state):.200}")
        for key, tensor in state.items():
            whole = isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float32
            if not whole or tensor.shape != shapes[key] or not torch.isfinite(tensor).all():
                raise FormatError(f"optimizer: {key} must be finite float32 of shape {tuple(shapes[key])}")
        document: dict[str, Any] = self._optimizer.state_dict()
        document["state"] = {}
        for key, tensor in state.items():
            place, name = key.split(".")
            document["state"].setdefault(int(place), {})[name] = tensor.clone()
        self._optimizer.load_state_dict(document)

    def _dense(self) -> list[torch.nn.Parameter]:
        dense: list[torch.nn.Parameter] = self._optimizer.param_groups[0]["params"]
        return dense

    def _moments(self, parameter: torch.nn.Parameter) -> tuple[torch.Tensor, ...]:
        state = self._optimizer.state[parameter]
        return state["step"], state["exp_avg"], state["exp_avg_sq"]

    def _keep(self, mark: StepMark) -> None:
        """Copy the dense parameters and their moments into `mark`, unless an earlier step did."""
        if mark.rows:
            return
        dense = self._dense()
        if not mark.dense:
            mark.dense = [
                (torch.empty_like(p), torch.empty(()), torch.empty_like(p), torch.empty_like(p))
                for p in dense
            ]
        mark.stepped = bool(self._optimizer.state)
        with torch.no_grad():
            for parameter, (values, *moments) in zip(dense, mark.dense, strict=True):
                values.copy_(parameter)
                if mark.stepped:
                    for old, moment in zip(moments, self._moments(parameter), strict=True):
                        old.copy_(moment)

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
