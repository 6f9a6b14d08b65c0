"""Items that came after a fit and of which its features say nothing, since they were fitted on too few."""

from __future__ import annotations

from collections.abc import Sequence

from lifelong_widgets.data import Item
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.fusion import ItemFeatures
from lifelong_widgets.featurizers.text import document
from lifelong_widgets.featurizers.tokens import Tokenizer

_FEWEST = 10  # a few new items with words of their own are nothing to speak of


class UnreadItems:
    """Counts the items that have words or categories and yet a row of zeros, of those that come later.

    Args:
        features: whose rows they are.
        n_items: how many items there are now, which count as read.
        fitted: whether these are the ones that `features` were fitted on.

    Example:
        >>> from lifelong_widgets.featurizers import FeatureSettings
        >>> features = FeatureSettings().make(seed=0).fit([])
        >>> shelf = [Item(number, "red lamp") for number in range(12)]
        >>> said = UnreadItems(features, 0).look(0, shelf, features.transform(shelf))
        >>> said.partition(":")[0]
        '12 of 12 items have words or categories, and the features say nothing of them'
    """

    def __init__(self, features: ItemFeatures, n_items: int, fitted: bool = True) -> None:
        self.features = features
        self.n_looked_at = n_items
        self._n_telling = self._n_before = n_items
        self._n_unread = 0
        self._fitted, self._told = fitted, False
        text = features.featurizers.get("text")
        self._tokenizer = text and Tokenizer("none", getattr(text, "stop_words", False))

    def look(self, first: int, items: Sequence[Item], rows: Array) -> str | None:
        """What to say of it, once: after most items, and not just a few, have turned out to be unread.

        Args:
            first: the number of the first of `items`; those that were looked at before do not count again.
            items: as they were taken in.
            rows: their features, (n_items, width).
        """
        skipped = max(self.n_looked_at - first, 0)
        self.n_looked_at = max(first + len(items), self.n_looked_at)
        if self._told:
            return None
        for item, row in zip(items[skipped:], rows[skipped:], strict=True):
            known = bool(row.any())
            if known or self._could_be_read(item):
                self._n_telling += 1
                self._n_unread += not known
        if self._n_unread < _FEWEST or 2 * self._n_unread <= self._n_telling:
            return None
        self._told = True
        when = f"from {self._n_before:,} items" if self._fitted else "before these came"
        return (
            f"{self._n_unread:,} of {self._n_telling:,} items have words or categories, and the features say "
            f"nothing of them: they were learned {when}. fit(log) learns the words that there are now; "
            "text_features='hashing' needs none to be learned"
        )

    def _could_be_read(self, item: Item) -> bool:
        words = self._tokenizer and self._tokenizer(document(item, clean_html=True))
        return bool(words) or ("categories" in self.features.featurizers and bool(item.categories))
