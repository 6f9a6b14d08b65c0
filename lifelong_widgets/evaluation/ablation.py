"""What each part of a recommender is worth: the whole beside one without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation.learners import check_log
from lifelong_widgets.memory import GROUPS, NETWORK_ALONE
from lifelong_widgets.progress import ProgressCallback
from lifelong_widgets.recommender import Recommender

WHOLE, NETWORK = "whole", "network alone"


def ablate(
    catalog: Catalog,
    warm_up: Interactions,
    groups: Sequence[str] = GROUPS,
    *,
    progress: bool | ProgressCallback = True,
    **hyperparameters: Any,
) -> dict[str, Recommender]:
    """Recommenders that have learned `warm_up`: the whole, one without each of `groups`, the network alone.

    They share `catalog`, seed and settings, so `prequential` can replay a stream to all of them at once, and
    what lies between two of its rows is what the part is worth *to this whole on this stream*. Parts that can
    stand in for each other look worth little one by one. Without the network as a member it still orders what
    no member has named.

    Args:
        catalog: The items.
        warm_up: What all learn first, with `Recommender.fit`.
        groups: Which parts are left out in turn, of `lifelong_widgets.memory.GROUPS`.
        progress: Draw bars, be silent, or tell a callback.
        **hyperparameters: Of all of them, as for `Recommender`.

    Returns:
        The recommenders by name: ``"whole"``, ``"without linear"``, …, ``"network alone"``.

    Raises:
        DataError: No log, a group that there is not, or what `Recommender` and `fit` refuse.
        KeyboardInterrupt: Ctrl-C, also in the epochs of a fit.

    >>> from lifelong_widgets.data import Feedback
    >>> shelf = Catalog.from_records({"item": item} for item in "abc")
    >>> log = Interactions.from_events(Feedback("ada", item, time=n) for n, item in enumerate("abca"))
    >>> tiny = {"embedding_dim": 4, "hidden_dim": 4, "epochs": 1}
    >>> list(ablate(shelf, log, ["linear"], progress=False, **tiny))
    ['whole', 'without linear', 'network alone']
    """
    given: object = catalog
    if isinstance(given, Interactions):
        raise DataError("ablate takes the catalogue first, and then the log: ablate(catalog, log)")
    check_log(warm_up, "ablate fits")
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        raise DataError(f"there is no part {unknown[0]!r:.40} to leave out; there are {', '.join(GROUPS)}")
    settings: dict[str, dict[str, Any]] = {WHOLE: {}}
    settings |= {f"without {group}": {f"use_{group}": False} for group in groups}
    settings[NETWORK] = NETWORK_ALONE
    made = {}
    for name, switches in settings.items():
        made[name] = Recommender(catalog, kinds=warm_up.kinds, **{**hyperparameters, **switches})
        if made[name].fit(warm_up, progress=progress).interrupted:
            raise KeyboardInterrupt(
                f"given up while {name!r} was fitted: arms that learned less are no ablation"
            )
    return made
