"""The lists on screen, person by person."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from dataclasses import dataclass

from lifelong_widgets.data import Id
from lifelong_widgets.recommendations import Recommendations
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.movement import Movement, movement

_KEPT_LISTS = 8  # of each person, so that a click on a list just replaced is understood
_KEPT_PEOPLE = 32  # whose lists are kept though nobody watches them


@dataclass(frozen=True, slots=True)
class Did:
    """What a click was, and what it did to the list."""

    kind: str
    item: Id
    movement: Movement


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as it was put on the screen.

    `version` grows with every list of the session; `places` says how far each item has risen since the list
    before (None: it is new here); `did` is this person's last click.
    """

    version: int
    user: Id
    recommendations: Recommendations
    places: dict[Id, int | None]
    did: Did | None


class Lists:
    """The last few lists of each person. Owner thread only.

    Args:
        rec: who makes them.
        k: how long they are.
    """

    def __init__(self, rec: Recommender, k: int) -> None:
        self.k = k
        self._rec = rec
        self._versions = itertools.count(1)
        self._shown: dict[Id, deque[Shown]] = {}
        self._watched: Counter[Id] = Counter()

    def watch(self, user: Id) -> None:
        """From now on `refresh` keeps the list of `user` up to date."""
        self._watched[user] += 1

    def unwatch(self, user: Id) -> None:
        """Undo one `watch`."""
        self._watched[user] -= 1
        if self._watched[user] <= 0:
            del self._watched[user]

    def latest(self, user: Id) -> Shown:
        """The list of `user`; made if there is none."""
        shown = self._shown.get(user)
        return shown[-1] if shown else self.renew(user)

    def find(self, user: Id, version: int | None) -> Shown:
        """The list of that version; the latest if `version` is None or not kept any more."""
        latest = self.latest(user)
        return next((shown for shown in self._shown[user] if shown.version == version), latest)

    def renew(self, user: Id, kind: str | None = None, item: Id | None = None) -> Shown:
        """Ask the model again, after `user` clicked on `item` or after others' clicks."""
        lists = self._shown.pop(user, deque(maxlen=_KEPT_LISTS))
        before = lists[-1] if lists else None
        recommendations = self._rec.recommend(user, self.k)
        places: dict[Id, int | None] = {}
        did = before.did if before else None
        if before is not None:
            moves = movement(before.recommendations.items, recommendations.items, item, self._categories)
            places = moves.places
            if kind is not None and item is not None:
                did = Did(kind, item, moves)
        lists.append(Shown(next(self._versions), user, recommendations, places, did))
        self._shown[user] = lists  # the person seen most recently is last
        self._forget()
        return lists[-1]

    def refresh(self) -> list[Id]:
        """Renew what is watched; returns the people whose list has changed."""
        changed = []
        for user in list(self._watched):
            before = self.latest(user)
            if self.renew(user).recommendations.items == before.recommendations.items:
                self._shown[user].pop()  # nothing that anybody could see
            else:
                changed.append(user)
        return changed

    def _forget(self) -> None:
        idle = [user for user in self._shown if user not in self._watched]
        for user in idle[:-_KEPT_PEOPLE]:
            del self._shown[user]

    def _categories(self, item: Id) -> tuple[str, ...]:
        return self._rec.catalog[item].categories
