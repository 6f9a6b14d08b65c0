"""The features of people while a recommender lives: by index, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lifelong_widgets.data import Feedback, Interactions, SocialGraph
from lifelong_widgets.data.ids import Id, IdIndex
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.people import LiveFeaturizer, PersonMark

_BEYOND = 2**40  # where the indices begin of those whom the graph knows and who have done nothing yet


class LivePeople:
    """What a fitted featurizer says of people, who are called by their indices.

    Those who have done something have their places among `users`. Somebody of whom only the `graph` knows
    has an index beyond all of them: histories and memories know nothing of it, as of any stranger's, but
    there may be features. Without a featurizer there is nothing to say: rows are None, and an event costs
    nothing.

    >>> from lifelong_widgets.featurizers import HabitFeaturizer
    >>> log = Interactions.from_events([Feedback("ada", 1, time=5.0)])
    >>> users = IdIndex(["ada", "bob"], name="user")
    >>> people = LivePeople(HabitFeaturizer().fit(log), users, SocialGraph())
    >>> people.rows([0, 1, None]).any(axis=1).tolist(), people.index_of("bob"), people.index_of("eve")
    ([True, False, False], 1, None)
    >>> LivePeople(None, users, SocialGraph()).rows([0])
    """

    def __init__(self, featurizer: LiveFeaturizer | None, users: IdIndex, graph: SocialGraph) -> None:
        self._featurizer, self._users, self._graph = featurizer, users, graph
        self.width = 0 if featurizer is None else featurizer.width

    def index_of(self, user: Id) -> int | None:
        """The index of somebody; None if neither users nor graph know them.

        It may change when they do something for the first time, and at no other moment.

        Raises:
            DataError: it is no id, or an id of the other type that is written alike is known.
        """
        person, place = self._users.get(user), self._graph.index_of(user)
        return _BEYOND + place if person is None and place is not None else person

    def rows(self, people: Sequence[int | None]) -> Array | None:
        """What is known of people: (n, width), float32, zeros for the unknown; None without a featurizer."""
        if self._featurizer is None or not self.width:
            return None
        rows = np.zeros((len(people), self.width), dtype=np.float32)
        named = [self._id_of(person) for person in people]
        known = [n for n, id in enumerate(named) if id is not None]
        if known:
            rows[known] = self._featurizer.transform([id for id in named if id is not None])
        return rows

    def learn(self, event: Feedback, mark: PersonMark | None = None) -> None:
        """Take an event in; `mark` can then take it back. A kind that came after the fit says nothing."""
        if self._featurizer is not None and self._featurizer.knows(event.kind):
            self._featurizer.update(event, mark)

    def live_through(self, log: Interactions) -> Array | None:
        """Take a log in; what was known of the person of each event before it, (n_events, width)."""
        found = None if self._featurizer is None else self._featurizer.live_through(log)
        return found if self.width else None

    def mark(self) -> PersonMark | None:
        """A place to come back to: hand it to each `learn` from now on, then to `revert`. O(1)."""
        return None if self._featurizer is None else self._featurizer.mark()

    def revert(self, mark: PersonMark | None) -> None:
        """Take back, bit for bit, every event since `mark`."""
        if self._featurizer is not None:
            self._featurizer.revert(mark)

    def get_state(self) -> dict[str, Any]:
        """That of the featurizer; nothing without one."""
        return {} if self._featurizer is None else self._featurizer.get_state()

    def _id_of(self, person: int | None) -> Id | None:
        if person is None:
            return None
        ids, place = (
            (self._graph.people, person - _BEYOND) if person >= _BEYOND else (self._users.ids, person)
        )
        return ids[place] if place < len(ids) else None
