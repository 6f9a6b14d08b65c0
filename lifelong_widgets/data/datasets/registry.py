"""The names of the data sets, and the function behind each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lifelong_widgets.data.datasets.bookshop import bookshop
from lifelong_widgets.data.datasets.csv_folder import csv_folder
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.ebnerd import ebnerd
from lifelong_widgets.data.datasets.idea import idea
from lifelong_widgets.data.datasets.ifdb import ifdb
from lifelong_widgets.data.datasets.mars import mars
from lifelong_widgets.data.datasets.mind import mind
from lifelong_widgets.data.datasets.movielens import movielens_100k
from lifelong_widgets.data.datasets.online_retail import online_retail_ii
from lifelong_widgets.data.datasets.polis import polis
from lifelong_widgets.data.datasets.tuxpaint import tuxpaint_stamps
from lifelong_widgets.data.datasets.worlds import community_world, course_world, news_world, shop_world
from lifelong_widgets.errors import DataError, closest

_LOADERS: dict[str, Callable[..., Dataset]] = {
    "bookshop": bookshop,
    "community-world": community_world,
    "course-world": course_world,
    "csv-folder": csv_folder,
    "ebnerd": ebnerd,
    "idea": idea,
    "ifdb": ifdb,
    "mars": mars,
    "mind": mind,
    "movielens-100k": movielens_100k,
    "news-world": news_world,
    "online-retail-ii": online_retail_ii,
    "polis": polis,
    "shop-world": shop_world,
    "tuxpaint-stamps": tuxpaint_stamps,
}
_SUMMARIES = {
    "bookshop": "invented books and simulated readers whose taste turns; made on the spot, needs no network",
    "community-world": "simulated votes on posts, authors, followers, and a known truth; needs no network",
    "course-world": "simulated lessons that build on one another, and a known truth; needs no network",
    "csv-folder": "your own user_behavior_data.csv and item_data.csv, from a folder",
    "ebnerd": "EB-NeRD, clicks on Danish news, from a folder of yours; for research use",
    "idea": "IDEA, ratings and bookmarks in a news app, 2023; fetched once, or from a folder",
    "ifdb": "interactive fiction that people played, since 2007; fetched once, or from a folder",
    "mars": "MARS, views of an online course, 2016-21; fetched once, or from a folder",
    "mind": "MIND, clicks on Microsoft News, 2019, from a folder of yours; for research use",
    "movielens-100k": "100,000 real ratings of films, 1997-98; fetched once (5 MB), for research use",
    "news-world": "simulated readers of stories that live for two days, and a known truth; needs no network",
    "online-retail-ii": "purchases at a British gift shop, 2009-11; fetched once (46 MB), or from a folder",
    "polis": "votes on what people wrote in twelve debates, 2014-24; fetched once, or from a folder",
    "shop-world": "simulated baskets: complements, repeats, prices, and a known truth; needs no network",
    "tuxpaint-stamps": "950 captioned pictures, some with sounds, and simulated people; of a Debian package",
}


def list_names() -> list[str]:
    """The names that `load` knows.

    >>> list_names()[:3]
    ['bookshop', 'community-world', 'course-world']
    """
    return sorted(_LOADERS)


def summaries() -> dict[str, str]:
    """One line about each data set, by name.

    >>> list(summaries()) == list_names()
    True
    """
    return {name: _SUMMARIES[name] for name in list_names()}


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
        raise DataError(f"there is no data set {name!r:.80}{hint} Known are {', '.join(list_names())}.")
    loader = _LOADERS[name]
    known = inspect.signature(loader).parameters
    for option in options:
        if option not in known:
            hint = closest(option, known) or "."
            raise DataError(f"{name!r} has no option {option!r:.80}{hint} It has {', '.join(known)}.")
    return loader(**options)
