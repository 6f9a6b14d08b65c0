"""The process that runs cases: it reads their ids, a JSON string a line, and answers with verdicts."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

ADDRESS_SPACE = 24 * 2**30
"""Bytes that a case may ask the system for: one that eats the memory ends itself, not the machine."""


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that a case prints gets between
    with suppress(ImportError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    from tests.fuzz.case import FINDING, Verdict, judge
    from tests.fuzz.selection import case_called

    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        id = json.loads(line)
        try:
            verdict = judge(case_called(id))
        except Exception as error:
            verdict = Verdict(id, id.partition(": ")[0], FINDING, f"the case cannot be made: {error!r:.300}")
        print(json.dumps(asdict(verdict)), file=answers, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
