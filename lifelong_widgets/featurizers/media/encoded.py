"""What all featurizers of pictures and sounds that have an encoder do alike."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.featurizers.base import Array, Featurizer, Medium
from lifelong_widgets.featurizers.media.augmentation import Augmentation
from lifelong_widgets.featurizers.media.files import each_readable
from lifelong_widgets.featurizers.media.networks import WIDTH
from lifelong_widgets.featurizers.media.principal import PrincipalComponents
from lifelong_widgets.featurizers.media.training import made, train
from lifelong_widgets.threads import one_thread

_MOST_LEARNED_FROM = 5_000  # items, drawn at random from more: bounds the memory and the time of a fit
_MOST_CATEGORIES = 256


class EncodedFeaturizer(Featurizer):
    """Reads a file, encodes it, and reduces the code to `width` principal components.

    Fitted on a shelf where nothing can be read, it gives rows of zeros until the next `fit`.
    """

    medium: ClassVar[Medium]
    seed: int

    @abstractmethod
    def _read(self, path: str) -> Array:
        """What is encoded, of one shape for all files."""

    @abstractmethod
    def _learn(self, inputs: Array, items: Sequence[Item]) -> None:
        """Learn the encoder from what `_read` gave of these items, (n, …)."""

    @abstractmethod
    def _encode(self, read: Array) -> Array:
        """The code of what `_read` gave, (width,). One at a time: its bits depend on no other item."""

    @one_thread()
    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Learn from the items that have a file: the encoder, if it is not learned already, and directions.

        Of more than 5,000 such items it learns from 5,000, drawn at random by the seed.

        Warns:
            MediaWarning: files that cannot be read and count as missing.
        """
        given = [item for item in items if getattr(item, self.medium) is not None]
        if len(given) > _MOST_LEARNED_FROM:
            drawn = np.random.default_rng(self.seed).choice(len(given), _MOST_LEARNED_FROM, replace=False)
            given = [given[place] for place in np.sort(drawn)]
        read = list(each_readable(given, self.medium, self._read))
        reduction = PrincipalComponents(self.width)
        if read:
            found = [given[place] for place, _ in read]
            self._learn(np.stack([one for _, one in read]), found)
            codes = np.stack([self._encode(one) for _, one in read])
            reduction.fit(codes, [item.title for item in found])
        self._reduction = reduction
        return self

    @one_thread()
    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, width), float32, rows of length 1, or 0 without a file.

        Warns:
            MediaWarning: files that cannot be read and count as missing.
        """
        rows = np.zeros((len(items), self.width), dtype=np.float32)
        if self._reduction.fitted:
            for place, one in each_readable(items, self.medium, self._read):
                rows[place] = self._reduction.transform(self._encode(one))
        return rows

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """Each direction by the items at its ends, such as ``"image: like Crow, unlike Lemon"``."""
        return np.array(self._reduction.names(self.medium), dtype=object)

    def get_state(self) -> dict[str, Any]:
        """The directions (arrays) and the titles of examples (JSON)."""
        return self._reduction.get_state()

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self._reduction = PrincipalComponents(self.width)
        self._reduction.set_state(state)
        return self


class TrainedFeaturizer(EncodedFeaturizer):
    """One whose encoder is a network that `fit` trains (see `train`): on categories, if there are any."""

    media_epochs: int

    @abstractmethod
    def _network(self) -> nn.Module:
        """The network, untrained."""

    @abstractmethod
    def _as_inputs(self, read: Array) -> torch.Tensor:
        """A batch of what `_read` gave as the network takes it, but for mean and deviation."""

    @property
    @abstractmethod
    def _augmentation(self) -> Augmentation:
        """Changes that do not matter."""

    def _learn(self, inputs: Array, items: Sequence[Item]) -> None:
        batch = self._as_inputs(inputs)
        axes = [axis for axis in range(batch.ndim) if axis != 1 or batch.ndim < 4]  # colours keep their own
        mean = batch.mean(axes, keepdim=True)[0]
        deviation = batch.std(axes, keepdim=True, correction=0)[0].clamp(min=1e-3)
        encoder = made(self._network, self.seed)
        scaled = (batch - mean) / deviation
        train(encoder, WIDTH, scaled, _labels(items), self._augmentation, self.media_epochs, self.seed)
        self._mean, self._deviation, self._encoder = mean, deviation, encoder.eval()

    def _encode(self, read: Array) -> Array:
        one = (self._as_inputs(read[None]) - self._mean) / self._deviation
        with torch.inference_mode():
            code: Array = self._encoder(one)[0].numpy()
        return code

    def get_state(self) -> dict[str, Any]:
        """The network's weights (arrays) beside the directions."""
        state = super().get_state()
        if self._reduction.fitted:
            weights = self._encoder.state_dict()
            state |= {f"network/{name}": weight.numpy().copy() for name, weight in weights.items()}
            state |= {"mean": self._mean.numpy().copy(), "deviation": self._deviation.numpy().copy()}
        return state

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        super().set_state(state)
        if self._reduction.fitted:
            tensors = {
                name: torch.from_numpy(np.array(a)) for name, a in state.items() if isinstance(a, np.ndarray)
            }
            self._mean, self._deviation = tensors["mean"], tensors["deviation"]
            self._encoder = made(self._network, self.seed).eval()
            prefix = "network/"
            self._encoder.load_state_dict(
                {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
            )
        return self


def _labels(items: Sequence[Item]) -> torch.Tensor | None:
    """(n, n_categories) of 0 and 1; None where no two categories tell at least two of the items apart."""
    counts = Counter(category for item in items for category in item.categories)
    telling = [name for name, count in counts.items() if 2 <= count < len(items)]
    kept = sorted(telling, key=lambda name: (-counts[name], name))[:_MOST_CATEGORIES]
    if len(kept) < 2:
        return None
    return torch.tensor([[float(name in item.categories) for name in kept] for item in items])
