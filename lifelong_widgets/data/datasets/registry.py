"""The names of the data sets, and the function behind each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lifelong_widgets.data.datasets.bookshop import bookshop
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.movielens import movielens_100k
from lifelong_widgets.data.datasets.tuxpaint import tuxpaint_stamps
from lifelong_widgets.errors import DataError, closest

_LOADERS: dict[str, Callable[..., Dataset]] = {
    "bookshop": bookshop,
    "movielens-100k": movielens_100k,
    "tuxpaint-stamps": tuxpaint_stamps,
}
_SUMMARIES = {
    "bookshop": "invented books and simulated readers whose taste turns; made on the spot, needs no network",
    "movielens-100k": "100,000 real ratings of films, 1997-98; fetched once (5 MB), for research use",
    "tuxpaint-stamps": "950 captioned pictures, some with sounds, and simulated people; of a Debian package",
}


def names() -> list[str]:
    """The names that `load` knows.

    >>> names()
    ['bookshop', 'movielens-100k', 'tuxpaint-stamps']
    """
    return sorted(_LOADERS)


def summaries() -> dict[str, str]:
    """One line about each data set, by name.

    >>> list(summaries()) == names()
    True
    """
    return {name: _SUMMARIES[name] for name in names()}


def load(name: str, **options: Any) -> Dataset:
    """The data set called `name`; `options` are those of its function, such as ``seed`` of the bookshop.

    Raises:
        DataError: an unknown name or option, or data that can be had neither from the cache nor from afar.

    >>> shop = load("bookshop", seed=1, n_events=100)
    >>> len(shop.interactions)
    100
    """
    if name not in _LOADERS:
        hint = closest(name, _LOADERS) or "."
        raise DataError(f"there is no data set {name!r:.80}{hint} Known are {', '.join(names())}.")
    loader = _LOADERS[name]
    known = inspect.signature(loader).parameters
    for option in options:
        if option not in known:
            hint = closest(option, known) or "."
            raise DataError(f"{name!r} has no option {option!r:.80}{hint} It has {', '.join(known)}.")
    return loader(**options)
