"""What the network learns from: a history, the item that came next, and what it was worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifelong_widgets.models import Histories


@dataclass(frozen=True, slots=True)
class Examples:
    """A batch of n examples as arrays.

    Attributes:
        history_items: (n, history_length), int64, the most recent first; 0 where there is none.
        history_rewards: (n, history_length), float32; 0 where there is none.
        targets: (n,), int64, the index of the item that came next.
        rewards: (n,), float32, what it was worth: positive draws the item nearer, negative pushes it away.
        people: (n, person_dim), float32, the features of the people before it; None if none are read.
    """

    history_items: np.ndarray
    history_rewards: np.ndarray
    targets: np.ndarray
    rewards: np.ndarray
    people: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, which: slice | np.ndarray) -> Examples:
        return Examples(
            self.history_items[which],
            self.history_rewards[which],
            self.targets[which],
            self.rewards[which],
            None if self.people is None else self.people[which],
        )

    @property
    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """What a network reads of them, as `Network.user_vectors` takes it."""
        return self.history_items, self.history_rewards, self.people

    @property
    def taken(self) -> np.ndarray:
        """The items that people took, next or before: (at most n · (history_length + 1),), int64."""
        return np.concatenate([self.targets, self.history_items[self.history_rewards != 0]])

    @classmethod
    def concatenate(cls, parts: list[Examples]) -> Examples:
        """The examples of all parts, one after the other."""
        people = [part.people for part in parts if part.people is not None]
        return cls(
            np.concatenate([part.history_items for part in parts]),
            np.concatenate([part.history_rewards for part in parts]),
            np.concatenate([part.targets for part in parts]),
            np.concatenate([part.rewards for part in parts]),
            np.concatenate(people) if people else None,
        )


def examples_of_batch(
    histories: Histories,
    people: list[int],
    targets: list[int],
    rewards: list[float],
    features: np.ndarray | None = None,
) -> Examples:
    """Events that are about to be learned, each with the history before it; `histories` is not changed.

    An event sees those of the same person that come before it in the batch. Events that are worth nothing
    become history but no example. `features` are those of the people before the batch, (n, person_dim).
    """
    pasts = pasts_of_batch(histories, people, targets, rewards)
    rows = [
        (*past, target, reward)
        for past, target, reward in zip(pasts, targets, rewards, strict=True)
        if reward != 0
    ]
    return Examples(
        np.array([row[0] for row in rows], dtype=np.int64).reshape(-1, histories.length),
        np.array([row[1] for row in rows], dtype=np.float32).reshape(-1, histories.length),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.float32),
        None if features is None else features[np.array(rewards) != 0],
    )


def pasts_of_batch(
    histories: Histories, people: list[int], targets: list[int], rewards: list[float]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The history before each event of a batch: items, (history_length,), int64, and rewards, float32."""
    latest: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    pasts = []
    for person, target, reward in zip(people, targets, rewards, strict=True):
        items, worth = latest.get(person) or (histories.items_of(person), histories.rewards_of(person))
        pasts.append((items, worth))
        latest[person] = (
            np.concatenate([[target], items[:-1]]),
            np.concatenate([np.array([reward], dtype=np.float32), worth[:-1]]),
        )
    return pasts
