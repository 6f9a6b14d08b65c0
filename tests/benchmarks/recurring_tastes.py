"""What replay keeps where tastes recur. ``python -m tests.benchmarks.recurring_tastes --seeds 10`` prints it.

The arms go through the same stream of seasons A, B, A, B, one step of the optimizer per event in each but the
last, from the same initial weights and at the same learning rate:

* ``replay``: the new event and 24 out of the reservoir, a uniform sample of the whole life;
* ``distilled``: ``replay``, held to the scores that the network gave when it learned each example
  (``distillation=0.0001``, DER++): the same steps, batches and examples, one term of the loss more;
* ``recent``: the new event and 24 drawn from the *last 24 events*: naive fine-tuning with the same number of
  steps on batches of the same size;
* ``single``: the new event alone (``replay_ratio=0``): the same number of steps, but batches of one;
* ``ewc`` and ``recent-ewc``: ``single`` and ``recent``, held to their past by elastic weight consolidation,
  whose strength was chosen on seed 0;
* ``both``: the network of ``recent``, and the fast memory beside it, which the others do without;
* ``popular``: no network; recent popularity, for the size of the figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifelong_widgets.data import Catalog
from lifelong_widgets.evaluation import ElasticLearner, Learner, RecencyPopularity, continual
from lifelong_widgets.evaluation.transfer import forgetting_by_slice
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import RecurringTastes, recurring_tastes

COLUMNS = ("forgetting", "season away", "kept of it", "accuracy", "plasticity")
_REPLAYED = 24
_STRENGTH = 0.0001  # of .0001, .001, .01, .1 and .5 the best on seed 0
# the fast memory forgets nothing, whatever is replayed: it would hide what replay does for the network
_SIZES = {"hidden_dim": 256, "embedding_dim": 64, "history_length": 20}
_SETTINGS = {**_SIZES, **NETWORK_ALONE}
_WINDOW = {"retention": "recent", "capacity": _REPLAYED}


def replay(catalog: Catalog, seed: int, rate: float) -> Learner:
    return Recommender(catalog, seed=seed, learning_rate=rate, replay_ratio=_REPLAYED, **_SETTINGS)


def distilled(catalog: Catalog, seed: int, rate: float) -> Learner:
    return Recommender(
        catalog, seed=seed, learning_rate=rate, replay_ratio=_REPLAYED, distillation=_STRENGTH, **_SETTINGS
    )


def recent(catalog: Catalog, seed: int, rate: float) -> Learner:
    return Recommender(catalog, seed=seed, learning_rate=rate, replay_ratio=_REPLAYED, **_WINDOW, **_SETTINGS)


def single(catalog: Catalog, seed: int, rate: float) -> Learner:
    return Recommender(catalog, seed=seed, learning_rate=rate, replay_ratio=0, **_SETTINGS)


def ewc(catalog: Catalog, seed: int, rate: float) -> Learner:
    return ElasticLearner(catalog, seed=seed, learning_rate=rate, replay_ratio=0, **_SETTINGS)


def recent_ewc(catalog: Catalog, seed: int, rate: float) -> Learner:
    replayed = {"replay_ratio": _REPLAYED, **_WINDOW, **_SETTINGS}
    return ElasticLearner(catalog, seed=seed, learning_rate=rate, **replayed)


def both(catalog: Catalog, seed: int, rate: float) -> Learner:
    return Recommender(catalog, seed=seed, learning_rate=rate, replay_ratio=_REPLAYED, **_WINDOW, **_SIZES)


def popular(catalog: Catalog, seed: int, rate: float) -> Learner:
    return RecencyPopularity(catalog, half_life="1D")  # an event comes every ten minutes


ARMS: dict[str, Callable[[Catalog, int, float], Learner]] = {
    "replay": replay,
    "distilled": distilled,
    "recent": recent,
    "single": single,
    "ewc": ewc,
    "recent-ewc": recent_ewc,
    "both": both,
    "popular": popular,
}


def run(stream: RecurringTastes, arm: str, seed: int, rate: float) -> list[float]:
    """The `COLUMNS` of one arm: F, F of the season that is away at the end, HR@10 on it, ACC, plasticity."""
    learner = ARMS[arm](stream.catalog, seed, rate)
    report = continual(learner, stream.slices, names=stream.seasons, progress=False)
    matrix, measures = report.matrix(), report.measures()
    away = list(stream.of_season("A" if stream.seasons[-1] == "B" else "B"))
    return [
        measures["forgetting"],
        float(forgetting_by_slice(matrix)[away].mean()),
        float(matrix[-1, away].mean()),
        measures["average accuracy"],
        measures["plasticity"],
    ]


def figures(
    seeds: Sequence[int], conflict: bool, rate: float, events: int, arms: Sequence[str], n_slices: int = 4
) -> dict[str, NDArray[np.float64]]:
    """For each arm (seeds, columns); and (seeds,) as ``ceiling`` what knows the tastes reaches."""
    rows: dict[str, list[list[float]]] = {arm: [] for arm in arms}
    ceilings = []
    for seed in seeds:
        stream = recurring_tastes(seed, n_slices=n_slices, events_per_slice=events, conflict=conflict)
        ceilings.append(np.mean([stream.ceiling(place) for place in range(n_slices)]))
        for arm in arms:
            rows[arm].append(run(stream, arm, seed, rate))
            print(".", end="", file=sys.stderr, flush=True)
    return {**{arm: np.array(values) for arm, values in rows.items()}, "ceiling": np.array(ceilings)}


def half_width(values: NDArray[np.float64]) -> float:
    """Half of the 95 % t interval of the mean."""
    return float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def share_left(replayed: NDArray[np.float64], naive: NDArray[np.float64]) -> tuple[float, float, float]:
    """Forgetting with replay as a share of that without: of the means, and a paired bootstrap's 95 %.

    A share of next to nothing means nothing: it is NaN unless nearly all resamples of `naive` are positive.
    """
    rng = np.random.default_rng(0)
    draws = rng.integers(len(naive), size=(10_000, len(naive)))
    lost = naive[draws].mean(axis=1)
    if np.quantile(lost, 0.01) <= 0.01:
        return float("nan"), float("nan"), float("nan")
    ratios = replayed[draws].mean(axis=1) / lost
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(replayed.mean() / naive.mean()), float(low), float(high)


def report(found: dict[str, NDArray[np.float64]]) -> str:
    """The table: means with 95 % t intervals over the seeds; what EWC changes; what replay leaves."""
    lines = [f"{'':<10}" + "".join(f"{name:>15}" for name in COLUMNS)]
    for arm in (arm for arm in ARMS if arm in found):
        cells = (f"{column.mean():.3f} ± {half_width(column):.3f}" for column in found[arm].T)
        lines.append(f"{arm:<10}" + "".join(f"{cell:>15}" for cell in cells))
    lines.append(f"hit rate of what knows the tastes: {found['ceiling'].mean():.3f}")
    for elastic, naive in (("ewc", "single"), ("recent-ewc", "recent")):
        if elastic in found and naive in found:
            pairs = zip(COLUMNS, (found[elastic] - found[naive]).T, strict=True)
            gaps = (f"{name} {gap.mean():+.3f} ± {half_width(gap):.3f}" for name, gap in pairs)
            lines.append(f"{elastic} less {naive}: {', '.join(gaps)}")
    for naive in (arm for arm in ("recent", "single") if {arm, "replay"} <= found.keys()):
        for place, name in enumerate(COLUMNS[:2]):
            share, low, high = share_left(found["replay"][:, place], found[naive][:, place])
            margin = found["replay"][:, place] - found[naive][:, place] / 2
            lines.append(
                f"{name}: replay leaves {share:.2f} [{low:.2f}, {high:.2f}] of that of {naive}; "
                f"replay's less half of {naive}'s {margin.mean():+.3f} ± {half_width(margin):.3f}"
            )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="of stream and model: 1, 2, … up to this")
    parser.add_argument("--events", type=int, default=300, help="of each of the four slices")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.01], help="learning rates")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--worlds", nargs="+", choices=["other", "same"], default=["other", "same"])
    given = parser.parse_args()
    for world in given.worlds:
        for rate in given.rates:
            seeds = range(1, given.seeds + 1)
            found = figures(seeds, world == "same", rate, given.events, given.arms)
            print(f"\n{world} people by season, learning rate {rate:g}, {given.seeds} seeds")
            print(report(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
