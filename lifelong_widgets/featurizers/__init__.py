"""Floor 1: what an item is made of, as numbers. scikit-learn `fit` / `transform` on lists of items."""

from lifelong_widgets.featurizers.base import Featurizer
from lifelong_widgets.featurizers.categories import CategoryFeaturizer
from lifelong_widgets.featurizers.fusion import ItemFeatures, item_features
from lifelong_widgets.featurizers.text import TextFeaturizer

FEATURIZERS: dict[str, type[Featurizer]] = {"text": TextFeaturizer, "categories": CategoryFeaturizer}

__all__ = [
    "FEATURIZERS",
    "CategoryFeaturizer",
    "Featurizer",
    "ItemFeatures",
    "TextFeaturizer",
    "item_features",
]
