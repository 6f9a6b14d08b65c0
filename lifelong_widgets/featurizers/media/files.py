"""The files of pictures and sounds: opened with care, and missing where they cannot be read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from lifelong_widgets.data import Item
from lifelong_widgets.data.display import brief, shorten
from lifelong_widgets.errors import MediaError, MediaWarning, warn
from lifelong_widgets.featurizers.base import Array, Medium

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # at least two letters, since "C:" is a drive
_NOUNS = {"image": "pictures", "audio": "sounds"}


@contextmanager
def opened(path: str, max_bytes: int) -> Iterator[BinaryIO]:
    """The file at `path`, open to read; only a regular file of at most `max_bytes` is ever opened.

    A path comes with the catalogue and is not trusted: an address is not fetched, and no pipe or device is
    waited for.

    Raises:
        MediaError: it is an address, there is no regular file, it may not be read, or it is larger.

    >>> with opened("https://example.org/fog.png", 2**20):
    ...     pass
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.MediaError: 'https://example.org/fog.png' is an address, and nothing is fetched; \
save the file and give its path
    """
    named = f"{path!r:.300}"
    if _ADDRESS.match(path):
        raise MediaError(f"{named} is an address, and nothing is fetched; save the file and give its path")
    # Without O_NONBLOCK, a pipe that nobody writes to would hold us up for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        _refuse_unless_regular(os.stat(path), named, max_bytes)
        file = os.fdopen(os.open(path, flags), "rb")
    except FileNotFoundError:
        raise MediaError(f"there is no file {named}") from None
    except (OSError, ValueError) as error:  # ValueError: a null character, or half of a character
        why = error.strerror if isinstance(error, OSError) else error
        raise MediaError(f"{named} cannot be opened: {why}") from None
    with file:
        _refuse_unless_regular(os.fstat(file.fileno()), named, max_bytes)  # another one may be there by now
        yield file


def _refuse_unless_regular(status: os.stat_result, named: str, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a device or the like"
        raise MediaError(f"{named} is {kind}, not a file")
    if status.st_size > max_bytes:
        raise MediaError(f"{named} has {status.st_size:,} bytes; the limit is {max_bytes:,}")


def stamp(path: str) -> tuple[int, int, int] | None:
    """What changes when somebody writes the file at `path`; None if there is none.

    >>> stamp("nowhere.png") is None
    True
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: as in `opened`
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def each_readable(
    items: Sequence[Item], medium: Medium, read: Callable[[str], Array]
) -> Iterator[tuple[int, Array]]:
    """The place of each item whose picture or sound can be read, and what `read` makes of its path.

    Those that cannot be read are left out. When all are done, one `MediaWarning` says how many they were,
    and why the first one was refused.
    """
    n_given, n_refused, first = 0, 0, ""
    for row, item in enumerate(items):
        path: str | None = getattr(item, medium)
        if path is None:
            continue
        n_given += 1
        try:
            found = read(path)
        except MediaError as error:
            n_refused += 1
            first = first or f"item {brief(item.id)}: {shorten(str(error), 500)}"
            continue
        yield row, found
    if n_refused:
        warn(
            f"{n_refused:,} of {n_given:,} {_NOUNS[medium]} could not be read and count as missing; "
            f"the first is that of {first}",
            MediaWarning,
        )
