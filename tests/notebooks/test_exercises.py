"""The checks of the exercises: right answers pass, wrong ones do not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02-features-and-networks.ipynb"


def answered(cell: str, answer: Any) -> None:
    """Run the cell of an exercise with `answer` in the place of the dots."""
    source = next(c.source for c in nbformat.read(NOTEBOOK, as_version=4).cells if c.id == cell)
    name, _, rest = source.partition(" = ...\n")
    rows = pd.DataFrame(
        {
            "text_features": ["tfidf", "none", "tfidf"],
            "fusion": ["early", "early", "gated"],
            "HR@10 cold": [0.30, 0.25, 0.9],
        }
    )
    workbench = SimpleNamespace(results=rows, blocks={"text_features": "tfidf", "fusion": "early"})
    exec(rest, {"np": np, "pd": pd, "workbench": workbench, name: answer})


RIGHT = {"exercise-1": np.log(1683 / 7) + 1, "exercise-2": [1, 0], "exercise-3": 0.05}
WRONG = {"exercise-1": np.log(1682 / 6), "exercise-2": [1, -2], "exercise-3": 0.65}


@pytest.mark.parametrize("cell", RIGHT)
def test_a_right_answer_passes_and_a_wrong_one_does_not(
    cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(cell, ...)
    assert "is yours" in capsys.readouterr().out
    answered(cell, RIGHT[cell])
    assert capsys.readouterr().out.startswith("Right")
    with pytest.raises(AssertionError, match="not yet"):
        answered(cell, WRONG[cell])
