"""Trees of dicts and lists: where their leaves are, and copies with one of them replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Path = tuple[Any, ...]


def places(tree: Any, deepest: int = 6, most: int = 3) -> Iterator[Path]:
    """The paths to all entries, inner ones too; of a long list, to its first `most` only."""
    if deepest == 0:
        return
    if isinstance(tree, dict):
        inner: Sequence[Any] = list(tree)
    elif isinstance(tree, list):
        inner = range(min(len(tree), most))
    else:
        return
    for key in inner:
        yield (key,)
        for path in places(tree[key], deepest - 1, most):
            yield (key, *path)


def found(tree: Any, path: Path) -> Any:
    """The entry at `path`."""
    for key in path:
        tree = tree[key]
    return tree


def replaced(tree: Any, path: Path, value: Any) -> Any:
    """A copy with `value` at `path`; what is not on the way there is shared."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


def removed(tree: Any, path: Path) -> Any:
    """A copy without the entry at `path`."""
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = removed(tree[path[0]], path[1:])
    return copy
