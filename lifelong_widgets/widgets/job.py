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
    it has. `report` is called with the job after each step and at its end, in the owner thread.

    To `await` a job is to watch it: giving up (``asyncio.wait_for``) leaves it running; `cancel` stops it.

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
        report: Callable[[Job[T]], None] = lambda job: None,
    ) -> None:
        self._worker = worker
        self._steps = steps(self)
        self._report = report
        self._future: Future[T] = Future()
        # An `await` that is given up (asyncio.wait_for) would cancel a pending future, but not the work.
        self._future.set_running_or_notify_cancel()
        self.total = total
        self.completed = 0
        self._cancelled = False
        self._queue()

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
        except BaseException as error:
            self._future.set_exception(error)
        self._report(self)
        if not self._future.done():
            self._queue()

    def _queue(self) -> None:
        """Behind whatever was queued meanwhile: a click waits for one step, never for the job."""
        self._worker.submit(self._step).add_done_callback(self._dropped)

    def _dropped(self, step: Future[None]) -> None:
        """A step has ended, or never ran because the session was closed."""
        closed = LifelongWidgetsError("the session was closed while this was running")
        error = closed if step.cancelled() else step.exception()
        if error is not None and not self._future.done():
            self._future.set_exception(error)
