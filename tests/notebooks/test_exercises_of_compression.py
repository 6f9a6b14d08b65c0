"""The exercises of notebook 04 can be solved, and a wrong answer is not taken for a right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

import lifelong_widgets as lw

NOTEBOOK = Path(__file__).parents[2] / "notebooks/04-compression.ipynb"
BLANKS = {
    "exercise-1": "codes_by_hand = off_by = None",
    "exercise-2": "n_bytes = None",
    "exercise-3": "methods = None",
}
RIGHT = {
    "exercise-1": "codes_by_hand, off_by = [60, -127, 2], 0.0",
    "exercise-2": "n_bytes = 1 + (1 + 1 + 2 + 3) + 2",
    "exercise-3": 'methods = ["neighbors:32", "int4"]',
}
WRONG = [
    ("exercise-1", "codes_by_hand, off_by = [60, -128, 2], 0.0"),
    ("exercise-1", "codes_by_hand, off_by = [60, -127, 2], 0.01"),
    ("exercise-2", "n_bytes = 9"),
    ("exercise-3", 'methods = ["int8"]'),
    ("exercise-3", 'methods = ["neighbors:1", "int4"]'),
]


@pytest.fixture(scope="module")
def cells() -> dict[str, str]:
    return {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}


@pytest.fixture(scope="module")
def rec(cells: dict[str, str]) -> Any:
    names: dict[str, Any] = {}
    exec(cells["model"], names)
    return names["rec"]


def answered(cells: dict[str, str], rec: Any, exercise: str, answer: str) -> None:
    """Run the cell with an answer in its blank, beside the model of the notebook."""
    assert cells[exercise].count(BLANKS[exercise]) == 1
    source = cells[exercise].replace(BLANKS[exercise], answer)
    exec(source, {"np": np, "lw": lw, "rec": rec})


@pytest.mark.parametrize("exercise", BLANKS)
def test_a_right_answer(
    exercise: str, cells: dict[str, str], rec: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(cells, rec, exercise, BLANKS[exercise])
    assert capsys.readouterr().out.endswith("waits for your answer\n")
    answered(cells, rec, exercise, RIGHT[exercise])
    assert capsys.readouterr().out.splitlines()[-1].startswith("right")


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_wrong_answer(exercise: str, answer: str, cells: dict[str, str], rec: Any) -> None:
    with pytest.raises(AssertionError):
        answered(cells, rec, exercise, answer)
