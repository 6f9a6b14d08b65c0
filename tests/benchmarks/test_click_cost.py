"""One click costs the same early and late, and with many items grows by no more than the scoring."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.recommender import Recommender

pytestmark = pytest.mark.benchmark


def cpu_seconds(action: Callable[[], object], rounds: int = 60) -> float:
    """The quarter-quantile of the CPU time of `action`: what it costs when nothing disturbs it."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        taken.append(time.process_time() - start)
    return float(np.quantile(taken, 0.25))


def recommender(n_items: int) -> Recommender:
    rng = np.random.default_rng(0)
    categories = np.array(["Drama", "Comedy", "Sci-Fi", "Crime", "War", "Western"])
    catalog = Catalog.from_pandas(
        pd.DataFrame(
            {
                "item": np.arange(n_items),
                "title": [f"Title {n % 997} of {n % 101}" for n in range(n_items)],
                "categories": categories[rng.integers(6, size=n_items)],
            }
        )
    )
    return Recommender(catalog)


@pytest.fixture(autouse=True)
def one_thread() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_click_costs_the_same_after_100_and_after_100_000_events() -> None:
    """Of one person, whose history is as long as the encoder reads it from the start."""
    rec = recommender(5000)
    rng = np.random.default_rng(1)

    def click() -> None:
        shown = rec.recommend("me", k=20)
        rec.learn_one(user="me", item=int(rng.integers(5000)), kind="like", shown=shown.items)

    for _ in range(100):
        click()
    early = cpu_seconds(click, 200)
    n = 100_000
    log = Interactions.from_pandas(
        pd.DataFrame(
            {"user": ["me", *range(99)] * (n // 100), "item": rng.integers(5000, size=n), "kind": "like"}
        ),
        time=None,
    )
    rec.learn_many(log, batch_size=256, progress=False)
    late = cpu_seconds(click, 200)
    assert rec.n_events > n and len(rec.buffer) == rec.buffer.capacity
    print(f"click: {early * 1e6:.0f} µs after 100, {late * 1e6:.0f} µs after 100,000: × {late / early:.2f}")
    assert late < 1.3 * early


def test_a_click_with_100_000_items_grows_by_no_more_than_the_scoring() -> None:
    """Learning must not notice the catalogue; a list may grow by what it takes to score and to cut it out."""
    # a neighbour on the machine who empties the caches makes it look worse, and nobody makes it look better
    measured = []
    for _ in range(3):
        measured.append(_growth_with_the_catalogue())
        learn, click = map(min, zip(*measured, strict=True))
        if learn < 1.6 and click < 1.4:
            return
    raise AssertionError(f"with a hundred times the items: learning × {learn:.2f}, a click × {click:.2f}")


def _growth_with_the_catalogue() -> tuple[float, float]:
    """How many times as long learning takes, and how many times what scoring takes a whole click grows by."""
    learn, list_, floor = {}, {}, {}
    for n_items in (1000, 100_000):
        rec = recommender(n_items)
        rng = np.random.default_rng(1)
        for _ in range(100):
            rec.learn_one(user=int(rng.integers(50)), item=int(rng.integers(1000)), kind="like")
        learn[n_items] = cpu_seconds(
            lambda rec=rec, rng=rng: rec.learn_one(  # type: ignore[misc]
                user=int(rng.integers(50)), item=int(rng.integers(1000)), kind="like"
            ),
            150,
        )
        list_[n_items] = cpu_seconds(lambda rec=rec: rec.recommend(7, k=20))  # type: ignore[misc]
        query = torch.ones(1, rec.network.items.rows.shape[1])
        floor[n_items] = cpu_seconds(
            lambda rec=rec, query=query: torch.topk((query @ rec.network.items.rows.T)[0], 20)  # type: ignore[misc]
        )
    scoring = floor[100_000] - floor[1000]
    growth = list_[100_000] + learn[100_000] - list_[1000] - learn[1000]
    print(
        f"learn: × {learn[100_000] / learn[1000]:.2f}; a click grows by {growth * 1e6:.0f} µs, "
        f"scoring alone by {scoring * 1e6:.0f} µs: × {growth / scoring:.2f}"
    )
    return learn[100_000] / learn[1000], growth / scoring
