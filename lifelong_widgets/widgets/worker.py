"""The one thread that owns an engine."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from lifelong_widgets.errors import LifelongWidgetsError

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs tasks one after the other, in the order of their submission, in a thread of its own.

    A widget callback may run on any thread and on another one at the next click, so callbacks only validate
    and submit. The thread starts with the first task, and ends when nobody holds the worker any more.

    >>> worker = Worker("example")
    >>> worker.submit(pow, 2, 5).result()
    32
    """

    def __init__(self, name: str) -> None:
        owner: list[int] = []  # the thread knows this list and not the worker, which it would keep alive
        self._owner = owner
        self._executor = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix=name, initializer=lambda: owner.append(threading.get_ident())
        )

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue `task`; its result or its error is in the future.

        Raises:
            LifelongWidgetsError: the worker is closed.
        """
        try:
            return self._executor.submit(task, *args, **kwargs)
        except RuntimeError as error:
            raise LifelongWidgetsError("this session is closed: show the recommender anew") from error

    def call(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `task` in the owner thread and wait for it. Called there, it runs at once."""
        if threading.get_ident() in self._owner:
            return task(*args, **kwargs)
        return self.submit(task, *args, **kwargs).result()

    def close(self) -> None:
        """Take no more tasks; what is queued is dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class Throttle:
    """Calls `action` in the owner thread at most once every `seconds`, and always once after the last touch.

    By default it waits `seconds` after a touch, so that it is never on the way from a click to its answer.
    With `at_once` it acts within the touch if its last action is so long ago, however much is queued.
    """

    def __init__(
        self, worker: Worker, seconds: float, action: Callable[[], None], at_once: bool = False
    ) -> None:
        self._worker = worker
        self._seconds = seconds
        self._action = action
        self._at_once = at_once
        self._last = -float("inf")
        self._timer: threading.Timer | None = None
        self._closed = False

    def touch(self) -> None:
        """Something has changed. Owner thread only."""
        if self._closed:
            return
        wait = self._last + self._seconds - time.monotonic() if self._at_once else self._seconds
        if wait <= 0:
            self._act()
        elif self._timer is None:
            self._timer = threading.Timer(wait, self._due)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        """Act no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _due(self) -> None:
        # The worker may have been closed meanwhile, by the user or by the end of the process.
        with contextlib.suppress(LifelongWidgetsError):
            self._worker.submit(self._act_if_due, threading.current_thread())  # which is the timer

    def _act_if_due(self, timer: threading.Thread) -> None:
        if timer is self._timer:  # otherwise a touch has acted while this was queued
            self._act()

    def _act(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed:
            self._last = time.monotonic()
            self._action()
