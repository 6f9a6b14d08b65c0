"""What a copy reads of the model that it is made from."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from lifelong_widgets.compression.encoders import Contexts
from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Id
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.memory import Content, EpisodicMemory, Gate, Ranker
from lifelong_widgets.models import Histories, Network

_CONTEXTS = 2048


class Values(Protocol):
    """What learns the values of items; see `value.ValueLearner`."""

    on: bool
    substitution: float
    network: Network

    @property
    def n_steps(self) -> int:
        """0 before anything was learned."""

    @property
    def line(self) -> tuple[float, float, float, float]:
        """A value is a score times the second plus the first, between the last two."""


class Live(Protocol):
    """What is read of a live recommender: its parts, by their names there."""

    catalog: Catalog
    users: IdIndex
    histories: Histories
    content: Content
    ranker: Ranker
    people: Any

    @property
    def network(self) -> Network:
        """The slow memory."""

    @property
    def memory(self) -> EpisodicMemory:
        """The fast one."""

    @property
    def gate(self) -> Gate:
        """What weighs them."""

    @property
    def buffer(self) -> Any:
        """What is replayed."""

    @property
    def value(self) -> Any:
        """What learns `Values`."""

    @property
    def privacy(self) -> Any:
        """What keeps learning private, if it is `on`."""

    @property
    def kinds(self) -> FeedbackKinds:
        """What feedback is worth."""

    @property
    def followers(self) -> Any:
        """The set of those who are told what each step has touched."""

    def known_as(self, user: Id) -> Id:
        """The id under which a person stands in `users`."""

    def remembers(self, event: Feedback) -> bool:
        """Whether it has learned or observed this very event, as far as it remembers."""


def contexts_of(live: Live) -> Contexts:
    """Up to 2,048 histories that it has learned from, evenly spaced in its buffer."""
    slots = np.unique(np.linspace(0, len(live.buffer) - 1, _CONTEXTS).astype(np.int64))
    if not len(live.buffer):
        slots = slots[:0]
    examples = live.buffer.examples(slots)
    return Contexts(examples.history_items, examples.history_rewards)
