"""Steps of Adam on replayed contexts: how a part of a copy is taught what the live model says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from lifelong_widgets.progress import Progress, ProgressCallback, Stop, held_interrupts, track

_BATCH = 128


class TuningSteps:
    """Counts the steps by which a copy is taught, and says when to stop: one for all that is taught.

    Attributes:
        stopped: whether some of them were left out.

    >>> steps = TuningSteps()
    >>> steps.go_on(), steps.stopped
    (True, False)
    """

    def __init__(self, bar: Progress | None = None, interrupt: threading.Event | None = None) -> None:
        self._bar, self._interrupt = bar, interrupt
        self.stopped = False

    def go_on(self) -> bool:
        """A step is about to be taken; False from the first Ctrl-C or `Stop` of a progress callback on."""
        if self._interrupt is not None and self._interrupt.is_set():
            self.stopped = True
        if not self.stopped and self._bar is not None:
            try:
                self._bar.update(1)
            except Stop:
                self.stopped = True
        return not self.stopped


@contextmanager
def tuning_steps(n_steps: int, progress: bool | ProgressCallback) -> Iterator[TuningSteps]:
    """So many in all, with a bar and Ctrl-C held; neither where there are none."""
    if not n_steps:
        yield TuningSteps()
        return
    with held_interrupts() as interrupt, track(n_steps, "teach", progress, unit="step") as bar:
        yield TuningSteps(bar, interrupt)


def teach(
    parameters: Sequence[torch.Tensor],
    loss: Callable[[torch.Tensor, torch.Generator], torch.Tensor],
    n_contexts: int,
    n_steps: int,
    rate: float,
    steps: TuningSteps,
) -> None:
    """Steps of Adam on a loss of batches, which are drawn with a fixed seed; the rate falls to 0 in a line.

    Args:
        parameters: what is changed, in place.
        loss: of a batch, given as places among the contexts; what else it draws it draws by the generator.
        n_contexts: how many there are, at least 1.
        n_steps: at most so many, fewer if `steps` say so: what was learned until then stays.
        rate: the learning rate of the first step.
        steps: told of each.

    Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """
    generator = torch.Generator().manual_seed(0)
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    for step in range(n_steps):
        if not steps.go_on():
            break
        batch = torch.randint(n_contexts, (min(_BATCH, n_contexts),), generator=generator)
        with torch.enable_grad():
            for parameter in parameters:
                parameter.requires_grad_(True)
            slopes = torch.autograd.grad(loss(batch, generator), list(parameters))
        # by hand: torch's own takes a second and a half and 70 MB to import
        falling = rate * (1.0 - step / n_steps)
        for parameter, slope, (first, second) in zip(parameters, slopes, moments, strict=True):
            first.lerp_(slope, 0.1)
            second.lerp_(slope * slope, 0.01)
            unbiased = (second / (1.0 - 0.99 ** (step + 1))).sqrt_().add_(1e-8)
            parameter.data.addcdiv_(first / (1.0 - 0.9 ** (step + 1)), unbiased, value=-falling)
    for parameter in parameters:
        parameter.requires_grad_(False)
