"""What a value is learned from: a state, the item that was taken, its reward, and the list that came next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.learning import Examples, Scored

SLATE_SIZE = 10
"""Items of the next list that are kept with a transition: what a person sees of one."""


class Slate(NamedTuple):
    """A list that somebody could choose from.

    Attributes:
        items: (k,), int64, indices of at most `SLATE_SIZE` items.
        chances: (k,), float32, how likely each was to be the one that is taken; they add up to 1.
    """

    items: NDArray[np.int64]
    chances: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Transitions:
    """n transitions (s, a, r, s').

    The state after it, s', is the history with the item and its reward in front, so it is not kept.

    Attributes:
        examples: the history before, the item that was taken, and what it was worth.
        slates: (n, SLATE_SIZE) items that could be chosen in s', and their chances, which add up to 1; a
            chance of 0 is no item. They are all 0 where the person has left.
    """

    examples: Examples
    slates: Scored

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def going_on(self) -> NDArray[np.bool_]:
        """(n,): who has not left."""
        return np.asarray(self.slates.scores.any(axis=1))

    def read_after(self) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32] | None]:
        """What a network reads in s': items and rewards, (n, history_length) each, and people's features.

        The latter are still those of s: they move little with one event, and so are kept once.
        """
        return *after(self.examples), self.examples.people

    @classmethod
    def of(cls, examples: Examples, slates: Sequence[Slate | None]) -> Self:
        """Transitions with the list after each; None where the person has left.

        >>> nobody = Examples(np.zeros((1, 2), int), np.zeros((1, 2)), np.array([4]), np.ones(1))
        >>> chosen = Slate(np.array([7, 8]), np.array([0.75, 0.25], dtype=np.float32))
        >>> one = Transitions.of(nobody, [chosen])
        >>> one.going_on.tolist(), one.read_after()[0].tolist(), one.slates.items[0, :3].tolist()
        ([True], [[4, 0]], [7, 8, 0])
        """
        items = np.zeros((len(slates), SLATE_SIZE), dtype=np.int64)
        chances = np.zeros((len(slates), SLATE_SIZE), dtype=np.float32)
        for row, slate in enumerate(slates):
            if slate is not None:
                items[row, : len(slate.items)], chances[row, : len(slate.items)] = slate
        return cls(examples, Scored(items, chances))

    @classmethod
    def concatenate(cls, parts: Sequence[Transitions]) -> Self:
        """The transitions of all parts, one after the other."""
        return cls(
            Examples.concatenate([part.examples for part in parts]),
            Scored(
                np.concatenate([part.slates.items for part in parts]),
                np.concatenate([part.slates.scores for part in parts]),
            ),
        )


def after(examples: Examples) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The histories once the targets were taken, (n, history_length) each: items and rewards."""
    items = np.concatenate([examples.targets[:, None], examples.history_items[:, :-1]], axis=1)
    rewards = np.concatenate([examples.rewards[:, None], examples.history_rewards[:, :-1]], axis=1)
    return items, rewards


def slate_of(items: NDArray[np.int64], scores: NDArray[np.floating]) -> Slate | None:
    """Items with a softmax of their scores as chances; None if there are none.

    >>> slate_of(np.array([3, 5]), np.zeros(2)).chances.tolist()
    [0.5, 0.5]
    """
    if not len(items):
        return None
    chances = np.exp(scores.astype(np.float64) - scores.max())
    chances = np.maximum(chances / chances.sum(), 1e-7)  # 0 says that there is no item
    return Slate(items, (chances / chances.sum()).astype(np.float32))
