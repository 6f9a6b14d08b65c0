"""Small worlds whose right answer is obvious."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.recommender import Recommender

SMALL: dict[str, Any] = {
    "embedding_dim": 16,
    "hidden_dim": 32,
    "history_length": 10,
    "n_negatives": 40,
    "patience": 10,
}


def checkerboard(n_people: int = 30, n_items: int = 24, seed: int = 0) -> tuple[Catalog, Interactions]:
    """Even people take even items, odd people odd ones, in random order; categories say nothing about it."""
    rng = np.random.default_rng(seed)
    catalog = Catalog.from_pandas(
        pd.DataFrame(
            {
                "item": [f"i{n}" for n in range(n_items)],
                "title": [f"Thing {n}" for n in range(n_items)],
                "categories": [["North", "South"][n // 2 % 2] for n in range(n_items)],
            }
        )
    )
    rows = []
    for person in range(n_people):
        own = np.arange(person % 2, n_items, 2)
        rows += [(f"p{person}", f"i{item}") for item in rng.permutation(own)[: len(own) - 3]]
    frame = pd.DataFrame(rng.permutation(np.array(rows)), columns=["user", "item"])
    return catalog, Interactions.from_pandas(
        frame.assign(time=np.arange(len(frame)), kind="like"), kind="kind"
    )


def parity(items: tuple[Any, ...]) -> list[int]:
    return [int(str(item)[1:]) % 2 for item in items]


def assert_same_state(one: Recommender, other: Recommender) -> None:
    assert one.settings() == other.settings()
    _same(one.get_state(), other.get_state(), "state")


def _same(one: Any, other: Any, where: str) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            _same(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, err_msg=where)
    else:
        assert one == other, where
