"""Pictures by a small convolutional network that is trained here, and by their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.featurizers.base import Array, Featurizer, unit_rows
from lifelong_widgets.featurizers.media.augmentation import Augmentation, changed_pictures
from lifelong_widgets.featurizers.media.encoded import TrainedFeaturizer
from lifelong_widgets.featurizers.media.files import each_readable
from lifelong_widgets.featurizers.media.networks import PictureCNN
from lifelong_widgets.featurizers.media.pictures import read_picture

_LEVELS = 4
_COLORS_FROM = 64  # pixels a side


class ImageCNNFeaturizer(TrainedFeaturizer):
    """Pictures through a small convolutional network, trained by `fit` on the pictures of the catalogue.

    Where items have categories it learns to tell those; otherwise it learns by itself (SimCLR). Pictures are
    read with limits (see `read_picture`) and standardised, each colour by its mean and deviation.

    Args:
        n_image_components: the width of the output.
        image_size: the side of the square, in pixels, to which pictures are brought.
        image_denoise: whether a median filter removes specks first.
        media_epochs: how often the network sees each picture in `fit`.
        seed: of the first weights and of everything random in training.

    Example:
        >>> import tempfile, PIL.Image
        >>> from lifelong_widgets.data import Item
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("red", "blue"):
        ...         PIL.Image.new("RGB", (60, 60), name).save(f"{folder}/{name}.png")
        ...     shelf = [Item(name, image=f"{folder}/{name}.png", title=name) for name in ("red", "blue")]
        ...     ImageCNNFeaturizer(n_image_components=4).fit(shelf).transform(shelf).shape
        (2, 4)
    """

    medium = "image"

    def __init__(
        self,
        n_image_components: int = 32,
        image_size: int = 32,
        image_denoise: bool = False,
        media_epochs: int = 30,
        seed: int = 0,
    ) -> None:
        self.n_image_components = n_image_components
        self.image_size = image_size
        self.image_denoise = image_denoise
        self.media_epochs = media_epochs
        self.seed = seed

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.n_image_components

    def _read(self, path: str) -> Array:
        return read_picture(path, self.image_size, self.image_denoise)

    def _network(self) -> nn.Module:
        return PictureCNN()

    def _as_inputs(self, read: Array) -> torch.Tensor:
        return torch.from_numpy(read).permute(0, 3, 1, 2).float() / 255

    @property
    def _augmentation(self) -> Augmentation:
        return changed_pictures


class ColorFeaturizer(Featurizer):
    """How much of a picture has which colour: a histogram of 4 × 4 × 4 levels of red, green and blue.

    It learns nothing, and so is what an encoder has to beat. Shares are under a square root, so that the
    product of two rows is their Bhattacharyya coefficient (1943).

    Args:
        image_denoise: whether a median filter removes specks first.
    """

    medium = "image"

    def __init__(self, image_denoise: bool = False) -> None:
        self.image_denoise = image_denoise

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Nothing is learned."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """It needs no fit."""
        return True

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, 64), float32, rows of length 1, or 0 without a picture.

        Warns:
            MediaWarning: pictures that cannot be read and count as missing.
        """
        rows = np.zeros((len(items), self.width))
        for place, pixels in each_readable(items, self.medium, self._read):
            levels = pixels.reshape(-1, 3).astype(np.int64) * _LEVELS // 256
            color = (levels[:, 0] * _LEVELS + levels[:, 1]) * _LEVELS + levels[:, 2]
            rows[place] = np.sqrt(np.bincount(color, minlength=self.width))
        return unit_rows(rows)

    def _read(self, path: str) -> Array:
        return read_picture(path, _COLORS_FROM, self.image_denoise)

    @property
    def width(self) -> int:
        """How many columns there are: 64."""
        return _LEVELS**3

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """The colour in the middle of each bin, such as ``"image: colour #e02020"``."""
        middles = [int((level + 0.5) * 256 / _LEVELS) for level in range(_LEVELS)]
        colors = [
            f"{red:02x}{green:02x}{blue:02x}" for red in middles for green in middles for blue in middles
        ]
        return np.array([f"image: colour #{color}" for color in colors], dtype=object)

    def get_state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def set_state(self, state: dict[str, Any]) -> Self:
        """There is nothing to take back."""
        return self
