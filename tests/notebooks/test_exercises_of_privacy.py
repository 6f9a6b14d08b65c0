"""The exercises of notebook 06."""

from __future__ import annotations

from tests.notebooks.exercises import Exercise, ExerciseTests


class TestExercises(ExerciseTests):
    notebook = "06-privacy-and-forgetting-people"
    stands_on = ("world", "audit")
    exercises = (
        Exercise(
            "exercise-1",
            blank="by_hand = None",
            right="by_hand = 4 / 6",
            wrong=["by_hand = 0.5"],
        ),
        Exercise(
            "exercise-2",
            blank="n_steps = None",
            right="n_steps = 7",
            wrong=["n_steps = 6", "n_steps = 8"],
        ),
        Exercise(
            "exercise-3",
            blank="return None",
            right=(
                'bar = people[~people["member"]]["calibrated"].nlargest(int(fpr * 149) + 1).iloc[-1]\n'
                '    return set(people[people["calibrated"] > bar]["user"])'
            ),
            wrong=[
                'return set(people[people["member"]]["user"].head(1))',
                'return set(people.nlargest(int(fpr * len(people)) + 2, "calibrated")["user"])',
                'return set(people["user"])',
            ],
        ),
    )
