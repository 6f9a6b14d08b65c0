"""Closing what ipywidgets leaves open."""

from __future__ import annotations

from typing import Any

import ipywidgets


def belongings(widget: Any) -> list[Any]:
    """The layout and the style that ipywidgets made with a widget. Closing the widget leaves them, for ever.

    >>> button = ipywidgets.Button()
    >>> [type(part).__name__ for part in belongings(button)]
    ['Layout', 'ButtonStyle']
    """
    parts = (getattr(widget, name, None) for name in ("layout", "style"))
    return [part for part in parts if isinstance(part, ipywidgets.Widget)]


def close_whole(widget: Any) -> None:
    """Close a widget of our own making with what belongs to it."""
    parts = belongings(widget)
    widget.close()
    for part in parts:
        part.close()
