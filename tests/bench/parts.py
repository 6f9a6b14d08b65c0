"""What each part of the recommender is worth: ``python -m tests.bench.parts --log FOLDER``.

The whole, one recommender without each part, and the network alone (`lifelong_widgets.evaluation.ablate`),
all with their defaults, learn the first fifth of a log and are then tested and taught on the same events
after it. Each has, by every metric, its mean, and its ratio to the whole with a paired 95 % interval, for
which people are drawn.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from lifelong_widgets.errors import LifelongWidgetsError
from lifelong_widgets.evaluation import ablate, catalog_after, prequential
from lifelong_widgets.evaluation.ablation import WHOLE
from lifelong_widgets.evaluation.comparison import gains, paired_ratio
from tests.bench.__main__ import positive, processor
from tests.bench.logs import Log, first_only, load
from tests.bench.run import FIRST, METRICS, REPEAT, WARM_UP, people_of


def compare_parts(log: Log, protocol: str, tested: int, seed: int, progress: bool = True) -> str:
    """The arms as a Markdown table, under a heading that says how many events were tested.

    Raises:
        KeyboardInterrupt: Ctrl-C; what was done till then is no comparison.
        LifelongWidgetsError: as `ablate`, or what stopped the replay.
    """
    exclude_seen = protocol == FIRST
    events = first_only(log.events) if exclude_seen else log.events
    warm_up, stream = events.before(WARM_UP), events.after(WARM_UP)[:tested]
    growing = catalog_after(log.catalog, warm_up)
    learners = ablate(growing, warm_up, progress=progress, seed=seed)
    report = prequential(
        learners,
        stream,
        arrivals=log.catalog,
        exclude_seen=exclude_seen,
        warm_up=len(warm_up),
        progress=progress,
    )
    if report.error is not None:
        raise LifelongWidgetsError(report.error)
    if report.interrupted:
        raise KeyboardInterrupt
    people = people_of(report, stream)
    gains_of = {name: {metric: gains(report.ranks[name], metric) for metric in METRICS} for name in learners}
    lines = [f"### {log.name}, {protocol}, {len(people):,} events\n"]
    lines.append(
        f"| | {' | '.join(METRICS)} | {' | '.join(f'{metric}, to the whole' for metric in METRICS)} |"
    )
    lines.append("|" + " --- |" * (1 + 2 * len(METRICS)))
    for name, own in gains_of.items():
        means = [f"{float(np.mean(own[metric])):.4f}" for metric in METRICS]
        ratios = [
            "" if name == WHOLE else str(paired_ratio(own[metric], gains_of[WHOLE][metric], people))
            for metric in METRICS
        ]
        lines.append(f"| {name} | {' | '.join(means + ratios)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code: 0 done, 2 a log that cannot be used, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    print(f"{datetime.date.today()}, {processor()}, one thread", flush=True)
    try:
        with threadpool_limits(limits=1):
            for source in options.log:
                log = load(source)
                table = compare_parts(log, options.protocol, options.tested, options.seed, not options.quiet)
                print(f"\n{table}", flush=True)
    except KeyboardInterrupt:
        print("INTERRUPTED", file=sys.stderr)
        return 130
    except (LifelongWidgetsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.parts", description=__doc__)
    parser.add_argument("--log", action="append", required=True, help="a data set's name, or a folder")
    parser.add_argument("--protocol", choices=(FIRST, REPEAT), default=FIRST, help="(FIRST)")
    parser.add_argument("--tested", type=positive, default=4_000, help="events after the warm-up (4000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    return parser


if __name__ == "__main__":
    sys.exit(main())
