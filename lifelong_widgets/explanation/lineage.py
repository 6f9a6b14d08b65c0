"""Which explained lists a recommender may compare its own with: those of its own past."""

from __future__ import annotations

from weakref import WeakSet

from lifelong_widgets.explanation.listed import ListExplanation

_OF_FILES: dict[str, WeakSet[ListExplanation]] = {}
"""By the hash of a file: the lists of the past of what was saved there."""


class Lineage:
    """The lists that a recommender has explained, and until it was made what it is a copy of.

    A copy has the same past, bit for bit; what the other explains later is of a life that it has not led.
    A list is forgotten when nobody holds it any more.
    """

    def __init__(self) -> None:
        self._lists: WeakSet[ListExplanation] = WeakSet()

    def __contains__(self, one: ListExplanation) -> bool:
        return one in self._lists

    def add(self, one: ListExplanation) -> None:
        """The recommender has explained a list."""
        self._lists.add(one)

    def copy(self) -> Lineage:
        """That of a copy which is made now."""
        made = Lineage()
        made._lists |= self._lists
        return made

    def saved(self, digest: str) -> None:
        """The recommender was saved in a file of this hash."""
        for forgotten in [file for file, lists in list(_OF_FILES.items()) if not lists]:
            _OF_FILES.pop(forgotten, None)
        if self._lists:
            _OF_FILES.setdefault(digest, WeakSet()).update(self._lists)

    @classmethod
    def loaded(cls, digest: str | None) -> Lineage:
        """That of what is loaded from a file of this hash; it is empty if another process has saved it."""
        made = cls()
        made._lists |= _OF_FILES.get(digest or "", WeakSet())
        return made
