"""How well the neighbours of a text agree with what it is about, by featurizer.

    python -m tests.benchmarks.text_quality FOLDER [name …]

FOLDER holds `mars_en`, `polis_votes` and `ifdb_played`, each with an `items.parquet`. Of each text the ten
nearest by cosine vote on its label (theme and software of a course, conversation of a statement, genre of a
game); the table has the share of texts whose label wins. Labels are never seen by a featurizer.
"""

from __future__ import annotations

import ast
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data import Item
from lifelong_widgets.featurizers import FEATURIZERS

NEIGHBOURS = 10


def tasks(folder: Path) -> dict[str, tuple[list[Item], list[list[str]]]]:
    """By log: its items, and lists of their labels, empty where unknown."""
    mars = pd.read_parquet(folder / "mars_en" / "items.parquet").fillna({"title": "", "text": ""})
    polis = pd.read_parquet(folder / "polis_votes" / "items.parquet").fillna({"text": ""})
    games = pd.read_parquet(folder / "ifdb_played" / "items.parquet").fillna("")
    lists = [[(ast.literal_eval(value) or [""])[0] for value in mars[name]] for name in ("theme", "software")]
    return {
        "mars": ([Item(r.item, r.title, (), {"text": r.text}) for r in mars.itertuples()], lists),
        "polis": ([Item(r.item, r.text) for r in polis.itertuples()], [list(polis["conversation"])]),
        "ifdb": (
            [Item(r.item, r.title, (), {"tags": r.tags}) for r in games.itertuples()],
            [[genre.split("/")[0] for genre in games["genre"]]],
        ),
    }


def agreement(rows: np.ndarray, labels: list[str]) -> float:
    """The share of labelled rows whose label is the commonest (ties by name) of their neighbours' labels."""
    known = np.array([bool(label) for label in labels])
    rows, names = rows[known], np.array(labels, dtype=object)[known]
    similar = rows @ rows.T
    np.fill_diagonal(similar, -2)
    nearest = np.argsort(-similar, axis=1, kind="stable")[:, :NEIGHBOURS]
    votes = [Counter(names[near]) for near in nearest]
    winners = [max(vote, key=lambda name: (vote[name], name)) for vote in votes]
    return float(np.mean(np.array(winners, dtype=object) == names))


def main(folder: str, *names: str) -> None:
    """Print a row for each featurizer."""
    logs = tasks(Path(folder))
    print("| text features | MARS theme | MARS software | Polis conversation | IFDB genre | CPU s |")
    print("|---|---|---|---|---|---|")
    for name in names or FEATURIZERS["text"]:
        start, found = time.process_time(), []
        for items, labellings in logs.values():
            rows = FEATURIZERS["text"][name]().fit(items).transform(items)
            found += [agreement(rows, labels) for labels in labellings]
        shares = " | ".join(f"{share:.3f}" for share in found)
        print(f"| {name} | {shares} | {time.process_time() - start:.0f} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
