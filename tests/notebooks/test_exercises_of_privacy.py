"""The exercises of notebook 06 can be solved, and a wrong answer is not taken for a right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks/06-privacy-and-forgetting-people.ipynb"
BLANKS = {
    "exercise-1": "by_hand = None",
    "exercise-2": "n_steps = None",
    "exercise-3": "return None",
}
RIGHT = {
    "exercise-1": "by_hand = 4 / 6",
    "exercise-2": "n_steps = 7",
    "exercise-3": (
        'bar = people[~people["member"]]["calibrated"].nlargest(int(fpr * 149) + 1).iloc[-1]\n'
        '    return set(people[people["calibrated"] > bar]["user"])'
    ),
}
WRONG = [
    ("exercise-1", "by_hand = 0.5"),
    ("exercise-2", "n_steps = 6"),
    ("exercise-2", "n_steps = 8"),
    ("exercise-3", 'return set(people[people["member"]]["user"].head(1))'),
    ("exercise-3", 'return set(people.nlargest(int(fpr * len(people)) + 2, "calibrated")["user"])'),
    ("exercise-3", 'return set(people["user"])'),
]


@pytest.fixture(scope="module")
def cells() -> dict[str, str]:
    return {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}


@pytest.fixture(scope="module")
def world(cells: dict[str, str]) -> dict[str, Any]:
    """The names after the cells that an exercise stands on."""
    names: dict[str, Any] = {}
    for cell in ("world", "audit"):
        exec(cells[cell], names)
    return names


def answered(cells: dict[str, str], world: dict[str, Any], exercise: str, answer: str) -> None:
    """Run the cell with an answer in its blank."""
    assert cells[exercise].count(BLANKS[exercise]) == 1
    exec(cells[exercise].replace(BLANKS[exercise], answer), dict(world))


@pytest.mark.parametrize("exercise", BLANKS)
def test_a_right_answer(
    exercise: str, cells: dict[str, str], world: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    answered(cells, world, exercise, BLANKS[exercise])
    assert capsys.readouterr().out.endswith("waits for your answer\n")
    answered(cells, world, exercise, RIGHT[exercise])
    assert capsys.readouterr().out.splitlines()[-1].startswith("right")


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_wrong_answer(exercise: str, answer: str, cells: dict[str, str], world: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        answered(cells, world, exercise, answer)
