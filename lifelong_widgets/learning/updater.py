"""One small step: the new events and some replayed ones, on the rows that they touch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray

from lifelong_widgets.errors import DataError, DivergenceError
from lifelong_widgets.learning.at_items import Gradients
from lifelong_widgets.learning.distillation import Distillation
from lifelong_widgets.learning.elastic import ElasticPenalty
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.learning.negatives import Negatives
from lifelong_widgets.learning.objectives import OBJECTIVES, Objective
from lifelong_widgets.learning.optimizers import OPTIMIZERS
from lifelong_widgets.learning.whole_log import WholeGradient
from lifelong_widgets.models import Network, RowsBefore
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber, unless_built

_STEPS_OF_YOUTH = 300  # after this many, half of the boost of a new item has faded


class Mechanism(Protocol):
    """What makes the gradients of a step differentially private: `privacy.GaussianMechanism`."""

    def gradients(
        self,
        network: Network,
        examples: Examples,
        groups: np.ndarray,
        expected: float,
        negatives: np.ndarray,
        objective: Objective,
        into: Sequence[torch.Tensor],
    ) -> Gradients:
        """Gradients of all rows, and of the dense parameters `into` theirs."""


@dataclass(slots=True)
class StepMark:
    """What `OnlineUpdater.revert` needs: the rows that a step moved and the dense parameters, as they were.

    `dense` is a copy of the dense parameters with what the optimizer keeps of them, `content` is what was
    brought up to date of the content that is learned, and whose turn it was. The copies are made by the step
    that is given the mark. `n_items` is how many there were.
    """

    rows: list[RowsBefore] = field(default_factory=list)
    content: list[tuple[int, np.ndarray, np.ndarray]] = field(default_factory=list)
    dense: NDArray[np.float32] | None = None
    n_items: int = 0


class OnlineUpdater(Part):
    """Takes gradient steps on a network: of the dense parameters, and of the rows of a batch, lazily.

    The cost of a step depends on the batch, not on how many items, people or events there are. Call `build`
    first, and again after the network was built anew.
    """

    learning_rate = FiniteFloat(
        0.0002,
        min=1e-6,
        max=0.1,
        help="How far one event moves the model: Adam's step size, or what comes near it.",
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
    modality_dropout = FiniteFloat(
        0.0,
        min=0.0,
        max=0.9,
        help="How often a modality of the content is left out of a step, so that none is relied on alone.",
    ).tag(config=True, live=True, label="Modality dropout")
    n_negatives = WholeNumber(
        300, min=1, max=100_000, help="How many items are drawn to compare the right one with."
    ).tag(config=True, label="Negatives")
    objective = traitlets.Enum(
        list(OBJECTIVES), default_value="sampled_softmax", help="The loss that steps make smaller."
    ).tag(config=True, label="Objective")
    optimizer = traitlets.Enum(
        list(OPTIMIZERS),
        default_value="adam",
        help="How a gradient becomes a step. gradient_descent fits with one an epoch: it needs epochs=150 "
        "and fit_learning_rate=0.006.",
    ).tag(config=True, label="Optimizer")

    penalty: ElasticPenalty | None = None
    """What draws the parameters back, for the contrast that `evaluation.ElasticLearner` is; never saved."""

    mechanism: Mechanism | None = None
    """What hides what single examples or people contribute, if that is to be private."""

    def build(self, network: Network) -> None:
        """Attach to a network that is built; its dense parameters become views of one stretch of memory."""
        self._network = network
        self._optimizer = OPTIMIZERS[self.optimizer]
        self._dense = self._optimizer.dense(network.dense_parameters())
        network.items.optimize_with(self._optimizer.rows)

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
        among: Negatives | None = None,
        groups: np.ndarray | None = None,
        expected: float = 1.0,
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
            among: what negatives are drawn from, if not from all items.
            groups: (n,), which examples belong together, for the `mechanism`.
            expected: how many groups there were to be, for the same.

        Raises:
            DivergenceError: if the loss is not finite; nothing was changed.
        """
        rate = rate_factor * (self.learning_rate if learning_rate is None else learning_rate)
        if self.mechanism is None:
            found = self._gradients(examples, rng, rate, weights, distillation, objective, among)
        else:
            found = self._private_gradients(self.mechanism, examples, groups, expected, rng, rate)
        if learning_rate is not None and self.mechanism is None:
            found = self._of_the_taken(found, examples.taken)
        if self.penalty is not None:
            self.penalty.add_to(self._network, found, self._dense.gradients)
        if mark is not None:
            if not mark.rows:
                mark.dense = self._dense.keep(mark.dense)
                mark.n_items = len(self._network.items)
            mark.rows.append(self._network.items.room_for(found.indices))
        self._move(found, rate, learning_rate is not None, None if mark is None else mark.rows[-1])
        self._refresh(found.indices, mark)
        return found.losses

    def reach(
        self, gradients: Gradients, dense: Sequence[torch.Tensor]
    ) -> tuple[list[torch.Tensor], NDArray[np.floating]]:
        """How far an online step by these gradients would take the network, against them. Nothing moves.

        By the optimizer's state as it is: what Adam or Adagrad divide by, the size of the step, and the boost
        of new items; with what momentum makes of it in the steps after.

        Args:
            gradients: of the item rows.
            dense: of `Network.dense_parameters`.

        Returns:
            Of each of the dense parameters, and of the rows ``gradients.indices``, (n, embedding_dim).
        """
        items, rate = self._network.items, self.learning_rate * self._optimizer.scale
        rates = self._boost(items.n_updates[gradients.indices]) * rate
        rows = items.reach(gradients.indices, gradients.embeddings)
        return [rate * part for part in self._dense.reach(dense)], rates[:, None] * rows

    @property
    def takes_whole_log(self) -> bool:
        """Whether a fit adds up the gradients of its batches with `gather`, and moves once an epoch."""
        return self._optimizer.whole_log

    @property
    def begins_slowly(self) -> bool:
        """Whether the first steps are small, since nothing divides a gradient by its size."""
        return not self._optimizer.adaptive

    def gather(
        self, examples: Examples, rng: np.random.Generator, whole: WholeGradient | None, share: float
    ) -> tuple[np.ndarray, WholeGradient]:
        """Add `share` times the gradients of a batch to `whole`, without a step; the losses, and the sum.

        Raises:
            DivergenceError: if the loss is not finite.
        """
        found = self._gradients(examples, rng, self.learning_rate)
        items, dense = self._network.items, self._dense.gradients
        whole = whole or WholeGradient(len(items), items.embedding_dim, dense)
        whole.add(found, dense, share, examples.taken)
        return found.losses, whole

    def step_by(self, whole: WholeGradient, learning_rate: float) -> None:
        """Move by what was gathered."""
        for gradient, total in zip(self._dense.gradients, whole.dense, strict=True):
            gradient.copy_(total)
        self._move(self._of_the_taken(whole.total(), whole.taken), learning_rate, fitting=True)
        self._network.refresh()

    def mark(self, spent: StepMark | None = None) -> StepMark:
        """A place to come back to: hand it to each `step` from now on, then to `revert`.

        Costs nothing until a step is taken, and then a copy of the dense parameters and of the rows that the
        step moves. `spent` is a mark that is needed no more, whose memory is used again.
        """
        if spent is None:
            return StepMark()
        spent.rows.clear()
        spent.content.clear()
        return spent

    def revert(self, mark: StepMark) -> None:
        """Take back, bit for bit, every step that `mark` was given to; of several marks the newest first."""
        items, learned = self._network.items, self._network.learned
        for before in reversed(mark.rows):
            items.put_back(before)
        for turn, indices, content in reversed(mark.content):
            if learned is not None:
                learned.turn = turn
                items.write_content(indices, learned.columns, content)
        if mark.rows and mark.dense is not None:
            self._dense.put_back(mark.dense)
            for came in learned.groups_from(mark.n_items) if learned is not None else ():
                self._network.refresh(came)  # they came since, and were read by what is taken back

    def get_state(self) -> dict[str, torch.Tensor]:
        """What the optimizer keeps of the dense parameters, by their place in `Network.dense_parameters`."""
        return self._dense.get_state()

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take that back.

        Raises:
            FormatError: it is not that of this optimizer and network's dense parameters, or not finite.
        """
        self._dense.set_state(state)

    def _gradients(
        self,
        examples: Examples,
        rng: np.random.Generator,
        rate: float,
        weights: np.ndarray | None = None,
        distillation: Distillation | None = None,
        objective: Objective | None = None,
        among: Negatives | None = None,
    ) -> Gradients:
        """Those of a batch; the dense ones are in the optimizer then."""
        if objective is None:
            objective = OBJECTIVES[self.objective]
            among = among or Negatives.all_of(len(self._network.items))
            negatives = among.draw(self.n_negatives, rng)
        else:
            negatives = np.zeros(0, dtype=np.int64)
        with self._network.content.without(self._left_out(rng)):
            found = gradients(
                self._network,
                examples,
                negatives,
                objective,
                self._dense.gradients,
                weights,
                distillation,
                None if among is None else len(among),
            )
        _refuse_unless_finite(found, rate)
        return found

    def _private_gradients(
        self,
        mechanism: Mechanism,
        examples: Examples,
        groups: np.ndarray | None,
        expected: float,
        rng: np.random.Generator,
        rate: float,
    ) -> Gradients:
        """Those of a batch, clipped and with noise, of all rows: that is where the noise has to be."""
        if groups is None or self.penalty is not None:
            raise DataError("a private step is told the groups of its examples, and knows no penalty")
        negatives = Negatives.all_of(len(self._network.items)).draw(self.n_negatives, rng)
        with self._network.content.without(self._left_out(rng)):
            found = mechanism.gradients(
                self._network,
                examples,
                groups,
                expected,
                negatives,
                OBJECTIVES[self.objective],
                self._dense.gradients,
            )
        _refuse_unless_finite(found, rate)
        return found

    def _of_the_taken(self, found: Gradients, taken: np.ndarray) -> Gradients:
        """In a fit: without the rows of items that nobody has taken yet, which stay where they are.

        Whether they were there already a log does not say. As negatives they would only learn that they are
        new, and their content, from which the projection goes on learning, could not say otherwise.
        """
        known = (self._network.items.n_updates[found.indices] > 0) | np.isin(found.indices, taken)
        return replace(found, indices=found.indices[known], embeddings=found.embeddings[known])

    def _move(self, found: Gradients, rate: float, fitting: bool, before: RowsBefore | None = None) -> None:
        items, rate = self._network.items, rate * self._optimizer.scale
        self._dense.step(rate)
        rates = rate if fitting else self._boost(items.n_updates[found.indices]) * rate
        items.step(found.indices, found.embeddings, rates, before)

    def _refresh(self, touched: np.ndarray, mark: StepMark | None) -> None:
        """Bring content that is learned up to date: that of the batch, and some in turn."""
        network = self._network
        if network.learned is None:
            return
        turn, due = network.learned.turn, network.learned.due(touched)
        if mark is not None:
            mark.content.append((turn, due, network.items.content_of(due, network.learned.columns)))
        network.refresh(due)

    def _boost(self, n_updates: np.ndarray) -> np.ndarray:
        """How much faster each row moves: step sizes that decrease with the row's own count of steps.

        ``1 + boost / (1 + t / 300)``, after Robbins and Monro (1951), "A stochastic approximation method": an
        item that has just arrived must find its place in a few events, one that is well known must not be
        thrown about by them.
        """
        boost: np.ndarray = 1 + self.new_item_boost / (1 + n_updates / _STEPS_OF_YOUTH)
        return boost

    def _left_out(self, rng: np.random.Generator) -> list[str]:
        """The modalities that this step does without, never all. Neverova et al. (2016), "ModDrop"."""
        modalities = list(self._network.content.widths)
        if not self.modality_dropout or len(modalities) < 2:
            return []
        out = rng.random(len(modalities)) < self.modality_dropout
        if out.all():
            out[rng.integers(len(modalities))] = False
        return [name for name, dropped in zip(modalities, out, strict=True) if dropped]

    @traitlets.validate("optimizer")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "_network"), "updater")


def _refuse_unless_finite(found: Gradients, rate: float) -> None:
    if not math.isfinite(found.loss):
        raise DivergenceError(
            f"the loss of this step is {found.loss}: nothing was learned from it. "
            f"A smaller learning_rate than {rate:g} usually mends this."
        )
