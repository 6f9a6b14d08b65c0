"""The people of a simulated world, in front of a live list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lifelong_widgets.data.datasets import World
from lifelong_widgets.data.feedback import Feedback
from lifelong_widgets.data.ids import Id
from lifelong_widgets.simulation.people import Ranked, SimulatedPeople


class WorldPeople(SimulatedPeople):
    """People of a world, who react as its truth says: they buy, vote, watch, leave, and remember it.

    They go on from where the world stands, on a path of their own: the world that is given does not change.

    Attributes:
        world: their world, which moves on as they `remember`.

    Args:
        world: the `truth` of a data set such as ``"course-world"``.
        seed: of what they do.

    >>> from lifelong_widgets.data import datasets
    >>> school = datasets.load("course-world", n_people=5, n_events=100)
    >>> people = WorldPeople(school.truth)
    >>> taken = people.choose("learner-001", people.favourites("learner-001", k=5))
    >>> taken.kind, taken.value
    ('watched', 94.0)
    >>> people.remember(taken)
    """

    def __init__(self, world: World, seed: int = 0) -> None:
        self.world = world.fork(seed)
        self._start(world.catalog, world.people, world.categories, self.world.tastes, {}, seed)

    def utility(self, person: Id, items: Sequence[Id]) -> npt.NDArray[np.float64]:
        """(n,) float64: what each of `items` is worth to `person` now; raises as `World.utility`."""
        return self.world.utility(person, items)

    def choose(
        self, person: Id, recommendations: Ranked | Sequence[Id], kind: str | None = None
    ) -> Feedback | None:
        """What `person` does with a list, by the kinds of the world (`kind` is not asked), or None.

        Nobody remembers it until `remember` is called. Raises as `World.utility`.
        """
        shown = recommendations.items if isinstance(recommendations, Ranked) else recommendations
        return self.world.choose(person, tuple(shown))

    def remember(self, feedback: Feedback) -> None:
        """Let it become part of the past of whoever did it."""
        self.world.remember(feedback)

    def drift(self, how: str = "swap") -> None:
        """Change the tastes of everyone, as `SimulatedPeople.drift` does."""
        super().drift(how)
        self.world.tastes = self.tastes
