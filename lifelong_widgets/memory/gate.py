"""The gate: a small network that learns online whom to trust for which item."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.candidates import FEATURES, Candidates
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.states import check_arrays
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber, unless_built
from lifelong_widgets.state_file import count_of

_PRIOR = {
    "forward.share": 0.5,
    "neighbors.share": 1.5,
    "successors.share": 0.5,
    "linear.share": 1.5,
    "network.share": 1.5,
    "network.log_score": 1.0,
    "popularity.3": 0.5,
    "popularity.5": 0.5,
    "repeats.disliked": -2.0,
}
"""Whom a gate trusts that has learned nothing yet: everybody about alike, and nobody's dislikes."""

_BETA_1, _BETA_2 = 0.9, 0.999  # Adam's


class Gate(Part):
    """Scores candidates: ``z_i = w · x_i + v · relu(W x_i + b)``, trained by softmax over the candidates.

    Each event is an example: the candidates for the person as they were before it, among them the item that
    was taken (if it is not there the event teaches the gate nothing). The loss is the cross-entropy, the step
    Adam's, the rate falls from `gate_learning_rate` to three tenths of it within some ten thousand steps. The
    linear weights begin with a prior, so that the first list is sensible.

    Source: stacking, D. Wolpert, "Stacked generalization", Neural Networks 1992, learned prequentially, so
    that every member is judged on what it had not seen; the loss of Z. Cao et al., "Learning to rank: from
    pairwise approach to listwise approach", ICML 2007, for one relevant item.
    """

    gate_learning_rate = FiniteFloat(
        0.003, min=1e-6, max=0.1, help="How fast the gate learns whom to trust (Adam's step size)."
    ).tag(config=True, live=True, scale="log", label="Gate learning rate")
    gate_hidden_dim = WholeNumber(32, min=1, max=1024, help="Width of the hidden layer of the gate.").tag(
        config=True
    )

    def build(self, seed: int) -> None:
        """Make the parameters. Call once before use."""
        rng = np.random.default_rng(seed)
        n, hidden = len(FEATURES), self.gate_hidden_dim
        self._parameters = np.concatenate(
            [
                (rng.standard_normal((n, hidden)) / np.sqrt(n)).ravel(),
                np.zeros(hidden),
                0.1 * rng.standard_normal(hidden) / np.sqrt(hidden),
                np.array([_PRIOR.get(name, 0.0) for name in FEATURES]),
            ]
        ).astype(np.float32)
        self._moments = np.zeros((2, len(self._parameters)), dtype=np.float32)
        self._n_steps = 0

    @property
    def n_steps(self) -> int:
        """How many steps were taken."""
        return self._n_steps

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of each row of features, (n,)."""
        scores: NDArray[np.float32] = self._forward(torch.from_numpy(features))[1].numpy()
        return scores

    def step(
        self, examples: list[tuple[Candidates, int, float]], ledger: Ledger | None = None
    ) -> float | None:
        """Learn from the places at which the items were that were taken; the mean loss, None if no example.

        Args:
            examples: the candidates, the place of the right one among them, and how much the example counts.
            ledger: can then take the step back.
        """
        if not examples:
            return None
        features = torch.from_numpy(np.concatenate([candidates.features for candidates, _, _ in examples]))
        active, scores = self._forward(features)
        gradient = torch.empty_like(scores)
        loss, start = 0.0, 0
        for candidates, place, weight in examples:
            end = start + len(candidates.items)
            logs = torch.log_softmax(scores[start:end], 0)
            loss -= weight * float(logs[place])
            gradient[start:end] = logs.exp_()
            gradient[start + place] -= 1.0
            gradient[start:end] *= weight / len(examples)
            start = end
        output = self._views_of(torch.from_numpy(self._parameters))[2]
        back = gradient[:, None] * output * (active > 0)
        flat = torch.cat(
            [
                (features.T @ back).ravel(),
                back.sum(0),
                gradient @ active,
                gradient @ features,
            ]
        ).numpy()
        if ledger is not None:
            for name in ("_parameters", "_moments", "_n_steps"):
                ledger.keep_all(self, name)
        self._adam(flat)
        return loss / len(examples)

    @property
    def n_bytes(self) -> int:
        """What the parameters take in memory."""
        return self._parameters.nbytes

    def copy(self) -> Gate:
        """An independent copy."""
        twin = Gate(**self.settings())
        twin.build(0)
        twin.set_state(self.get_state())
        return twin

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and a number."""
        return {
            "parameters": self._parameters.copy(),
            "moments": self._moments.copy(),
            "n_steps": self._n_steps,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back.

        Raises:
            FormatError: the arrays are of another shape, or not finite.
        """
        n = len(self._parameters)
        check_arrays("gate", state, parameters=((n,), np.float32, None), moments=((2, n), np.float32, None))
        if state["moments"][1].min() < 0:
            raise FormatError("gate: a second moment is negative")
        self._parameters, self._moments = state["parameters"].copy(), state["moments"].copy()
        self._n_steps = count_of(state["n_steps"], "n_steps")

    def _forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden, bias, output, linear = self._views_of(torch.from_numpy(self._parameters))
        active = torch.addmm(bias, features, hidden).relu_()
        return active, active @ output + features @ linear

    def _views_of(self, flat: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The hidden weights and biases, the output weights and the linear ones."""
        n, hidden = len(FEATURES), self.gate_hidden_dim
        parts = flat.split([n * hidden, hidden, hidden, n])
        return (parts[0].view(n, hidden), *parts[1:])

    def _adam(self, gradient: NDArray[np.float32]) -> None:
        self._n_steps += 1
        first, second = self._moments
        first *= _BETA_1
        first += (1 - _BETA_1) * gradient
        second *= _BETA_2
        second += (1 - _BETA_2) * gradient * gradient
        rate = self.gate_learning_rate * max(0.3, 1.0 / (1.0 + self._n_steps / 20_000))
        unbiased = second / (1 - _BETA_2**self._n_steps)
        self._parameters -= (rate / (1 - _BETA_1**self._n_steps)) * first / (np.sqrt(unbiased) + 1e-8)

    @traitlets.validate("gate_hidden_dim")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "_parameters"), "gate")
