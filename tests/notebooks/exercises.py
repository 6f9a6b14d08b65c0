"""What exercises of notebooks are held to: they can be solved, and a wrong answer is not taken for right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@dataclass(frozen=True)
class Exercise:
    """A cell with a blank, and what may be written there.

    Attributes:
        cell: its id.
        blank: what stands in the cell where the answer goes.
        right: an answer that is taken.
        wrong: answers that are not.
    """

    cell: str
    blank: str
    right: str
    wrong: Sequence[str]


class ExerciseTests:
    """The tests of one notebook: a subclass in its test file says which, and how its exercises are solved.

    Attributes:
        notebook: the name of its file, without the ending.
        stands_on: the ids of the cells whose names the exercises use.
        exercises: all that it has.
        waits: how the output of a cell ends whose blank is blank.
        refuses: what the message to a wrong answer begins with.
    """

    notebook: ClassVar[str]
    stands_on: ClassVar[Sequence[str]] = ()
    exercises: ClassVar[Sequence[Exercise]]
    waits: ClassVar[str] = "waits for your answer\n"
    refuses: ClassVar[str] = ""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test for each exercise, and one for each wrong answer."""
        exercises = self.exercises
        if "answer" in metafunc.fixturenames:
            wrong = [(exercise, answer) for exercise in exercises for answer in exercise.wrong]
            ids = [f"{exercise.cell}-{answer}" for exercise, answer in wrong]
            metafunc.parametrize(("exercise", "answer"), wrong, ids=ids)
        elif "exercise" in metafunc.fixturenames:
            metafunc.parametrize("exercise", exercises, ids=[exercise.cell for exercise in exercises])

    @pytest.fixture(scope="class")
    @classmethod
    def names(cls) -> dict[str, Any]:
        """What the cells that the exercises stand on leave behind."""
        names: dict[str, Any] = {}
        for cell in cls.stands_on:
            exec(_code_of(cls.notebook)[cell], names)
        return names

    def test_a_right_answer_passes(
        self, exercise: Exercise, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._answer(exercise, exercise.blank, names)
        assert capsys.readouterr().out.endswith(self.waits)
        self._answer(exercise, exercise.right, names)
        assert capsys.readouterr().out.splitlines()[-1].lower().startswith("right")

    def test_a_wrong_answer_does_not(self, exercise: Exercise, answer: str, names: dict[str, Any]) -> None:
        with pytest.raises(AssertionError, match=f"^{self.refuses}"):
            self._answer(exercise, answer, names)

    def test_every_exercise_is_tried(self) -> None:
        cells = [cell for cell in _code_of(self.notebook) if cell.startswith("exercise-")]
        assert [exercise.cell for exercise in self.exercises] == cells
        assert all(exercise.wrong for exercise in self.exercises)

    def _answer(self, exercise: Exercise, answer: str, names: dict[str, Any]) -> None:
        """Run the cell of an exercise with an answer in its blank."""
        source = _code_of(self.notebook)[exercise.cell]
        assert source.count(exercise.blank) == 1, "the cell has another blank"
        exec(source.replace(exercise.blank, answer), dict(names))


@cache
def _code_of(notebook: str) -> dict[str, str]:
    """The source of each cell of code, by its id."""
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    return {cell.id: cell.source for cell in cells if cell.cell_type == "code"}
