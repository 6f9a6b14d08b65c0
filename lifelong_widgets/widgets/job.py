"""Long work beside the kernel: the cell returns at once and hands back a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from lifelong_widgets.errors import LifelongWidgetsError
from lifelong_widgets.widgets.worker import Worker

T = TypeVar("T")


class Job(Generic[T]):
    """Work in small steps, between which the owner thread serves clicks.

    `steps` is called with the job and yields after each step (at most 50 ms of work) how many of `total`
    units are done; what it returns is the result. It looks at `cancelled` and, if that is set, returns what
    it has.

    >>> def count(job):
    ...     for n in range(1, 5):
    ...         yield n
    ...     return n
    >>> job = Job(Worker("example"), count, total=4)
    >>> job.result(), job.progress, job.done
    (4, 1.0, True)
    """

    def __init__(
        self,
        worker: Worker,
        steps: Callable[[Job[T]], Generator[int, None, T]],
        total: int,
        report: Callable[[], None] = lambda: None,
    ) -> None:
        self._worker = worker
        self._steps = steps(self)
        self._report = report
        self._future: Future[T] = Future()
        self.total = total
        self.completed = 0
        self._cancelled = False
        worker.submit(self._step).add_done_callback(self._stumble)

    @property
    def progress(self) -> float:
        """How much is done, from 0 to 1."""
        return self.completed / self.total

    @property
    def done(self) -> bool:
        """Whether it has ended: finished, cancelled or failed."""
        return self._future.done()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancelled

    def cancel(self) -> None:
        """Ask it to stop after the present step; `result` then gives what there is."""
        self._cancelled = True

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result, at most `timeout` seconds.

        Raises:
            TimeoutError: it takes longer; the work goes on.
        """
        return self._future.result(timeout)

    def error(self) -> BaseException | None:
        """What ended it, if it has failed."""
        return self._future.exception() if self._future.done() else None

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self._future).__await__()

    def __repr__(self) -> str:
        state = "done" if self.done else "stopping" if self._cancelled else "running"
        return f"<Job: {state}, {self.completed} of {self.total}>"

    def _step(self) -> None:
        try:
            self.completed = next(self._steps)
        except StopIteration as end:
            self._future.set_result(end.value)
            self._report()
            return
        self._report()
        # Behind whatever was queued meanwhile: a click waits for one step, never for the job.
        self._worker.submit(self._step).add_done_callback(self._stumble)

    def _stumble(self, step: Future[None]) -> None:
        if step.cancelled():
            error: BaseException | None = LifelongWidgetsError(
                "the session was closed while this was running"
            )
        else:
            error = step.exception()
        if error is not None and not self._future.done():
            self._future.set_exception(error)
            self._report()
