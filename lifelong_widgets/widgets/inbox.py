"""Clicks in the order in which they were made."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lifelong_widgets.widgets.worker import Throttle, Worker

_PATIENCE = 6.0  # seconds; a page sends again what has no answer after 4
_LOOK = 1.0
_KEPT_PAGES = 64
_MOST_HELD = 2000

Message: TypeAlias = dict[str, Any]
Take: TypeAlias = Callable[[Message], None]


@dataclass(slots=True)
class _Page:
    next: int = 1
    held: dict[int, tuple[Message, Take]] = field(default_factory=dict)
    since: float = 0.0


class Inbox:
    """Hands on what each page says in the order of its numbers. Any thread.

    A kernel delivers messages over several threads and tasks (Jupyter's subshells), where one may overtake
    another. What came too early is held until the missing ones are there, or until there is no hope left.

    Args:
        worker: in whose thread it gives up on what is missing.

    >>> taken = []
    >>> inbox = Inbox(Worker("example"))
    >>> for n in (2, 3, 1, 4, 1):
    ...     inbox.put({"page": "a", "n": n}, lambda message: taken.append(message["n"]))
    >>> taken  # one that comes again is handed on again: it may want another answer
    [1, 2, 3, 4, 1]
    >>> inbox.close()
    """

    def __init__(self, worker: Worker) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, _Page] = OrderedDict()
        self._look = Throttle(worker, _LOOK, self._give_up)

    def put(self, message: Message, take: Take) -> None:
        """Call `take` with the message when its turn has come; at once if it has no page or no number."""
        name, n = message.get("page"), message.get("n")
        with self._lock:
            if isinstance(name, str) and type(n) is int:
                self._put(name, n, message, take)
            else:
                take(message)

    def close(self) -> None:
        """Hold nothing more."""
        self._look.close()

    def _put(self, name: str, n: int, message: Message, take: Take) -> None:
        page = self._pages.setdefault(name, _Page())
        self._pages.move_to_end(name)
        if n > page.next:
            if not page.held:
                page.since = time.monotonic()
            page.held[n] = message, take
            self._look.touch()
            if len(page.held) > _MOST_HELD:
                self._let_go(page)
        else:
            page.next = max(page.next, n + 1)
            take(message)
            self._go_on(page)
        if len(self._pages) > _KEPT_PAGES:
            self._let_go(self._pages.popitem(last=False)[1])

    def _go_on(self, page: _Page) -> None:
        while page.next in page.held:
            message, take = page.held.pop(page.next)
            page.next += 1
            take(message)
        page.since = time.monotonic()

    def _let_go(self, page: _Page) -> None:
        """Something before the first that is held was lost: go on without it."""
        while page.held:
            page.next = min(page.held)
            self._go_on(page)

    def _give_up(self) -> None:
        with self._lock:
            for page in self._pages.values():
                if page.held and time.monotonic() - page.since > _PATIENCE:
                    self._let_go(page)
            if any(page.held for page in self._pages.values()):
                self._look.touch()
