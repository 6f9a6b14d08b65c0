"""Optimizers of the parameters that every step moves, as one stretch of memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.models.row_optimizers import BETA1, BETA2, EPSILON, MOMENTUM

_ALIGNMENT = 16  # numbers: where a parameter begins decides how a matrix product rounds


class DenseOptimizer(ABC):
    """Moves all `parameters` at once: a few operations a step, one copy for what undoes it.

    The parameters become views of one tensor, which holds their values, what the optimizer keeps of each
    number, and the count of steps; `gradients` are views of another one, to be filled in before each `step`.

    Args:
        parameters: float32, all of them moved by every step.
    """

    kept: ClassVar[tuple[str, ...]] = ()
    """What is kept of each number, by the names that torch's own optimizers give it."""

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self._shapes = [parameter.shape for parameter in parameters]
        sizes = [-(-parameter.numel() // _ALIGNMENT) * _ALIGNMENT for parameter in parameters]
        self._starts = [sum(sizes[:place]) for place in range(len(sizes))]
        width, n_stretches = sum(sizes), 1 + len(self.kept)
        self._all = torch.zeros(n_stretches * width + _ALIGNMENT)
        self._values, *self._kept, tail = self._all.split([width] * n_stretches + [_ALIGNMENT])
        self._n_steps = tail[0]
        self._gradient = torch.zeros(width)
        # the same memory: an operation of torch costs more than a loop over so few numbers
        self._numbers, self._slopes = self._all.numpy(), self._gradient.numpy()
        self.gradients = self._views(self._gradient)
        for parameter, values in zip(parameters, self._views(self._values), strict=True):
            values.copy_(parameter.detach())
            parameter.data = values

    def step(self, learning_rate: float) -> None:
        """Move the parameters against `gradients`."""
        self._numbers[-_ALIGNMENT] += 1.0
        self._move(learning_rate)

    @abstractmethod
    def _move(self, learning_rate: float) -> None: ...

    def reach(self, gradients: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """How far `gradients` in the next step would take the parameters, for a learning rate of 1.

        That is what they add to what the step does anyway, and, where there is momentum, to the steps after
        it. Nothing moves.
        """
        flat = torch.zeros_like(self._gradient)
        for view, gradient in zip(self._views(flat), gradients, strict=True):
            view.copy_(gradient)
        return self._views(self._reach(flat))

    @abstractmethod
    def _reach(self, gradient: torch.Tensor) -> torch.Tensor: ...

    def keep(self, spent: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """A copy of values and what is kept for `put_back`, in the memory of `spent` if there is one."""
        if spent is None:
            return self._numbers.copy()
        spent[:] = self._numbers
        return spent

    def put_back(self, kept: NDArray[np.float32]) -> None:
        """Be again, bit for bit, what `keep` has copied."""
        self._numbers[:] = kept

    def get_state(self) -> dict[str, torch.Tensor]:
        """What is kept of each parameter by its place; nothing before the first step."""
        if self._n_steps == 0:
            return {}
        state = {f"{place}.step": self._n_steps.clone() for place in range(len(self._shapes))}
        for name, own in zip(self.kept, self._kept, strict=True):
            state |= {f"{place}.{name}": view.clone() for place, view in enumerate(self._views(own))}
        return state

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take back what was kept.

        Raises:
            FormatError: it is not that of these parameters and this optimizer, or not finite; nothing was
                changed.
        """
        shapes = {
            f"{place}.{name}": torch.Size() if name == "step" else own
            for place, own in enumerate(self._shapes)
            for name in ("step", *self.kept)
        }
        if state and state.keys() != shapes.keys():
            raise FormatError(f"optimizer: there are moments {', '.join(state):.200}")
        for key, tensor in state.items():
            whole = isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float32
            if not whole or tensor.shape != shapes[key] or not torch.isfinite(tensor).all():
                raise FormatError(f"optimizer: {key} must be finite float32 of shape {tuple(shapes[key])}")
        steps = {float(state[key]) for key in state if key.endswith(".step")}
        if len(steps) > 1:
            raise FormatError(f"optimizer: the parameters have had {sorted(steps)} steps, not equally many")
        self._n_steps.fill_(steps.pop() if steps else 0.0)
        for name, own in zip(self.kept, self._kept, strict=True):
            own.zero_()
            for place, view in enumerate(self._views(own) if state else []):
                view.copy_(state[f"{place}.{name}"])

    def _views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        return [
            flat[start : start + shape.numel()].view(shape)
            for start, shape in zip(self._starts, self._shapes, strict=True)
        ]


class DenseAdam(DenseOptimizer):
    """Adam, in one loop a step.

    Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.

    Example:
        >>> parameter = torch.nn.Parameter(torch.ones(3))
        >>> adam = DenseAdam([parameter])
        >>> adam.gradients[0].fill_(2.0)
        tensor([2., 2., 2.])
        >>> adam.step(0.5)
        >>> parameter.data
        tensor([0.5000, 0.5000, 0.5000])
    """

    kept = ("exp_avg", "exp_avg_sq")

    def _move(self, learning_rate: float) -> None:
        _adam(self._numbers, self._slopes, learning_rate)

    def _reach(self, gradient: torch.Tensor) -> torch.Tensor:
        unbias = 1.0 / (1.0 - 0.999 ** (float(self._n_steps) + 1.0))
        second = (0.999 * unbias) * self._kept[1]
        second.addcmul_(gradient, gradient, value=0.001 * unbias)
        reach: torch.Tensor = gradient / second.sqrt_().add_(1e-8)
        return reach  # the steps of its momentum add up to 1


class DenseAdagrad(DenseOptimizer):
    """Adagrad: each number moves by ``g / √(sum of its g² so far)``.

    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12, 2011.
    """

    kept = ("sum",)

    def _move(self, learning_rate: float) -> None:
        (total,) = self._kept
        total.addcmul_(self._gradient, self._gradient)
        self._values.addcdiv_(self._gradient, total.sqrt().add_(1e-8), value=-learning_rate)

    def _reach(self, gradient: torch.Tensor) -> torch.Tensor:
        reach: torch.Tensor = gradient / (self._kept[0] + gradient * gradient).sqrt_().add_(1e-8)
        return reach


class DenseMomentum(DenseOptimizer):
    """Heavy ball, ``v = 0.9 v + g``: B. Polyak, "Some methods of speeding up the convergence of iteration
    methods", 1964.
    """

    kept = ("momentum_buffer",)

    def _move(self, learning_rate: float) -> None:
        (velocity,) = self._kept
        velocity.mul_(MOMENTUM).add_(self._gradient)
        self._values.sub_(velocity, alpha=learning_rate)

    def _reach(self, gradient: torch.Tensor) -> torch.Tensor:
        return gradient / (1.0 - MOMENTUM)


class DenseSGD(DenseOptimizer):
    """The gradient times the learning rate: Robbins and Monro (1951), "A stochastic approximation method"."""

    def _move(self, learning_rate: float) -> None:
        self._values.sub_(self._gradient, alpha=learning_rate)

    def _reach(self, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


@compiled
def _adam(numbers: NDArray[np.float32], gradient: NDArray[np.float32], learning_rate: float) -> None:
    """A step of Adam: values, first and second moments lie one after the other, then the count of steps."""
    width = len(gradient)
    values, first, second = numbers[:width], numbers[width : 2 * width], numbers[2 * width : 3 * width]
    beta1, beta2, n_steps = BETA1, BETA2, np.float64(numbers[3 * width])
    kept1, kept2 = np.float32(beta1), np.float32(beta2)
    new1, new2, least = np.float32(1.0 - beta1), np.float32(1.0 - beta2), np.float32(EPSILON)
    step = np.float32(learning_rate / -np.expm1(n_steps * np.log(beta1)))
    unbias = np.float32(1.0 / -np.expm1(n_steps * np.log(beta2)))
    for place in range(width):
        slope = gradient[place]
        mean = kept1 * first[place] + new1 * slope
        square = kept2 * second[place] + new2 * slope * slope
        first[place], second[place] = mean, square
        values[place] -= step * mean / (np.sqrt(square * unbias) + least)
