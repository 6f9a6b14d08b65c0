"""What the last layer of a recommender's network sees: the parts whose sum is its score."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from lifelong_widgets.data import Id
from lifelong_widgets.exploration.candidates import Numbers
from lifelong_widgets.models import PairHead, Product, one_thread
from lifelong_widgets.recommender import Recommender

Features = Callable[[Id, Sequence[Id]], Numbers]
"""Of a person and n items: (n, d), float64."""


class LastLayer:
    """Features of a person and an item for a linear policy: a one, the network's score, and its parts.

    ``x = [1, u·i, √d û ∘ î]``, with û and î the vectors of the last layer at length 1: the parts of their
    cosine, coordinate by coordinate, scaled so that a row of them has a length of about 1 in every model and
    ``prior_precision`` means the same. Where the head is no product of two vectors but has hidden units for
    each pair, it is ``x = [1, score, ĥ]`` with these units at length 1. A linear policy on x finds weights
    that predict *rewards*, and knows how sure it is of them. The features move as the recommender learns, and
    a posterior over their weights lags behind.

    Source: the "neural-linear" bandit of C. Riquelme, G. Tucker and J. Snoek, "Deep Bayesian bandits
    showdown", ICLR 2018, on products of the two vectors.

    Attributes:
        dim: the number of features, two more than ``embedding_dim``, or than ``hidden_dim``.

    >>> import pandas as pd
    >>> from lifelong_widgets.data import Catalog
    >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2], "title": ["Ant", "Bee"]}))
    >>> from lifelong_widgets.memory import NETWORK_ALONE
    >>> rec = Recommender(shelf, embedding_dim=8, **NETWORK_ALONE)
    >>> features = LastLayer(rec)
    >>> features.dim, features("ada", [2, 1]).shape
    (10, (2, 10))
    >>> ranked = rec.recommend("ada", k=2)
    >>> np.allclose(features("ada", ranked.items)[:, 1], ranked.scores, atol=1e-5)
    True
    """

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender
        network = recommender.network
        by_pairs = isinstance(network.head, PairHead)
        self.dim = 2 + (network.hidden_dim if by_pairs else network.embedding_dim)

    @one_thread()
    @torch.no_grad()
    def __call__(self, user: Id, items: Sequence[Id]) -> Numbers:
        """(n, d), float64.

        Raises:
            UnknownItemError: an item that the catalogue does not hold.
        """
        rec = self._recommender
        if len(rec.catalog) > len(rec.network.items):
            rec.recommend(user, k=1, reasons=False)  # which gives rows to items that came since
        rows = np.array([rec.index_of(item) for item in items], dtype=np.int64)
        person = rec.people.index_of(rec.known_as(user))
        query = rec.network.user_vectors(
            rec.histories.items_of(person)[None],
            rec.histories.rewards_of(person)[None],
            rec.people.rows([person]),
        )
        vectors = rec.network.item_vectors(*rec.network.items.gather(torch.from_numpy(rows)))
        head = rec.network.head
        if isinstance(head, PairHead):
            scores = head(query, vectors)[0].numpy()
            units = _unit(head.hidden(query, vectors)[0].numpy().astype(np.float64))
            return np.column_stack([np.ones(len(rows)), scores, units])
        if isinstance(head, Product):
            vectors = head.tower(vectors)
        user_vector, item_vectors = query.numpy().astype(np.float64), vectors.numpy().astype(np.float64)
        products = _unit(user_vector) * _unit(item_vectors) * np.sqrt(user_vector.shape[1])
        return np.column_stack([np.ones(len(rows)), item_vectors @ user_vector[0], products])


def _unit(rows: Numbers) -> Numbers:
    # a person who is not known yet has the vector 0, and stays there
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), dtype=np.float64)
