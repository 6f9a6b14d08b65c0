"""Adam for the parameters that every step moves, as one stretch of memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lifelong_widgets.errors import FormatError

_ALIGNMENT = 16  # numbers: where a parameter begins decides how a matrix product rounds


class DenseAdam:
    """Adam on all `parameters` at once: one fused operation a step, one copy for what undoes it.

    The parameters become views of one tensor, which holds their values, both moments and the count of steps;
    `gradients` are views of another one, to be filled in before each `step`. Kingma and Ba (2015), "Adam: a
    method for stochastic optimization", algorithm 1.

    Args:
        parameters: float32, all of them moved by every step.

    Example:
        >>> parameter = torch.nn.Parameter(torch.ones(3))
        >>> adam = DenseAdam([parameter])
        >>> adam.gradients[0].fill_(2.0)
        tensor([2., 2., 2.])
        >>> adam.step(0.5)
        >>> parameter.data
        tensor([0.5000, 0.5000, 0.5000])
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self._shapes = [parameter.shape for parameter in parameters]
        sizes = [-(-parameter.numel() // _ALIGNMENT) * _ALIGNMENT for parameter in parameters]
        self._starts = [sum(sizes[:place]) for place in range(len(sizes))]
        width = sum(sizes)
        self._all = torch.zeros(3 * width + _ALIGNMENT)
        self._values, self._first, self._second, tail = self._all.split([width] * 3 + [_ALIGNMENT])
        self._n_steps = tail[0]
        self._gradient = torch.zeros(width)
        self.gradients = self._views(self._gradient)
        for parameter, values in zip(parameters, self._views(self._values), strict=True):
            values.copy_(parameter.detach())
            parameter.data = values

    def step(self, learning_rate: float) -> None:
        """Move the parameters against `gradients`."""
        self._n_steps.add_(1)
        torch._fused_adam_(
            [self._values], [self._gradient], [self._first], [self._second], [], [self._n_steps],
            lr=learning_rate, beta1=0.9, beta2=0.999, weight_decay=0.0, eps=1e-8,
            amsgrad=False, maximize=False,
        )  # fmt: skip

    def keep(self, spent: torch.Tensor | None = None) -> torch.Tensor:
        """A copy of values and moments for `put_back`, in the memory of `spent` if there is one."""
        return self._all.clone() if spent is None else spent.copy_(self._all)

    def put_back(self, kept: torch.Tensor) -> None:
        """Be again, bit for bit, what `keep` has copied."""
        self._all.copy_(kept)

    def get_state(self) -> dict[str, torch.Tensor]:
        """The moments of each parameter by its place; nothing before the first step."""
        if self._n_steps == 0:
            return {}
        state = {}
        moments = zip(self._views(self._first), self._views(self._second), strict=True)
        for place, (first, second) in enumerate(moments):
            state[f"{place}.step"] = self._n_steps.clone()
            state[f"{place}.exp_avg"] = first.clone()
            state[f"{place}.exp_avg_sq"] = second.clone()
        return state

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take the moments back.

        Raises:
            FormatError: they are not those of these parameters, or not finite; nothing was changed.
        """
        shapes = {
            f"{place}.{name}": shape
            for place, own in enumerate(self._shapes)
            for name, shape in (("step", torch.Size()), ("exp_avg", own), ("exp_avg_sq", own))
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
        for name, own in (("exp_avg", self._first), ("exp_avg_sq", self._second)):
            own.zero_()
            for place, view in enumerate(self._views(own) if state else []):
                view.copy_(state[f"{place}.{name}"])

    def _views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        return [
            flat[start : start + shape.numel()].view(shape)
            for start, shape in zip(self._starts, self._shapes, strict=True)
        ]
