"""A small shop for the tests of the front end, whose right answers are obvious."""

from __future__ import annotations

import pandas as pd

from lifelong_widgets.data import Catalog
from lifelong_widgets.recommender import Recommender

HOSTILE = "<img src=x onerror=alert(1)>"
MARKUP = "</script><script>hacked=1</script><img src=x onerror=hacked=2><a href=javascript:hacked=3>x</a>"
UNPRINTABLE = "\x00\x1b[2J\u202e\u2066\u200f\ufeff\u2028\n"
LONG = "x" * 1_000_000
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


def hostile_shop() -> Recommender:
    """A shop in whose titles and categories there is nothing but trouble."""
    troubles = [
        MARKUP,
        UNPRINTABLE,
        LONG,
        f"{UNPRINTABLE}{MARKUP}" * 1000,
        "\u0627\u0644\u0643\u062a\u0627\u0628 (1)",  # Arabic, which is written from the right
        "e" + "\u0301" * 200,  # accents in a tower
        "W" * 200,
        "\u3000" * 50 + "\u9f98" * 200,
    ]
    items = [
        {
            "item": f"{number} {trouble[:40]}",
            "title": trouble,
            "categories": [trouble, f"{trouble[:50]}{number}", *(f"{MARKUP}{n}" for n in range(50))],
        }
        for number, trouble in enumerate(troubles)
    ]
    return Recommender(Catalog.from_records(items), embedding_dim=8, capacity=50)
