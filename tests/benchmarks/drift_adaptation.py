"""What answering a drift alarm is worth. ``python -m tests.benchmarks.drift_adaptation`` prints it.

Streams of clicks, the same ones for every arm of a seed, of people whose tastes are A at first:

* ``sudden``: B from event 500 on;
* ``gradual``: B with a probability that grows from 0 at event 500 to 1 at 750;
* ``recurring``: B from 500 to 750, and A again;
* ``stationary``: A for ever.

Each list is tested before its event is learned. The twin is the same learner that answers no alarm; without
an answer a detector changes nothing, so that there is one twin for all of them.

*Saved*, the area that an answer takes from the drop: hits from event 500 on, more than the twin's. On
``stationary`` there is no drop: there, less than nothing is what false alarms cost. *All* is HR@10 after the
first 100 events, less the twin's. Both with 95 % t intervals over the seeds, paired.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.drift import ADAPTATIONS
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import recurring_tastes

LENGTH, CHANGE, BACK, WARM = 1_000, 500, 750, 100
CHANGES = {"sudden": [CHANGE], "gradual": [CHANGE], "recurring": [CHANGE, BACK], "stationary": []}
# each learning rate is the best without any answer, on seeds 100 to 102: no boost is due to it
MEMORIES: dict[str, dict[str, Any]] = {
    "both memories": {"learning_rate": 0.001},
    "network alone": {"learning_rate": 0.01, **NETWORK_ALONE},
}
_SETTINGS: dict[str, Any] = {
    "embedding_dim": 16,
    "hidden_dim": 32,
    "history_length": 10,
    "replay_ratio": 4,
    "min_events": 200,
}
TWIN = ("never", "none")
ARMS = (TWIN, *(("adwin", answer) for answer in ADAPTATIONS[1:]), ("always", "all"))


@dataclass(frozen=True)
class Run:
    """Whether each event was a hit, and the numbers of the events that rang."""

    hits: NDArray[np.bool_]
    alarms: list[int]


def stream_of(kind: str, seed: int) -> tuple[Catalog, list[Feedback]]:
    """The items, and the clicks in time order."""
    world = recurring_tastes(seed, n_slices=2, events_per_slice=LENGTH, conflict=True)
    place = np.arange(LENGTH)
    share_of_b = {
        "sudden": place >= CHANGE,
        "gradual": np.clip((place - CHANGE) / 250, 0, 1),
        "recurring": (place >= CHANGE) & (place < BACK),
        "stationary": np.zeros(LENGTH),
    }[kind]
    is_b = np.random.default_rng([seed, 2]).random(LENGTH) < share_of_b
    seasons = [list(slice_) for slice_ in world.slices]
    clicks = [seasons[int(b)][n] for n, b in enumerate(is_b)]
    return world.catalog, [Feedback(c.user, c.item, time=600.0 * n) for n, c in enumerate(clicks)]


def go_on(rec: Recommender, clicks: Sequence[Feedback]) -> tuple[Run, Recommender | None]:
    """A list, then the click that tests it and is learned; and a copy of the learner when it first rang."""
    hits, alarms, rang = [], [], None
    for click in clicks:
        shown = rec.recommend(click.user, k=10, exclude_seen=False, reasons=False).items
        update = rec.learn_one(Feedback(click.user, click.item, time=click.time, shown=shown))
        hits.append(click.item in shown)
        if update.alarm:
            rang = rang or twin_of(rec)
            alarms.append(update.n_events)
    return Run(np.array(hits), alarms), rang


def twin_of(rec: Recommender, **changed: Any) -> Recommender:
    """The same learner again, with some settings changed, that goes on from here."""
    settings = rec.settings() | changed
    return Recommender.from_saved(
        rec.catalog, rec.kinds, rec.seed, False, settings, rec.features, rec.get_state()
    )


def lives(kind: str, seed: int, arms: Sequence[tuple[str, str]], settings: Mapping[str, Any]) -> list[Run]:
    """The life of each arm. Who answers is their twin until the first alarm, and goes on from there."""
    catalog, clicks = stream_of(kind, seed)
    twins = {}
    for detector in dict.fromkeys(arm[0] for arm in arms if arm != TWIN):
        twins[detector] = go_on(Recommender(catalog, seed=seed, detector=detector, **settings), clicks)
        print(".", end="", file=sys.stderr, flush=True)
    found = []
    for detector, answer in arms:
        if (detector, answer) == TWIN:  # alarms that nobody answers change nothing
            found.append(Run(next(iter(twins.values()))[0].hits, []))
            continue
        twin, rang = twins[detector]
        if rang is None:
            found.append(twin)
            continue
        first = twin.alarms[0]
        rest, _ = go_on(twin_of(rang, adaptation=answer), clicks[first:])
        found.append(Run(np.concatenate([twin.hits[:first], rest.hits]), [first, *rest.alarms]))
    return found


def delays(kind: str, alarms: Sequence[int]) -> tuple[list[int], int]:
    """Events from each change to its first alarm, of those answered; and how many other alarms there were."""
    changes = CHANGES[kind]
    found = []
    for change, end in zip(changes, [*changes, LENGTH][1:], strict=True):
        first = next((alarm for alarm in alarms if change < alarm <= end), None)
        if first is not None:
            found.append(first - change)
    return found, len(alarms) - len(found)


def interval(values: NDArray[np.float64], digits: int) -> str:
    """The mean and half of its 95 % t interval."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():+.{digits}f} ± {half:.{digits}f}"


