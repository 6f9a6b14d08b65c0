"""Text of a catalogue, a log or an error on its way to the screen."""

from __future__ import annotations

from collections.abc import Sequence

from lifelong_widgets.data.display import shorten
from lifelong_widgets.errors import LifelongWidgetsError

_TEXT = 300  # characters of a title or a reason that cross the wire
_NAME = 80  # of a person, a category or a kind of feedback
_MESSAGE = 600
_CATEGORIES = 8


def text(value: str) -> str:
    """A title or a reason: on one line, of bounded length, with nothing in it that could steer the page.

    >>> text("Fog\\n\\u202ereversed"), len(text("x" * 1_000_000))
    ('Fog �reversed', 300)
    """
    return shorten(value, _TEXT)


def name(value: object) -> str:
    """A person, a category or a label, in the same way."""
    return shorten(str(value), _NAME)


def categories(values: Sequence[str]) -> list[str]:
    """The first few of an item's categories.

    >>> categories([f"c{n}" for n in range(1000)])[-2:]
    ['c7', '…']
    """
    return [name(value) for value in values[:_CATEGORIES]] + ["…"] * (len(values) > _CATEGORIES)


def explain(error: BaseException) -> str:
    """What to show of an error: ours are written for people; of others the type helps to find the cause."""
    words = str(error) if isinstance(error, LifelongWidgetsError) else f"{type(error).__name__}: {error}"
    return shorten(words, _MESSAGE)
