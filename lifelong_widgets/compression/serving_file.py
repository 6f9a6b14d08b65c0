"""A copy's parts and items as one tree for its file, and back."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.compression.methods import plan_of
from lifelong_widgets.compression.parts import (
    gate_tree,
    histories_tree,
    memory_of_tree,
    memory_tree,
    take_gate,
    take_histories,
)
from lifelong_widgets.compression.serving_network import ServingNetwork
from lifelong_widgets.compression.serving_parts import ServingParts
from lifelong_widgets.compression.serving_values import ServingValues
from lifelong_widgets.data import Catalog, FeedbackKinds
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory import Gate
from lifelong_widgets.models import Histories
from lifelong_widgets.state_file import Tree

_OF_AN_ITEM = ("item", "title", "categories", "released")


def tree_of(parts: ServingParts, catalog: Catalog) -> Tree:
    """All that it takes to recommend, and what is shown of items: their titles, not their texts."""
    items = [
        {name: value for name, value in item.to_record().items() if name in _OF_AN_ITEM}
        for item in catalog.slice(0, len(parts.network))
    ]
    return {
        "methods": parts.plan.names(),
        "interrupted": parts.interrupted,
        "catalog": items,
        "kinds": parts.kinds.to_dict(),
        "users": list(parts.users),
        "network": parts.network.get_state(),
        "memory": memory_tree(parts.memory, parts.plan),
        "n_listed": parts.memory.newcomers.n_listed,
        "gate": {"settings": parts.gate.settings(), "state": gate_tree(parts.gate, parts.plan)},
        "histories": histories_tree(parts.histories, parts.plan),
        "bounds": list(parts.bounds),
        "weights": parts.weights,
        **({} if parts.people is None else {"people": parts.people.astype(np.float16)}),
        **({} if parts.values is None else parts.values.get_state()),
    }


def parts_of_tree(tree: Tree) -> tuple[ServingParts, Catalog]:
    """What `tree_of` was given.

    Raises:
        FormatError: its parts do not fit each other. Other errors are possible where it is no such tree.
    """
    catalog = Catalog.from_records(tree["catalog"], text=())
    made = ServingParts()
    made.plan = plan = plan_of(tree["methods"])
    made.interrupted = tree["interrupted"]
    made.kinds = FeedbackKinds.from_dict(tree["kinds"])
    made.users = IdIndex(name="user")
    made.users.extend(tree["users"])
    made.network = ServingNetwork.of_state(tree["network"], plan)
    n_items, n_people = len(made.network), len(made.users)
    if len(catalog) != n_items:
        raise FormatError("there are not as many rows as items")
    released = [item.released for item in catalog]
    made.memory = memory_of_tree(tree["memory"], plan, released, tree["n_listed"])
    made.gate = Gate(**tree["gate"]["settings"])
    made.gate.build(0)
    take_gate(made.gate, tree["gate"]["state"], plan, n_items, n_people)
    made.histories = Histories(made.network.history_length)
    take_histories(made.histories, tree["histories"], plan, n_people)
    made.bounds, made.weights = tuple(tree["bounds"]), tree["weights"]
    made.people = tree["people"].astype(np.float32) if "people" in tree else None
    made.values = ServingValues.of_state(tree, plan, n_items) if "values" in tree else None
    _check(made)
    made.make_ranker()
    return made, catalog


def _check(parts: ServingParts) -> None:
    """Raise a FormatError unless what stands beside the network fits it."""
    if type(parts.interrupted) is not bool:
        raise FormatError("it does not say whether it was interrupted")
    n, state = len(parts.network), parts.histories.get_state()
    for items in (state["items"], state["consumed"]):
        if items.size and int(items.max()) >= n:
            raise FormatError(f"the histories refer to items beyond the {n} that there are")
    if state["kinds"].size and int(state["kinds"].max()) >= len(parts.kinds):
        raise FormatError("the histories know kinds of feedback that there are not")
    bounds, weights = parts.bounds, parts.weights
    whole = all(type(bound) is int for bound in bounds) and list(bounds) == sorted(bounds)
    if not whole or len(bounds) < 2 or bounds[0] != 0 or bounds[-1] != parts.network.content_dim:
        raise FormatError("the modalities do not fit the content")
    fits = isinstance(weights, np.ndarray) and weights.shape == (len(bounds) - 1,)
    if not fits or weights.dtype != np.float32 or not np.isfinite(weights).all():
        raise FormatError("the modalities do not have a weight each")
    people = parts.people
    if people is not None and (people.ndim != 2 or not np.isfinite(people).all()):
        raise FormatError("the features of people are no matrix of finite numbers")
    if (0 if people is None else people.shape[1]) != parts.network.person_dim:
        raise FormatError("the features of people do not fit the network")
