"""The errors that this package raises. Each says what was given, where, and what would be right."""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable

import traitlets


class LifelongWidgetsError(Exception):
    """Base of every error of this package."""


class DataError(LifelongWidgetsError, ValueError):
    """A catalogue, a log or an argument that cannot be used as it is."""


class SettingError(DataError, traitlets.TraitError):
    """A hyperparameter that is out of its bounds, or not among its choices."""


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


class DataWarning(UserWarning):
    """Data that can be used as it is, but hardly means what it seems to."""


class PrivacyWarning(UserWarning):
    """Events that were remembered and not learned: the privacy budget of their people is spent."""


class MediaWarning(UserWarning):
    """Pictures or sounds that could not be read and so count as missing."""


class FeatureWarning(UserWarning):
    """Items whose features cannot be made, so that they wait, or say nothing, so that only a fit helps."""


class ClockWarning(UserWarning):
    """Times of events and of items that can hardly be by the same clock."""


class MissingExtraError(LifelongWidgetsError, ImportError):
    """An optional dependency that is not installed."""


def warn(message: str, category: type[Warning]) -> None:
    """`warnings.warn` that names the line outside this package that led here, which shows it once."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).split(".")[0] in _INSIDE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


_INSIDE = {"lifelong_widgets", "contextlib", "sklearn"}  # the latter wrap our functions


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
