"""What few need, and takes megabytes, is loaded by those who use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LIFE = """
import sys
import lifelong_widgets as lw

data = lw.datasets.load("bookshop")
rec = lw.Recommender(data.catalog, epochs=1)
rec.fit(data.interactions[:300], progress=False)
user = data.interactions.users[0]
shown = rec.recommend(user)
rec.learn_one(lw.Feedback(user, shown.items[0]))
rec.recommend(user, 5)
print(*sys.modules)
"""


def test_a_fit_a_list_and_a_click_load_nothing_that_they_do_not_need() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LIFE], check=True, capture_output=True, text=True, timeout=300
    )
    loaded = set(ran.stdout.split())
    assert "sklearn" in loaded  # or else nothing was looked at
    heavy = (
        "pyarrow.parquet",
        "scipy.signal",
        "sklearn.decomposition",
        "sklearn.random_projection",
        "sklearn.metrics",
    )
    assert loaded.isdisjoint(heavy), loaded.intersection(heavy)


WITHOUT_PYARROW = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

if sys.argv[1] == "without":
    sys.meta_path.insert(0, Absent())

import pandas as pd
import lifelong_widgets as lw

items = pd.DataFrame({"item": ["a", "b", "c"], "title": ["Ä one", None, "two"], "tags": ["x|y", "y", None]})
events = [(f"u{n % 7}", "abc"[n % 3], 100.0 * n) for n in range(60)]
items.to_csv("items.csv", index=False)
pd.DataFrame(events, columns=["user", "item", "time"]).assign(kind="view").to_csv("log.csv", index=False)
catalog = lw.Catalog.from_csv("items.csv", categories="tags")
rec = lw.Recommender(catalog, epochs=1, embedding_dim=8, seed=0)
rec.fit(lw.Interactions.from_csv("log.csv", catalog=catalog), progress=False)
rec.learn_one(user="u1", item="b", kind="like")
print("pyarrow" in sys.modules, rec.digest(), [card.score for card in rec.recommend("u1")])
"""


def test_without_pyarrow_the_bits_are_the_same(tmp_path: Path) -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", WITHOUT_PYARROW, which],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
            cwd=tmp_path,
        ).stdout.split(maxsplit=1)
        for which in ("with", "without")
    ]
    assert [loaded for loaded, _ in said] == ["True", "False"]
    assert said[0][1] == said[1][1]
