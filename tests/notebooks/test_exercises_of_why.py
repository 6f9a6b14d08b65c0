"""The exercises of notebook 05."""

from __future__ import annotations

from tests.notebooks.exercises import Exercise, ExerciseTests


class TestExercises(ExerciseTests):
    notebook = "05-why-this-list"
    stands_on = ("world", "score", "curves")
    exercises = (
        Exercise(
            "exercise-1",
            blank="of_x = of_y = None",
            right="of_x, of_y = 4.5, 1.5",
            wrong=["of_x, of_y = 6.0, 0.0", "of_x, of_y = 6.0, 2.0"],
        ),
        Exercise(
            "exercise-2",
            blank="return None",
            right="return max(ahead.parts, key=lambda part: ahead.parts[part] - behind.parts[part])",
            wrong=["return max(ahead.parts, key=ahead.parts.get)"],
        ),
        Exercise(
            "exercise-3",
            blank="return None",
            right="return [e.place for e in sorted(why.events, key=lambda event: -counts[event.item])]",
            wrong=[
                "return [e.place for e in sorted(why.events, key=lambda event: counts[event.item])]",
                "return [event.place for event in why.events][:5]",
            ],
        ),
    )
