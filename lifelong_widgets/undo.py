"""The last few steps, kept so that they can be taken back at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lifelong_widgets.data import Feedback
from lifelong_widgets.engine import Engine, Mark
from lifelong_widgets.errors import DivergenceError
from lifelong_widgets.learning import StepMark

DEPTH = 8
"""Steps that are kept. Each holds a copy of the dense parameters: half a megabyte at the default sizes."""


@dataclass(frozen=True, slots=True)
class _Step:
    mark: Mark
    events: list[Feedback]
    learned: bool
    conditions: object  # under which it was taken: a part of it can be repeated only under the same


class UndoStack:
    """What each of the last `DEPTH` steps changed, and the events that it learned.

    >>> import pandas as pd
    >>> from lifelong_widgets.data import Catalog
    >>> engine = Engine(Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3]})), embedding_dim=8)
    >>> stack, before = UndoStack(engine), engine.digest()
    >>> with stack.step([Feedback("ada", 2)]) as mark:
    ...     _ = engine.apply_event(Feedback("ada", 2), mark=mark)
    >>> engine.digest() == before, len(stack.take_back(1)), engine.digest() == before
    (False, 1, True)
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._steps: deque[_Step] = deque()
        self._n_changes = 0
        for part in engine.parts.values():
            part.observe(self._changed, list(part.traits(config=True)))
        # a monitor under other settings cannot be made what it was
        engine.drift.observe(self.clear, list(engine.drift.traits(config=True)))

    def __len__(self) -> int:
        """How many events can be taken back at most."""
        return sum(len(step.events) for step in self._steps)

    @property
    def latest(self) -> Feedback | None:
        """The last event that can be taken back, if there is one."""
        return self._steps[-1].events[-1] if self._steps else None

    def reaches(self, n: int) -> bool:
        """Whether the last `n` events can be taken back.

        Not if they end within a batch, and hyperparameters, kinds, items or edges have changed since then:
        the events of it that stay would be learned anew under the wrong ones.
        """
        self._engine.apply_items([])
        for step in reversed(self._steps):
            n -= len(step.events)
            if n <= 0:
                return n == 0 or step.conditions == self._conditions()
        return False

    def clear(self, _change: object = None) -> None:
        """Keep nothing: what was done since cannot be taken back step by step."""
        self._steps.clear()

    @contextmanager
    def step(self, events: list[Feedback], learned: bool = True) -> Iterator[Mark]:
        """A mark for a step that learns `events`; if the block raises, the engine is as it was before.

        `learned` says whether the step learns the events as one batch, or only takes them into the history.
        """
        spent: StepMark | None = None
        if len(self._steps) >= DEPTH:
            spent = self._steps.popleft().mark.step
        mark = self._engine.mark(spent)
        try:
            yield mark
        except BaseException:
            self._engine.revert(mark)
            raise
        self._steps.append(_Step(mark, events, learned, self._conditions()))

    def take_back(self, n: int) -> list[Feedback]:
        """Take back the last `n` events, which it `reaches`, and return them, newest first.

        Of a batch of which some events stay, these are learned anew, without the others.
        """
        taken: list[Feedback] = []
        while len(taken) < n:
            last = self._steps.pop()
            self._engine.revert(last.mark)
            kept = len(last.events) - (n - len(taken))
            taken += reversed(last.events[max(kept, 0) :])
            if kept > 0:
                try:
                    with self.step(last.events[:kept], last.learned) as again:
                        self._engine.apply_batch(last.events[:kept], again)
                except DivergenceError:  # as it would have been without the others: not learned
                    self.clear()
        return taken

    def _conditions(self) -> object:
        engine = self._engine
        return self._n_changes, engine.kinds, len(engine.network.items), engine.n_edge_changes

    def _changed(self, _change: object) -> None:
        self._n_changes += 1
