"""Whom a recommender has forgotten lately."""

from __future__ import annotations

from lifelong_widgets.data import Id
from lifelong_widgets.journal import Tombstone
from lifelong_widgets.recommender import Recommender


class Forgotten:
    """Tells who was forgotten from who is merely not known to the model. Owner thread only.

    It asks the tombstones in the journal. To keep ids to know people by is what forgetting is to end.

    Args:
        rec: who forgets.
    """

    def __init__(self, rec: Recommender) -> None:
        self._rec = rec
        self._journal = rec.journal
        self._seen = 0 if self._journal is None else self._journal.last_id
        self._latest: list[Tombstone] = []

    def look(self) -> bool:
        """Find out who was forgotten since the last look; returns whether anybody was."""
        journal, self._latest = self._rec.journal, []
        if journal is None or journal.closed:
            return False
        if journal is self._journal:  # another one was gone on with: what it forgot was never on screen here
            self._latest = [stone for stone in journal.tombstones if stone.id > self._seen]
        self._journal, self._seen = journal, journal.last_id
        return bool(self._latest)

    def __contains__(self, user: Id) -> bool:
        """Whether the last look found `user`, and the model has not met them again. About 10 ms."""
        name = self._rec.known_as(user)
        return name not in self._rec.users and any(stone.is_of(name) for stone in self._latest)
