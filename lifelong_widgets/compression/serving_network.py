"""A network to score with, its item rows and matrices held in fewer bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compression.encoders import Contexts, Modules, modules_of, narrow, width_of
from lifelong_widgets.compression.methods import Plan
from lifelong_widgets.compression.rows import WRITES_UNTIL_ANEW, Matrix, Rows
from lifelong_widgets.compression.teaching import TuningSteps
from lifelong_widgets.compression.tuning import Corrections, tuned_network
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.states import check_arrays
from lifelong_widgets.models import Network
from lifelong_widgets.models.heads import Product
from lifelong_widgets.models.network import blocks
from lifelong_widgets.state_file import Tree, count_of

_SIZES = ("embedding_dim", "hidden_dim", "n_hidden_layers", "activation", "history_length", "model")


class ServingNetwork:
    """Scores as a `Network` does, from rows that are held as a plan says. It learns nothing.

    The item rows are read as they are held. The rest is small: it is held by the same methods, and spread
    out in memory once, so that no list waits for it.

    Args:
        network: whose scores.
        plan: how they are made smaller.
        contexts: gives what a narrower encoder is taught with, and what is left of matrices.
        steps: told of each step of that.
    """

    def __init__(
        self, network: Network, plan: Plan, contexts: Callable[[], Contexts], steps: TuningSteps
    ) -> None:
        self._sizes: dict[str, Any] = {name: getattr(network, name) for name in _SIZES}
        self._like = Network(**self._sizes)
        self._plan, self._contexts = plan, contexts
        self._width = network.embedding_dim
        self._is_product = network.is_product
        self._narrowed: Modules | None = None
        self._modules = modules_of(self._like, width_of(network, plan.encoder))
        self._narrow(network, steps)
        self.encode_items(network, steps)
        self._hold_dense(network)

    def encode_items(self, network: Network, steps: TuningSteps) -> None:
        """Hold all item rows anew, and what tuning adds to them and the layers."""
        self._corrections: Corrections = {}
        if self._plan.tuning is not None:
            modules, n_steps = self._source(network), self._plan.tuning.n_steps
            self._corrections = tuned_network(network, modules, self._plan, self._contexts(), n_steps, steps)
        rows = network.items.array
        self._embeddings = self._plan.held(self._embedded(network, np.arange(len(rows))), "embeddings")
        self._content = self._plan.held(rows[:, self._width :], "content")
        self._n_written = 0

    def copy_items(
        self,
        network: Network,
        moved: NDArray[np.int64],
        described: NDArray[np.int64],
        steps: TuningSteps,
    ) -> None:
        """The embeddings of `moved` and the content of `described` are what they are in `network` now."""
        table, n = network.items.array, len(network.items)
        new = np.arange(self._embeddings.shape[0], n)
        moved, described = np.union1d(moved, new), np.union1d(described, new)
        self._n_written += len(moved)
        if (self._embeddings.ages or self._corrections) and self._n_written > WRITES_UNTIL_ANEW * n:
            self.encode_items(network, steps)
            return
        self._embeddings.write(moved, self._embedded(network, moved))
        if len(described):
            self._content.write(described, table[described, self._width :])

    def encode_dense(self, network: Network, steps: TuningSteps) -> None:
        """Hold the parameters that every step touches anew."""
        self._narrow(network, steps)
        self._hold_dense(network)

    def _narrow(self, network: Network, steps: TuningSteps) -> None:
        if self._plan.encoder is not None:
            made = narrow(network, self._plan.encoder, self._contexts(), steps, self._narrowed)
            self._narrowed = made

    def _source(self, network: Network) -> Modules:
        """The encoder and head that are held."""
        return Modules(network.encoder, network.head) if self._narrowed is None else self._narrowed

    def _embedded(self, network: Network, rows: NDArray[np.int64]) -> Matrix:
        """The embeddings of items, and what tuning adds to those that were there when it was made."""
        embeddings: Matrix = network.items.array[rows, : self._width]
        correction = self._corrections.get("embeddings")
        if correction is not None:
            known = rows < len(correction)
            embeddings[known] += correction[rows[known]]
        return embeddings

    def _hold_dense(self, network: Network) -> None:
        projection = self._corrected("projection", _matrix(network.projection))
        self._matrices: dict[str, Rows] = {"projection": self._plan.held(projection)}
        if network.of_people is not None:
            self._matrices["of_people"] = self._plan.held(_matrix(network.of_people))
        self._vectors: dict[str, NDArray[np.float32]] = {}
        for name, parameter in self._source(network).named_parameters():
            if parameter.ndim >= 2:
                self._matrices[name] = self._plan.held(self._corrected(name, _matrix(parameter)))
            else:
                self._vectors[name] = self._rounded(parameter.detach().numpy())
        self._spread()

    @torch.no_grad()
    def scores(
        self, items: NDArray[np.int64], rewards: NDArray[np.float32], person: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """The scores of every item for one history, (n_items,); `person` has the features, if any."""
        user = self._user(items, rewards)
        if person is not None and self._of_people is not None:
            user = user + torch.from_numpy(person[None] @ self._of_people)
        if not self._is_product:
            head, n = self._modules.head, self._embeddings.shape[0]
            found = [
                head(user, torch.from_numpy(self._vectors_of(np.arange(places.start, places.stop))))[0]
                for _, places in blocks(1, n, head.n_numbers)
            ]
            through: NDArray[np.float32] = torch.cat(found).numpy()
            return through
        query = user[0].numpy()
        scores = self._embeddings.matmul(query)
        if self._content.shape[1]:
            scores += self._content.matmul(self._projection @ query)
        return scores

    def content_of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The content of items, (n, content_dim)."""
        return self._content.take(items)

    def __len__(self) -> int:
        return self._embeddings.shape[0]

    @property
    def history_length(self) -> int:
        """How many events of a history it reads."""
        return self._like.history_length

    @property
    def content_dim(self) -> int:
        """The width of the content."""
        return self._content.shape[1]

    @property
    def person_dim(self) -> int:
        """The width of the features of people, 0 if there are none."""
        return 0 if self._of_people is None else len(self._of_people)

    def get_state(self) -> Tree:
        """Everything, as a tree of arrays and JSON values."""
        exact = np.float32 if self._plan.bits == 32 else np.float16
        vectors = [self._vectors[name].ravel() for name in sorted(self._vectors)]
        return {
            "sizes": self._sizes,
            "n_items": len(self),
            "content_dim": self.content_dim,
            "person_dim": self.person_dim,
            "width": self._modules.encoder.hidden_dim,
            "embeddings": self._embeddings.get_state(),
            "content": self._content.get_state(),
            "matrices": {name: rows.get_state() for name, rows in self._matrices.items()},
            "vectors": np.concatenate([np.zeros(0, dtype=np.float32), *vectors]).astype(exact),
        }

    @classmethod
    def of_state(cls, state: Tree, plan: Plan) -> ServingNetwork:
        """The network of a state.

        Raises:
            FormatError: it is none.
            traitlets.TraitError: a size is none.
        """
        made = cls.__new__(cls)
        sizes = {name: state["sizes"][name] for name in _SIZES}
        made._sizes, made._like, made._plan = sizes, Network(**sizes), plan
        made._width, made._narrowed, made._n_written = made._like.embedding_dim, None, 0
        made._corrections = {}
        n, content_dim, person_dim, width = (
            count_of(state[name], name) for name in ("n_items", "content_dim", "person_dim", "width")
        )
        if not 1 <= width <= made._like.hidden_dim:
            raise FormatError(f"the encoder has {width} hidden units, at most {made._like.hidden_dim} fit")
        made._modules = modules_of(made._like, width)
        head = made._modules.head
        made._is_product = type(head) is Product
        made._embeddings = plan.held_state(state["embeddings"], (n, made._width), "embeddings")
        made._content = plan.held_state(state["content"], (n, content_dim), "content")
        shapes: dict[str, tuple[int, int]] = {"projection": (content_dim, made._width)}
        if person_dim:
            shapes["of_people"] = (person_dim, made._modules.encoder.user_dim)
        sizes_of = {}
        for name, parameter in made._modules.named_parameters():
            if parameter.ndim >= 2:
                shapes[name] = len(parameter), parameter[0].numel()
            else:
                sizes_of[name] = parameter.numel()
        made._matrices = {n: plan.held_state(state["matrices"][n], shape) for n, shape in shapes.items()}
        exact = np.float32 if plan.bits == 32 else np.float16
        check_arrays("network", state, vectors=((sum(sizes_of.values()),), exact, None))
        made._vectors, start = {}, 0
        for name in sorted(sizes_of):
            made._vectors[name] = state["vectors"][start : start + sizes_of[name]].astype(np.float32)
            start += sizes_of[name]
        made._spread()
        return made

    def _spread(self) -> None:
        """Into arrays and modules that are read at once."""
        whole = {name: rows.take(np.arange(rows.shape[0])) for name, rows in self._matrices.items()}
        self._projection, self._of_people = whole["projection"], whole.get("of_people")
        with torch.no_grad():
            for name, parameter in self._modules.named_parameters():
                values = self._vectors[name] if parameter.ndim < 2 else whole[name]
                parameter.copy_(torch.from_numpy(np.array(values)).view_as(parameter))

    def _user(self, items: NDArray[np.int64], rewards: NDArray[np.float32]) -> torch.Tensor:
        """What the encoder says of one history, (1, user_dim). Averaging comes before the projection."""
        encoder, worth = self._modules.encoder, torch.from_numpy(rewards)[None]
        weights = encoder.averaging(worth)
        if weights is None:
            return encoder.read(torch.from_numpy(self._vectors_of(items))[None], worth)
        events = np.flatnonzero(rewards)
        shares, taken = weights[0].numpy()[:, events], items[events]
        averages = shares @ self._embeddings.take(taken)
        if self._content.shape[1]:
            averages += (shares @ self._content.take(taken)) @ self._projection
        return encoder.read(torch.from_numpy(averages)[None], worth)

    def _vectors_of(self, items: NDArray[np.int64]) -> Matrix:
        vectors = self._embeddings.take(items)
        if self._content.shape[1]:
            vectors = vectors + self._content.take(items) @ self._projection
        return vectors

    def _corrected(self, name: str, matrix: Matrix) -> Matrix:
        correction = self._corrections.get(name)
        return matrix if correction is None else matrix + correction

    def _rounded(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        return vector.copy() if self._plan.bits == 32 else vector.astype(np.float16).astype(np.float32)


def _matrix(parameter: torch.Tensor) -> Matrix:
    matrix: Matrix = parameter.detach().reshape(len(parameter), -1).numpy()
    return matrix
