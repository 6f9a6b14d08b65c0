"""The exercises of notebook 03 can be solved, and a wrong answer is not taken for a right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks/03-long-term-value.ipynb"
BLANKS = {
    "exercise-1": "double_q = single_q = slate = None",
    "exercise-2": "stay_bait = None",
    "exercise-3": "return self.clicks[item]  # yours",
}
RIGHT = {
    "exercise-1": "double_q, single_q, slate = 1 + 0.9 * 1.2, 1 + 0.9 * 1.8, 1 + 0.9 * (1.2 + 1.8) / 2",
    "exercise-2": "stay_bait = 0.75",
    "exercise-3": "return (self.stayed[item] + 1) ** 2 / (self.clicks[item] + 2)",
}
WRONG = [
    ("exercise-1", "double_q, single_q, slate = 2.62, 2.08, 2.35"),
    ("exercise-1", "double_q, single_q, slate = 2.08, 2.62, 2.62"),
    ("exercise-2", "stay_bait = 0.7"),
    ("exercise-2", "stay_bait = 0.8"),
    ("exercise-3", "return -self.clicks[item]"),
]


@pytest.fixture(scope="module")
def cells() -> dict[str, str]:
    return {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}


def answered(cells: dict[str, str], exercise: str, answer: str) -> None:
    """Run the cell with an answer in its blank, after the cell that makes the world."""
    names: dict[str, Any] = {}
    exec(cells["world"], names)
    assert cells[exercise].count(BLANKS[exercise]) == 1
    exec(cells[exercise].replace(BLANKS[exercise], answer), names)


@pytest.mark.parametrize("exercise", BLANKS)
def test_a_right_answer(exercise: str, cells: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    answered(cells, exercise, BLANKS[exercise])
    assert capsys.readouterr().out.endswith("waits for your answer\n")
    answered(cells, exercise, RIGHT[exercise])
    assert capsys.readouterr().out.splitlines()[-1].startswith("right")


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_wrong_answer(exercise: str, answer: str, cells: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        answered(cells, exercise, answer)
