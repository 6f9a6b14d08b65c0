"""The simple learners as the tests make them, and what is inside of one, to be compared."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lifelong_widgets.data import Catalog, Feedback, Id
from lifelong_widgets.evaluation import ItemKNN, LastItem, LinearModel, RecencyPopularity, SequenceKNN

# settings for logs of some dozens of events: the penalty is that of a small log
READERS: dict[str, Callable[..., Any]] = {
    "item-kNN": ItemKNN,
    "sequence kNN": SequenceKNN,
    "last item": lambda catalog, **options: LastItem(catalog, **{"smoothing": 0.1, **options}),
    "linear": lambda catalog, **options: LinearModel(catalog, **{"ridge": 1.0, **options}),
}
LEARNERS = {"popularity": RecencyPopularity, **READERS}


def teach(learner: Any, events: Iterable[tuple[Id, Id]], kind: str = "click") -> Any:
    """`learner`, after it has learned `events`, all of them at the same time."""
    for user, item in events:
        learner.learn_one(Feedback(user, item, kind, time=0.0))
    return learner


def inside(thing: Any) -> Any:
    """All that `thing` holds, as values that can be compared; the catalogue left out."""
    if isinstance(thing, Catalog):
        return None
    if isinstance(thing, np.ndarray):
        return thing.shape, str(thing.dtype), thing.tobytes()
    if isinstance(thing, np.random.Generator):
        return str(thing.bit_generator.state)
    if isinstance(thing, (dict, OrderedDict)):
        return [(key, inside(value)) for key, value in thing.items()]
    if isinstance(thing, (list, tuple, deque)):
        return [inside(value) for value in thing]
    if type(thing).__module__.startswith(("lifelong_widgets.evaluation", "lifelong_widgets.memory")):
        return inside(vars(thing))
    return thing
