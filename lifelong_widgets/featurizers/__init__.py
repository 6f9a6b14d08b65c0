"""Floor 1: what items and people are made of, as numbers. scikit-learn `fit` / `transform`.

Items: a `Featurizer` of lists of items, chosen by name in the live loop. People: a `PersonFeaturizer`, fitted
on a log, that learns each later event in constant time.
"""

from lifelong_widgets.featurizers.audience import AudienceFeaturizer
from lifelong_widgets.featurizers.author import AuthorFeaturizer
from lifelong_widgets.featurizers.base import Featurizer
from lifelong_widgets.featurizers.categories import CategoryFeaturizer
from lifelong_widgets.featurizers.cleaning import clean_text
from lifelong_widgets.featurizers.content_profile import ContentProfile
from lifelong_widgets.featurizers.fusion import AUTO, FEATURIZERS, FeatureSettings, ItemFeatures
from lifelong_widgets.featurizers.habits import HabitFeaturizer
from lifelong_widgets.featurizers.item2vec import Item2VecFeaturizer
from lifelong_widgets.featurizers.learned_text import CNNText, GRUText, LearnedText, LSTMText
from lifelong_widgets.featurizers.live_people import LivePeople
from lifelong_widgets.featurizers.people import LiveFeaturizer, PersonFeaturizer, PersonMark, TallyFeaturizer
from lifelong_widgets.featurizers.person_settings import OF_THE_GRAPH, PersonSettings
from lifelong_widgets.featurizers.scaling import NumberScale, Winsorizer
from lifelong_widgets.featurizers.sentence_vectors import SentenceVectorFeaturizer, StaticVectorFeaturizer
from lifelong_widgets.featurizers.social import NeighborTastes, NodeEmbedding
from lifelong_widgets.featurizers.taste_profile import TasteProfile
from lifelong_widgets.featurizers.text import REDUCERS
from lifelong_widgets.featurizers.text_encoders import TextCNN, TextEncoder, TextGRU, TextLSTM
from lifelong_widgets.featurizers.tokens import Tokenizer, Vocabulary
from lifelong_widgets.featurizers.unread import UnreadItems
from lifelong_widgets.featurizers.usage import UsageFeaturizer
from lifelong_widgets.featurizers.word_vectors import Word2VecFeaturizer
from lifelong_widgets.featurizers.words import BagOfWordsFeaturizer, HashingFeaturizer, TfidfFeaturizer

__all__ = [
    "AUTO",
    "FEATURIZERS",
    "OF_THE_GRAPH",
    "REDUCERS",
    "AudienceFeaturizer",
    "AuthorFeaturizer",
    "BagOfWordsFeaturizer",
    "CNNText",
    "CategoryFeaturizer",
    "ContentProfile",
    "FeatureSettings",
    "Featurizer",
    "GRUText",
    "HabitFeaturizer",
    "HashingFeaturizer",
    "Item2VecFeaturizer",
    "ItemFeatures",
    "LSTMText",
    "LearnedText",
    "LiveFeaturizer",
    "LivePeople",
    "NeighborTastes",
    "NodeEmbedding",
    "NumberScale",
    "PersonFeaturizer",
    "PersonMark",
    "PersonSettings",
    "SentenceVectorFeaturizer",
    "StaticVectorFeaturizer",
    "TallyFeaturizer",
    "TasteProfile",
    "TextCNN",
    "TextEncoder",
    "TextGRU",
    "TextLSTM",
    "TfidfFeaturizer",
    "Tokenizer",
    "UnreadItems",
    "UsageFeaturizer",
    "Vocabulary",
    "Winsorizer",
    "Word2VecFeaturizer",
    "clean_text",
]
