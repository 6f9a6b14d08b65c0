"""Runs cases in a process of their own, which may hang, crash or eat the memory, and counts the verdicts."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.fuzz.case import FINDING, HANDLED, REFUSED, Verdict

SECONDS = 60.0
"""After which a case hangs. The slowest takes one or two on a machine that is otherwise idle."""
_SECONDS_TO_START = 300.0
_ROOT = Path(__file__).parents[2]


def run(
    ids: Sequence[str], seconds: float = SECONDS, say: Callable[[str], object] = lambda _: None
) -> list[Verdict]:
    """The verdicts on the cases with these ids, in their order.

    A case that hangs or takes the process down is a finding, and the others are run nevertheless.
    """
    verdicts: list[Verdict] = []
    while len(verdicts) < len(ids):
        worker = _Worker()
        try:
            for id in ids[len(verdicts) :]:
                verdict = worker.judge(id, seconds)
                verdicts.append(verdict)
                if verdict.kind == FINDING:
                    say(f"FINDING {verdict.id}: {verdict.detail}")
                if worker.gone:
                    break
        finally:
            worker.stop()
    return verdicts


class _Worker:
    def __init__(self) -> None:
        self.gone = False
        self._place = tempfile.TemporaryDirectory(prefix="fuzz-")  # of all that it leaves when it is killed
        self._answers: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            text=True,
            encoding="utf-8",
            env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": self._place.name},
        )
        threading.Thread(target=self._listen, daemon=True).start()
        if self._answer(_SECONDS_TO_START) != "ready\n":
            self.stop()
            raise RuntimeError("the process that runs the cases does not start: python -m tests.fuzz.worker")

    def judge(self, id: str, seconds: float) -> Verdict:
        """The verdict on a case; after one that hung or crashed the worker is `gone`."""
        loader = id.partition(": ")[0]
        assert self._process.stdin
        try:
            print(json.dumps(id), file=self._process.stdin, flush=True)
            answer = self._answer(seconds)
        except BrokenPipeError:
            answer = ""
        except queue.Empty:
            self.gone = True
            return Verdict(id, loader, FINDING, f"hung: no answer after {seconds:g} seconds")
        if not answer:
            self.gone = True
            return Verdict(id, loader, FINDING, f"took the process down: {_end(self._process.wait())}")
        return Verdict(**json.loads(answer))

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._place.cleanup()

    def _answer(self, seconds: float) -> str:
        return self._answers.get(timeout=seconds)

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")


def _end(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Lines of a table: of each loader how many cases were handled, got a typed error, or are findings."""
    counts: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        counts.setdefault(verdict.loader, Counter())[verdict.kind] += 1
    width = max([len("loader"), *map(len, counts)])
    yield f"{'loader':<{width}}  {'cases':>7}  {'handled':>7}  {'typed errors':>12}  {'findings':>8}"
    total: Counter[str] = Counter()
    for loader, count in [*counts.items(), ("all", total)]:
        if loader != "all":
            total += count
        cells = count.total(), count[HANDLED], count[REFUSED], count[FINDING]
        yield f"{loader:<{width}}  {cells[0]:>7,}  {cells[1]:>7,}  {cells[2]:>12,}  {cells[3]:>8,}"
