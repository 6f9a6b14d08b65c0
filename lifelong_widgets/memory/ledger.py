"""Writes that can be taken back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Ledger:
    """What stood where something is about to be written, so that it can stand there again.

    Whoever writes says so first: `keep` for a part of an array, `keep_all` for a whole attribute. Arrays are
    found by the name of their attribute, since they may have been exchanged for larger ones meanwhile. Where
    what is written stands for more than what is taken back, `call` names what takes it back.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> counts, ledger = SimpleNamespace(of=np.array([1, 2, 3])), Ledger()
    >>> ledger.keep(counts, "of", 1)
    >>> counts.of[1] = 9
    >>> ledger.revert()
    >>> counts.of
    array([1, 2, 3])
    """

    __slots__ = ("_rows", "_writes")

    def __init__(self) -> None:
        self._writes: list[tuple[object, str, Any, Any]] = []
        self._rows: dict[tuple[int, str], set[int]] = {}

    def keep(self, owner: object, name: str, index: Any) -> None:
        """`owner.name[index]` is about to be written; no place may be twice in `index`."""
        old = getattr(owner, name)[index]
        if getattr(old, "base", None) is not None:  # a view: an index of arrays gives a copy already
            old = old.copy()
        self._writes.append((owner, name, index, old))

    def keep_rows(self, owner: object, name: str, rows: NDArray[np.int64]) -> None:
        """`owner.name[rows]` are about to be written. A row that was kept before takes no more room."""
        kept = self._rows.setdefault((id(owner), name), set())
        new = np.array([row for row in dict.fromkeys(rows.tolist()) if row not in kept], dtype=np.int64)
        if len(new):
            kept.update(new.tolist())
            self.keep(owner, name, new)

    def keep_all(self, owner: object, name: str) -> None:
        """`owner.name`, a number or an array, is about to be replaced or written all over."""
        self._writes.append((owner, name, None, copy.copy(getattr(owner, name))))

    def keep_exchanged(self, owner: object, name: str) -> None:
        """`owner.name` is about to be exchanged for a larger array and will itself be written no more."""
        self._writes.append((owner, name, None, getattr(owner, name)))

    def call(self, action: Callable[..., None], *arguments: Any) -> None:
        """`action` with these `arguments` takes back what was just done."""
        self._writes.append((action, "", arguments, None))

    def writes(self) -> Iterator[tuple[object, str, Any]]:
        """Owner, name of the attribute, and index of all that was kept; index None for a whole attribute."""
        return ((owner, name, index) for owner, name, index, _ in self._writes if not callable(owner))

    def revert(self) -> None:
        """Put everything back, the latest first, and begin anew."""
        for owner, name, index, old in reversed(self._writes):
            if callable(owner):
                owner(*index)
            elif index is None:
                setattr(owner, name, old)
            else:
                getattr(owner, name)[index] = old
        self._writes.clear()
        self._rows.clear()
