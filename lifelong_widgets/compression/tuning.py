"""A short fine-tune after pruning or low rank: what is left learns to say what all of it said."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compression.encoders import Contexts, Modules
from lifelong_widgets.compression.low_rank import LowRankRows
from lifelong_widgets.compression.methods import Part, Plan
from lifelong_widgets.compression.pruned import PrunedRows
from lifelong_widgets.compression.rows import Matrix, Rows
from lifelong_widgets.compression.teaching import TuningSteps, teach
from lifelong_widgets.memory.linear import LinearMemory
from lifelong_widgets.models import Network

_RATE, _ITEMS = 1e-3, 256  # of a step; how many items' scores a step compares

Corrections = dict[str, Matrix]
"""By the name of a matrix what tuning adds to it before it is made smaller."""


class _Free:
    """A matrix of which only that can change which its way of holding it leaves.

    The numbers that pruning leaves, or the two factors of a low rank. What is held otherwise stays as it is
    held: there is nothing to make up for in it.
    """

    def __init__(self, matrix: Matrix, rows: Rows) -> None:
        held = torch.from_numpy(rows.take(np.arange(rows.shape[0])))
        self.parameters: list[torch.Tensor] = []
        self.value: Callable[[], torch.Tensor] = lambda: held
        if isinstance(rows, PrunedRows):
            mask = (held != 0).float()
            numbers = torch.from_numpy(matrix.copy())
            self.parameters, self.value = [numbers], lambda: numbers * mask
        elif isinstance(rows, LowRankRows):
            left, basis = map(torch.from_numpy, rows.factors())
            self.parameters, self.value = [left, basis], lambda: left @ basis


@torch.no_grad()
def tuned_network(
    network: Network, modules: Modules, plan: Plan, contexts: Contexts, n_steps: int, steps: TuningSteps
) -> Corrections:
    """What to add to the matrices of a network, so that its scores after compression are nearer to its own.

    The loss is the squared difference of the scores of some items, for replayed histories. Embeddings,
    projection and layers are tuned together; people's features and content are left.

    Args:
        network: the live one, which is the teacher.
        modules: its encoder and head, or narrower ones that were made of them.
        plan: how matrices are made smaller.
        contexts: replayed.
        n_steps: how many steps of Adam.
        steps: told of each.

    Source: S. Han, J. Pool, J. Tran and W. Dally, "Learning both weights and connections for efficient neural
    networks", NeurIPS 2015: training goes on with what pruning left. The scores as targets: G. Hinton, O.
    Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015.
    """
    if not network_is_tuned(network, modules, plan, len(contexts.items)):
        return {}
    width, table = network.embedding_dim, network.items.array
    matrices: dict[str, tuple[Matrix, Part]] = {
        "embeddings": (table[:, :width], "embeddings"),
        "projection": (network.projection.detach().numpy(), "layers"),
    }
    for name, parameter in modules.named_parameters():
        if parameter.ndim >= 2:
            matrices[name] = parameter.detach().reshape(len(parameter), -1).numpy(), "layers"
    free = {name: _Free(matrix, plan.held(matrix, of)) for name, (matrix, of) in matrices.items()}
    content = torch.from_numpy(plan.held(table[:, width:], "content").take(np.arange(len(table))))
    items, rewards = torch.from_numpy(contexts.items), torch.from_numpy(contexts.rewards)
    teachers = network.user_vectors(contexts.items, contexts.rewards)
    vectors = network.item_vectors(torch.from_numpy(table[:, :width]), torch.from_numpy(table[:, width:]))
    shapes = {name: parameter.shape for name, parameter in modules.named_parameters()}

    def loss(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        some = torch.randint(len(table), (min(_ITEMS, len(table)),), generator=generator)
        with torch.no_grad():
            wanted = network.head(teachers[batch], vectors[some])
        values = {name: one.value() for name, one in free.items()}
        own = values["embeddings"] + content @ values["projection"]
        layers = {name: values[name].view(shape) for name, shape in shapes.items() if name in values}
        scores = torch.func.functional_call(modules, layers, (own[items[batch]], rewards[batch], own[some]))
        off: torch.Tensor = (scores - wanted).square().mean()
        return off

    teach([p for one in free.values() for p in one.parameters], loss, len(items), n_steps, _RATE, steps)
    return {name: one.value().numpy() - matrices[name][0] for name, one in free.items() if one.parameters}


@torch.no_grad()
def tuned_linear(
    model: LinearMemory, plan: Plan, contexts: Contexts, n_steps: int, steps: TuningSteps
) -> Matrix | None:
    """What to add to the weights of a linear memory; None if they are not made smaller, or nothing is known.

    The loss is the squared difference of all its scores for replayed histories.
    """
    if not linear_is_tuned(model, plan, contexts):
        return None
    weights = model.weights_of(np.arange(len(model.slots))).copy()
    free = _Free(weights, plan.held(weights, "linear"))
    inputs = torch.from_numpy(_bags(model, contexts))
    wanted = inputs @ torch.from_numpy(weights)

    def loss(batch: torch.Tensor, _: torch.Generator) -> torch.Tensor:
        return (inputs[batch] @ free.value() - wanted[batch]).square().sum(1).mean()

    teach(free.parameters, loss, len(inputs), n_steps, _RATE, steps)
    return free.value().numpy() - weights


def network_is_tuned(network: Network, modules: Modules, plan: Plan, n_contexts: int) -> bool:
    """Whether `tuned_network` takes any step."""
    items, width = network.items.array, network.embedding_dim
    matrices = [parameter for parameter in modules.parameters() if parameter.ndim >= 2]
    return n_contexts > 0 and (
        plan.leaves_to_learn((len(items), width), "embeddings")
        or plan.leaves_to_learn((items.shape[1] - width, width))
        or any(plan.leaves_to_learn((len(one), one[0].numel())) for one in matrices)
    )


def linear_is_tuned(model: LinearMemory, plan: Plan, contexts: Contexts) -> bool:
    """Whether `tuned_linear` takes any step."""
    n = len(model.slots)
    return plan.leaves_to_learn((n, n), "linear") and any(True for _ in _read(model, contexts))


def _read(model: LinearMemory, contexts: Contexts) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """What the memory reads of each history that it reads anything of: the places, and what is there."""
    for items, rewards in zip(contexts.items, contexts.rewards, strict=True):
        places, x = model.input_of(items[rewards > 0])
        if len(places):
            yield places, x


def _bags(model: LinearMemory, contexts: Contexts) -> NDArray[np.float32]:
    """The same as a matrix, (n, n_places)."""
    bags = []
    for places, x in _read(model, contexts):
        bag = np.zeros(len(model.slots), dtype=np.float32)
        bag[places] = x
        bags.append(bag)
    return np.array(bags, dtype=np.float32)
