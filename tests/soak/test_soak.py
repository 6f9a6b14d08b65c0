"""The short form of `make soak`, and that it notices what it is for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lifelong_widgets.data import Feedback
from lifelong_widgets.journal import Journal
from lifelong_widgets.recommender import Recommender
from tests.soak.kill import Life, missing
from tests.soak.learner import SIZES, beginning
from tests.soak.memory import ALLOWED, Sample, growth


def python(*arguments: str) -> str:
    """In a process of its own: pytest's has threads, which a fork loses, and memory that others took."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_killed_at_random_instants_nothing_is_lost_and_every_restore_is_equal() -> None:
    told = python("tests.soak.kill", "--kills", "6", "--seed", "1")
    assert "6 kills" in told and " 0 lost" in told and " 0 unequal" in told and " 0 errors" in told


def test_a_life_of_events_leaves_nothing_behind() -> None:
    told = python("tests.soak.memory", "--events", "10000")
    assert told.count("MiB resident") == 10 and "still there: nothing" in told


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("begin learn_one 1 a | done 1 | begin learn_one 1 b", None),
        ("begin learn_one 1 a | done 1", "nobody asked for"),
        ("begin learn_many 3 - | done 2", "has left 2 events, not 3"),
        ("begin learn_many 2 - | done 3", "ends at 2"),
        ("begin undo 0 - | done 2", "has left 2 events"),
        ("begin learn_many 2 - | done 2 | begin undo 0 -", None),
        ("begin learn_many 2 - | done 2 | begin forget 0 ada | done 2", "has left the events"),
    ],
)
def test_the_judge_sees_events_that_are_missing_or_too_many(
    said: str, finding: str | None, tmp_path: Path
) -> None:
    with Recommender.open(tmp_path / "a.lw", beginning(), **SIZES) as rec:
        for item in (1, 2):
            rec.learn_one(Feedback("ada", item))
    with Journal.open(tmp_path / "a.lw", read_only=True) as journal:
        words = [[*line.split(), ""] for line in f"open 0 | {said}".split(" | ")]
        found = missing(journal, Life.of(words))
    assert len(found) == (finding is not None) and (finding or "") in " ".join(found)


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("begin learn_many 3 - ada,bob,ada | done 3 | begin forget 0 bob | done 4", None),
        (
            "begin learn_many 3 - ada,bob,ada | done 3 | begin forget 0 bob",
            None,
        ),  # broken off at its very end
        (
            "begin learn_many 3 - ada,bob,bob | done 3 | begin forget 0 bob | done 4",
            "has left 2 events, not 1",
        ),
        ("begin learn_many 4 - ada,bob,ada,cy | done 3 | begin forget 0 bob | done 4", "2 events, not 3"),
        ("begin learn_many 4 - ada,bob,ada,cy | done 3 | begin forget 0 bob", "2 events, not 3"),
        ("begin forget 0 bob | done 0 | begin learn_many 3 - ada,bob,ada | done 4", "2 events, not 3"),
        ("begin learn_many 3 - ada,bob,ada | done 4", "2 events, not 3"),
    ],
)
def test_who_is_forgotten_excuses_no_event_of_others(said: str, finding: str | None, tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "a.lw", beginning(), **SIZES) as rec:
        for item, person in enumerate(["ada", "bob", "ada"]):
            rec.learn_one(Feedback(person, item))
        rec.forget("bob", progress=False)
    with Journal.open(tmp_path / "a.lw", read_only=True) as journal:
        found = missing(journal, Life.of([[*line.split(), ""] for line in f"open 0 | {said}".split(" | ")]))
    assert len(found) == (finding is not None) and (finding or "") in " ".join(found)


def test_growth_is_counted_from_the_end_of_the_warm_up() -> None:
    def samples(*sizes: int) -> list[Sample]:
        return [Sample(0, size, 0, 0.0) for size in sizes]

    assert growth(samples(100, 200, 200, 190)) == 0
    assert growth(samples(300, 200, 210, 200)) == pytest.approx(0.05)
    assert ALLOWED < 0.05
