"""What an event of MovieLens costs, beside a bare step of torch that is taken in turns with it.

``python -m tests.benchmarks.event_cost [n_events]`` fits on the first fifth and prints the CPU time of a list
of 100 and of the click on it, that of the bare step, and the ratio. The step is that of `test_step_cost`: 32
examples, 100,000 items × 64, sparse SGD, which took .9 ms on a quiet machine. A machine that other work slows
down slows both.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from lifelong_widgets import datasets
from lifelong_widgets.models import one_thread
from lifelong_widgets.recommender import Recommender
from tests.benchmarks.test_step_cost import Floor

_AT_ONCE = 10  # events, then as many bare steps


@one_thread()
def main(n_events: int = 4_000) -> None:
    data = datasets.load("movielens-100k")
    rec = Recommender(data.catalog, seed=0)
    rec.fit(data.interactions.before(0.2))
    stream, floor = list(data.interactions.after(0.2)[:n_events]), Floor(100_000, 32)
    clock, turns = time.process_time, []
    for begin in range(0, len(stream) - _AT_ONCE + 1, _AT_ONCE):
        ranked = learned = 0.0
        for event in stream[begin : begin + _AT_ONCE]:
            start = clock()
            rec.recommend(event.user, k=100, now=event.time, reasons=False)
            middle = clock()
            rec.learn_one(event)
            ranked, learned = ranked + middle - start, learned + clock() - middle
        start = clock()
        for _ in range(_AT_ONCE):
            floor.step()
        turns.append((ranked, learned, clock() - start))
    each = np.array(turns[10:]) / _AT_ONCE * 1e3  # the first ones find the caches empty
    whole = each[:, 0] + each[:, 1]
    steps = each[:, 2]
    for name, part in (("a list", each[:, 0]), ("its click", each[:, 1]), ("both", whole)):
        ratio = np.median(part) / np.median(steps)
        print(f"{name:<10} {np.mean(part):6.2f} ms, median {np.median(part):.2f}: {ratio:.2f} bare steps")
    print(f"{'bare step':<10} {np.mean(steps):6.2f} ms, median {np.median(steps):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
