"""Files that are the old one or the new one, whenever the power fails, and never half of either."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lifelong_widgets.errors import FormatError, LifelongWidgetsError

_ASIDE = (".lw-", ".aside")  # the name says nothing of the target's, which may be as long as a name can be
_INNER = "x" * 64  # longer than any name that we give to what lies within a folder of ours, or beside a file


def as_path(given: object) -> Path:
    """`given` as a path that the system can be asked about, whether or not something is there.

    Raises:
        FormatError: it is neither a string nor a path, is empty, has a character that no path can have, or is
            too long; or the system refuses to look.

    >>> as_path("shop.lw").name
    'shop.lw'
    >>> as_path(None)
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.FormatError: a path is a string or a pathlib.Path, not a NoneType
    """
    written = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(written, str):
        raise FormatError(f"a path is a string or a pathlib.Path, not a {type(written).__name__}")
    if not written:
        raise FormatError("the path is empty; give the name of a file or folder")
    path = Path(written)
    try:
        for place in (path, path / _INNER):  # what is put there must have room for its name as well
            with suppress(FileNotFoundError, NotADirectoryError):
                os.stat(place)
    except (OSError, ValueError) as error:  # ValueError: a null character, or half of a character
        why = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{written!r:.200} cannot be used as a path: {why}") from None
    return path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path beside `path` to write to; when the block ends well, what is there takes the place of `path`.

    The file is synced before it is renamed and its folder afterwards: before the rename `path` is the old
    file, after it the new one, and after the block it stays the new one even if the power fails. When the
    block raises, the file aside is removed and `path` is as it was. A killed process leaves the file aside
    behind: see `remove_leftovers`.

    Raises:
        FormatError: `path` is a folder, lies in one that does not exist, or cannot be a path.
        LifelongWidgetsError: the system refuses to write (no room, no permission).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "greeting") as aside:
    ...         _ = aside.write_text("hello")
    ...         before = (Path(folder) / "greeting").exists()
    ...     before, (Path(folder) / "greeting").read_text()
    (False, 'hello')
    """
    target = as_path(path)
    if target.is_dir():
        raise FormatError(f"{target} is a folder; give the name of a file, such as {target / 'mine'}")
    if not target.parent.is_dir():
        raise FormatError(f"there is no folder {target.parent} to write {target.name} in")
    aside = target.with_name(secrets.token_hex(8).join(_ASIDE))
    try:
        yield aside
        sync_file(aside)
        os.replace(aside, target)
        sync_folder(target.parent)
    except OSError as error:
        raise LifelongWidgetsError(f"{target} could not be written: {error}") from error
    finally:
        aside.unlink(missing_ok=True)


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove what killed writers left of their files aside. Only for who alone writes in `folder`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / ".lw-0123456789abcdef.aside").write_text("half")
    ...     remove_leftovers(folder)
    ...     list(Path(folder).iterdir())
    []
    """
    prefix, suffix = _ASIDE
    for leftover in Path(folder).glob(f"{prefix}*{suffix}*"):  # SQLite adds "-journal" to the name
        leftover.unlink(missing_ok=True)


def sync_file(path: str | os.PathLike[str]) -> None:
    """Wait until what was written to `path`, by whomever, is on the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: str | os.PathLike[str]) -> None:
    """Wait until the names in the folder `path` are on the disk. Windows keeps no folder to sync."""
    if os.name == "nt":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
