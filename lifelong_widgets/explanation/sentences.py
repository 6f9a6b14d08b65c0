"""What is said beside a recommendation, and what it is called where another language is spoken."""

from __future__ import annotations

from typing import Self

_SENTENCES = {
    "popular": "popular with everybody",
    "general": "a general guess, not from one thing you did",
    "new": "new here",
    "new.content": "new here: only its content is known",
    "again": "you took it before",
    "value": "worth more in the long run",
    "because": "goes with {title}",
    "because.view": "goes with {title}, which you looked at",
    "because.click": "goes with {title}, which you clicked",
    "because.rating": "goes with {title}, which you rated",
    "because.like": "goes with {title}, which you liked",
    "because.purchase": "goes with {title}, which you bought",
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
    ('goes with Persuasion, which you liked', 'because.like', 'Persuasion')
    >>> Reason.because("sing", "Persuasion")
    'goes with Persuasion'
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
