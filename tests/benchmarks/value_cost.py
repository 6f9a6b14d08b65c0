"""What values cost a click. ``python -m tests.benchmarks.value_cost`` prints it.

The same clicks, list by list, for a click model (``discount=0``) and for the same with ``discount=0.9``: the
median of the processor time of `recommend` and `learn_one`. The two take turns, list by list, so that what
else the machine does falls on both.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.models.registry import MODELS
from lifelong_widgets.recommender import Recommender

_N_WARM = 60  # clicks before the first that counts


def costs(n_items: int, n_clicks: int, model: str = "decayed_mlp", seed: int = 0) -> dict[float, list[float]]:
    """The median seconds of processor time of `recommend` and of `learn_one`, for each discount."""
    rng = np.random.default_rng(seed)
    records = [{"item": n, "title": f"Thing {n}", "categories": f"group {n % 12}"} for n in range(n_items)]
    recommenders = {
        discount: Recommender(Catalog.from_records(records), seed=seed, model=model, discount=discount)
        for discount in (0.0, 0.9)
    }
    spent: dict[float, list[list[float]]] = {discount: [] for discount in recommenders}
    now = 0.0
    for click in range(_N_WARM + n_clicks):
        user, now = f"u{rng.integers(20)}", now + float(rng.exponential(60.0))
        place = int(rng.integers(10))
        for discount, rec in recommenders.items():
            begin = time.process_time()
            shown = rec.recommend(user, k=10, exclude_seen=False, reasons=False).items
            between = time.process_time()
            rec.learn_one(Feedback(user, shown[place], "click", now, shown=shown))
            if click >= _N_WARM:
                spent[discount].append([between - begin, time.process_time() - between])
    return {discount: np.median(rows, axis=0).tolist() for discount, rows in spent.items()}


def main(arguments: Sequence[str]) -> int:
    n_clicks = int(arguments[0]) if arguments else 300
    print(f"{'':<24}{'recommend, ms':>20}{'learn_one, ms':>20}")
    print(f"{'model':<16}{'items':>8}{'γ = 0':>12}{'γ = .9':>8}{'γ = 0':>12}{'γ = .9':>8}")
    for model, n_items in [("decayed_mlp", n) for n in (100, 2_000, 50_000)] + [
        (name, 2_000) for name in MODELS if name != "decayed_mlp"
    ]:
        found = costs(n_items, n_clicks, model)
        (look, learn), (look_on, learn_on) = found[0.0], found[0.9]
        print(
            f"{model:<16}{n_items:>8,}{1e3 * look:>12.2f}{1e3 * look_on:>8.2f}"
            f"{1e3 * learn:>12.2f}{1e3 * learn_on:>8.2f}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
