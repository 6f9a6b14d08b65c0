"""What a click did to a list, in places and in categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from lifelong_widgets.data import Id

_TRENDS = 2  # categories named on either side
_NOTABLE = 2  # places that a category must gain or lose in sum


@dataclass(frozen=True, slots=True)
class Movement:
    """How the list after a click differs from the one before, beyond the gap that the clicked item left.

    Attributes:
        places: for each item of the new list how far it rose (negative: fell), None if it was not there.
        moved: how many items of the new list have changed places.
        up: the categories that gained most places.
        down: the categories that lost most.
    """

    places: dict[Id, int | None]
    moved: int
    up: tuple[str, ...]
    down: tuple[str, ...]


def movement(
    before: Sequence[Id],
    after: Sequence[Id],
    clicked: Collection[Id],
    categories: Callable[[Id], Sequence[str]],
) -> Movement:
    """Compare two lists, best first.

    If a clicked item has left the list, everything below it moves up one place without any learning, and
    down if it has come back; that is not counted. (`Recommendations.moves` does count it: it is the plain
    difference of ranks.)

    >>> found = movement(["a", "b", "c", "d"], ["d", "b", "c", "e"], ["a"], {"d": ["Sea"]}.get)
    >>> found.places
    {'d': 2, 'b': -1, 'c': -1, 'e': None}
    >>> found.moved, found.up, found.down
    (3, ('Sea',), ())
    """
    was = _places(item for item in before if item not in clicked or item in after)
    now = _places(item for item in after if item not in clicked or item in before)
    places = {item: was[item] - now[item] if item in was else None for item in after}
    # A newcomer in the place that a clicked item freed at the end is no movement; nor is one that came back.
    moved = sum(places[item] != 0 and (item in was or place < len(was)) for item, place in now.items())
    up, down = _trends(was, now, clicked, categories)
    return Movement(places, moved, up, down)


def _places(items: Iterable[Id]) -> dict[Id, int]:
    return {item: place for place, item in enumerate(items)}


def _trends(
    was: dict[Id, int], now: dict[Id, int], clicked: Collection[Id], categories: Callable[[Id], Sequence[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    outside = max(len(was), len(now))
    gains: dict[str, int] = defaultdict(int)
    for item in {**was, **now}:
        if item not in clicked:
            gain = was.get(item, outside) - now.get(item, outside)
            for category in categories(item) or ():
                gains[category] += gain
    ranked = sorted(gains.items(), key=lambda pair: (-pair[1], pair[0]))
    up = tuple(name for name, gain in ranked if gain >= _NOTABLE)[:_TRENDS]
    down = tuple(name for name, gain in reversed(ranked) if gain <= -_NOTABLE)[:_TRENDS]
    return up, down
