"""The fast memory, the gate and the histories of a copy as trees for its file, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from lifelong_widgets.compression.linear import CompactLinear, room_beside
from lifelong_widgets.compression.methods import Plan
from lifelong_widgets.compression.rows import Matrix, Rows
from lifelong_widgets.compression.small_parts import (
    filled_histories,
    histories_of,
    pack_circumstances,
    pack_gate,
    pack_histories,
    pack_popularity,
    pack_slots,
    pack_stages,
    unpack_circumstances,
    unpack_gate,
    unpack_histories,
    unpack_popularity,
    unpack_slots,
    unpack_stages,
)
from lifelong_widgets.compression.tables import CompactTable
from lifelong_widgets.compression.varints import gaps, packed, unpacked
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory import ALWAYS, FEATURES, EpisodicMemory, Gate, Newcomers
from lifelong_widgets.memory.circumstances import N_PAUSES, Circumstances
from lifelong_widgets.memory.linear import LinearMemory
from lifelong_widgets.memory.neighbor_table import NeighborTable
from lifelong_widgets.memory.popularity import PopularityBank
from lifelong_widgets.memory.stages import StagePopularity
from lifelong_widgets.memory.states import check_arrays
from lifelong_widgets.memory.successors import Successors
from lifelong_widgets.models import Histories
from lifelong_widgets.state_file import Tree, count_of


def memory_tree(memory: EpisodicMemory, plan: Plan) -> Tree:
    """All that it takes to name and describe candidates."""
    linear = cast(CompactLinear, memory.linear)
    return {
        "settings": memory.settings(),
        "tables": {name: _table_tree(table) for name, table in memory.tables.items()},
        "linear": linear.rows.get_state(),
        "linear_shape": list(linear.rows.shape),
        **small_tree(memory, plan),
    }


def small_tree(memory: EpisodicMemory, plan: Plan) -> Tree:
    """What of it lies beside tables and matrices."""
    popularity, stages, pauses, successors, linear = _members(memory)
    rows, departures = successors.all_departures()
    tree = {
        "popularity": popularity.get_state(),
        "stages": stages.get_state(),
        "pauses": pauses.get_state(),
        "slots": linear.slots.get_state(),
        "departures": {"n": len(rows), "rows": packed(rows), "counts": packed(departures.astype(np.int64))},
    }
    if plan.bits < 32:
        tree["popularity"] = pack_popularity(tree["popularity"])
        tree["stages"] = pack_stages(tree["stages"])
        tree["pauses"] = pack_circumstances(tree["pauses"])
        tree["slots"] = pack_slots(tree["slots"])
    return tree


def take_small(memory: EpisodicMemory, tree: Tree, plan: Plan, n_items: int) -> None:
    """Take back what `small_tree` gave.

    Raises:
        FormatError: it does not fit itself or the items.
    """
    popularity, stages, pauses, successors, linear = _members(memory)
    if plan.bits < 32:
        tree = {
            **tree,
            "popularity": unpack_popularity(tree["popularity"]),
            "stages": unpack_stages(tree["stages"]),
            "pauses": unpack_circumstances(tree["pauses"], N_PAUSES),
            "slots": unpack_slots(tree["slots"]),
        }
    popularity.set_state(tree["popularity"], n_items)
    stages.set_state(tree["stages"], n_items)
    pauses.set_state(tree["pauses"], n_items)
    linear.slots.set_state(tree["slots"], n_items)
    n = count_of(tree["departures"]["n"], "n")
    rows, counts = (unpacked(tree["departures"][name], n) for name in ("rows", "counts"))
    if n and (not 0 <= rows.min() <= rows.max() < n_items or counts.min() < 1):
        raise FormatError("successors: a row is known from which nobody departed, or that is no item")
    successors.set_departures(rows, counts.astype(np.float64))


def memory_of_tree(tree: Tree, plan: Plan, released: Sequence[float | None], n_listed: int) -> EpisodicMemory:
    """The memory that `memory_tree` gave, of items of which it is said when they were released.

    Raises:
        FormatError: it is none. Other errors are possible.
    """
    n_items = len(released)
    if count_of(n_listed, "n_listed") > n_items:
        raise FormatError(f"n_listed is {n_listed}, and there are {n_items} items")
    empty = EpisodicMemory(**tree["settings"])
    empty.build()
    n_rows, n_columns = (count_of(size, "the linear shape") for size in tree["linear_shape"])
    limit = min(empty.linear.slots.limit, n_items)
    if n_rows > limit or not n_rows <= n_columns <= n_rows + room_beside(n_rows, empty.linear.slots.limit):
        raise FormatError(f"linear: {n_rows:,} rows of {n_columns:,} weights, of at most {limit:,} items")
    rows = plan.held_state(tree["linear"], (n_rows, n_columns), "linear")

    def held(matrix: Matrix) -> Rows:
        return plan.held(matrix, "linear")

    tables = iter(
        [_table_of(tree["tables"][name], plan, table, n_items) for name, table in empty.tables.items()]
    )
    memory = empty.held_by(lambda _: next(tables), lambda model: CompactLinear.of(model, rows, held))
    times = np.array([ALWAYS if time is None else time for time in released])
    memory.newcomers = Newcomers(times, n_listed)
    take_small(memory, tree, plan, n_items)
    memory.newcomers.take_all(np.flatnonzero(memory.popularity.event_counts))
    if len(memory.linear.slots) != n_rows:
        raise FormatError("linear: there are not as many rows as places")
    return memory


def gate_tree(gate: Gate, plan: Plan) -> Tree:
    """What of a gate scores."""
    state = gate.get_state()
    if plan.bits == 32:
        return {name: state[name] for name in ("parameters", "average", "losses", "bias", "personal")}
    return pack_gate(state, plan.stored)


def take_gate(gate: Gate, tree: Tree, plan: Plan, n_items: int, n_people: int) -> None:
    """Take back what `gate_tree` gave, into a gate that is built and has learned from nothing else.

    Raises:
        FormatError: it does not fit itself, the items or the people.
    """
    if plan.bits == 32:
        n = len(tree["parameters"])
        state = {**tree, "n_steps": 0, "moments": np.zeros((2, n), dtype=np.float32)}
    else:
        state = unpack_gate(tree, plan.stored, len(FEATURES))
    gate.set_state({**state, "past": gate.get_state()["past"]}, n_items, n_people)


def histories_tree(histories: Histories, plan: Plan) -> Tree:
    """What people did, without empty places."""
    filled = filled_histories(histories.get_state())
    return filled if plan.bits == 32 else pack_histories(filled)


def take_histories(histories: Histories, tree: Tree, plan: Plan, n_people: int) -> None:
    """Take back what `histories_tree` gave.

    Raises:
        FormatError: it does not fit itself or the people.
    """
    if tree["n"] != n_people:  # before there is room for so many
        raise FormatError(f"there are {tree['n']!r:.40} histories of {n_people:,} people")
    filled = tree if plan.bits == 32 else unpack_histories(tree)
    histories.set_state(histories_of(filled, histories.length))


def _members(
    memory: EpisodicMemory,
) -> tuple[PopularityBank, StagePopularity, Circumstances, Successors, LinearMemory]:
    members = memory.members
    return (
        cast(PopularityBank, members["popularity"]),
        cast(StagePopularity, members["stages"]),
        cast(Circumstances, members["pauses"]),
        cast(Successors, members["successors"]),
        memory.linear,
    )


def _table_tree(table: NeighborTable) -> Tree:
    if isinstance(table, CompactTable):
        return table.rows.get_state()
    state = table.get_state()
    filled = state["neighbors"] > 0
    return {
        "rows": packed(gaps(state["rows"].astype(np.int64), np.array([len(filled)]))),
        "n": len(filled),
        "counts": packed(filled.sum(axis=1)),
        **{name: state[name][filled] for name in ("neighbors", "weights")},
    }


def _table_of(tree: Tree, plan: Plan, like: NeighborTable, n_items: int) -> NeighborTable:
    if plan.bits < 32:
        small = CompactTable(like.capacity, plan.bits, plan.neighbors.kept if plan.neighbors else None)
        small.rows.set_state(tree, n_items, n_items)
        return small
    n = count_of(tree["n"], "n")
    counts = unpacked(tree["counts"], n)
    if n and not 0 <= counts.min() <= counts.max() <= like.capacity:
        raise FormatError(f"neighbours: a row has fewer than 0 or more than {like.capacity} of them")
    filled = np.arange(like.capacity) < counts[:, None]
    state = {"rows": np.cumsum(unpacked(tree["rows"], n)).astype(np.int32)}
    for name, dtype in {"neighbors": np.int32, "weights": np.float32}.items():
        check_arrays("neighbours", tree, **{name: ((int(counts.sum()),), dtype, None)})
        state[name] = np.zeros(filled.shape, dtype=dtype)
        state[name][filled] = tree[name]
    table = NeighborTable(like.capacity)
    table.set_state(state, n_items)
    return table


def empty_bytes(memory: EpisodicMemory) -> int:
    """What the empty places of the tables of a live memory take beside those that are filled."""
    neighbors = (table.get_state()["neighbors"] for table in memory.tables.values())
    return sum(8 * int(np.count_nonzero(places == 0)) for places in neighbors)
