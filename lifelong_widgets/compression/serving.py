"""A compressed recommender: nearly the same lists from a third of the bytes."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compression.int8 import Int8Rows
from lifelong_widgets.compression.report import CompressionReport
from lifelong_widgets.data import Catalog, Id
from lifelong_widgets.data.ids import IdIndex, as_id
from lifelong_widgets.errors import DataError
from lifelong_widgets.memory import Content, EpisodicMemory, Gate, PeopleRows, Ranker
from lifelong_widgets.models import Histories, Network, ScoringHead, one_thread
from lifelong_widgets.models.network import blocks
from lifelong_widgets.recommendations import Recommendations, check_k, check_now

METHODS = ("int8",)


class Values(Protocol):
    """What items are worth in the long run, a copy that learns no more; it is left in full precision."""

    substitution: float

    def values(
        self,
        history_items: NDArray[np.int64],
        history_rewards: NDArray[np.float32],
        people: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32] | None:
        """Of every item for one history, and one person's features; None if nothing is known."""
        ...

    @property
    def n_bytes(self) -> int:
        """What it takes to say so."""
        ...


class CompressedRecommender:
    """Recommends from int8 tables. Made by `Recommender.compress`; it learns no more.

    Holds its own copy of the histories as they were, so that it can stand alone.

    Attributes:
        report: what the compression costs and saves.
    """

    report: CompressionReport

    def __init__(
        self,
        network: Network,
        content: Content,
        memory: EpisodicMemory,
        gate: Gate,
        catalog: Catalog,
        users: IdIndex,
        histories: Histories,
        method: str,
        name_of: Callable[[Id], Id] | None = None,
        values: Values | None = None,
        people: PeopleRows = lambda people: None,
    ) -> None:
        if method not in METHODS:
            raise DataError(f"unknown compression {method!r}; there is {', '.join(map(repr, METHODS))}")
        self.catalog = catalog
        self._users = IdIndex(name="user")
        self._users.extend(users)
        self._name_of = name_of or (lambda user: as_id(user, "user"))
        self._memory, self._gate = memory.compact(), gate.copy()
        self._values = values
        weights = content.weights().copy()
        self._ranker = Ranker(
            self._scores,
            replace(content, of=self._content_of, weights=lambda: weights),
            self._memory,
            self._gate,
            histories.copy(),
            None if values is None else values.values,
            0.0 if values is None else values.substitution,
            self._rows_of,
        )
        self._people = people(range(len(users)))
        self._of_people = None if network.of_people is None else network.of_people.detach().clone()
        width = network.embedding_dim
        rows = network.items.rows
        # The two halves differ in size, so each has its own scale.
        self._embeddings = Int8Rows.quantize(rows[:, :width])
        self._content = Int8Rows.quantize(rows[:, width:]) if rows.shape[1] > width else None
        self._projection = Int8Rows.quantize(network.projection) if self._content else None
        modules = torch.nn.ModuleDict({"encoder": network.encoder, "head": network.head})
        modules = copy.deepcopy(modules)  # both at once: a head may hold a part of its encoder
        self._encoder, self._head = modules["encoder"], cast(ScoringHead, modules["head"])
        self._is_product = network.is_product
        self._parameters = dict(modules.named_parameters())
        self._matrices = {n: Int8Rows.quantize(p) for n, p in self._parameters.items() if p.ndim == 2}
        self._vectors = {n: p.detach().clone() for n, p in self._parameters.items() if p.ndim != 2}
        self._empty()

    @property
    def n_bytes(self) -> int:
        """What it takes to rank: the network's parameters, the fast memory, the gate, and values if any."""
        parts = [self._embeddings, self._content, self._projection, *self._matrices.values()]
        of_people = 0 if self._of_people is None else 4 * self._of_people.numel()
        network = sum(part.n_bytes for part in parts if part)
        network += 4 * sum(vector.numel() for vector in self._vectors.values())
        values = 0 if self._values is None else self._values.n_bytes
        return network + of_people + self._memory.n_bytes + self._gate.n_bytes + values

    @one_thread()
    def recommend(
        self, user: Id, k: int = 10, exclude_seen: bool = True, now: float | None = None
    ) -> Recommendations:
        """The best `k` items for a person, as `Recommender.recommend` gives them, without reasons."""
        k = check_k(k)
        person = self._users.get(self._name_of(user))
        indices, scores = self._ranker.best(person, k, exclude_seen, check_now(now))
        return Recommendations.of(user, indices, scores, self.catalog)

    def _content_of(self, items: np.ndarray) -> np.ndarray:
        if self._content is None:
            return np.zeros((len(items), 0), dtype=np.float32)
        rows = torch.from_numpy(items)
        content: np.ndarray = (self._content.codes[rows].float() * self._content.scales[rows]).numpy()
        return content

    def _rows_of(self, people: Sequence[int | None]) -> NDArray[np.float32] | None:
        """The features that people had when the copy was made."""
        if self._people is None:
            return None
        rows = np.zeros((len(people), self._people.shape[1]), dtype=np.float32)
        for place, person in enumerate(people):
            if person is not None and person < len(self._people):
                rows[place] = self._people[person]
        return rows

    def _scores(
        self, items: np.ndarray, rewards: np.ndarray, people: np.ndarray | None
    ) -> Iterator[np.ndarray]:
        return map(self._scores_after, items, rewards, [None] * len(items) if people is None else people)

    @torch.no_grad()
    def _scores_after(self, items: np.ndarray, rewards: np.ndarray, person: np.ndarray | None) -> np.ndarray:
        projection = self._projection.dequantize() if self._projection else None
        vectors = self._item_vectors(torch.from_numpy(items), projection)
        with self._dequantized():
            user = self._encoder(vectors[None], torch.from_numpy(rewards)[None])
            if person is not None and self._of_people is not None:
                user = torch.addmm(user, torch.from_numpy(person)[None], self._of_people)
            if not self._is_product:
                everything = torch.arange(len(self._embeddings.codes))
                found = [
                    self._head(user, self._item_vectors(everything[places], projection))[0]
                    for _, places in blocks(1, len(everything), self._head.n_numbers)
                ]
                return torch.cat(found).numpy()
        scores = self._embeddings.matmul(user[0])
        if self._content and projection is not None:
            scores += self._content.matmul(projection @ user[0])
        ranked: np.ndarray = scores.numpy()
        return ranked

    def _item_vectors(self, items: torch.Tensor, projection: torch.Tensor | None) -> torch.Tensor:
        vectors = self._embeddings.codes[items].float() * self._embeddings.scales[items]
        if self._content and projection is not None:
            vectors = vectors + self._content.codes[items].float() * self._content.scales[items] @ projection
        return vectors

    @contextmanager
    def _dequantized(self) -> Iterator[None]:
        """Encoder and head have their parameters within the block."""
        for name, parameter in self._parameters.items():
            rows = self._matrices.get(name)
            parameter.data = self._vectors[name] if rows is None else rows.dequantize()
        try:
            yield
        finally:
            self._empty()

    def _empty(self) -> None:
        for parameter in self._parameters.values():
            parameter.data = torch.empty(0)  # only its shape of computation is kept


