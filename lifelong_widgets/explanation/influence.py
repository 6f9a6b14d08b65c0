"""Which of the events that are replayed have taught the network a score."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Id
from lifelong_widgets.data.display import shorten
from lifelong_widgets.learning import Examples, Objective, ReplayBuffer
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.models import Network
from lifelong_widgets.progress import held_interrupts

_MOST_LESSONS = 2_000  # that are compared


@dataclass(frozen=True, slots=True)
class Lesson:
    """An event that is replayed, and what it has to do with a score.

    Attributes:
        slot: where it is in the replay buffer.
        item: that somebody took, or did not want.
        title: its title.
        reward: what that was worth.
        after: the titles of what they took before, the latest first, at most three.
        influence: the product of two gradients: that of the loss of this event, and that of the loss of the
            item for the person. Above 0 it taught the network the item, below 0 it taught it others.
    """

    slot: int
    item: Id
    title: str
    reward: float
    after: tuple[str, ...]
    influence: float


class Lessons(Sequence[Lesson]):
    """The events of the replay buffer that taught the network most for an item and a person, and against it.

    A step on an event, of the size η, makes the loss of the item for this person smaller by η times its
    influence, to first order and where steps are plain gradient descent; see `influences`. Adam's steps are
    not: what an event has in fact contributed there, the product says little of (docs/explanations.md). They
    are events of anybody: the buffer does not know whose. What the fast memory has learned is not in it.

    Attributes:
        user: for whom.
        item: which.
        title: its title.
        n_looked_at: how many events of the buffer were compared.
        finished: False if Ctrl-C ended it before all were.

    The largest influence comes first, the smallest last.
    """

    def __init__(
        self, user: Id, item: Id, title: str, rows: Sequence[Lesson], n_looked_at: int, finished: bool
    ) -> None:
        self.user, self.item, self.title = user, item, title
        self.n_looked_at, self.finished = n_looked_at, finished
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Lesson: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Lesson, ...]: ...

    def __getitem__(self, index: int | slice) -> Lesson | tuple[Lesson, ...]:
        return self._rows[index]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each event: slot, item, title, reward, after, influence."""
        columns = ["slot", "item", "title", "reward", "after", "influence"]
        return pd.DataFrame([[getattr(row, name) for name in columns] for row in self], columns=columns)

    def __repr__(self) -> str:
        lines = [f"what taught the network {shorten(self.title, 50)} for {self.user!r}"]
        for row in self:
            after = f"  after {shorten(', '.join(row.after), 50)}" if row.after else ""
            lines.append(f"{row.influence:>+10.4f}  {shorten(row.title, 40)}{after}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        body = "".join(
            f"<tr><td>{row.influence:+.4f}</td><td {left}><b>{html.escape(row.title)}</b></td>"
            f"<td {left}>{html.escape(', '.join(row.after))}</td></tr>"
            for row in self
        )
        caption = f"What taught the network {html.escape(self.title)} for {html.escape(str(self.user))}"
        head = f"<tr><th>influence</th><th {left}>event</th><th {left}>after</th></tr>"
        return f"<table><caption>{caption}</caption>{head}{body}</table>"


def influences(
    network: Network,
    examples: Examples,
    target: Examples,
    negatives: NDArray[np.int64],
    objective: Objective,
    given_up: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """How much a step on each example would lower the loss of `target`, against the size of the step, (n,).

    ``influence(z) = ∇ loss(z) · ∇ loss(target)`` over all parameters, the rows of the items included, at the
    parameters as they are now. Shorter if it was given up before all were compared.

    Source: TracIn, G. Pruthi, F. Liu, S. Kale and M. Sundararajan, "Estimating training data influence by
    tracing gradient descent", NeurIPS 2020, with the latest checkpoint only: they sum over several.

    Args:
        network: that learned them; it is not changed.
        examples: what may have taught it.
        target: one example, the item for the person.
        negatives: (m,), the items that each is held against.
        objective: the loss.
        given_up: whether to stop now; asked before each example.
    """
    shapes = network.dense_parameters()

    def gradient_of(one: Examples) -> tuple[list[torch.Tensor], NDArray[np.int64], NDArray[np.floating]]:
        into = [torch.zeros_like(parameter) for parameter in shapes]
        found = gradients(network, one, negatives, objective, into)
        return into, found.indices, found.embeddings

    dense, rows, embeddings = gradient_of(target)
    whole = np.zeros((len(network.items), network.embedding_dim))
    whole[rows] = embeddings
    products = []
    for place in range(len(examples)):
        if given_up():
            break
        own, items, of_items = gradient_of(examples[place : place + 1])
        product = sum(float((one * other).sum()) for one, other in zip(own, dense, strict=True))
        products.append(product + float((of_items * whole[items]).sum()))
    return np.array(products)


def lessons(
    network: Network,
    catalog: Catalog,
    user: Id,
    target: Examples,
    n: int,
    buffer: ReplayBuffer,
    objective: Objective,
    n_negatives: int,
) -> Lessons:
    """The `n` events of a replay buffer that speak most for an item, and the `n` that speak most against.

    Of a large buffer, `_MOST_LESSONS` are looked at, evenly spaced; Ctrl-C ends it with those so far.
    """
    n_items = len(network.items)
    negatives = np.arange(n_items)
    if n_items > n_negatives:  # the same for all, since they are compared
        negatives = np.sort(np.random.default_rng(0).choice(n_items, n_negatives, replace=False))
    slots = np.unique(np.linspace(0, len(buffer) - 1, min(len(buffer), _MOST_LESSONS)).astype(np.int64))
    slots = slots[slots >= 0]
    examples = buffer.examples(slots)
    with held_interrupts() as interrupt:
        found = influences(network, examples, target, negatives, objective, interrupt.is_set)
    order = np.argsort(-found, kind="stable")
    chosen = order if len(order) <= 2 * n else np.concatenate([order[:n], order[-n:]])

    def lesson(place: int) -> Lesson:
        past = examples.history_items[place][examples.history_rewards[place] > 0][:3]
        titles = tuple(catalog[catalog.ids[index]].title for index in past.tolist())
        taken = catalog[catalog.ids[int(examples.targets[place])]]
        reward, slot = float(examples.rewards[place]), int(slots[place])
        return Lesson(slot, taken.id, taken.title, reward, titles, float(found[place]))

    name = catalog[catalog.ids[int(target.targets[0])]]
    rows = [lesson(place) for place in chosen.tolist()]
    return Lessons(user, name.id, name.title, rows, len(found), len(found) == len(slots))
