"""The stamps of Tux Paint, a drawing program for children: pictures with captions, some with a sound.

They are under the GPL and not part of this package: they are read from where Debian's package puts them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lifelong_widgets.data.catalog import Catalog, Item
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.simulated import simulated_log
from lifelong_widgets.data.datasets.tastes import membership
from lifelong_widgets.data.limits import shown
from lifelong_widgets.errors import DataError

_FOLDER = "/usr/share/tuxpaint/stamps"
_PACKAGE = "tuxpaint-stamps-default"
_PICTURES = (".png", ".svg")
_SOUNDS = (".ogg", ".wav")
_MOST_FILES = 200_000
_LONGEST_CAPTION = 1_000  # bytes
_FEWEST = 10  # items of a category that tastes can be about


def tuxpaint_stamps(
    folder: str | os.PathLike[str] = _FOLDER,
    categories: bool = True,
    seed: int = 0,
    n_people: int = 300,
    n_events: int = 12_000,
) -> Dataset:
    """950 stamps with captions, most with a picture and some with a sound, and simulated people.

    An item is a stamp: its id is its path without the extension, its title the caption in English, its
    categories are the folders in which it lies, the outermost first. Stamps that are drawn as SVG have no
    picture here unless a PNG lies beside. The people are simulated (see `simulated_log`): their tastes are
    about the two outermost folders, as far as ten stamps or more lie in one of that name. `truth` knows them,
    whether or not the catalogue does.

    Args:
        folder: where the stamps lie; the default is where Debian's package tuxpaint-stamps-default puts them.
        categories: whether the catalogue has the categories. Without, a recommender must find in captions,
            pictures and sounds what people like.
        seed: of everything random; the same seed gives the same log.
        n_people: how many people there are.
        n_events: how many events the log has.

    Raises:
        DataError: there are no stamps in the folder, or a count is below 1.
    """
    stamps = list(_stamps(_existing(folder)))
    if not stamps:
        raise DataError(f"there is no stamp (a .txt beside a .png or .svg) in {shown(folder)}; {_remedy()}")
    topics = [Item(stamp.id, stamp.title, stamp.categories[:2]) for stamp in stamps]
    counts = Counter(category for topic in topics for category in topic.categories)
    known = tuple(sorted(name for name, count in counts.items() if count >= _FEWEST)) or tuple(sorted(counts))
    shares = membership(topics, known)
    catalog = Catalog()
    catalog.add(stamps if categories else [Item(s.id, s.title, image=s.image, audio=s.audio) for s in stamps])
    log, truth = simulated_log(
        np.random.default_rng(seed), catalog, shares, known,
        n_people=n_people, n_events=n_events, drift_at=None, name="child",
    )  # fmt: skip
    n_pictures = sum(stamp.image is not None for stamp in stamps)
    n_sounds = sum(stamp.audio is not None for stamp in stamps)
    about = (
        "The stamps of Tux Paint: pictures with captions and sounds; the people are simulated (`truth`).\n"
        f"Source: {folder}, of Debian's package {_PACKAGE}.\n"
        "Licence: GPL-2 (the stamps); they are read where they lie and not passed on.\n"
        f"Counts: {len(catalog):,} stamps, {n_pictures:,} with a picture and "
        f"{n_sounds:,} with a sound; {len(log):,} events by {len(log.users):,} people."
    )
    return Dataset("tuxpaint-stamps", catalog, log, about, truth)


def _remedy() -> str:
    return f"on Debian, get them by `apt-get install {_PACKAGE}`; elsewhere, unpack it and give folder=…"


def _existing(folder: str | os.PathLike[str]) -> Path:
    try:
        path = Path(folder)
        if path.is_dir():
            return path
    except (OSError, TypeError, ValueError):  # no path at all, or one that the system cannot be asked about
        pass
    raise DataError(f"there is no folder {shown(folder)} with the stamps of Tux Paint; {_remedy()}")


def _stamps(folder: Path) -> Iterator[Item]:
    """Every caption beside which there is a picture; a mirrored or flipped picture has no caption."""
    n_files = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        n_files += len(names)
        if n_files > _MOST_FILES:
            raise DataError(f"{shown(folder)} has more than {_MOST_FILES:,} files: it is no folder of stamps")
        inside, present = Path(place).relative_to(folder), set(names)
        for stem in sorted(name.removesuffix(".txt") for name in names if name.endswith(".txt")):
            files = {
                end: str(Path(place, stem + end)) for end in (*_PICTURES, *_SOUNDS) if stem + end in present
            }
            if files.keys() & set(_PICTURES):
                yield Item(
                    id=(inside / stem).as_posix(),
                    title=_caption(Path(place, stem + ".txt")) or stem.replace("_", " "),
                    categories=tuple(dict.fromkeys(inside.parts)),
                    image=files.get(".png"),
                    audio=next((files[end] for end in _SOUNDS if end in files), None),
                )


def _caption(path: Path) -> str:
    """The first line, which is the caption in English; translations follow. Empty if there is none."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        return file.readline(_LONGEST_CAPTION).decode(errors="ignore").strip()
