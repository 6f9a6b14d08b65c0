"""Small pictures of data for a terminal and a notebook. What a catalogue holds is only ever text."""

from __future__ import annotations

import html
import reprlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, cast

import numpy as np
import pandas as pd

from lifelong_widgets.errors import closest

_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # Unicode's control, format, … and line ends
_LONGEST_TYPED = 80
_LONGEST_FIELD = 200
_REPR = reprlib.Repr()  # which looks at the first few elements only
_REPR.maxother = _REPR.maxstring = _REPR.maxlong = 200
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


def cell(text: str) -> str:
    """`text` for a cell of a table in a notebook: at most 200 characters, as HTML that shows what it is.

    >>> cell("<b>bold</b>")
    '&lt;b&gt;bold&lt;/b&gt;'
    """
    return html.escape(shorten(text, 200))


def brief(value: object, length: int = 80) -> str:
    """How messages show a value out of the user's data: its `repr`, cut; never an error, and never slow.

    >>> brief("ada"), brief("x" * 1_000_000, 12), brief(10**5_000), brief(np.int64(7))
    ("'ada'", "'xxxxxxxxxx…", 'an int too large to print', '7')
    """
    if isinstance(value, np.generic) and value.dtype.kind in "biufU":  # np.int64(7) is 7 to its owner
        value = value.item()
    if isinstance(value, (str, bytes)):
        value = value[: length + 1]
    try:
        plain = isinstance(value, (str, bytes))
        text = repr(value) if plain else printable(" ".join(_REPR.repr(value).split()))
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits is not printed by Python
        article = "an" if type(value).__name__[0] in "aeiou" else "a"
        return f"{article} {type(value).__name__} too large to print"
    return text if len(text) <= length else text[: length - 1] + "…"


def listing(names: Iterable[object], most: int = 30) -> str:
    """Names for a message: the first `most`, each on one line and short.

    >>> listing(["view", "like", "skip"], most=2)
    'view, like, … (3 in all)'
    """
    every = list(names)
    first = ", ".join(shorten(str(name)) for name in every[:most])
    return first if len(every) <= most else f"{first}, … ({len(every):,} in all)"


def others(n: int) -> str:
    """That `n` other cells or rows are like the one that a message names.

    >>> others(0), others(1), others(1200)
    ('', ' (and 1 other)', ' (and 1,200 others)')
    """
    return f" (and {n:,} other{'s' if n > 1 else ''})" if n else ""


def near(name: object, known: Iterable[object]) -> str:
    """`closest`, for a name that somebody can have typed: on a long one it would compute for hours.

    >>> near("lik", ["like", "view"]), near("x" * 1_000_000, ["x" * 999_999])
    ("; did you mean 'like'?", '')
    """
    return closest(name, known) if isinstance(name, str) and len(name) <= _LONGEST_TYPED else ""


def brief_fields(made: Any) -> str:
    """The `repr` of a dataclass whose values are the user's: each is cut."""
    shown = (f"{field.name}={brief(getattr(made, field.name), _LONGEST_FIELD)}" for field in fields(made))
    return f"{type(made).__name__}({', '.join(shown)})"


class WholeTexts(pd.DataFrame):
    """A frame that shows its texts whole, where pandas cuts them after 50 characters.

    >>> "x" * 70 in repr(WholeTexts({"text": ["x" * 70]}))
    True
    """

    def __repr__(self) -> str:
        with pd.option_context("display.max_colwidth", None, "display.width", 200):
            return super().__repr__()

    def _repr_html_(self) -> str | None:
        with pd.option_context("display.max_colwidth", None):
            return cast("str | None", super()._repr_html_())  # type: ignore[misc]


def html_table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], more: int = 0, longest: int = 60
) -> str:
    """A plain table whose every cell is escaped and shortened; `more` rows are mentioned, not drawn.

    >>> "<td>&lt;b&gt;</td>" in html_table("Items", ["title"], [["<b>"]])
    True
    """

    def cells(tag: str, values: Iterable[object]) -> str:
        return "".join(f"<{tag}>{html.escape(shorten(str(value), longest))}</{tag}>" for value in values)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    foot = f'<tfoot><tr><td colspan="{len(head)}">… and {more:,} more</td></tr></tfoot>' if more > 0 else ""
    return (
        f'<table style="text-align: left"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody>{foot}</table>"
    )
