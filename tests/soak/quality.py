"""What learning is worth on MovieLens-100K. ``python -m tests.soak.quality`` lives the whole stream.

The protocol of ``lifelong-widgets replay movielens-100k``: fit the first fifth, learn the next three, test
and learn the last. Click by click, which takes minutes; the suite lives a fifth of it
(`tests/benchmarks/test_quality.py`).
"""

from __future__ import annotations

import sys

from lifelong_widgets.data import datasets
from lifelong_widgets.evaluation import prequential
from lifelong_widgets.recommender import Recommender


def last_fifth() -> tuple[float, float]:
    """HR@10 of the live model and of its frozen twin."""
    data = datasets.load("movielens-100k")
    warm_up, middle, last = (
        data.interactions[a:b] for a, b in ((0, 20_000), (20_000, 80_000), (80_000, None))
    )
    live = Recommender(data.catalog.subset(warm_up.items))
    live.fit(warm_up, progress=False)
    frozen = live.frozen_twin()
    live.catalog.add([data.catalog[item] for item in middle.items if item not in live.catalog])
    live.learn_many(middle, batch_size=1, progress=False)
    for event in middle:
        frozen.observe(event)
    both = {"live": live, "frozen": frozen}
    report = prequential(both, last, arrivals=data.catalog, depth=10, progress=False)
    return report.overall("live")["HR@10"], report.overall("frozen")["HR@10"]


def main() -> int:
    live, frozen = last_fifth()
    print(f"HR@10 of the last fifth: {live:.4f} against {frozen:.4f}, {live / frozen:.3f} times")
    return int(live < 0.2 or live < 1.27 * frozen)


if __name__ == "__main__":
    sys.exit(main())
