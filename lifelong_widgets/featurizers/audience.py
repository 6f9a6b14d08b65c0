"""An item by its audience: who takes it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.extmath import randomized_svd

from lifelong_widgets.data import Interactions
from lifelong_widgets.data.ids import Id
from lifelong_widgets.featurizers.base import Array, unit_rows
from lifelong_widgets.featurizers.behavior import BehaviorFeaturizer, positive


class AudienceFeaturizer(BehaviorFeaturizer):
    """TF-IDF over the people who take an item as its words, reduced by truncated SVD.

    Two items are alike if the same people take them; somebody who takes everything says little. Latent
    semantic analysis (Deerwester et al. 1990) of the item × person matrix of positive events. When there are
    fewer people or items than `n_behavior_components`, the columns left over are zero.

    Args:
        n_behavior_components: The width of the output.
        seed: Of the randomised SVD.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = list(Catalog.from_records([{"item": 1}, {"item": 2}, {"item": 3}, {"item": 4}]))
        >>> log = Interactions.from_pandas(pd.DataFrame({
        ...     "user": ["ada", "ada", "bob", "bob"], "item": [1, 2, 2, 3], "time": range(4)}))
        >>> rows = AudienceFeaturizer(n_behavior_components=2).fit(shelf, log).transform(shelf)
        >>> rows[2] @ rows[1] > 0.5 > rows[2] @ rows[0]
        np.True_
    """

    def __init__(self, n_behavior_components: int = 32, seed: int = 0) -> None:
        self.n_behavior_components = n_behavior_components
        self.seed = seed

    def _width(self) -> int:
        return self.n_behavior_components

    def _read(self, log: Interactions) -> tuple[list[Id], Array]:
        log = positive(log)
        rows = np.zeros((len(log.items), self.n_behavior_components))
        if len(log):
            weights = TfidfTransformer(sublinear_tf=True).fit_transform(takings(log).T)
            rank = min(self.n_behavior_components, *weights.shape)
            # not TruncatedSVD, which refuses a log of one person
            left, sizes, _ = randomized_svd(weights, rank, random_state=self.seed)
            rows[:, :rank] = left * sizes
        return list(log.items), unit_rows(rows)


def takings(log: Interactions) -> csr_array:
    """How often each person took each item: (n_users, n_items), float64."""
    counts = np.ones(len(log))
    shape = (len(log.users), len(log.items))
    matrix = csr_array((counts, (log.user_codes, log.item_codes)), shape=shape)
    matrix.sum_duplicates()
    return matrix
