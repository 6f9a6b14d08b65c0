"""Fusion: what is known of an item in several ways, brought together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import traitlets

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.featurizers.audience import AudienceFeaturizer
from lifelong_widgets.featurizers.author import AuthorFeaturizer
from lifelong_widgets.featurizers.base import Array, Featurizer, Medium
from lifelong_widgets.featurizers.categories import CategoryFeaturizer
from lifelong_widgets.featurizers.item2vec import Item2VecFeaturizer
from lifelong_widgets.featurizers.learned_text import CNNText, GRUText, LearnedText, LSTMText
from lifelong_widgets.featurizers.media import (
    AudioCNNFeaturizer,
    AudioGRUFeaturizer,
    ColorFeaturizer,
    EfficientNetFeaturizer,
    ImageCNNFeaturizer,
)
from lifelong_widgets.featurizers.media.files import stamp
from lifelong_widgets.featurizers.media.kept import KeptRows
from lifelong_widgets.featurizers.sentence_vectors import SentenceVectorFeaturizer, StaticVectorFeaturizer
from lifelong_widgets.featurizers.text import REDUCERS
from lifelong_widgets.featurizers.usage import UsageFeaturizer
from lifelong_widgets.featurizers.word_vectors import Word2VecFeaturizer
from lifelong_widgets.featurizers.words import BagOfWordsFeaturizer, HashingFeaturizer, TfidfFeaturizer
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber
from lifelong_widgets.state_file import digest_of

FEATURIZERS: dict[str, dict[str, type[Featurizer]]] = {
    "text": {
        "tfidf": TfidfFeaturizer,
        "bag_of_words": BagOfWordsFeaturizer,
        "hashing": HashingFeaturizer,
        "word2vec": Word2VecFeaturizer,
        "static_vectors": StaticVectorFeaturizer,
        "sentence_vectors": SentenceVectorFeaturizer,
        "cnn": CNNText,
        "lstm": LSTMText,
        "gru": GRUText,
    },
    "categories": {"multi_hot": CategoryFeaturizer},
    "behavior": {
        "item2vec": Item2VecFeaturizer,
        "audience": AudienceFeaturizer,
        "usage": UsageFeaturizer,
    },
    "social": {"author": AuthorFeaturizer},
    "image": {
        "cnn": ImageCNNFeaturizer,
        "efficientnet_lite0": EfficientNetFeaturizer,
        "colors": ColorFeaturizer,
    },
    "audio": {"cnn": AudioCNNFeaturizer, "gru": AudioGRUFeaturizer},
}
"""The featurizers by modality and name; ``MODALITY_features`` of `FeatureSettings` is the choice."""

AUTO = "auto"
"""The `reduction` that leaves the choice to the featurizer."""

_NAMES = {kind: name for kinds in FEATURIZERS.values() for name, kind in kinds.items()}
_FIRST_PARAMS = {"reduction": "svd", "clean_html": False, "stop_words": False}
"""What the text features of states did that do not say what they are of."""

FUSIONS = ("early", "late", "gated")


class ItemFeatures(Featurizer):
    """The rows of several featurizers side by side, a block of columns for each modality.

    Of an item without a text, or a picture, that block is missing: it stays zero, and the other blocks take
    over its share, so that a row is as long with it as without it.

    How the modalities are weighed against each other is up to who reads the rows: ``early`` fusion takes a
    row for one vector, ``late`` sums what each modality says by itself, and ``gated`` does so with a weight
    for each that is learned. Baltrušaitis et al. (2019), "Multimodal machine learning: a survey and
    taxonomy".

    scikit-learn's `FeatureUnion` puts side by side, too, but knows of nothing missing and has no state that
    can be saved without a pickle.

    Args:
        featurizers: by modality.
        fusion: one of `FUSIONS`.

    Example:
        >>> from lifelong_widgets.data import Item
        >>> shelf = [Item(1, "Contact", ("Drama",)), Item(2, "Cube", ("Sci-Fi",)), Item(3, "", ("Drama",))]
        >>> features = FeatureSettings(n_text_components=8).make(seed=0).fit(shelf)
        >>> features.transform(shelf).shape, features.widths
        ((3, 10), {'text': 8, 'categories': 2})
        >>> np.linalg.norm(features.transform(shelf), axis=1).round(3)
        array([1.414, 1.414, 1.414], dtype=float32)
    """

    def __init__(self, featurizers: dict[str, Featurizer], fusion: str = "early") -> None:
        self.featurizers = featurizers
        self.fusion = fusion
        self._sources: dict[str, object] = {}  # what each featurizer was fitted on
        self._kept: dict[str, KeptRows] = {}  # of each that reads files

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Fit each featurizer on `items`."""
        return self.fit_after(None, items, y)

    def fit_after(
        self,
        before: ItemFeatures | None,
        items: Sequence[Item],
        y: Interactions | None = None,
        files: dict[str, Any] | None = None,
    ) -> Self:
        """As `fit`, but what is known to come out as it was in `before` is taken over and not learned again.

        That is what was fitted with the same arguments on the same items, by a featurizer that reads no log,
        and of whose files none was written since.

        Args:
            before: earlier features, which stay as they are.
            items: as for `fit`.
            y: as for `fit`.
            files: what `from_files` gave after such a fit: then no file is read.

        Raises:
            FormatError: `files` are of other featurizers or items.
        """
        shelf = list(items)
        self._sources, self._kept = {}, {}
        fitted = {}
        for modality, featurizer in self.featurizers.items():
            kept = None if featurizer.medium is None else KeptRows(featurizer.medium)
            if files is not None and kept is not None:
                featurizer.set_state(files[modality]["state"])
                kept.recall(files[modality], shelf, featurizer.width)
            else:
                self._sources[modality] = _sources(featurizer, shelf)  # files may be written from now on
                if before is not None and self._learns_the_same(modality, before):
                    featurizer = before.featurizers[modality]
                    kept = None if kept is None else before._kept[modality].copy()
                else:
                    featurizer.fit(shelf, y)
            fitted[modality] = featurizer
            if kept is not None:
                self._kept[modality] = kept
        self.featurizers = fitted
        return self

    def _learns_the_same(self, modality: str, before: ItemFeatures) -> bool:
        one, other = before.featurizers.get(modality), self.featurizers[modality]
        return (
            one is not None
            and type(one) is type(other)
            and not one.reads_log
            and one.get_params() == other.get_params()
            and before._sources.get(modality) == self._sources[modality]
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Whether each featurizer can transform."""
        return all(featurizer.__sklearn_is_fitted__() for featurizer in self.featurizers.values())

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, sum of the widths), float32."""
        return _joined(items, [featurizer.transform(items) for featurizer in self.featurizers.values()])

    def take_in(self, items: Sequence[Item], files: dict[str, Any] | None = None) -> Array:
        """`transform` for items that stay: until the next fit each of their files is read but once.

        Args:
            items: as for `transform`.
            files: what `from_files` gave of these items: then no file is read. What other featurizers made of
                them, or these after another fit, does not count.

        Raises:
            FormatError: `files` are of other items.
            LifelongWidgetsError: the features of an item, which is named, cannot be made.
        """
        for modality, featurizer in self.featurizers.items():
            written = (files or {}).get(modality)
            if written and featurizer.medium and written["made_by"] == _fingerprint(featurizer):
                self._kept_of(modality, featurizer.medium).recall(written, items, featurizer.width)
        try:
            return _joined(items, [self._block(modality, items) for modality in self.featurizers])
        except Exception as error:
            if len(items) != 1:
                for item in items:  # one of them raises
                    self.take_in([item])
                raise
            own = type(error) if isinstance(error, LifelongWidgetsError) else DataError
            raise own(f"item {brief(items[0].id)}: its features cannot be made: {error}") from error

    def _block(self, modality: str, items: Sequence[Item]) -> Array:
        featurizer = self.featurizers[modality]
        if featurizer.medium is None:
            return featurizer.transform(items)
        kept = self._kept_of(modality, featurizer.medium)
        return kept.of(items, featurizer.width, featurizer.transform)

    def _kept_of(self, modality: str, medium: Medium) -> KeptRows:
        return self._kept.setdefault(modality, KeptRows(medium))

    def from_files(self, items: Sequence[Item], fitted: bool) -> dict[str, Any] | None:
        """What was made of the files of `items`, which were taken in.

        Args:
            items: for `fit_after`, all that were fitted on; for `take_in`, those that were taken in together.
            fitted: whether it is for `fit_after`.

        Returns:
            By modality: ``places`` and ``rows`` (arrays), and the ``state`` of the featurizer, or the hash of
            it, ``made_by``. None if no item names a file.
        """
        if not self.reads_files_of(items):
            return None
        found = {}
        for modality, featurizer in self.featurizers.items():
            if featurizer.medium is not None:
                found[modality] = self._kept_of(modality, featurizer.medium).written(items)
                if fitted:
                    found[modality]["state"] = featurizer.get_state()
                else:
                    found[modality]["made_by"] = _fingerprint(featurizer)
        return found

    def reads_files_of(self, items: Iterable[Item]) -> bool:
        """Whether one of `items` names a file that one of the featurizers reads."""
        media = {featurizer.medium for featurizer in self.featurizers.values()} - {None}
        return any(getattr(item, str(medium)) is not None for item in items for medium in media)

    @property
    def widths(self) -> dict[str, int]:
        """How many columns each modality has, without those that have none; once fitted."""
        return {name: f.width for name, f in self.featurizers.items() if f.width}

    @property
    def learned(self) -> tuple[LearnedText, slice] | None:
        """The featurizer whose encoder a recommender trains, and its columns; None if there is none."""
        start = 0
        for featurizer in self.featurizers.values():
            if isinstance(featurizer, LearnedText):
                return featurizer, slice(start, start + featurizer.width)
            start += featurizer.width
        return None

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        return sum(featurizer.width for featurizer in self.featurizers.values())

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """The names of all columns."""
        nothing = np.zeros(0, dtype=object)
        return np.concatenate([nothing, *(f.get_feature_names_out() for f in self.featurizers.values())])

    def named_parts(self, item: Item, row: Array) -> list[tuple[str, str, Array]]:
        """What the row of an item is made of: modality and name of each part, and vectors that add up to it.

        Args:
            item: whose row it is.
            row: (width,), as it is read now.

        Example:
            >>> from lifelong_widgets.data import Item
            >>> shelf = [Item(1, "red sea", ("Drama",)), Item(2, "red lamp", ("War",)), Item(3, "lamp oil")]
            >>> features = FeatureSettings(n_text_components=4).make(seed=0).fit(shelf)
            >>> parts = features.named_parts(shelf[0], features.transform(shelf)[0])
            >>> sorted((modality, name) for modality, name, _ in parts)
            [('categories', 'Drama'), ('text', 'red'), ('text', 'sea')]
        """
        found, start = [], 0
        for modality, featurizer in self.featurizers.items():
            end = start + featurizer.width
            for name, vector in featurizer.parts(item, row[start:end]):
                wide = np.zeros(len(row))
                wide[start:end] = vector
                found.append((modality, name, wide))
            start = end
        return found

    def choices(self) -> dict[str, dict[str, Any]]:
        """The name of each featurizer in `FEATURIZERS` and its arguments, by modality."""
        return {
            modality: {"name": _NAMES[type(featurizer)], "params": featurizer.get_params()}
            for modality, featurizer in self.featurizers.items()
        }

    def get_state(self) -> dict[str, Any]:
        """What the featurizers are, and their states by their names, joined with a slash."""
        state: dict[str, Any] = {"fusion": self.fusion, "parts": self.choices()}
        for modality, featurizer in self.featurizers.items():
            state |= {f"{modality}/{key}": value for key, value in featurizer.get_state().items()}
        return state

    def set_state(self, state: dict[str, Any]) -> Self:
        """Become the featurizers that gave this state; a state without `parts` is of the first two."""
        self._sources, self._kept = {}, {}
        if "parts" in state:
            for part in state["parts"].values():
                FeatureSettings.check(part["params"])
            self.fusion = state["fusion"]
            self.featurizers = {
                modality: FEATURIZERS[modality][part["name"]](**part["params"])
                for modality, part in state["parts"].items()
            }
        else:
            params = {**_FIRST_PARAMS, "n_text_components": len(state["text/components"])}
            FeatureSettings.check(params)
            self.featurizers["text"].set_params(**params)
        for modality, featurizer in self.featurizers.items():
            prefix = f"{modality}/"
            featurizer.set_state(
                {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            )
        return self


def _joined(items: Sequence[Item], blocks: list[Array]) -> Array:
    """The blocks side by side; where one is missing the others take over its share."""
    known = np.array([block.any(axis=1) for block in blocks if block.shape[1]])
    if len(known) > 1 and not known.all():
        there = known.sum(axis=0)
        share = np.sqrt(len(known) / np.maximum(there, 1)).astype(np.float32)[:, None]
        blocks = [block * share for block in blocks]
    return np.hstack([np.zeros((len(items), 0), dtype=np.float32), *blocks])


def _sources(featurizer: Featurizer, items: list[Item]) -> object:
    """What a fit reads of `items`: themselves, and their files as they are now."""
    if featurizer.medium is None:
        return items, None
    paths = [getattr(item, featurizer.medium) for item in items]
    return items, [None if path is None else stamp(path) for path in paths]


def _fingerprint(featurizer: Featurizer) -> str:
    return digest_of({"name": _NAMES[type(featurizer)], **featurizer.get_params(), **featurizer.get_state()})


def _choice(modality: str, default: str, help: str) -> Any:
    names = ["none", *FEATURIZERS[modality]]
    label = f"{modality.capitalize()} features"
    return traitlets.Enum(names, default_value=default, help=help).tag(config=True, label=label)


class FeatureSettings(Part):
    """What the features of an item are made of. A change takes effect at the next fit."""

    text_features = _choice("text", "tfidf", "How titles and texts become numbers.")
    categories_features = _choice("categories", "multi_hot", "How categories become numbers.")
    image_features = _choice("image", "none", "How the files of pictures become numbers.")
    audio_features = _choice("audio", "none", "How the files of sounds become numbers.")

    behavior_features = _choice("behavior", "none", "How what people did with an item becomes numbers.")
    social_features = _choice("social", "none", "How the people around an item become numbers.")

    fusion = traitlets.Enum(
        list(FUSIONS),
        default_value="early",
        help="How modalities are weighed: as one vector, each by itself, or each by a learned weight.",
    ).tag(config=True)
    n_text_components = WholeNumber(32, min=1, max=4096, help="Width of the text features.").tag(config=True)
    max_words = WholeNumber(
        20_000, min=1, max=10_000_000, help="How many words the text features know, the most frequent ones."
    ).tag(config=True)
    reduction = traitlets.Enum(
        [AUTO, *REDUCERS],
        default_value=AUTO,
        help="How wide features, such as words, become a few columns; auto: by random projection of hashed "
        "words, so that new ones count at once, and by SVD of all else.",
    ).tag(config=True)
    clean_html = traitlets.Bool(
        True, help="Whether tags are taken out of texts, and entities decoded, before their words are read."
    ).tag(config=True, label="Clean HTML")
    stop_words = traitlets.Bool(
        False, help="Whether the most common words of English and Chinese are left out of the text features."
    ).tag(config=True, label="Leave out stop words")
    max_categories = WholeNumber(
        256, min=1, max=100_000, help="How many categories have a column, the most frequent ones."
    ).tag(config=True)
    n_image_components = WholeNumber(32, min=1, max=1024, help="Width of the picture features.").tag(
        config=True
    )
    image_size = WholeNumber(
        32, min=8, max=96, help="The side, in pixels, to which pictures are brought for the CNN."
    ).tag(config=True)
    image_denoise = traitlets.Bool(False, help="Whether a median filter removes specks from pictures.").tag(
        config=True
    )
    n_audio_components = WholeNumber(32, min=1, max=1024, help="Width of the sound features.").tag(
        config=True
    )
    audio_seconds = FiniteFloat(
        4.0, min=0.1, max=10.0, help="How much of a sound is heard, from its beginning."
    ).tag(config=True)
    audio_denoise = traitlets.Bool(False, help="Whether steady noise is turned down in sounds.").tag(
        config=True
    )
    media_epochs = WholeNumber(
        30, min=0, max=10_000, help="How often the networks of pictures and sounds see each one in a fit."
    ).tag(config=True)

    n_behavior_components = WholeNumber(
        32, min=1, max=4096, help="Width of the behaviour features item2vec and audience."
    ).tag(config=True)

    n_social_components = WholeNumber(32, min=1, max=4096, help="Width of the social features.").tag(
        config=True
    )

    @classmethod
    def check(cls, params: dict[str, Any]) -> None:
        """Hold the arguments of a featurizer, which come from a file, to the bounds that settings have.

        Raises:
            FormatError: one is out of bounds.
        """
        known = cls.class_traits(config=True)
        try:
            cls(**{name: value for name, value in params.items() if name in known})
        except traitlets.TraitError as error:
            raise FormatError(f"features: {error}") from None

    def alike(self, other: FeatureSettings) -> bool:
        """Whether the features of `other` are made in the same way.

        >>> FeatureSettings(reduction="auto").alike(FeatureSettings(reduction="svd"))
        True
        """
        one, another = self.make(seed=0), other.make(seed=0)
        return one.fusion == another.fusion and one.choices() == another.choices()

    def make(self, seed: int) -> ItemFeatures:
        """The featurizer of each modality, unfitted; each takes the settings that its constructor names."""
        values = {**self.settings(), "seed": seed}
        featurizers = {}
        for modality, kinds in FEATURIZERS.items():
            name = values[f"{modality}_features"]
            if name != "none":
                own = kinds[name]().get_params()
                settings = {
                    key: value
                    for key, value in values.items()
                    if key in own and (key, value) != ("reduction", AUTO)
                }
                featurizers[modality] = kinds[name](**settings)
        return ItemFeatures(featurizers, values["fusion"])
