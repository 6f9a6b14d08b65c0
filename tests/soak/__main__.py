"""``make soak``: try to break the promises of the journal, of the loaders and of memory, for some minutes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

_PARTS = {
    "kill -9 at random instants": ["-m", "tests.soak.kill", "--kills", "200"],
    "hostile files": ["-m", "tests.fuzz"],
    "a million events": ["-m", "tests.soak.memory", "--events", "1000000"],
    "what learning is worth": ["-m", "tests.soak.quality"],
    "what the journal costs": ["-m", "pytest", "-q", "-s", "tests/benchmarks/test_journal_cost.py"],
}

_LIKE_BINDER = {"MALLOC_ARENA_MAX": "2"}
"""As `binder/start` has it: else each new thread may get a heap of its own, and these fall into pieces."""


def main() -> int:
    """Run all parts, each in a process of its own; the number of those that failed."""
    verdicts = {}
    for name, arguments in _PARTS.items():
        print(f"\n== {name}: python {' '.join(arguments)}", flush=True)
        start = time.monotonic()
        code = subprocess.run(
            [sys.executable, *arguments], env=os.environ | _LIKE_BINDER, check=False
        ).returncode
        verdicts[name] = f"{'held' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - start:.0f} s"
    print()
    for name, verdict in verdicts.items():
        print(f"{name}: {verdict}")
    return sum("FAILED" in verdict for verdict in verdicts.values())


if __name__ == "__main__":
    sys.exit(main())
