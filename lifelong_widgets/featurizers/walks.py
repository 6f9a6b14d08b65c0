"""Nodes of a graph as vectors: random walks are its sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from lifelong_widgets.data import SocialGraph
from lifelong_widgets.data.ids import Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers.base import Array, unit_rows
from lifelong_widgets.featurizers.word2vec import train_word2vec

N_WALKS = 10
"""Walks from each node, as in node2vec (Grover & Leskovec 2016)."""

WALK_LENGTH = 40
"""Nodes on a walk, as in DeepWalk."""

_MOST_NODES = 4_000_000
"""On all walks together: with more people fewer walks begin at each, one at least."""


def random_walks(
    graph: SocialGraph, seed: int, p: float = 1.0, q: float = 1.0, n_walks: int = N_WALKS
) -> npt.NDArray[np.int64]:
    """Walks of `WALK_LENGTH` nodes from every node that has an edge: (n_walks · n_nodes, length), int64.

    An edge is walked both ways, with a chance in proportion to its weight: who is followed by the same people
    is alike, too. With p = q = 1 that is DeepWalk (Perozzi et al. 2014). Otherwise it is node2vec (Grover &
    Leskovec 2016): to go back to the last node is 1/p as likely, and to go to one that is no neighbour of it
    1/q as likely, as it would be. The bias is kept exactly by rejection (Yang et al. 2019, "KnightKing").

    Args:
        graph: Who follows whom.
        seed: Of the walks.
        p: Return parameter, above 0.
        q: In-out parameter, above 0.
        n_walks: How many walks begin at each node.

    Returns:
        Indices into ``graph.people``.

    Raises:
        DataError: p or q is not above 0.

    >>> graph = SocialGraph()
    >>> graph.add("ada", "bob")
    >>> random_walks(graph, seed=0)[:, :4].tolist()[:2]
    [[0, 1, 0, 1], [1, 0, 1, 0]]
    """
    if not (p > 0.0 and q > 0.0):
        raise DataError(f"p and q of node2vec are above 0, not p={p!r}, q={q!r}")
    n = len(graph.people)
    sources, targets, weights = graph.edges()
    matrix = csr_array((weights, (sources, targets)), shape=(n, n))
    matrix = csr_array(matrix + matrix.T)
    matrix.sort_indices()
    rng = np.random.default_rng(seed)
    starts = np.tile(np.flatnonzero(np.diff(matrix.indptr)), n_walks)
    walks = np.empty((len(starts), WALK_LENGTH), dtype=np.int64)
    walks[:, 0] = starts
    step = _Step(matrix, rng)
    bias = max(1.0, 1.0 / p, 1.0 / q)
    for place in range(1, WALK_LENGTH):
        here = walks[:, place - 1]
        waiting = np.arange(len(starts))
        while len(waiting):
            walks[waiting, place] = step.to(here[waiting])
            if place == 1 or p == q == 1.0:
                break
            before, after = walks[waiting, place - 2], walks[waiting, place]
            wish = np.where(after == before, 1.0 / p, np.where(step.joined(before, after), 1.0, 1.0 / q))
            waiting = waiting[rng.random(len(waiting)) * bias >= wish]
    return walks


class _Step:
    """One step of many walkers at once, each to a neighbour drawn by the weights of the edges."""

    def __init__(self, matrix: Any, rng: np.random.Generator) -> None:
        self._rng = rng
        self._to: npt.NDArray[np.int64] = matrix.indices.astype(np.int64)
        self._n, self._first = matrix.shape[0], matrix.indptr.astype(np.int64)
        self._total = np.concatenate([[0.0], np.cumsum(matrix.data)])
        rows = np.repeat(np.arange(self._n), np.diff(self._first))
        self._edges = rows * self._n + self._to  # ascending

    def to(self, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        first, last = self._first[nodes], self._first[nodes + 1]
        low, high = self._total[first], self._total[last]
        drawn = np.searchsorted(self._total, low + self._rng.random(len(nodes)) * (high - low), side="right")
        nodes = self._to[np.clip(drawn - 1, first, last - 1)]  # rounding must not lead to another's edge
        return nodes

    def joined(self, a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        keys = a * self._n + b
        place = np.minimum(np.searchsorted(self._edges, keys), len(self._edges) - 1)
        joined: npt.NDArray[np.bool_] = self._edges[place] == keys
        return joined


def embed_nodes(
    graph: SocialGraph, dim: int, seed: int, p: float = 1.0, q: float = 1.0
) -> tuple[list[Id], Array]:
    """The people of `graph` who have an edge, and a vector of each: (n, dim), float32, of length 1.

    Skip-gram over random walks: see `random_walks` and `train_word2vec`. A graph without edges has none.
    """
    n_walks = min(max(_MOST_NODES // (WALK_LENGTH * max(len(graph.people), 1)), 1), N_WALKS)
    walks = (
        random_walks(graph, seed, p, q, n_walks) if len(graph) else np.zeros((0, WALK_LENGTH), dtype=np.int64)
    )
    order = np.random.default_rng((seed, 1)).permutation(len(walks))
    words, vectors = train_word2vec(walks[order].astype(str).tolist(), dim, seed, epochs=3)
    return [graph.people[int(word)] for word in words], unit_rows(vectors)
