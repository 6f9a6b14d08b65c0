"""The errors that this package raises. Each says what was given, where, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LifelongWidgetsError(Exception):
    """Base of every error of this package."""


class DataError(LifelongWidgetsError, ValueError):
    """A catalogue, a log or an argument that cannot be used as it is."""


class PrivacyError(DataError):
    """Something that would void a guarantee of privacy, or exceed its budget."""


class MediaError(DataError):
    """A picture or a sound that cannot be read, or that is too large to be."""


class UnknownItemError(LifelongWidgetsError, LookupError):
    """An item id that the catalogue does not hold."""


class FormatError(LifelongWidgetsError, ValueError):
    """A file that is missing, damaged, too large, or of another format or version."""


class JournalLockedError(LifelongWidgetsError):
    """A journal that another process, or another object of this one, has open to write."""


class DivergenceError(LifelongWidgetsError, ArithmeticError):
    """A step whose loss is not a finite number; it was not taken."""


class JournalWarning(UserWarning):
    """Something about a journal's files that cost no event, but that somebody should look at."""


class PrivacyWarning(UserWarning):
    """Events that were remembered and not learned: the privacy budget of their people is spent."""


class MediaWarning(UserWarning):
    """Pictures or sounds that could not be read and so count as missing."""


class FeatureWarning(UserWarning):
    """An item of the catalogue whose features cannot be made, so that nothing can be learned of it yet."""


class MissingExtraError(LifelongWidgetsError, ImportError):
    """An optional dependency that is not installed."""


def closest(name: object, known: Iterable[object]) -> str:
    """A suffix for a message: ``"; did you mean 'like'?"``, or the empty string if nothing is near.

    >>> closest("lik", ["like", "view"])
    "; did you mean 'like'?"
    >>> closest("zzz", ["like", "view"])
    ''
    """
    by_text = {str(candidate): candidate for candidate in known}
    matches = difflib.get_close_matches(str(name), by_text, n=1)
    return f"; did you mean {by_text[matches[0]]!r}?" if matches else ""
