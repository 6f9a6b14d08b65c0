"""``python -m tests.bench --log movielens-100k --log FOLDER --limit N --json FILE``."""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import lifelong_widgets
from lifelong_widgets.errors import LifelongWidgetsError
from tests.bench import peers, table
from tests.bench.logs import load, repeated_share
from tests.bench.run import FIRST, OURS, REPEAT, TWIN, Result, run
from tests.bench.simple import SIMPLE, Interrupted

UNUSABLE, INTERRUPTED = 2, 130
_WORTH_REPEATING = (
    0.01  # of the events: with fewer repeats than that, REPEAT would be FIRST with seen items in it
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; the exit code: 0 done, 2 a log that cannot be used, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    results: list[Result] = []
    code = 0
    print(_heading(), flush=True)
    try:
        with threadpool_limits(limits=1):
            for source in options.log or ["movielens-100k"]:
                log = load(source)
                for protocol in options.protocol or _protocols(repeated_share(log.events)):
                    results.append(
                        run(log, protocol, options.limit, options.tested, options.seed, not options.quiet)
                    )
                    print(f"\n{table.of_result(results[-1])}", flush=True)
                    _write(results, options)
                    if results[-1].report.interrupted and results[-1].report.error is None:
                        raise Interrupted
    except (Interrupted, KeyboardInterrupt):
        print("\nINTERRUPTED: what follows is what was done", file=sys.stderr)
        code = INTERRUPTED
    except (LifelongWidgetsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        code = UNUSABLE
    if results:
        print(f"\n### All logs\n\n{table.of_all(results)}")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--log", action="append", metavar="LOG",
        help="a data set's name, or a folder with events.parquet (user, item, timestamp …) and, it may be, "
        "items.parquet; may be repeated (default: movielens-100k)",
    )  # fmt: skip
    parser.add_argument(
        "--protocol", action="append", choices=(FIRST, REPEAT), help="default: what the log calls for"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="the first N events of each stream only")
    parser.add_argument("--tested", type=positive, metavar="N", help="stop N events after the warm-up")
    parser.add_argument("--seed", type=int, default=0, help="of our model (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, after each log")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    return parser


def positive(text: str) -> int:
    """How many events, from the command line."""
    number = int(text)
    if number < 100:
        raise argparse.ArgumentTypeError(f"{number} events are too few; give at least 100")
    return number


def _protocols(repeated: float) -> tuple[str, ...]:
    return (FIRST, REPEAT) if repeated >= _WORTH_REPEATING else (FIRST,)


def _about() -> dict[str, Any]:
    return {
        "date": datetime.date.today().isoformat(),
        "machine": processor(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "lifelong_widgets": lifelong_widgets.__version__,
        "peers": peers.installed(),
        "peers not installed": peers.missing(),
    }


def processor() -> str:
    """What this machine computes with."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {platform.system()} {platform.machine()}"


def _heading() -> str:
    about = _about()
    there, absent = about.pop("peers"), about.pop("peers not installed")
    lines = [", ".join(f"{name} {value}" for name, value in about.items()), "CPU time in one thread"]
    lines.append(f"learners: {', '.join([OURS, TWIN, *SIMPLE, *there])}")
    if absent:
        lines.append(f"not installed, and so left out: {', '.join(absent)}")
    return "\n".join(lines)


def _write(results: list[Result], options: argparse.Namespace) -> None:
    if options.json is not None:
        whole = {"about": _about(), "results": [result.to_dict() for result in results]}
        options.json.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
