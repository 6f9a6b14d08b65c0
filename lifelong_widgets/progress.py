"""Progress of long work: a bar in a terminal or a notebook, or a callback; and its end by Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Protocol

import numpy as np

from lifelong_widgets.errors import DataError


@dataclass(frozen=True)
class ProgressEvent:
    """How far a long piece of work has come.

    `done` and `total` are in the unit of the work (events, batches); `figures` are the numbers worth
    showing beside the bar, such as a loss.
    """

    done: int
    total: int
    description: str = ""
    figures: dict[str, float] = field(default_factory=dict)


class Stop(Exception):
    """Raised by a progress callback to end the work cleanly; what was done so far is kept."""


ProgressCallback = Callable[[ProgressEvent], None]


class Progress(Protocol):
    """What long work reports to."""

    def update(self, n: int = 1, **figures: float) -> None:
        """Report `n` more units done."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _Bar:
    def __init__(self, total: int, description: str, unit: str, enabled: bool) -> None:
        from tqdm.auto import tqdm

        self._bar: Any = tqdm(
            total=total, desc=description, unit=unit, disable=not enabled, dynamic_ncols=True, leave=False
        )

    def update(self, n: int = 1, **figures: float) -> None:
        if figures:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in figures.items()}, refresh=False)
        self._bar.update(n)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if (
            kind is None
        ):  # done, though perhaps in fewer steps than were allowed: no bar that looks broken off
            self._bar.total = self._bar.n
            self._bar.refresh()
        self._bar.close()


class _Callback:
    def __init__(self, total: int, description: str, callback: ProgressCallback) -> None:
        self._total, self._description, self._callback = total, description, callback
        self._done = 0

    def update(self, n: int = 1, **figures: float) -> None:
        self._done += n
        self._callback(ProgressEvent(self._done, self._total, self._description, dict(figures)))

    def __enter__(self) -> _Callback:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def check_progress(progress: object) -> None:
    """Refuse what is neither True, False nor to be called.

    Raises:
        DataError: it is something else.

    >>> check_progress("no")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: progress is 'no'; it must be True (a bar), False, or what is called \
with each ProgressEvent
    """
    if not (isinstance(progress, (bool, np.bool_)) or callable(progress)):
        raise DataError(
            f"progress is {progress!r:.80}; it must be True (a bar), False, or what is called with each "
            "ProgressEvent"
        )


def track(
    total: int, description: str, progress: bool | ProgressCallback = True, unit: str = "event"
) -> Progress:
    """Report on `total` units of work: ``True`` draws a bar, ``False`` is silent, a callable is called.

    The callable gets a `ProgressEvent` at each update and may raise `Stop` to end the work cleanly.

    Raises:
        DataError: `progress` is something else.

    >>> seen = []
    >>> with track(3, "fitting", seen.append) as report:
    ...     report.update(2, loss=0.5)
    >>> seen[0].done, seen[0].total, seen[0].figures
    (2, 3, {'loss': 0.5})
    """
    check_progress(progress)
    if callable(progress):
        return _Callback(total, description, progress)
    return _Bar(total, description, unit, bool(progress))


def report_or_give_up(report: Progress, n: int, interrupt: threading.Event) -> None:
    """Report `n` more units of work of which a part is worth nothing.

    Raises:
        KeyboardInterrupt: there was a Ctrl-C, or the callback raised `Stop`.

    >>> interrupt = threading.Event()
    >>> with track(3, "remember", progress=False) as report:
    ...     report_or_give_up(report, 1, interrupt)
    ...     interrupt.set()
    ...     try:
    ...         report_or_give_up(report, 1, interrupt)
    ...     except KeyboardInterrupt as error:
    ...         print(error)
    given up while there was nothing whole to keep, and nothing was changed; Ctrl-C in the epochs of a fit \
keeps the best of them
    """
    try:
        report.update(n)
    except Stop:
        interrupt.set()
    if interrupt.is_set():
        raise KeyboardInterrupt(
            "given up while there was nothing whole to keep, and nothing was changed; "
            "Ctrl-C in the epochs of a fit keeps the best of them"
        )


@contextmanager
def held_interrupts() -> Iterator[threading.Event]:
    """Hold back the first Ctrl-C, so that it cannot tear a step apart; the second one raises.

    Within the context the first Ctrl-C only sets the event that is yielded: the work looks at it between two
    steps and ends cleanly. If it does not, a second Ctrl-C raises `KeyboardInterrupt` wherever the work is.
    Afterwards Ctrl-C does what it did before. Signals arrive in the main thread only: in any other thread
    this changes nothing, and the event stays unset.

    >>> import signal
    >>> with held_interrupts() as interrupt:
    ...     for step in range(3):
    ...         if interrupt.is_set():
    ...             break
    ...         signal.raise_signal(signal.SIGINT)  # Ctrl-C in the middle of the first step
    >>> step
    1
    """
    interrupt = threading.Event()

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        if interrupt.is_set():
            raise KeyboardInterrupt
        interrupt.set()

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold back every Ctrl-C until the block has ended, and let them be heard then. For short work only.

    >>> import signal
    >>> with held_interrupts() as interrupt, deferred_interrupts():
    ...     signal.raise_signal(signal.SIGINT)
    ...     heard = interrupt.is_set()
    >>> heard, interrupt.is_set()
    (False, True)
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)
        for number in held[:2]:  # the second one is more urgent than the first; a third says nothing new
            signal.raise_signal(number)
