"""One small step: the new events and some replayed ones, on the rows that they touch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
import traitlets

from lifelong_widgets.errors import DivergenceError
from lifelong_widgets.learning.dense_adam import DenseAdam
from lifelong_widgets.learning.distillation import Distillation
from lifelong_widgets.learning.elastic import ElasticPenalty
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.learning.objectives import OBJECTIVES, Objective
from lifelong_widgets.models import Network
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber

_STEPS_OF_YOUTH = 300  # after this many, half of the boost of a new item has faded


@dataclass(slots=True)
class StepMark:
    """What `OnlineUpdater.revert` needs: the rows that a step moved and the dense parameters, as they were.

    `dense` is a copy of the dense parameters with their moments. The copies are made by the step that is
    given the mark.
    """

    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    dense: torch.Tensor | None = None


class OnlineUpdater(Part):
    """Takes gradient steps on a network: Adam for the dense parameters, lazy Adam for the rows of a batch.

    The cost of a step depends on the batch, not on how many items, people or events there are. Call `build`
    first, and again after the network was built anew.
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

    penalty: ElasticPenalty | None = None
    """What draws the parameters back, for the contrast that `evaluation.ElasticLearner` is; never saved."""

    def build(self, network: Network) -> None:
        """Attach to a network that is built; its dense parameters become views of one stretch of memory."""
        self._network = network
        self._dense = DenseAdam(network.dense_parameters())

    def step(
        self,
        examples: Examples,
        rng: np.random.Generator,
        learning_rate: float | None = None,
        mark: StepMark | None = None,
        weights: np.ndarray | None = None,
        distillation: Distillation | None = None,
        rate_factor: float = 1.0,
        objective: Objective | None = None,
    ) -> np.ndarray:
        """Learn from a batch; returns the loss of each example before the step, (n,), float32.

        Args:
            examples: the batch, new and replayed together.
            rng: draws the negatives.
            learning_rate: of the trainer while it fits, instead of the traits of the online step.
            mark: can then take the step back.
            weights: (n,), float32, how much each example counts in the mean that is made smaller; 1 each.
            distillation: what holds the last examples of the batch to the scores that they once had.
            rate_factor: how many times longer the step is than the learning rate says.
            objective: a loss of the targets alone, for which no negatives are drawn, instead of the trait.

        Raises:
            DivergenceError: if the loss is not finite; nothing was changed.
        """
        items = self._network.items
        if objective is None:
            objective, negatives = OBJECTIVES[self.objective], self._negatives(len(items), rng)
        else:
            negatives = np.zeros(0, dtype=np.int64)
        found = gradients(
            self._network,
            examples,
            negatives,
            objective,
            self._dense.gradients,
            weights,
            distillation,
        )
        rate = rate_factor * (self.learning_rate if learning_rate is None else learning_rate)
        if not math.isfinite(found.loss):
            raise DivergenceError(
                f"the loss of this step is {found.loss}: nothing was learned from it. "
                f"A smaller learning_rate than {rate:g} usually mends this."
            )
        if self.penalty is not None:
            self.penalty.add_to(self._network, found, self._dense.gradients)
        if mark is not None:
            if not mark.rows:
                mark.dense = self._dense.keep(mark.dense)
            mark.rows.append((found.indices, *items.learned(found.indices)))
        self._dense.step(rate)
        fitting = learning_rate is not None
        rates = rate if fitting else self._boost(items.n_updates[found.indices]) * rate
        items.adam_step(found.indices, found.embeddings, rates)
        return found.losses

    def mark(self, spent: StepMark | None = None) -> StepMark:
        """A place to come back to: hand it to each `step` from now on, then to `revert`.

        Costs nothing until a step is taken, and then a copy of the dense parameters and of the rows that the
        step moves. `spent` is a mark that is needed no more, whose memory is used again.
        """
        if spent is None:
            return StepMark()
        spent.rows.clear()
        return spent

    def revert(self, mark: StepMark) -> None:
        """Take back, bit for bit, every step that `mark` was given to; of several marks the newest first."""
        for indices, embeddings, moments in reversed(mark.rows):
            self._network.items.put_back(indices, embeddings, moments)
        if mark.rows and mark.dense is not None:
            self._dense.put_back(mark.dense)

    def get_state(self) -> dict[str, torch.Tensor]:
        """The moments of the dense parameters, by their place in `Network.dense_parameters`."""
        return self._dense.get_state()

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take the moments back.

        Raises:
            FormatError: they are not those of this network's dense parameters, or not finite.
        """
        self._dense.set_state(state)

    def _boost(self, n_updates: np.ndarray) -> np.ndarray:
        """How much faster each row moves: step sizes that decrease with the row's own count of steps.

        ``1 + boost / (1 + t / 300)``, after Robbins and Monro (1951), "A stochastic approximation method": an
        item that has just arrived must find its place in a few events, one that is well known must not be
        thrown about by them.
        """
        boost: np.ndarray = 1 + self.new_item_boost / (1 + n_updates / _STEPS_OF_YOUTH)
        return boost

    def _negatives(self, n_items: int, rng: np.random.Generator) -> np.ndarray:
        if n_items <= self.n_negatives:
            return np.arange(n_items)
        return rng.integers(n_items, size=self.n_negatives)
