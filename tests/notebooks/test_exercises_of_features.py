"""The exercises of notebook 02, beside a table of builds as its workbench makes one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.notebooks.exercises import Exercise, ExerciseTests


class TestExercises(ExerciseTests):
    notebook = "02-features-and-networks"
    waits = "is yours.\n"
    refuses = "not yet"
    exercises = (
        Exercise(
            "exercise-1",
            blank="idf = ...",
            right="idf = np.log(1683 / 7) + 1",
            wrong=["idf = np.log(1682 / 6)"],
        ),
        Exercise("exercise-2", blank="h_1 = ...", right="h_1 = [1, 0]", wrong=["h_1 = [1, -2]"]),
        Exercise("exercise-3", blank="worth = ...", right="worth = 0.05", wrong=["worth = 0.65"]),
    )

    @pytest.fixture(scope="class")
    @classmethod
    def names(cls) -> dict[str, Any]:
        rows = pd.DataFrame(
            {
                "text_features": ["tfidf", "none", "tfidf"],
                "fusion": ["early", "early", "gated"],
                "HR@10 cold": [0.30, 0.25, 0.9],
            }
        )
        workbench = SimpleNamespace(results=rows, blocks={"text_features": "tfidf", "fusion": "early"})
        return {"np": np, "pd": pd, "workbench": workbench}
