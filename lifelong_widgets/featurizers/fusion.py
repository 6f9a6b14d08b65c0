"""Early fusion: the rows of several featurizers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import traitlets

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.featurizers.base import Array, Featurizer
from lifelong_widgets.featurizers.categories import CategoryFeaturizer
from lifelong_widgets.featurizers.media import (
    AudioCNNFeaturizer,
    AudioGRUFeaturizer,
    ColorFeaturizer,
    EfficientNetFeaturizer,
    ImageCNNFeaturizer,
)
from lifelong_widgets.featurizers.text import TextFeaturizer
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber

FEATURIZERS: dict[str, dict[str, type[Featurizer]]] = {
    "text": {"tfidf": TextFeaturizer},
    "categories": {"multi_hot": CategoryFeaturizer},
    "image": {
        "cnn": ImageCNNFeaturizer,
        "efficientnet_lite0": EfficientNetFeaturizer,
        "colors": ColorFeaturizer,
    },
    "audio": {"cnn": AudioCNNFeaturizer, "gru": AudioGRUFeaturizer},
}
"""The featurizers by modality and name; ``MODALITY_features`` of `FeatureSettings` is the choice."""

_NAMES = {kind: name for kinds in FEATURIZERS.values() for name, kind in kinds.items()}


class ItemFeatures(Featurizer):
    """Concatenates named featurizers.

    scikit-learn's `FeatureUnion` does the same but has no state that can be saved without a pickle.

    Example:
        >>> from lifelong_widgets.data import Interactions, Item
        >>> shelf = [Item(1, "Contact", ("Drama",)), Item(2, "Cube", ("Sci-Fi",))]
        >>> features = FeatureSettings(n_text_components=8).make(seed=0).fit(shelf)
        >>> features.transform(shelf).shape
        (2, 10)
    """

    def __init__(self, featurizers: dict[str, Featurizer]) -> None:
        self.featurizers = featurizers

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Fit each featurizer on `items`."""
        for featurizer in self.featurizers.values():
            featurizer.fit(items, y)
        return self

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, sum of the widths), float32."""
        nothing = np.zeros((len(items), 0), dtype=np.float32)
        return np.hstack([nothing, *(f.transform(items) for f in self.featurizers.values())])

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        return sum(featurizer.width for featurizer in self.featurizers.values())

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """The names of all columns."""
        nothing = np.zeros(0, dtype=object)
        return np.concatenate([nothing, *(f.get_feature_names_out() for f in self.featurizers.values())])

    def get_state(self) -> dict[str, Any]:
        """What the featurizers are, and their states by their names, joined with a slash."""
        state: dict[str, Any] = {
            "parts": {
                modality: {"name": _NAMES[type(featurizer)], "params": featurizer.get_params()}
                for modality, featurizer in self.featurizers.items()
            }
        }
        for modality, featurizer in self.featurizers.items():
            state |= {f"{modality}/{key}": value for key, value in featurizer.get_state().items()}
        return state

    def set_state(self, state: dict[str, Any]) -> Self:
        """Become the featurizers that gave this state; a state without `parts` is of the first two."""
        if "parts" in state:
            self.featurizers = {
                modality: FEATURIZERS[modality][part["name"]](**part["params"])
                for modality, part in state["parts"].items()
            }
        for modality, featurizer in self.featurizers.items():
            prefix = f"{modality}/"
            featurizer.set_state(
                {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            )
        return self


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

    n_text_components = WholeNumber(32, min=1, max=4096, help="Width of the text features.").tag(config=True)
    max_words = WholeNumber(
        20_000, min=1, max=10_000_000, help="How many words the text features know, the most frequent ones."
    ).tag(config=True)
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

    def make(self, seed: int) -> ItemFeatures:
        """The featurizer of each modality, unfitted; each takes the settings that its constructor names."""
        values = {**self.settings(), "seed": seed}
        featurizers = {}
        for modality, kinds in FEATURIZERS.items():
            name = values[f"{modality}_features"]
            if name != "none":
                own = kinds[name]().get_params()
                settings = {key: value for key, value in values.items() if key in own}
                featurizers[modality] = kinds[name](**settings)
        return ItemFeatures(featurizers)
