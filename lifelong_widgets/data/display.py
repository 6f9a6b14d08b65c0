"""Small pictures of data for a terminal and a notebook. What a catalogue holds is only ever text."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence

_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # Unicode's control, format, … and line ends
_JOINERS = "\u200c\u200d"  # of category Cf, but Persian, Indic scripts and emoji are written with them


def printable(text: str) -> str:
    """`text` with a visible replacement for each character that could steer a terminal or reorder a line.

    These are control characters (line ends too), bidirectional and other invisible ones, lone surrogates and
    code points without a character.

    >>> printable("Fog\x1b[2J"), printable("naïve 霧")
    ('Fog�[2J', 'naïve 霧')
    """
    if text.isprintable():
        return text
    return "".join(
        "�" if unicodedata.category(char) in _UNPRINTABLE and char not in _JOINERS else char for char in text
    )


def shorten(text: str, length: int = 60) -> str:
    """`text` on one line, of at most `length` characters, and `printable`.

    >>> shorten("The\\nlong  road", 8)
    'The lon…'
    """
    line = printable(" ".join(text[: 4 * length].split()))
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
