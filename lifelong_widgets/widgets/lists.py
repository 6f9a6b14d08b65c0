"""The lists on screen, person by person."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from dataclasses import dataclass

from lifelong_widgets.data import Id
from lifelong_widgets.recommendations import Recommendations
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.movement import Movement, movement

_KEPT_LISTS = 64  # of each person, so that a click on a list just replaced is understood, seconds later too
_KEPT_PEOPLE = 32  # whose lists are kept though nobody watches them


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did who looks at a list: a click on an item, or taking back a click of `user`."""

    kind: str
    item: Id
    undone: bool = False
    user: Id | None = None


@dataclass(frozen=True, slots=True)
class Did:
    """The last act before a list was made, the number of acts like it in a row, and what they did to it."""

    act: Act
    n: int
    movement: Movement


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as it was put on the screen.

    `version` grows with every list of the session; `places` says how far each item has risen since the list
    before (None: it is new here); `did` is what this person did last.
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
        self._acts: dict[Id, list[Act]] = {}
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
        """The list of `user`; made if there is none, or if they did something since."""
        shown = self._shown.get(user)
        return shown[-1] if shown and user not in self._acts else self.renew(user)

    def find(self, user: Id, version: int | None) -> Shown:
        """The list of that version; the latest if `version` is None or not kept any more."""
        kept = (shown for shown in self._shown.get(user, ()) if shown.version == version)
        return next(kept, None) or self.latest(user)

    def note(self, user: Id, act: Act) -> None:
        """`user` did something: their list, if there is one, is made anew when it is asked for next."""
        if user in self._shown:
            self._acts.setdefault(user, []).append(act)

    def renew(self, user: Id) -> Shown:
        """Ask the model again, after `user` did something or after others' clicks."""
        recommendations = self._rec.recommend(user, self.k)
        lists = self._shown.pop(user, deque(maxlen=_KEPT_LISTS))
        before = lists[-1] if lists else None
        acts = self._acts.pop(user, [])
        places: dict[Id, int | None] = {}
        did = before.did if before else None
        if before is not None:
            touched = {act.item for act in acts}
            moves = movement(before.recommendations.items, recommendations.items, touched, self._categories)
            places = moves.places
            if acts:
                did = Did(acts[-1], _run(acts), moves)
        lists.append(Shown(next(self._versions), user, recommendations, places, did))
        self._shown[user] = lists  # the person seen most recently is last
        self._drop_idle()
        return lists[-1]

    def refresh(self) -> list[Id]:
        """Renew what is watched; returns the people whose list has changed."""
        changed = []
        for user in list(self._watched):
            before = None if user in self._acts else self._shown.get(user, [None])[-1]
            after = self.renew(user)
            if before is not None and after.recommendations.items == before.recommendations.items:
                self._shown[user].pop()  # nothing that anybody could see
            else:
                changed.append(user)
        return changed

    def forget(self, user: Id) -> None:
        """Drop the lists of `user`; the next one is their first."""
        self._shown.pop(user, None)
        self._acts.pop(user, None)

    @property
    def people(self) -> list[Id]:
        """Whose lists are kept."""
        return list(self._shown)

    def _drop_idle(self) -> None:
        idle = [user for user in self._shown if user not in self._watched]
        for user in idle[:-_KEPT_PEOPLE]:
            self.forget(user)

    def _categories(self, item: Id) -> tuple[str, ...]:
        return self._rec.catalog[item].categories


def _run(acts: list[Act]) -> int:
    """How many acts at the end are of the same sort as the last."""
    return sum(1 for _ in itertools.takewhile(lambda act: act.undone == acts[-1].undone, reversed(acts)))
