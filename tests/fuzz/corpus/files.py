"""How cases write their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def written(name: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], Path]:
    """A `Case.make` that writes `content`, which may be made only then, into the file `name`."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content())
        return Path(name)

    return make
