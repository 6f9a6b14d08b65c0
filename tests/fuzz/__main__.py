"""python -m tests.fuzz: the whole corpus, and random mutations of valid input. Exit code 1 at any finding."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.fuzz.case import FINDING
from tests.fuzz.runner import SECONDS, run, table
from tests.fuzz.selection import long, short


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=200, metavar="N", help="random cases of each loader (200)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="other seeds give other cases (0)")
    parser.add_argument(
        "--loader", action="append", default=[], metavar="NAME", help="only this one; repeatable"
    )
    parser.add_argument("--case", action="append", metavar="ID", help="only this one, as a finding names it")
    parser.add_argument("--short", action="store_true", help="what the test suite runs")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help="after which a case hangs"
    )
    options = parser.parse_args(arguments)
    start = time.monotonic()
    ids = options.case or (short() if options.short else long(options.rounds, options.seed, options.loader))
    verdicts = run(ids, options.seconds, say=lambda line: print(line, flush=True))
    print("\n".join(table(verdicts)))
    findings = sum(verdict.kind == FINDING for verdict in verdicts)
    print(f"{findings:,} findings, {time.monotonic() - start:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
