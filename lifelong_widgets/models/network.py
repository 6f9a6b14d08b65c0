"""The network: item vectors, a user encoder, and the product of the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.decayed_mlp import DecayedMLP
from lifelong_widgets.models.item_table import ItemTable
from lifelong_widgets.models.projection import ContentProjection
from lifelong_widgets.parts import Part, WholeNumber, unless_built

ENCODERS: dict[str, type[UserEncoder]] = {"decayed_mlp": DecayedMLP}

_SCORES_AT_ONCE = 2**22


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an encoder reads of n histories.

    Attributes:
        vectors: (n, n_inputs, embedding_dim), averages of item vectors, or these themselves.
        content: (n · n_inputs, content_dim), the content in them before it was projected.
        weights: (n, n_inputs, history_length), of the averages; None for the item vectors themselves.
    """

    vectors: NDArray[np.floating]
    content: NDArray[np.floating]
    weights: NDArray[np.floating] | None


class Network(Part):
    """Scores items for people: ``score(u, i) = encoder(history of u) · (embedding_i + content_i @ P)``.

    The same item vectors are read by the encoder and scored against its output (tied embeddings). A new
    person needs no row: the encoder reads their history. A new item needs no training to be placed: its
    content is projected into the same space.

    Call `build` once before use. Torch modules and tables live in `items`, `content` and `encoder`.
    """

    embedding_dim = WholeNumber(64, min=1, max=4096, help="Width of the item and user vectors.").tag(
        config=True
    )
    hidden_dim = WholeNumber(
        128, min=1, max=65_536, help="Width of the hidden layer of the user encoder."
    ).tag(config=True)
    history_length = WholeNumber(
        50, min=1, max=1000, help="How many of a person's most recent events the user encoder reads."
    ).tag(config=True)
    encoder_name = traitlets.Enum(
        list(ENCODERS), default_value="decayed_mlp", help="Which user encoder reads the history."
    ).tag(config=True, label="Encoder")

    items: ItemTable
    content: ContentProjection
    encoder: UserEncoder

    def build(self, content_dim: int | Mapping[str, int], seed: int, gated: bool = False) -> None:
        """Make the parameters: nothing else in the network depends on a random number.

        Args:
            content_dim: the width of the content, or that of each of its modalities.
            seed: of the first values.
            gated: whether each modality has a weight that is learned.
        """
        widths = {"content": content_dim} if isinstance(content_dim, int) else content_dim
        generator = torch.Generator().manual_seed(seed)
        self.items = ItemTable(self.embedding_dim, sum(widths.values()), seed)
        self.encoder = ENCODERS[self.encoder_name](self.embedding_dim, self.hidden_dim, self.history_length)
        with torch.no_grad():
            for parameter in self.encoder.parameters():
                if parameter.ndim == 2:
                    bound = (3 / parameter.shape[1]) ** 0.5
                    parameter.uniform_(-bound, bound, generator=generator)
            for name, parameter in self.encoder.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
        self.content = ContentProjection(widths, self.embedding_dim, gated, generator)

    @property
    def projection(self) -> torch.Tensor:
        """The matrix by which content comes into the space of the item vectors."""
        return self.content.matrix

    def dense_parameters(self) -> list[torch.nn.Parameter]:
        """The parameters that every step touches: those of the projection and the encoder's."""
        return [*self.content.parameters(), *self.encoder.parameters()]

    def item_vectors(self, embeddings: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
        """The vectors of items given the two parts of their table rows, (n, embedding_dim)."""
        return torch.addmm(embeddings, content, self.projection)

    @torch.no_grad()
    def user_vectors(self, history_items: np.ndarray, history_rewards: np.ndarray) -> torch.Tensor:
        """The vectors of people given their histories, (n, embedding_dim).

        Args:
            history_items: (n, history_length), int64, the most recent first; any index where reward is 0.
            history_rewards: (n, history_length), float32; 0 where there is no event.
        """
        inputs = self.inputs(history_items, history_rewards)
        return self.encoder.read(torch.from_numpy(inputs.vectors), torch.from_numpy(history_rewards))

    def inputs(self, history_items: np.ndarray, history_rewards: np.ndarray) -> Inputs:
        """What the encoder reads of histories, those of `user_vectors`.

        An average of item vectors is ``mean(embedding) + mean(content) @ P``: averaging comes first, so that
        a few averages are projected instead of the whole history.
        """
        averaging, weights = self.encoder.averaging(torch.from_numpy(history_rewards)), None
        if averaging is None:
            rows = self.items.array[history_items.reshape(-1)]
        else:
            weights = averaging.numpy()
            rows = self.items.averages(history_items, weights).reshape(-1, self.items.array.shape[1])
        vectors, content = _projected(rows, self.projection.detach().numpy())
        return Inputs(vectors.reshape(len(history_items), -1, self.embedding_dim), content, weights)

    def queries(self, user_vectors: torch.Tensor) -> torch.Tensor:
        """What the table's rows are multiplied by to give scores: ``[u | P u]``, (n, width of a row)."""
        return torch.from_numpy(queries_of(user_vectors.detach().numpy(), self.projection.detach().numpy()))

    def score_all(self, history_items: np.ndarray, history_rewards: np.ndarray) -> torch.Tensor:
        """The scores of every item for each history: (n, n_items). One matrix product."""
        queries = self.queries(self.user_vectors(history_items, history_rewards))
        if len(queries) == 1:
            return torch.from_numpy(_products(self.items.array, queries[0].numpy())).unsqueeze(0)
        return queries @ self.items.rows.T

    def score_each(self, history_items: np.ndarray, history_rewards: np.ndarray) -> Iterator[np.ndarray]:
        """The scores of every item for one history after the other, (n_items,) each.

        As many at once as fit 16 MB: a product of many reads the table once for all of them. The table and
        the parameters must stand still until the last is read.
        """
        at_once = max(1, _SCORES_AT_ONCE // max(1, len(self.items)))
        for begin in range(0, len(history_items), at_once):
            end = begin + at_once
            yield from self.score_all(history_items[begin:end], history_rewards[begin:end]).numpy()

    def get_state(self) -> dict[str, torch.Tensor]:
        """All parameters and optimizer rows by name, as contiguous tensors."""
        state = {f"items.{name}": tensor for name, tensor in self.items.get_state().items()}
        for name, parameter in self.content.named_parameters():
            state[name] = parameter.detach().clone()
        for name, parameter in self.encoder.named_parameters():
            state[f"encoder.{name}"] = parameter.detach().clone()
        return state

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take a state back; shapes are checked before anything is changed."""
        own = {f"encoder.{name}": parameter for name, parameter in self.encoder.named_parameters()}
        own |= dict(self.content.named_parameters())
        for name, parameter in own.items():
            if name not in state or state[name].shape != parameter.shape:
                found = tuple(state[name].shape) if name in state else "nothing"
                raise FormatError(f"network: {name} is {found}, expected shape {tuple(parameter.shape)}")
            if not torch.isfinite(state[name]).all():
                raise FormatError(f"network: {name} holds numbers that are not finite")
        self.items.set_state({name: state[f"items.{name}"] for name in self.items.get_state()})
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(state[name])

    @traitlets.validate("embedding_dim", "hidden_dim", "history_length", "encoder_name")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "items"), "network")


def _queries(user_vectors: NDArray[np.floating], projection: NDArray[np.floating]) -> NDArray[np.floating]:
    """See `Network.queries`."""
    n, dim = user_vectors.shape
    queries = np.empty((n, dim + len(projection)), dtype=user_vectors.dtype)
    for person in range(n):
        user = user_vectors[person]
        queries[person, :dim] = user
        for place in range(len(projection)):
            row, total = projection[place], user_vectors.dtype.type(0.0)
            for column in range(dim):
                total += row[column] * user[column]
            queries[person, dim + place] = total
    return queries


queries_of = compiled(_queries, reassociate=True)


def _products(rows: NDArray[np.floating], query: NDArray[np.floating]) -> NDArray[np.floating]:
    """``rows @ query``: without a BLAS and its threads as quick, since the memory is what takes the time."""
    products = np.empty(len(rows), dtype=rows.dtype)
    for place in range(len(rows)):
        row, total = rows[place], rows.dtype.type(0.0)
        for column in range(len(query)):
            total += row[column] * query[column]
        products[place] = total
    return products


_products = compiled(_products, reassociate=True)


@compiled
def _projected(
    rows: NDArray[np.floating], projection: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The vectors ``embedding + content @ P`` of rows of the table, and their content."""
    dim = projection.shape[1]
    vectors, content = rows[:, :dim].copy(), rows[:, dim:].copy()
    for row in range(len(rows)):
        into = vectors[row]
        for place in range(len(projection)):
            value, direction = content[row, place], projection[place]
            if value != 0.0:
                for column in range(dim):
                    into[column] += value * direction[column]
    return vectors, content
