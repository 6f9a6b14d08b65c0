"""Early fusion: the rows of several featurizers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from lifelong_widgets.data import Item
from lifelong_widgets.featurizers.base import Array, Featurizer
from lifelong_widgets.featurizers.categories import CategoryFeaturizer
from lifelong_widgets.featurizers.text import TextFeaturizer
from lifelong_widgets.parts import Part, WholeNumber

FEATURIZERS: dict[str, type[Featurizer]] = {"text": TextFeaturizer, "categories": CategoryFeaturizer}


class ItemFeatures(Featurizer):
    """Concatenates named featurizers.

    scikit-learn's `FeatureUnion` does the same but has no state that can be saved without a pickle.

    Example:
        >>> from lifelong_widgets.data import Item
        >>> shelf = [Item(1, "Contact", ("Drama",)), Item(2, "Cube", ("Sci-Fi",))]
        >>> features = FeatureSettings(n_text_components=8).make(seed=0).fit(shelf)
        >>> features.transform(shelf).shape
        (2, 10)
    """

    def __init__(self, featurizers: dict[str, Featurizer]) -> None:
        self.featurizers = featurizers

    def fit(self, items: Sequence[Item], y: None = None) -> Self:
        """Fit each featurizer on `items`."""
        for featurizer in self.featurizers.values():
            featurizer.fit(items)
        return self

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, sum of the widths), float32."""
        return np.hstack([featurizer.transform(items) for featurizer in self.featurizers.values()])

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        return sum(featurizer.width for featurizer in self.featurizers.values())

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """The names of all columns."""
        return np.concatenate([f.get_feature_names_out() for f in self.featurizers.values()])

    def get_state(self) -> dict[str, Any]:
        """The states of the featurizers by their names, joined with a slash."""
        return {
            f"{name}/{key}": value
            for name, featurizer in self.featurizers.items()
            for key, value in featurizer.get_state().items()
        }

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        for name, featurizer in self.featurizers.items():
            prefix = f"{name}/"
            featurizer.set_state(
                {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            )
        return self


class FeatureSettings(Part):
    """What the features of an item are made of. A change takes effect at the next fit."""

    n_text_components = WholeNumber(32, min=1, max=4096, help="Width of the text features.").tag(config=True)
    max_words = WholeNumber(
        20_000, min=1, max=10_000_000, help="How many words the text features know, the most frequent ones."
    ).tag(config=True)
    max_categories = WholeNumber(
        256, min=1, max=100_000, help="How many categories have a column, the most frequent ones."
    ).tag(config=True)

    def make(self, seed: int) -> ItemFeatures:
        """Every featurizer of `FEATURIZERS`, unfitted; each takes the settings that its constructor names."""
        values = {**self.settings(), "seed": seed}
        featurizers = {}
        for name, kind in FEATURIZERS.items():
            own = kind().get_params()
            featurizers[name] = kind(**{key: value for key, value in values.items() if key in own})
        return ItemFeatures(featurizers)
