"""What each person did here, item by item: the pressed buttons on the cards."""

from __future__ import annotations

from collections import Counter, OrderedDict

from lifelong_widgets.data import Id

_KEPT_PEOPLE = 64
_KEPT_ITEMS = 500  # of each person


class Marks:
    """The kinds of feedback that people gave, of those who were active last. Owner thread only.

    >>> marks = Marks()
    >>> marks.add("ada", 7, "view")
    >>> marks.add("ada", 7, "view")
    >>> marks.take_back("ada", 7, "view")
    >>> marks.of("ada", 7)  # the first of the two still counts
    ['view']
    """

    def __init__(self) -> None:
        self._people: OrderedDict[Id, OrderedDict[Id, Counter[str]]] = OrderedDict()

    def add(self, user: Id, item: Id, kind: str) -> None:
        """`user` did this with `item`."""
        items = self._people.setdefault(user, OrderedDict())
        items.setdefault(item, Counter())[kind] += 1
        self._people.move_to_end(user)
        items.move_to_end(item)
        if len(self._people) > _KEPT_PEOPLE:
            self._people.popitem(last=False)
        if len(items) > _KEPT_ITEMS:
            items.popitem(last=False)

    def take_back(self, user: Id, item: Id, kind: str) -> None:
        """One `add` was undone."""
        self._of(user, item)[kind] -= 1

    def of(self, user: Id, item: Id) -> list[str]:
        """What `user` did with `item`."""
        return sorted(kind for kind, times in self._of(user, item).items() if times > 0)

    def forget(self, user: Id) -> int:
        """Drop the marks of `user`; returns how many there were."""
        return sum(kinds.total() for kinds in self._people.pop(user, {}).values())

    @property
    def people(self) -> list[Id]:
        """Whose marks are kept."""
        return list(self._people)

    def _of(self, user: Id, item: Id) -> Counter[str]:
        items = self._people.get(user)
        return Counter() if items is None else items.get(item, Counter())
