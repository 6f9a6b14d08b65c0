"""Floor 1: what an item is made of, as numbers. scikit-learn `fit` / `transform` on lists of items."""

from lifelong_widgets.featurizers.base import Featurizer
from lifelong_widgets.featurizers.categories import CategoryFeaturizer
from lifelong_widgets.featurizers.fusion import FEATURIZERS, FeatureSettings, ItemFeatures
from lifelong_widgets.featurizers.text import TextFeaturizer

__all__ = [
    "FEATURIZERS",
    "CategoryFeaturizer",
    "FeatureSettings",
    "Featurizer",
    "ItemFeatures",
    "TextFeaturizer",
]
