"""Who may write: one object of one process."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import filelock

from lifelong_widgets.errors import JournalLockedError, LifelongWidgetsError


class WriterLock:
    """The lock of the folder's one writer. The system gives it back when the process ends, however it ends.

    The file ``lock`` is what is locked; who holds it is written beside it, for the message only, into
    ``lock.holder``: what a killed process left there is overwritten by the next writer.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            JournalLockedError: somebody has it.
            LifelongWidgetsError: the system does not let us.
        """
        self._holder = folder / "lock.holder"
        # not bound to a thread: the front end works on another one than the one that opened the journal
        self._lock = filelock.FileLock(folder / "lock", timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise JournalLockedError(
                f"{folder} is open to write in {_named(self._holder)}; close it there, "
                "or open it here to read with read_only=True"
            ) from None
        except (OSError, NotImplementedError) as error:
            raise LifelongWidgetsError(f"{folder} cannot be locked to write: {error}") from error
        try:
            self._inode = os.stat(self._lock.lock_file).st_ino
            self._holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        except OSError as error:
            self._lock.release()
            raise LifelongWidgetsError(f"{self._holder} could not be written: {error}") from error

    def release(self) -> None:
        """Give the lock back. What is now in its place, if the folder was made anew, is not touched."""
        if self._is_there():
            self._holder.unlink(missing_ok=True)
        self._lock.release()

    def _is_there(self) -> bool:
        """Whether the file that is locked is still the one in the folder."""
        try:
            return os.stat(self._lock.lock_file).st_ino == self._inode
        except OSError:
            return False


def _named(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text())
        pid, host = int(found["pid"]), str(found["host"])
    except (OSError, ValueError, TypeError, KeyError):  # between the locking and the writing, or not ours
        return "another process"
    if (pid, host) == (os.getpid(), socket.gethostname()):
        return f"this process ({pid})"
    return f"the process {pid} on {host:.80}"
