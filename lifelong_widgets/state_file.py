"""Trees of arrays and JSON values: as one safetensors file, and as a hash. Never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save, save_file
from traitlets import TraitError

from lifelong_widgets.errors import FormatError, LifelongWidgetsError

Tree = dict[str, Any]
"""Arrays, tensors and JSON values by name, and trees of them."""

_READ_BY = {  # what stands in a file of each kind, for whoever takes it for another
    "lifelong-widgets recommender": "a recommender: lw.Recommender.load reads it",
    "lifelong-widgets serving copy": "a serving copy: lw.compression.CompressedRecommender.load reads it",
    "lifelong-widgets checkpoint": "a checkpoint of a journal: lw.Recommender.open(folder) reads it",
}
_DOCUMENT = "document"  # the JSON, as bytes in a tensor: the header of a safetensors file is for small things


def digest_of(tree: Tree) -> str:
    """SHA-256 of a tree, hexadecimal: equal for equal contents, bit for bit, whatever the order of the keys.

    An array and a tensor of the same dtype, shape and bytes are the same content.

    >>> digest_of({"a": 1, "b": np.zeros(2)}) == digest_of({"b": torch.zeros(2, dtype=torch.float64), "a": 1})
    True
    >>> digest_of({"a": 1}) == digest_of({"a": 2})
    False
    """
    total = hashlib.sha256()
    for name, value in _leaves(tree, ""):
        if isinstance(value, torch.Tensor):
            value = value.detach().numpy()
        if isinstance(value, np.ndarray):
            total.update(f"{name}\0{value.dtype.str}\0{value.shape}\0".encode())
            total.update(np.ascontiguousarray(value).data.cast("B") if value.size else b"")
        else:
            total.update(f"{name}\0{json.dumps(value, sort_keys=True, allow_nan=False)}\0".encode())
    return total.hexdigest()


def count_of(value: object, what: str) -> int:
    """`value`, if it can be a count: a whole number from 0 to what 63 bits hold.

    Raises:
        FormatError: it is something else.
    """
    if type(value) is not int or not 0 <= value < 2**63:
        raise FormatError(f"{what} is {value!r:.40}, which is no count")
    return value


def write_tree(path: str | os.PathLike[str], tree: Tree, kind: str, version: int) -> str:
    """Write `tree` to `path` and return its digest, which the file carries too.

    `kind` and `version` say what the file is; `read_tree` asks for them. The file is written in place: see
    `files.replacing`.

    Raises:
        LifelongWidgetsError: the system refuses, such as for lack of room.
    """
    fingerprint = digest_of(tree)
    try:
        save_file(
            _flat(tree), path, metadata={"format": kind, "version": str(version), "digest": fingerprint}
        )
    except (SafetensorError, OSError) as error:
        raise LifelongWidgetsError(f"{os.fspath(path)} could not be written: {error}") from error
    return fingerprint


def read_tree(
    path: str | os.PathLike[str], kind: str, newest: int, oldest: int = 1, remedy: str = ""
) -> Tree:
    """The tree that `write_tree` wrote.

    Raises:
        FormatError: the file is missing, damaged, of another kind, of a version above `newest`, or of one
            below `oldest`: then `remedy` says what to do.
    """
    fingerprint, document, tensors = _raw(Path(path), kind, newest, oldest, remedy)
    with damage_of(path):
        if fingerprint is None:  # a recommender of version 1: only two of its entries were trees
            return {
                name: _join(value, tensors) if name in ("features", "state") else value
                for name, value in document.items()
            }
        tree = _join(document, tensors)
        if digest_of(tree) != fingerprint:
            raise FormatError("what it holds does not have the hash that it was written with")
    return tree


def packed(tree: Tree) -> bytes:
    """`tree` as bytes, for a place that says by itself what it holds and whether it is whole.

    >>> unpacked(packed({"a": 1, "b": np.zeros(2)}))
    {'a': 1, 'b': array([0., 0.])}
    """
    return save(_flat(tree))


def unpacked(data: bytes) -> Tree:
    """The tree that `packed` made bytes of.

    Raises:
        FormatError: they are others.
    """
    with damage_of("a packed tree"):
        try:
            tensors = {name: torch.from_numpy(array) for name, array in load(data).items()}
        except SafetensorError as error:
            raise FormatError(str(error)) from error
        return _join(json.loads(tensors.pop(_DOCUMENT).numpy().tobytes()), tensors)


@contextmanager
def damage_of(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say of whatever goes wrong in the block that the file at `path` is damaged.

    Raises:
        FormatError: for every error that contents which do not fit each other can cause.
    """
    try:
        yield
    except (
        LifelongWidgetsError,
        TraitError,
        LookupError,
        AttributeError,
        TypeError,
        ValueError,
        ArithmeticError,
        RuntimeError,  # torch's, and RecursionError
        MemoryError,
    ) as error:
        kind = "" if isinstance(error, LifelongWidgetsError) else f"{type(error).__name__}: "
        raise FormatError(f"{os.fspath(path)} is damaged: {kind}{error!s:.500}") from error


