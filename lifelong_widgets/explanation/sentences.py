"""What is said beside a recommendation, and what it is called where another language is spoken."""

from __future__ import annotations

from typing import Self

_SENTENCES = {
    "popular": "popular with everybody",
    "new": "new here",
    "new.content": "new here: placed by its content",
    "again": "you come back to it",
    "value": "worth more in the long run",
    "because": "because of {title}",
    "because.view": "because you looked at {title}",
    "because.click": "because you clicked {title}",
    "because.rating": "because you rated {title}",
    "because.like": "because you liked {title}",
    "because.purchase": "because you bought {title}",
}


class Reason(str):
    """A sentence in English that knows what it says, so that a screen can say it in another language.

    Args:
        key: which sentence: one of `Reason.KEYS`.
        cause: the title of the item that it names, if it names one.

    Raises:
        KeyError: there is no such sentence.

    >>> reason = Reason.because("like", "Persuasion")
    >>> reason, reason.key, reason.cause
    ('because you liked Persuasion', 'because.like', 'Persuasion')
    >>> Reason.because("sing", "Persuasion")
    'because of Persuasion'
    """

    __slots__ = ("cause", "key")

    KEYS = tuple(_SENTENCES)

    key: str
    cause: str

    def __new__(cls, key: str, cause: str = "") -> Self:
        """See the class."""
        sentence = super().__new__(cls, _SENTENCES[key].replace("{title}", cause))
        sentence.key, sentence.cause = key, cause
        return sentence

    @classmethod
    def because(cls, kind: str, title: str) -> Self:
        """That an item is there because of what the person did to another one, by the name of the kind."""
        key = f"because.{kind}"
        return cls(key if key in _SENTENCES else "because", title)
