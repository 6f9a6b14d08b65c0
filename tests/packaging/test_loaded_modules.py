"""What few need, and takes megabytes, is loaded by those who use it."""

from __future__ import annotations

import subprocess
import sys

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
