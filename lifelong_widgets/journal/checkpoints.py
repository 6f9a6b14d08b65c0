"""The folder of checkpoints: files named by the journal entry whose effect is the last that they hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from lifelong_widgets.errors import DataError, LifelongWidgetsError
from lifelong_widgets.files import replacing, sync_folder

_NAME = re.compile(r"([0-9]{12})\.lw", re.ASCII)
_LARGEST = 10**12 - 1


class Checkpoints:
    """Checkpoint files in `folder`, which is made when the first one is written.

    Attributes:
        folder: where they lie, ``checkpoints`` within the journal's folder.
        keep: how many of the newest stay, besides those pinned.
        pinned: ids that are never pruned: 0, the base, and those that the owner adds.

    A crash between any two steps leaves files too many, never too few: a file aside (removed when the
    journal is opened to write), or one that was to be pruned (pruned after the next write).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoints = Checkpoints(Path(folder), keep=2)
    ...     for id in (0, 10, 20, 30):
    ...         _ = checkpoints.write(id, lambda aside: aside.write_bytes(b"state"))
    ...     checkpoints.ids(), checkpoints.path(30).name
    ([30, 20, 0], '000000000030.lw')
    """

    def __init__(self, folder: Path, keep: int = 3) -> None:
        if type(keep) is not int or keep < 1:
            raise DataError(f"keep={keep!r:.80} checkpoints: it must be at least 1")
        self.folder, self.keep = Path(folder), keep
        self.pinned: set[int] = {0}

    def ids(self) -> list[int]:
        """The ids of the checkpoints that are there, newest first. Other files are not looked at."""
        if not self.folder.is_dir():
            return []
        matches = (_NAME.fullmatch(file.name) for file in self.folder.iterdir())
        return sorted((int(match[1]) for match in matches if match), reverse=True)

    def path(self, id: int) -> Path:
        """Where the checkpoint `id` is, or would be."""
        if type(id) is not int or not 0 <= id <= _LARGEST:
            raise DataError(f"a checkpoint is named by the id of an entry, not by {id!r:.80}")
        return self.folder / f"{id:012d}.lw"

    def write(self, id: int, writer: Callable[[Path], object]) -> Path:
        """Write the checkpoint `id`: `writer` is given a path aside; then the oldest ones are pruned.

        What the journal has up to `id` must be durable before (`Journal.sync`): after a power failure a
        checkpoint must not know of entries that the journal has lost.

        Raises:
            LifelongWidgetsError: the system refuses, such as for lack of room; nothing has changed then.
        """
        target = self.path(id)
        try:
            if not self.folder.is_dir():
                self.folder.mkdir()
                sync_folder(self.folder.parent)
        except OSError as error:
            raise LifelongWidgetsError(f"{self.folder} could not be made: {error}") from error
        with replacing(target) as aside:
            writer(aside)
        self._prune()
        return target

    def discard(self, first: int, stop: int | None = None) -> None:
        """Remove the checkpoints from `first` up to, not including, `stop`, those pinned too.

        Raises:
            LifelongWidgetsError: the system refuses. Some may be gone then; do it once more.
        """
        for id in self.ids():
            if first <= id and (stop is None or id < stop):
                self._remove(id)
        try:
            if self.folder.is_dir():
                sync_folder(self.folder)
        except OSError as error:
            raise LifelongWidgetsError(f"{self.folder} could not be synced: {error}") from error

    def _prune(self) -> None:
        for id in [id for id in self.ids() if id not in self.pinned][self.keep :]:
            self._remove(id)

    def _remove(self, id: int) -> None:
        try:
            self.path(id).unlink(missing_ok=True)
        except OSError as error:
            raise LifelongWidgetsError(f"{self.path(id)} could not be removed: {error}") from error