def table(kind: str, runs: Mapping[tuple[str, str], list[Run]]) -> list[str]:
    """One line for each arm."""
    twin = runs[TWIN]
    lines = []
    for arm, done in runs.items():
        times = [delays(kind, run.alarms) for run in done]
        found = [delay for some, _ in times for delay in some]
        n_changes = len(CHANGES[kind]) * len(done)
        rate = np.mean([run.hits[WARM:].mean() for run in done])
        pairs = list(zip(done, twin, strict=True))
        saved = np.array([run.hits[CHANGE:].sum() - other.hits[CHANGE:].sum() for run, other in pairs], float)
        gain = np.array([run.hits[WARM:].mean() - other.hits[WARM:].mean() for run, other in pairs])
        delay = f"{np.median(found):.0f}" if found else "–"
        cells = [kind, " / ".join(arm), f"{rate:.3f}"]
        cells += ["", ""] if arm == TWIN else [interval(saved, 1), interval(gain, 4)]
        false = sum(others for _, others in times) / len(done)
        cells += [f"{len(found)} of {n_changes}", delay, f"{false:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=[1, 6], help="first and last")
    parser.add_argument("--kinds", nargs="+", choices=list(CHANGES), default=list(CHANGES))
    parser.add_argument("--memories", nargs="+", choices=list(MEMORIES), default=list(MEMORIES)[:2])
    parser.add_argument("--rate", type=float, help="learning rate, to choose it")
    given = parser.parse_args()
    for memory in given.memories:
        settings = _SETTINGS | MEMORIES[memory] | ({"learning_rate": given.rate} if given.rate else {})
        print(f"\n{memory}\n\n| stream | alarm / answer | HR@10 | saved | all | found | delay | false |")
        print("|---|---|---|---|---|---|---|---|")
        # without the fast memory the gate is not asked: its answer is none
        arms = [arm for arm in ARMS if "network alone" not in memory or arm[1] != "gate"]
        for kind in given.kinds:
            seeds = range(given.seeds[0], given.seeds[1] + 1)
            by_seed = [lives(kind, seed, arms, settings) for seed in seeds]
            runs = {arm: [found[place] for found in by_seed] for place, arm in enumerate(arms)}
            print("\n".join(table(kind, runs)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
