"""Small pictures of data for a terminal and a notebook. What a catalogue holds is only ever text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def shorten(text: str, length: int = 60) -> str:
    """`text` on one line and of at most `length` characters.

    >>> shorten("The\\nlong  road", 8)
    'The lon…'
    """
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length and len(text) <= 4 * length else line[: length - 1] + "…"


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], more: int = 0) -> str:
    """A plain table whose every cell is escaped and shortened; `more` rows are mentioned, not drawn.

    >>> "<td>&lt;b&gt;</td>" in html_table("Items", ["title"], [["<b>"]])
    True
    """

    def cells(tag: str, values: Iterable[object]) -> str:
        return "".join(f"<{tag}>{html.escape(shorten(str(value)))}</{tag}>" for value in values)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    foot = f'<tfoot><tr><td colspan="{len(head)}">… and {more:,} more</td></tr></tfoot>' if more > 0 else ""
    return (
        f'<table style="text-align: left"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody>{foot}</table>"
    )
