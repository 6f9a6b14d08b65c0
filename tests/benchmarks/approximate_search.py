"""What an approximate index would gain over the exact product, and what it costs to keep fresh.

``pip install faiss-cpu`` (or ``hnswlib``); ``python -m tests.benchmarks.approximate_search faiss 100000``.
The vectors are drawn around 200 centres; after each step of the online model some 300 rows have moved.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from lifelong_widgets.memory.scores import DenseScores

K, DIM, MOVED, QUERIES = 20, 64, 304, 100
NOTHING = np.zeros(0, dtype=np.int64)
Search = Callable[[np.ndarray], np.ndarray]


def faiss_index(vectors: np.ndarray) -> tuple[dict[str, Search], Callable[[np.ndarray, np.ndarray], object]]:
    """An inverted file with a list for each root of n."""
    faiss: Any = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    n_lists = int(len(vectors) ** 0.5)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(DIM), DIM, n_lists, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[:: max(1, len(vectors) // (64 * n_lists))])
    index.add(vectors)
    index.set_direct_map_type(faiss.DirectMap.Array)

    def search(query: np.ndarray, n_probes: int) -> np.ndarray:
        index.nprobe = n_probes
        found: np.ndarray = index.search(query[None], K)[1][0]
        return found

    ways = {f"nprobe {n}": lambda query, n=n: search(query, n) for n in (4, 16, 64)}
    return ways, index.update_vectors


def hnswlib_index(
    vectors: np.ndarray,
) -> tuple[dict[str, Search], Callable[[np.ndarray, np.ndarray], object]]:
    """A navigable small-world graph."""
    index: Any = importlib.import_module("hnswlib").Index("ip", DIM)
    index.init_index(len(vectors), M=16, ef_construction=100)
    index.set_num_threads(1)
    index.add_items(vectors, np.arange(len(vectors)))

    def search(query: np.ndarray, ef: int) -> np.ndarray:
        index.set_ef(ef)
        found: np.ndarray = index.knn_query(query[None], K)[0][0]
        return found

    ways = {f"ef {n}": lambda query, n=n: search(query, n) for n in (64, 256)}
    return ways, lambda places, moved: index.add_items(moved, places)


def timed(search: Search, queries: np.ndarray) -> tuple[list[set[int]], float]:
    """What was found for each query, and microseconds of CPU time a query."""
    search(queries[0])
    start = time.process_time()
    found = [set(search(query).tolist()) for query in queries]
    return found, (time.process_time() - start) / len(queries) * 1e6


def main(library: str, n: int) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(200, DIM)).astype(np.float32)
    vectors = centres[rng.integers(200, size=n)] + 0.7 * rng.normal(size=(n, DIM)).astype(np.float32)
    vectors *= np.float32(0.1)
    queries = centres[rng.integers(200, size=QUERIES)] + 0.5 * rng.normal(size=(QUERIES, DIM))
    queries = queries.astype(np.float32)
    truth, exact = timed(lambda query: DenseScores(vectors @ query).best(K, NOTHING), queries)
    start = time.process_time()
    ways, move = {"faiss": faiss_index, "hnswlib": hnswlib_index}[library](vectors)
    print(f"{library}, {n:,} items: built in {time.process_time() - start:.1f} s; exact {exact:.0f} µs")
    for name, search in ways.items():
        found, cost = timed(search, queries)
        recall = np.mean([len(right & mine) / K for right, mine in zip(truth, found, strict=True)])
        print(f"  {name}: recall@{K} {recall:.3f}, {cost:.0f} µs", flush=True)
    places = rng.choice(n, MOVED, replace=False).astype(np.int64)
    moved = vectors[places] + 0.002 * rng.normal(size=(MOVED, DIM)).astype(np.float32)
    start = time.process_time()
    move(places, moved)
    print(f"  to move {MOVED} rows, as each step does: {(time.process_time() - start) * 1e3:.2f} ms")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        main(sys.argv[1], int(sys.argv[2]))
