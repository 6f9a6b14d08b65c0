"""The file of a recommender: safetensors for the numbers, JSON for the rest, never a pickle."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from traitlets import TraitError

from lifelong_widgets.data import Catalog, FeedbackKinds
from lifelong_widgets.errors import FormatError, LifelongWidgetsError
from lifelong_widgets.featurizers import FeatureSettings

if TYPE_CHECKING:
    from lifelong_widgets.recommender import Recommender

FORMAT = "lifelong-widgets recommender"
VERSION = 1
_DOCUMENT = "document"  # the JSON, as bytes in a tensor: the header of a safetensors file is for small things


def save(recommender: Recommender, path: str | os.PathLike[str]) -> None:
    """Write `recommender` to `path`: aside first, synced, then renamed over what is there."""
    target = Path(path)
    if target.is_dir():
        raise FormatError(
            f"{target} is a folder; a recommender is saved as one file, such as {target}/mine.lw"
        )
    if not target.parent.is_dir():
        raise FormatError(f"there is no folder {target.parent} to save {target.name} in")
    tensors: dict[str, torch.Tensor] = {}
    document = {
        "seed": recommender.seed,
        "frozen": recommender.frozen,
        "settings": recommender.settings(),
        "kinds": recommender.kinds.to_dict(),
        "text_columns": list(recommender.catalog.text_columns),
        "catalog": recommender.catalog.to_records(),
        "features": _split(recommender.features.get_state(), "features", tensors),
        "state": _split(recommender.get_state(), "state", tensors),
    }
    encoded = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    tensors[_DOCUMENT] = torch.from_numpy(np.frombuffer(encoded, dtype=np.uint8).copy())
    handle, aside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    try:
        save_file(tensors, aside, metadata={"format": FORMAT, "version": str(VERSION)})
        with open(aside, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(aside, target)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str]) -> Recommender:
    """Read what `save` wrote.

    Raises:
        FormatError: the file is missing, damaged, something else, or of a newer version.
    """
    from lifelong_widgets.recommender import Recommender

    document, tensors = _read(Path(path))
    try:
        return Recommender.from_saved(
            catalog=Catalog.from_records(document["catalog"], text=document["text_columns"]),
            kinds=FeedbackKinds.from_dict(document["kinds"]),
            seed=document["seed"],
            frozen=document["frozen"],
            settings=document["settings"],
            features=FeatureSettings().make(document["seed"]).set_state(_join(document["features"], tensors)),
            state=_join(document["state"], tensors),
        )
    except FormatError:
        raise
    except (
        LifelongWidgetsError,
        TraitError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as error:
        raise FormatError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise FormatError(f"{path} is not a saved recommender")
            version = metadata.get("version", "")
            if not version.isdigit() or int(version) > VERSION:
                raise FormatError(
                    f"{path} has format version {version!r}; this version of lifelong-widgets reads up to "
                    f"{VERSION}. A newer lifelong-widgets wrote it: upgrade to read it"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        document = json.loads(tensors.pop(_DOCUMENT).numpy().tobytes())
    except (SafetensorError, OSError, KeyError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FormatError(f"{path} is not a saved recommender, or is damaged: {error}") from error
    if not isinstance(document, dict):
        raise FormatError(f"{path} is damaged: its document is a {type(document).__name__}")
    return document, tensors


def _split(tree: dict[str, Any], prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Put the arrays of a tree of dicts into `tensors`; the rest, with references to them, is JSON."""
    return {key: _split_value(value, f"{prefix}/{key}", tensors) for key, value in tree.items()}


def _split_value(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, np.ndarray):
        tensors[name] = torch.from_numpy(np.ascontiguousarray(value))
        return {"array": name}
    if isinstance(value, torch.Tensor):
        tensors[name] = value.contiguous()
        return {"tensor": name}
    if isinstance(value, dict) and any(True for _ in _arrays(value)):
        return {"tree": _split(value, name, tensors)}
    return {"json": value}


def _arrays(tree: dict[str, Any]) -> Iterator[Any]:
    for value in tree.values():
        if isinstance(value, dict):
            yield from _arrays(value)
        elif isinstance(value, (np.ndarray, torch.Tensor)):
            yield value


def _join(tree: dict[str, Any], tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
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
