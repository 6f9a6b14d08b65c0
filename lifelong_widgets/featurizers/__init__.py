"""Floor 1: what an item is made of, as numbers. scikit-learn `fit` / `transform` on lists of items."""

from lifelong_widgets.featurizers.base import Featurizer
from lifelong_widgets.featurizers.categories import CategoryFeaturizer
from lifelong_widgets.featurizers.cleaning import clean_text
from lifelong_widgets.featurizers.fusion import FEATURIZERS, FeatureSettings, ItemFeatures
from lifelong_widgets.featurizers.sentence_vectors import SentenceVectorFeaturizer, StaticVectorFeaturizer
from lifelong_widgets.featurizers.text import (
    REDUCERS,
    BagOfWordsFeaturizer,
    HashingFeaturizer,
    TfidfFeaturizer,
)
from lifelong_widgets.featurizers.tokens import Tokenizer, Vocabulary
from lifelong_widgets.featurizers.word_vectors import Word2VecFeaturizer

__all__ = [
    "FEATURIZERS",
    "REDUCERS",
    "BagOfWordsFeaturizer",
    "CategoryFeaturizer",
    "FeatureSettings",
    "Featurizer",
    "HashingFeaturizer",
    "ItemFeatures",
    "SentenceVectorFeaturizer",
    "StaticVectorFeaturizer",
    "TfidfFeaturizer",
    "Tokenizer",
    "Vocabulary",
    "Word2VecFeaturizer",
    "clean_text",
]
