"""The exercises of notebook 04."""

from __future__ import annotations

from tests.notebooks.exercises import Exercise, ExerciseTests


class TestExercises(ExerciseTests):
    notebook = "04-compression"
    stands_on = ("model",)
    exercises = (
        Exercise(
            "exercise-1",
            blank="codes_by_hand = off_by = None",
            right="codes_by_hand, off_by = [60, -127, 2], 0.0",
            wrong=[
                "codes_by_hand, off_by = [60, -128, 2], 0.0",
                "codes_by_hand, off_by = [60, -127, 2], 0.01",
            ],
        ),
        Exercise(
            "exercise-2",
            blank="n_bytes = None",
            right="n_bytes = 1 + (1 + 1 + 2 + 3) + 2",
            wrong=["n_bytes = 9"],
        ),
        Exercise(
            "exercise-3",
            blank="methods = None",
            right='methods = ["neighbors:32", "int4"]',
            wrong=['methods = ["int8"]', 'methods = ["neighbors:1", "int4"]'],
        ),
    )
