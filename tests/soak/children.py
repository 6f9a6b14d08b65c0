"""Forked processes that talk through a pipe and can be killed: cheaper than new ones, which import torch."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tqdm import tqdm

from lifelong_widgets.errors import JournalWarning

Words = list[str]


class Child:
    """Runs `work` in a fork, which dies when it returns, with no clean-up, as by a crash.

    `work` is given a function that says words to this process; `said` has what was heard so far. What it
    raises it says too, after the word "error"; so it does with a `JournalWarning`.
    """

    def __init__(self, work: Callable[[Callable[..., None]], None]) -> None:
        reading, writing = os.pipe()
        self.said: list[Words] = []
        self._rest = b""
        self._pid, self._pipe = os.fork(), reading
        if self._pid:
            os.close(writing)
            return
        try:
            os.close(reading)
            # tqdm's own lock is one for all forks: who is killed while holding it never gives it back
            tqdm.set_lock(threading.RLock())
            warnings.simplefilter("error", JournalWarning)  # a kill must leave nothing to warn of
            work(lambda *words: _say(writing, words))
        except BaseException:
            _say(writing, ("error", traceback.format_exc()))
        finally:
            os._exit(0)

    def listen(self, seconds: float, until: Callable[[], object] = lambda: False) -> bool:
        """Hear what it says for so long, or `until` something; False if it has ended by then."""
        deadline = time.monotonic() + seconds
        while not until() and (left := deadline - time.monotonic()) > 0:
            if select.select([self._pipe], [], [], min(left, 0.0005))[0] and not self._hear():
                return False
        return True

    def hear_out(self, seconds: float = 300.0) -> list[Words]:
        """All that it says until it ends by itself."""
        if self.listen(seconds):
            self.said.append(["error", f"no end after {seconds:g} seconds"])
        return self.said

    def kill(self) -> None:
        """End it with SIGKILL, if it has not ended, and hear what it said last."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        while self._hear():
            pass
        os.close(self._pipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _hear(self) -> bool:
        some = os.read(self._pipe, 65536)
        *lines, self._rest = (self._rest + some).split(b"\n")
        self.said += [[word.replace("\0", "\n") for word in line.decode().split("\t")] for line in lines]
        return bool(some)


def _say(pipe: int, words: tuple[object, ...]) -> None:
    clean = (str(word).replace("\t", " ").replace("\n", "\0") for word in words)
    os.write(pipe, ("\t".join(clean) + "\n").encode())
