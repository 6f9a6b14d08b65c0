"""Many small logs of a `ClickWorld` as arrays: a policy's table of probabilities is asked for once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.evaluation import Estimate
from lifelong_widgets.evaluation.off_policy import average, direct_method, doubly_robust, ips, snips
from lifelong_widgets.exploration import EpsilonGreedy, Explorer, Policy, Softmax
from lifelong_widgets.simulation import ClickWorld

Numbers = NDArray[np.float64]


def table_of(world: ClickWorld, policy: Policy, noise: float) -> Numbers:
    """(people, items): how likely each item is first."""
    explorer = Explorer(world.scorer(noise), policy)
    distributions = [explorer.distribution(person) for person in world.people]
    return np.array([[chances[item] for item in world.items] for chances in distributions])


@dataclass
class Setting:
    """A world, the policy of its log, a target, and a model of the reward that is good but not true."""

    world: ClickWorld
    logging: Numbers
    target: Numbers
    model: Numbers

    @property
    def truth(self) -> float:
        return float((self.target * self.world.clicks).sum(axis=1).mean())

    def draw(self, seed: int, n_users: int = 150, each: int = 4) -> Log:
        rng = np.random.default_rng(seed)
        users = np.repeat(np.arange(n_users), each)
        rows = np.repeat(rng.integers(len(self.logging), size=n_users), each)
        bounds = self.logging[rows].cumsum(axis=1)
        bounds[:, -1] = 1.0
        chosen = (rng.random((len(rows), 1)) > bounds).sum(axis=1)
        rewards = (rng.random(len(rows)) < self.world.clicks[rows, chosen]).astype(np.float64)
        return Log(self, users, rows, chosen, rewards)


@dataclass
class Log:
    """One log: whose impressions, rows of the tables, what was shown, and whether it was clicked."""

    setting: Setting
    users: NDArray[np.int64]
    rows: NDArray[np.int64]
    chosen: NDArray[np.int64]
    rewards: Numbers

    def estimates(self, model: Numbers | None = None, interval: str = "bootstrap") -> dict[str, Estimate]:
        here, users = self.setting, self.users.tolist()
        logged, target = here.logging[self.rows, self.chosen], here.target[self.rows, self.chosen]
        missing = float(np.where(here.logging > 0, 0.0, here.target)[self.rows].sum(axis=1).mean())
        model = here.model if model is None else model
        predicted = model[self.rows, self.chosen]
        expected = (here.target * model).sum(axis=1)[self.rows]
        both = {"missing": missing, "interval": interval}
        return {
            "average": average(self.rewards, users, interval=interval),  # type: ignore[arg-type]
            "IPS": ips(self.rewards, logged, target, users, **both),  # type: ignore[arg-type]
            "IPS, clipped at 3": ips(self.rewards, logged, target, users, clip=3.0, **both),  # type: ignore[arg-type]
            "SNIPS": snips(self.rewards, logged, target, users, **both),  # type: ignore[arg-type]
            "direct method": direct_method(expected, users, interval=interval),  # type: ignore[arg-type]
            "doubly robust": doubly_robust(
                self.rewards,
                logged,
                target,
                predicted,
                expected,
                users,
                **both,  # type: ignore[arg-type]
            ),
        }


def settings(n_people: int = 400) -> dict[str, Setting]:
    """Targets that are near to, and far from, what was logged; and one that the log cannot answer for."""
    world = ClickWorld(n_people, n_items=12, seed=3)
    model = np.clip(world.clicks + np.random.default_rng(5).normal(size=world.clicks.shape) * 0.05, 0, 1)
    warm = table_of(world, Softmax(1.0), noise=1.0)
    mixed = table_of(world, EpsilonGreedy(0.3), noise=1.0)
    every_other = np.tile([2.0 / 12, 0.0], 6)[None].repeat(n_people, axis=0)
    best = table_of(world, EpsilonGreedy(0.0), noise=0.0)
    return {
        "near": Setting(world, warm, table_of(world, Softmax(0.5), noise=0.5), model),
        "far": Setting(world, mixed, best, model),
        "no support": Setting(world, every_other, best, model),
    }
