"""Elastic weight consolidation: what mattered for the past is held where it was, by a spring each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lifelong_widgets.errors import DataError, DivergenceError
from lifelong_widgets.learning.at_items import Gradients
from lifelong_widgets.learning.examples import Examples
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.learning.objectives import Objective
from lifelong_widgets.models import Network


@dataclass(frozen=True, slots=True)
class _Springs:
    """Of one stretch of parameters: how much each mattered, and where it stood when that was asked."""

    fisher: torch.Tensor
    anchor: torch.Tensor


class ElasticPenalty:
    """``strength / 2 · Σ_i F_i (θ_i - θ*_i)²`` on a network's dense parameters and item embeddings.

    θ* is where the parameters stood at the last `consolidate`, and F the diagonal of the empirical Fisher
    information: the mean over examples of the squared gradient of the loss of each, summed over the
    consolidations, of which each older one counts `decay` times the next (online EWC; 1 keeps all in full).
    Before the first `consolidate` there is no penalty. Items that came later have none until the next one.

    Sources: J. Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017; one
    anchor for all tasks and the decay: J. Schwarz et al., "Progress & compress: a scalable framework for
    continual learning", ICML 2018 (who normalise F; here it is not).

    Args:
        strength: λ, from 0 to 1e9 (far above, the squares that Adam keeps would overflow).
        decay: gamma of online EWC, in [0, 1].

    Raises:
        DataError: a number out of range.

    >>> ElasticPenalty(strength=-1)
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: strength is -1; it must be a number from 0 to 1e+09
    """

    def __init__(self, strength: float, decay: float = 1.0) -> None:
        for name, value, top in (("strength", strength, 1e9), ("decay", decay, 1.0)):
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not 0 <= value <= top:
                raise DataError(f"{name} is {value!r:.80}; it must be a number from 0 to {top:g}")
        self.strength, self.decay = float(strength), float(decay)
        self._dense: list[_Springs] = []
        self._items = _Springs(torch.zeros(0), torch.zeros(0))

    @torch.no_grad()
    def consolidate(self, network: Network, examples: Examples, objective: Objective) -> None:
        """Hold the parameters where they are now, each as fast as `examples` say that it matters.

        Every example is held against all items, so nothing is drawn; it costs a pass of the network for each.

        Args:
            network: is read only.
            examples: of the slice that has ended; at least one.
            objective: the loss that was made smaller.

        Raises:
            DataError: no examples; nothing was changed.
        """
        if not len(examples):
            raise DataError("nothing to consolidate: no example was learned since the last time")
        parameters = [parameter.detach() for parameter in network.dense_parameters()]
        items = network.items.embeddings
        into = [torch.empty_like(parameter) for parameter in parameters]
        dense = [torch.zeros_like(parameter) for parameter in parameters]
        rows = torch.zeros_like(items)
        everything = np.arange(len(network.items))
        for place in range(len(examples)):
            found = gradients(network, examples[place : place + 1], everything, objective, into)
            for fisher, gradient in zip(dense, into, strict=True):
                fisher.addcmul_(gradient, gradient, value=1 / len(examples))
            rows.numpy()[found.indices] += found.embeddings**2 / len(examples)
        if self._dense:
            for fisher, old in zip(dense, self._dense, strict=True):
                fisher.add_(old.fisher, alpha=self.decay)
            rows[: len(self._items.fisher)].add_(self._items.fisher, alpha=self.decay)
        self._dense = [_Springs(*pair) for pair in zip(dense, map(torch.clone, parameters), strict=True)]
        self._items = _Springs(rows, items.clone())

    @torch.no_grad()
    def value(self, network: Network) -> float:
        """What the penalty adds to the loss at this moment, all items counted."""
        if not self._dense:
            return 0.0
        held = [*self._dense, self._items]
        now = [*network.dense_parameters(), network.items.embeddings[: len(self._items.anchor)]]
        pairs = zip(held, now, strict=True)
        total = sum(float((s.fisher * (values - s.anchor).square()).sum()) for s, values in pairs)
        return self.strength / 2 * total

    @torch.no_grad()
    def add_to(self, network: Network, found: Gradients, of_dense: Sequence[torch.Tensor]) -> None:
        """Add its gradients to those of a batch, in place: to the dense ones, and to the rows it touches.

        A row that is not in the batch does not move in this step, and so is not drawn back by it either.

        Raises:
            DivergenceError: a gradient is not finite; the parameters were not changed.
        """
        if not self._dense or not self.strength:
            return
        for springs, parameter, gradient in zip(
            self._dense, network.dense_parameters(), of_dense, strict=True
        ):
            gradient.addcmul_(springs.fisher, parameter - springs.anchor, value=self.strength)
        held = found.indices < len(self._items.anchor)
        rows = found.indices[held]
        moved = network.items.embeddings.numpy()[rows] - self._items.anchor.numpy()[rows]
        found.embeddings[held] += self.strength * self._items.fisher.numpy()[rows] * moved
        if not all(torch.isfinite(part).all() for part in (*of_dense, torch.from_numpy(found.embeddings))):
            raise DivergenceError(
                f"the pull back to the past is not finite: nothing was learned from this step. "
                f"A smaller strength than {self.strength:g} mends this."
            )