def _raw(
    path: Path, kind: str, newest: int, oldest: int, remedy: str
) -> tuple[str | None, Tree, dict[str, torch.Tensor]]:
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != kind:
                wanted = kind.removeprefix("lifelong-widgets ")
                other = _READ_BY.get(metadata.get("format", ""))
                raise FormatError(f"{path} is not a {wanted} file{f', but {other}' if other else ''}")
            version = metadata.get("version", "")
            if not (version.isascii() and version.isdigit() and 1 <= int(version[:9]) <= newest):
                raise FormatError(
                    f"{path} has format version {version[:40]!r}; this version of lifelong-widgets reads up "
                    f"to {newest}. A newer lifelong-widgets wrote it: upgrade to read it"
                )
            if int(version) < oldest:
                raise FormatError(
                    f"{path} was made by an older version of lifelong-widgets (format version {version}, "
                    f"{oldest} is read): {remedy}"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        document = json.loads(tensors.pop(_DOCUMENT).numpy().tobytes())
    except FormatError:
        raise
    except SafetensorError as error:  # which speaks of how such files are laid out
        table = path.suffix.lower() in (".csv", ".tsv", ".parquet", ".jsonl")
        hint = "; Catalog.from_csv and Interactions.from_csv (or from_parquet) read tables" if table else ""
        raise FormatError(f"{path} is not a file of lifelong-widgets, or is damaged{hint}") from error
    except (OSError, LookupError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise FormatError(f"{path} is not a file of lifelong-widgets, or is damaged: {error}") from error
    if not isinstance(document, dict):
        raise FormatError(f"{path} is damaged: its document is a {type(document).__name__}")
    return metadata.get("digest"), document, tensors


def _flat(tree: Tree) -> dict[str, np.ndarray]:
    """The arrays of a tree by their names, with the rest, and where they belong, as one of bytes."""
    tensors: dict[str, torch.Tensor] = {}
    document = json.dumps(_split(tree, "", tensors), ensure_ascii=False, allow_nan=False).encode()
    tensors[_DOCUMENT] = torch.from_numpy(np.frombuffer(document, dtype=np.uint8).copy())
    # not safetensors.torch, which makes a ctypes type for every size there is, and none is ever let go
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def _leaves(tree: Tree, prefix: str) -> Iterator[tuple[str, Any]]:
    for key in sorted(tree):
        value, name = tree[key], f"{prefix}/{key}"
        if isinstance(value, dict) and _holds_arrays(value):
            yield from _leaves(value, name)
        else:
            yield name, value


def _split(tree: Tree, prefix: str, tensors: dict[str, torch.Tensor]) -> Tree:
    """Put the arrays of a tree into `tensors`; the rest, with references to them, is JSON."""
    return {key: _split_value(value, f"{prefix}/{key}", tensors) for key, value in tree.items()}


def _split_value(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Tree:
    if isinstance(value, np.ndarray):
        tensors[name] = torch.from_numpy(np.ascontiguousarray(value))
        return {"array": name}
    if isinstance(value, torch.Tensor):
        tensors[name] = value.contiguous()
        return {"tensor": name}
    if isinstance(value, dict) and _holds_arrays(value):
        return {"tree": _split(value, name, tensors)}
    return {"json": value}


def _holds_arrays(tree: Tree) -> bool:
    return any(
        _holds_arrays(value) if isinstance(value, dict) else isinstance(value, (np.ndarray, torch.Tensor))
        for value in tree.values()
    )


def _join(tree: Tree, tensors: dict[str, torch.Tensor]) -> Tree:
    joined: Tree = {}
    for key, entry in tree.items():
        if "tensor" in entry:
            joined[key] = tensors[entry["tensor"]]
        elif "array" in entry:
            joined[key] = tensors[entry["array"]].numpy()
        elif "tree" in entry:
            joined[key] = _join(entry["tree"], tensors)
        else:
            joined[key] = entry["json"]
    return joined
