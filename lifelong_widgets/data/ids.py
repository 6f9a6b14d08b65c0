"""Ids: the user's own strings or integers at the face, contiguous integers inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError

Id = str | int
"""What users and items are called: a string of 1 to `LONGEST_ID` characters, or an integer of 64 bits."""

LONGEST_ID = 1000
"""Characters. A longer one is a text in the wrong column, and would be in every entry of a journal."""

_INT64 = np.iinfo(np.int64)
_LONGEST_INT = 20  # digits and sign of a 64-bit integer


def as_id(value: object, name: str = "id") -> Id:
    """`value` as a plain Python `str` or `int`; `name` says in the message what it stands for.

    NumPy strings and integers become Python's. Everything that is equal to an integer without being one
    (``True``, ``1.0``) is refused, as are NaN, ``None``, the empty string and one longer than `LONGEST_ID`.

    Raises:
        DataError: `value` cannot be an id.

    >>> as_id(np.int32(7)), as_id("b042")
    (7, 'b042')
    >>> as_id(7.0, "user")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: the user 7.0 is a float; an id is a string or an integer, \
such as 7 or '7'
    """
    if type(value) is str or isinstance(value, str):
        return _checked_string(value, name)
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64)):
        number = int(value)
        if _INT64.min <= number <= _INT64.max:
            return number
        raise DataError(f"the {name} is an integer of more than 64 bits; use a string")
    if value is None or (isinstance(value, (float, np.floating)) and value != value):
        raise DataError(f"the {name} is missing ({value}); an id is a string or an integer")
    hint = ""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        hint = f", such as {int(value)} or '{int(value)}'"
    raise DataError(
        f"the {name} {brief(value)} is a {type(value).__name__}; an id is a string or an integer{hint}"
    )


def as_ids(values: Iterable[object], name: str = "id") -> tuple[Id, ...]:
    """Each of `values` as `as_id` gives it.

    >>> as_ids(["a", "b"]), as_ids([1, np.int32(2)])
    (('a', 'b'), (1, 2))
    """
    given = tuple(values)
    # what a list of ours holds is fine: to see that at once takes a tenth of the time
    if given and set(map(type, given)) == {str}:
        lengths = set(map(len, given))  # type: ignore[arg-type]
        if all(map(str.isascii, given)) and min(lengths) > 0 and max(lengths) <= LONGEST_ID:  # type: ignore[arg-type]
            return given  # type: ignore[return-value]
    return tuple([as_id(value, name) for value in given])


def _checked_string(value: str, name: str) -> str:
    if not value:
        raise DataError(f"the {name} is an empty string; an id has at least one character")
    if len(value) > LONGEST_ID:
        raise DataError(
            f"the {name} {brief(value, 40)} has {len(value):,} characters; there can be {LONGEST_ID:,}"
        )
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"the {name} {brief(value)} holds a lone surrogate, which no file can store"
            ) from None
    return value if type(value) is str else str(value)


def twin(value: Id) -> Id | None:
    """The id of the other type that is written alike: ``196`` for ``"196"``; None for ``"007"``.

    >>> twin("196"), twin(196), twin("007"), twin("b042")
    (196, '196', None, None)
    """
    if isinstance(value, int):
        return str(value)
    if len(value) > _LONGEST_INT or not value.isascii() or not value.removeprefix("-").isdigit():
        return None
    number = int(value)
    return number if str(number) == value else None


class IdIndex:
    """A two-way, append-only map between ids and the integers 0, 1, 2, …

    `name` (such as ``"item"``) is what messages call an id of this index.

    >>> index = IdIndex(name="user")
    >>> index.add("ada"), index.add("bob"), index.add("ada")
    (0, 1, 0)
    >>> index[1], index.get("zoe"), len(index), "bob" in index
    ('bob', None, 2, True)
    """

    __slots__ = ("_codes", "_ids", "name")

    def __init__(self, ids: Iterable[Id] = (), name: str = "id") -> None:
        self.name = name
        self._ids: list[Id] = []
        self._codes: dict[Id, int] = {}
        self.extend(ids)

    @property
    def ids(self) -> Sequence[Id]:
        """Every id, in the order in which it was added. A live view: do not change it."""
        return self._ids

    def add(self, id: Id) -> int:
        """The index of `id`, which is added at the end if it is new.

        Raises:
            DataError: it is no id, or an id of the other type that is written alike is known.
        """
        id = as_id(id, self.name)
        code = self._codes.get(id)
        if code is None:
            self._refuse_twin(id)
            code = len(self._ids)
            self._codes[id] = code
            self._ids.append(id)
        return code

    def extend(self, ids: Iterable[Id]) -> npt.NDArray[np.int64]:
        """The indices of `ids`, adding the new ones: all of them or, when one is refused, none."""
        size = len(self._ids)
        try:
            return np.fromiter((self.add(id) for id in ids), dtype=np.int64)
        except DataError:
            self.truncate(size)
            raise

    def truncate(self, size: int) -> None:
        """Forget the ids that were added last, so that `size` are left; a longer `size` changes nothing.

        >>> index = IdIndex(["ada", "bob", "eve"])
        >>> index.truncate(1)
        >>> list(index), index.add("eve")
        (['ada'], 1)
        """
        for id in self._ids[size:]:
            del self._codes[id]
        del self._ids[size:]

    def get(self, id: Id) -> int | None:
        """The index of `id`, or None if it is unknown. Never adds anything.

        Raises:
            DataError: it is no id, or an id of the other type that is written alike is known.

        >>> IdIndex([196], name="user").get("196")
        Traceback (most recent call last):
        ...
        lifelong_widgets.errors.DataError: the user '196' is a string, but 196 is known as an integer; \
pass 196
        """
        id = as_id(id, self.name)
        code = self._codes.get(id)
        if code is None:
            self._refuse_twin(id)
        return code

    def encode(self, ids: Iterable[Id]) -> npt.NDArray[np.int64]:
        """The indices of `ids`, with -1 for each unknown one. Never adds anything.

        >>> IdIndex(["a", "b"]).encode(["b", "z"])
        array([ 1, -1])
        """
        codes = (self.get(id) for id in ids)
        return np.fromiter((-1 if code is None else code for code in codes), dtype=np.int64)

    def _refuse_twin(self, id: Id) -> None:
        other = twin(id)
        if other is not None and other in self._codes:
            given, known = ("a string", "an integer") if isinstance(id, str) else ("an integer", "a string")
            raise DataError(
                f"the {self.name} {id!r} is {given}, but {other!r} is known as {known}; pass {other!r}"
            )

    def __getitem__(self, code: int) -> Id:
        return self._ids[code]

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Id]:
        return iter(self._ids)

    def __contains__(self, id: object) -> bool:
        return type(id) in (str, int) and id in self._codes

    def __repr__(self) -> str:
        return f"IdIndex({len(self._ids):,} {self.name}s)"
