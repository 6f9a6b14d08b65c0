"""item2vec: items that people take near each other lie near each other."""

from __future__ import annotations

from lifelong_widgets.data import Interactions
from lifelong_widgets.data.ids import Id
from lifelong_widgets.featurizers.base import Array, unit_rows
from lifelong_widgets.featurizers.behavior import BehaviorFeaturizer, positive
from lifelong_widgets.featurizers.word2vec import train_word2vec

EVENTS_READ = 4_000_000
"""About 20 seconds of training."""


class Item2VecFeaturizer(BehaviorFeaturizer):
    """Word2Vec in which a person's positive events, in the order of time, are a sentence of items.

    Barkan & Koenigstein (2016), "Item2Vec: neural item embedding for collaborative filtering". Needs gensim.

    Args:
        n_behavior_components: The width of the output.
        window: How many events before and after one are its context.
        epochs: How many times the log is read; None: until `EVENTS_READ` events were, 5 to 100 times. A short
            log needs more.
        seed: Of the training.

    Raises:
        MissingExtraError: (from `fit` with a log) gensim is not installed.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_records([{"item": "salt"}, {"item": "pepper"}, {"item": "soap"}])
        >>> log = Interactions.from_pandas(pd.DataFrame({
        ...     "user": ["ada", "ada", "bob", "bob"], "item": ["salt", "pepper"] * 2, "time": range(4)}))
        >>> rows = Item2VecFeaturizer(n_behavior_components=4).fit(list(shelf), log).transform(list(shelf))
        >>> rows.shape, np.linalg.norm(rows, axis=1).round(3).tolist()
        ((3, 4), [1.0, 1.0, 0.0])
    """

    def __init__(
        self, n_behavior_components: int = 32, window: int = 5, epochs: int | None = None, seed: int = 0
    ) -> None:
        self.n_behavior_components = n_behavior_components
        self.window = window
        self.epochs = epochs
        self.seed = seed

    def _width(self) -> int:
        return self.n_behavior_components

    def _read(self, log: Interactions) -> tuple[list[Id], Array]:
        log = positive(log)
        sentences: list[list[str]] = [[] for _ in log.users]
        for user, item in zip(log.user_codes.tolist(), log.item_codes.tolist(), strict=True):
            sentences[user].append(str(item))
        epochs = self.epochs or min(max(EVENTS_READ // max(len(log), 1), 5), 100)
        codes, vectors = train_word2vec(
            sentences, self.n_behavior_components, self.seed, window=self.window, epochs=epochs
        )
        return [log.items[int(code)] for code in codes], unit_rows(vectors)
