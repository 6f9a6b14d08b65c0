"""What a session tells its widgets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lifelong_widgets.data import Id

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What listeners are told, in the owner thread.

    `what` is ``"list"`` (there is a new list for `user`; it answers `clicks`), ``"figures"``, ``"user"`` (the
    current person), ``"people"`` (somebody was forgotten: say nothing of them any more), ``"job"`` or
    ``"error"`` (`message`, of which `clicks` are the cause).
    """

    what: Literal["list", "figures", "user", "people", "job", "error"]
    user: Id | None = None
    clicks: tuple[str, ...] = ()
    message: str = ""


Listener: TypeAlias = Callable[[Change], None]


class Listeners:
    """Who is told of changes.

    >>> listeners, heard = Listeners(), []
    >>> stop = listeners.add(heard.append)
    >>> listeners.tell(Change("figures"))
    >>> stop()
    >>> listeners.tell(Change("job"))
    >>> [change.what for change in heard]
    ['figures']
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` too, until what this returns is called."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def tell(self, change: Change) -> None:
        """Tell everybody. An exception of one is logged; the others are told all the same."""
        for listener in list(self._listeners):
            try:
                listener(change)
            except Exception:  # one listener's trouble is not that of the others, nor of the click
                _log.exception("a listener failed on %r", change)

    def clear(self) -> None:
        """Tell nobody more."""
        self._listeners.clear()
