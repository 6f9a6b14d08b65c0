"""New lists for clicks that were learned: every click is answered, and a list is made now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from lifelong_widgets.data import Id
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.lists import Lists
from lifelong_widgets.widgets.scoreboard import Scoreboard
from lifelong_widgets.widgets.wording import explain
from lifelong_widgets.widgets.worker import Throttle, Worker

_SECONDS = 0.06  # between new lists for clicks that come faster than anybody can read

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    user: Id
    click: str | None
    seconds: float | None


class Answers:
    """Answers a click at once, and clicks that come fast a few at a time, with one list. Owner thread only.

    Args:
        worker: whose thread it is.
        lists: where the lists are made.
        scores: where is noted what a click has cost.
        tell: is called with each answer: a new list, or why there is none.
    """

    def __init__(
        self, worker: Worker, lists: Lists, scores: Scoreboard, tell: Callable[[Change], None]
    ) -> None:
        self._lists = lists
        self._scores = scores
        self._tell = tell
        self._waiting: list[_Waiting] = []
        self._throttle = Throttle(worker, _SECONDS, self._send, at_once=True)

    def __len__(self) -> int:
        """How many clicks wait for a list."""
        return len(self._waiting)

    def owe(self, user: Id, click: str | None, seconds: float | None = None) -> None:
        """A click was learned in `seconds` (None: it was known already), and `user` waits for a new list."""
        self._waiting.append(_Waiting(user, click, seconds))
        self._throttle.touch()

    def redirect(self, user: Id, instead: Id) -> None:
        """What `user` waits for is answered with the list of somebody else."""
        self._waiting = [
            replace(entry, user=instead) if entry.user == user else entry for entry in self._waiting
        ]

    def close(self) -> None:
        """Answer no more."""
        self._throttle.close()

    def _send(self) -> None:
        answered, self._waiting = self._waiting, []
        clicks: dict[Id, list[str]] = {}
        for entry in answered:
            clicks.setdefault(entry.user, []).extend([] if entry.click is None else [entry.click])
        changes = []
        start = time.perf_counter()
        for user, names in clicks.items():
            try:
                self._lists.latest(user)
                changes.append(Change("list", user, tuple(names)))
            except Exception as error:  # in a timer's turn nobody else would hear of it
                _log.exception("no list for %r", user)
                changes.append(Change("error", user, tuple(names), explain(error)))
        share = (time.perf_counter() - start) / max(1, len(answered))
        for entry in answered:
            if entry.seconds is not None:
                self._scores.took(entry.seconds + share)
        for change in changes:
            self._tell(change)
