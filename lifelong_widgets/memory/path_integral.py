"""What each feature adds to a score of the gate: integrated gradients, in closed form."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Attributions:
    """What the gate's scores of n items are made of, which adds up to them.

    Attributes:
        baseline: the score of an item of which nobody has anything to say.
        features: (n, len(FEATURES)), what each feature adds to that by the two networks of the gate.
        bias: (n,), of the items.
        personal_baseline: what the person's own weights add to the baseline.
        personal: (n, len(FEATURES)), what they add for each feature.
    """

    baseline: float
    features: Floats
    bias: Floats
    personal_baseline: float
    personal: Floats

    def of(self, which: slice) -> Attributions:
        """Those of some of the items."""
        return replace(
            self, features=self.features[which], bias=self.bias[which], personal=self.personal[which]
        )


def integrated_gradients(
    parameters: NDArray[np.float32], hidden_dim: int, features: NDArray[np.float32], baseline: Floats
) -> tuple[Floats, float]:
    """How much each feature adds, (n, n_features), to the score of the `baseline`, which comes second.

    Along the straight path from the baseline x' to x, the input of a hidden unit goes from ``a = W x' + b``
    to ``a + d`` on a line, so that a rectifier is on for the share ``m = (relu(a + d) - relu(a)) / d`` of
    the path. The integral of the gradient is exact, without steps::

        added_k = (x_k - x'_k) · (w_k + Σ_u v_u W_uk m_u),   Σ_k added_k = f(x) - f(x')

    Source: M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML 2017. With
    one hidden layer it is the rescale rule of A. Shrikumar, P. Greenside and A. Kundaje, "Learning important
    features through propagating activation differences", ICML 2017.

    Args:
        parameters: of the gate; see `Gate`.
        hidden_dim: how many hidden units there are.
        features: (n, n_features).
        baseline: (n_features,).

    >>> one_unit = np.array([1, 1, -1, 2, 0, 0], dtype=np.float32)  # 2 relu(x + y - 1)
    >>> integrated_gradients(one_unit, 1, np.array([[3, 1]], dtype=np.float32), np.zeros(2))
    (array([[4.5, 1.5]]), 0.0)
    """
    width = features.shape[1]
    numbers = parameters.astype(np.float64)
    weights, rest = numbers[: width * hidden_dim].reshape(width, hidden_dim), numbers[width * hidden_dim :]
    bias, output, linear = rest[:hidden_dim], rest[hidden_dim : 2 * hidden_dim], rest[2 * hidden_dim :]
    steps = features - baseline
    start = baseline @ weights + bias
    along = steps @ weights
    gained = np.maximum(start + along, 0.0) - np.maximum(start, 0.0)
    on = np.broadcast_to(start > 0, along.shape).astype(np.float64)
    np.divide(gained, along, out=on, where=along != 0)
    added = steps * (linear + (on * output) @ weights.T)
    return added, float(np.maximum(start, 0.0) @ output + baseline @ linear)
