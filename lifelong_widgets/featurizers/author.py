"""An item by its author, and an author by who takes their works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

import numpy as np

from lifelong_widgets.data import Interactions, Item, SocialGraph
from lifelong_widgets.data.ids import LONGEST_ID, Id, twin
from lifelong_widgets.featurizers.behavior import directions, positive
from lifelong_widgets.featurizers.table import TableFeaturizer
from lifelong_widgets.featurizers.walks import embed_nodes


class AuthorFeaturizer(TableFeaturizer):
    """The node embedding of an item's author in the graph of people and the authors they take.

    A person has an edge to each author of whose items they took some, as heavy as they took often; authors
    who take things themselves are the same node as that person. Random walks on that graph and Word2Vec make
    the vectors (`walks.embed_nodes`; needs gensim), so a *new* item has the row of its author at once. Items
    without an author, and authors of whom nobody took anything, are rows of zeros.

    Args:
        n_social_components: The width of the output.
        author_column: The text column that names the author.
        seed: Of walks and training.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shop = Catalog.from_records(
        ...     [{"item": 1, "author": "Woolf"}, {"item": 2, "author": "Woolf"}, {"item": 3}], text="author")
        >>> log = Interactions.from_pandas(pd.DataFrame({"user": ["ada", "bob"], "item": 1, "time": [1, 2]}))
        >>> rows = AuthorFeaturizer(n_social_components=4).fit(list(shop), log).transform(list(shop))
        >>> bool((rows[0] == rows[1]).all()), rows.shape, rows[2].tolist()
        (True, (3, 4), [0.0, 0.0, 0.0, 0.0])
    """

    keys_are = "authors"

    def __init__(self, n_social_components: int = 32, author_column: str = "author", seed: int = 0) -> None:
        self.n_social_components = n_social_components
        self.author_column = author_column
        self.seed = seed

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Embed the authors of `items` by the log `y`; without one, all rows are zeros."""
        authors: list[str] = []
        rows = known = np.zeros((0, self.n_social_components), dtype=np.float32)
        if y is not None and len(y):
            log = positive(y)
            people = set(log.users)
            names = {item.id: name for item in items if (name := self._key(item))}
            by_item = [names.get(id) for id in log.items]
            counts: Counter[tuple[Id, str]] = Counter()
            for user, item in zip(log.user_codes.tolist(), log.item_codes.tolist(), strict=True):
                if (name := by_item[item]) is not None:
                    counts[log.users[user], name] += 1
            graph = SocialGraph()
            for (user, name), count in counts.items():
                node = _node(name, people)
                if node != user:  # one's own works say nothing of others
                    graph.add(user, node, count)
            nodes, vectors = embed_nodes(graph, self.n_social_components, self.seed)
            place = {node: number for number, node in enumerate(nodes)}
            authors = sorted(name for name in set(names.values()) if _node(name, people) in place)
            rows = vectors[[place[_node(name, people)] for name in authors]]
            taken: Counter[str] = Counter()
            for (_, name), count in counts.items():
                taken[name] += count
            weights = np.array([taken[name] for name in authors], dtype=np.float64)
            known = rows * np.sqrt(weights)[:, None]  # a label shall say something
        labels = [f"author: {label}" for label in directions(known, authors, {})]
        return self.set_state({"authors": authors, "rows": rows, "names": labels})

    def _key(self, item: Item) -> str:
        return item.texts.get(self.author_column, "").strip()[:LONGEST_ID]


def _node(author: str, people: set[Id]) -> Id:
    """What the author is called in the graph: as in the log, if they are in it."""
    other = twin(author)
    return other if other is not None and other in people else author
