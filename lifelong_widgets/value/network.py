"""The network of the values, and the copy of it that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.models import Network

_KEY = 0x9E3779B9  # the click model of the same seed begins with other numbers


def value_network(like: Network, content_dim: int, seed: int) -> Network:
    """A network of the same kind and sizes as `like`, untrained and without items."""
    network = type(like)(**like.settings())
    network.build(content_dim, (seed + _KEY) % 2**32, person_dim=like.person_dim)
    return network


@torch.no_grad()
def scores_of_slates(
    network: Network,
    history_items: NDArray[np.int64],
    history_rewards: NDArray[np.float32],
    people: NDArray[np.float32] | None,
    slates: NDArray[np.int64],
) -> NDArray[np.float32]:
    """What a network says of k items for each of n people, whom it reads as `user_vectors` does, (n, k)."""
    users = network.user_vectors(history_items, history_rewards, people)
    scores: NDArray[np.float32] = network.scores_of(users, slates).numpy()
    return scores


@dataclass(frozen=True, slots=True)
class TargetMark:
    """What `Target.revert` needs: what an update has overwritten.

    Attributes:
        moved: the rows that were to be copied.
        rows: the same, ascending.
        embeddings: of these rows. What an optimizer would keep of them nothing ever moves.
        dense: the dense parameters.
    """

    moved: set[int]
    rows: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    dense: list[torch.Tensor]


class Target:
    """A copy of a network that is brought up to date now and then: V. Mnih et al. (2015).

    Only the rows that were moved meanwhile are copied, so that it costs O(1) a step, whatever the catalogue.

    Source: "Human-level control through deep reinforcement learning", Nature 518.
    """

    def __init__(self, online: Network, content_dim: int, seed: int) -> None:
        self._online = online
        self.network = value_network(online, content_dim, seed)
        self._moved: set[int] = (
            set()
        )  # rows of the online network since the last copy; some may not have been

    def note(self, rows: NDArray[np.int64]) -> None:
        """These rows of the online network are about to be moved."""
        self._moved.update(rows.tolist())

    def update(self) -> TargetMark:
        """Be the online network as it is now; what is returned can take that back."""
        rows = np.array(sorted(self._moved), dtype=np.int64)
        table = self.network.items
        mark = TargetMark(self._moved, rows, table.embeddings_of(rows), self._dense())
        table.write_embeddings(rows, self._online.items.embeddings_of(rows))
        self._put_dense([parameter.detach() for parameter in self._online.dense_parameters()])
        self._moved = set()
        return mark

    def revert(self, mark: TargetMark) -> None:
        """Be what it was before the update that returned `mark`."""
        self.network.items.write_embeddings(mark.rows, mark.embeddings)
        self._put_dense(mark.dense)
        self._moved = mark.moved

    def get_state(self) -> dict[str, torch.Tensor]:
        """The embeddings and the dense parameters; the content is that of the online network."""
        state = self.network.get_state()
        state["embeddings"] = state.pop("items.rows")[:, : self.network.embedding_dim].clone()
        del state["items.adam"]
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back, once the online network has its own.

        Raises:
            FormatError: it does not fit that.
        """
        own = self._online.items.rows
        embeddings, dim = state["embeddings"], self.network.embedding_dim
        if embeddings.shape != (len(own), dim):
            raise FormatError(f"target network: embeddings have shape {tuple(embeddings.shape)}")
        rows = torch.cat([embeddings, own[:, dim:]], dim=1)
        moments = torch.zeros(len(own), 2 * dim + 1)
        self.network.set_state({**state, "items.rows": rows, "items.adam": moments})
        self._moved = set(torch.nonzero((embeddings != own[:, :dim]).any(dim=1)).flatten().tolist())

    def _dense(self) -> list[torch.Tensor]:
        return [parameter.detach().clone() for parameter in self.network.dense_parameters()]

    def _put_dense(self, values: list[torch.Tensor]) -> None:
        for parameter, value in zip(self.network.dense_parameters(), values, strict=True):
            parameter.data.copy_(value)
