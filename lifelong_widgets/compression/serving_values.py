"""The values of items in a copy: a network, and the line that makes values of its scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.live import Live, Values, contexts_of
from lifelong_widgets.compression.methods import Plan
from lifelong_widgets.compression.serving_network import ServingNetwork
from lifelong_widgets.compression.teaching import TuningSteps
from lifelong_widgets.errors import FormatError
from lifelong_widgets.state_file import Tree, count_of

_DESCRIBED = np.zeros(0, dtype=np.int64)  # content does not change here: the scores' network has it, too


class ServingValues:
    """Values as `value.ValueLearner` gives them: ``mean + scale · score``, between bounds.

    Its network is never narrower than the live one, and nothing is fitted to histories.

    Attributes:
        network: gives the scores.
        substitution: how far an item's value stands for that of the list; see `ValueLearner`.
    """

    network: ServingNetwork
    substitution: float
    _n_steps: int
    _line: tuple[float, float, float, float]

    def __init__(self, live: Live, plan: Plan, steps: TuningSteps) -> None:
        plain = Plan(store=plan.store, matrices=plan.matrices, items=plan.items)
        self.network = ServingNetwork(live.value.network, plain, lambda: contexts_of(live), steps)
        self._take_line(live.value)

    def copy_items(self, value: Values, moved: NDArray[np.int64], steps: TuningSteps) -> None:
        """The rows of `moved`, the layers and the line are what they are in `value` now."""
        self.network.copy_items(value.network, moved, _DESCRIBED, steps)
        self.network.encode_dense(value.network, steps)
        self._take_line(value)

    def __call__(
        self, items: NDArray[np.int64], rewards: NDArray[np.float32], person: NDArray[np.float32] | None
    ) -> NDArray[np.float32] | None:
        """The values of every item after one history, (n_items,); None before anything was learned."""
        if not self._n_steps:
            return None
        mean, scale, lowest, highest = self._line
        values = mean + scale * self.network.scores(items, rewards, person)
        bounded: NDArray[np.float32] = np.clip(values, lowest, highest).astype(np.float32)
        return bounded

    def get_state(self) -> Tree:
        """Everything, as a tree of arrays and JSON values."""
        worth = [*self._line, self.substitution]
        return {"values": self.network.get_state(), "worth": worth, "n_value_steps": self._n_steps}

    @classmethod
    def of_state(cls, state: Tree, plan: Plan, n_items: int) -> ServingValues:
        """The values of a state.

        Raises:
            FormatError: it is none, or not of so many items.
            traitlets.TraitError: a size of the network is none.
        """
        made = cls.__new__(cls)
        made.network = ServingNetwork.of_state(state["values"], plan)
        mean, scale, lowest, highest, made.substitution = map(float, state["worth"])
        made._line, made._n_steps = (mean, scale, lowest, highest), count_of(state["n_value_steps"], "steps")
        if len(made.network) != n_items:
            raise FormatError("the values are not of the items")
        if not np.isfinite([*made._line, made.substitution]).all():
            raise FormatError("the values have no line")
        return made

    def _take_line(self, value: Values) -> None:
        self._n_steps, self._line, self.substitution = value.n_steps, value.line, value.substitution
