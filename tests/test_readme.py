"""The Python blocks of the README and of some pages run as they stand, in order, as a reader runs them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifelong_widgets as lw
from lifelong_widgets.data.datasets import Dataset

ROOT = Path(__file__).resolve().parents[1]
LOAD = lw.datasets.load


def run(page: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{page}, Python block {number}", "exec"), names)


def small(name: str) -> Dataset:
    """In place of MovieLens something like it, small enough to be fitted in a second: the same ids."""
    if name != "movielens-100k":
        return LOAD(name)
    rng = np.random.default_rng(0)
    films = pd.DataFrame({"item": [str(n) for n in range(1, 61)], "title": [f"Film {n}" for n in range(60)]})
    events = pd.DataFrame({"user": rng.integers(190, 210, 500), "item": rng.integers(1, 61, 500)})
    frame = events.astype("str").assign(time=range(500), kind="rating")
    return Dataset("movielens", lw.Catalog.from_pandas(films), lw.Interactions.from_pandas(frame), "small")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the two files that the section on one's own data reads."""
    rng = np.random.default_rng(0)
    skus = [f"a-{n:02d}" for n in range(30)]
    pd.DataFrame(
        {"sku": skus, "name": skus, "tags": "Crime|Sea", "description": "A grey town by the sea."}
    ).to_csv(tmp_path / "items.csv", index=False)
    pd.DataFrame(
        {
            "customer": [f"p{n}" for n in rng.integers(0, 15, 400)],
            "sku": rng.choice(skus, 400),
            "at": pd.date_range("2024-05-01", periods=400, freq="h"),
            "action": rng.choice(["view", "like", "purchase"], 400),
            "stars": rng.integers(1, 6, 400),
        }
    ).to_csv(tmp_path / "events.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lw.datasets, "load", small)
    return tmp_path


def test_the_blocks_of_the_readme_run_in_order(shop: Path) -> None:
    """Bug: `rec.save` wrote the file that `Recommender.open` then took for its folder."""
    run("README.md")
    assert (shop / "shop.lw").is_dir() and (shop / "log.csv").is_file()


@pytest.mark.parametrize("page", ["your-data", "networks", "drift", "journal", "privacy"])
def test_the_blocks_of_a_page_run_in_order(page: str, shop: Path) -> None:
    run(f"docs/{page}.md")
