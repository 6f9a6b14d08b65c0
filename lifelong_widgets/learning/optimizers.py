"""The optimizers by name: a rule for the dense parameters, one for the item rows, and the size of a step."""

from __future__ import annotations

from dataclasses import dataclass

from lifelong_widgets.learning.dense_optimizers import (
    DenseAdagrad,
    DenseAdam,
    DenseMomentum,
    DenseOptimizer,
    DenseSGD,
)
from lifelong_widgets.models.row_optimizers import (
    ADAM,
    MOMENTUM_ROWS,
    PLAIN_ROWS,
    ROW_WISE_ADAGRAD,
    RowOptimizer,
)


@dataclass(frozen=True, slots=True)
class Optimizer:
    """How a gradient becomes a step.

    Attributes:
        dense: moves the parameters that every step touches.
        rows: moves the item rows of a batch.
        scale: what the learning rate is multiplied by, so that one number, Adam's, serves all. Adam divides a
            gradient by its usual size, Adagrad by all that it has been, the others by nothing. The factors
            were measured on the beginnings of two logs; a few times more, and the others diverge.
        adaptive: whether a gradient is divided by its size. What divides by nothing begins slowly, since
            first gradients are small: the early stopping of a fit waits for it.
        whole_log: whether a fit takes one step an epoch, by the gradient of the whole log (but for the
            negatives, which are drawn). It then needs some hundred epochs, and bears a rate three times as
            large; ten times as large, it diverged on two logs of six.
    """

    dense: type[DenseOptimizer]
    rows: RowOptimizer
    scale: float = 1.0
    adaptive: bool = True
    whole_log: bool = False


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(DenseAdam, ADAM),
    "adagrad": Optimizer(DenseAdagrad, ROW_WISE_ADAGRAD, scale=10.0),
    "momentum": Optimizer(DenseMomentum, MOMENTUM_ROWS, scale=10.0, adaptive=False),
    "sgd": Optimizer(DenseSGD, PLAIN_ROWS, scale=100.0, adaptive=False),
    "gradient_descent": Optimizer(DenseSGD, PLAIN_ROWS, scale=100.0, adaptive=False, whole_log=True),
}
"""Every optimizer there is, by the name that ``Recommender(catalog, optimizer=…)`` takes."""
