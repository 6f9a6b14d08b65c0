"""The exercises of notebook 03."""

from __future__ import annotations

from tests.notebooks.exercises import Exercise, ExerciseTests


class TestExercises(ExerciseTests):
    notebook = "03-long-term-value"
    stands_on = ("world",)
    exercises = (
        Exercise(
            "exercise-1",
            blank="double_q = single_q = slate = None",
            right="double_q, single_q, slate = 1 + 0.9 * 1.2, 1 + 0.9 * 1.8, 1 + 0.9 * (1.2 + 1.8) / 2",
            wrong=[
                "double_q, single_q, slate = 2.62, 2.08, 2.35",
                "double_q, single_q, slate = 2.08, 2.62, 2.62",
            ],
        ),
        Exercise(
            "exercise-2",
            blank="stay_bait = None",
            right="stay_bait = 0.75",
            wrong=["stay_bait = 0.7", "stay_bait = 0.8"],
        ),
        Exercise(
            "exercise-3",
            blank="return self.clicks[item]  # yours",
            right="return (self.stayed[item] + 1) ** 2 / (self.clicks[item] + 2)",
            wrong=["return -self.clicks[item]"],
        ),
    )
