"""A recommender that tries things, and writes down how likely each was."""

from __future__ import annotations

import inspect
import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import html_table, shorten
from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration.candidates import Candidates
from lifelong_widgets.exploration.impressions import Impression
from lifelong_widgets.exploration.last_layer import Features
from lifelong_widgets.exploration.linear_policies import LinearPolicy
from lifelong_widgets.exploration.policy import Policy
from lifelong_widgets.recommendations import check_k
from lifelong_widgets.recommender import Recommender


class Scored(Protocol):
    """What a recommender answers with: ids and their scores, best first."""

    @property
    def items(self) -> Sequence[Id]:
        """The ids."""

    @property
    def scores(self) -> Sequence[float]:
        """Their scores."""


class Recommends(Protocol):
    """What can be explored: `Recommender`, any baseline, or yours."""

    def recommend(self, user: Id, k: int, exclude_seen: bool) -> Scored:
        """The best `k` items for `user`."""


@dataclass(frozen=True)
class ExploredList:
    """A slate, with what is needed to learn from it honestly. Draws itself as a table in a notebook.

    Attributes:
        user: for whom.
        items: the ids, from the top.
        scores: what the recommender gives them.
        propensities: of each, the probability of this choice given those above it.
        explored: of each, whether the recommender itself would have put another item there.
        pool: the candidates, best first.
        first: of each candidate, the probability to be put first.
    """

    user: Id
    items: tuple[Id, ...]
    scores: tuple[float, ...]
    propensities: tuple[float, ...]
    explored: tuple[bool, ...]
    pool: tuple[Id, ...]
    first: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.items)

    def impression(self, clicked: Id | None = None, reward: float | None = None) -> Impression:
        """What to log once the person has answered.

        Args:
            clicked: the *item* that was clicked, or None.
            reward: what it was worth; 1 by default.

        Raises:
            DataError: the item is not in the list, the list is empty, or a reward without a click.
        """
        if clicked is not None and clicked not in self.items:
            raise DataError(f"{clicked!r:.80} was clicked, but the list holds {len(self)} other items")
        position = None if clicked is None else self.items.index(clicked) + 1
        return Impression(self.user, self.items, self.propensities, position, reward, self.pool, self.first)

    def __repr__(self) -> str:
        n = sum(self.explored)
        lines = [f"{len(self)} recommendations for {self.user!r}, {n} explored"]
        for rank, (item, score, propensity, explored) in enumerate(self._rows(), 1):
            mark = "explored" if explored else ""
            lines.append(
                f"{rank:>4}  {shorten(str(item), 40):<20}  {score:>7.3f}  p {propensity:.3f}  {mark}".rstrip()
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = (
            (rank, item, f"{score:.3f}", f"{propensity:.3f}", "explored" if explored else "")
            for rank, (item, score, propensity, explored) in enumerate(self._rows(), 1)
        )
        return html_table(f"For {self.user}", ("", "item", "score", "propensity", ""), rows)

    def _rows(self) -> list[tuple[Id, float, float, bool]]:
        return list(zip(self.items, self.scores, self.propensities, self.explored, strict=True))


class Explorer:
    """Slates out of a recommender's best, by a policy whose propensities are kept.

    Only the best `pool` items can be shown, so a log tells nothing of others. The same calls with the same
    seed give the same slates; a call moves the random state and nothing else.

    A `Recommender` with ``adaptation="exploration"`` or ``"all"`` widens the policy after a drift alarm, for
    as many events as it says (see `drift.factors`). The propensities are those of the widened policy.

    Args:
        recommender: anything with ``recommend(user, k, exclude_seen)`` that answers items and scores.
        policy: how to choose.
        pool: how many candidates there are, at least as many as a slate has places.
        seed: of all choices.
        features: for a linear policy: of a person and n items (n, d), such as `LastLayer`.

    Raises:
        DataError: a pool or seed that is none, or a linear policy without features.

    >>> import pandas as pd
    >>> from lifelong_widgets.data import Catalog
    >>> from lifelong_widgets.exploration import EpsilonGreedy, ImpressionLog
    >>> from lifelong_widgets.recommender import Recommender
    >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
    >>> explorer = Explorer(Recommender(shelf, embedding_dim=8), EpsilonGreedy(0.3), pool=3)
    >>> shown = explorer.recommend("ada", k=2)
    >>> [round(p, 2) for p in shown.propensities], shown.explored
    ([0.8, 0.85], (False, False))
    >>> log = ImpressionLog([shown.impression(clicked=shown.items[1])])
    >>> log[0].clicked
    2
    """

    def __init__(
        self,
        recommender: Recommends,
        policy: Policy,
        pool: int = 100,
        seed: int = 0,
        features: Features | None = None,
    ) -> None:
        try:
            self.pool = check_k(pool)
        except DataError:
            raise DataError(f"pool is {pool!r:.80}; it must be a whole number of at least 1") from None
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise DataError(f"seed is {seed!r:.80}; it must be a whole number of at least 0")
        if policy.needs_features and features is None:
            raise DataError(
                f"{policy!r} reads features; give features=LastLayer(recommender), or a function of yours "
                "that returns (n, d) for a person and n items"
            )
        self.recommender, self.policy, self.features = recommender, policy, features
        self._seed = int(seed)
        self._rng = np.random.default_rng(seed)
        recommend: Callable[..., Scored] = recommender.recommend
        if "reasons" in inspect.signature(recommend).parameters:
            recommend = partial(recommend, reasons=False)  # a pass of the network less
        self._recommend = recommend

    @property
    def policy_now(self) -> Policy:
        """What chooses at this moment: `policy`, or wider, while the recommender answers an alarm."""
        if not isinstance(self.recommender, Recommender):
            return self.policy
        rec = self.recommender
        factor = rec.drift.factors(rec.n_events).exploration
        return self.policy if factor == 1.0 else self.policy.widened(factor)

    def recommend(self, user: Id, k: int = 10, exclude_seen: bool = True) -> ExploredList:
        """A slate of `k` items, from the top.

        Args:
            user: for whom.
            k: how many; fewer come back if the recommender has no more.
            exclude_seen: leave out what the person has consumed.

        Raises:
            DataError: `k` is not a whole number of at least 1, or larger than the pool.
        """
        k = check_k(k)
        if k > self.pool:
            raise DataError(
                f"k is {k}, but the pool has {self.pool} candidates; Explorer(…, pool={k}) or more"
            )
        candidates = self.candidates(user, exclude_seen)
        if candidates is None:
            return ExploredList(user, (), (), (), (), (), ())
        slate = self.policy_now.draw(candidates, k, self._rng)
        return ExploredList(
            user,
            tuple(candidates.items[place] for place in slate.places),
            tuple(float(candidates.scores[place]) for place in slate.places),
            slate.propensities,
            tuple(place != candidates.best(slate.places[:depth]) for depth, place in enumerate(slate.places)),
            candidates.items,
            tuple(slate.first.tolist()),
        )

    def candidates(self, user: Id, exclude_seen: bool = True) -> Candidates | None:
        """What a slate for `user` would be drawn from now, or None if there is nothing."""
        ranked = self._recommend(user, k=self.pool, exclude_seen=exclude_seen)
        if not len(ranked.items):
            return None
        features = None if self.features is None else self.features(user, ranked.items)
        return Candidates(ranked.items, ranked.scores, features)

    def distribution(self, user: Id, exclude_seen: bool = True) -> dict[Id, float]:
        """The probability of each candidate to be put first for `user` now; the random state stays.

        This is what `evaluation.off_policy_report` asks of a target.
        """
        candidates = self.candidates(user, exclude_seen)
        if candidates is None:
            return {}
        first = self.policy_now.probabilities(candidates, self._rng_for(user))
        return dict(zip(candidates.items, first.tolist(), strict=True))

    def propensities(self, user: Id, slate: Sequence[Id], exclude_seen: bool = True) -> tuple[float, ...]:
        """How likely this explorer would put each item of a slate there, given those above it; 0 if never."""
        candidates = self.candidates(user, exclude_seen)
        place_of = {} if candidates is None else {item: place for place, item in enumerate(candidates.items)}
        known = [place_of[item] for item in itertools.takewhile(place_of.__contains__, slate)]
        chances: tuple[float, ...] = ()
        if candidates is not None:
            chances = self.policy_now.propensities(candidates, known, self._rng_for(user))
        return chances + (0.0,) * (len(slate) - len(known))  # what follows an impossible choice has no chance

    def learn(self, impression: Impression) -> None:
        """Teach the policy an answer, before the recommender learns it: features are read as they are now.

        What was looked at is what a cascade says: everything down to the click, or all where there was none
        (B. Kveton et al., "Cascading bandits", ICML 2015). A policy that
        reads scores only has nothing to learn.
        """
        if self.features is None or not isinstance(self.policy, LinearPolicy):
            return
        seen = impression.slate[: impression.clicked]
        rewards = np.array([impression.reward_at(position) for position in range(1, len(seen) + 1)])
        self.policy.learn(self.features(impression.user, seen), rewards)

    def _rng_for(self, user: Id) -> np.random.Generator:
        return np.random.default_rng([self._seed, zlib.crc32(repr(user).encode())])

    def __repr__(self) -> str:
        return f"Explorer({self.policy!r}, pool={self.pool})"