def compress(
    network: Network,
    content: Content,
    memory: EpisodicMemory,
    gate: Gate,
    catalog: Catalog,
    users: IdIndex,
    histories: Histories,
    live: Callable[[Id], Recommendations],
    method: str = "int8",
    name_of: Callable[[Id], Id] | None = None,
    n_people: int = 200,
    values: Values | None = None,
    people: PeopleRows = lambda people: None,
) -> CompressedRecommender:
    """Compress a network and compare the lists of up to `n_people` people, evenly spaced, with `live`'s.

    `name_of` gives the id in `users` of a person, where that is not their own (pseudonyms). The copy keeps
    `values`, which nobody else may change, as they are. `people` has the features of people, if any.

    Raises:
        DataError: an unknown method, or an empty catalogue.
    """
    if not len(network.items):
        raise DataError("there is nothing to compress: the catalogue is empty")
    small = CompressedRecommender(
        network, content, memory, gate, catalog, users, histories, method, name_of, values, people
    )
    sample = [
        users.ids[i] for i in np.unique(np.linspace(0, len(users) - 1, n_people).astype(int)) if len(users)
    ]
    overlaps, before, after = [], [], []
    for user in sample or ["nobody"]:
        start = time.process_time_ns()
        full = live(user)
        middle = time.process_time_ns()
        compressed = small.recommend(user)
        end = time.process_time_ns()
        before.append((middle - start) / 1000)
        after.append((end - middle) / 1000)
        overlaps.append(len(set(full.items) & set(compressed.items)) / max(len(full), 1))
    mean = float(np.mean(overlaps))
    margin = 1.96 * float(np.std(overlaps, ddof=1)) / len(overlaps) ** 0.5 if len(overlaps) > 1 else 0.0
    reads_texts = [] if network.learned is None else network.learned.parameters()  # and is asked for no list
    read = network.dense_parameters()
    dense = [network.items.rows, *read[: len(read) - len(reads_texts)]]
    small.report = CompressionReport(
        method=method,
        bytes_before=4 * sum(tensor.numel() for tensor in dense)
        + memory.n_bytes
        + gate.n_bytes
        + (0 if values is None else values.n_bytes),
        bytes_after=small.n_bytes,
        rank_us_before=float(np.median(before)),
        rank_us_after=float(np.median(after)),
        overlap_at_10=mean,
        overlap_interval=(max(mean - margin, 0.0), min(mean + margin, 1.0)),
        n_people=len(overlaps),
    )
    return small
