"""A small shop for the tests of the front end, whose right answers are obvious."""

from __future__ import annotations

import pandas as pd

from lifelong_widgets.data import Catalog
from lifelong_widgets.recommender import Recommender

HOSTILE = "<img src=x onerror=alert(1)>"
CATEGORIES = ["Sea", "Crime", "Garden"]


def shop(n: int = 30, seed: int = 0) -> Recommender:
    """An untrained recommender over `n` items of three categories; item 7 has a hostile title."""
    titles = [HOSTILE if number == 7 else f"Book {number}" for number in range(n)]
    frame = pd.DataFrame(
        {
            "item": [f"b{number}" for number in range(n)],
            "title": titles,
            "categories": [CATEGORIES[number % 3] for number in range(n)],
        }
    )
    return Recommender(Catalog.from_pandas(frame), seed=seed, embedding_dim=8, capacity=50)
