"""The network: item vectors, a user encoder, and the head that scores one against the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.heads import Product, ScoringHead
from lifelong_widgets.models.item_table import ItemTable
from lifelong_widgets.models.layers import ACTIVATIONS
from lifelong_widgets.models.learned_content import LearnedContent
from lifelong_widgets.models.projection import ContentProjection
from lifelong_widgets.models.registry import MODELS
from lifelong_widgets.parts import Part, WholeNumber, unless_built

_SCORES_AT_ONCE = 2**22
NUMBERS_AT_ONCE = 2**20
"""Of all pairs that a head scores at once: 4 MB, which a processor keeps close."""


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
    """Scores items for people: ``score(u, i) = head(encoder(history of u), embedding_i + content_i @ P)``.

    The same item vectors are read by the encoder and scored against its output (tied embeddings). A new
    person needs no row: the encoder reads their history. A new item needs no training to be placed: its
    content is projected into the same space. Where there are features p of people, ``p @ Q`` is added to what
    the encoder says of them; Q is 0 at first, and who is unknown has no p. `model` names the pair of encoder
    and head; the head of most is a product, for which all is done on the rows of the table, without making
    the vectors of items.

    Call `build` once before use. Modules and tables live in `items`, `content`, `encoder` and `head`.
    """

    embedding_dim = WholeNumber(64, min=1, max=4096, help="Width of the item and user vectors.").tag(
        config=True
    )
    hidden_dim = WholeNumber(
        128, min=1, max=65_536, help="Width of the hidden layers and of recurrent states."
    ).tag(config=True)
    n_hidden_layers = WholeNumber(
        1, min=1, max=16, help="How many dense hidden layers a model has where it has some (lstm, gru: none)."
    ).tag(config=True, label="Hidden layers", compared=(1, 2, 3))
    activation = traitlets.Enum(
        list(ACTIVATIONS), default_value="gelu", help="What dense hidden layers put their sums through."
    ).tag(config=True, label="Activation")
    history_length = WholeNumber(
        50, min=1, max=1000, help="How many of a person's most recent events the user encoder reads."
    ).tag(config=True)
    model = traitlets.Enum(
        list(MODELS),
        default_value="decayed_mlp",
        help="What reads the history and scores the items; lw.models.list() describes each.",
    ).tag(config=True, label="Model")

    items: ItemTable
    content: ContentProjection
    of_people: torch.nn.Parameter | None = None
    encoder: UserEncoder
    head: ScoringHead
    learned: LearnedContent | None

    def build(
        self,
        content_dim: int | Mapping[str, int],
        seed: int,
        gated: bool = False,
        learned: LearnedContent | None = None,
        person_dim: int = 0,
    ) -> None:
        """Make the parameters: nothing else in the network depends on a random number.

        Args:
            content_dim: the width of the content, or that of each of its modalities.
            seed: of the first values.
            gated: whether each modality has a weight that is learned.
            learned: the encoder of a part of the content that is to be learned with the rest.
            person_dim: the width of the features of people; 0 for none.
        """
        widths = {"content": content_dim} if isinstance(content_dim, int) else content_dim
        generator = torch.Generator().manual_seed(seed)
        model, layers = MODELS[self.model], (self.activation, self.n_hidden_layers)
        self.items = ItemTable(self.embedding_dim, sum(widths.values()), seed)
        self.encoder = model.encoder(self.embedding_dim, self.hidden_dim, self.history_length, *layers)
        self.encoder.initialise(generator)
        self.content = ContentProjection(widths, self.embedding_dim, gated, generator)
        self.head = model.head(self.encoder, self.hidden_dim, *layers)
        self.head.initialise(generator)
        self.learned = learned
        self.of_people = None
        if person_dim:
            self.of_people = torch.nn.Parameter(torch.zeros(person_dim, self.encoder.user_dim))

    @property
    def person_dim(self) -> int:
        """The width of the features of people, 0 if there are none."""
        return 0 if self.of_people is None else len(self.of_people)

    def grow(self, content: NDArray[np.float32], numbers: NDArray[np.int32] | None = None) -> None:
        """Append items.

        Args:
            content: (n_new, content_dim).
            numbers: what the `learned` encoder reads of each, (n_new, length), if there is one.
        """
        known = len(self.items)
        self.items.grow(content)
        if self.learned is not None and numbers is not None:
            self.learned.grow(numbers, content)
            self.refresh(np.arange(known, len(self.items)))

    def refresh(self, items: NDArray[np.int64] | None = None) -> None:
        """Bring the learned part of the content of `items`, or of all, up to date with its encoder."""
        if self.learned is not None:
            items = np.arange(len(self.items)) if items is None else items
            self.items.write_content(items, self.learned.columns, self.learned.rows(items))

    @property
    def projection(self) -> torch.Tensor:
        """The matrix by which content comes into the space of the item vectors."""
        return self.content.matrix

    @property
    def is_product(self) -> bool:
        """Whether a score is ``u · v``, so that there are `queries` of the table."""
        return type(self.head) is Product

    def dense_parameters(self) -> list[torch.nn.Parameter]:
        """The parameters that every step touches.

        Of the content's projection, of people's features, of user encoder and head, and of learned content.
        """
        people = [] if self.of_people is None else [self.of_people]
        learned = [] if self.learned is None else self.learned.parameters()
        modules = (parameter for _, parameter in self._modules())
        return [*self.content.parameters(), *people, *modules, *learned]

    def item_vectors(self, embeddings: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
        """The vectors of items given the two parts of their table rows, (n, embedding_dim)."""
        return torch.addmm(embeddings, content, self.projection)

    @torch.no_grad()
    def user_vectors(
        self, history_items: np.ndarray, history_rewards: np.ndarray, people: np.ndarray | None = None
    ) -> torch.Tensor:
        """The vectors of people given their histories, (n, user_dim of the encoder).

        Args:
            history_items: (n, history_length), int64, the most recent first; any index where reward is 0.
            history_rewards: (n, history_length), float32; 0 where there is no event.
            people: (n, person_dim), float32, their features, if the network reads some and they are known.
        """
        inputs = self.inputs(history_items, history_rewards)
        users = self.encoder.read(torch.from_numpy(inputs.vectors), torch.from_numpy(history_rewards))
        return self.with_people(users, people)

    def with_people(self, users: torch.Tensor, people: np.ndarray | None) -> torch.Tensor:
        """The vectors of people, given what the encoder says of them, (n, user_dim), and their features."""
        if self.of_people is None or people is None:
            return users
        return torch.addmm(users, torch.from_numpy(people), self.of_people)

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
        """What the table's rows are multiplied by to give scores: ``[u | P u]``, (n, width of a row).

        Raises:
            DataError: the scores of this model are no product.
        """
        if not self.is_product:
            raise DataError(
                f"{self.model} does not score by a product: no query of the table gives its scores"
            )
        return torch.from_numpy(queries_of(user_vectors.detach().numpy(), self.projection.detach().numpy()))

    def score_all(
        self, history_items: np.ndarray, history_rewards: np.ndarray, people: np.ndarray | None = None
    ) -> torch.Tensor:
        """The scores of every item for each history: (n, n_items). Where they are one, one matrix product.

        Args are those of `user_vectors`.
        """
        users = self.user_vectors(history_items, history_rewards, people)
        if not self.is_product:
            return self._through_head(users, np.arange(len(self.items)))
        queries = self.queries(users)
        if len(queries) == 1:
            return torch.from_numpy(_products(self.items.array, queries[0].numpy())).unsqueeze(0)
        return queries @ self.items.rows.T

    @torch.no_grad()
    def scores_of(self, user_vectors: torch.Tensor, items: np.ndarray) -> torch.Tensor:
        """The scores of some items, (n, m), for vectors that `user_vectors` or the encoder gave.

        Args:
            user_vectors: (n, user_dim).
            items: (m,), int64, for all; or (n, m), some for each.
        """
        if not self.is_product:
            return self._through_head(user_vectors, items)
        rows = self.items.rows.index_select(0, torch.from_numpy(items.reshape(-1)))
        queries = self.queries(user_vectors)
        if items.ndim == 1:
            return queries @ rows.T
        return torch.bmm(rows.view(*items.shape, -1), queries.unsqueeze(2)).squeeze(2)

    @torch.no_grad()
    def _through_head(self, users: torch.Tensor, items: np.ndarray) -> torch.Tensor:
        """`scores_of` of any head, as many pairs at once as `NUMBERS_AT_ONCE` allows."""
        scores = torch.empty(len(users), items.shape[-1], dtype=users.dtype)
        for people, places in blocks(len(users), items.shape[-1], self.head.n_numbers):
            chosen = items[places] if items.ndim == 1 else items[people, places]
            vectors = self.item_vectors(*self.items.gather(torch.from_numpy(chosen.reshape(-1))))
            scores[people, places] = self.head(users[people], vectors.view(*chosen.shape, -1))
        return scores

    def score_each(
        self, history_items: np.ndarray, history_rewards: np.ndarray, people: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """The scores of every item for one history after the other, (n_items,) each.

        As many at once as fit 16 MB: a product of many reads the table once for all of them. The table and
        the parameters must stand still until the last is read.
        """
        at_once = max(1, _SCORES_AT_ONCE // max(1, len(self.items)))
        for begin in range(0, len(history_items), at_once):
            end = begin + at_once
            rows = None if people is None else people[begin:end]
            yield from self.score_all(history_items[begin:end], history_rewards[begin:end], rows).numpy()

    def get_state(self) -> dict[str, torch.Tensor]:
        """All parameters and optimizer rows by name, as contiguous tensors."""
        state = {f"items.{name}": tensor for name, tensor in self.items.get_state().items()}
        for name, parameter in self._named():
            state[name] = parameter.detach().clone()
        if self.learned is not None:
            state |= {f"learned.{name}": value for name, value in self.learned.get_state().items()}
        return state

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take a state back; shapes are checked before anything is changed."""
        own = dict(self._named())
        for name, parameter in own.items():
            if name not in state or state[name].shape != parameter.shape:
                found = tuple(state[name].shape) if name in state else "nothing"
                raise FormatError(f"network: {name} is {found}, expected shape {tuple(parameter.shape)}")
            if not torch.isfinite(state[name]).all():
                raise FormatError(f"network: {name} holds numbers that are not finite")
        if self.learned is not None:
            names = ((name, f"learned.{name}") for name in self.learned.get_state())
            self.learned.set_state(
                {name: state[key] for name, key in names if key in state}, len(state["items.rows"])
            )
        self.items.set_state({name: state[f"items.{name}"] for name in self.items.get_state()})
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(state[name])

    def _named(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """Every dense parameter but those of learned content by its name in the state."""
        yield from self.content.named_parameters()
        if self.of_people is not None:
            yield "of_people", self.of_people
        yield from self._modules()

    def _modules(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """The parameters of encoder and head by name, each once, though both may hold it."""
        modules = torch.nn.ModuleDict({"encoder": self.encoder, "head": self.head})
        return modules.named_parameters()

    @traitlets.validate(
        "embedding_dim", "hidden_dim", "n_hidden_layers", "activation", "history_length", "model"
    )
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "items"), "network")


def blocks(n: int, m: int, n_numbers: int) -> Iterator[tuple[slice, slice]]:
    """Cuts n × m pairs of `n_numbers` each into blocks of at most `NUMBERS_AT_ONCE`, or of a single pair.

    >>> [(people.stop, items.stop) for people, items in blocks(2, 5, NUMBERS_AT_ONCE // 4)]
    [(1, 4), (1, 5), (2, 4), (2, 5)]
    """
    n_pairs = max(1, NUMBERS_AT_ONCE // n_numbers)
    items_at_once = max(1, min(m, n_pairs))
    people_at_once = max(1, n_pairs // items_at_once)
    for person in range(0, n, people_at_once):
        for item in range(0, m, items_at_once):
            yield (
                slice(person, min(person + people_at_once, n)),
                slice(item, min(item + items_at_once, m)),
            )


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
