"""Fetching a file from its canonical site, keeping it, and unpacking it with limits."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from lifelong_widgets.data import limits
from lifelong_widgets.data.datasets.movielens_files import ZIP_ERRORS
from lifelong_widgets.data.display import shorten
from lifelong_widgets.errors import DataError
from lifelong_widgets.files import replacing

_SECONDS_TO_CONNECT = 10


def cache_folder() -> Path:
    """Where fetched data sets are kept: ``LIFELONG_WIDGETS_CACHE``, or a folder of the user's."""
    import pooch

    return Path(os.environ.get("LIFELONG_WIDGETS_CACHE") or pooch.os_cache("lifelong-widgets"))


def fetch(url: str, file: Path, known_hash: str | None) -> Path:
    """`file`, fetched from `url` unless it is there; checked against ``"sha256:…"``, ``"md5:…"`` or nothing.

    Raises:
        DataError: the site cannot be reached, or the file is another than expected.
    """
    import pooch

    site, remedy = urlsplit(url).hostname, f"fetch {url} with a browser and save it as {file}"
    try:
        pooch.retrieve(
            url,
            known_hash=known_hash,
            fname=file.name,
            path=file.parent,
            downloader=pooch.HTTPDownloader(timeout=_SECONDS_TO_CONNECT),
        )
    except OSError as error:  # that of requests is one, too
        raise DataError(f"{site} could not be reached ({type(error).__name__}); {remedy}") from error
    except ValueError as error:
        raise DataError(f"{site} sent another file than expected ({error}); {remedy}") from error
    return file


def unpack(archive: Path, into: Path, keep: Callable[[PurePosixPath], bool]) -> None:
    """The members of a zip archive that `keep` says, into the folder `into`, each whole or not at all.

    Raises:
        DataError: it is no zip archive, or damaged; nothing is wanted in it, or a member is too large.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            wanted = [member for member in members if _safe(member.filename) and keep(_path(member.filename))]
            if not wanted:
                present = ", ".join(shorten(member.filename, 80) for member in members[:20]) or "nothing"
                raise DataError(f"{archive} does not hold what is looked for; there is {present}")
            if sum(member.file_size for member in wanted) > limits.MAX_BYTES:
                raise DataError(
                    f"{archive} would fill more than {limits.MAX_BYTES:,} bytes; it is another file"
                )
            for member in wanted:
                _extract(opened, member, into / _path(member.filename))
    except ZIP_ERRORS as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{archive} is no zip archive that can be read ({shorten(str(error), 200)}); delete it"
        ) from None


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(name)


def _safe(name: str) -> bool:
    """Whether a member stays within the folder that it is put into."""
    path = _path(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, replacing(file) as aside, open(aside, "wb") as target:
        # zipfile never gives more than the size that the archive claims, which was looked at
        shutil.copyfileobj(source, target)
