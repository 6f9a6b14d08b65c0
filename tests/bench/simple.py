"""The simple learners, and their settings: the best of a small grid on the log's own warm-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.evaluation import (
    ItemKNN,
    LastItem,
    Learner,
    LinearModel,
    RecencyPopularity,
    SequenceKNN,
    catalog_after,
    prequential,
)

Settings = dict[str, Any]

HALF_LIVES = ("15min", "2h", "12h", "2D", "7D", "30D", "180D", "3650D")

SIMPLE: Mapping[str, Callable[..., Any]] = {
    "popularity": RecencyPopularity,
    "item-kNN": ItemKNN,
    "sequence kNN": SequenceKNN,
    "last item": LastItem,
    "linear": LinearModel,
}

# the half-life is chosen first, for popularity alone; the others back off to popularity with the same one
GRIDS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "item-kNN": {"shrinkage": (0.0, 20.0), "history_length": (50, 500)},
    "sequence kNN": {"backward": (0.0, 1.0), "history_decay": (0.6, 0.8, 0.9)},
    "last item": {"smoothing": (0.1, 1.0, 10.0)},
    "linear": {"decay": (0.7, 0.9), "ridge": (30.0, 300.0, 3000.0)},
}


class Interrupted(Exception):
    """Ctrl-C came while there was nothing yet to report."""


def tune(
    warm_up: Interactions, catalog: Catalog, exclude_seen: bool, progress: bool = True
) -> dict[str, Settings]:
    """For each simple learner the settings of the highest HR@10 on the second half of `warm_up`.

    Every candidate learns the first half and is tested, event by event, on the second. Of equal ones the
    first of the grid is taken.

    Raises:
        Interrupted: Ctrl-C.
    """
    half_life = _best_of(
        {"popularity": [{"half_life": value} for value in HALF_LIVES]},
        warm_up, catalog, exclude_seen, progress,
    )["popularity"]  # fmt: skip
    chosen = {"popularity": half_life}
    for name in GRIDS:  # one kind at a time: all at once would push each other's matrices out of the cache
        candidates = {name: [{**half_life, **settings} for settings in _grid(name)]}
        chosen |= _best_of(candidates, warm_up, catalog, exclude_seen, progress)
    return chosen


def make(name: str, settings: Settings, catalog: Catalog, log: Interactions) -> Any:
    """The simple learner `name` with `settings`, fitted to `log`."""
    learner = SIMPLE[name](catalog, log.kinds, **settings)
    learner.fit(log)
    return learner


def _grid(name: str) -> list[Settings]:
    grid = GRIDS[name]
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def _best_of(
    candidates: Mapping[str, list[Settings]],
    warm_up: Interactions,
    catalog: Catalog,
    exclude_seen: bool,
    progress: bool,
) -> dict[str, Settings]:
    past, future = warm_up[: len(warm_up) // 2], warm_up[len(warm_up) // 2 :]
    growing = catalog_after(catalog, past)
    learners: dict[str, Learner] = {
        f"{name} {number}": make(name, settings, growing, past)
        for name, choices in candidates.items()
        for number, settings in enumerate(choices)
    }
    report = prequential(
        learners, future, arrivals=catalog, exclude_seen=exclude_seen, warm_up=len(past), progress=progress
    )
    if report.interrupted:
        raise Interrupted
    return {
        name: max(
            enumerate(choices),
            key=lambda choice, name=name: report.overall(f"{name} {choice[0]}")["HR@10"],  # type: ignore[misc]
        )[1]
        for name, choices in candidates.items()
    }
