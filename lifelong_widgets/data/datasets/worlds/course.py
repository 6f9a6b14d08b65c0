"""Lessons that build on one another, and learners who leave when they miss the ground."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.data.catalog import Catalog, Item
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import COURSE_KINDS, LEFT, WATCHED
from lifelong_widgets.data.datasets.worlds.world import Rows, Vector, World, read_words
from lifelong_widgets.data.ids import Id

_DONE, _EASY, _NEXT, _GAP = -8.0, -1.5, 1.2, -0.4
_READY = {"watched": 0.75, "watched_part": 0.2, "left": 0.05}
_NOT_READY = {"watched": 0.07, "watched_part": 0.23, "left": 0.7}


class CourseWorld(World):
    """Learners with interests and a level in each subject; lessons of four levels, each built on one before.

    A lesson of level 2 to 4 requires the lesson of the level below in its strand. Whoever watched that, or
    came with that knowledge, watches it to the end three times in four; whoever did not leaves seven times in
    ten. People hardly see that coming: an unfit lesson is worth only 0.4 less to them for each level that is
    missing, so clicks alone mislead. What was watched is done with; what is below one's level bores.
    The `value` of an event is the percentage that was watched.
    """

    name = "course-world"
    kinds = COURSE_KINDS

    def __init__(self, seed: int = 0, n_people: int = 200) -> None:
        catalog = Catalog.from_records(_lessons(), text=("description", "level", "requires"))
        subjects = [row[0] for row in read_words("lessons.csv")]
        super().__init__(catalog, subjects, seed, n_people, "learner")
        levels = self._rng.choice([0, 1, 2], size=(n_people, len(subjects)), p=[0.65, 0.25, 0.1])
        self._levels = levels.astype(np.float64)
        self._past = [set() for _ in self.people]
        self._sync()

    def ready(self, person: Id, items: list[Id]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(n,) bool: whether `person` has what each of `items` builds on; raises as `utility`."""
        return self._ready(self.row_of(person), self._indices(items))

    def _read(self, item: Item) -> tuple[float, float, float]:
        subject = next(
            (self.categories.index(name) for name in item.categories if name in self.categories), -1
        )
        level, before = item.texts.get("level", ""), item.texts.get("requires", "")
        needed = self.catalog.index_of(before) if before and before in self.catalog else -1
        return float(subject), float(level) if level.isdigit() else 1.0, float(needed)

    def _ready(self, row: int, items: Rows) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        _, level, needed = self._facts[items].T
        return np.asarray(
            (self._gap(row, items) <= 0) | (level <= 1) | np.isin(needed, list(self._past[row]))
        )

    def _gap(self, row: int, items: Rows) -> Vector:
        """How many levels below a lesson's ground the person came in."""
        subject, level, _ = self._facts[items].T
        came: Vector = np.where(subject >= 0, self._levels[row, subject.astype(int)], 0.0)
        gap: Vector = level - 1.0 - came
        return gap

    def _context(self, row: int, items: Rows) -> Vector:
        gap, ready = self._gap(row, items), self._ready(row, items)
        added: Vector = np.where(ready, np.where(gap < 0, _EASY, _NEXT), _GAP * np.maximum(gap, 1.0))
        return np.where(np.isin(items, list(self._past[row])), _DONE, added)

    def _reactions(self, row: int, item: int, worth: float) -> dict[str, float]:
        return dict(_READY if self._ready(row, np.array([item]))[0] else _NOT_READY)

    def _remember(self, row: int, item: int, kind: str) -> None:
        if kind == "watched":
            self._past[row].add(item)

    def _on_shelf(self, row: int) -> Rows:
        return np.setdiff1d(np.arange(len(self.catalog)), list(self._past[row]))

    def _value(self, item: int, kind: str) -> float:
        low, high = {"watched": (WATCHED, 100.0), "watched_part": (LEFT, WATCHED), "left": (0.0, LEFT)}[kind]
        return float(np.floor(self._rng.uniform(low, high)))


def _lessons() -> list[dict[str, object]]:
    lessons: list[dict[str, object]] = []
    for subject, *strands in read_words("lessons.csv"):
        for strand in strands:
            topics = strand.split(",")
            for level, topic in enumerate(topics, start=1):
                before = f"It builds on {topics[level - 2]}." if level > 1 else "It needs no ground."
                lessons.append(
                    {
                        "item": f"lesson-{len(lessons):02d}",
                        "title": f"{subject} {level}: {topic}",
                        "categories": [subject, f"level {level}"],
                        "description": f"Learn {topic}, step by step, in {subject.lower()}. {before}",
                        "level": str(level),
                        "requires": f"lesson-{len(lessons) - 1:02d}" if level > 1 else "",
                    }
                )
    return lessons


def course_world(seed: int = 0, n_people: int = 200, n_events: int = 6_000) -> Dataset:
    """96 lessons in eight subjects and four levels, and learners who watch them to the end, or leave.

    The truth is a `CourseWorld`. Everything is invented, by the authors of this package, and may be used
    freely.

    Args:
        seed: of everything random; the same seed gives the same log.
        n_people: how many learners there are.
        n_events: how many events the log has, at most: what was watched is done with.

    Raises:
        DataError: a number that cannot be.

    >>> school = course_world(seed=1, n_people=20, n_events=200)
    >>> school.catalog["lesson-01"].title, school.catalog["lesson-01"].texts["requires"]
    ('Statistics 2: spread', 'lesson-00')
    >>> school.truth.ready("learner-001", ["lesson-00"])
    array([ True])
    """
    return CourseWorld(seed, n_people).dataset(
        n_events, 120.0, "A course platform: lessons with prerequisites and levels, and the share watched."
    )
