"""Which of the events that are replayed teach the network a score."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Id
from lifelong_widgets.data.display import cell, shorten
from lifelong_widgets.learning import OBJECTIVES, Examples, OnlineUpdater, ReplayBuffer
from lifelong_widgets.learning.at_items import Gradients
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.models import Network
from lifelong_widgets.progress import held_interrupts

_MOST_LESSONS = 2_000  # that are compared
_NOTE = (
    "(by how much the network's loss on this item for this person would fall if it learned the event once "
    "more, to first order: above 0 it teaches the item, below 0 others; "
    "not what the event has taught it so far)"
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """An event that is replayed, and what it has to do with a score.

    Attributes:
        slot: where it is in the replay buffer.
        item: that somebody took, or did not want.
        title: its title.
        reward: what that was worth.
        after: the titles of what they took before, the latest first, at most three.
        influence: by how much the loss of the item for the person would fall if the network learned this
            event once more now, to first order. Above 0 it teaches the item, below 0 it teaches others.
    """

    slot: int
    item: Id
    title: str
    reward: float
    after: tuple[str, ...]
    influence: float


class Lessons(Sequence[Lesson]):
    """The events of the replay buffer that teach the network most for an item and a person, and against it.

    An event's influence is what an online step on it alone would do now, to first order; see `influences`.
    What it *has* taught since it came is another question. Where that was measured, by learning again without
    each event, influence ranked the events distinctly better than chance, and far from perfectly
    (docs/explanations.md). They are events of anybody, with what that person had before: not for
    the eyes of others. What the fast memory has learned is not in it.

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
        lines = [_heading(shorten(self.title, 50), repr(self.user))]
        for row, number in zip(self, _aligned([_number(row.influence) for row in self]), strict=True):
            after = f"  after {_titles(row.after)}" if row.after else ""
            lines.append(f"{number:>10}  {_titles([row.title])}{after}")
        return "\n".join([*lines, _NOTE])

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        body = "".join(
            f"<tr><td>{_number(row.influence)}</td><td {left}><b>{cell(row.title)}</b></td>"
            f"<td {left}>{html.escape(_titles(row.after, whole=True))}</td></tr>"
            for row in self
        )
        caption = html.escape(_heading(self.title, str(self.user)))
        head = f"<tr><th>influence</th><th {left}>event</th><th {left}>after</th></tr>"
        return f"<table><caption>{caption}</caption>{head}{body}</table><p>{_NOTE}</p>"


def _titles(titles: Iterable[str], whole: bool = False) -> str:
    """Titles one after the other, in quotes, since a title may have commas."""
    return ", ".join(f"“{title if whole else shorten(title, 40)}”" for title in titles)


def _number(influence: float) -> str:
    """With three digits that tell something, and no exponent unless it is tiny.

    >>> _number(0.386), _number(-0.41), _number(-0.000412), _number(3e-9)
    ('+0.386', '-0.410', '-0.000412', '+3.00e-09')
    """
    return f"{influence:+#.3g}".rstrip(".")


def _aligned(numbers: Sequence[str]) -> list[str]:
    """With spaces after them, so that their points stand one below the other.

    >>> _aligned(["+0.386", "-0.0412", "+120"])
    ['+0.386 ', '-0.0412', '+120    ']
    """
    after = [len(number) - len(number.split(".")[0]) for number in numbers]
    return [number + " " * (max(after) - n) for number, n in zip(numbers, after, strict=True)]


def _heading(title: str, user: str) -> str:
    return f"what replayed events would teach the network about {title} for {user}"


def influences(
    network: Network,
    updater: OnlineUpdater,
    examples: Examples,
    target: Examples,
    negatives: NDArray[np.int64],
    given_up: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """How much an online step on each example would lower the loss of `target`, to first order, (n,).

    ``influence(z) = Γ(z) · ∇ loss(target)``, where Γ(z) is how far the optimizer would move each parameter,
    the rows of the items included, for ``∇ loss(z)``: with Adam ``η ∇ loss(z) / (√v + ε)`` with its own v,
    corrected for its bias, and for a row the η of that row. What momentum makes of the gradient in later
    steps counts. All is taken at the network as it is now. Shorter if it was given up before all were
    compared.

    Source: TracIn, G. Pruthi, F. Liu, S. Kale and M. Sundararajan, "Estimating training data influence by
    tracing gradient descent", NeurIPS 2020, with the latest checkpoint only: they sum over several. The step
    of Adam instead of the gradient: M. Xia, S. Malladi, S. Gururangan, S. Arora and D. Chen, "LESS: selecting
    influential data for targeted instruction tuning", ICML 2024, without what the step does by the momentum
    of others, and without their division by the length, which here served nothing.

    Args:
        network: that learned them; it is not changed.
        updater: that takes its steps; nor is that.
        examples: what may teach it.
        target: one example, the item for the person.
        negatives: (m,), the items that each is held against.
        given_up: whether to stop now; asked before each example.
    """
    shapes, objective = network.dense_parameters(), OBJECTIVES[updater.objective]

    def gradient_of(one: Examples) -> tuple[list[torch.Tensor], Gradients]:
        into = [torch.zeros_like(parameter) for parameter in shapes]
        return into, gradients(network, one, negatives, objective, into)

    dense, of_target = gradient_of(target)
    whole = np.zeros((len(network.items), network.embedding_dim))
    whole[of_target.indices] = of_target.embeddings
    products = []
    for place in range(len(examples)):
        if given_up():
            break
        own, found = gradient_of(examples[place : place + 1])
        reach, of_rows = updater.reach(found, own)
        product = sum(float((one * other).sum()) for one, other in zip(reach, dense, strict=True))
        products.append(product + float((of_rows * whole[found.indices]).sum()))
    return np.array(products)


def lessons(
    network: Network,
    catalog: Catalog,
    user: Id,
    target: Examples,
    n: int,
    buffer: ReplayBuffer,
    updater: OnlineUpdater,
) -> Lessons:
    """The `n` events of a replay buffer that speak most for an item, and the `n` that speak most against.

    Of a large buffer, `_MOST_LESSONS` are looked at, evenly spaced; Ctrl-C ends it with those so far.
    """
    n_items, n_negatives = len(network.items), updater.n_negatives
    negatives = np.arange(n_items)
    if n_items > n_negatives:  # the same for all, since they are compared
        negatives = np.sort(np.random.default_rng(0).choice(n_items, n_negatives, replace=False))
    slots = np.unique(np.linspace(0, len(buffer) - 1, min(len(buffer), _MOST_LESSONS)).astype(np.int64))
    slots = slots[slots >= 0]
    examples = buffer.examples(slots)
    with held_interrupts() as interrupt:
        found = influences(network, updater, examples, target, negatives, interrupt.is_set)
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
