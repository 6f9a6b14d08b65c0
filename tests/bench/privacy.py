"""``python -m tests.bench.privacy``: what differential privacy costs on MovieLens-100K, and what it buys."""

from __future__ import annotations

import argparse
import json
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import lifelong_widgets as lw
from lifelong_widgets.errors import PrivacyWarning
from lifelong_widgets.evaluation import hit_rate, prequential
from lifelong_widgets.memory import GROUPS, NETWORK_ALONE
from tests.bench import logs

EPSILONS = (8.0, 3.0, 1.0)
PLANS: dict[str, dict[str, Any]] = {
    "example": {"epochs": 5, "sampling_rate": 0.05},
    "person": {"epochs": 10, "sampling_rate": 0.1},
}
"""The epochs of a private fit, and how likely an example, or a person, takes part in each of its steps."""

SEQUENCES = ("neighbors", "successors", "linear")
"""The groups that keep what single people took beside and after what."""

LEARNING: dict[str, Any] = {"fit_learning_rate": 0.003, "clipping_norm": 0.5, "replay_ratio": 0}


def settings() -> dict[str, dict[str, Any]]:
    """What is compared, by name."""
    found: dict[str, dict[str, Any]] = {"whole": {}, "network alone": dict(NETWORK_ALONE)}
    for unit, plan in PLANS.items():
        private = lw.privacy.private_settings(unit, epsilon=None, **plan)
        found[f"{unit}, clipped, no noise"] = {**private, **LEARNING, "noise_multiplier": 0.0}
        for epsilon in EPSILONS:
            for uses in (0, 1) if unit == "example" and epsilon == EPSILONS[0] else (0,):
                private = lw.privacy.private_settings(unit, epsilon=epsilon, uses=uses, **plan)
                after = "each event once" if uses else "nothing"
                found[f"{unit}, epsilon {epsilon:g}, online {after}"] = {**private, **LEARNING}
    return found


def parts() -> dict[str, dict[str, Any]]:
    """What is left out of a recommender that keeps nothing private, or stands beside its network, by name."""
    found: dict[str, dict[str, Any]] = {"whole": {}}
    found |= {f"without {group}": {f"use_{group}": False} for group in GROUPS}
    found[f"without {', '.join(SEQUENCES)}"] = {f"use_{group}": False for group in SEQUENCES}
    found["without these and personal weights"] = {
        **found[f"without {', '.join(SEQUENCES)}"],
        "personal_learning_rate": 0.0,
    }
    found["without personal weights"] = {"personal_learning_rate": 0.0}
    found["without item bias"] = {"item_bias_learning_rate": 0.0}
    found["without replayed lists"] = {"gate_replay_ratio": 0}
    beside = (group for group in GROUPS if group != "network")
    found |= {f"network and {group}": {**NETWORK_ALONE, f"use_{group}": True} for group in beside}
    return {**found, "network alone": dict(NETWORK_ALONE)}


def price(log: logs.Log, name: str, given: dict[str, Any], n_online: int) -> dict[str, Any]:
    """HR@10 over the `n_online` events after the first fifth, which is fitted."""
    n = len(log.events) // 5
    rec = lw.Recommender(log.catalog.subset(log.catalog.ids), log.events.kinds, **given)
    start = time.perf_counter()
    rec.fit(log.events[:n], progress=False)
    fitted, noise = time.perf_counter() - start, rec.privacy.noise_multiplier if rec.privacy.on else None
    after_fit, learners = rec.privacy.epsilon, {"live": rec}
    if not name.endswith("nothing"):  # else the live one is frozen, too
        learners["frozen"] = rec.frozen_twin()
    report = prequential(learners, log.events[n : n + n_online], warm_up=n, progress=False)
    return {
        "name": name,
        "noise": noise,
        "epsilon_of_fit": after_fit,
        "epsilon": rec.privacy.epsilon,
        "live": hit_rate(report.ranks["live"]),
        "frozen": hit_rate(report.ranks.get("frozen", report.ranks["live"])),
        "fit_seconds": fitted,
        "seconds": time.perf_counter() - start,
    }


def attacked(log: logs.Log, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """How well half of the people of the first fifth, which are fitted, are told from the other half."""
    return {"name": name, **_found(log, log.events[: len(log.events) // 5], given)}


def _found(log: logs.Log, events: lw.Interactions, given: dict[str, Any]) -> dict[str, Any]:
    inside = np.random.default_rng(0).permutation(len(events.users)) < len(events.users) // 2
    members, others = (events.take(inside[events.user_codes] == side) for side in (True, False))
    rec = lw.Recommender(log.catalog.subset(log.catalog.ids), log.events.kinds, **given)
    rec.fit(members, progress=False)
    report = lw.privacy.audit(rec, members, others, max_events=2000)
    found: dict[str, Any] = {"people": report["loss", "people"].n_members}
    for attack in report.attacks:
        numbers = attack.auc, attack.low, attack.high, attack.tpr
        found[f"{attack.name}, {attack.level}"] = [round(number, 4) for number in numbers]
    return found


class Leaks:
    """What each part gives away, and what it is worth: rows of one fifth of a log, each beside the whole.

    Args:
        log: whose fifth.
        fifth: that is fitted, from 0.
        n_online: how many of the events after it are tested, and then learned.
    """

    def __init__(self, log: logs.Log, fifth: int, n_online: int) -> None:
        n = len(log.events) // 5
        self._log, self._fifth, self._n_online = log, fifth, n_online
        self._fitted = log.events[n * fifth : n * (fifth + 1)]
        self._tested = log.events[n * (fifth + 1) : n * (fifth + 1) + n_online]
        self._ranks: np.ndarray | None = None

    def row(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """HR@10 learned online, how far it is from that of the first row asked for, and what is found."""
        rec = lw.Recommender(self._log.catalog.subset(self._log.catalog.ids), self._fitted.kinds, **given)
        rec.fit(self._fitted, progress=False)
        report = prequential({"live": rec}, self._tested, warm_up=len(self._fitted), progress=False)
        ranks = report.ranks["live"]
        found: dict[str, Any] = {"name": name, "fifth": self._fifth, "live": hit_rate(ranks)}
        if self._ranks is None:
            self._ranks = ranks
        else:
            both = replace(report, ranks={name: ranks, "whole": self._ranks})
            worth = both.compare(name, "whole")["HR@10"].difference
            found["difference"] = [round(number, 4) for number in (worth.value, worth.low, worth.high)]
        return {**found, **_found(self._log, self._fitted, given)}


def main() -> None:
    """Print a line of JSON for each row, and keep them in a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.privacy", description=__doc__)
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--online", type=int, default=5000, help="events after the fit")
    parser.add_argument("--what", choices=["price", "attack", "both", "parts"], default="both")
    parser.add_argument("--fifth", type=int, default=0, help="of the log, for --what parts: what is fitted")
    parser.add_argument("--json", type=Path, help="a file that a line is appended to for each row")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", PrivacyWarning)  # who has spent the budget: that is the plan
    log = logs.load("movielens-100k")
    leaks = Leaks(log, asked.fifth, asked.online) if asked.what == "parts" else None
    for name, given in (parts() if leaks else settings()).items():
        if asked.only not in name:
            continue
        rows = []
        if leaks:
            rows.append(leaks.row(name, given))
        elif asked.what != "attack":
            rows.append(price(log, name, given, asked.online))
        if asked.what in ("attack", "both") and "each event" not in name:
            rows.append(attacked(log, name, given))
        for row in rows:
            print(json.dumps(row), flush=True)
            if asked.json:
                with asked.json.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
