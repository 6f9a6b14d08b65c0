"""The lists on screen, person by person."""

from __future__ import annotations

import itertools
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, replace

from lifelong_widgets.data import Id
from lifelong_widgets.recommendations import Recommendations
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.movement import Movement, movement

_KEPT_LISTS = 64  # of each person, so that a click on a list just replaced is understood, seconds later too
_KEPT_PEOPLE = 32  # whose lists are kept though nobody watches them
_KEPT_OWNERS = 10_000  # versions of which is known whose they were: a click may come again much later


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did who looks at a list: a click on an item, or taking back a click of `user`.

    A click that is `withheld` was remembered and not learned: the privacy budget is spent.
    """

    kind: str
    item: Id
    undone: bool = False
    user: Id | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Latest:
    """The click that was learned last, and whose list says so; None if nobody's does."""

    act: Act
    told: Id | None = None


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
        self._owners: OrderedDict[int, Id] = OrderedDict()
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

    def owner(self, version: int) -> Id | None:
        """Whose list that version was; None if it is too long ago, or they were forgotten."""
        return self._owners.get(version)

    def find(self, user: Id, version: int | None) -> Shown | None:
        """The list of that version, None if it is not kept any more; the latest if `version` is None."""
        if version is None:
            return self.latest(user)
        return next((shown for shown in self._shown.get(user, ()) if shown.version == version), None)

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
        self._owners[lists[-1].version] = user
        if len(self._owners) > _KEPT_OWNERS:
            self._owners.popitem(last=False)
        self._drop_idle()
        return lists[-1]

    def refresh(self) -> list[Id]:
        """Renew what is watched; returns the people whose list has changed."""
        changed = []
        for user in list(self._watched):
            before = None if user in self._acts else self._shown.get(user, [None])[-1]
            after = self.renew(user)
            if before is not None and after.recommendations.items == before.recommendations.items:
                del self._owners[self._shown[user].pop().version]  # nothing that anybody could see
            else:
                changed.append(user)
        return changed

    def drop(self, user: Id) -> None:
        """Drop the lists of `user`; the next one is their first."""
        self._shown.pop(user, None)
        self._acts.pop(user, None)

    def forget(self, user: Id) -> None:
        """Drop all that names `user`: their lists, whose they were, and what others' lists say of them."""
        self.drop(user)
        for version in [version for version, owner in self._owners.items() if owner == user]:
            del self._owners[version]
        for other, lists in self._shown.items():
            if any(_names(shown, user) for shown in lists):
                clean = (replace(shown, did=None) if _names(shown, user) else shown for shown in lists)
                self._shown[other] = deque(clean, maxlen=_KEPT_LISTS)
                self._acts.setdefault(other, [])  # no act, and yet the list on screen must be made anew
        for other, acts in self._acts.items():
            self._acts[other] = [act for act in acts if act.user != user]

    @property
    def people(self) -> list[Id]:
        """Everybody who is named here, beginning with those whose lists are kept."""
        dids = (shown.did.act for lists in self._shown.values() for shown in lists if shown.did is not None)
        acts = itertools.chain(dids, *self._acts.values())
        named = (act.user for act in acts if act.user is not None)
        return list(dict.fromkeys((*self._shown, *self._owners.values(), *named)))

    def _drop_idle(self) -> None:
        idle = [user for user in self._shown if user not in self._watched]
        for user in idle[:-_KEPT_PEOPLE]:
            self.drop(user)

    def _categories(self, item: Id) -> tuple[str, ...]:
        return self._rec.catalog[item].categories


def _names(shown: Shown, user: Id) -> bool:
    """Whether what is said above the list names `user`."""
    return shown.did is not None and shown.did.act.user == user


def _run(acts: list[Act]) -> int:
    """How many acts at the end are of the same sort as the last."""
    return sum(1 for _ in itertools.takewhile(lambda act: act.undone == acts[-1].undone, reversed(acts)))
