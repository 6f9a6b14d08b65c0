"""What lies beside the large matrices, for the file: popularity, stages, biases, people, histories.

In memory these are what the live model has, number for number. In the file they are packed: whole numbers
without loss, times to the second, the rest in half precision or in the bits of the plan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.rows import Stored
from lifelong_widgets.compression.varints import gaps, packed, sums, unpacked
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.popularity import N_HALF_LIVES
from lifelong_widgets.memory.states import check_arrays
from lifelong_widgets.state_file import Tree, count_of

_LEAST = -60_000.0  # near the end of what half precision holds; 2 to this power is nothing
_STAGE_HALF_LIFE = 5_000.0  # of `StagePopularity`
_SECONDS = 2**53
_OF_EVENTS = {"items": np.int32, "rewards": np.float32, "kinds": np.int16, "times": np.float64}


def pack_popularity(state: Tree) -> Tree:
    """A state of `PopularityBank`: against the top in half precision, counts and times whole."""
    logs = state["logs"]
    tops = logs.max(axis=0) if len(logs) else np.zeros(N_HALF_LIVES)
    firsts = _seconds(state["firsts"])
    return {
        "n_events": state["n_events"],
        "n": len(logs),
        "items": _packed_ascending(state["items"]),
        "tops": tops,
        "logs": np.maximum(logs - tops, _LEAST).astype(np.float16),
        "counts": packed(state["counts"].astype(np.int64)),
        "firsts": packed(firsts),
        "lasts": packed(_seconds(state["lasts"]) - firsts),
        "pools": packed(np.diff(state["pools"].astype(np.int64).ravel(), prepend=0)),
        "pool_shape": list(state["pools"].shape),
    }


def unpack_popularity(tree: Tree) -> Tree:
    """The state again.

    Raises:
        FormatError: it is none.
    """
    n, shape = count_of(tree["n"], "n"), tree["pool_shape"]
    check_arrays(
        "popularity",
        tree,
        tops=((N_HALF_LIVES,), np.float64, None),
        logs=((n, N_HALF_LIVES), np.float16, None),
    )
    if type(shape) is not list or not all(type(size) is int and 0 <= size <= 4096 for size in shape):
        raise FormatError("popularity: its pools have no shape")
    firsts = unpacked(tree["firsts"], n)
    pools = np.cumsum(unpacked(tree["pools"], int(np.prod(shape)))).astype(np.int32)
    return {
        "n_events": tree["n_events"],
        "items": _unpacked_ascending(tree["items"], n),
        "logs": tree["tops"] + tree["logs"].astype(np.float64),
        "counts": unpacked(tree["counts"], n).astype(np.float64),
        "firsts": firsts.astype(np.float64),
        "lasts": (firsts + unpacked(tree["lasts"], n)).astype(np.float64),
        "pools": pools.reshape(shape),
    }


def pack_stages(state: Tree) -> Tree:
    """A state of `StagePopularity`: logarithms of what the weights have faded to, in half precision."""
    weights, n_events = state["weights"], state["n_events"]
    with np.errstate(divide="ignore"):
        logs = np.log2(weights.astype(np.float64)) - (n_events - state["times"]) / _STAGE_HALF_LIFE
    return {
        "n_events": n_events,
        "n": len(weights),
        "items": _packed_ascending(state["items"]),
        "logs": np.where(weights > 0, np.clip(logs, -100.0, 100.0), _LEAST).astype(np.float16),
    }


def unpack_stages(tree: Tree) -> Tree:
    """The state again.

    Raises:
        FormatError: it is none.
    """
    n, logs, n_events = count_of(tree["n"], "n"), tree["logs"], count_of(tree["n_events"], "n_events")
    columns = logs.shape[1] if getattr(logs, "ndim", 0) == 2 else 0
    check_arrays("stages", tree, logs=((n, columns), np.float16, None))
    faded = 2.0 ** np.clip(logs.astype(np.float64), -100.0, 100.0)
    weights = np.where(logs > _LEAST / 2, faded, 0.0).astype(np.float32)
    return {
        "n_events": n_events,
        "items": _unpacked_ascending(tree["items"], n),
        "weights": np.minimum(weights, np.float32(n_events)),
        "times": np.full(weights.shape, n_events, dtype=np.int64),
    }


def pack_circumstances(state: Tree) -> Tree:
    """A state of `Circumstances`, whose counts are whole numbers."""
    return {
        "n": len(state["items"]),
        "items": _packed_ascending(state["items"]),
        "counts": packed(state["counts"].astype(np.int64).ravel()),
    }


def unpack_circumstances(tree: Tree, width: int) -> Tree:
    """The state again, of so many circumstances.

    Raises:
        FormatError: it is none.
    """
    n = count_of(tree["n"], "n")
    counts = unpacked(tree["counts"], n * width).reshape(n, width)
    if n and not 0 <= counts.min() <= counts.max() < 2**31:
        raise FormatError("circumstances: a count is none")
    return {"items": _unpacked_ascending(tree["items"], n), "counts": counts.astype(np.int32)}


def pack_gate(state: Tree, stored: type[Stored]) -> Tree:
    """What of a state of `Gate` scores: in half precision, the weights of people as matrices are."""
    return {
        "parameters": state["parameters"].astype(np.float16),
        "average": state["average"].astype(np.float16),
        "losses": state["losses"],
        "biases": state["bias"]["values"].astype(np.float16),
        "n_people": len(state["personal"]["weights"]),
        "personal": stored(state["personal"]["weights"]).get_state(),
    }


def unpack_gate(tree: Tree, stored: type[Stored], n_features: int) -> Tree:
    """A state of `Gate` that scores as that one did, and has learned from nothing.

    Raises:
        FormatError: it is none.
    """
    n, n_people = len(tree["parameters"]), count_of(tree["n_people"], "n_people")
    arrays = {name: (tree[name].shape, np.float16, None) for name in ("parameters", "average", "biases")}
    check_arrays("gate", tree, **arrays)
    weights = stored.of_state(tree["personal"], (n_people, n_features)).take(np.arange(n_people))
    biases = tree["biases"].astype(np.float32)
    return {
        "parameters": tree["parameters"].astype(np.float32),
        "average": tree["average"].astype(np.float32),
        "losses": tree["losses"],
        "moments": np.zeros((2, n), dtype=np.float32),
        "n_steps": 0,
        "bias": {"values": biases, "slopes": np.zeros_like(biases)},
        "personal": {"weights": weights, "slopes": np.zeros(n_people, dtype=np.float32)},
    }


def filled_histories(state: Tree) -> Tree:
    """A state of `Histories` without the empty places, and otherwise as it is."""
    items, rewards, kinds, times = (state[name] for name in _OF_EVENTS)
    taken = (items != 0) | (rewards != 0) | (kinds != 0) | (times != 0)
    length = items.shape[1] if items.ndim == 2 else 0
    sizes = np.where(taken, np.arange(1, length + 1), 0).max(axis=1, initial=0).astype(np.int64)
    held = np.arange(length) < sizes[:, None]
    return {
        "n": len(items),
        "clock": state["clock"],
        "sizes": packed(sizes),
        **{name: state[name][held] for name in _OF_EVENTS},
        "consumed": state["consumed"],
        "consumed_sizes": packed(np.diff(state["consumed_offsets"])),
    }


def empty_bytes_of_histories(state: Tree) -> int:
    """What the empty places of a state of `Histories` take."""
    filled = filled_histories(state)
    return sum(int(state[name].nbytes - filled[name].nbytes) for name in _OF_EVENTS)


def histories_of(tree: Tree, length: int) -> Tree:
    """The state again, of histories of `length` events.

    Raises:
        FormatError: it is none.
    """
    n = count_of(tree["n"], "n")
    sizes, consumed_sizes = unpacked(tree["sizes"], n), unpacked(tree["consumed_sizes"], n)
    if n and (not 0 <= sizes.min() <= sizes.max() <= length or consumed_sizes.min() < 0):
        raise FormatError(f"histories: one has fewer than 0 or more than {length} events")
    held = np.arange(length) < sizes[:, None]
    state: Tree = {"clock": tree["clock"], "consumed": tree["consumed"]}
    for name, dtype in _OF_EVENTS.items():
        check_arrays("histories", tree, **{name: ((int(sizes.sum()),), dtype, None)})
        state[name] = np.zeros((n, length), dtype=dtype)
        state[name][held] = tree[name]
    state["consumed_offsets"] = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(consumed_sizes)])
    return state


def pack_histories(tree: Tree) -> Tree:
    """What `filled_histories` gave, without loss but for parts of seconds."""
    sizes = unpacked(tree["sizes"], tree["n"])
    worth, codes = np.unique(tree["rewards"], return_inverse=True)
    return {
        **tree,
        "items": _shortest(tree["items"]),
        "worth": worth.astype(np.float32),
        "rewards": _shortest(codes),
        "kinds": packed(tree["kinds"].astype(np.int64)),
        "times": packed(gaps(_seconds(tree["times"]), sizes)),
        "consumed": packed(
            gaps(tree["consumed"].astype(np.int64), unpacked(tree["consumed_sizes"], tree["n"]))
        ),
    }


def unpack_histories(tree: Tree) -> Tree:
    """What `filled_histories` gave, again.

    Raises:
        FormatError: it is none.
    """
    n = count_of(tree["n"], "n")
    sizes, consumed_sizes = unpacked(tree["sizes"], n), unpacked(tree["consumed_sizes"], n)
    if n and (sizes.min() < 0 or consumed_sizes.min() < 0):
        raise FormatError("histories: one has fewer than 0 events")
    total, codes, worth = int(sizes.sum()), tree["rewards"], tree["worth"]
    check_arrays("histories", tree, worth=((len(worth),), np.float32, None))
    for name in ("items", "rewards"):
        numbers = tree[name]
        if not isinstance(numbers, np.ndarray) or numbers.shape != (total,) or numbers.dtype.kind != "u":
            raise FormatError(f"histories: {name} are not {total:,} whole numbers")
    if total and int(codes.max()) >= len(worth):
        raise FormatError("histories: a reward has no value")
    kinds = unpacked(tree["kinds"], total)
    if total and not 0 <= kinds.min() <= kinds.max() < 2**15:
        raise FormatError("histories: a kind is none")
    if total and int(tree["items"].max()) > np.iinfo(np.int32).max:
        raise FormatError("histories: an item is none")
    return {
        **tree,
        "items": tree["items"].astype(np.int32),
        "rewards": worth[codes],
        "kinds": kinds.astype(np.int16),
        "times": sums(unpacked(tree["times"], total), sizes).astype(np.float64),
        "consumed": sums(unpacked(tree["consumed"], int(consumed_sizes.sum())), consumed_sizes),
    }


def pack_slots(state: Tree) -> Tree:
    """Of a state of `Slots` which item has which place."""
    return {"items": packed(state["items"]), "n": len(state["items"])}


def unpack_slots(tree: Tree) -> Tree:
    """The state again, as if no place was ever used.

    Raises:
        FormatError: it is none.
    """
    n = count_of(tree["n"], "n")
    return {"tick": 0, "items": unpacked(tree["items"], n), "used": np.zeros(n, dtype=np.int64)}


def _seconds(times: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(np.clip(times, -_SECONDS, _SECONDS)).astype(np.int64)


def _packed_ascending(items: NDArray[np.int64]) -> NDArray[np.uint8]:
    return packed(np.diff(items, prepend=0))


def _unpacked_ascending(data: object, n: int) -> NDArray[np.int64]:
    return np.cumsum(unpacked(data, n))


def _shortest(numbers: NDArray[np.integer]) -> NDArray[np.unsignedinteger]:
    largest = int(numbers.max(initial=0))
    return numbers.astype(np.uint8 if largest < 2**8 else np.uint16 if largest < 2**16 else np.uint32)
