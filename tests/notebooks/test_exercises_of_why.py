"""The exercises of notebook 05 can be solved, and a wrong answer is not taken for a right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks/05-why-this-list.ipynb"
BLANKS = {
    "exercise-1": "of_x = of_y = None",
    "exercise-2": "return None",
    "exercise-3": "return None",
}
RIGHT = {
    "exercise-1": "of_x, of_y = 4.5, 1.5",
    "exercise-2": "return max(ahead.parts, key=lambda part: ahead.parts[part] - behind.parts[part])",
    "exercise-3": "return [e.place for e in sorted(why.events, key=lambda event: -counts[event.item])]",
}
WRONG = [
    ("exercise-1", "of_x, of_y = 6.0, 0.0"),
    ("exercise-1", "of_x, of_y = 6.0, 2.0"),
    ("exercise-2", "return max(ahead.parts, key=ahead.parts.get)"),
    ("exercise-3", "return [e.place for e in sorted(why.events, key=lambda event: counts[event.item])]"),
    ("exercise-3", "return [event.place for event in why.events][:5]"),
]


@pytest.fixture(scope="module")
def cells() -> dict[str, str]:
    return {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}


@pytest.fixture(scope="module")
def world(cells: dict[str, str]) -> dict[str, Any]:
    """The names after the cells that an exercise stands on."""
    names: dict[str, Any] = {}
    for cell in ("world", "score", "curves"):
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
