"""Clicks in the order in which they were made."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lifelong_widgets.widgets.worker import Throttle, Worker

_PATIENCE = 6.0  # seconds; a view sends again what has no answer after 4
_LOOK = 1.0
_KEPT_VIEWS = 64
_MOST_HELD = 2000

Message: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class _View:
    next: int = 1
    held: dict[int, Message] = field(default_factory=dict)
    since: float = 0.0


class Inbox:
    """Hands on the messages of each view in the order of their numbers. Any thread.

    A kernel delivers messages over several threads and tasks (Jupyter's subshells), where one may overtake
    another. What came too early is held until the missing ones are there, or until there is no hope left.

    Args:
        worker: in whose thread it gives up on what is missing.
        take: is called with each message, in order, and quickly. A message that came before is handed on
            again: it may want another answer.

    >>> taken = []
    >>> inbox = Inbox(Worker("example"), lambda message: taken.append(message["n"]))
    >>> for n in (2, 3, 1, 4, 1):
    ...     inbox.put({"view": "a", "n": n})
    >>> taken
    [1, 2, 3, 4, 1]
    >>> inbox.close()
    """

    def __init__(self, worker: Worker, take: Callable[[Message], None]) -> None:
        self._take = take
        self._lock = threading.Lock()
        self._views: OrderedDict[str, _View] = OrderedDict()
        self._look = Throttle(worker, _LOOK, self._give_up)

    def put(self, message: Message) -> None:
        """Take or hold a message. One without a view or a number is in no order, and taken at once."""
        name, n = message.get("view"), message.get("n")
        with self._lock:
            if isinstance(name, str) and type(n) is int:
                self._put(name, n, message)
            else:
                self._take(message)

    def close(self) -> None:
        """Hold nothing more."""
        self._look.close()

    def _put(self, name: str, n: int, message: Message) -> None:
        view = self._views.setdefault(name, _View())
        self._views.move_to_end(name)
        if n > view.next:
            if not view.held:
                view.since = time.monotonic()
            view.held[n] = message
            self._look.touch()
            if len(view.held) > _MOST_HELD:
                self._let_go(view)
        else:
            view.next = max(view.next, n + 1)
            self._take(message)
            self._go_on(view)
        if len(self._views) > _KEPT_VIEWS:
            self._let_go(self._views.popitem(last=False)[1])

    def _go_on(self, view: _View) -> None:
        while view.next in view.held:
            message = view.held.pop(view.next)
            view.next += 1
            self._take(message)
        view.since = time.monotonic()

    def _let_go(self, view: _View) -> None:
        """Something before the first that is held was lost: go on without it."""
        while view.held:
            view.next = min(view.held)
            self._go_on(view)

    def _give_up(self) -> None:
        with self._lock:
            for view in self._views.values():
                if view.held and time.monotonic() - view.since > _PATIENCE:
                    self._let_go(view)
            if any(view.held for view in self._views.values()):
                self._look.touch()
