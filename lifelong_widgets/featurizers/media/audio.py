"""Sounds by small networks over their log-mel spectrograms, trained here."""

from __future__ import annotations

import torch
from torch import nn

from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.media.augmentation import Augmentation, changed_spectrograms
from lifelong_widgets.featurizers.media.encoded import TrainedFeaturizer
from lifelong_widgets.featurizers.media.networks import SoundCNN, SoundGRU
from lifelong_widgets.featurizers.media.sounds import read_sound
from lifelong_widgets.featurizers.media.spectrogram import HOP, N_MELS, RATE, log_mel


class AudioCNNFeaturizer(TrainedFeaturizer):
    """Sounds through a small convolutional network over their log-mel spectrograms, trained by `fit`.

    Where items have categories it learns to tell those; otherwise it learns by itself (SimCLR). Only the
    first seconds of a sound are ever decoded, with limits (see `read_sound`).

    Args:
        n_audio_components: the width of the output.
        audio_seconds: how much of each sound is heard, from its beginning.
        audio_denoise: whether steady noise is turned down first (see `gated`).
        media_epochs: how often the network hears each sound in `fit`.
        seed: of the first weights and of everything random in training.

    Example:
        >>> import soundfile, tempfile
        >>> import numpy as np
        >>> from lifelong_widgets.data import Item
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for pitch in (220, 880):
        ...         tone = np.sin(2 * np.pi * pitch * np.arange(8_000) / 8_000)
        ...         soundfile.write(f"{folder}/{pitch}.wav", tone, 8_000)
        ...     shelf = [Item(pitch, "A tone", audio=f"{folder}/{pitch}.wav") for pitch in (220, 880)]
        ...     AudioCNNFeaturizer(n_audio_components=4).fit(shelf).transform(shelf).shape
        (2, 4)
    """

    medium = "audio"

    def __init__(
        self,
        n_audio_components: int = 32,
        audio_seconds: float = 4.0,
        audio_denoise: bool = False,
        media_epochs: int = 30,
        seed: int = 0,
    ) -> None:
        self.n_audio_components = n_audio_components
        self.audio_seconds = audio_seconds
        self.audio_denoise = audio_denoise
        self.media_epochs = media_epochs
        self.seed = seed

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.n_audio_components

    def _read(self, path: str) -> Array:
        n_frames = max(1, round(self.audio_seconds * RATE / HOP))
        return log_mel(read_sound(path, RATE, self.audio_seconds), n_frames, self.audio_denoise)

    def _network(self) -> nn.Module:
        return SoundCNN()

    def _as_inputs(self, read: Array) -> torch.Tensor:
        return torch.from_numpy(read)

    @property
    def _augmentation(self) -> Augmentation:
        return changed_spectrograms


class AudioGRUFeaturizer(AudioCNNFeaturizer):
    """Sounds through a gated recurrent unit over the frames of their log-mel spectrograms.

    Arguments and training are those of `AudioCNNFeaturizer`.
    """

    def _network(self) -> nn.Module:
        return SoundGRU(N_MELS)
