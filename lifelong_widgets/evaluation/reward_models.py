"""Models of what an item brings at the first place, for the direct method and doubly robust estimates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lifelong_widgets.data import Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration import ImpressionLog, LinearPosterior
from lifelong_widgets.exploration.last_layer import Features
from lifelong_widgets.intervals import Numbers

RewardModel = Callable[[Id, Sequence[Id]], Numbers]
"""Of a person and n items (n,): what each is expected to bring at the first place."""


class ItemRates:
    """What each item brought on average at the first place, drawn towards the mean of all.

    ``q̂(a) = (Σ r + m r̄) / (n_a + m)``; it knows nothing of people.

    Args:
        log: what it learns from.
        shrinkage: m, in impressions.

    Raises:
        DataError: an empty log.

    >>> from lifelong_widgets.exploration import Impression
    >>> log = ImpressionLog([Impression("u", ("a",), (0.5,), 1), Impression("v", ("b",), (0.5,))])
    >>> ItemRates(log, shrinkage=1.0)("w", ["a", "b", "new"]).tolist()
    [0.75, 0.25, 0.5]
    """

    def __init__(self, log: ImpressionLog, shrinkage: float = 10.0) -> None:
        if not len(log):
            raise DataError("the log has no impressions to learn rewards from")
        sums: dict[Id, list[float]] = {}
        for row in log:
            sums.setdefault(row.slate[0], []).append(row.reward_at(1))
        self._mean = sum(map(sum, sums.values())) / len(log)
        self._rates = {
            item: (sum(rewards) + shrinkage * self._mean) / (len(rewards) + shrinkage)
            for item, rewards in sums.items()
        }

    def __call__(self, user: Id, items: Sequence[Id]) -> Numbers:
        """(n,); the mean of all for an item that was never first."""
        return np.array([self._rates.get(item, self._mean) for item in items], dtype=np.float64)


class LinearRewards:
    """Ridge regression of rewards at the first place on features of person and item, such as `LastLayer`.

    Args:
        log: what it learns from.
        features: of a person and n items, (n, d).
        prior_precision: λ of the `LinearPosterior`.

    Raises:
        DataError: an empty log.

    >>> from lifelong_widgets.exploration import Impression
    >>> log = ImpressionLog([Impression("u", ("a",), (0.5,), 1), Impression("v", ("b",), (0.5,))] * 50)
    >>> def is_a(user, items):
    ...     return np.array([[1.0, item == "a"] for item in items], dtype=float)
    >>> LinearRewards(log, is_a)("w", ["a", "b"]).round(1).tolist()
    [1.0, 0.0]
    """

    def __init__(self, log: ImpressionLog, features: Features, prior_precision: float = 1.0) -> None:
        if not len(log):
            raise DataError("the log has no impressions to learn rewards from")
        self._features = features
        rows = np.concatenate([features(row.user, row.slate[:1]) for row in log])
        self._posterior = LinearPosterior(rows.shape[1], prior_precision)
        self._posterior.learn(rows, np.array([row.reward_at(1) for row in log]))

    def __call__(self, user: Id, items: Sequence[Id]) -> Numbers:
        """(n,)."""
        return self._posterior.expected(self._features(user, items))


def cross_fitted(
    log: ImpressionLog, fit: Callable[[ImpressionLog], RewardModel], folds: int = 5, seed: int = 0
) -> RewardModel:
    """A reward model that predicts nobody from what they did: people are in folds, predicted by the others.

    Without it a model knows the very rewards that it is to correct, and the estimate is biased.

    Source: V. Chernozhukov et al., "Double/debiased machine learning for treatment and structural
    parameters", The Econometrics Journal, 2018.

    Args:
        log: what to learn from, and whose people are predicted.
        fit: makes a model of a part of the log, such as `ItemRates`.
        folds: how many, at least 2; not more than there are people.
        seed: of who is in which fold.

    Raises:
        DataError: fewer than two people or folds.

    >>> from lifelong_widgets.exploration import Impression
    >>> log = ImpressionLog([Impression("u", ("a",), (0.5,), 1), Impression("v", ("a",), (0.5,))])
    >>> model = cross_fitted(log, ItemRates)
    >>> model("u", ["a"]).tolist(), model("v", ["a"]).tolist()  # each by what the other did
    ([0.0], [1.0])
    """
    people = list(dict.fromkeys(row.user for row in log))
    if len(people) < 2 or folds < 2:
        raise DataError(f"cross-fitting needs two people and two folds, not {len(people)} and {folds}")
    folds = min(folds, len(people))
    places = np.random.default_rng(seed).permutation(len(people)) % folds
    fold_of = dict(zip(people, places.tolist(), strict=True))
    models = [fit(ImpressionLog(row for row in log if fold_of[row.user] != fold)) for fold in range(folds)]

    def predict(user: Id, items: Sequence[Id]) -> Numbers:
        if user not in fold_of:
            raise DataError(f"the user {user!r:.80} is not in the log that the model was cross-fitted on")
        model: RewardModel = models[fold_of[user]]
        return model(user, items)

    return predict
